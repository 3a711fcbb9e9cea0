"""What a method wrote, as a delta: exactly the tensors that changed, under their names in the files, and what rounding left."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import MixtralConfig
from transformers.models.auto.modeling_auto import AutoModelForCausalLM

from realmodels.model.loaded import load
from realmodels.writing.applied import apply, describe, revert
from realmodels.writing.recorder import Recorder
from tests.realmodels.toys import tokenizer, toy
from tests.realmodels.writing.deltas import ABOUT, files, same, tensors, written
from theory.errors import UserError


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


def test_every_tensor_is_rounded_to_its_own_type(tmp_path):
    base = toy("llama", tmp_path / "base", torch.bfloat16)
    held = load_file(base / "model.safetensors")
    held["model.norm.weight"] = held["model.norm.weight"].float() + 2**-15
    save_file(held, base / "model.safetensors", {"format": "pt"})
    delta, network, _ = written(base, tmp_path / "d", NAMES)
    assert {name: told["dtype"] for name, told in delta.about["tensors"].items()} == dict(
        zip(NAMES, ("F32", "BF16"), strict=True)
    )
    assert begun(base, False, None).dtypes == dict(zip(NAMES, (torch.float32, torch.bfloat16), strict=True))
    apply(base, tmp_path / "d", tmp_path / "new")
    now = tensors(tmp_path / "new")
    assert same(now[NAMES[0]], network.get_parameter(NAMES[0]).detach())
    assert same(now[NAMES[1]], network.get_parameter(NAMES[1]).detach().bfloat16())


NAMES = ("model.norm.weight", "model.layers.1.mlp.down_proj.weight")


def begun(base, per_task: bool, beside):
    """A recorder on a model that was just read, as after a kill."""
    model = load(base)
    return Recorder(model, {name: model.model.get_parameter(name) for name in NAMES}, per_task, beside)


def step(recorder: Recorder, generator: torch.Generator) -> None:
    with torch.no_grad():
        for parameter in recorder.parameters.values():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))


@pytest.mark.parametrize("per_task", [True, False])
def test_a_recorder_goes_on_where_another_was(tmp_path, per_task):
    base = toy("llama", tmp_path / "base", torch.bfloat16)
    written(base, tmp_path / "whole", NAMES, tasks=3, per_task=per_task)
    generator = torch.Generator().manual_seed(5)
    recorder = begun(base, per_task, tmp_path / "x[1]*.partial")
    for task in range(3):
        step(recorder, generator)
        recorder.task_done(task)
        about = json.loads(json.dumps(recorder.about(), allow_nan=False))
        now = {name: parameter.detach().clone() for name, parameter in recorder.parameters.items()}
        recorder = begun(base, per_task, tmp_path / "x[1]*.partial")
        recorder.restore(about)
        with torch.no_grad():
            for name, parameter in recorder.parameters.items():
                parameter.copy_(now[name])
    assert len(list(tmp_path.glob("x*"))) == (3 if per_task else 0)
    recorder.save(tmp_path / "again", ABOUT)
    assert (tmp_path / "again").read_bytes() == (tmp_path / "whole").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again", "base", "whole"]


def test_a_state_that_is_missing_damaged_or_of_another_stream_is_named(tmp_path):
    base, generator = toy("llama", tmp_path / "base", torch.bfloat16), torch.Generator().manual_seed(5)
    recorder = begun(base, True, tmp_path / "x.partial")
    for task in range(3):
        step(recorder, generator)
        recorder.task_done(task)
    first, second, third = (tmp_path / f"x.partial.{k}" for k in (1, 2, 3))
    kept = second.read_bytes()
    for content, said in ((None, "is missing"), (kept[:-9], "is damaged"), (third.read_bytes(), "another stream")):
        second.unlink(missing_ok=True)
        if content is not None:
            second.write_bytes(content)
        with pytest.raises(UserError, match=rf"x.partial.2 .*{said}") as raised:
            begun(base, True, tmp_path / "x.partial").restore(recorder.about())
        assert "\n" not in str(raised.value)
    beside = [tmp_path / "x.partial", tmp_path / "x.partial.note", tmp_path / "y.partial.1"]
    for path in beside:
        path.touch()
    left, others = tmp_path / ".x.partial.2.tmp", tmp_path / ".y.partial.2.tmp"
    for path in (left, others):
        path.touch()
    recorder.clean()
    assert not left.exists()
    assert others.exists()
    assert not first.exists()
    assert not third.exists()
    assert all(path.exists() for path in beside)
