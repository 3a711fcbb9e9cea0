"""Sleeps against a loop over presentations, the law of one sleep, what spacing cannot change; the notebook and its student."""

from functools import partial

import numpy as np
import pytest

from simulate.backend import jax, jnp
from simulate.codes import draw_active
from simulate.grid import seed_keys
from simulate.memories.delta_rule import retained_depths
from simulate.memories.rehearsed_store import mean_depth, own_answers, response_snr, sign_bits, sleep
from simulate.networks import notebook
from theory.consolidation import replay_depth
from theory.errors import UserError

N, M = 12, 8
sleep = jax.jit(sleep)


def codes(seed, count=M, size=N):
    return draw_active(jax.random.key(seed), count, size, size, "gaussian")


def looped(weights, u, wanted, etas):
    w = np.array(weights)
    for key, y, eta in zip(*map(np.asarray, (u, wanted, etas)), strict=True):
        for k in range(w.shape[1]):
            w[:, k] += eta * key * (y[k] - key @ w[:, k])
    return w


def test_facts_in_turn_and_a_sleep_that_is_watched():
    u, y = codes(1), jnp.eye(M)
    args = (jax.random.key(0), jnp.zeros((N, M)), u, y, (2, 7))
    order = 2 + np.arange(21) % 5
    found = sleep(*args, (0, 21), 0.7, 1)
    np.testing.assert_allclose(found, looped(np.zeros((N, M)), u[order], np.eye(M)[order], np.full(21, 0.7)), atol=1e-12)
    half = sleep(*args, (0, 9), 0.7, 1)
    np.testing.assert_allclose(sleep(args[0], half, *args[2:], (9, 21), 0.7, 1), found, atol=1e-12)
    assert not np.allclose(sleep(*args, (0, 21), 0.7, 0), found)


def test_the_map_is_what_real_targets_are_stored_by():
    u, y = codes(2), np.random.default_rng(0).normal(size=(M, 5))
    a = sleep(jax.random.key(3), jnp.zeros((N, M)), u, jnp.eye(M), (0, M), (0, 40), 0.5, 0)
    b = sleep(jax.random.key(3), jnp.zeros((N, 5)), u, jnp.array(y), (0, M), (0, 40), 0.5, 0)
    np.testing.assert_allclose(a @ y, b, atol=1e-12)


def test_the_newest_facts_cannot_tell_what_was_rehearsed_before():
    u, old, key = codes(4), 5, jax.random.key(5)
    before = sleep(jax.random.key(6), jnp.zeros((N, M)), u, jnp.eye(M), (0, old), (0, 60), 1.0, 0)
    depths = [np.diag(u @ sleep(key, start, u, jnp.eye(M), (0, M), (0, 30), 1.0, 0)) for start in (jnp.zeros((N, M)), before)]
    np.testing.assert_allclose(depths[0][old:], depths[1][old:], atol=1e-12)
    assert (depths[1][:old] > depths[0][:old] - 1e-12).mean() > 0.5
    assert not np.allclose(depths[0][:old], depths[1][:old])


@pytest.mark.parametrize(("load", "eta"), [(0.25, 1.0), (1.0, 0.3), (1.5, 1.0)])
def test_depth_after_one_sleep_follows_the_law(load, eta):
    size, sweeps, seeds = 48, 3, 24
    facts = int(load * size)

    def one(key):
        u = draw_active(key, facts, size, size, "gaussian")
        w = sleep(
            jax.random.fold_in(key, 1), jnp.zeros((size, facts)), u, jnp.eye(facts), (0, facts), (0, sweeps * facts), eta, 0
        )
        return jnp.trace(u @ w) / facts

    found = np.asarray(jax.jit(lambda keys: jax.lax.map(one, keys))(seed_keys(range(seeds))))
    law = replay_depth(size, facts, eta, sweeps)
    # (1 - eta lambda/M)^(sweeps M) differs from its limit by a share of eta^2 lambda^2 sweeps/(2 M) of what is missing
    correction = (1 - law) * eta**2 * (1 + load) * sweeps / (2 * facts) + law / size
    assert abs(found.mean() - law) < 5 * found.std() / np.sqrt(seeds) + correction


