"""Overwritten cells: decoded on one side of the ceiling and not on the other, and never more bits than survive."""

from functools import partial

import numpy as np
import pytest

from simulate.backend import jax
from simulate.grid import seed_keys
from simulate.memories.bounded_cells import decoding_probability, oldest_task_decoded
from theory import palimpsest

N, B, SEEDS = 384, 3, 40


@partial(jax.jit, static_argnums=0)
def measure(capacity, keys, K, D, T):
    return jax.lax.map(lambda key: oldest_task_decoded(key, N, B, capacity, K, D, T), keys)


def run(a, D, T, capacity=448):
    decoded, survived = measure(capacity, seed_keys(range(SEEDS)), max(1, round(a * N)), D, T)
    return np.asarray(decoded), np.asarray(survived)


@pytest.mark.parametrize("T", [2, 3, 6])
def test_threshold_at_the_ceiling(T):
    # three standard deviations of the surviving cells on either side of the ceiling; at most half of D can be forced far above it
    expected = palimpsest.ceiling(N, B, T) / T
    spread = 3 * B * np.sqrt(expected / B)
    below, _ = run(1 / T, int(expected - spread - 8), T)
    above, _ = run(1 / T, int(expected + spread + 8), T)
    assert (below == 1).all()
    assert (above < 0.5).all()


@pytest.mark.parametrize(("a", "D", "T"), [(0.5, 60, 2), (0.25, 50, 5), (0.1, 30, 9), (1.0, 400, 1), (1.0, 30, 2)])
def test_never_more_bits_than_survive(a, D, T):
    decoded, survived = run(a, D, T)
    assert (decoded * D <= survived + 1e-9).all()
    expected = palimpsest.bits(N, B, T, round(a * N) / N)
    assert abs(survived.mean() - expected) <= 5 * survived.std() / np.sqrt(SEEDS) + 1e-9


def test_what_everyone_overwrites_is_gone():
    decoded, survived = run(1.0, 30, 2)
    assert not decoded.any()
    assert not survived.any()


@pytest.mark.parametrize(("T", "D"), [(3, 160), (3, 170), (3, 180), (6, 65), (6, 75)])
def test_finite_size_step(T, D):
    # Wilson-like tolerance: four binomial standard errors, and the 2^-k chance of an unlucky code when survivors exceed D by k
    whole = np.mean(run(1 / T, D, T)[0] == 1)
    predicted = decoding_probability(N, B, round(N / T), D, T)
    assert abs(whole - predicted) < 4 * np.sqrt(0.25 / SEEDS) + 0.05
