"""C4. The second implementation runs LMS for real; the fixed point of the scalar recursion is found by iterating it."""

import numpy as np
import pytest
from hypothesis import given, target
from hypothesis import strategies as st

from theory.attacks import tradeoff as attacks
from theory.attacks.attack import Attack, run
from theory.errors import UserError
from theory.ledger import claim
from theory.tradeoff import C4, J, J_mean_min, J_min, J_peak_min, strength


@pytest.mark.parametrize(("eta", "sigma"), [(0.1, 1.0), (0.5, 0.5), (1.0, 2.0)])
def test_the_steady_error_of_lms(eta, sigma):
    rng, size, replicas = np.random.default_rng(0), 8, 400
    error = np.zeros((replicas, size))
    burn = int(8 * claim("C4").value("relaxation_writes", N=size, eta=eta).value)
    samples = []
    for step in range(3 * burn):
        x = rng.normal(size=(replicas, size))
        x /= np.linalg.norm(x, axis=1, keepdims=True)
        residual = sigma * rng.normal(size=replicas) - np.sum(error * x, axis=1)
        error += eta * residual[:, None] * x
        if step >= burn:
            samples.append(np.sum(error**2, axis=1) / size)
    per_replica = np.mean(samples, axis=0)
    assert abs(per_replica.mean() - J(eta, sigma)) < 5 * per_replica.std() / np.sqrt(replicas)


@given(st.floats(1e-3, 1), st.floats(0.01, 100))
def test_error_and_strength_are_inverses_and_a_fixed_point(eta, sigma):
    error = J(eta, sigma)
    assert strength(error, sigma) == pytest.approx(eta, rel=1e-9)
    size, energy = 5.0, 0.0
    for _ in range(int(60 * size / eta)):
        energy += eta**2 * sigma**2 - eta * (2 - eta) * energy / size
    assert energy / size == pytest.approx(error, rel=1e-6)
    excess = energy  # start at twice the fixed point: what one write leaves of the excess
    left = (2 * energy + eta**2 * sigma**2 - eta * (2 - eta) * 2 * energy / size - energy) / excess
    assert left == pytest.approx(1 - 1 / claim("C4").value("relaxation_writes", N=size, eta=eta).value, abs=1e-5)


@given(st.integers(0, 10**6), st.floats(2, 50))
def test_no_annealed_schedule_enters_the_forbidden_region(seed, size):
    strengths = np.sort(np.random.default_rng(seed).uniform(0.01, 1, 60))[::-1]
    energy, margins = size * J(strengths[0], 1.0), []
    for eta in strengths:
        energy += eta**2 - eta * (2 - eta) * energy / size
        margins.append(energy / size / J_min(eta, 1.0))
    target(-max(margins), label="closeness to the edge")
    assert min(margins) >= 1 - 1e-12
    energy += 1 - energy / size  # a sudden rise to eta = 1 does enter it
    assert energy / size < J_min(1.0, 1.0)


@given(st.floats(1e-3, 1), st.floats(1e-3, 1), st.floats(0.1, 10))
def test_no_strength_enters_the_forbidden_region(eta, depth, sigma):
    if eta >= depth:  # deep enough
        target(J_min(depth, sigma) / J(eta, sigma), label="edge over error")
        assert J(eta, sigma) >= J_min(depth, sigma) * (1 - 1e-12)
    else:
        assert J(eta, sigma) < J_min(depth, sigma)


def test_relaxation_is_the_leading_order_of_large_stores():
    for size, eta in ((1e3, 0.3), (1e5, 1.0)):
        exact = -1 / np.log1p(-eta * (2 - eta) / size)
        assert 0 < C4.relaxation_writes(N=size, eta=eta) / exact - 1 < 1 / size


def test_a_schedule_can_be_below_the_edge_for_one_write():
    assert C4.J_after(N=1000, depth=1, J=0.01, sigma=1) == pytest.approx(0.01 + (1.01 - 0.02) / 1000)
    assert C4.J_after(N=1000, depth=1, J=0.01, sigma=1) < 0.02 * J_min(1, 1)


def test_named_limits():
    assert J(1.0, 3.0) == 9.0
    assert strength(9.0, 3.0) == 1.0
    assert J(1e-6, 1.0) == pytest.approx(5e-7, rel=1e-5)
    assert strength(1 / 3, 1.0) == pytest.approx(0.5)
    with pytest.raises(UserError, match="lower J"):
        strength(1.01, 1.0)


def best_schedule(size, delta, deep, sigma=1.0):
    """Errors after each write, deep ones at `delta`, the others at the strength that leaves least; by LMS's own recursion."""
    error, errors = sigma**2 * delta / (2 - delta), []
    for wanted in deep:
        rate = delta if wanted else error / (error + sigma**2)
        error = ((size - 1) * error + (1 - rate) ** 2 * error + rate**2 * sigma**2) / size
        errors.append(error)
    return np.array(errors)


