"""Orthogonal gradient descent: what is stored, against QR of Jacobians, and that earlier logits stay to first order."""

import numpy as np
import pytest
import torch

from realmodels.model import matrices
from realmodels.model.reading import logits_at
from realmodels.writing.methods.binding import bind
from realmodels.writing.methods.replay import together
from realmodels.writing.outputs import answer_loss, outputs
from realmodels.writing.stream import stream, write_task


def answer_logits(model, facts) -> torch.Tensor:
    """The logit of every token of the answers, given the tokens before it."""
    return logits_at(model, facts.tokens, facts.row, facts.place)[torch.arange(len(facts.row)), facts.answer_tokens]


def rows(writer, scalars) -> np.ndarray:
    """The gradient of each of these numbers in all that is written, one per row."""
    found = []
    for scalar in scalars:
        parts = torch.autograd.grad(scalar, list(writer.parameters.values()), retain_graph=True, allow_unused=True)
        pairs = zip(parts, writer.parameters.values(), strict=True)
        found.append(torch.cat([(torch.zeros_like(p) if g is None else g).flatten() for g, p in pairs]).double().numpy())
    return np.stack(found)


def values(writer) -> np.ndarray:
    return torch.cat([p.detach().flatten() for p in writer.parameters.values()]).double().numpy()


@pytest.mark.parametrize(("kind", "where"), [("gpt2", "last"), ("dense", "1-2.feedforward"), ("llama", "")])
def test_an_update_is_the_gradient_off_the_span_of_all_logits_just_after_their_writes(
    any_model, spelled_facts, background, kind, where
):
    model, facts = any_model(kind), spelled_facts(3, 2)
    tasks = [facts.of_task(task) for task in range(3)]
    writer, known = bind("ogd", model, background, where=where), []
    for count, task in enumerate(tasks):
        (g,) = rows(writer, [answer_loss(outputs(model, task), task)])
        before = values(writer)
        write_task(writer, task, 3e-3, 1, tasks[:count])
        if known:
            q = np.linalg.qr(np.concatenate(known).T)[0]
            g = g - q @ (q.T @ g)
        change = before - values(writer)
        assert np.linalg.norm(change - 3e-3 * g) < 1e-3 * np.linalg.norm(change)
        known.append(rows(writer, answer_logits(model, task)))
    stored = writer.stored.double().numpy()
    assert len(stored) == len(facts.row)  # one per token of the answers
    assert np.abs(stored @ stored.T - np.eye(len(stored))).max() < 1e-5
    q = np.linalg.qr(np.concatenate(known).T)[0]
    assert np.abs(q.T @ stored.T @ stored @ q - np.eye(len(stored))).max() < 1e-4  # the same span


@pytest.mark.parametrize(("where", "largest"), [("last", 4e-4), ("", 2e-5)])
def test_earlier_logits_change_only_to_second_order(random_model, random_facts, background, where, largest):
    """Half the learning rate: a quarter of the change, where plain writing leaves half."""
    facts = random_facts(2, 3)
    tasks = [facts.of_task(task) for task in range(2)]
    plain = ("full", {}) if where == "" else ("last_matrix", {})
    changes: dict[str, list[float]] = {}
    for method, options in (("ogd", {"where": where}), plain):
        for rate in (largest, largest / 2):
            model = random_model("dense").double()
            writer = bind(method, model, background, **options)
            write_task(writer, tasks[0], 1e-3, 2)
            before = answer_logits(model, tasks[0]).detach()
            write_task(writer, tasks[1], rate, 1, tasks[:1])
            changes.setdefault(method, []).append(float((answer_logits(model, tasks[0]).detach() - before).norm()))
    assert changes["ogd"][0] / changes["ogd"][1] == pytest.approx(4, rel=0.05)
    assert changes[plain[0]][0] / changes[plain[0]][1] == pytest.approx(2, rel=0.05)
    assert changes["ogd"][0] < 0.1 * changes[plain[0]][0]


