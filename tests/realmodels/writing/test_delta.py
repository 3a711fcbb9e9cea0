"""Deltas: put on and taken off they give every bit back, of every family and type, and say what rounding left."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import MixtralConfig
from transformers.models.auto.modeling_auto import AutoModelForCausalLM

from realmodels.model.architectures import config_for
from realmodels.model.checkpoint import read as read_checkpoint
from realmodels.model.checkpoint import write as write_checkpoint
from realmodels.model.identity import folder_of, identity
from realmodels.model.loaded import load
from realmodels.model.transformer import Transformer
from realmodels.text.tokenizer import train
from realmodels.writing.applied import apply, describe, revert
from realmodels.writing.delta import read, save, state_digest
from realmodels.writing.patch import pack, sha
from realmodels.writing.recorder import Recorder
from simulate.runs.fingerprint import ROOT
from tests.realmodels.toys import FAMILIES, tokenizer, toy
from theory.errors import UserError

ABOUT = {"method": "full", "settings": {"steps": 2}, "facts": 3, "facts_sha256": "f" * 64}
TOKENS = torch.arange(3, 12)[None]
TYPES = {torch.float32: "F32", torch.bfloat16: "BF16", torch.float16: "F16"}


def logits(folder: Path) -> torch.Tensor:
    with torch.no_grad():
        return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()(TOKENS).logits


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def tensors(folder: Path) -> dict[str, torch.Tensor]:
    return {name: tensor for path in folder.glob("*.safetensors") for name, tensor in load_file(path).items()}


def same(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Equal to the bit."""
    return one.dtype == other.dtype and torch.equal(one.reshape(-1).view(torch.uint8), other.reshape(-1).view(torch.uint8))


def written(folder: Path, out: Path, names: tuple[str, ...], tasks: int = 1, per_task: bool = False, size: float = 0.1):
    """A delta of random steps on parameters of a model; (delta, the written network in float32 after each task)."""
    model, generator = load(folder), torch.Generator().manual_seed(5)
    recorder = Recorder(model, {name: model.model.get_parameter(name) for name in names}, per_task)
    after = []
    for task in range(tasks):
        with torch.no_grad():
            for parameter in recorder.parameters.values():
                parameter.add_(size * torch.randn(parameter.shape, generator=generator))
        recorder.task_done(task)
        after.append({name: tensor.clone() for name, tensor in model.model.state_dict().items()})
    return recorder.save(out, ABOUT), model.model, after


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


def test_experts_that_memory_stacks_and_the_file_holds_apart(tmp_path):
    shape = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2, "vocab_size": 400}
    made = MixtralConfig(**shape, num_key_value_heads=1, num_local_experts=3, max_position_embeddings=32)
    AutoModelForCausalLM.from_config(made).to(torch.bfloat16).save_pretrained(tmp_path / "base")
    tokenizer(begin=False, pad=False).save_pretrained(tmp_path / "base")
    name = "model.layers.1.mlp.experts.gate_up_proj"
    model = load(tmp_path / "base")
    recorder = Recorder(model, {name: model.model.get_parameter(name)})
    with torch.no_grad():
        recorder.parameters[name][1].add_(0.3)  # expert 1 alone
    recorder.task_done("one")
    delta = recorder.save(tmp_path / "d", ABOUT)
    where = "model.layers.1.block_sparse_moe.experts.1."
    assert set(delta.about["tensors"]) == {where + "w1.weight", where + "w3.weight"}
    apply(tmp_path / "base", tmp_path / "d", tmp_path / "new")
    found = AutoModelForCausalLM.from_pretrained(tmp_path / "new", dtype=torch.float32).get_parameter(name)
    assert torch.equal(found, recorder.parameters[name].bfloat16().float())
    revert(tmp_path / "new", tmp_path / "d", tmp_path / "old")
    assert files(tmp_path / "old") == files(tmp_path / "base")


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


def test_without_per_task_there_are_two_states(tmp_path):
    base = toy("llama", tmp_path / "base")
    delta, _, _ = written(base, tmp_path / "d", ("model.norm.weight",), tasks=3)
    assert delta.afters == [0, 3]
    with pytest.raises(UserError, match=r"after 0, 3; .*--per-task"):
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