def test_a_long_sleep_is_least_squares_and_own_answers_keep_it():
    u = codes(7)
    fitted = sleep(jax.random.key(0), jnp.zeros((N, M)), u, jnp.eye(M), (0, M), (0, 20_000), 1.0, 0)
    np.testing.assert_allclose(fitted, np.linalg.pinv(u), atol=1e-6)
    held = sleep(jax.random.key(1), jnp.zeros((N, M)), u, jnp.eye(M), (0, 5), (0, 20_000), 1.0, 0)
    mixed = own_answers(held, u, jnp.eye(M), 5)
    np.testing.assert_allclose(mixed[:5, :5], np.eye(5), atol=1e-6)
    np.testing.assert_array_equal(mixed[5:], np.eye(M)[5:])
    taught = sleep(jax.random.key(2), held, u, mixed, (0, M), (0, 40_000), 1.0, 0)
    np.testing.assert_allclose(taught, np.linalg.pinv(u), atol=1e-5)


def test_mean_depth_is_the_sum_over_presentations():
    u, order = codes(8), jnp.array([0, 3, 3, 1, 0, 7, 5, 5])
    depths = retained_depths(u[order[:6]], jnp.full(6, 0.6))
    assert float(mean_depth(u, order, 6, 0.6, M)) == pytest.approx(float(jnp.sum(depths)) / M, abs=1e-12)


def test_bits_of_known_channels():
    signs = np.sign(np.random.default_rng(1).normal(size=(1, 10, 400)))
    assert sign_bits(3 * signs, signs)[0] == pytest.approx(1)
    assert sign_bits(np.ones_like(signs), signs)[0] < 0.01
    wrong = signs.copy()
    wrong[:, :1] *= -1  # one in ten
    assert sign_bits(wrong, signs)[0] == pytest.approx(1 + 0.1 * np.log2(0.1) + 0.9 * np.log2(0.9))
    response = 0.5 * np.eye(4) + 0.1 * (1 - np.eye(4))
    assert response_snr(response[None])[0] == pytest.approx(0.25 / 0.03)


def test_the_frontier_of_a_rehearsed_store():
    from simulate.system.frontier import frontier

    answer = frontier("rehearsed_delta", N=24, D=3, sweeps=6)
    assert 0.7 < answer.tightness <= 1.01
    few = frontier("rehearsed_delta", N=24, D=3, sweeps=1)
    assert few.measured_T < answer.measured_T
    assert few.ceiling_T < answer.ceiling_T
    with pytest.raises(UserError, match="sweeps"):
        frontier("rehearsed_delta", N=24, D=3, sweeps=-1)


def settled(P, units=600, cycles=3, K=30):
    stored = notebook.indices(jax.random.key(P), P, units, K)
    return stored, notebook.called_by_half(jax.random.key(1), stored, K, cycles), K


@pytest.mark.parametrize("P", [12, 40])
def test_a_notebook_recalls_from_half_and_replays_with_crosstalk(P):
    stored, state, K = settled(P)
    assert ((np.asarray(stored) > 0).sum(axis=1) == K).all()
    np.testing.assert_array_equal(state, stored)
    x = np.random.default_rng(0).normal(size=(P, 50))
    error = np.asarray(notebook.replay(stored, jnp.array(x), state, K)) - x
    assert error.var() == pytest.approx((P - 1) / 600, rel=5 * np.sqrt(4 / (P * (P - 1))))  # P (P - 1)/2 squared overlaps


def test_beyond_its_capacity_a_notebook_fails():
    stored, state, _ = settled(3000)
    assert (np.asarray(state) == np.asarray(stored)).all(axis=1).mean() < 0.5


def test_settling_follows_the_hopfield_weights():
    stored, _, K = settled(6, units=80, K=8)
    cue = stored[:3] * np.random.default_rng(0).choice([0, 1], size=(3, 80))
    weights = np.asarray(stored).T @ np.asarray(stored)
    np.fill_diagonal(weights, 0)
    field = np.asarray(cue) @ weights
    expected = (field >= np.sort(field, axis=1)[:, [-K]] - 1e-9) - K / 80
    np.testing.assert_allclose(notebook.settle(stored, cue, K, 1), expected, atol=1e-12)


def test_the_student_descends_step_by_step():
    rng = np.random.default_rng(2)
    x, y, rate = rng.normal(size=(5, 7)), rng.normal(size=(5, 2)), 0.03
    weights, kept = np.zeros((7, 2)), {}
    for epoch in range(1, 41):
        weights = weights + rate * x.T @ (y - x @ weights)
        kept[epoch] = weights
    found = partial(notebook.learn, jnp.array(x), jnp.array(y), rate)(jnp.array([1, 7, 40]))
    np.testing.assert_allclose(found, [kept[1], kept[7], kept[40]], atol=1e-11)
