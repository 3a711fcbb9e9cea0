"""Two stores at two rates: against a loop, at their limits, and where their error settles."""

import numpy as np
import pytest

from simulate.address import code
from simulate.backend import jax, jnp
from simulate.learners import two_regimes
from simulate.system.learner import answers, written
from tests.simulate.learners.streams import D, N, T, depths, keys_of, learner, setting


@pytest.mark.parametrize("name", ["two_regimes", "two_equal", "two_rules", "two_rules_averaged"])
def test_two_stores_against_a_loop(name):
    given = {"F": 12, "active": 3, "hold": 2, "sweeps": 3, "eta": 0.2, "keep": 0.6}
    keys, targets = keys_of(10), np.asarray(jax.random.normal(jax.random.key(3), (T, D, 4)))
    at = setting(name, **given)
    state = written(learner(name), at, keys, jnp.asarray(targets), T)
    same, active = name.startswith("two_rules"), 12 if name == "two_equal" else 3
    z = np.asarray(keys if same else jax.vmap(jax.vmap(lambda u: code(u, 12, active)))(keys))
    slow, fast, u = np.zeros((N, 4)), np.zeros((z.shape[-1], 4)), np.asarray(keys)
    for t in range(T):
        fast = fast * (0.6 if t % 2 == 0 else 1.0)
        for i in range(D):
            fast = fast + np.outer(z[t, i], targets[t, i] - u[t, i] @ slow - z[t, i] @ fast)
        for _ in range(3 if t % 2 else 0):
            for j in range((t - 1) * D, (t + 1) * D):
                eta = N / (N + j) if name == "two_rules_averaged" else 0.2
                moved = eta * z.reshape(-1, z.shape[-1])[j] @ fast
                slow = slow + np.outer(u.reshape(-1, N)[j], moved)
                fast = fast - np.outer(z.reshape(-1, z.shape[-1])[j], moved)
    np.testing.assert_allclose(state["slow"], slow, atol=1e-10)
    np.testing.assert_allclose(state["fast"], fast, atol=1e-10)


def test_a_sleep_leaves_the_answer_to_the_last_fact():
    at, keys = setting("two_regimes", D=1, eta=0.3), keys_of(11, D=1)
    targets = jax.random.normal(jax.random.key(0), (T, 1, 4))
    read = answers(learner("two_regimes"), at, written(learner("two_regimes"), at, keys, targets, T), keys)
    np.testing.assert_allclose(read[-1], targets[-1], atol=1e-12)


def test_a_fast_store_that_keeps_nothing_leaves_the_slow_one():
    keys = keys_of(12, D=1)
    slow = depths("plain", keys, eta=0.3)
    np.testing.assert_allclose(depths("two_regimes", keys, eta=0.3, keep=0.0)[:-1], slow[:-1], atol=1e-12)
    np.testing.assert_allclose(depths("two_regimes", keys, eta=1.0, keep=0.0), depths("plain", keys, eta=1.0), atol=1e-12)


def test_the_error_of_two_stores_settles_where_theory_says():
    from simulate.memories.lms import HOLD, predicted_error
    from theory import tradeoff

    eta, sigma = 0.3, 0.7
    *_, (alone, depth) = two_regimes.predicted_errors(N, 0, np.full(2000, eta), HOLD, sigma)
    assert (alone, depth) == (pytest.approx(tradeoff.J(eta, sigma)), eta)
    *_, (both, depth) = two_regimes.predicted_errors(N, N, np.full(2000, eta), HOLD, sigma)
    assert (both, depth) == (pytest.approx(predicted_error(N, eta, sigma, True)), 1.0)
    *_, (one_key, _) = two_regimes.predicted_errors(N, N, np.full(2000, eta), HOLD, sigma, same=True)
    C = (1 - eta) * tradeoff.J(eta, sigma) / (1 - HOLD * (1 - 1 / N))
    assert one_key == pytest.approx(both + 2 * C / N)