def test_what_rounding_leaves(tmp_path):
    base = toy("llama", tmp_path / "base", torch.bfloat16)
    model = load(base)
    names = [f"model.layers.{i}.mlp.down_proj.weight" for i in range(3)]
    recorder = Recorder(model, {name: model.model.get_parameter(name) for name in names})
    with torch.no_grad():
        for parameter, share in zip(recorder.parameters.values(), (1.0, 0.6 * 2**-7, 0.001 * 2**-7), strict=True):
            mantissa, exponent = torch.frexp(parameter)
            parameter.copy_(torch.ldexp(mantissa + mantissa.sign() * share / 2, exponent))  # in units of half an ulp of 2^-7
    updates = [(now - load(base).model.get_parameter(name)).detach() for name, now in recorder.parameters.items()]
    recorder.task_done(0)
    told = recorder.save(tmp_path / "d", ABOUT).about
    assert set(told["tensors"]) == set(names[:2])
    assert told["lost_in_rounding"] == [names[2]]
    for name, update in zip(names[:2], updates, strict=False):
        assert told["tensors"][name]["update_norm"] == pytest.approx(float(update.norm()), rel=1e-5)
    # 0.6 of the distance between two numbers is rounded to 1, but where the size passes a power of 2
    assert told["tensors"][names[1]]["survives"] == pytest.approx(1 / 0.6, rel=0.02)
    assert told["tensors"][names[1]]["rounding_error"] == pytest.approx(0.4 / 0.6, rel=0.02)
    assert told["tensors"][names[1]]["changed"] == updates[1].numel()
    total = np.sqrt(sum(float(u.double().square().sum()) for u in updates))
    assert told["update_norm"] == pytest.approx(total, rel=1e-5)


def test_a_row_that_was_written_costs_a_row(tmp_path):
    base = toy("llama", tmp_path / "base")
    model = load(base)
    name = "model.embed_tokens.weight"
    recorder = Recorder(model, {name: model.model.get_parameter(name)})
    with torch.no_grad():
        recorder.parameters[name][7] += 0.1
    recorder.task_done(0)
    delta = recorder.save(tmp_path / "d", ABOUT)
    assert delta.about["changed"] == 32
    assert sum(len(data) for data in delta.patches.values()) < 32 * 4 + 100  # of 51,200


def test_nothing_changed_or_nothing_left_or_nothing_finite_is_not_saved(tmp_path):
    base = toy("llama", tmp_path / "base", torch.float16)
    model = load(base)
    name = "model.norm.weight"
    recorder = Recorder(model, {name: model.model.get_parameter(name)})
    with pytest.raises(UserError, match="nothing to save"):
        recorder.save(tmp_path / "d", ABOUT)
    recorder.task_done("t")
    with pytest.raises(UserError, match="changed no number"):
        recorder.save(tmp_path / "d", ABOUT)
    with torch.no_grad():
        recorder.parameters[name].mul_(1 + 2**-20)
    with pytest.raises(UserError, match="rounding to F16 removed all"):
        recorder.save(tmp_path / "d", ABOUT)
    for value in (70_000.0, float("nan"), float("-inf")):
        with torch.no_grad():
            recorder.parameters[name][3] = value
        with pytest.raises(UserError, match=r"model.norm.weight .*not finite in F16 after task 't'"):
            recorder.save(tmp_path / "d", ABOUT)
    with torch.no_grad():
        recorder.parameters[name][3] = 1.5
    recorder.save(tmp_path / "d", ABOUT, ruined="held-out text is 2 bits per byte worse")
    with pytest.raises(UserError, match="exists"):
        recorder.save(tmp_path / "d", ABOUT)
    answer = apply(base, tmp_path / "d", tmp_path / "new")
    assert "not worth having: held-out text is 2 bits" in answer.show()
    assert describe(tmp_path / "d").to_dict()["warnings"]
    assert "Warning: The written" not in revert(tmp_path / "new", tmp_path / "d", tmp_path / "old").show()


def test_a_recorder_wants_the_parameters_as_they_are_in_the_folder(tmp_path):
    base = toy("llama", tmp_path / "base")
    model = load(base)
    with pytest.raises(UserError, match="no parameter"):
        Recorder(model, {"model.layers.9.mlp.down_proj.weight": model.model.get_parameter("model.norm.weight")})
    with torch.no_grad():
        model.model.get_parameter("model.norm.weight").add_(1)
    with pytest.raises(UserError, match="as it is in memory"):
        Recorder(model, {"model.norm.weight": model.model.get_parameter("model.norm.weight")})


def test_a_mapping_may_compute_what_is_written(tmp_path):
    base = toy("llama", tmp_path / "base")
    name = "model.layers.1.mlp.down_proj.weight"

    class Merged(dict):  # an adapter of rank 1 beside the matrix, which stays as it is
        left, right = torch.zeros(32, 1), torch.ones(1, 48)

        def __getitem__(self, key):
            return super().__getitem__(key).detach() + self.left @ self.right

    model = load(base)
    merged = Merged({name: model.model.get_parameter(name)})
    recorder = Recorder(model, merged, per_task=True)
    before = model.model.get_parameter(name).detach().clone()
    Merged.left = torch.full((32, 1), 0.5)
    recorder.task_done(0)
    assert recorder.save(tmp_path / "d", ABOUT).about["base"] == {"name": "base", "sha256": model.sha256}
    apply(base, tmp_path / "d", tmp_path / "new")
    assert same(tensors(tmp_path / "new")[name], before + 0.5)


