"""One-shot Hebbian memory: storage against a loop, the estimator on noise of known power, and the law's exponent and level."""

from functools import partial

import numpy as np
import pytest

from simulate.backend import jax, jnp
from simulate.grid import seed_keys
from simulate.memories.hebbian import patterns, power_snr, store, stored_snr

N, OUTPUTS = 64, 64


@partial(jax.jit, static_argnums=1)
def over_seeds(keys, P_max, K, loads):
    return jax.lax.map(lambda key: stored_snr(key, P_max, N, OUTPUTS, K, loads), keys)


def measured(K, loads, seeds=32, P_max=256):
    loads = np.array([*loads, *[2] * (4 - len(loads))])  # one shape, one compilation
    return np.asarray(over_seeds(seed_keys(range(seeds)), P_max, K, jnp.array(loads)))


def test_storage_is_the_sum_of_outer_products_in_any_order():
    x, y = map(np.asarray, patterns(jax.random.key(0), 9, N, 6, 5))
    assert (np.isclose(x, 1 - 6 / N).sum(axis=1) == 6).all()
    looped = np.zeros((N, 5))
    for mu in (3, 1, 4, 0, 5, 2, 6, 8, 7):
        for i in range(N):
            looped[i] += x[mu, i] * y[mu]
    np.testing.assert_allclose(store(jnp.array(x), jnp.array(y)), looped, atol=1e-12)


@pytest.mark.parametrize("true_snr", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("facts", [2, 40])
def test_estimate_is_unbiased_for_gaussian_noise(true_snr, facts):
    rng = np.random.default_rng(int(facts + 100 * true_snr))
    y = rng.choice([-0.5, 0.5], size=(2000, 40, 16))
    h = 3 * y + rng.normal(scale=3 * 0.5 / np.sqrt(true_snr), size=y.shape)
    used = jnp.array((np.arange(40) < facts).astype(float))
    found = np.asarray(jax.vmap(lambda h, y: power_snr(h, y, 0.25, used))(jnp.array(h), jnp.array(y)))
    assert abs(found.mean() - true_snr) < 5 * found.std() / np.sqrt(len(found))


@pytest.mark.parametrize("K", [6, 16, 32])
def test_snr_is_dimensions_over_interferers_at_every_coding_level(K):
    # Fixed-sum codes live in N - 1 dimensions. The noise power of one memory fluctuates, so the mean of its inverse lies above
    # the inverse of its mean by about its relative variance, which is taken from the spread of the estimates themselves.
    ratio = measured(K, (32, 64, 256))[:, :3] * (np.array([32, 64, 256]) - 1) / (N - 1)
    error = ratio.std(axis=0) / np.sqrt(len(ratio))
    assert (np.abs(ratio.mean(axis=0) - 1) < 5 * error + ratio.var(axis=0)).all()


def test_the_exponent_is_minus_one():
    loads = np.array([32, 64, 128, 256])
    log_snr = np.log(measured(16, loads))
    slopes = np.polyfit(np.log(loads - 1), log_snr.T, 1)[0]
    assert abs(slopes.mean() + 1) < 5 * slopes.std() / np.sqrt(len(slopes))


def test_more_facts_share_the_same_first_patterns():
    both, alone = measured(16, (32, 128)), measured(16, (32,))
    np.testing.assert_allclose(both[:, 0], alone[:, 0], rtol=1e-12)
