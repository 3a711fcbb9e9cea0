"""The law of edits: its moments, its limits, and edits of a toy model that are made for real."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from realmodels.writing.edit_budget import EditLaw, change, edit_law, later, moved, tasks
from realmodels.writing.methods.binding import bind
from realmodels.writing.outputs import asked
from realmodels.writing.question import Question, Setting
from realmodels.writing.stream import stream
from theory.errors import UserError

CITIES = ("Lima", "Oslo", "Rome", "Bern", "Cairo", "Delhi", "Quito", "Sofia", "Kabul", "Hanoi", "Dakar", "Riga")
FACTS = [(f"The capital {city} lies in", ("Peru", "Italy", "India")[n % 3]) for n, city in enumerate(CITIES)]


def editor(toys, method="memit"):
    loaded = toys("llama")
    question = Question(loaded, FACTS, Setting(facts_per_task=3))
    return bind(method, loaded.copy(), question.background), question.facts


def test_draws_have_the_moments_of_the_changes():
    random = torch.Generator().manual_seed(0)
    made = torch.randn(200, 3, generator=random, dtype=torch.float64) * torch.tensor([1.0, 2.0, 0.5]) + torch.tensor([1.0, 0, 0])
    draws = torch.stack([later(made, 9.0, random) for _ in range(4000)])
    spread = 9 * made.var(0)
    assert torch.allclose(draws.var(0), spread, rtol=5 * (2 / 4000) ** 0.5)
    error = 5 * (spread / 4000).sqrt() + 9 * 5 * made.std(0) / 200**0.5
    assert bool(((draws.mean(0) - torch.tensor([9.0, 0, 0])).abs() <= error).all())


def test_a_mean_by_chance_is_taken_out_and_one_that_is_there_is_not():
    random = torch.Generator().manual_seed(0)
    zero = torch.zeros(2, dtype=torch.float64)
    opposite = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)  # less alike than by chance
    alike = torch.ones(3, 2, dtype=torch.float64)
    drawn = torch.stack([later(opposite, 4.0, random) for _ in range(2000)]).mean(0)
    assert torch.allclose(drawn, zero, atol=5 * (4 / 2000) ** 0.5)
    assert torch.allclose(later(alike, 4.0, random), 4 * alike[0])


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3), st.integers(1, 30))
def test_edits_of_one_size_count_as_they_are(right, T):
    law = EditLaw((0, 2, 8), tuple(sorted(right, reverse=True)), (1, 1, 1))
    assert np.allclose(law.counted(T), np.arange(T + 1))
    ages = np.interp(np.arange(T), law.counts, law.right)
    assert np.allclose(law.shares(T), np.cumsum(ages) / np.arange(1, T + 1))
    assert (np.diff(law.shares(T)) <= 1e-12).all()


@given(st.floats(0.05, 0.95), st.integers(2, 30))
def test_smaller_later_edits_disturb_less(ratio, T):
    shrinking, constant = (EditLaw((0, 4, 40), (1, 0.5, 0), (1, r, r)) for r in (ratio, 1.0))
    assert (shrinking.shares(T) >= constant.shares(T) - 1e-12).all()
    assert shrinking.counted(T)[-1] < T


@pytest.mark.parametrize("method", ["rome", "memit"])
def test_right_after_nothing_is_what_the_editor_teaches_and_the_model_is_as_before(toys, method):
    writer, facts = editor(toys, method)
    before = {name: p.clone() for name, p in writer.model.named_parameters()}
    law = edit_law(writer, facts, 0.5, 8, (0, 1, 64), draws=1)
    assert all(torch.equal(p, before[name]) for name, p in writer.model.named_parameters())
    taught = []
    for task in tasks(facts):
        again, _ = editor(toys, method)
        list(stream(again, task, 0.5, 8))
        taught.append(float(asked(again.model, task).exact.mean()))
    assert law.right[0] == pytest.approx(np.mean(taught))
    assert law.ratio[0] == 1
    assert law == edit_law(writer, facts, 0.5, 8, (0, 1, 64), draws=1), "the same seed gives the same law"


def test_a_change_is_that_of_the_first_task_of_a_stream(toys):
    writer, facts = editor(toys)
    found = change(writer, tasks(facts)[0], 0.5, 8)
    weight = writer.matrix.parameter(writer.model)
    start = weight.detach().double()
    next(run := stream(writer, facts, 0.5, 8))
    next(run)
    assert torch.equal(weight.detach().double() - start, found)


@pytest.mark.parametrize("method", ["rome", "memit"])
def test_an_edit_moves_the_outputs_at_its_keys_by_what_they_lack(toys, method):
    """One fact in a task: the formulas give its key the value that was sought, MEMIT's up to its weight of text."""
    writer, facts = editor(toys, method)
    one = facts[:1]
    keys, lacking = writer.sought(one, 0.5, 8, "")
    found = change(writer, one, 0.5, 8)
    asked_for = float(lacking.square().sum())
    share = float((keys[:, 0] @ found.T if not writer.matrix.transposed else keys[:, 0] @ found).square().sum()) / asked_for
    assert moved(writer, one, found) == pytest.approx(share * asked_for)
    assert moved(writer, one, 2 * found) == pytest.approx(4 * moved(writer, one, found))
    assert share == pytest.approx(1, abs=1e-4) if method == "rome" else 0 < share < 1


@pytest.mark.parametrize("method", ["rls", "alphaedit"])
def test_editors_that_remember_are_refused(toys, method):
    writer, facts = editor(toys, method)
    with pytest.raises(UserError, match="remembers earlier edits"):
        edit_law(writer, facts, 0.5, 2, (0, 1))


@pytest.mark.parametrize(
    ("few", "counts", "told"), [(True, (0, 1), "give 3 at least"), (False, (1, 2), "begin with 0"), (False, (0, 0), "rise")]
)
def test_what_cannot_be_computed_is_refused(toys, few, counts, told):
    writer, facts = editor(toys)
    with pytest.raises(UserError, match=told):
        edit_law(writer, facts[:6] if few else facts, 0.5, 2, counts)