def test_every_token_of_an_answer_is_protected(any_model, spelled_facts, background):
    """Answers here have one to three tokens."""
    facts = spelled_facts(2, 4)
    assert len(facts.row) > len(facts)
    tasks = [facts.of_task(task) for task in range(2)]
    changes = []
    for method in ("ogd", "last_matrix"):
        model = any_model("gpt2")
        writer = bind(method, model, background)
        write_task(writer, tasks[0], 0.03, 3)
        before = answer_logits(model, tasks[0]).detach()
        write_task(writer, tasks[1], 0.003, 1, tasks[:1])
        changes.append((answer_logits(model, tasks[0]).detach() - before).abs())
    assert (changes[0] < 0.05 * changes[1].max()).all()


def test_nothing_is_stored_beyond_most_and_what_is_stored_stays(any_model, spelled_facts, background):
    facts, stored = spelled_facts(3, 2), {}
    for most in (1, 4, 512):
        writer = bind("ogd", any_model("gpt2"), background, most=most)
        list(stream(writer, facts, 1e-2, 2))
        stored[most] = writer.stored
        assert len(writer.stored) == min(most, len(facts.row))
        assert (writer.state_numbers, writer.state_bits) == (writer.stored.numel(), 32 * writer.stored.numel())
    first = facts.of_task(0)
    assert torch.equal(stored[4][: len(first.row)], stored[512][: len(first.row)])
    assert torch.equal(stored[1][0], stored[512][0])


def test_a_gradient_in_the_span_of_the_stored_ones_brings_no_vector(any_model, spelled_facts, background):
    facts = spelled_facts(1, 3)
    writer = bind("ogd", any_model("dense"), background)
    write_task(writer, together([facts, facts[torch.tensor([1])]]), 1e-2, 2)
    assert len(writer.stored) == len(facts.row)


def unaligned(tensor: torch.Tensor) -> torch.Tensor:
    """The same numbers at an address as a file may give them."""
    moved = torch.empty(tensor.numel() + 1, dtype=tensor.dtype)[1:].view_as(tensor)
    return moved.copy_(tensor)


@pytest.mark.parametrize("where", ["last", ""])
def test_a_stream_goes_on_to_the_same_bits_wherever_its_state_lies_in_memory(any_model, spelled_facts, background, where):
    facts, ends = spelled_facts(3, 2), []
    for move in (torch.clone, unaligned):
        model = any_model("gpt2")
        writer = bind("ogd", model, background, where=where)
        running = stream(writer, facts, 1e-3, 2)
        for _ in range(3):
            next(running)
        writer.restore({name: move(tensor) for name, tensor in writer.state().items()})
        list(running)
        ends.append(torch.cat([p.detach().flatten() for p in model.parameters()]))
    assert torch.equal(*ends)


@pytest.mark.parametrize("where", ["last", "1", ""])
def test_the_first_task_is_written_as_by_the_plain_method_to_the_bit(any_model, spelled_facts, background, where):
    models = [any_model("llama"), any_model("llama")]
    options = {"where": matrices.one(models[0], "last").name if where == "last" else where}
    write_task(bind("ogd", models[0], background, where=where), spelled_facts(1, 3), 0.01, 3)
    write_task(bind("full", models[1], background, **options), spelled_facts(1, 3), 0.01, 3)
    assert all(torch.equal(a, b) for a, b in zip(models[0].parameters(), models[1].parameters(), strict=True))


def test_writes_are_not_forecast_and_by_default_one_matrix_is_written(any_model, background):
    writer = bind("ogd", any_model("dense"), background)
    assert not writer.forecastable
    assert list(writer.parameters) == ["blocks.2.feedforward.output.weight"]
    assert len(bind("ogd", any_model("dense"), background, where="all").parameters) == len(matrices.matrices(any_model("dense")))
