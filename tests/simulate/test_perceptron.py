"""Interleaved training: against linear programs, the perceptron rule, Cover's count, Gardner's stability; masks and starts."""

import numpy as np
import pytest
from scipy.optimize import linprog

from simulate.backend import jax, jnp
from simulate.memories.perceptron import SYSTEMS, solved, stability, train
from simulate.system.system import System
from theory.interleaving import stable_load

TRAIN = jax.jit(train)


def drawn(P, N, outputs, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(P, N)), rng.choice([-1.0, 1.0], (P, outputs))


def separable(codes, labels):
    """Whether each unit's labels can be answered, by one linear program a unit."""
    constraints = [-(unit[:, None] * codes) for unit in labels.T]
    return [linprog(np.zeros(codes.shape[1]), rows, -np.ones(len(rows)), bounds=(None, None)).status == 0 for rows in constraints]


def test_finds_weights_wherever_a_linear_program_does_and_nowhere_else():
    codes, labels = drawn(40, 20, 24)  # at twice as many facts as inputs, half of the units have a solution
    feasible = separable(codes, labels)
    weights, wrong = TRAIN(jnp.array(codes), jnp.array(labels), 4000)
    assert 4 < sum(feasible) < 20
    np.testing.assert_array_equal(np.asarray(wrong) == 0, feasible)
    np.testing.assert_array_equal(np.sum(labels * (codes @ np.asarray(weights)) <= 0, axis=0), wrong)


def test_needs_few_passes_close_to_capacity():
    codes, labels = map(jnp.array, drawn(216, 128, 16))  # 1.69 facts an input
    assert np.all(TRAIN(codes, labels, 100)[1] == 0)
    weights = np.zeros((128, 16))
    for _ in range(100):  # the perceptron rule, for comparison
        for x, y in zip(np.asarray(codes), np.asarray(labels), strict=True):
            weights += np.outer(x, y * (y * (x @ weights) <= 0))
    assert np.any(np.asarray(labels) * (np.asarray(codes) @ weights) <= 0)


@pytest.mark.parametrize("kappa", [0.3, 1.0])
def test_reaches_the_stability_below_gardners_load_and_not_above(kappa):
    N, limit = 120, float(stable_load(0.5, kappa))
    for share, attained in ((0.85, True), (1.2, False)):
        codes, labels = map(jnp.array, drawn(round(share * limit * N), N, 8))
        weights, _ = TRAIN(codes, labels, 300, kappa)
        least = np.asarray(stability(codes, labels, weights)).min(axis=0)
        assert np.all(least >= kappa) if attained else np.all(least < kappa)


def test_masked_rows_are_not_there():
    codes, labels = drawn(60, 24, 5)
    used = np.arange(60) < 30
    masked, wrong = TRAIN(jnp.array(codes), jnp.array(labels), 50, 0.0, None, jnp.array(used.astype(float)))
    alone, _ = TRAIN(jnp.array(codes[used]), jnp.array(labels[used]), 50)
    np.testing.assert_allclose(masked, alone, rtol=1e-6, atol=1e-9)
    assert np.all(wrong == 0)


def test_a_unit_that_is_right_keeps_its_weights_and_a_wrong_one_starts_from_them():
    codes, labels = map(jnp.array, drawn(40, 30, 4))
    weights, _ = TRAIN(codes, labels, 200)
    again, wrong = TRAIN(codes, labels, 200, 0.0, weights)
    np.testing.assert_array_equal(again, weights)
    other = labels.at[0, 1].multiply(-1)
    changed, wrong = TRAIN(codes, other, 200, 0.0, weights)
    assert np.all(wrong == 0)
    np.testing.assert_array_equal(np.delete(changed, 1, axis=1), np.delete(weights, 1, axis=1))
    start, new = np.asarray(weights)[:, 1], np.asarray(changed)[:, 1]
    assert start @ new > 0.5 * np.linalg.norm(start) * np.linalg.norm(new)


def test_no_pass_leaves_the_start_and_fewer_rows_than_inputs_are_no_obstacle():
    codes, labels = map(jnp.array, drawn(7, 30, 3))
    assert np.all(np.asarray(TRAIN(codes, labels, 0)[0]) == 0)
    assert np.all(np.asarray(TRAIN(codes, labels, 5)[1]) == 0)


def test_share_of_units_solved_is_covers_count():
    from theory.interleaving import S2

    shares = jax.vmap(lambda key: solved(key, 32, 16, 32, 600, 32))(jax.random.split(jax.random.key(1), 8))
    exact = float(S2.value("separable", N=16, P=32).value)
    assert exact == pytest.approx(0.5)
    assert abs(float(shares.mean()) - exact) < 5 * float(shares.std()) / np.sqrt(8) + 0.01


def test_the_system_has_the_exact_ceiling():
    (system,) = SYSTEMS
    assert isinstance(system, System)
    assert system.ceiling({**system.defaults, "N": 40, "D": 8}) == pytest.approx(10.0)  # 2N at one half, Cover 1965
