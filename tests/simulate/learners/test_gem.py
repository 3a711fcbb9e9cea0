"""GEM: its dual against brute force over active sets and SciPy, its step against a second implementation, its limits."""

from itertools import combinations

import numpy as np
import pytest
from scipy.optimize import nnls

from simulate.backend import jax, jnp
from simulate.learners import gem
from simulate.system.learner import written
from tests.simulate.learners.streams import D, N, T, keys_of, learner, setting


def brute_force(gradient, memories):
    """The nearest vector to the gradient with no negative product with any memory, by trying every set of active constraints."""
    best = None
    for count in range(len(memories) + 1):
        for chosen in combinations(range(len(memories)), count):
            active = memories[list(chosen)]
            step = gradient - active.T @ np.linalg.pinv(active @ active.T) @ active @ gradient if count else gradient
            distance = np.sum((step - gradient) ** 2)
            if np.all(memories @ step >= -1e-9) and (best is None or distance < best[0] - 1e-12):
                best = distance, step
    return best[1]


@pytest.mark.parametrize("seed", range(12))
def test_the_step_is_the_projection_of_the_gradient(seed):
    rng = np.random.default_rng(seed)
    count, size = int(rng.integers(1, 7)), int(rng.integers(2, 9))
    memories, gradient = rng.normal(size=(count, size)), rng.normal(size=size)
    if seed % 3 == 0:
        memories = np.vstack([memories, memories[:1], np.zeros((1, size))])  # one twice, one that constrains nothing
    v = np.asarray(jax.jit(gem.duals)(jnp.array(memories @ memories.T), jnp.array(memories @ gradient)))
    assert np.all(v >= 0)
    step = gradient + memories.T @ v
    np.testing.assert_allclose(step, brute_force(gradient, memories), atol=1e-6)
    np.testing.assert_allclose(step, gradient + memories.T @ nnls(memories.T, -gradient)[0], atol=1e-6)


def test_no_violated_constraint_leaves_the_gradient_and_one_is_that_of_agem():
    rng = np.random.default_rng(1)
    gradient, memory = rng.normal(size=5), rng.normal(size=5)
    for sign in (1, -1):
        one = sign * np.sign(memory @ gradient) * memory
        v = np.asarray(gem.duals(jnp.array([[one @ one]]), jnp.array([one @ gradient])))
        closed = gradient if sign == 1 else gradient - (gradient @ one) / (one @ one) * one
        np.testing.assert_allclose(gradient + v * one, closed, atol=1e-12)


def slow(keys, targets, eta, kept):
    """The learner in plain loops, its quadratic programme solved by SciPy."""
    w, stored = np.zeros((keys.shape[-1], targets.shape[-1])), []
    for X, Y in zip(keys, targets, strict=True):
        for x, y in zip(X, Y, strict=True):
            gradient = -np.outer(x, y - x @ w)
            if stored:
                memories = np.array([(-K.T @ (V - K @ w) / len(K)).ravel() for K, V in stored])
                memories = memories[np.linalg.norm(memories, axis=1) > 1e-12 * np.linalg.norm(gradient)]
            if stored and len(memories):
                gradient = gradient + (memories.T @ nnls(memories.T, -gradient.ravel())[0]).reshape(w.shape)
            w = w - eta * gradient
        stored.append((X[-kept:], Y[-kept:]))
    return w


@pytest.mark.parametrize(("eta", "kept"), [(1.0, 1), (0.5, 2), (1.0, 9)])
def test_a_stream_against_plain_loops(eta, kept):
    keys = keys_of(4)
    targets = np.random.default_rng(4).normal(size=(T, D, 3))
    at = setting("gem", outputs=3, kept=kept, eta=eta)
    state = jax.jit(lambda y: written(learner("gem"), at, keys, y, T))(jnp.array(targets))
    np.testing.assert_allclose(state["weights"], slow(np.asarray(keys), targets, eta, kept), atol=1e-6)
    assert learner("gem").numbers(at) == sum(leaf.size for leaf in jax.tree.leaves(state))


def test_one_task_is_the_delta_rule():
    keys, targets = keys_of(5, T=1, D=6), jnp.array(np.random.default_rng(5).normal(size=(1, 6, 3)))
    states = []
    for name in ("gem", "plain"):
        at = setting(name, outputs=3, D=6, T=1, eta=0.7)
        states.append(written(learner(name), at, keys, targets, 1))
    np.testing.assert_allclose(states[0]["weights"], states[1], atol=1e-12)


def test_stored_facts_are_forgotten_less_than_by_the_delta_rule():
    rng, errors = np.random.default_rng(6), {}
    keys, targets = keys_of(6), jnp.array(rng.normal(size=(T, D, 3)))
    for name in ("gem", "plain"):
        state = written(learner(name), setting(name, outputs=3, eta=0.5, kept=D), keys, targets, T)
        weights = state["weights"] if name == "gem" else state
        errors[name] = float(jnp.mean((targets[:-1] - keys[:-1] @ weights) ** 2))
    assert N < T * D  # more facts than parameters: something has to be forgotten
    assert errors["gem"] < 0.8 * errors["plain"]
