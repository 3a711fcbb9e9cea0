"""S3-one. Weights of largest stability are found by dual coordinate ascent, facts are written into them once, and losses are
counted; Gardner's load is integrated again by mpmath."""

import mpmath
import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import norm

from theory.errors import UserError
from theory.sleep import S3_ONE, least_error, margin_load


def stablest(signed, sweeps=400):
    """Unit weights of largest stability for signed cues [facts, N], and that stability (hard-margin dual, coordinate ascent)."""
    gram, weights = signed @ signed.T, np.zeros(len(signed))
    fields = np.zeros(len(signed))
    for _ in range(sweeps):
        for i in range(len(signed)):
            step = max(-weights[i], (1 - fields[i]) / gram[i, i])
            weights[i] += step
            fields += step * gram[:, i]
    w = signed.T @ weights
    w /= np.linalg.norm(w)
    return w, float(np.min(signed @ w))


@pytest.fixture(scope="module")
def store():
    rng, N, M = np.random.default_rng(1), 400, 200
    signed = rng.normal(size=(M, N))
    return rng, signed, *stablest(signed)


@pytest.mark.parametrize("stability", [0.0, 0.4, 2.0])
def test_gardners_load_by_integration(stability):
    cost = mpmath.quad(lambda z: (z + stability) ** 2 * mpmath.npdf(z), [-stability, mpmath.inf])
    assert S3_ONE.value("capacity", stability=stability).value == pytest.approx(float(1 / cost), rel=1e-12)


def test_the_stability_found_is_gardners(store):
    _, signed, _, kappa = store
    # finite size: the stability of one sample of 400 inputs scatters by a few per cent
    assert S3_ONE.value("capacity", stability=kappa).value == pytest.approx(len(signed) / signed.shape[1], rel=0.1)


@pytest.mark.parametrize(("s", "D"), [(2.0, 10), (3.0, 20)])
def test_losses_of_one_shot_writes_into_the_margin(store, s, D):
    rng, signed, w, kappa = store
    N, runs, new_wrong, old_wrong = signed.shape[1], 200, 0, 0
    for _ in range(runs):
        fresh = rng.normal(size=(D, N))
        written = w + s * fresh.sum(axis=0) / N
        new_wrong += np.sum(fresh @ written < 0)
        old_wrong += np.sum(signed @ written < 0)
    nu = s * np.sqrt(D / N)
    expected = norm.sf(s / np.sqrt(1 + nu**2))
    # |x|^2/N is not exactly 1 but scatters by sqrt(2/N) = 0.07: the tail at s/sqrt(1 + nu^2) changes by a few per cent
    assert new_wrong / (D * runs) == pytest.approx(expected, abs=5 * np.sqrt(expected / (D * runs)) + 0.1 * expected)
    bound = norm.sf(kappa / nu)
    assert old_wrong / (len(signed) * runs) <= bound + 5 * np.sqrt(bound / (len(signed) * runs))


def lost_with_rehearsal_after_every_fact(rng, N, M):
    cues, labels = rng.normal(size=(M, N)), rng.choice([-1.0, 1.0], M)
    w = np.zeros(N)
    for count in range(1, M + 1):
        x, y = cues[count - 1], labels[count - 1]
        w = w + max(0.0, 0.5 - y * (w @ x)) * y * x / N  # read, then write once; seen no more
        own = np.sign(cues[:count] @ w)  # from here on the store knows its own answers only
        w = stablest(cues[:count] * own[:, None], sweeps=150)[0]
    return np.mean(np.sign(cues @ w) != labels)


def test_rehearsal_after_every_fact_keeps_them_in_a_large_store():
    rng = np.random.default_rng(7)
    large, small = (np.mean([lost_with_rehearsal_after_every_fact(rng, N, M) for _ in range(3)]) for N, M in ((80, 48), (10, 6)))
    assert large < 0.02 < small  # the load is 0.6 in both: a write moves a field by 1/sqrt(N), the margin is the same


@pytest.mark.parametrize("T", [2, 7.5, 100, 1e5])
@pytest.mark.parametrize("error", [0.001, 0.1])
def test_the_load_spends_the_error_and_is_the_largest(T, error):
    held = margin_load(T, error)
    assert least_error(held, T) == pytest.approx(error, rel=1e-5)
    assert least_error(1.01 * held, T) > error
    assert 0 < held < 2
    stability = brentq(lambda k: S3_ONE.value("capacity", stability=k).value - held, 0, 60)
    s = np.geomspace(0.1, 1000, 4001)
    nu = s * np.sqrt(held / T)
    tried = norm.sf(s / np.sqrt(1 + nu**2)) + (T - 1) * norm.sf(stability / nu)
    assert np.min(tried) == pytest.approx(error, rel=1e-3)  # steps of 0.23% in s


def test_one_task_is_one_shot_storage():
    load = margin_load(1, 0.05)
    assert norm.sf(1 / np.sqrt(load)) == pytest.approx(0.05)  # s -> infinity: crosstalk of load N facts


def test_long_streams_reach_gardners_load_as_the_inverse_root_up_to_logarithms():
    T = np.array([1e6, 1e8, 1e10])
    short = 2 - margin_load(T, 0.01)
    slope = np.polyfit(np.log(T), np.log(short), 1)[0]
    assert -0.5 < slope < -0.42  # the logarithms take a little from 1/2
    assert np.all(short > 4 * 1.4 / T)  # two stores lose C^2 c/T: much less


@pytest.mark.parametrize("error", [0.0, 0.5])
def test_domain(error):
    with pytest.raises(UserError, match="error < 1/2"):
        margin_load(10, error)


def test_the_claim_checks():
    assert [check for check in S3_ONE.check() if not check.passed] == []
