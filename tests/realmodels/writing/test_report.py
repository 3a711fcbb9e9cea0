"""Budgets from curves whose answer is known, and a report of a toy model: its parts are the answers that exist apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import realmodels
from realmodels.writing.report import budget
from theory.errors import UserError

CITIES = ("Lima", "Oslo", "Rome", "Bern", "Cairo", "Delhi", "Quito", "Sofia")
FACTS = [(f"The capital {city} lies in", ("Peru", "Italy", "India")[n % 3]) for n, city in enumerate(CITIES)]


@pytest.mark.parametrize(
    ("kept", "threshold", "found"),
    [
        ([4, 8, 12], 0.9, None),  # nothing is forgotten: all lengths hold
        ([4, 7, 12], 0.9, 4),  # a length that fails ends it, whatever comes after
        ([3, 8, 12], 0.9, 0),
        ([4, 7, 5], 0.5, 8),
        ([4, float("nan"), 12], 0.5, 4),  # what diverged is not held
    ],
)
def test_a_budget_is_the_length_before_the_first_that_fails(kept, threshold, found):
    assert budget([4, 8, 12], kept, threshold) == found


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9), st.floats(0.05, 0.95))
def test_a_higher_threshold_never_has_a_larger_budget(shares, threshold):
    written = list(range(1, len(shares) + 1))
    kept = [n * share for n, share in zip(written, shares, strict=True)]
    low, high = (budget(written, kept, t) for t in (threshold, threshold + 0.05))
    assert low is None or (high is not None and high <= low)


def test_a_report_joins_the_answers_that_exist_apart(toys):
    model = toys("llama")
    found = realmodels.report(model, FACTS, "last_matrix", 0.1, steps=2, facts_per_task=2)
    alone = realmodels.forecast(model, FACTS, "last_matrix", 0.1, steps=2, facts_per_task=2)
    assert found.forecast.to_dict() == alone.to_dict()
    assert found.capacity.tasks == found.forecast.tasks == 4
    assert set(found.budgets["method"]) <= set(found.capacity.table["method"])
    assert found.budgets["kept"].is_monotonic_decreasing
    assert found.advice is not None
    assert len(found.sentences) == 3
    assert found.asked in set(found.budgets["method"]), "the method that was asked for has a budget too"
    assert found.layers["interference"].sum() == pytest.approx(1)


def test_files_without_tasks_have_the_same_tasks_in_all_answers(toys):
    found = realmodels.report(toys("gpt2"), FACTS[:4], "last_matrix", 0.1, steps=2)
    assert found.forecast.tasks == found.capacity.tasks == 4
    assert any("1 to a task" in note for note in found.notes)
    assert found.advice is None
    assert "too few" in found.sentences[-1]


@pytest.mark.parametrize("what", ["known", "background"])
def test_too_few_facts_that_a_user_gave_are_refused_before_the_work(toys, what):
    with pytest.raises(UserError, match=f"2 facts in {what}: too few"):
        realmodels.report(toys("llama"), FACTS, "last_matrix", 0.1, steps=2, say=pytest.fail, **{what: FACTS[:2]})


def test_a_model_without_a_last_feed_forward_matrix_has_a_report_too(toys, monkeypatch):
    from realmodels.writing import capacity

    def none(*args: object) -> None:
        raise UserError("no feed-forward output")

    monkeypatch.setattr(capacity, "answer_keys", none)
    found = realmodels.report(toys("llama"), FACTS, "last_matrix", 0.1, steps=2, facts_per_task=2)
    assert found.capacity.not_finite == ["key_cosine"]
    assert found.capacity.to_dict()["key_cosine"] is None
