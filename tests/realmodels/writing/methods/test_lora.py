"""LoRA through peft: against adapters written by hand, what goes on from task to task, and the model between tasks."""

import warnings

import pytest
import torch
from torch import nn
from torch.func import functional_call

from realmodels.model import matrices
from realmodels.writing.methods.binding import bind
from realmodels.writing.outputs import answer_loss, outputs
from realmodels.writing.stream import stream, write_task


def change(model, before, name):
    return (model.get_parameter(name).detach() - before[name]).double()


def base(model):
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}


def rank(matrix):
    values = torch.linalg.svdvals(matrix)
    return int((values > 1e-5 * values[0]).sum())


class Loss(nn.Module):
    """The loss of a model, to be called with some of its parameters replaced by tensors that carry a gradient."""

    def __init__(self, model, facts):
        super().__init__()
        self.model, self.facts = model, facts

    def forward(self):
        return answer_loss(outputs(self.model, self.facts), self.facts)


@pytest.mark.parametrize("kind", ["dense", "gpt2", "llama"])
def test_a_task_equals_adapters_by_hand(any_model, spelled_facts, background, kind):
    """A second implementation: W + (alpha / rank) B A put into the model by functional_call, A as peft drew it, AdamW by hand."""
    model, facts = any_model(kind), spelled_facts(1, 3)
    chosen, start, loss = matrices.find(model, "1"), base(model), Loss(any_model(kind), facts)
    writer = bind("lora", model, background, rank=3, alpha=6.0, where="1", weight_decay=0.1)
    with writer._adapted(0) as trained:
        factors = {name: parameter.detach().clone().requires_grad_() for name, parameter in trained.items()}
    assert all(bool((value == 0).all()) == name.endswith("/B") for name, value in factors.items())
    moments = {name: (torch.zeros_like(value), torch.zeros_like(value)) for name, value in factors.items()}

    def adapted():
        products = {m.name: factors[f"{m.name}/B"] @ factors[f"{m.name}/A"] for m in chosen}
        return {m.name: start[m.name] + 6.0 / 3 * (products[m.name].T if m.transposed else products[m.name]) for m in chosen}

    for step in range(1, 4):
        replaced = {f"model.{name}": value for name, value in adapted().items()}
        gradients = torch.autograd.grad(functional_call(loss, replaced, ()), list(factors.values()))
        for (name, value), g in zip(factors.items(), gradients, strict=True):
            m, v = moments[name]
            m.mul_(0.9).add_(0.1 * g)
            v.mul_(0.999).add_(0.001 * g * g)
            with torch.no_grad():
                value.mul_(1 - 1e-2 * 0.1)
                value.sub_(1e-2 * (m / (1 - 0.9**step)) / ((v / (1 - 0.999**step)).sqrt() + 1e-8))
    write_task(writer, facts, 1e-2, 3)
    for name, wanted in adapted().items():
        moved = (wanted - start[name]).norm()
        assert moved > 1e-3
        assert (model.get_parameter(name) - wanted).norm() < 1e-2 * moved


@pytest.mark.parametrize(("mode", "ranks"), [("continued", (2, 2)), ("merged", (2, 4))])
def test_one_adapter_stays_of_its_rank_and_merged_ones_add_up(any_model, spelled_facts, background, mode, ranks):
    model, facts = any_model("llama"), spelled_facts(2, 3)
    before = base(model)
    writer = bind("lora", model, background, rank=2, where="1.feedforward.output", mode=mode)
    name = "model.layers.1.mlp.down_proj.weight"
    found = [rank(change(model, before, name)) for written in stream(writer, facts, 1e-2, 3) if written]
    assert tuple(found) == ranks


def test_what_continues_is_the_base_and_the_adapter(any_model, spelled_facts, background):
    """Between tasks the matrix is the base of before the first task plus the adapter, to the last bit of float32."""
    model, facts = any_model("gpt2"), spelled_facts(3, 2)
    before = base(model)
    writer = bind("lora", model, background, rank=2, alpha=3.0, where="1")
    for written in stream(writer, facts, 1e-2, 2):
        state = writer.state()
        assert len(state) == (8 if written else 0)
        for matrix in matrices.find(model, "1") if written else ():
            product = (state[f"{matrix.name}/B"] @ state[f"{matrix.name}/A"]).T * 1.5
            assert torch.equal(matrix.parameter(model), before[matrix.name] + product)


@pytest.mark.parametrize("kind", ["dense", "gpt2", "llama_tied"])
def test_peft_has_nothing_to_warn_of_and_leaves_no_trace(any_model, spelled_facts, background, kind):
    model = any_model(kind)
    said, attributes = repr(model), set(vars(model))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_task(bind("lora", model, background), spelled_facts(1, 2), 1e-3, 1)
    assert repr(model) == said
    assert set(vars(model)) == attributes


def test_frozen_parameters_stay_frozen(any_model, spelled_facts, background):
    model = any_model("gpt2")
    frozen = model.get_input_embeddings().weight.requires_grad_(False)
    write_task(bind("lora", model, background), spelled_facts(1, 2), 1e-3, 1)
    assert not frozen.requires_grad
    assert sum(not parameter.requires_grad for parameter in model.parameters()) == 1


def test_state_is_counted_if_it_goes_on(any_model, background):
    model = any_model("gpt2")
    size = 2 * ((32 + 96) + (32 + 32) + (32 + 48) + (48 + 32))
    for mode, numbers in (("continued", size), ("merged", 0)):
        writer = bind("lora", model, background, rank=2, where="1", mode=mode)
        assert (writer.state_numbers, writer.state_bits) == (numbers, 32 * numbers)
