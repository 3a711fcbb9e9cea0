"""The search for what a matrix should give: it makes answers likely, stays within its bounds, and each fact is on its own."""

import pytest
import torch
from torch import nn

from realmodels.model import matrices
from realmodels.writing.methods.values import ENOUGH, Search, residuals, subject_keys
from realmodels.writing.methods.writer import Diverged
from realmodels.writing.outputs import answer_loss, asked, outputs
from theory.errors import UserError


def matrix_of(model, where="1.feedforward.output"):
    return matrices.one(model, where)


def with_residuals(model, matrix, facts, added):
    """Loss of each fact when `added` is added to the output of the matrix at its subject, fact by fact."""
    losses = []
    for fact in range(len(facts)):

        def shift(module, inputs, output, fact=fact):
            moved = output.clone()
            moved[0, facts.subject[fact]] += added[fact]
            return moved

        hook = matrix.module(model).register_forward_hook(shift)
        losses.append(asked(model, facts[torch.tensor([fact])]).loss)
        hook.remove()
    return torch.cat(losses)


@pytest.mark.parametrize(("kind", "gain"), [("gpt2", "transformer.ln_f.weight"), ("llama", "model.norm.weight")])
def test_answers_get_likely_and_the_search_ends_there(any_model, random_facts, kind, gain):
    """Facts without subjects: the residual acts where the answer is read, and any answer can be had."""
    model, facts = any_model(kind), random_facts(2, 3)
    matrix = matrix_of(model, "last")
    with torch.no_grad():
        model.get_parameter(gain).mul_(10)  # a norm of the last hidden state that lets a toy be sure of a token
    before = asked(model, facts).loss
    added = residuals(model, matrix, facts, 0.05, 200, Search(clamp=1e6, decay=0.0))
    after = with_residuals(model, matrix, facts, added)
    assert (before > 3).all()
    assert (after <= ENOUGH).all()
    assert (after > ENOUGH / 20).all()  # no fact goes on when it has enough
    assert torch.equal(asked(model, facts).loss, before)


@pytest.mark.parametrize("kind", ["dense", "gpt2"])
def test_the_search_is_that_of_rome(any_model, spelled_facts, kind):
    """A second implementation after the published code, one fact at a time: Adam, then the clamp."""
    model, facts = any_model(kind), spelled_facts(2, 3)
    matrix = matrix_of(model)
    module, found = matrix.module(model), []
    for fact in range(6):
        one, seen = facts[torch.tensor([fact])], []
        delta = torch.zeros(matrix.outputs, requires_grad=True)
        adam = torch.optim.Adam([delta], lr=0.2)

        def edit(module, inputs, output, at=int(one.subject), seen=seen, delta=delta):
            seen.append(output[0, at].detach().clone())
            output[0, at] += delta
            return output

        hook = module.register_forward_hook(edit)
        for _ in range(5):
            adam.zero_grad()
            loss = nn.functional.cross_entropy(outputs(model, one), one.target, reduction="sum")
            (loss + 20.0 * delta.norm() / seen[0].norm() ** 2).backward()
            adam.step()
            most = 0.4 * seen[0].norm()
            if delta.norm() > most:
                with torch.no_grad():
                    delta[...] = delta * most / delta.norm()
        hook.remove()
        found.append(delta.detach())
    added = residuals(model, matrix, facts, 0.2, 5, Search(clamp=0.4, decay=20.0))
    expected = torch.stack(found)
    assert torch.allclose(added, expected, atol=2e-3 * float(expected.abs().max()))
    plain = residuals(model, matrix, facts, 0.2, 5, Search(clamp=0.4, decay=0.0))
    assert (plain - expected).norm() > 0.05 * expected.norm()  # the decay matters here


@pytest.mark.parametrize("kind", ["dense", "gpt2"])
def test_a_fact_does_not_depend_on_the_others(any_model, spelled_facts, kind):
    model, facts = any_model(kind), spelled_facts(2, 3)
    matrix = matrix_of(model)
    together = residuals(model, matrix, facts, 0.1, 6, Search())
    alone = torch.cat([residuals(model, matrix, facts[torch.tensor([fact])], 0.1, 6, Search()) for fact in range(6)])
    assert torch.allclose(together, alone, atol=1e-3)
    assert together.norm(dim=1).min() > 0.1


def test_what_is_known_is_left_as_it_is(any_model, spelled_facts):
    """A fact whose answer the model already gives keeps the residual 0, beside one that it does not give."""
    model, facts = any_model("gpt2"), spelled_facts(1, 2)
    matrix = matrix_of(model)
    known = facts[torch.tensor([0])]
    parameters = list(model.parameters())
    rule = torch.optim.Adam(parameters, lr=0.01)
    for _ in range(60):
        rule.zero_grad()
        answer_loss(outputs(model, known), known).backward()
        rule.step()
    assert asked(model, known).loss.item() < ENOUGH
    added = residuals(model, matrix, facts, 0.1, 5, Search())
    assert added.norm(dim=1)[0] == 0
    assert added.norm(dim=1)[1] > 0.1


@pytest.mark.parametrize("rate", [0.5, 1e6, 1e30])
def test_the_clamp_is_in_units_of_the_output(any_model, spelled_facts, rate):
    model, facts = any_model("gpt2"), spelled_facts(2, 3)
    matrix = matrix_of(model)
    with torch.no_grad():
        size = matrix.module(model)(subject_keys(model, matrix, facts)).norm(dim=1)
    added = residuals(model, matrix, facts, rate, 3, Search(clamp=0.25)).norm(dim=1)
    assert (added <= 0.25 * size * (1 + 1e-5)).all()
    assert (added > 0.1 * size).all()


def test_where_a_fact_has_no_subject_its_last_prompt_token_is_taken(any_model, random_facts):
    model, facts = any_model("gpt2"), random_facts(2, 3)
    assert torch.equal(facts.subject, facts.first)
    keys = subject_keys(model, matrix_of(model), facts)
    alone = subject_keys(model, matrix_of(model), facts[torch.tensor([4])])
    assert torch.allclose(keys[4], alone[0], atol=1e-5)


def test_a_loss_that_is_not_finite_ends_the_search_and_leaves_no_hook(any_model, spelled_facts):
    model, facts = any_model("gpt2"), spelled_facts(1, 3)
    matrix = matrix_of(model)
    with torch.no_grad():
        model.get_input_embeddings().weight[10] = float("nan")
    with pytest.raises(Diverged, match=r"task 7, before step 1 of 3: the loss is nan"):
        residuals(model, matrix, facts, 0.1, 3, Search(), "task 7, ")
    assert not matrix.module(model)._forward_hooks


def test_a_matrix_that_gives_nothing_is_named(any_model, spelled_facts):
    model = any_model("llama")
    matrix = matrix_of(model)
    with torch.no_grad():
        matrix.parameter(model).zero_()
    with pytest.raises(UserError, match=r"task 2, matrix model.layers.1.mlp.down_proj.weight gives nothing at the subject"):
        residuals(model, matrix, spelled_facts(1, 3), 0.1, 3, Search(), "task 2, ")
