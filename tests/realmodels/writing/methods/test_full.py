"""Full finetuning: which parameters are written, and that the optimizers are those of the books."""

import pytest
import torch

from realmodels.model import matrices
from realmodels.writing.methods.binding import bind
from realmodels.writing.outputs import answer_loss, outputs
from realmodels.writing.stream import write_task


def losses(model, facts, parameters):
    return torch.autograd.grad(answer_loss(outputs(model, facts), facts), parameters)


def test_all_parameters_change_but_those_that_the_loss_does_not_reach(random_model, random_facts):
    for architecture in ("dense", "dsa"):
        model = random_model(architecture)
        before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
        write_task(bind("full", model, random_facts(8, 4, seed=7)), random_facts(1, 4), 1e-4, 3)
        changed = {name for name, parameter in model.named_parameters() if not torch.equal(parameter, before[name])}
        assert changed == {name for name in before if ".indexer." not in name}


def test_a_tied_embedding_is_written_once_with_both_gradients(any_model, spelled_facts, background):
    model, facts = any_model("llama_tied"), spelled_facts(1, 3)
    weight = model.get_input_embeddings().weight
    assert model.get_output_embeddings().weight is weight
    (gradient,) = losses(model, facts, [weight])
    before = weight.detach().clone()
    write_task(bind("full", model, background), facts, 1e-3, 1)
    assert torch.allclose(weight.detach(), before - 1e-3 * gradient, atol=1e-7)
    assert model.get_output_embeddings().weight is weight


@pytest.mark.parametrize(("kind", "where", "count"), [("gpt2", "1", 4), ("gpt2", "all", 12), ("llama", "attention", 12)])
def test_where_chooses_the_matrices(any_model, spelled_facts, background, kind, where, count):
    model = any_model(kind)
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    write_task(bind("full", model, background, where=where), spelled_facts(1, 3), 1e-2, 2)
    changed = {name for name, parameter in model.named_parameters() if not torch.equal(parameter, before[name])}
    assert changed == {matrix.name for matrix in matrices.find(model, where)}
    assert len(changed) == count


def test_one_step_of_gradient_descent_with_weight_decay(any_model, spelled_facts, background):
    model, facts = any_model("gpt2"), spelled_facts(1, 3)
    parameters = list(model.parameters())
    gradients = losses(model, facts, parameters)
    expected = [p.detach() * (1 - 0.01 * 0.5) - 0.01 * g for p, g in zip(parameters, gradients, strict=True)]
    write_task(bind("full", model, background, weight_decay=0.5), facts, 0.01, 1)
    for parameter, value in zip(parameters, expected, strict=True):
        assert torch.allclose(parameter, value, atol=1e-7)


def test_adamw_starts_anew_at_every_task(any_model, spelled_facts, background):
    """Its first step of a task moves every parameter by the rate against the sign of its gradient, after decoupled decay."""
    model, facts = any_model("gpt2"), spelled_facts(2, 3)
    writer = bind("full", model, background, optimizer="adamw", weight_decay=0.1)
    write_task(writer, facts.of_task(0), 1e-3, 3)
    before = [parameter.detach().clone() for parameter in model.parameters()]
    gradients = losses(model, facts.of_task(1), list(model.parameters()))
    write_task(writer, facts.of_task(1), 1e-3, 1, [facts.of_task(0)])
    for parameter, value, g in zip(model.parameters(), before, gradients, strict=True):
        clear = g.abs() > 1e-5  # where the step's epsilon of 1e-8 does not matter
        assert torch.allclose(parameter[clear], (value * (1 - 1e-4) - 1e-3 * g.sign())[clear], atol=2e-6)
