"""Folders of other families are read as transformers reads them; what is damaged, foreign or not to be trusted is named."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertLMHeadModel
from transformers.models.auto.modeling_auto import AutoModelForCausalLM

from realmodels.model.loaded import load
from realmodels.model.pretrained.folder import read
from realmodels.model.transformer import Transformer
from tests.realmodels.toys import FAMILIES, WINDOW, toy
from theory.errors import UserError

PROMPT = "The capital of France is Paris, and the airport of New York has the code"
INDEX = "model.safetensors.index.json"


def logits(model, ids: list[int]) -> torch.Tensor:
    with torch.no_grad():
        return model(torch.tensor([ids]), use_cache=False).logits


def edit(path: Path, **changes) -> None:
    """Change entries of a JSON file; None removes one."""
    content = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({key: value for key, value in content.items() if value is not None}))


def tensors(folder: Path, change) -> None:
    """Apply `change` to the dictionary of tensors of a folder of one file, and write it back."""
    found = load_file(folder / "model.safetensors")
    change(found)
    save_file(found, folder / "model.safetensors", {"format": "pt"})


def refused(folder: Path, match: str) -> str:
    """The line by which a folder is refused."""
    with pytest.raises(UserError, match=match) as raised:
        load(folder)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 500
    return str(raised.value)


@pytest.fixture
def folder(tmp_path) -> Path:
    return toy("llama", tmp_path / "model")


@pytest.fixture
def sharded(tmp_path) -> Path:
    return toy("llama", tmp_path / "model", shards=True)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("shards", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_loading_equals_transformers(family, shards, dtype, tmp_path):
    folder = toy(family, tmp_path / "model", dtype, shards)
    assert (folder / INDEX).exists() == shards
    loaded = load(folder)
    plain = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    ids = loaded.words.prompt(PROMPT)
    assert len(ids) > 2 * WINDOW
    assert torch.equal(logits(loaded.model, ids), logits(plain, ids))
    assert ids == list(loaded.tokenizer(PROMPT).input_ids)
    assert loaded.dtype == dtype
    assert {parameter.dtype for parameter in loaded.model.parameters()} == {torch.float32}
    assert not loaded.model.training
    assert not loaded.ours
    assert loaded.path == folder
    assert loaded.meta["source"] == str(folder)
    assert loaded.words.known == 400


@pytest.mark.parametrize("family", ["mistral", "gemma2"])
def test_the_window_of_the_toys_is_shorter_than_the_prompt_and_matters(family, tmp_path):
    folder = toy(family, tmp_path / "model")
    near = load(folder)
    edit(folder / "config.json", sliding_window=90)
    far = load(folder)
    ids = near.words.prompt(PROMPT)
    short, long = (logits(one.model, ids)[0] for one in (near, far))
    assert torch.allclose(short[: WINDOW - 1], long[: WINDOW - 1], atol=1e-5)
    assert (short[-1] - long[-1]).abs().max() > 1e-3


def test_a_copy_can_be_written_and_the_model_stays(folder):
    loaded = load(folder)
    before = loaded.model.lm_head.weight.clone()
    copy = loaded.copy()
    with torch.no_grad():
        for parameter in copy.parameters():
            parameter.zero_()
    assert torch.equal(loaded.model.lm_head.weight, before)


def test_a_model_in_memory_does_not_change_with_its_files(folder):
    loaded = load(folder)
    before = {name: parameter.clone() for name, parameter in loaded.model.named_parameters()}
    path = folder / "model.safetensors"
    with path.open("r+b") as file:
        file.seek(-40_000, 2)
        file.write(bytes(40_000))
    assert all(torch.equal(parameter, before[name]) for name, parameter in loaded.model.named_parameters())


@pytest.mark.parametrize("family", ["llama_tied", "llama"])
def test_tied_embeddings_stay_tied_in_a_copy_and_untied_ones_apart(family, tmp_path):
    copy = load(toy(family, tmp_path / "model")).copy()
    assert (copy.lm_head.weight is copy.model.embed_tokens.weight) == (family == "llama_tied")


def test_the_digest_is_that_of_the_model_and_not_of_its_files(tmp_path):
    one, many, other = (
        toy("llama", tmp_path / "1"),
        toy("llama", tmp_path / "2", shards=True),
        toy("llama", tmp_path / "3", seed=1),
    )
    digests = [load(path).sha256 for path in (one, many, other)]
    assert digests[0] == digests[1] != digests[2]
    edit(one / "config.json", _name_or_path="elsewhere", transformers_version="5.0.0", dtype=None)
    assert load(one).sha256 == digests[0]
    edit(one / "config.json", rms_norm_eps=1e-3)
    assert load(one).sha256 != digests[0]
    AutoModelForCausalLM.from_pretrained(many, dtype=torch.float32).save_pretrained(tmp_path / "again")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / "again" / name).write_bytes((many / name).read_bytes())
    assert load(tmp_path / "again").sha256 == digests[0]


def test_one_number_more_or_less_is_another_digest(folder):
    first = load(folder).sha256
    tensors(folder, lambda t: t["model.norm.weight"].view(-1)[3:4].add_(1e-6))
    assert load(folder).sha256 != first


# --- damaged files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", [0, 4, 8, 60, 1000, -1])
def test_a_truncated_file_is_named(folder, cut):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:cut])
    refused(folder, r"model\.safetensors is (truncated|no safetensors file)")


def test_bytes_after_the_end_are_named(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes() + b"\0")
    refused(folder, r"model\.safetensors is too long")


@pytest.mark.parametrize(
    "header", [b"[]", b"{", b'{"a": 1}', b'{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}', b"\xff{}"]
)
def test_a_header_that_makes_no_sense_is_named(folder, header):
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    refused(folder, r"model\.safetensors")


@pytest.mark.parametrize(
    "entry", [{"shape": [-1, -1]}, {"shape": [True]}, {"dtype": "F33"}, {"dtype": 3}, {"data_offsets": [4, 0]}, {"shape": None}]
)
def test_an_impossible_tensor_is_named(folder, entry):
    header = json.dumps({"a.weight": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} | entry}).encode()
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    refused(folder, r"model\.safetensors: the header tells of a tensor 'a\.weight' that cannot be")


def test_a_pointer_of_git_lfs_is_told(folder):
    (folder / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n")
    refused(folder, "is a pointer of Git LFS and not the file itself: run git lfs pull")


def test_a_missing_shard_is_named(sharded):
    (sharded / "model-00003-of-00007.safetensors").unlink()
    refused(sharded, r"model-00003-of-00007\.safetensors is missing")


def test_a_missing_index_is_told(sharded):
    (sharded / INDEX).unlink()
    refused(sharded, rf"has model-00001-of-00007\.safetensors and neither model\.safetensors nor {INDEX}")


def test_a_truncated_shard_is_named(sharded):
    path = sharded / "model-00002-of-00007.safetensors"
    path.write_bytes(path.read_bytes()[:-7])
    refused(sharded, r"model-00002-of-00007\.safetensors is truncated: it has [\d,]+ bytes and its header tells of")


@pytest.mark.parametrize("name", ["model-00008-of-00008.safetensors", "model.safetensors", "old.safetensors"])
def test_a_file_beside_the_index_is_named(sharded, name):
    (sharded / name).write_bytes((sharded / "model-00001-of-00007.safetensors").read_bytes())
    refused(sharded, rf"{name} is no part of the model that {INDEX} describes")


def test_a_shard_beside_a_single_file_is_named(folder):
    (folder / "model-00001-of-00002.safetensors").write_bytes((folder / "model.safetensors").read_bytes())
    refused(folder, r"model-00001-of-00002\.safetensors is no part of the model that model\.safetensors describes")


def test_mistral_s_own_copy_of_the_model_is_no_stray_file(folder):
    (folder / "consolidated.safetensors").write_bytes((folder / "model.safetensors").read_bytes())
    assert load(folder).dtype == torch.float32


def test_a_shard_of_another_save_is_named(sharded):
    one, two = sharded / "model-00001-of-00007.safetensors", sharded / "model-00004-of-00007.safetensors"
    one.write_bytes(two.read_bytes())
    refused(
        sharded,
        rf"model-00001-of-00007\.safetensors holds model\.\S+, which {INDEX} does not place there: a file of another save",
    )


def test_a_tensor_that_a_shard_lacks_is_named(sharded):
    path = sharded / "model-00007-of-00007.safetensors"
    found = load_file(path)
    name = sorted(found)[0]
    del found[name]
    save_file(found, path, {"format": "pt"})
    refused(sharded, rf"model-00007-of-00007\.safetensors (lacks {name}|holds no tensor)")


@pytest.mark.parametrize("where", ["../model.safetensors", "/etc/passwd", "a.bin", 3])
def test_an_index_that_points_elsewhere_is_refused(sharded, where):
    index = json.loads((sharded / INDEX).read_text())
    index["weight_map"]["model.norm.weight"] = where
    (sharded / INDEX).write_text(json.dumps(index))
    refused(sharded, INDEX)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"weight_map": {}}', '{"weight_map": []}', "\x00", "version https://git-lfs.github.com"]
)
def test_an_index_that_is_none_is_named(sharded, content):
    (sharded / INDEX).write_text(content)
    refused(sharded, INDEX.replace(".", r"\."))


def test_a_tensor_that_the_file_lacks_is_named(folder):
    tensors(folder, lambda t: t.pop("model.layers.1.mlp.down_proj.weight"))
    refused(folder, r"the weights lack model\.layers\.1\.mlp\.down_proj\.weight, which the model has")


def test_a_tensor_that_the_model_lacks_is_named(folder):
    edit(folder / "config.json", num_hidden_layers=2)
    refused(folder, r"the weights hold model\.layers\.2\.\S+ and 8 more, which the model of the configuration lacks")


def test_a_tensor_of_another_shape_is_named(folder):
    edit(folder / "config.json", intermediate_size=40)
    refused(folder, r"the weights hold model\.layers\.0\.mlp\.down_proj\.weight and 8 more of another shape")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_number_that_is_not_finite_is_named(tmp_path, value, dtype):
    folder = toy("llama", tmp_path / "model", dtype)
    tensors(folder, lambda t: t["model.layers.2.self_attn.v_proj.weight"].view(-1)[7:8].fill_(value))
    refused(folder, r"model\.layers\.2\.self_attn\.v_proj\.weight holds numbers that are not finite")


def test_large_finite_numbers_are_no_damage(folder):
    tensors(folder, lambda t: t["model.embed_tokens.weight"].fill_(3e38))
    assert load(folder).dtype == torch.float32


def test_finite_numbers_that_overflow_are_named(folder):
    tensors(folder, lambda t: t["model.layers.1.mlp.gate_proj.weight"].fill_(3e38))
    refused(folder, r"the logits are not finite \(the largest weight is in model\.layers\.1\.mlp\.gate_proj\.weight\)")


# --- tied embeddings ---------------------------------------------------------------------------------------------------------


def test_a_file_with_both_tensors_of_a_tie_is_read_if_they_are_equal_and_refused_if_not(tmp_path):
    folder = toy("llama_tied", tmp_path / "model")
    first = load(folder)
    tensors(folder, lambda t: t.update({"lm_head.weight": t["model.embed_tokens.weight"].clone()}))
    ids = first.words.prompt(PROMPT)
    assert torch.equal(logits(load(folder).model, ids), logits(first.model, ids))
    tensors(folder, lambda t: t["lm_head.weight"].mul_(2))
    refused(
        folder, r"ties lm_head\.weight to model\.embed_tokens\.weight \(tie_word_embeddings\), and the files hold two that differ"
    )
    edit(folder / "config.json", tie_word_embeddings=False)
    assert torch.allclose(logits(load(folder).model, ids), 2 * logits(first.model, ids), atol=1e-4)


def test_an_untied_model_without_a_head_is_refused(folder):
    tensors(folder, lambda t: t.pop("lm_head.weight"))
    refused(folder, r"the weights lack lm_head\.weight")


# --- nothing is run ----------------------------------------------------------------------------------------------------------

TRACE = "import pathlib; pathlib.Path(__file__).with_name('trace').write_text('run')\n"


@pytest.mark.parametrize("family", ["llama", "foreign"])
def test_code_of_a_folder_is_not_run(folder, family):
    classes = "class C(LlamaConfig): pass\nclass M(LlamaForCausalLM): pass\n"
    code = f"{TRACE}from transformers import LlamaConfig, LlamaForCausalLM\n{classes}C.model_type = {family!r}\n"
    (folder / "code.py").write_text(code)
    maps = {"AutoConfig": "code.C", "AutoModelForCausalLM": "code.M", "AutoTokenizer": ["code.T", "code.T"]}
    edit(folder / "config.json", model_type=family, auto_map=maps)
    edit(folder / "tokenizer_config.json", auto_map=maps)
    if family == "foreign":
        refused(folder, r"'foreign' brings code of its own \(auto_map\), and none is run")
    else:
        assert type(load(folder).model).__module__ == "transformers.models.llama.modeling_llama"
    assert not (folder / "trace").exists()


class Harmful:
    """What a pickle runs when it is opened."""

    def __init__(self, trace: Path):
        self.trace = trace

    def __reduce__(self):
        return (Path.touch, (self.trace,))


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "pytorch_model-00001-of-00002.bin"])
def test_a_pickle_is_refused_by_name_and_not_opened(folder, name):
    (folder / "model.safetensors").unlink()
    torch.save({"a": Harmful(folder / "trace")}, folder / name)
    assert "save_pretrained" in refused(folder, rf"{name} is a pickle, which can run code and is not read")
    assert not (folder / "trace").exists()


def test_a_pickle_beside_safetensors_is_left_alone(folder):
    torch.save({"a": Harmful(folder / "trace")}, folder / "pytorch_model.bin")
    load(folder)
    assert not (folder / "trace").exists()


def test_nothing_is_asked_of_the_network(folder, monkeypatch):
    def forbidden(*arguments, **options):
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", forbidden)
    monkeypatch.setattr(socket, "getaddrinfo", forbidden)
    load(folder)


def test_reading_is_silent(tmp_path):
    folder = toy("gpt2", tmp_path / "model", torch.bfloat16, shards=True)
    code = f"from realmodels.model.loaded import load; load({str(folder)!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


# --- folders that are something else -----------------------------------------------------------------------------------------


def test_a_folder_without_weights_says_so(folder):
    (folder / "model.safetensors").unlink()
    refused(folder, r"has config\.json and no weights: model\.safetensors, or shards")


def test_a_folder_without_a_tokenizer_says_so(folder):
    (folder / "tokenizer.json").unlink()
    refused(folder, r"has no tokenizer \(tokenizer\.json\)")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"model": {}}'])
def test_a_tokenizer_that_is_none_is_named(folder, content):
    (folder / "tokenizer.json").write_text(content)
    refused(folder, "the tokenizer cannot be read")


def test_an_empty_folder_is_told_what_it_lacks(tmp_path):
    refused(tmp_path, r"config\.json does not exist: give a folder that `cwb train` or transformers saved")


def test_a_path_that_does_not_exist(tmp_path):
    refused(tmp_path / "none", r"none is no folder: give the folder of a model, a GGUF file, or a name such as smollm2")
    refused(tmp_path / "none.gguf", r"none\.gguf is no folder")
    for name in ("smolm2", "a\0b", "x" * 300, ""):
        with pytest.raises(UserError):
            load(name)


def test_a_file_that_is_no_model(tmp_path):
    (tmp_path / "facts.jsonl").write_text("{}")
    refused(tmp_path / "facts.jsonl", "is no GGUF file: give a GGUF file, or the folder of a model")


@pytest.mark.parametrize("content", ["", "[]", "3", "\x00", "{", '{"a": NaN}'])
def test_a_configuration_that_is_none_is_named(folder, content):
    (folder / "config.json").write_text(content)
    refused(folder, r"config\.json")


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"model_type": None}, "has neither the format of `cwb train` nor a model_type"),
        ({"model_type": 3}, "nor a model_type"),
        ({"model_type": "t5"}, "'t5' is no causal language model of transformers"),
        ({"model_type": "nonsense"}, "'nonsense' is no causal language model"),
        (
            {"architectures": ["LlamaForSequenceClassification"]},
            "holds a LlamaForSequenceClassification, no causal language model",
        ),
        ({"architectures": 3}, "architectures"),
        ({"architectures": [None]}, "architectures"),
        ({"quantization_config": {"quant_method": "gptq"}}, r"the weights are quantised \(gptq\)"),
        ({"quantization_config": "x"}, r"the weights are quantised"),
        ({"hidden_size": "x"}, r"config\.json"),
        ({"hidden_size": -1}, r"config\.json"),
        ({"num_attention_heads": 0}, r"config\.json"),
        ({"num_attention_heads": 5}, r"transformers cannot build the model \(.*is not a multiple of the number of attention"),
        ({"num_hidden_layers": 10**9}, r"tells of 1,000,000,000 layers"),
        ({"vocab_size": 401}, r"of another shape"),
        ({"vocab_size": 10**12}, r"tells of [\d,]+ numbers, and the files hold"),
        ({"hidden_act": "nonsense"}, r"config\.json"),
    ],
)
def test_a_configuration_that_cannot_be_is_refused_in_one_line(folder, changes, match):
    edit(folder / "config.json", **changes)
    refused(folder, match)


def test_a_model_that_sees_the_rest_of_the_text_is_no_causal_one(folder):
    for file in folder.glob("*.safetensors"):
        file.unlink()
    shape = {"vocab_size": 400, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48}
    for is_decoder in (True, False):
        BertLMHeadModel(BertConfig(**shape, is_decoder=is_decoder, initializer_range=0.5)).save_pretrained(folder)
        if is_decoder:
            assert load(folder).dtype == torch.float32
        else:
            refused(folder, r"the model sees the text after a position too \(BertLMHeadModel\)")


def test_an_adapter_is_told_from_a_model(folder):
    (folder / "adapter_config.json").write_text("{}")
    refused(folder, r"holds an adapter \(adapter_config\.json\)")
    (folder / "config.json").unlink()
    refused(folder, r"holds an adapter \(adapter_config\.json\)")


def test_integers_are_quantised_weights(folder):
    tensors(folder, lambda t: t.update({name: tensor.to(torch.int8) for name, tensor in t.items()}))
    refused(folder, "the weights are I8, quantised")


def test_more_than_the_memory_is_told_before_it_is_taken(folder, monkeypatch):
    monkeypatch.setattr("realmodels.model.memory.available", lambda: 1000)
    refused(folder, r"the model in .* needs .* GiB of memory")


def test_a_model_trained_here_goes_through_the_same_door(trained):
    _, paths = trained
    loaded = load(paths["dense"])
    assert loaded.ours
    assert isinstance(loaded.model, Transformer)
    assert loaded.dtype == torch.float32
    assert loaded.words.prompt("a") == loaded.tokenizer.prompt("a")


def test_reading_a_folder_gives_its_configuration(folder):
    assert read(folder).config == json.loads((folder / "config.json").read_text())
