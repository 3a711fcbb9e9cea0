"""Filling a matrix from few of its entries, against matrices whose form is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realmodels.writing.completion import completed


def drawn(seed: int, share: float) -> tuple[np.random.Generator, np.ndarray]:
    rng = np.random.default_rng(seed)
    observed = rng.random((12, 15)) < share
    observed[0, 0] = True
    return rng, observed


@given(st.integers(0, 10**6))
def test_an_additive_matrix_is_found_again(seed):
    rng, observed = drawn(seed, 0.7)
    values = rng.normal(size=12)[:, None] + rng.normal(size=15)
    found = completed(np.where(observed, values, np.nan), observed, 0, 1e-6)
    seen = observed.any(1)[:, None] & observed.any(0)
    assert np.abs(found - values)[seen].max() < 0.05


def test_a_product_is_found_by_rank_one_and_not_by_the_additive_form():
    rng, observed = drawn(3, 0.7)
    u, v = rng.choice([-1.0, 1.0], 12), rng.choice([-1.0, 1.0], 15)
    values = np.outer(u - u.mean(), v - v.mean())
    errors = [np.sqrt(((completed(values, observed, rank, 0.01) - values)[~observed] ** 2).mean()) for rank in (0, 1)]
    assert errors[1] < 0.1 * errors[0]


@given(st.integers(0, 10**6), st.sampled_from([0, 1]))
def test_with_an_infinite_ridge_it_is_the_mean_of_what_was_observed(seed, rank):
    rng, observed = drawn(seed, 0.3)
    values = rng.normal(size=observed.shape)
    assert completed(values, observed, rank, np.inf) == pytest.approx(values[observed].mean())


@given(st.integers(0, 10**6), st.sampled_from([0, 1]))
def test_entries_that_are_not_observed_are_not_read(seed, rank):
    rng, observed = drawn(seed, 0.3)
    values = rng.normal(size=observed.shape)
    hidden = np.where(observed, values, np.nan)
    assert np.array_equal(completed(values, observed, rank, 1.0), completed(hidden, observed, rank, 1.0))


def test_nothing_observed_is_refused():
    with pytest.raises(ValueError, match="no entry"):
        completed(np.zeros((2, 2)), np.zeros((2, 2), dtype=bool), 0, 1.0)