@pytest.mark.parametrize("per_task", [True, False])
def test_a_recorder_goes_on_where_another_was(tmp_path, per_task):
    base = toy("llama", tmp_path / "base", torch.bfloat16)
    names = ("model.norm.weight", "model.layers.1.mlp.down_proj.weight")
    written(base, tmp_path / "whole", names, tasks=3, per_task=per_task)
    model, generator = load(base), torch.Generator().manual_seed(5)
    recorder = Recorder(model, {name: model.model.get_parameter(name) for name in names}, per_task)
    for task in range(3):
        with torch.no_grad():
            for parameter in recorder.parameters.values():
                parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
        recorder.task_done(task)
        held, about = recorder.tensors(), json.loads(json.dumps(recorder.about(), allow_nan=False))
        now = {name: parameter.detach().clone() for name, parameter in recorder.parameters.items()}
        model = load(base)  # as after a kill
        recorder = Recorder(model, {name: model.model.get_parameter(name) for name in names}, per_task)
        recorder.restore(held, about)
        with torch.no_grad():
            for name, parameter in recorder.parameters.items():
                parameter.copy_(now[name])
    recorder.save(tmp_path / "again", ABOUT)
    assert (tmp_path / "again").read_bytes() == (tmp_path / "whole").read_bytes()


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """(base, delta of two tasks, the folder that has it on)."""
    folder = tmp_path_factory.mktemp("pair")
    base = toy("llama", folder / "base")
    written(base, folder / "d", ("model.norm.weight", "model.layers.1.mlp.down_proj.weight"), tasks=2, per_task=True)
    apply(base, folder / "d", folder / "new")
    return base, folder / "d", folder / "new"


