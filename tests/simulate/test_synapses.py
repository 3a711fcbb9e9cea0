"""Synapses: switching and chains against plain loops, exact curves, the correlation by FFT, the unbiased square."""

import numpy as np
import pytest

from simulate.backend import jax, jnp
from simulate.experiments.synapses import bins
from simulate.memories import binary_synapse, chain, markov_synapse
from simulate.memories.markov_synapse import arrays, coins, covariances, signal_to_noise, switched
from theory.chain import geometric as modes
from theory.chain import kernel, kernel_power
from theory.envelope import binary, by_age, cascade, serial
from theory.errors import UserError

KEY = jax.random.key(3)
L, n, AGES, GROUPS = 3000, 120, 12, 8
switched_jit = jax.jit(switched, static_argnums=(4, 5))
written_jit = jax.jit(chain.written, static_argnums=(5, 6))


def test_coins_are_fair_uniform_and_independent():
    b, x = map(np.asarray, coins(KEY, 500, 200))
    assert set(np.unique(b)) == {-1.0, 1.0}
    assert abs(b.mean()) < 5 / np.sqrt(b.size)
    assert 0 <= x.min() < x.max() < 1
    assert abs(x.mean() - 0.5) < 5 / np.sqrt(12 * x.size)
    assert abs(np.mean(b * x)) < 5 / np.sqrt(3 * x.size)


def test_correlation_is_the_double_loop():
    rng = np.random.default_rng(0)
    b, w = rng.choice([-1.0, 1.0], (20, 3)), rng.normal(size=(20, 3))
    found, variance = covariances((jnp.asarray(b), jnp.asarray(w)), 7)
    for age in range(7):
        products = [b[t, i] * w[t + age, i] for t in range(20 - age) for i in range(3)]
        assert float(found[age]) == pytest.approx(np.mean(products), abs=1e-12)
    assert float(variance) == pytest.approx(np.mean(w**2))


def test_switching_is_a_walk_by_the_rows_of_the_matrices():
    """The bits and numbers of the stream, walked again one synapse at a time."""
    model = serial(5, 0.3)
    steps, weights, start = arrays(model, states=8)
    b, w = map(np.asarray, switched_jit(KEY, steps, weights, start, 60, 4))
    state_key, event_key = jax.random.split(KEY)
    moves = np.asarray(coins(event_key, 60, 4)[1])
    first = np.asarray(jax.random.uniform(state_key, (4, 1)))[:, 0]
    for i in range(4):
        state = int(np.searchsorted(np.cumsum(model.equilibrium), first[i], side="right"))
        for t in range(60):
            row = (model.up if b[t, i] > 0 else model.down)[state]
            state = int(np.searchsorted(np.cumsum(row), moves[t, i], side="right"))
            assert w[t, i] == pytest.approx(model.weights[state], abs=1e-12)


def found_snr(stream_of, ages=AGES):
    streams = [covariances(stream_of(key), ages) for key in jax.random.split(KEY, GROUPS)]
    covariance, variance = (jnp.stack(part) for part in zip(*streams, strict=True))
    return covariance, variance, signal_to_noise(covariance, variance, 1.0)


@pytest.mark.parametrize("model", [binary(0.2), serial(8, 0.5), cascade(4)])
def test_snr_of_finite_states_is_that_of_their_matrices(model):
    packed = arrays(model, 8)
    covariance, variance, (snr, _) = found_snr(lambda key: switched_jit(key, *packed, L, n))
    error = np.asarray(jnp.std(covariance, axis=0, ddof=1)) / np.sqrt(GROUPS * float(jnp.mean(variance)))
    assert (np.abs(np.asarray(snr) - by_age(model, AGES)) < 8 * error + 1e-3).all()  # 8: errors are themselves from 8 groups


@pytest.mark.parametrize("count", [1, 2, 5])
def test_relaxation_has_the_modes_of_the_theory(count):
    relax = chain.geometric(count)
    powers = [np.linalg.matrix_power(relax, age)[0, 0] for age in range(40)]
    np.testing.assert_allclose(powers, kernel(modes(count), np.arange(40)), atol=1e-12)
    assert chain.spread(relax)[0, 0] == pytest.approx(kernel_power(modes(count)), rel=1e-9)


