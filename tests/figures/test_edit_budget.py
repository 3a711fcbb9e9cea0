"""Scores of what is said of sequential edits, on streams whose scores are known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from figures.verdicts import edit_budget as scores
from figures.verdicts.predictors import FACTOR

WRITTEN = np.array([1, 2, 4, 8, 12, 18, 24, 36])


def stream(right: np.ndarray, law: np.ndarray | None = None, known: np.ndarray | None = None, seed: int = 0) -> pd.DataFrame:
    """A stream of ROME's edits, 8 facts a task, with these shares at WRITTEN."""
    law = right if law is None else law
    known = np.ones(len(WRITTEN)) if known is None else known
    shares = {"right": right, "right_law": law, "right_constant": law, "known": known, "known_law": known}
    return pd.DataFrame({"editor": "rome", "seed": seed, "written": WRITTEN, "facts": 8 * WRITTEN, **shares})


def exponential(taught: float, time: float) -> np.ndarray:
    """Share right of facts whose retention falls with age as taught * exp(-age / time)."""
    return np.array([(taught * np.exp(-np.arange(written) / time)).mean() for written in WRITTEN])


@given(st.floats(0.5, 1.0), st.integers(0, 60))
def test_an_exponential_retention_is_extrapolated_from_its_beginning(taught, place):
    truth = exponential(taught, scores.LASTING[place])
    assert np.allclose(scores.extrapolated(stream(truth)), truth, atol=1e-9)


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_what_comes_later_is_not_used(later):
    truth = exponential(0.9, 10.0)
    other = np.concatenate([truth[:5], later])
    assert np.array_equal(scores.extrapolated(stream(truth)), scores.extrapolated(stream(other)))


def test_a_stream_that_forgets_nothing_is_said_to_keep_all():
    assert np.allclose(scores.extrapolated(stream(np.full(len(WRITTEN), 0.9))), 0.9)


def test_a_budget_over_another_counts_the_length_for_one_that_is_beyond_and_says_nothing_of_two():
    half = np.where(WRITTEN <= 12, 1.0, 0.25)  # from 1 at 96 facts to .25 at 144: a half lies two thirds of the way
    both = pd.concat([stream(half, np.ones(len(WRITTEN))), stream(np.ones(len(WRITTEN)), seed=1)])
    found = scores.over(both, "rome", 0.5, "law", "measured")
    assert found[0] == pytest.approx(np.log2(288 / 128))
    assert np.isnan(found[1])


def test_errors_are_those_of_the_columns():
    table = pd.concat([stream(exponential(0.9, 10.0), exponential(0.9, 10.0) + 0.1, seed=seed) for seed in (0, 1)])
    found = scores.errors(table, "rome")
    assert found["law"].tolist() == pytest.approx([0.1, 0.1])
    assert found["others"].tolist() == pytest.approx([0.0, 0.0])
    kept = np.sqrt(((1.0 - exponential(0.9, 10.0)) ** 2).mean())
    assert found["kept"].tolist() == pytest.approx([kept, kept])


@pytest.mark.parametrize(("factor", "word"), [(1.2, "supported"), (2.0, "refuted")])
def test_both_sides_of_the_factor(factor, word):
    """Retention that lasts `factor` as long by the law: the budget at a half scales with it, where it is far from the ends."""
    assert factor < FACTOR or word == "refuted"
    parts = [
        stream(1 / (1 + WRITTEN / time), 1 / (1 + WRITTEN / (factor * time)), seed=seed) for seed, time in enumerate((5, 5.5, 6))
    ]
    assert scores._within("law", "measured", 0.5, 1)(pd.concat(parts)).verdict == word


def test_streams_that_lose_nothing_leave_the_order_open():
    whole = np.ones(len(WRITTEN))
    table = pd.concat([stream(whole, seed=seed) for seed in range(3)])
    assert scores._first(table).measured == 0
