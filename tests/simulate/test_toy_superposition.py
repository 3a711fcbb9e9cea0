"""The toy model of superposition: errors by hand, Adam by hand, both sides of the phase boundary, and the bound on capacities."""

import numpy as np
import pytest

from simulate import adam
from simulate.backend import jax, jnp
from simulate.experiments.superposition import EXPERIMENT
from simulate.grid import seed_keys
from simulate.networks.toy_superposition import (
    SYSTEMS,
    Model,
    errors,
    inputs,
    pairs,
    sequence,
    task_capacities,
    task_features,
    uniform_models,
)
from simulate.system.parameters import checked
from theory.ledger import claim
from theory.superposition import capacities, toy_loss

rng = np.random.default_rng(0)


def test_errors_are_those_of_a_loop():
    W, b, x, worth = rng.normal(size=(2, 4)), rng.normal(size=4), rng.random((3, 4)), np.array([1.0, 2.0, 0.5, 3.0])
    found = errors(Model(jnp.array(W), jnp.array(b)), jnp.array(x), jnp.array(worth))
    for row, value in zip(x, found, strict=True):
        output = [max(0.0, W[:, i] @ (W @ row) + b[i]) for i in range(4)]
        assert value == pytest.approx(sum(worth[i] * (row[i] - output[i]) ** 2 for i in range(4)), rel=1e-12)


def test_inputs_are_sparse_uniform_and_silent_where_inactive():
    active = jnp.array([True, True, False])
    x = np.asarray(inputs(jax.random.key(0), 20_000, 0.2, active))
    assert (x[:, 2] == 0).all()
    on = x[:, :2][x[:, :2] > 0]
    assert len(on) / 40_000 == pytest.approx(0.2, abs=5 * np.sqrt(0.16 / 40_000))
    assert np.mean(on) == pytest.approx(0.5, abs=5 * np.sqrt(1 / 12 / len(on)))
    assert np.mean(on**2) == pytest.approx(1 / 3, abs=5 * np.sqrt(4 / 45 / len(on)))


def test_adam_is_the_published_update():
    w, m, v, slopes = 0.3, 0.0, 0.0, (2.0, -1.0, 0.5)
    model, state = jnp.array(w), adam.start(jnp.array(w))
    for t, g in enumerate(slopes, start=1):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        w -= 0.01 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        model, state = adam.step(model, jnp.array(g), state, 0.01)
    assert float(model) == pytest.approx(w, rel=1e-12)


def test_both_sides_of_the_phase_boundary():
    importance = 0.5
    border = float(claim("U1").value("boundary", importance=importance).value)
    density = np.array([0.6 * border, 1.5 * border])
    found = pairs(seed_keys([0]), 8, jnp.array(density), jnp.full(2, importance), 800, 16)
    W, b = np.asarray(found.W)[0, :, :, 0], np.asarray(found.b)[0]
    losses = np.array([[toy_loss(W[p, s], b[p, s], density[p], importance) for s in range(8)] for p in range(2)])
    best = [W[p, losses[p].argmin()] for p in range(2)]
    assert best[0][0] * best[0][1] < -0.5
    assert abs(best[1][0]) > 0.9
    assert abs(best[1][1]) < 0.05
    for p, law in enumerate(("loss_pair", "loss_single")):
        least = float(claim("U1").value(law, density=density[p], importance=importance).value)
        assert 1 - 1e-4 < losses[p].min() / least < 1.01


def test_sparse_features_fill_the_dimensions_and_no_more():
    W = np.asarray(uniform_models(seed_keys(range(2)), 4, 12, 0.1, 800, 64).W)
    totals = np.array([capacities(embedding).sum() for embedding in W])
    assert (totals <= 4 + 1e-9).all()
    assert (totals > 3.8).all()


def test_tasks_share_what_they_should():
    disjoint, overlapping = task_features(3, 4, 4), task_features(3, 4, 2)
    assert disjoint.sum(axis=0).tolist() == [1] * 12
    assert overlapping.astype(int).tolist()[1] == [0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0]
    assert (overlapping[0] & overlapping[1]).sum() == 2
    W = rng.normal(size=(3, 12))
    assert task_capacities(W, disjoint)[1] == pytest.approx(np.mean(capacities(W)[4:8]))


def test_a_sequence_begins_as_the_interleaved_one_and_stays_within_the_dimensions():
    tasks = jnp.array(task_features(3, 3, 3))
    one, mixed, again = (np.asarray(sequence(seed_keys([0, 1]), 4, tasks, 200, 32, 0.1, flag).W) for flag in (False, True, False))
    np.testing.assert_array_equal(one, again)
    np.testing.assert_array_equal(one[:, 0], mixed[:, 0])
    assert np.abs(one[:, -1] - mixed[:, -1]).max() > 0.1
    assert np.abs(one[:, 0, :, 3:]).max() < 0.05  # no task has shown these yet
    for embedding in (*one.reshape(-1, 4, 9), *mixed.reshape(-1, 4, 9)):
        assert capacities(embedding).sum() <= 4 + 1e-9


def test_the_worst_task_keeps_no_more_than_an_equal_share():
    (system,) = SYSTEMS
    p = checked(system, {"N": 4, "D": 2, "seeds": 2})
    assert system.ceiling(p) == 8
    depth = system.measure(p, 5)
    for T in range(1, 6):
        assert (depth(T) * T * 2 <= 4 + 1e-9).all()
    assert depth(1).min() > 0.9
    assert depth(5).mean() < depth(2).mean() < depth(1).mean()


def test_every_part_of_the_experiment_has_the_same_columns(tmp_path):
    small = {"starts": 2, "steps": 5, "samples": 4, "density": [0.1, 0.9], "dims": 3, "features": 6, "seeds": [0, 1]}
    phase = EXPERIMENT.run({"part": "phase", "importance": 2.0, **small}, tmp_path)
    many = EXPERIMENT.run({"part": "geometry", **small, "density": 0.1}, tmp_path)
    assert [row["expected"] for row in phase] == ["pair", "pair", "one", "one"]
    assert phase[0]["reference_loss"] == pytest.approx(
        2 * float(claim("U1").value("loss_pair", density=0.1, importance=0.5).value)
    )
    assert {frozenset(row) for row in (*phase, *many)} == {frozenset(phase[0])}
    assert all(row["total_capacity"] <= row["rank"] + 1e-9 for row in (*phase, *many))
