"""DER++: its loss written out, its limits, and a store that is the one of replay."""

import pytest
import torch

from realmodels.writing.methods.binding import bind
from realmodels.writing.methods.der import distance
from realmodels.writing.methods.replay import reservoir
from realmodels.writing.outputs import answer_loss, outputs
from realmodels.writing.stream import stream, write_task


def same(one, other) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_without_its_weights_it_is_full_finetuning(any_model, spelled_facts, background):
    models, facts = [any_model("llama"), any_model("llama")], spelled_facts(3, 3)
    for model, (method, options) in zip(models, (("full", {}), ("der", {"alpha": 0.0, "beta": 0.0})), strict=True):
        list(stream(bind(method, model, background, **options), facts, 1e-3, 2))
    for a, b in zip(models[0].parameters(), models[1].parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-7)  # the sum of the losses has other terms, of weight 0


def test_a_step_is_on_the_loss_written_out(any_model, spelled_facts, background):
    """With as many facts drawn as the store holds, both batches are known: all earlier facts."""
    model, facts = any_model("gpt2"), spelled_facts(2, 3)
    old, new = facts.of_task(0), facts.of_task(1)
    writer = bind("der", model, background, n=3, buffer=3, alpha=0.7, beta=0.3)
    write_task(writer, old, 1e-2, 1)
    said = outputs(model, old).detach()
    with torch.no_grad():
        for parameter in model.parameters():  # the model has moved since, so that there is something to pull back
            parameter.mul_(1.01)
    z = outputs(model, old)
    pull = torch.stack([(a - b) ** 2 for a, b in zip(z.flatten(), said.flatten(), strict=True) if torch.isfinite(b)]).mean()
    loss = answer_loss(outputs(model, new), new) + 0.7 * pull + 0.3 * answer_loss(z, old)
    parameters = list(model.parameters())
    expected = [p.detach() - 1e-2 * g for p, g in zip(parameters, torch.autograd.grad(loss, parameters), strict=True)]
    write_task(writer, new, 1e-2, 1, [old])
    for parameter, value in zip(model.parameters(), expected, strict=True):
        assert torch.allclose(parameter, value, atol=1e-6)


def test_a_strong_pull_keeps_the_outputs_of_old_facts(any_model, spelled_facts, background):
    """Both sides: without the pull the outputs of the first task move further away while a second one is written."""
    moved = []
    for alpha in (0.0, 3.0):
        model, facts = any_model("gpt2"), spelled_facts(2, 3)
        writer = bind("der", model, background, n=3, buffer=3, alpha=alpha, beta=0.0)
        write_task(writer, facts.of_task(0), 1e-2, 3)
        said = outputs(model, facts.of_task(0)).detach()
        write_task(writer, facts.of_task(1), 1e-2, 10, [facts.of_task(0)])
        moved.append(float(distance(outputs(model, facts.of_task(0)).detach(), said)))
    assert moved[1] < 0.5 * moved[0]


@pytest.mark.parametrize("buffer", [4, 100])
def test_the_store_is_the_reservoir_and_is_counted(any_model, spelled_facts, background, buffer):
    facts, model = spelled_facts(3, 3), any_model("gpt2")
    writer = bind("der", model, background, buffer=buffer, n=2)
    list(stream(writer, facts, 1e-4, 1))
    kept = reservoir(9, buffer)
    assert sorted(writer.said) == sorted(kept)
    tokens = sum(int(facts.last[fact]) + 2 for fact in kept)
    numbers = sum(outputs(model, facts[torch.tensor([fact])]).numel() for fact in kept)
    assert writer.state_numbers == tokens + numbers
    assert writer.state_bits == -(-tokens * torch.log2(torch.tensor(float(writer.vocabulary))).item() // 1) + 32 * numbers


def test_outputs_in_the_store_are_those_of_their_own_time(any_model, spelled_facts, background):
    facts, model = spelled_facts(2, 3), any_model("gpt2")
    writer = bind("der", model, background, n=3, buffer=6)
    write_task(writer, facts.of_task(0), 1e-2, 2)
    then = {fact: z.clone() for fact, z in writer.said.items()}
    write_task(writer, facts.of_task(1), 1e-2, 2, [facts.of_task(0)])
    assert all(torch.equal(writer.said[fact], z) for fact, z in then.items())
    assert set(writer.said) == set(range(6))
