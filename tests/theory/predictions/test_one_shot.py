"""The law of small one-shot stores, against stores of the same rule filled one by one and against its own limit."""

import numpy as np
import pytest

from simulate.memories.two_stores import cells_per_unit, numbers_per_label
from theory.predictions.one_shot import chance_held, facts_held, group_error


def stored(seed: int, inputs: int, facts: int, groups: int, cells: int) -> float:
    """Share of groups that a covariance store reads wrongly, in numpy."""
    rng = np.random.default_rng(seed)
    cues = rng.standard_normal((facts, inputs))
    cues /= np.linalg.norm(cues, axis=1, keepdims=True)
    word = rng.integers(0, cells, (facts, groups))
    read = np.einsum("pq,qgc->pgc", cues @ cues.T, np.eye(cells)[word])
    return float(np.mean(read.argmax(axis=2) != word))


@pytest.mark.parametrize(("inputs", "facts", "k"), [(12, 14, 4), (48, 60, 4), (24, 12, 2)])
def test_groups_go_wrong_as_often_as_in_a_store(inputs, facts, k):
    found = [stored(seed, inputs, facts, 16, 2**k) for seed in range(150)]
    assert np.mean(found) == pytest.approx(group_error(inputs, facts, k), rel=0.12)


def test_one_fact_is_never_wrong_and_more_facts_are_worse():
    assert group_error(10, 1, 4) == 0
    errors = [group_error(20, facts, 4) for facts in (5, 10, 20, 40)]
    assert errors == sorted(errors)
    assert chance_held(20, 5, 4, 1, 16, 0.01) > chance_held(20, 30, 4, 1, 16, 0.01)


def test_a_small_sparse_store_falls_short_of_its_law_and_a_large_one_meets_it():
    law = 1 / numbers_per_label(4, 0.01)
    small, large = (facts_held(round(N / cells_per_unit(4)), 4, 1, 16, 0.01) / N / law for N in (32, 640))
    assert small < 0.75
    assert 0.9 < large < 1
