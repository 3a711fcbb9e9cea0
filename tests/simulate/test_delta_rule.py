"""Delta-rule memory: C1 to rounding on random schedules, against derivatives of a memory that really writes, and in limits."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from simulate.backend import jax, jnp
from simulate.memories import delta_rule
from simulate.memories.delta_rule import read, write
from theory.conservation import depths as numpy_depths

N, M = 7, 20
retained_depths, trace_depth, oldest_task_depth = map(
    jax.jit, (delta_rule.retained_depths, delta_rule.trace_depth, delta_rule.oldest_task_depth)
)


@jax.jit
def slopes(u, targets, etas):
    """d(readout of i)/d(target of i) of a memory that really writes."""
    jacobian = jax.jacfwd(lambda y: read(u, write(u, y, etas)))(targets)
    return jnp.diag(jacobian)


def unit(seed, count=M, size=N):
    u = np.random.default_rng(seed).normal(size=(count, size))
    return u / np.linalg.norm(u, axis=1, keepdims=True)


schedules = st.lists(st.floats(0, 2), min_size=M, max_size=M)


@settings(max_examples=50)
@given(seed=st.integers(0, 2**31), etas=schedules)
def test_total_depth_is_what_the_trace_loses(seed, etas):
    u, eta = jnp.array(unit(seed)), jnp.array(etas)
    assert float(jnp.sum(retained_depths(u, eta))) == pytest.approx(float(trace_depth(u, eta)), abs=1e-10)


@settings(max_examples=20)
@given(seed=st.integers(0, 2**31), etas=schedules)
def test_depth_is_the_derivative_of_a_readout_by_its_target(seed, etas):
    u, eta = jnp.array(unit(seed)), jnp.array(etas)
    y = jnp.array(np.random.default_rng(seed + 1).normal(size=M))
    np.testing.assert_allclose(retained_depths(u, eta), slopes(u, y, eta), atol=1e-10)


@settings(max_examples=20)
@given(seed=st.integers(0, 2**31), eta=st.floats(0.01, 1))
def test_agrees_with_the_numpy_implementation(seed, eta):
    u = unit(seed)
    np.testing.assert_allclose(retained_depths(jnp.array(u), jnp.full(M, eta)), numpy_depths(u, eta), atol=1e-12)


def test_padding_changes_nothing():
    u, eta = unit(0), np.full(M, 0.4)
    padded = retained_depths(jnp.array(np.vstack([u, unit(1, 5)])), jnp.array(np.append(eta, np.zeros(5))))
    np.testing.assert_allclose(padded[:M], retained_depths(jnp.array(u), jnp.array(eta)), atol=1e-14)
    assert not padded[M:].any()


@pytest.mark.parametrize(("T", "D"), [(1, 1), (4, 5), (5, 4), (20, 1), (1, 20)])
def test_oldest_task_is_the_mean_of_its_facts(T, D):
    u = jnp.array(unit(3, 30))
    expected = jnp.mean(retained_depths(u[: T * D], jnp.full(T * D, 0.3))[:D])
    assert float(oldest_task_depth(u, 0.3, T, D)) == pytest.approx(float(expected), abs=1e-12)


def test_orthogonal_facts_keep_all_that_was_written():
    np.testing.assert_allclose(retained_depths(jnp.eye(N), jnp.full(N, 0.7)), 0.7, atol=1e-12)


def test_the_same_direction_again_overwrites():
    u = jnp.array(np.tile(unit(0, 1), (3, 1)))
    np.testing.assert_allclose(retained_depths(u, jnp.full(3, 0.6)), [0.6 * 0.4**2, 0.6 * 0.4, 0.6], atol=1e-12)