def _cut(data: bytes) -> bytes:
    return data[: len(data) * 2 // 3]


def _flip(data: bytes) -> bytes:
    return data[:-5] + bytes([data[-5] ^ 1]) + data[-4:]


def _metadata(data: bytes) -> bytes:
    return data.replace(b'survives\\": ', b'survives\\":1', 1)


DAMAGE = {"cut": _cut, "flipped": _flip, "longer": lambda data: data + b"\0", "empty": lambda _: b"", "text": lambda _: b"{}" * 9}
DAMAGE |= {"metadata": _metadata}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_delta_is_refused(pair, tmp_path, damage):
    base, delta, new = pair
    bad = tmp_path / "bad"
    bad.write_bytes(DAMAGE[damage](delta.read_bytes()))
    assert bad.read_bytes() != delta.read_bytes()
    for act in (lambda: apply(base, bad, tmp_path / "o"), lambda: revert(new, bad, tmp_path / "o"), lambda: describe(bad)):
        with pytest.raises(UserError, match="bad is damaged") as raised:
            act()
        assert "\n" not in str(raised.value)
    assert [path.name for path in tmp_path.iterdir()] == ["bad"]


def test_a_delta_that_lacks_or_has_one_more_tensor_is_refused(pair, tmp_path):
    base, delta, _ = pair
    held = load_file(delta)
    with safe_open(delta, "np") as file:
        metadata = file.metadata()
    for name, change in {
        "fewer": dict(list(held.items())[1:]),
        "more": {**held, "3/lm_head.weight": torch.zeros(3, dtype=torch.uint8)},
        "strange": {**held, "lm_head.weight": torch.zeros(3)},
    }.items():
        save_file(change, tmp_path / name, metadata)
        with pytest.raises(UserError, match="is damaged"):
            apply(base, tmp_path / name, tmp_path / "out")
    with pytest.raises(UserError, match="no delta but other tensors"):
        apply(base, base / "model.safetensors", tmp_path / "out")
    for nothing in (tmp_path / "none", base):
        with pytest.raises(UserError, match="is no file"):
            apply(base, nothing, tmp_path / "out")


def test_a_delta_of_another_format_asks_for_another_program(pair, tmp_path):
    base, delta, _ = pair
    with safe_open(delta, "np") as file:
        metadata = {"delta": file.metadata()["delta"].replace("delta 1", "delta 9")}
    save_file(load_file(delta), tmp_path / "later", metadata)
    with pytest.raises(UserError, match="'compression-writability delta 9' and this version reads"):
        apply(base, tmp_path / "later", tmp_path / "out")


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
        with pytest.raises(UserError, match="exists or names nothing"):
            apply(base, delta, out)
    with pytest.raises(UserError, match="lies in the folder of the model"):
        apply(base, delta, base / "new")
    with pytest.raises(UserError, match="is no folder: give"):
        apply(tmp_path / "none", delta, tmp_path / "out")


def test_a_failure_in_between_leaves_nothing(pair, tmp_path, monkeypatch):
    base, delta, _ = pair
    before = files(base)

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("realmodels.writing.applied.write_json", fail)
    with pytest.raises(OSError, match="No space"):
        apply(base, delta, tmp_path / "out")
    assert not list(tmp_path.iterdir())
    assert files(base) == before


def test_a_kill_in_between_leaves_no_folder_and_the_command_can_be_given_again(pair, tmp_path):
    base, delta, _ = pair
    code = (
        "import os, signal, sys; from realmodels.writing import applied\n"
        "applied.write_json = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "applied.apply(*sys.argv[1:])"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(base), str(delta), str(tmp_path / "out")], cwd=ROOT, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert not (tmp_path / "out").exists()
    apply(base, delta, tmp_path / "out")
    assert files(tmp_path / "out") == files(pair[2])


BITS = st.sampled_from([torch.float32, torch.bfloat16, torch.float16])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_bits_come_back(tmp_path_factory, data):
    """Whatever the bits of the base (NaN of every kind, -0.0, subnormal numbers): on and off again is the base, byte for byte."""
    folder = tmp_path_factory.mktemp("bits")
    base, shas, states = {}, {}, []
    for name in ("a", "b", "untouched"):
        dtype = data.draw(BITS)
        itemsize = torch.empty(0, dtype=dtype).element_size()
        shape = data.draw(st.lists(st.integers(0, 4), min_size=0, max_size=3))
        raw = data.draw(st.binary(min_size=int(np.prod(shape)) * itemsize, max_size=int(np.prod(shape)) * itemsize))
        base[name] = torch.frombuffer(bytearray(raw), dtype=dtype).reshape(shape) if raw else torch.zeros(shape, dtype=dtype)
        base[name] = base[name] if base[name].numel() else torch.zeros(1, dtype=dtype)
    (folder / "base").mkdir()
    (folder / "base" / "config.json").write_text('{"model_type": "llama"}')
    save_file(base, folder / "base" / "model.safetensors")
    now = {name: base[name].reshape(-1).view(torch.uint8).numpy().copy() for name in ("a", "b")}
    states.append({"after": 0, "sha256": state_digest({name: sha(now[name]) for name in now})})
    patches, expected = {}, []
    for k in range(1, data.draw(st.integers(1, 3)) + 1):
        for name in now:
            size = len(now[name])
            change = np.frombuffer(data.draw(st.binary(min_size=size, max_size=size)), np.uint8)
            patches[k, name] = pack(change, base[name].element_size())
            now[name] = now[name] ^ change
        shas = {name: sha(now[name]) for name in now}
        states.append({"after": k, "sha256": state_digest(shas)})
        expected.append({name: bytes(values) for name, values in now.items()})
    numbers = {"changed": 1, "update_norm": 1.0, "survives": 1.0, "rounding_error": 0.0}
    told = {name: {"dtype": TYPES[base[name].dtype], "shape": list(base[name].shape), "norm": 1.0, **numbers} for name in now}
    about = {"format": "compression-writability delta 1", "base": {"name": "b", "sha256": identity(folder / "base")}, **numbers}
    about |= {
        "tasks": [str(k) for k in range(len(expected))],
        "states": states,
        "tensors": told,
        "written": {},
        "ruined": None,
        "lost_in_rounding": [],
    }
    save(folder / "d", about, patches)
    apply(folder / "base", folder / "d", folder / "new")
    held = tensors(folder / "new")
    assert {name: held[name].reshape(-1).view(torch.uint8).numpy().tobytes() for name in now} == expected[-1]
    assert same(held["untouched"], base["untouched"])
    k = data.draw(st.integers(0, len(expected) - 1))
    if states[-1]["sha256"] != states[0]["sha256"]:
        revert(folder / "new", folder / "d", folder / "old", to_task=k)
        held = tensors(folder / "old")
        before = expected[k - 1] if k else {name: base[name].reshape(-1).view(torch.uint8).numpy().tobytes() for name in now}
        assert {name: held[name].reshape(-1).view(torch.uint8).numpy().tobytes() for name in now} == before
        assert k or files(folder / "old") == files(folder / "base")
    assert read(folder / "d").afters == list(range(len(states)))
