"""GGUF files, written here by the format's own library: converted once into the model that they were made of."""

import json
import subprocess
import sys
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers.models.auto.modeling_auto import AutoModelForCausalLM

from realmodels.model.loaded import load
from realmodels.model.pretrained.gguf import ABOUT, conversion, converted
from tests.realmodels.toys import CONTEXT, HEADS, HIDDEN, LAYERS, WIDTH, toy
from theory.errors import UserError

PROMPT = "The capital of France is Paris, and"
PARTS = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
}


def permuted(weight: np.ndarray, heads: int) -> np.ndarray:
    """Rows of a query or key matrix as convert_hf_to_gguf.py of llama.cpp orders them: its rotary positions turn neighbours."""
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def write_gguf(
    folder: Path, path: Path, begin: bool = True, skip: str = "", more: dict[str, np.ndarray] | None = None, **keys
) -> Path:
    """Write the toy Llama in `folder` as a GGUF file of float32 numbers, or of Q8_0 with keys["kind"]."""
    config, tensors = json.loads((folder / "config.json").read_text()), load_file(folder / "model.safetensors")
    vocabulary = json.loads((folder / "tokenizer.json").read_text())["model"]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config["rope_parameters"]["rope_theta"])
    writer.add_vocab_size(400)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(sorted(vocabulary["vocab"], key=vocabulary["vocab"].get))
    writer.add_token_types([3, 3, 3, *[1] * 397])
    writer.add_token_merges([" ".join(pair) for pair in vocabulary["merges"]])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    writer.add_add_bos_token(begin)
    names = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
    names |= {f"blk.{n}.{part}": f"model.layers.{n}.{ours}" for n in range(LAYERS) for part, ours in PARTS.items()}
    for name, ours in names.items():
        if ours + ".weight" in tensors and name != skip:
            data = tensors[ours + ".weight"].numpy()
            if name.endswith(("attn_q", "attn_k")):
                data = permuted(data, HEADS if name.endswith("q") else 2)
            kind = keys.get("kind") if data.ndim == 2 and data.shape[1] % 32 == 0 else None
            writer.add_tensor(name + ".weight", gguf.quants.quantize(data, kind) if kind else data, raw_dtype=kind)
    for name, data in (more or {}).items():
        writer.add_tensor(name, data)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def logits(model) -> torch.Tensor:
    with torch.no_grad():
        return model(torch.arange(3, 40)[None]).logits


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch) -> Path:
    """Conversions are kept beside the test's files."""
    monkeypatch.setattr("realmodels.model.pretrained.gguf.ROOT", tmp_path)
    return tmp_path / "build" / "pretrained"


@pytest.mark.parametrize("family", ["llama", "llama_tied"])
def test_a_file_is_the_model_that_it_was_made_of(family, tmp_path):
    folder = toy(family, tmp_path / "model")
    plain = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    loaded = load(write_gguf(folder, tmp_path / "a.gguf"))
    assert torch.equal(logits(loaded.model), logits(plain))
    assert (loaded.model.lm_head.weight is loaded.model.model.embed_tokens.weight) == (family == "llama_tied")
    assert loaded.meta["gguf"]["numbers"] == "F32"
    assert not hasattr(loaded.model.config, "quantization_config")


@pytest.mark.parametrize("begin", [True, False])
def test_documents_begin_as_the_file_says(begin, tmp_path):
    folder = toy("llama", tmp_path / "model")
    words = load(write_gguf(folder, tmp_path / "a.gguf", begin)).words
    assert words.start == ((0,) if begin else ())
    assert words.prompt(PROMPT) == load(folder).words.prompt(PROMPT)[0 if begin else 1 :]


def test_quantised_numbers_are_those_of_the_file_and_saved_as_plain_ones(tmp_path):
    """Q8_0 keeps a block of 32 numbers as a scale, its largest / 127 in float16, and 32 whole multiples of it."""
    folder = toy("llama", tmp_path / "model")
    loaded = load(write_gguf(folder, tmp_path / "a.gguf", kind=gguf.GGMLQuantizationType.Q8_0))
    assert loaded.meta["gguf"]["numbers"] == "Q8_0"
    for name, exact in load_file(folder / "model.safetensors").items():
        found = loaded.model.get_parameter(name).detach()
        if exact.ndim == 2 and exact.shape[1] % 32 == 0:
            step = exact.unflatten(1, (-1, 32)).abs().amax(-1, keepdim=True) / 127
            off = (found - exact).unflatten(1, (-1, 32)).abs() / step
            assert 0.4 < off.max() < 0.5 + 127 * 2**-11
        else:
            assert torch.equal(found, exact)
    loaded.model.save_pretrained(tmp_path / "saved")
    again = AutoModelForCausalLM.from_pretrained(tmp_path / "saved", dtype=torch.float32)
    assert torch.equal(logits(again), logits(loaded.model))


