"""A block of delta-rule writes is its writes one by one, whichever way its triangular system is solved."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulate.backend import jnp
from simulate.delta_blocks import inverse_by_halves, multiplied_out, overlaps, solvers, substituted, write

N, K = 6, 3


def one_by_one(weights, codes, targets, etas):
    weights = np.array(weights)
    for code, target, eta in zip(codes, targets, etas, strict=True):
        weights += eta * np.outer(code, target - code @ weights)
    return weights


def block(seed, size):
    """Weights, codes (of any length, some twice), targets, and strengths (some of them 0) of one block."""
    rng = np.random.default_rng(seed)
    codes = rng.normal(size=(size, N))[rng.integers(0, size, size)] * 0.6
    return rng.normal(size=(N, K)), codes, rng.normal(size=(size, K)), rng.choice([0, 0.3, 1.0], size)


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 2, 4, 8, 16]), st.sampled_from([substituted, multiplied_out]))
def test_a_block_is_its_writes_one_by_one(seed, size, solve):
    weights, codes, targets, etas = block(seed, size)
    after = write(*map(jnp.array, (weights, codes, targets, etas)), solve)
    expected = one_by_one(weights, codes, targets, etas)
    np.testing.assert_allclose(after, expected, atol=1e-11 * (1 + np.abs(expected).max()) * 10**3)


@pytest.mark.parametrize("size", [1, 3, 4, 8, 32])
def test_the_solvers_of_many_blocks_write_each_of_them(size):
    blocks = [block(seed, size) for seed in range(4)]
    codes, etas = (np.array([each[i] for each in blocks]) for i in (1, 3))
    S = np.asarray(solvers(overlaps(jnp.array(codes)), jnp.array(etas)))
    for solver, (weights, u, targets, strengths) in zip(S, blocks, strict=True):
        expected = one_by_one(weights, u, targets, strengths)
        np.testing.assert_allclose(weights + u.T @ solver @ (targets - u @ weights), expected, rtol=1e-6, atol=1e-9)
        product = np.eye(N)
        for code, eta in zip(u, strengths, strict=True):
            product = product - eta * np.outer(code, code @ product)
        np.testing.assert_allclose(np.eye(N) - u.T @ solver @ u, product, rtol=1e-6, atol=1e-9)


def test_the_inverse_by_halves_is_the_inverse():
    feedback = np.tril(np.random.default_rng(0).normal(size=(5, 12, 12)), -1)
    inverse = np.asarray(inverse_by_halves(jnp.array(feedback)))
    np.testing.assert_allclose(inverse @ (np.eye(12) + feedback), np.broadcast_to(np.eye(12), feedback.shape), atol=1e-9)
