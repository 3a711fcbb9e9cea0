"""C7. The recursion is checked by fitting Gaussian regressions; closed forms against the recursion; depth by projectors."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, target
from hypothesis import strategies as st

from theory.attacks import linear_networks as attacks
from theory.attacks.attack import run
from theory.errors import UserError
from theory.linear_networks import C7, expected_errors, expected_forgetting, forgetting, generalisation_error
from theory.retention import task_ceiling


def fitted_errors(weights, D, sigma, draws, rng):
    """Squared errors [draws, T + 1, T] of least-change fits of T tasks, one after another."""
    T, N = weights.shape
    w, errors = np.zeros((draws, N)), [np.broadcast_to(np.sum(weights**2, axis=1), (draws, T))]
    for goal in weights:
        X = rng.normal(size=(draws, D, N))
        y = X @ goal + sigma * rng.normal(size=(draws, D))
        step = np.linalg.solve(X @ X.transpose(0, 2, 1), (y - np.einsum("kdn,kn->kd", X, w))[..., None])
        w = w + np.einsum("kdn,kd->kn", X, step[..., 0])
        errors.append(np.sum((w[:, None] - weights) ** 2, axis=-1))
    return np.stack(errors, axis=1)


@pytest.mark.parametrize(("N", "D", "T", "sigma"), [(20, 5, 3, 0.0), (16, 3, 4, 0.8), (12, 6, 2, 0.5)])
def test_fitting_regressions(N, D, T, sigma):
    rng, draws = np.random.default_rng(N), 6000
    weights = rng.normal(size=(T, N)) * np.linspace(0.5, 1.5, T)[:, None]  # tasks of different norms and cosines
    found = fitted_errors(weights, D, sigma, draws, rng)
    scatter = found.std(axis=0) / np.sqrt(draws)
    expected = expected_errors(weights, N, D, sigma)
    np.testing.assert_allclose(expected[0], np.sum(weights**2, axis=1))
    np.testing.assert_array_less(np.abs(found.mean(axis=0) - expected)[1:], 5 * scatter[1:] + 1e-9)
    rise = np.mean(found[:, -1, :-1] - found[:, np.arange(1, T), np.arange(T - 1)], axis=1)
    assert abs(rise.mean() - expected_forgetting(weights, N, D, sigma)) < 5 * rise.std() / np.sqrt(draws)


@given(st.integers(3, 60), st.floats(0.02, 0.9), st.integers(2, 12), st.floats(0.1, 5), st.floats(0, 1), st.floats(0.01, 2))
def test_closed_forms_solve_the_recursion(N, share, T, energy, rho, sigma):
    N = max(N, T + 1)
    D = int(np.clip(round(share * N), 1, N - 2))
    weights = np.sqrt(energy) * np.column_stack([np.full(T, np.sqrt(rho)), np.sqrt(1 - rho) * np.eye(T)])
    errors = expected_errors(weights, N, D, sigma)
    assert generalisation_error(N, D, T, energy, rho, sigma) == pytest.approx(errors[-1].mean(), rel=1e-9)
    lost = forgetting(N, D, T, energy, rho, sigma)
    assert lost == pytest.approx(expected_forgetting(weights, N, D, sigma), rel=1e-8, abs=1e-9 * errors.max())
    ages = np.arange(T)
    each = C7.value("task_error", N=N, D=D, T=T, age=ages, energy=energy, rho=rho, sigma=sigma).value
    np.testing.assert_allclose(each[::-1], errors[-1], rtol=1e-9, atol=1e-9 * errors.max())
    if T * D > 60 * N:
        steady = C7.value("steady_error", N=N, D=D, age=ages, energy=energy, rho=rho, sigma=sigma).value
        np.testing.assert_allclose(steady, each, rtol=1e-9)


def test_steady_state_is_that_of_a_long_stream():
    store = {"N": 30, "D": 6, "energy": 2.0, "rho": 0.25, "sigma": 0.7}
    ages = np.arange(12)
    late = C7.value("task_error", T=400, age=ages, **store).value
    np.testing.assert_allclose(C7.value("steady_error", age=ages, **store).value, late, rtol=1e-12)
    assert C7.value("noise_error", N=30, D=6, sigma=0.7).value == pytest.approx(0.49 * 30 / 23)


def test_one_repeated_task_only_improves_and_unrelated_tasks_hurt():
    assert forgetting(40, 8, 6, 1.0, 1.0, 1e-9) < 0 < forgetting(40, 8, 6, 1.0, 0.0, 1e-9)
    same = generalisation_error(40, 8, 6, 1.0, 1.0, 1e-9)
    assert same == pytest.approx(0.8**6)
    cosines = np.linspace(0, 1, 11)
    assert np.all(np.diff(forgetting(40, 8, 6, 1.0, cosines, 0.3)) < 0)


@pytest.mark.parametrize(("D", "better"), [(19, False), (21, True)])
def test_error_beats_zero_weights_only_above_half_depth(D, better):
    error = C7.value("steady_error", N=40, D=D, age=0, energy=1.0, rho=0.0, sigma=1e-9).value
    assert (error < 1.0) is better
    assert error == pytest.approx(2 * (1 - D / 40))


def test_two_early_tasks_may_forget_less_the_more_they_differ():
    def lost(angle):  # tasks 1 and 2 turn apart; 3 ... 8 are orthogonal to both
        weights = np.eye(9)[1:]
        weights[0], weights[1] = np.eye(9)[0], np.cos(angle) * np.eye(9)[0] + np.sin(angle) * np.eye(9)[1]
        return expected_forgetting(weights, 20, 10, 0.0)

    assert lost(1.2) < lost(0.2)
    # c_12 at q = 1/2, T = 8: (1-q)(q^7 - q + q^6)
    change = 0.5 * (0.5**7 - 0.5 + 0.5**6) * (2 * np.cos(0.2) - 2 * np.cos(1.2)) / 7
    assert lost(1.2) - lost(0.2) == pytest.approx(change, rel=1e-9)


def test_depths_are_those_of_random_projectors():
    rng, N, D, T, draws = np.random.default_rng(3), 10, 3, 4, 3000
    bases = np.linalg.qr(rng.normal(size=(draws, T, N, D)))[0]
    projectors = bases @ bases.transpose(0, 1, 3, 2)
    later, depths = np.broadcast_to(np.eye(N), (draws, N, N)), []
    for task in reversed(range(T)):
        depths.append(np.einsum("kij,kji->k", later, projectors[:, task]))
        later = later @ (np.eye(N) - projectors[:, task])
    depths = np.array(depths)
    kept = C7.value("retained_depth", N=N, D=D, age=np.arange(T)).value
    np.testing.assert_array_less(np.abs(depths.mean(axis=1) - kept), 5 * depths.std(axis=1) / np.sqrt(draws) + 1e-12)
    left = np.einsum("kii->k", later)
    np.testing.assert_allclose(depths.sum(axis=0), N - left, atol=1e-10)  # C1, draw by draw
    total = C7.value("total_depth", N=N, D=D, T=T).value
    assert total == pytest.approx(kept.sum())
    assert abs(N - left.mean() - total) < 5 * left.std() / np.sqrt(draws)


@given(st.integers(4, 400), st.integers(2, 50), st.floats(0, 1))
def test_no_number_of_examples_beats_the_window(N, T, position):
    T, D = min(N, T), 1 + position * (N - 3)
    held = C7.value("oldest_depth", N=N, D=D, T=T).value
    most = C7.value("ceiling", N=N, T=T).value
    target(held / most, label="oldest over ceiling")
    assert held <= most * (1 + 1e-12)
    assert held == pytest.approx(T * C7.value("retained_depth", N=N, D=D, age=T - 1).value)
    assert most == pytest.approx(task_ceiling(N, T))
    best = C7.value("best_D", N=N, T=T).value
    assert C7.value("oldest_depth", N=N, D=best, T=T).value == pytest.approx(most)


def test_window_is_about_the_number_of_tasks_that_fill_the_store():
    window = C7.value("window", N=1000, D=10).value
    assert window == pytest.approx(100, rel=0.01)
    depths = C7.value("retained_depth", N=1000, D=10, age=np.array([0, window])).value
    assert depths[0] / depths[1] == pytest.approx(np.e)


def test_domains():
    with pytest.raises(UserError, match="fewer examples"):
        generalisation_error(10, 9, 3, 1, 0, 1)
    with pytest.raises(UserError, match="forgotten"):
        forgetting(10, 3, 1, 1, 0, 1)
    with pytest.raises(UserError, match="has been seen"):
        C7.value("task_error", N=10, D=3, T=4, age=4, energy=1, rho=0, sigma=1)
    for tasks in (1, 1.24, 11):
        with pytest.raises(UserError, match="choose T between"):
            C7.value("best_D", N=10, T=tasks)
    np.testing.assert_allclose(C7.value("best_D", N=10, T=np.array([1.25, 10])).value, [8, 1])
    with pytest.raises(UserError, match="n <= N"):
        expected_errors(np.eye(5), 4, 2, 0.0)
    with pytest.raises(UserError, match="n <= N"):
        expected_errors(np.eye(3), 6, 5, 0.0)


@pytest.mark.parametrize("attack", attacks.ATTACKS, ids=lambda item: item.name)
def test_attacks_reach_but_do_not_pass(attack):
    found = run(attack, tries=1500)
    assert not found.broken
    assert found.ratio > 0.95
    assert attack.ratio(found.witness) == pytest.approx(found.ratio, rel=1e-12)
    weaker = replace(attack, ratio=lambda witness: attack.ratio(witness) / 0.9)
    assert run(weaker, tries=3000).broken


def test_unrelated_tasks_leave_a_residue_and_crosstalk():
    """E ||w_T - w_i||^2 = (1 - s_i) ||w_i||^2 + sum of s_j ||w_j||^2 over the others + noise, for orthogonal tasks."""
    norms, N, D, sigma = np.array([0.5, 2.0, 1.0, 3.0]), 20, 6, 0.4
    errors = expected_errors(np.diag(np.sqrt(norms)), N, D, sigma)[-1]
    shares = C7.value("retained_depth", N=N, D=D, age=np.arange(4)[::-1]).value / N
    noise = C7.value("noise_error", N=N, D=D, sigma=sigma).value * (1 - 0.7**4)
    np.testing.assert_allclose(errors, norms * (1 - 2 * shares) + np.sum(shares * norms) + noise)


def test_every_step_of_the_derivation():
    assert [check for check in C7.check() if not check.passed] == []