def test_a_file_is_converted_once_and_known_by_its_content(tmp_path, workspace, monkeypatch):
    path = write_gguf(toy("llama", tmp_path / "model"), tmp_path / "a.gguf")
    first = load(path)
    assert first.path.parent == workspace
    monkeypatch.setattr("realmodels.model.pretrained.gguf._convert", None)
    renamed = path.rename(tmp_path / "model without suffix")
    second = load(renamed)
    assert (second.path, second.sha256) == (first.path, first.sha256)
    assert [p.name for p in workspace.iterdir()] == [first.path.name]


@pytest.mark.parametrize("damage", ["truncated", "flipped", "config", "about", "missing"])
def test_a_damaged_conversion_is_made_anew(tmp_path, damage):
    path = write_gguf(toy("llama", tmp_path / "model"), tmp_path / "a.gguf")
    first = load(path)
    file = first.path / "model.safetensors"
    if damage == "truncated":
        file.write_bytes(file.read_bytes()[:-9])
    elif damage == "flipped":
        save_file(load_file(file) | {"model.norm.weight": torch.ones(WIDTH)}, file, {"format": "pt"})
    elif damage == "missing":
        file.unlink()
    else:
        (first.path / ("config.json" if damage == "config" else ABOUT)).write_text("{")
    again = load(path)
    assert again.sha256 == first.sha256
    assert torch.equal(logits(again.model), logits(first.model))
    assert conversion(again.path)["file"] == "a.gguf"


def test_what_a_killed_conversion_left_is_removed_later(tmp_path, workspace):
    import os

    old, new = workspace / ".writing-old", workspace / ".writing-new"
    for place in (old, new):
        place.mkdir(parents=True)
    os.utime(old, (0, 0))
    converted(write_gguf(toy("llama", tmp_path / "model"), tmp_path / "a.gguf"))
    assert not old.exists()
    assert new.exists()


def test_two_processes_convert_the_same_file(tmp_path):
    path = write_gguf(toy("llama", tmp_path / "model"), tmp_path / "a.gguf")
    code = (
        "from pathlib import Path; from realmodels.model.pretrained.gguf import converted;"
        f"print(converted(Path({str(path)!r}), Path({str(tmp_path / 'work')!r})))"
    )
    started = [subprocess.Popen([sys.executable, "-c", code], stdout=-1, stderr=-1, text=True) for _ in range(2)]
    ended = [process.communicate() for process in started]
    assert ended[0] == ended[1]
    assert ended[0][1] == ""  # nothing is drawn while it is converted
    assert conversion(Path(ended[0][0].strip()))["file"] == "a.gguf"


def refused(path: Path, match: str) -> None:
    with pytest.raises(UserError, match=match) as raised:
        load(path)
    assert "\n" not in str(raised.value)
    assert ".writing" not in str(raised.value)
    assert not list(path.parent.glob("build/pretrained/*"))


@pytest.mark.parametrize("share", [0.02, 0.3, 0.9, 0.999])
def test_a_truncated_file_is_refused_and_nothing_is_kept(tmp_path, share):
    path = write_gguf(toy("llama", tmp_path / "model"), tmp_path / "a.gguf")
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    refused(path, r"a\.gguf(: transformers cannot read this GGUF file| is truncated: \S+ ends at byte)")


def test_a_file_without_a_tensor_is_refused(tmp_path):
    path = write_gguf(toy("llama", tmp_path / "model"), tmp_path / "a.gguf", skip="blk.1.ffn_down")
    refused(path, r"a\.gguf: the weights lack model\.layers\.1\.mlp\.down_proj\.weight")


def test_scaled_rotary_positions_are_not_left_out_in_silence(tmp_path):
    folder = toy("llama", tmp_path / "model")
    some = {"rope_freqs.weight": np.linspace(1, 8, 4, dtype=np.float32)}
    refused(write_gguf(folder, tmp_path / "a.gguf", more=some), r"a\.gguf scales its rotary positions \(rope_freqs\)")
    none = {"rope_freqs.weight": np.ones(4, np.float32)}
    assert load(write_gguf(folder, tmp_path / "b.gguf", more=none)).words.known == 400


def test_numbers_that_are_not_finite_are_refused_by_the_name_of_the_file(tmp_path):
    folder = toy("llama", tmp_path / "model")
    found = load_file(folder / "model.safetensors")
    found["model.norm.weight"][3] = torch.nan
    save_file(found, folder / "model.safetensors", {"format": "pt"})
    refused(write_gguf(folder, tmp_path / "a.gguf"), r"a\.gguf: model\.norm\.weight holds numbers that are not finite")


@pytest.mark.parametrize("data", [b"", b"GGU", b"GGUF", b"GGUF" + bytes(100), b"GGUF\x03\0\0\0" + b"\xff" * 60])
def test_what_is_no_gguf_file_is_refused(tmp_path, data):
    (tmp_path / "a.gguf").write_bytes(data)
    refused(tmp_path / "a.gguf", r"a\.gguf(: transformers cannot read this GGUF file| is no GGUF file)")
