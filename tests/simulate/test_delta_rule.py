"""Delta-rule memory: C1 to rounding on random schedules, blocks of writes against single ones, derivatives, limits, rates."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from simulate.backend import jax, jnp
from simulate.memories import delta_rule
from simulate.memories.delta_rule import BLOCK, block_rates, block_spectrum, read, room, write
from simulate.system.registry import registry
from tests.benchmarks.delta_rule import rank_one_loop
from theory import annealing, retention
from theory.conservation import depths as numpy_depths
from theory.errors import UserError

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


@pytest.mark.parametrize(("size", "count"), [(1, 5), (5, 1), (20, BLOCK), (20, BLOCK + 1), (50, 5 * BLOCK - 1)])
@pytest.mark.parametrize("common", [0.0, 3.0])
def test_blocks_of_writes_are_writes_one_by_one(size, count, common):
    # common: a shared direction, which makes neighbours nearly parallel; strengths beyond 1 let single depths grow
    rng = np.random.default_rng(size + count)
    u = rng.normal(size=(count, size)) + common
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    eta = rng.uniform(0, 1.2, count)
    np.testing.assert_allclose(retained_depths(jnp.array(u), jnp.array(eta)), rank_one_loop(u, eta), atol=1e-10)
    y, w = rng.normal(size=(count, 3)), np.zeros((size, 3))
    for direction, strength, target in zip(u, eta, y, strict=True):
        w += strength * np.outer(direction, target - direction @ w)
    np.testing.assert_allclose(write(jnp.array(u), jnp.array(y), jnp.array(eta)), w, atol=1e-10)


def test_single_precision_is_good_to_a_ten_thousandth_of_a_depth():
    size, count = 256, 1024
    u = np.abs(np.random.default_rng(0).normal(size=(count, size)))  # with a common mode, the harder case
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    exact = rank_one_loop(u, np.full(count, 0.5))
    found = retained_depths(jnp.array(u, jnp.float32), jnp.full(count, 0.5, jnp.float32))
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, exact, atol=1e-4)


@pytest.mark.parametrize("size", [7, 40])
@pytest.mark.parametrize(("T", "D"), [(1, 1), (4, 5), (5, 4), (20, 1), (1, 20), (2, 45), (3, 33), (1, 100)])
def test_oldest_task_is_the_mean_of_its_facts(size, T, D):
    u = unit(3, 100, size)
    expected = rank_one_loop(u[: T * D], np.full(T * D, 0.3))[:D].mean()
    shorter = rank_one_loop(u[:D], np.full(D, 0.7)).mean()
    found = oldest_task_depth(jnp.array(u), jnp.array([0.3, 0.7]), jnp.array([T, 1]), D)
    np.testing.assert_allclose(found, [expected, shorter], atol=1e-10)


def test_one_compilation_serves_every_T_D_and_eta():
    compiled = jax.jit(lambda *given: delta_rule.oldest_task_depth(*given))  # a cache of its own
    u = jnp.array(unit(0, 64, 9))
    for T, D, eta in ((1, 1, 0.1), (3, 20, 0.9), (64, 1, 1.0)):
        compiled(u, jnp.array([eta]), jnp.array([T]), D)
    assert compiled._cache_size() == 1


def test_sequences_are_drawn_a_little_longer_than_asked_for():
    lengths = [room(M) for M in range(1, 2000)]
    assert all(M <= length < 1.5 * M + 1 for M, length in enumerate(lengths, 1))
    assert len(set(lengths)) <= 23


@settings(max_examples=20)
@given(seed=st.integers(0, 2**31), eta=st.floats(0.05, 1), spread=st.floats(1, 50), blocks=st.integers(1, N))
def test_rates_by_block_are_writes_along_other_directions(seed, eta, spread, blocks):
    """Oblique writes w + eta H u (y - u.w), fact by fact: depths are those of the codes H^1/2 u, and add up as C1 says."""
    u, H = unit(seed), block_rates(N, blocks, spread)
    A, depths = np.eye(N), np.zeros(M)
    for i in reversed(range(M)):
        depths[i] = eta * u[i] @ A @ (H * u[i])
        A = A @ (np.eye(N) - eta * np.outer(H * u[i], u[i]))
    found = retained_depths(jnp.array(u * np.sqrt(H)), jnp.full(M, eta))
    np.testing.assert_allclose(found, depths, atol=1e-10)
    assert depths.sum() == pytest.approx(N - np.trace(A), abs=1e-10)


@pytest.mark.parametrize("spread", [1.0, 4.0, 100.0])
@pytest.mark.parametrize("common", [0.0, 1 / N, 0.6])
def test_rates_by_block_stay_under_the_ceiling_of_one_rate(spread, common):
    spectrum = np.array([common, *[(1 - common) / (N - 1)] * (N - 1)])
    mixed = block_spectrum(spectrum, block_rates(N, 2, spread))
    total = mixed.sum()
    assert total <= 1 + 1e-12
    rank = int((spectrum > 0).sum())
    for T, D in ((1, 3), (4, 2), (30, 5)):
        best = max(retention.task_depth(mixed / total, min(1.0, eta * total), T, D) for eta in np.geomspace(1e-3, 1, 100))
        assert best <= retention.attainable_depth(rank, T, D) * (1 + 1e-12)
        if spread == 1 and common in (0.0, 1 / N) and T * D > N:
            assert best > 0.98 * retention.attainable_depth(rank, T, D)


def test_impossible_blocks_are_told():
    for blocks, spread in ((0, 2.0), (N + 1, 2.0), (2, 0.5)):
        with pytest.raises(UserError, match="blocks"):
            block_rates(N, blocks, spread)


@pytest.mark.parametrize("name", ["delta", "delta_annealed", "delta_blocks"])
def test_systems_keep_what_the_spectral_law_says(name):
    # 64 weights, 32 seeds: the mean over seeds of a task of 8 facts is good to a few percent
    system = registry()[name][2]
    p = {**system.defaults, "N": 64, "D": 8, "a": 0.2, "seeds": 32}
    measure = system.measure(p, 24)
    for T in (2, 12, 24):
        found = measure(T)
        assert found.shape == (32,)
        if name == "delta":
            law = retention.attainable_depth(63, T, 8)
        elif name == "delta_annealed":
            law = annealing.annealed_depth(63, T * 8)
        else:
            mixed = block_spectrum(np.array([0, *[1 / 63] * 63]), block_rates(64, 2, 4.0))
            share = mixed / mixed.sum()
            law = retention.task_depth(share, min(mixed.sum(), retention.best_eta(share, T, 8)), T, 8)
            assert law < 0.95 * retention.attainable_depth(63, T, 8) or T == 2
        assert np.mean(found) == pytest.approx(law, rel=0.08)


def test_orthogonal_facts_keep_all_that_was_written():
    np.testing.assert_allclose(retained_depths(jnp.eye(N), jnp.full(N, 0.7)), 0.7, atol=1e-12)


def test_the_same_direction_again_overwrites():
    u = jnp.array(np.tile(unit(0, 1), (3, 1)))
    np.testing.assert_allclose(retained_depths(u, jnp.full(3, 0.6)), [0.6 * 0.4**2, 0.6 * 0.4, 0.6], atol=1e-12)
