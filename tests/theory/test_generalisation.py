"""C7-transfer. Curves against gradient flow on random matrices; closed forms against quadrature; the stop by brute force."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, target
from hypothesis import strategies as st
from scipy.integrate import quad

from theory.attacks import generalisation as attacks
from theory.attacks.attack import run
from theory.errors import UserError
from theory.generalisation import C7_TRANSFER, error_at, final_error, marchenko_pastur, mode_error

loads = st.one_of(st.floats(0.1, 0.9), st.floats(1.1, 5))
snrs = st.floats(-1, 2).map(lambda power: 10**power)


def value(name, **parameters):
    return C7_TRANSFER.value(name, **parameters).value


@pytest.mark.parametrize(("alpha", "snr"), [(0.5, 3.0), (1.0, 1.0), (2.0, 0.7)])
def test_curves_of_random_students(alpha, snr):
    """Test and train errors of gradient flow in 60 weights, 150 draws; five standard errors and 1/N for the finite size."""
    rng, N, draws, times = np.random.default_rng(4), 60, 150, np.array([0.2, 1.0, 4.0])
    P = int(alpha * N)
    tests, trains = np.empty((draws, 3)), np.empty((draws, 3))
    for draw in range(draws):
        X = rng.normal(size=(P, N)) / np.sqrt(N)
        w = rng.normal(size=N)
        y = X @ w + rng.normal(size=P) / np.sqrt(snr)
        values, vectors = np.linalg.eigh(X.T @ X)
        values = np.maximum(values, 1e-12)
        for k, time in enumerate(times):
            found = vectors @ (-np.expm1(-values * time) / values * (vectors.T @ (X.T @ y)))
            tests[draw, k], trains[draw, k] = np.mean((found - w) ** 2), np.mean((X @ found - y) ** 2)
    for name, found in (("test_error", tests), ("train_error", trains)):
        law = value(name, alpha=alpha, teacher_snr=snr, t=times)
        np.testing.assert_array_less(np.abs(found.mean(axis=0) - law), 5 * found.std(axis=0) / np.sqrt(draws) + law / N)


@given(st.one_of(loads, st.just(1.0)))
def test_the_law_of_eigenvalues(alpha):
    values, weights = marchenko_pastur(alpha)
    low, high = value("lower_edge", alpha=alpha), value("upper_edge", alpha=alpha)
    assert low - 1e-9 <= values.min()
    assert values.max() <= high + 1e-9
    assert (low, high) == pytest.approx(((1 - np.sqrt(alpha)) ** 2, (1 + np.sqrt(alpha)) ** 2))
    moments = [weights.sum(), weights @ values, weights @ values**2]
    assert moments == pytest.approx([min(1, alpha), alpha, alpha * (1 + alpha)], rel=1e-6)


def test_quadrature_of_the_density():
    low, high = (1 - np.sqrt(2)) ** 2, (1 + np.sqrt(2)) ** 2

    def density(x):
        return np.sqrt((high - x) * (x - low)) / (2 * np.pi * x) * mode_error(x, 1.5, 0.8)

    assert error_at(2, 1.5, 0.8) == pytest.approx(quad(density, low, high)[0], rel=1e-7)


@given(loads, snrs)
def test_limits_in_time(alpha, snr):
    assert error_at(alpha, snr, 0) == pytest.approx(1)
    assert value("train_error", alpha=alpha, teacher_snr=snr, t=0) == pytest.approx(1 + 1 / snr)
    assert error_at(alpha, snr, 1e7) == pytest.approx(final_error(alpha, snr), rel=1e-6)
    assert value("train_error", alpha=alpha, teacher_snr=snr, t=1e7) == pytest.approx(max(0, 1 - 1 / alpha) / snr, abs=1e-9)
    gain = value("overfitting", alpha=alpha, teacher_snr=snr)
    assert gain > 0
    assert gain == pytest.approx(final_error(alpha, snr) - value("least_error", alpha=alpha, teacher_snr=snr))


@given(loads, snrs)
def test_the_best_stop(alpha, snr):
    stop = value("stopping_time", alpha=alpha, teacher_snr=snr)
    assert value("earliest_stop", alpha=alpha, teacher_snr=snr) <= stop * (1 + 1e-6)
    assert stop <= value("latest_stop", teacher_snr=snr) * (1 + 1e-6) == snr * (1 + 1e-6)
    least = value("least_error", alpha=alpha, teacher_snr=snr)
    target(least / error_at(alpha, snr, snr))
    assert least == pytest.approx(error_at(alpha, snr, stop))
    times = np.geomspace(stop / 50, 50 * stop, 60)
    assert np.all(error_at(alpha, snr, times) >= least * (1 - 1e-9))
    later = error_at(alpha, snr, snr * np.array([1, 1.5, 4, 40]))
    if snr * value("lower_edge", alpha=alpha) < 5:  # else nothing is left to learn by then
        assert later[0] < later[1]
    assert np.all(np.diff(later) > -1e-12)
    ridge = value("ridge_error", alpha=alpha, teacher_snr=snr)
    assert ridge <= least <= 1.1 * ridge


@given(loads, snrs)
def test_optimal_ridge_by_quadrature(alpha, snr):
    values, weights = marchenko_pastur(alpha)
    unseen = max(0.0, 1 - alpha)
    law = value("ridge_error", alpha=alpha, teacher_snr=snr)
    assert law == pytest.approx(weights @ (1 / (1 + values * snr)) + unseen, rel=1e-8)
    for factor in (0.8, 1.0, 1.25):
        penalty = factor / snr
        error = weights @ ((penalty**2 + values / snr) / (values + penalty) ** 2) + unseen
        assert bool(error == pytest.approx(law, rel=1e-8)) is (factor == 1.0)
        assert error >= law * (1 - 1e-9)


def test_ridge_of_bad_teachers_does_not_cancel():
    gain = 1 - value("ridge_error", alpha=0.5, teacher_snr=1e-6)
    assert gain == pytest.approx(0.5e-6 * (1 - 1.5e-6), rel=1e-9)


@given(loads)
def test_transferring_everything_pays_only_above_a_teacher_quality(alpha):
    edge = value("worthless_below", alpha=alpha)
    assert edge * abs(alpha - 1) == pytest.approx(1)
    assert final_error(alpha, 0.99 * edge) > 1 > final_error(alpha, 1.01 * edge)
    assert final_error(alpha, edge) == pytest.approx(1)
    assert value("least_error", alpha=alpha, teacher_snr=0.5 * edge) < 1  # stopping early always pays


@pytest.mark.parametrize(("eigenvalue", "snr"), [(0.3, 2.0), (2.0, 10.0)])
def test_one_direction_is_best_stopped_at_its_own_time(eigenvalue, snr):
    times = np.linspace(1e-3, 10, 400_001)
    errors = mode_error(eigenvalue, snr, times)
    best = np.log1p(eigenvalue * snr) / eigenvalue
    assert times[np.argmin(errors)] == pytest.approx(best, abs=1e-4)
    assert errors.min() == pytest.approx(1 / (1 + eigenvalue * snr))


def test_earliest_stop_is_that_of_the_largest_eigenvalue():
    top = (1 + np.sqrt(2.0)) ** 2
    assert value("earliest_stop", alpha=2, teacher_snr=3) == pytest.approx(np.log1p(3 * top) / top)


def test_domain():
    with pytest.raises(UserError, match="diverges"):
        final_error(1.0, 2.0)


@pytest.mark.parametrize("attack", attacks.ATTACKS, ids=lambda item: item.name)
def test_attacks_reach_but_do_not_pass(attack):
    found = run(attack, tries=2000)
    assert not found.broken
    assert found.ratio > 0.9
    assert attack.ratio(found.witness) == pytest.approx(found.ratio, rel=1e-12)
    weaker = replace(attack, ratio=lambda witness: attack.ratio(witness) / 0.9)
    assert run(weaker, tries=2000).broken


def test_every_step_of_the_derivation():
    assert [check for check in C7_TRANSFER.check() if not check.passed] == []
