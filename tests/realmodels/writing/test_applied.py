"""Deltas are put on and taken off: every bit comes back, of every family and type, task by task, and on no other model."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers.models.auto.modeling_auto import AutoModelForCausalLM

import realmodels
from realmodels.model.architectures import config_for
from realmodels.model.checkpoint import read as read_checkpoint
from realmodels.model.checkpoint import write as write_checkpoint
from realmodels.model.identity import folder_of, identity
from realmodels.model.loaded import load
from realmodels.model.transformer import Transformer
from realmodels.text.tokenizer import train
from realmodels.writing.applied import apply, revert
from realmodels.writing.recorder import Recorder
from simulate.runs.fingerprint import ROOT
from tests.realmodels.toys import FAMILIES, toy
from tests.realmodels.writing.deltas import ABOUT, TOKENS, TYPES, files, logits, same, tensors, written
from theory.errors import UserError


@pytest.mark.parametrize("family", FAMILIES)
def test_a_folder_is_known_without_its_network(tmp_path, family):
    base = toy(family, tmp_path / "base", torch.bfloat16, shards=family == "llama")
    assert identity(folder_of(base)) == load(base).sha256


CASES = {  # family: (parameter in memory, its name in the file)
    "gpt2": "transformer.h.1.attn.c_proj.weight",
    "llama": "model.layers.1.mlp.down_proj.weight",
    "llama_tied": "model.embed_tokens.weight",
    "qwen2": "model.layers.2.self_attn.q_proj.bias",
    "mistral": "lm_head.weight",
    "gemma2": "model.layers.0.mlp.up_proj.weight",
}


@pytest.mark.parametrize("dtype", TYPES, ids=str)
@pytest.mark.parametrize("family", CASES)
def test_apply_is_the_rounded_written_model_and_revert_is_the_base_file_by_file(tmp_path, family, dtype):
    base = toy(family, tmp_path / "base", dtype, shards=family in ("llama", "gpt2"))
    delta, network, _ = written(base, tmp_path / "x.delta", (CASES[family],))
    answer = apply(base, tmp_path / "x.delta", tmp_path / "new")
    before, now = tensors(base), tensors(tmp_path / "new")
    differ = {name for name in before if not same(before[name], now[name])}
    assert before.keys() == now.keys()
    assert differ == set(delta.about["tensors"]) == {CASES[family]} & before.keys()
    assert answer.tensor == list(differ)
    assert answer.applied == answer.tasks == 1
    with torch.no_grad():  # the written model, rounded by hand
        parameter = network.get_parameter(CASES[family])
        parameter.copy_(parameter.to(dtype).float())
        torch.testing.assert_close(logits(tmp_path / "new"), network(TOKENS).logits, rtol=0, atol=1e-6)
    assert not torch.equal(logits(tmp_path / "new"), logits(base))
    revert(tmp_path / "new", tmp_path / "x.delta", tmp_path / "old")
    assert files(tmp_path / "old") == files(base)


def test_a_tie_is_kept_and_a_tied_tensor_that_is_there_twice_changes_in_both_places(tmp_path):
    base = toy("llama_tied", tmp_path / "base", torch.bfloat16)
    held = load_file(base / "model.safetensors")
    save_file({**held, "lm_head.weight": held["model.embed_tokens.weight"].clone()}, base / "model.safetensors", {"format": "pt"})
    delta, network, _ = written(base, tmp_path / "d", ("model.embed_tokens.weight",))
    assert set(delta.about["tensors"]) == {"model.embed_tokens.weight", "lm_head.weight"}
    one, other = delta.about["tensors"].values()
    assert one == other
    assert delta.about["changed"] == one["changed"]
    apply(base, tmp_path / "d", tmp_path / "new")
    now = load_file(tmp_path / "new" / "model.safetensors")
    assert same(now["lm_head.weight"], now["model.embed_tokens.weight"])
    assert same(now["lm_head.weight"], network.get_parameter("lm_head.weight").to(torch.bfloat16))
    assert json.loads((tmp_path / "new" / "config.json").read_text())["tie_word_embeddings"]
    revert(tmp_path / "new", tmp_path / "d", tmp_path / "old")
    assert files(tmp_path / "old") == files(base)


@pytest.mark.parametrize("prefix", ["add", "remove"])
def test_names_in_the_file_may_lack_the_prefix_that_the_network_has(tmp_path, prefix):
    base = toy("gpt2", tmp_path / "base", torch.float16)
    held = load_file(base / "model.safetensors")  # as GPT-2 itself is published: without "transformer."
    if prefix == "remove":
        save_file({n.removeprefix("transformer."): t for n, t in held.items()}, base / "model.safetensors", {"format": "pt"})
    delta, network, _ = written(base, tmp_path / "d", ("transformer.h.2.mlp.c_proj.weight", "transformer.wte.weight"))
    bare = {"h.2.mlp.c_proj.weight", "wte.weight"}
    assert set(delta.about["tensors"]) == (bare if prefix == "remove" else {f"transformer.{name}" for name in bare})
    apply(base, tmp_path / "d", tmp_path / "new")
    with torch.no_grad():
        for name in ("transformer.h.2.mlp.c_proj.weight", "transformer.wte.weight"):
            parameter = network.get_parameter(name)
            parameter.copy_(parameter.half().float())
        torch.testing.assert_close(logits(tmp_path / "new"), network(TOKENS).logits, rtol=0, atol=1e-6)
    revert(tmp_path / "new", tmp_path / "d", tmp_path / "old")
    assert files(tmp_path / "old") == files(base)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32], ids=str)
def test_every_task_can_be_given_back_and_put_on_to(tmp_path, dtype):
    base = toy("llama", tmp_path / "base", dtype, shards=True)
    names = ("model.layers.1.mlp.down_proj.weight", "model.layers.2.mlp.down_proj.weight")
    delta, _, after = written(base, tmp_path / "d", names, tasks=4, per_task=True)
    assert delta.afters == [0, 1, 2, 3, 4]
    apply(base, tmp_path / "d", tmp_path / "all")
    for k in (1, 2, 3):
        apply(base, tmp_path / "d", tmp_path / f"to{k}", to_task=k)
        answer = revert(tmp_path / "all", tmp_path / "d", tmp_path / f"back{k}", to_task=k)
        assert answer.applied == k
        assert files(tmp_path / f"to{k}") == files(tmp_path / f"back{k}")
        now = tensors(tmp_path / f"to{k}")
        assert all(same(now[name], after[k - 1][name].to(dtype)) for name in now)
    revert(tmp_path / "back3", tmp_path / "d", tmp_path / "back31", to_task=1)
    assert files(tmp_path / "back31") == files(tmp_path / "to1")
    for folder in ("all", "to2"):
        revert(tmp_path / folder, tmp_path / "d", tmp_path / f"base of {folder}")
        assert files(tmp_path / f"base of {folder}") == files(base)
    apply(base, tmp_path / "d", tmp_path / "none", to_task=0)
    assert files(tmp_path / "none") == files(base)
    with pytest.raises(UserError, match=r"1 tasks of .*: cwb apply puts more on"):
        revert(tmp_path / "to1", tmp_path / "d", tmp_path / "up", to_task=2)
    with pytest.raises(UserError, match="no state after 5 tasks"):
        apply(base, tmp_path / "d", tmp_path / "up", to_task=5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_what_write_saves_is_what_it_reports_wherever_the_files_lie(tmp_path, dtype):
    kept = []
    for place in ("here", "there"):
        base, facts = toy("gpt2", tmp_path / place / "base", dtype), tmp_path / place / "facts.jsonl"
        entries = [{"prompt": f"The capital of {c} is", "answer": f" {a}"} for c, a in (("Peru", "Riga"), ("Ghana", "Oslo"))]
        facts.write_text("\n".join(map(json.dumps, entries)))
        settings = {"learning_rate": 0.02, "steps": 8, "ruin": 99.0, "texts": False}
        report = realmodels.write(base, facts, "full", out=tmp_path / place / "d", per_task=True, **settings)
        apply(base, tmp_path / place / "d", tmp_path / place / "new")
        again = realmodels.load(tmp_path / place / "new")
        ids, answers = zip(*(again.words.joined(entry["prompt"], entry["answer"]) for entry in entries), strict=True)
        with torch.no_grad():
            probabilities = []
            for prompt, answer in zip(ids, answers, strict=True):
                logits = again.model(torch.tensor([[*prompt, *answer]])).logits[0].double().log_softmax(-1)
                places = range(len(prompt) - 1, len(prompt) + len(answer) - 1)
                probabilities.append(sum(float(logits[i, token]) for i, token in zip(places, answer, strict=True)))
        assert report.probability == pytest.approx(np.exp(probabilities).mean(), rel=1e-4)
        held = (tmp_path / place / "d").read_bytes()
        assert str(tmp_path).encode() not in held
        kept.append(held)
    assert kept[0] == kept[1]


@pytest.mark.slow
def test_a_packaged_model_becomes_a_plain_folder_and_comes_back(tmp_path):
    model = load("smollm2")
    name = "model.layers.24.mlp.down_proj.weight"
    recorder = Recorder(model, {name: model.model.get_parameter(name)})
    with torch.no_grad():
        recorder.parameters[name].add_(torch.randn(576, 1536, generator=torch.Generator().manual_seed(0)), alpha=1e-3)
    recorder.task_done(0)
    delta = recorder.save(tmp_path / "d", ABOUT)
    assert delta.about["base"]["name"] == "smollm2"
    assert (tmp_path / "d").stat().st_size < 0.7 * 4 * 576 * 1536
    apply("smollm2", tmp_path / "d", tmp_path / "new")
    assert "quantization_config" not in json.loads((tmp_path / "new" / "config.json").read_text())
    with torch.no_grad():
        assert torch.equal(logits(tmp_path / "new"), model.model(TOKENS).logits)
    revert(tmp_path / "new", tmp_path / "d", tmp_path / "old")
    assert files(tmp_path / "old") == files(model.path)


def test_without_per_task_there_are_two_states(tmp_path):
    base = toy("llama", tmp_path / "base")
    delta, _, _ = written(base, tmp_path / "d", ("model.norm.weight",), tasks=3)
    assert delta.afters == [0, 3]
    with pytest.raises(UserError, match=r"after 0, 3: .*--per-task"):
        apply(base, tmp_path / "d", tmp_path / "new", to_task=2)


def test_a_model_of_ours_keeps_its_form(tmp_path):
    tokenizer = train([f"the city of {a}{b} is in a place" for a in ("bar", "lem", "tis") for b in ("vok", "run")], 280)
    network = Transformer(config_for("dense", "tiny"), seed=3)
    write_checkpoint(tmp_path / "base", network, tokenizer, {"log": [0.1], "written": {"method": "older"}})
    model = load(tmp_path / "base")
    network = model.model
    name = "blocks.1.feedforward.output.weight"
    recorder = Recorder(model, {name: network.get_parameter(name)}, per_task=True)
    for task in ("a", "b"):
        with torch.no_grad():
            recorder.parameters[name].add_(0.25)
        recorder.task_done(task)
    delta = recorder.save(tmp_path / "d", ABOUT)
    assert set(delta.about["tensors"]) == {name}
    apply(tmp_path / "base", tmp_path / "d", tmp_path / "new")
    found, _, meta = read_checkpoint(tmp_path / "new")
    assert all(torch.equal(found.state_dict()[n], t) for n, t in network.state_dict().items())
    assert meta["log"] == [0.1]
    assert {**ABOUT, "delta": delta.sha256, "after": 2} == meta["written"]
    apply(tmp_path / "base", tmp_path / "d", tmp_path / "none", to_task=0)
    assert files(tmp_path / "none") == files(tmp_path / "base")
    revert(tmp_path / "new", tmp_path / "d", tmp_path / "same", to_task=2)
    assert files(tmp_path / "same") == files(tmp_path / "new")
    revert(tmp_path / "new", tmp_path / "d", tmp_path / "one", to_task=1)
    assert read_checkpoint(tmp_path / "one")[2]["written"]["after"] == 1
    revert(tmp_path / "one", tmp_path / "d", tmp_path / "old")
    assert files(tmp_path / "old") == files(tmp_path / "base")
    log = json.loads((tmp_path / "one" / "written.json").read_text())
    for config in ("", "{}", 3, None, '{"sha256": {}}'):
        log["applied"][0]["config"] = config
        (tmp_path / "one" / "written.json").write_text(json.dumps(log))
        with pytest.raises(UserError, match="config"):
            revert(tmp_path / "one", tmp_path / "d", tmp_path / "lost")
        with pytest.raises(UserError, match="config"):
            revert(tmp_path / "one", tmp_path / "d", tmp_path / "lost", to_task=1)
    (tmp_path / "one" / "written.json").unlink()
    with pytest.raises(UserError, match="configuration of the base"):
        revert(tmp_path / "one", tmp_path / "d", tmp_path / "lost")
    assert not (tmp_path / "lost").exists()


def test_one_delta_on_another_and_off_in_order(tmp_path):
    base = toy("llama", tmp_path / "base", torch.bfloat16)
    first, second = "model.layers.0.mlp.down_proj.weight", "model.layers.1.mlp.down_proj.weight"
    written(base, tmp_path / "d1", (first,))
    apply(base, tmp_path / "d1", tmp_path / "one")
    written(tmp_path / "one", tmp_path / "d2", (first, second))
    apply(tmp_path / "one", tmp_path / "d2", tmp_path / "two")
    with pytest.raises(UserError, match="take that one off first"):
        revert(tmp_path / "two", tmp_path / "d1", tmp_path / "no")
    with pytest.raises(UserError, match="another model"):
        apply(base, tmp_path / "d2", tmp_path / "no")
    with pytest.raises(UserError, match="already"):
        apply(tmp_path / "one", tmp_path / "d1", tmp_path / "no")
    revert(tmp_path / "two", tmp_path / "d2", tmp_path / "one again")
    assert files(tmp_path / "one again") == files(tmp_path / "one")
    revert(tmp_path / "one again", tmp_path / "d1", tmp_path / "old")
    assert files(tmp_path / "old") == files(base)
    assert not (tmp_path / "no").exists()


def test_another_delta_that_left_no_trace_is_found_by_the_digest_of_the_base(tmp_path):
    base = toy("llama", tmp_path / "base")
    written(base, tmp_path / "d", ("model.norm.weight",))
    apply(base, tmp_path / "d", tmp_path / "new")
    held = load_file(tmp_path / "new" / "model.safetensors")
    held["lm_head.weight"] += 1
    save_file(held, tmp_path / "new" / "model.safetensors", {"format": "pt"})
    with pytest.raises(UserError, match=r"differs from the base of .* elsewhere too"):
        revert(tmp_path / "new", tmp_path / "d", tmp_path / "old")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["base", "d", "new"]


def test_without_its_log_a_folder_is_known_by_its_tensors(tmp_path):
    base = toy("qwen2", tmp_path / "base")
    written(base, tmp_path / "d", ("model.norm.weight",), tasks=2, per_task=True)
    apply(base, tmp_path / "d", tmp_path / "new", to_task=1)
    (tmp_path / "new" / "written.json").unlink()
    assert revert(tmp_path / "new", tmp_path / "d", tmp_path / "old").applied == 0
    assert files(tmp_path / "old") == files(base)
    with pytest.raises(UserError, match="holds no state of"):
        revert(base, tmp_path / "d", tmp_path / "older")


def test_a_model_of_equal_shapes_is_another_base(tmp_path):
    base, twin = toy("llama", tmp_path / "base"), toy("llama", tmp_path / "twin", seed=1)
    written(base, tmp_path / "d", ("model.norm.weight",))
    with pytest.raises(UserError, match="made from another model"):
        apply(twin, tmp_path / "d", tmp_path / "new")
    other = toy("llama", tmp_path / "theta")  # the same tensors, another model
    told = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps({**told, "rms_norm_eps": 0.5}))
    with pytest.raises(UserError, match="made from another model"):
        apply(other, tmp_path / "d", tmp_path / "new")
    again = tmp_path / "again"  # the same model, cut into other files by another version
    AutoModelForCausalLM.from_pretrained(base).save_pretrained(again, max_shard_size="20KB")
    assert len(list(again.glob("*.safetensors"))) > 1
    told = json.loads((again / "config.json").read_text())
    (again / "config.json").write_text(json.dumps({**told, "transformers_version": "4.0"}))
    apply(again, tmp_path / "d", tmp_path / "new")
    for family, dtype, wrong in (("gpt2", torch.float32, "no such tensor"), ("llama", torch.bfloat16, "BF16")):
        different = toy(family, tmp_path / f"{family}-{dtype}", dtype)
        with pytest.raises(UserError, match=f"model.norm.weight .*{wrong}"):
            apply(different, tmp_path / "d", tmp_path / "no")


def test_weights_in_other_formats_are_left_out_and_links_followed(tmp_path):
    base = toy("llama", tmp_path / "base")
    (base / "original").mkdir()
    (base / ".cache").mkdir()
    left = ("pytorch_model.bin", "original/consolidated.00.pth", "model-q4.GGUF", "consolidated.safetensors")
    for name in (*left, ".cache/x", "original/params.json", "README.md"):
        (base / name).write_text(name)
    (base / "model.safetensors").rename(tmp_path / "blob")
    (base / "model.safetensors").symlink_to(tmp_path / "blob")
    written(base, tmp_path / "d", ("model.norm.weight",))
    answer = apply(base, tmp_path / "d", tmp_path / "new")
    assert set(answer.left_out) == set(left)
    assert not (tmp_path / "new" / "model.safetensors").is_symlink()
    names = set(files(tmp_path / "new"))
    assert names == set(files(base)) - set(left) - {".cache/x"} | {"written.json"}
    json.loads((tmp_path / "new" / "written.json").read_text())


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """(base, delta of two tasks, the folder that has it on)."""
    folder = tmp_path_factory.mktemp("pair")
    base = toy("llama", folder / "base")
    written(base, folder / "d", ("model.norm.weight", "model.layers.1.mlp.down_proj.weight"), tasks=2, per_task=True)
    apply(base, folder / "d", folder / "new")
    return base, folder / "d", folder / "new"


@pytest.mark.parametrize(
    "log", ["", "{}", "[]", '{"format": 1}', '{"format": "compression-writability written 1", "applied": [3]}', "\udcff"]
)
def test_a_damaged_log_is_named(pair, tmp_path, log):
    _, delta, new = pair
    shutil.copytree(new, tmp_path / "new")
    (tmp_path / "new" / "written.json").write_bytes(log.encode(errors="surrogateescape"))
    with pytest.raises(UserError, match=r"written.json") as raised:
        revert(tmp_path / "new", delta, tmp_path / "out")
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "out").exists()


def test_a_folder_with_a_damaged_configuration_is_not_given_out_as_the_base(pair, tmp_path):
    _, delta, new = pair
    shutil.copytree(new, tmp_path / "new")
    (tmp_path / "new" / "config.json").write_bytes(b"\xff")
    with pytest.raises(UserError, match=r"config\.json"):
        revert(tmp_path / "new", delta, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_out_must_be_free_and_beside_the_model(pair, tmp_path):
    base, delta, _ = pair
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for out in (base, delta, tmp_path / "dangling", Path("")):
        with pytest.raises(UserError, match="exists: give" if out.name else "names nothing"):
            apply(base, delta, out)
    with pytest.raises(UserError, match="lies in the folder of the model"):
        apply(base, delta, base / "new")
    with pytest.raises(UserError, match="is no folder: give"):
        apply(tmp_path / "none", delta, tmp_path / "out")
    for wrong in (None, 3, ["x"]):
        with pytest.raises(UserError, match="a model is a folder"):
            realmodels.apply(wrong, delta, tmp_path / "out")
    assert realmodels.apply(load(base), delta, tmp_path / "out").folder == str(tmp_path / "out")


def test_a_failure_in_between_leaves_nothing(pair, tmp_path, monkeypatch):
    base, delta, _ = pair
    before = files(base)

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("realmodels.writing.written_log.write_json", fail)
    with pytest.raises(OSError, match="No space"):
        apply(base, delta, tmp_path / "out")
    assert not list(tmp_path.iterdir())
    assert files(base) == before


def test_a_kill_in_between_leaves_no_folder_and_the_command_can_be_given_again(pair, tmp_path):
    base, delta, _ = pair
    code = (
        "import os, signal, sys; from realmodels.writing import applied, written_log\n"
        "written_log.write_json = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "applied.apply(*sys.argv[1:])"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(base), str(delta), str(tmp_path / "out")], cwd=ROOT, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert not (tmp_path / "out").exists()
    apply(base, delta, tmp_path / "out")
    assert files(tmp_path / "out") == files(pair[2])
