"""C3-threshold: against Monte Carlo, scipy.stats, a histogram of reads, and the weak-signal limits 2/pi and 1."""

import numpy as np
import pytest
from hypothesis import given, target
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from theory.errors import UserError
from theory.hebbian import C3
from theory.threshold import C3_THRESHOLD, error_rate, graded_bits, hard_bits, load_at_error

WEAK = 1 / (np.pi * np.log(2))
CEILING = 1 / (2 * np.log(2))


def entropy(f):
    return -(f * np.log2(f) + (1 - f) * np.log2(1 - f))


@given(st.floats(0.01, 50), st.floats(0.01, 0.99))
def test_the_threshold_is_the_one_of_fewest_errors(snr, f):
    gap = 1 / np.sqrt(f * (1 - f) / snr)

    def errors(t):
        return f * norm.sf((1 - t) * gap) + (1 - f) * norm.sf(t * gap)

    best = C3_THRESHOLD.value("threshold", snr=snr, f=f).value
    assert error_rate(snr, f) == pytest.approx(errors(best), rel=1e-9)
    for step in (-0.01, 0.01):
        assert errors(best + step) >= errors(best) - 1e-15
    miss, alarm = (C3_THRESHOLD.value(name, snr=snr, f=f).value for name in ("miss", "false_alarm"))
    assert error_rate(snr, f) == pytest.approx(f * miss + (1 - f) * alarm, rel=1e-12)
    assert miss == pytest.approx(norm.sf((1 - best) * gap), rel=1e-7)
    assert alarm == pytest.approx(norm.sf(best * gap), rel=1e-7)
    assert error_rate(snr, f) <= min(f, 1 - f) * (1 + 1e-12)


def test_dense_errors():
    snr = np.array([0.5, 1.0, 4.0])
    np.testing.assert_allclose(error_rate(snr, 0.5), norm.sf(np.sqrt(snr)), rtol=1e-12)
    assert C3_THRESHOLD.value("threshold", snr=2.0, f=0.5).value == 0.5


@pytest.mark.parametrize(("f", "size", "count"), [(0.5, 400, 200), (0.1, 400, 300)])
def test_errors_of_a_stored_memory(f, size, count):
    rng, a, trials = np.random.default_rng(1), 0.5, 60
    ratio = size / (count - 1)
    cut = C3_THRESHOLD.value("threshold", snr=ratio, f=f).value
    wrong = []
    for _ in range(trials):
        codes = rng.choice([-0.5, 0.5], (count, size))
        targets = (rng.random((count, 20)) < f).astype(float)
        read = codes @ (codes.T @ (targets - f)) / (size * a * (1 - a)) + f
        wrong.append(np.mean((read > cut) != (targets > 0.5)))
    assert abs(np.mean(wrong) - error_rate(ratio, f)) < 5 * np.std(wrong) / np.sqrt(trials)


@given(st.floats(0.02, 0.5), st.floats(0.05, 0.95))
def test_load_at_error_inverts_the_error_rate(f, part):
    error = f * part * 0.9
    load = load_at_error(f, error)
    assert error_rate(1 / load, f) == pytest.approx(error, rel=1e-6)


def test_load_at_one_percent():
    assert load_at_error(0.5, 0.01) == pytest.approx(1 / norm.isf(0.01) ** 2, rel=1e-9)
    with pytest.raises(UserError, match="guess"):
        load_at_error(0.1, 0.1)


@pytest.mark.parametrize(("f", "error"), [(0.5, 0.4999999), (1e-12, 1e-14), (0.5, 1e-200)])
def test_load_at_errors_near_the_ends(f, error):
    assert error_rate(1 / load_at_error(f, error), f) == pytest.approx(error, rel=1e-6)


@pytest.mark.parametrize(("snr", "f"), [(3.0, 0.5), (0.5, 0.2), (0.9, 0.1)])
def test_bits_against_histograms(snr, f):
    gap = np.sqrt(snr / (f * (1 - f)))
    z = np.linspace(-14, gap + 14, 400001)
    on, off = norm.pdf(z - gap), norm.pdf(z)
    mixture = f * on + (1 - f) * off
    with np.errstate(divide="ignore", invalid="ignore"):
        density = np.nan_to_num(f * on * np.log2(on / mixture)) + np.nan_to_num((1 - f) * off * np.log2(off / mixture))
    exact = np.trapezoid(density, z)
    assert graded_bits(1 / snr, f) == pytest.approx(exact / snr, rel=1e-7)

    def split(cut):
        p, q = norm.sf(cut - gap), norm.sf(cut)
        return entropy(f * p + (1 - f) * q) - f * entropy(p) - (1 - f) * entropy(q)

    best = -minimize_scalar(lambda cut: -split(cut), bounds=(gap / 2 - 3, gap / 2 + 3), method="bounded").fun
    assert hard_bits(1 / snr, f) == pytest.approx(best / snr, rel=1e-6)


@given(st.floats(0.01, 100), st.floats(0.005, 0.995))
def test_hard_is_less_than_graded_is_less_than_gaussian(load, f):
    hard, graded = hard_bits(load, f), graded_bits(load, f)
    gauss = load / 2 * np.log2(1 + 1 / load)
    target(graded / gauss, label="graded over Gaussian")
    assert hard <= graded * (1 + 1e-7)
    assert graded <= gauss * (1 + 1e-9)
    assert graded <= load * entropy(f) * (1 + 1e-9)
    assert hard_bits(load, 1 - f) == pytest.approx(hard, rel=1e-6)


@pytest.mark.parametrize("f", [0.5, 0.1, 0.01])
def test_high_load_limits(f):
    assert graded_bits(1e5, f) == pytest.approx(CEILING, rel=1e-4)
    assert hard_bits(1e5, f) == pytest.approx(WEAK, rel=1e-4)
    assert C3_THRESHOLD.value("hard_limit").value == pytest.approx(WEAK, rel=1e-12)


def test_the_full_retrieval_load_is_not_retrieved_fully():
    levels = np.array([0.5, 0.1, 0.01])
    load = C3.value("load", f=levels).value
    full = C3.value("full_retrieval", f=levels).value
    graded, hard = graded_bits(load, levels), hard_bits(load, levels)
    assert np.all(hard < graded)
    assert np.all(graded < 0.85 * full)
    z, weights = np.polynomial.hermite_e.hermegauss(80)  # the textbook form of a binary input at SNR 3, load 1/3
    antipodal = 1 - weights @ np.log2(1 + np.exp(-2 * (3 + np.sqrt(3) * z))) / np.sqrt(2 * np.pi)
    assert graded[0] == pytest.approx(antipodal / 3, rel=1e-6)
    assert error_rate(3.0, 0.5) == pytest.approx(norm.sf(np.sqrt(3)))


def test_the_hard_ceiling():
    assert C3_THRESHOLD.value("hard_ceiling", f=0.5).value == pytest.approx(WEAK)  # only in the limit of high loads
    sparse = C3_THRESHOLD.value("hard_ceiling", f=np.array([1e-3, 1e-6, 1e-12])).value
    assert np.all(np.diff(sparse) > 0)
    assert WEAK < sparse[0] < sparse[-1] < CEILING
    grid = np.exp(np.linspace(np.log(10), np.log(1e4), 200))
    assert sparse[0] == pytest.approx(np.max(hard_bits(grid, 1e-3)), rel=1e-4)