@given(st.integers(0, 10**6), st.floats(1, 50), st.floats(0.05, 1), st.floats(0.1, 10))
def test_no_schedule_passes_the_bounds_of_its_deep_writes(seed, size, delta, sigma):
    rng = np.random.default_rng(seed)
    period = int(rng.integers(1, 16))
    strengths = rng.uniform(0, 1, period) ** rng.uniform(0.3, 6)
    strengths[0] = delta  # one deep write at least
    share = np.mean(strengths >= delta)
    error, errors = J(delta, sigma), []
    for _ in range(int(40 * size / np.sum(strengths)) + 1):  # towards the limit cycle
        for rate in strengths:
            error = ((size - 1) * error + (1 - rate) ** 2 * error + rate**2 * sigma**2) / size
            errors.append(error)
    cycle = errors[-period:]
    peak, mean = J_peak_min(delta, share, sigma) / max(cycle), J_mean_min(delta, share, sigma) / np.mean(cycle)
    target(peak, label="bound over peak error")
    target(mean, label="bound over mean error")
    assert peak <= 1 + 1e-9
    assert mean <= 1 + 1e-9


@pytest.mark.parametrize(("every", "delta"), [(2, 1.0), (10, 0.5), (4, 0.2)])
def test_even_spacing_reaches_the_peak_and_long_blocks_the_mean(every, delta):
    bound, gaps = J_peak_min(delta, 1 / every, 2.0), []
    for size in (20, 80):
        errors = best_schedule(size, delta, np.arange(120 * size) % every == 0, sigma=2.0)
        gaps.append(errors[-every:].max() / bound - 1)
    assert 0 < gaps[1] < gaps[0]
    assert gaps[0] / gaps[1] == pytest.approx(4, rel=0.1)  # of order 1/N
    ratios = []
    for block in (100, 3200):
        period = np.arange(every * block) < block
        errors = best_schedule(2, delta, np.tile(period, 3))
        ratios.append(errors[-len(period) :].mean() / J_mean_min(delta, 1 / every, 1.0))
    assert 1 < ratios[1] < ratios[0]
    assert ratios[1] < 1.08


@given(st.floats(0.05, 1), st.floats(0.01, 1), st.floats(0.1, 10))
def test_both_bounds_meet_the_edge_when_every_write_is_deep(delta, share, sigma):
    assert J_peak_min(delta, 1, sigma) == pytest.approx(J_min(delta, sigma), rel=1e-12)
    assert J_mean_min(delta, 1, sigma) == pytest.approx(J_min(delta, sigma), rel=1e-12)
    peak = J_peak_min(delta, share, sigma)
    assert J_mean_min(delta, share, sigma) <= peak * (1 + 1e-12)
    assert C4.share_max(depth=delta, J=peak, sigma=sigma) == pytest.approx(share, rel=1e-9)
    with pytest.raises(UserError, match="every write may be deep"):
        C4.share_max(depth=delta, J=1.01 * J_min(delta, sigma), sigma=sigma)


def test_full_depth_once_in_a_hundred_writes():
    assert J_peak_min(1, 0.01, 3.0) == pytest.approx(0.9, rel=1e-12)  # sigma^2 sqrt q
    assert J_mean_min(1, 0.01, 3.0) == pytest.approx(0.09, rel=1e-12)  # sigma^2 q


@given(st.floats(1, 1e4), st.floats(0.01, 1), st.floats(1e-4, 2), st.floats(0.1, 10))
def test_one_deep_write_after_annealing_costs_at_most_one_part_in_N(size, delta, part, sigma):
    error = part * sigma**2
    after = C4.J_after(N=size, depth=delta, J=error, sigma=sigma)
    assert after == pytest.approx(((size - 1) * error + (1 - delta) ** 2 * error + delta**2 * sigma**2) / size, rel=1e-9)
    assert after - error <= sigma**2 / size * (1 + 1e-9)


def test_one_deep_write_in_a_running_store():
    rng, size, replicas, sigma = np.random.default_rng(4), 6, 40_000, 0.7
    error = 0.3 * rng.normal(size=(replicas, size))
    x = rng.normal(size=(replicas, size))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    before = np.sum(error**2, axis=1) / size
    error += 0.8 * (sigma * rng.normal(size=replicas) - np.sum(error * x, axis=1))[:, None] * x
    change = np.sum(error**2, axis=1) / size - before
    expected = C4.J_after(N=size, depth=0.8, J=0.09, sigma=sigma) - 0.09
    assert abs(change.mean() - expected) < 5 * change.std() / np.sqrt(replicas)


@pytest.mark.parametrize("size", [1, 7, 100])
def test_annealing_takes_the_least_writes_and_not_many_more(size):
    errors = best_schedule(size, 1.0, np.zeros(60 * size, dtype=bool), sigma=0.5)  # from J = sigma^2 on
    counts = np.arange(1, len(errors) + 1)
    least = C4.least_writes(N=size, J=errors, sigma=0.5)
    assert np.all(counts >= least * (1 - 1e-9))
    assert counts[-1] / least[-1] < 1.15
    if size == 1:
        np.testing.assert_allclose(least, counts, rtol=1e-9)


@pytest.mark.parametrize("attack", attacks.ATTACKS, ids=lambda attack: attack.name)
def test_attacks_reach_their_bounds_and_break_weaker_ones(attack):
    weaker = Attack(**{**vars(attack), "ratio": lambda witness: attack.ratio(witness) / 0.9})
    outcome = run(weaker, tries=2500)
    assert outcome.broken
    assert weaker.ratio(outcome.witness) == pytest.approx(outcome.ratio, rel=1e-12)
    assert attack.ratio(outcome.witness) <= 1 + 1e-9
