"""One rate or two stores: the steady error and the depth against theory and against a plain NumPy memory."""

import numpy as np
import pytest

from simulate.backend import jax
from simulate.grid import seed_keys
from simulate.memories.lms import HOLD, predicted_error, steady_state
from theory import tradeoff

N, SIGMA, STEPS, SEEDS = 24, 0.7, 3000, 8


@jax.jit
def over_seeds(keys, K, eta, sigma, fast):
    return jax.vmap(lambda key: steady_state(key, N, STEPS, K, eta, sigma, fast))(keys)


def simulated(eta, fast, K=3, sigma=SIGMA):
    return map(np.asarray, over_seeds(seed_keys(range(SEEDS)), K, eta, sigma, fast))


@pytest.mark.parametrize("eta", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("fast", [0.0, 1.0])
def test_steady_error_and_depth(eta, fast):
    J, depth = simulated(eta, fast)
    assert abs(J.mean() - predicted_error(N, eta, SIGMA, bool(fast))) < 5 * J.std() / np.sqrt(SEEDS)
    assert abs(depth.mean() - (1.0 if fast else eta)) < 5 * depth.std() / np.sqrt(SEEDS) + 1e-9


def test_two_stores_leave_the_line_of_one():
    J, depth = simulated(0.1, 1.0)
    allowed = tradeoff.strength(J.mean(), SIGMA)
    assert depth.mean() > 3 * allowed
    dense, _ = simulated(0.1, 1.0, K=N)
    assert abs(dense.mean() - J.mean()) < 5 * np.hypot(dense.std(), J.std()) / np.sqrt(SEEDS)


def test_against_a_memory_written_in_numpy():
    # explicit teacher, explicit weights, reads before and after: nothing but the definitions is shared with the module
    rng, eta = np.random.default_rng(0), 0.3
    teacher, w, v = rng.normal(size=N), rng.normal(size=N), np.zeros(N)
    errors, pairs = [], []
    for t in range(20_000):
        x = rng.normal(size=N)
        x /= np.linalg.norm(x)
        z = np.zeros(N)
        z[rng.permutation(N)[:3]] = rng.choice([-1, 1], 3) / np.sqrt(3)
        private = SIGMA * rng.normal()
        y = teacher @ x + private
        w = w + eta * x * (y - w @ x)
        v = HOLD * v
        v = v + z * (y - w @ x - v @ z)
        if t > 500:
            new_x = rng.normal(size=N)
            new_x /= np.linalg.norm(new_x)
            new_z = np.roll(z, rng.integers(N))[rng.permutation(N)]
            errors.append(((w - teacher) @ new_x + v @ new_z) ** 2)
            pairs.append((w @ x + v @ z - teacher @ x, private))
    blocks = np.array(errors[: len(errors) // 50 * 50]).reshape(50, -1).mean(axis=1)
    assert abs(blocks.mean() - predicted_error(N, eta, SIGMA, True)) < 5 * blocks.std() / np.sqrt(50)
    got, private = np.array(pairs).T
    np.testing.assert_allclose(got, private, atol=1e-10)


def test_without_private_parts_nothing_is_lost():
    J, _ = simulated(0.5, 0.0, sigma=1e-9)
    assert (J < 1e-17).all()
