"""Replay: the store is a reservoir, and every step sees the task together with facts of the store."""

from collections import Counter

import numpy as np
import pytest
import torch

from realmodels.writing.methods.binding import bind
from realmodels.writing.methods.replay import reservoir, together
from realmodels.writing.outputs import answer_loss, asked, outputs
from realmodels.writing.stream import stream, write_task


def test_the_reservoir_of_a_beginning_differs_from_the_next_by_at_most_the_new_fact():
    store = reservoir(8, 8)
    assert store == list(range(8))
    for count in range(9, 200):
        later = reservoir(count, 8)
        assert len(set(later)) == 8
        assert set(later) - set(store) <= {count - 1}
        store = later


def test_facts_of_all_ages_are_kept_alike():
    """Over many lengths the share of kept facts in the first half of a stream is a half."""
    halves = [np.mean([fact < count / 2 for fact in reservoir(count, 32)]) for count in range(400, 4000, 40)]
    assert abs(np.mean(halves) - 0.5) < 0.05
    assert Counter(len(reservoir(count, 32)) for count in (0, 5, 32, 900)) == {0: 1, 5: 1, 32: 2}


def test_facts_put_together_are_asked_as_before(any_model, spelled_facts):
    model, facts = any_model("gpt2"), spelled_facts(3, 3)
    parts = [facts.of_task(2), facts[torch.tensor([1])], facts.of_task(0)]
    whole = together(parts)
    assert len(whole) == 7
    assert whole.task.tolist() == [2, 2, 2, 0, 0, 0, 0]
    assert torch.allclose(asked(model, whole).loss, torch.cat([asked(model, part).loss for part in parts]), atol=1e-5)
    assert torch.equal(whole.subject, torch.cat([part.subject for part in parts]))


def test_the_first_task_is_written_as_by_full_finetuning(any_model, spelled_facts, background):
    models = [any_model("llama"), any_model("llama")]
    for model, method in zip(models, ("full", "replay"), strict=True):
        write_task(bind(method, model, background), spelled_facts(1, 3), 1e-3, 2)
    assert all(torch.equal(a, b) for a, b in zip(models[0].parameters(), models[1].parameters(), strict=True))


def test_a_later_step_is_on_the_mean_of_task_and_all_replayed_facts(any_model, spelled_facts, background):
    """With as many facts drawn as the store holds, the batch is known: the task and all earlier facts."""
    model, facts = any_model("gpt2"), spelled_facts(2, 3)
    parameters = list(model.parameters())
    gradients = torch.autograd.grad(answer_loss(outputs(model, facts), facts), parameters)
    expected = [parameter.detach() - 1e-2 * g for parameter, g in zip(parameters, gradients, strict=True)]
    write_task(bind("replay", model, background, n=3, buffer=3), facts.of_task(1), 1e-2, 1, [facts.of_task(0)])
    for parameter, value in zip(parameters, expected, strict=True):
        assert torch.allclose(parameter, value, atol=1e-6)


def test_a_task_depends_on_earlier_facts_only_through_the_store(any_model, spelled_facts, background):
    facts = spelled_facts(5, 3)
    earlier = [facts.of_task(task) for task in range(4)]
    kept, others = reservoir(12, 2), spelled_facts(5, 3, seed=1)
    rows = [(facts if row in kept else others)[torch.tensor([row])] for row in range(12)]
    forged = [together(rows[start : start + 3]) for start in range(0, 12, 3)]
    models = [any_model("gpt2"), any_model("gpt2")]
    for model, before in zip(models, (earlier, forged), strict=True):
        write_task(bind("replay", model, background, n=2, buffer=2), facts.of_task(4), 1e-2, 2, before)
    assert all(torch.equal(a, b) for a, b in zip(models[0].parameters(), models[1].parameters(), strict=True))


@pytest.mark.parametrize(("buffer", "kept"), [(4, 4), (100, 6)])
def test_state_is_the_tokens_of_the_store(any_model, spelled_facts, background, buffer, kept):
    facts, model = spelled_facts(2, 3), any_model("gpt2")
    writer = bind("replay", model, background, buffer=buffer, n=2)
    assert (writer.state_numbers, writer.state_bits) == (0, 0)
    list(stream(writer, facts, 1e-4, 1))
    lengths = [int(facts.last[fact]) + 2 for fact in reservoir(6, buffer)]  # the last token of an answer is not among the tokens
    assert len(lengths) == kept
    assert writer.state_numbers == sum(lengths)
    assert writer.state_bits == int(np.ceil(sum(lengths) * np.log2(400)))
