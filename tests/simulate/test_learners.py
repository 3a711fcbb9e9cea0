"""Learners against second implementations, their limits, and the account of their state."""

import numpy as np
import pytest

from simulate.backend import jax, jnp
from simulate.system.freedom import exact_depths
from simulate.system.learner import Setting, answers, written
from simulate.system.learner_systems import catalogue, points, setting_of, system_of
from simulate.system.parameters import checked
from simulate.system.registry import registry
from theory.methods import comparison, ewc, gpm

N, OUTPUTS = 10, 3


def facts(M, D=1, seed=0, outputs=OUTPUTS):
    rng = np.random.default_rng(seed)
    keys = rng.standard_normal((M // D, D, N))
    return jnp.array(keys / np.linalg.norm(keys, axis=-1, keepdims=True)), jnp.array(rng.standard_normal((M // D, D, outputs)))


def read_after(name, keys, targets, **own):
    learner = catalogue()[name][0]
    tasks, D, _ = keys.shape
    one = setting_of(learner, {"N": N, "D": D, "outputs": targets.shape[2], **own}, tasks)
    read = jax.jit(lambda y: answers(learner, one, written(learner, one, keys, y, tasks), keys))(targets)
    return one, np.asarray(read).reshape(tasks * D, -1)


@pytest.mark.parametrize("name", ["plain", "annealed"])
def test_delta_rule_fact_by_fact(name):
    keys, targets = facts(14, 2)
    one, read = read_after(name, keys, targets)
    w = np.zeros((N, OUTPUTS))
    for j, (u, y) in enumerate(zip(np.asarray(keys).reshape(-1, N), np.asarray(targets).reshape(-1, OUTPUTS), strict=True)):
        eta = one.hyperparameters["eta"] if name == "plain" else N / (N + j)
        for o in range(OUTPUTS):
            w[:, o] += eta * u * (y[o] - u @ w[:, o])
    np.testing.assert_allclose(read, np.asarray(keys).reshape(-1, N) @ w, atol=1e-12)


@pytest.mark.parametrize("D", [1, 3])
@pytest.mark.parametrize("M", [6, 24])
def test_exact_ewc_task_by_task_is_least_squares_fact_by_fact(M, D):
    """The penalty solved per task, the one-pass recursion, and the batch solution."""
    keys, targets = facts(M, D)
    (one, penalty), (_, recursion) = (read_after(name, keys, targets) for name in ("ewc", "rls"))
    X, Y = np.asarray(keys).reshape(-1, N), np.asarray(targets).reshape(-1, OUTPUTS)
    batch = X @ np.linalg.solve(one.hyperparameters["ridge"] * np.eye(N) + X.T @ X, X.T @ Y)
    np.testing.assert_allclose(penalty, batch, atol=1e-7)
    np.testing.assert_allclose(recursion, batch, atol=1e-7)


def test_a_task_of_ewc_minimises_error_and_penalty():
    learner = catalogue()["ewc_diagonal"][0]
    keys, targets = facts(12, 4)
    one = setting_of(learner, {"N": N, "D": 4, "outputs": OUTPUTS}, 3)
    old, h = written(learner, one, keys, targets, 2)
    new = learner.write((old, h), keys[2], targets[2], 2, one)[0]
    slope = jax.grad(lambda w: jnp.sum((targets[2] - keys[2] @ w) ** 2) + jnp.sum(h[:, None] * (w - old) ** 2))(new)
    assert float(jnp.max(jnp.abs(slope))) < 1e-9
    np.testing.assert_allclose(h, one.hyperparameters["ridge"] + np.sum(np.asarray(keys[:2]) ** 2, axis=(0, 1)))


@pytest.mark.parametrize("M", [7, 15])
def test_responses_are_those_that_the_ledger_simulates(M):
    """Against the NumPy writes of theory.methods."""
    keys = facts(M)[0]
    X = np.asarray(keys)[:, 0]
    identity = jnp.eye(M)[:, None]
    for name, expected in (
        ("ewc", ewc.responses(X, 1e-6)),
        ("ewc_diagonal", ewc.responses(X, 1e-6, diagonal=True)),
        ("gpm", gpm.responses(X)),
    ):
        np.testing.assert_allclose(read_after(name, keys, identity)[1], expected, atol=1e-5 * (1 + np.abs(expected).max()))


def test_projection_fills_up_and_masks_run_out():
    keys, targets = facts(16)
    read = read_after("gpm", keys, targets)[1]
    np.testing.assert_allclose(read[:N], np.asarray(targets)[:N, 0], atol=1e-6)
    kept = np.asarray(exact_depths(catalogue()["gpm"][0], Setting(N, 1, 1, 16), keys, 16))[:, 0]
    np.testing.assert_allclose(kept, np.arange(16) < N, atol=1e-8)
    repeated = jnp.concatenate([keys[:3], keys[:3]])
    again = read_after("gpm", repeated, jnp.concatenate([targets[:3], targets[3:6]]))[1]
    np.testing.assert_allclose(again[3:], again[:3], atol=1e-9)  # a key in the span is not written
    for share, tasks in ((1, 10), (3, 3)):
        read = read_after("masks", keys, targets, share=share)[1]
        np.testing.assert_allclose(read[:tasks], np.asarray(targets)[:tasks, 0], atol=1e-9)
        assert not np.any(read[tasks:])


@pytest.mark.parametrize("name", [name for name in catalogue() if name in comparison.METHODS])
def test_state_is_counted_as_the_comparison_counts_it(name):
    """numbers(setting) at the comparison's own sizes spends the state, up to one more key or buffered fact."""
    from simulate.experiments.sequences import AT_ONCE, sizes_of

    state, outputs = 2e4, 64
    learner, built = catalogue()[name][0], comparison.system(name, 2e4, 64)
    D = AT_ONCE.get(name, 1)
    one = Setting(int(built.N), outputs, D, int(built.length) // D, tuple(sizes_of(learner, built).items()))
    assert state - 3 * (outputs + 4 * built.N) < learner.numbers(one) <= state * (1 + 1e-9)


def test_every_learner_is_one_line_and_one_system_at_most():
    for name, (learner, module) in catalogue().items():
        assert learner.name == name
        assert learner.description
        assert "\n" not in learner.description
        assert module.startswith("simulate.learners.")
        if name in registry():
            assert registry()[name][2].description.startswith(learner.description)


def test_a_system_tunes_what_is_not_given():
    learner = catalogue()["plain"][0]
    system = system_of(learner, lambda p: 1.0)
    assert system.defaults["eta"] is None
    assert set(points()) == {"quick", "paper"}
    p = checked(system, {"N": 24, "D": 3, "eta": 0.5})
    assert setting_of(learner, p, 8, 4).hyperparameters == {"eta": 0.5}
    tuned = [setting_of(learner, {**p, "eta": None}, 16, T).hyperparameters["eta"] for T in (1, 12, 16)]
    assert tuned[0] == 1.0
    assert tuned[0] > tuned[1] > tuned[2]
    measure = system.measure(checked(system, {"N": 24, "D": 3}), 16)
    depth = [measure(T).mean() for T in (1, 4, 16)]
    assert measure(8).shape == (8,)
    assert depth[0] > depth[1] > depth[2]
