"""Regressions fitted in turn: fit against descent and lstsq, depth against automatic differentiation, laws of C7 and C1."""

import numpy as np
import pytest

from simulate.backend import jax, jnp
from simulate.experiments.regressions import judged, teachers
from simulate.networks.linear_network import SYSTEMS, descended, errors, fit, oldest_depths, task_depths
from theory.errors import UserError
from theory.linear_networks import expected_errors, expected_forgetting, forgetting, generalisation_error

N, D, T = 12, 3, 4
FEATURES = jax.random.normal(jax.random.key(0), (T, D, N))


def test_the_fit_is_where_descent_ends_and_nearest():
    rng = np.random.default_rng(0)
    w, X, y = rng.normal(size=N), rng.normal(size=(D, N)), rng.normal(size=D)
    found = np.asarray(fit(jnp.asarray(w)[:, None], jnp.asarray(X), jnp.asarray(y)[:, None]))[:, 0]
    np.testing.assert_allclose(X @ found, y, atol=1e-12)
    np.testing.assert_allclose(found, w + np.linalg.lstsq(X, y - X @ w, rcond=None)[0], atol=1e-12)
    np.testing.assert_allclose(found, descended(jnp.asarray(w), jnp.asarray(X), jnp.asarray(y), 2000), atol=1e-9)


def test_rows_of_zeros_are_no_examples():
    X = FEATURES[0]
    padded = jnp.concatenate([X, jnp.zeros((2, N))])
    w, y = jnp.ones((N, 1)), jnp.arange(5.0)[:, None] * jnp.array([1, 1, 1, 0, 0])[:, None]
    np.testing.assert_allclose(fit(w, padded, y), fit(w, X, y[:3]), atol=1e-12)


def test_depth_is_the_jacobian_of_readouts_by_targets():
    def readouts(targets):
        w = jnp.zeros((N, 1))
        for X, y in zip(FEATURES, targets, strict=True):
            w = fit(w, X, y[:, None])
        return jnp.einsum("tdn,n->td", FEATURES, w[:, 0])

    jacobian = jax.jacobian(readouts)(jnp.zeros((T, D)))
    depths, trace = task_depths(FEATURES)
    np.testing.assert_allclose(depths, jnp.einsum("tdtd->t", jacobian), atol=1e-10)
    assert float(jnp.sum(depths)) == pytest.approx(float(trace), abs=1e-10)  # C1
    assert float(oldest_depths(FEATURES)[-1]) == pytest.approx(float(depths[0]), abs=1e-10)
    assert float(oldest_depths(FEATURES)[0]) == pytest.approx(D)


@pytest.mark.parametrize("sigma", [0.2, 0.6])
@pytest.mark.parametrize("rho", [0.0, 0.7])
def test_errors_follow_the_recursion(rho, sigma):
    true = teachers(T, rho)
    keys = jax.random.split(jax.random.key(1), 1500)
    over_streams = jax.jit(jax.vmap(lambda key: errors(key, jnp.array([true]), N, D, D, jnp.array([sigma]))[0]))
    found, law = np.asarray(over_streams(keys)), expected_errors(true, N, D, sigma)
    assert (np.abs(found.mean(axis=0) - law) < 5 * found.std(axis=0) / np.sqrt(len(keys)) + 1e-12).all()
    closed = {"error": generalisation_error(N, D, T, 1, rho, sigma), "forgetting": forgetting(N, D, T, 1, rho, sigma)}
    assert judged(law, T) == pytest.approx(closed)
    assert judged(law, T)["forgetting"] == pytest.approx(expected_forgetting(true, N, D, sigma))


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_teachers_have_norm_one_and_the_cosine(rho):
    np.testing.assert_allclose(teachers(6, rho) @ teachers(6, rho).T, (1 - rho) * np.eye(6) + rho, atol=1e-12)


def test_the_frontier_keeps_the_law():
    p = {"N": 24, "D": 4, "required": 0.4, "seeds": 8}
    depth = SYSTEMS[0].measure(p, 8)
    for tasks in (1, 3, 8):
        found = depth(tasks)
        assert abs(found.mean() - (1 - 4 / 24) ** (tasks - 1)) < 5 * found.std() / np.sqrt(len(found)) + 1e-12
    ceiling = SYSTEMS[0].ceiling(p)
    assert 4 * 0.4 * ceiling == pytest.approx(24 * (1 - 1 / ceiling) ** (ceiling - 1))


def test_as_many_examples_as_weights_are_refused():
    with pytest.raises(UserError, match="D below N"):
        SYSTEMS[0].measure({"N": 4, "D": 4, "required": 0.4, "seeds": 2}, 2)