def test_a_chain_is_a_loop_over_its_beakers():
    relax, start = jnp.asarray(chain.geometric(3)), jnp.asarray(chain.spread(chain.geometric(3)))
    b, w = map(np.asarray, written_jit(KEY, relax, start, 0.0, jnp.inf, 30, 2))
    start_key, _ = jax.random.split(KEY)
    u = np.linalg.cholesky(np.asarray(start)) @ np.asarray(jax.random.normal(start_key, (3, 2)))
    flow = np.linalg.matrix_power(np.eye(3) + _flow(3) / 2**14, 2**14)  # Euler steps of 1/16384
    for t in range(30):
        u = flow @ u
        u[0] += b[t]
        np.testing.assert_allclose(w[t], u[0], atol=2e-3)


def _flow(count):
    C = 2.0 ** np.arange(count)
    g = 0.125 / C
    flow = np.zeros((count, count))
    for k in range(count):
        flow[k, k] = -(g[k] + (g[k - 1] if k else 0)) / C[k]
        if k + 1 < count:
            flow[k, k + 1], flow[k + 1, k] = g[k] / C[k], g[k] / C[k + 1]
    return flow


def test_rounding_keeps_the_mean_and_the_kernel_and_clipping_the_bound():
    relax = chain.geometric(3)
    start = jnp.asarray(chain.spread(relax))
    rounded = lambda key: written_jit(key, jnp.asarray(relax), start, 1.0, jnp.inf, L, n)  # noqa: E731
    covariance, variance, _ = found_snr(rounded)
    law = kernel(modes(3), np.arange(AGES))
    error = np.asarray(jnp.std(covariance, axis=0, ddof=1)) / np.sqrt(GROUPS)
    assert (np.abs(np.asarray(jnp.mean(covariance, axis=0)) - law) < 8 * error).all()
    assert 1.0 < float(jnp.mean(variance)) / kernel_power(modes(3)) < 1.25 + 0.01
    w = np.asarray(written_jit(KEY, jnp.asarray(relax), start, 1.0, 3.0, L, n)[1])
    assert set(np.unique(w)) <= set(np.arange(-3.0, 4.0))


def test_the_square_of_groups_is_not_raised_by_chance():
    rng = np.random.default_rng(1)
    covariance = jnp.asarray(rng.normal(0.3, 1.0, (4, 40_000)))
    snr, square = signal_to_noise(covariance, jnp.full(4, 2.0), 10)
    assert abs(float(jnp.mean(square)) - 10 * 0.09 / 2) < 5 * float(jnp.std(square)) / 200
    assert float(jnp.mean(snr**2)) > 10 * (0.09 + 0.2) / 2  # the plain square is: by the variance 1/4 of the mean of four


def test_bins_cover_every_age_once():
    edges = bins(1024)
    assert edges[0] == 0
    assert edges[-1] == 1024
    assert (np.diff(edges) > 0).all()


def test_two_states_hold_root_n_over_e_events():
    p = {"N": 400, "D": 1, "switch": None, "required": 1.0, "seeds": 4}
    ceiling = binary_synapse.SYSTEMS[0].ceiling(p)
    assert ceiling == pytest.approx(1 + 20 / np.e)
    depth = binary_synapse.SYSTEMS[0].measure(p, 12)
    for T in (2, 12):
        exact = 400 * (1 / T) ** 2 * (1 - 1 / T) ** (2 * (T - 1))
        found = depth(T)
        assert abs(found.mean() - exact) < 5 * 2 * np.sqrt(exact / markov_synapse.EVENTS / len(found)) + 0.01
    assert depth(4).mean() > 1 > depth(12).mean()


def test_impossible_synapses_are_refused():
    with pytest.raises(UserError, match="at least 4"):
        binary_synapse.SYSTEMS[0].measure({"N": 3, "D": 1, "switch": None, "seeds": 2}, 2)
    with pytest.raises(UserError, match="at least 1"):
        chain.SYSTEMS[0].measure({"N": 8, "D": 1, "beakers": 0, "seeds": 2}, 2)
