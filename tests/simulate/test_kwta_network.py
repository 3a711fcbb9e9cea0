"""Networks of k winners: winners by sorting, the kernel against Jacobians, centring that changes no answer, equal learning."""

from functools import partial

import numpy as np
import pytest

from simulate.backend import jax, jnp
from simulate.networks.kwta_network import codes, course, cross_entropy, fresh, kernel, learned, recentred, tasks, winners

INPUTS, HIDDEN, OUTPUTS, FACTS, K = 7, 12, 3, 9, 4
loss_of, slope_of, learn = jax.jit(cross_entropy), jax.jit(jax.grad(cross_entropy)), jax.jit(learned)


def network_and_facts(centred):
    begin, draw = jax.random.split(jax.random.key(3))
    x, labels = (part[0] for part in tasks(draw, 1, FACTS, INPUTS, OUTPUTS))
    network = fresh(begin, INPUTS, HIDDEN, OUTPUTS)
    return (recentred(network, x[:5], K, 0.7) if centred else network), x, labels


@pytest.mark.parametrize("k", [1, 4, 12])
def test_winners_are_the_largest_positive_drives(k):
    drive = np.random.default_rng(0).normal(size=(50, HIDDEN))
    found = np.asarray(jax.jit(winners)(jnp.array(drive), k))
    for row, on in zip(drive, found, strict=True):
        best = {unit for unit in np.argsort(-row)[:k] if row[unit] > 0}
        assert set(np.flatnonzero(on)) == best


@pytest.mark.parametrize("centred", [False, True])
def test_kernel_is_the_inner_product_of_jacobians(centred):
    network, x, _ = network_and_facts(centred)

    def answers(weights):
        return codes(network._replace(**weights), x, K).answers

    weights = {name: getattr(network, name) for name in ("W1", "W2", "W3")}
    slopes = [np.asarray(part).reshape(FACTS, OUTPUTS, -1) for part in jax.tree.leaves(jax.jit(jax.jacrev(answers))(weights))]
    looped = np.zeros((FACTS, FACTS))
    for i in range(FACTS):
        for j in range(FACTS):
            for output in range(OUTPUTS):
                looped[i, j] += sum(part[i, output] @ part[j, output] for part in slopes) / OUTPUTS
    np.testing.assert_allclose(jax.jit(kernel)(network, x, K), looped, atol=1e-12)


def test_centring_changes_what_is_read_and_no_answer():
    network, x, _ = network_and_facts(False)
    moved = recentred(network, x, K, 1.0)
    before, after = codes(network, x, K), codes(moved, x, K)
    np.testing.assert_allclose(after.answers, before.answers, atol=1e-12)
    for old, new in zip(before.read[1:], after.read[1:], strict=True):
        assert np.abs(np.mean(old, axis=0)).max() > 0.1
        np.testing.assert_allclose(np.mean(new, axis=0), 0, atol=1e-12)
    again = recentred(moved, x, K, 0.3)  # the mean is there already
    np.testing.assert_allclose(again.mean2, moved.mean2, atol=1e-12)


@pytest.mark.parametrize("centred", [0.0, 1.0])
def test_a_task_is_learned_to_the_target_and_no_further(centred):
    network, x, labels = network_and_facts(False)
    found, count = learn(network, x, labels, K, centred, 0.2, 1.0, 500)
    loss = float(loss_of(found, x, labels, K))
    assert 0.15 < loss <= 0.2
    assert 5 < int(count) < 500
    assert float(loss_of(learn(network, x, labels, K, centred, 0.2, 1.0, 3)[0], x, labels, K)) > 0.2
    assert (np.asarray(found.mean1) != 0).any() == bool(centred)


def test_one_small_step_lowers_the_loss_by_rate_times_squared_slope():
    network, x, labels = network_and_facts(False)
    strength = 1e-5
    slope = slope_of(network, x, labels, K)
    rate = strength / float(jnp.mean(jnp.diagonal(jax.jit(kernel)(network, x, K))))
    square = sum(float(jnp.sum(getattr(slope, name) ** 2)) for name in ("W1", "W2", "W3"))
    found, _ = learn(network, x, labels, K, 0.0, 0.0, strength, 1)
    fall = float(loss_of(network, x, labels, K) - loss_of(found, x, labels, K))
    assert fall == pytest.approx(rate * square, rel=1e-3)


def test_first_layer_codes_overlap_by_activity_times_magnitudes():
    # units of the first layer are alike: mean overlap a c (I2); 400 independent units, standard error of a mean over them 2%
    network = fresh(jax.random.key(0), 100, 400, 2)
    x = tasks(jax.random.key(1), 1, 300, 100, 2)[0][0]
    code = np.asarray(codes(network, x, 80).read[1])
    active = code[code > 0]
    a, c = np.mean(code > 0), np.mean(active) ** 2 / np.mean(active**2)
    gram = code @ code.T / np.mean(np.sum(code**2, axis=1))
    assert np.mean(gram[~np.eye(300, dtype=bool)]) == pytest.approx(a * c, rel=0.1)


@partial(jax.jit, static_argnums=2)
def run(key, centred, T):
    return course(key, (INPUTS, HIDDEN, OUTPUTS), T, 4, K, centred, 0.2, 1.0, 300)


def test_a_course_learns_each_task_and_is_reproducible():
    found, again = (jax.device_get(run(jax.random.key(5), 0.0, 3)) for _ in range(2))
    for one, two in zip(jax.tree.leaves(found), jax.tree.leaves(again), strict=True):
        np.testing.assert_array_equal(one, two)
    assert (np.diag(found["loss"]) <= 0.2 + 1e-9).all()
    assert np.diag(found["wrong"]).max() == 0
    assert found["loss"][-1, 0] > found["loss"][0, 0]
    assert (found["end"].mean2 == 0).all()
