"""S4. Real rehearsals (random order, random keys), exact second moments of small stores, sums written out, brute-force minima."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, target
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import ive

from theory.attacks import consolidation as attacks
from theory.attacks.attack import Attack, run
from theory.consolidation import S4, best_hold, presentations, replay_depth, sweeps_enough
from theory.errors import UserError

LOADS = st.floats(0.02, 5)
RATES = st.floats(0.05, 1)


def unit_keys(rng, facts, size):
    keys = rng.normal(size=(facts, size))
    return keys / np.linalg.norm(keys, axis=-1, keepdims=True)


def test_every_step_of_the_derivation_holds():
    failed = [check for check in S4.check() if not check.passed]
    assert not failed


@pytest.mark.parametrize(("facts", "eta", "passes"), [(20, 1.0, 1), (20, 0.5, 4), (80, 0.8, 2)])
def test_depth_of_rehearsed_facts(facts, eta, passes):
    rng, size, depths = np.random.default_rng(1), 40, []
    for _ in range(60):
        keys = unit_keys(rng, facts, size)
        weights = np.zeros((size, facts))  # the parameters as linear functions of the targets
        for fact in rng.integers(facts, size=passes * facts):
            weights[:, :] += eta * np.outer(keys[fact], np.eye(facts)[fact] - keys[fact] @ weights)
        depths.append(np.trace(keys @ weights) / facts)
    error = np.std(depths) / np.sqrt(len(depths))
    assert abs(np.mean(depths) - replay_depth(size, facts, eta, passes)) < 5 * error + 1 / (2 * size)  # finite size: below 1/(2N)
    assert np.mean(depths) < S4.depth_ceiling(N=size, M=facts, eta=eta, sweeps=passes)


@pytest.mark.parametrize("load", [0.25, 1.0, 3.0])
@pytest.mark.parametrize("x", [0.3, 2.0, 15.0])
def test_the_spectral_law_of_a_large_store(load, x):
    rng, size, found = np.random.default_rng(2), 200, []
    for _ in range(4):
        squares = np.linalg.svd(unit_keys(rng, round(load * size), size), compute_uv=False) ** 2
        found.append(np.sum(1 - np.exp(-x * squares)) / (load * size))
    assert np.mean(found) == pytest.approx(replay_depth(size, load * size, 0.5, 2 * x), abs=1 / size)  # finite size


@given(LOADS, RATES, st.floats(0, 60))
def test_saturation_duality_and_the_ceiling_of_any_keys(load, eta, passes):
    depth, limit = replay_depth(100, 100 * load, eta, passes), min(1, 1 / load)
    assert S4.depth_limit(N=100, M=100 * load) == pytest.approx(limit)
    assert 0 <= depth <= limit + 1e-12
    assert depth <= eta * passes + 1e-12
    # K and the second moment of the keys share their spectrum: a fact and a parameter change places
    assert load * depth == pytest.approx(replay_depth(100 * load, 100, eta, passes * load) if load >= 0.02 else 0, abs=1e-9)
    if passes >= 1:
        ceiling = S4.depth_ceiling(N=100, M=100 * load, eta=eta, sweeps=passes)
        target(depth / ceiling, label="isotropic keys over the best keys")
        assert depth <= ceiling * (1 + 1e-9)
        fits = min(100.0, 100 * load)
        assert ceiling == pytest.approx(fits / (100 * load) * (1 - (1 - eta / fits) ** (passes * 100 * load)), rel=1e-9)


def test_orthogonal_keys_and_tight_frames_reach_the_ceiling():
    for keys in (np.eye(3), np.array([[np.cos(angle), np.sin(angle)] for angle in 2 * np.pi * np.arange(3) / 3])):
        facts, size = keys.shape
        left = np.linalg.matrix_power(np.eye(facts) - 0.7 * keys @ keys.T / facts, 6)
        found = S4.depth_ceiling(N=size, M=facts, eta=0.7, sweeps=2)
        assert found == pytest.approx(1 - np.trace(left) / facts, rel=1e-12)


def test_the_power_law_at_full_load_and_the_exponential_below():
    passes = np.array([100.0, 400.0, 1600.0])
    missing = 1 - replay_depth(50, 50, 0.5, passes)
    np.testing.assert_allclose(missing, S4.critical_missing(eta=0.5, sweeps=passes), rtol=3e-3)
    np.testing.assert_allclose(missing[:-1] / missing[1:], 2, rtol=2e-3)
    load, times = 0.25, np.array([60.0, 80.0])
    left = (1 - replay_depth(100, 100 * load, 1, times)) * times**1.5  # a square-root edge at (1 - sqrt load)^2
    assert np.log(left[0] / left[1]) / 20 == pytest.approx((1 - load**0.5) ** 2, rel=0.01)


@pytest.mark.parametrize(("load", "eta"), [(0.05, 1.0), (0.4, 0.3), (0.8, 0.7)])
def test_mean_sweeps_is_the_area_of_the_missing_depth(load, eta):
    horizon = 40 / (1 - load**0.5) ** 2 / eta
    area = quad(lambda passes: 1 - replay_depth(1e3, 1e3 * load, eta, passes), 0, horizon, limit=200, epsabs=1e-8)[0]
    assert S4.mean_sweeps(N=1e3, M=1e3 * load, eta=eta) == pytest.approx(area, rel=1e-5)


@given(LOADS, RATES, st.floats(0.01, 0.99))
def test_sweeps_to_a_depth_and_to_break_even(load, eta, part):
    store = {"N": 200, "M": 200 * load, "eta": eta}
    wanted = part * min(1, 1 / load)
    assert replay_depth(*store.values(), S4.sweeps_to_depth(depth=wanted, **store)) == pytest.approx(wanted, rel=1e-8)
    assert replay_depth(*store.values(), S4.break_even_sweeps(**store)) == pytest.approx(1 / (1 + load), rel=1e-8)
    gain = S4.replay_gain(N=200, M=200 * load)
    target(gain, label="rehearsed over annealed depth")
    assert gain == pytest.approx(min(1, 1 / load) * (1 + load), rel=1e-12)
    assert 1 < gain <= 2 + 1e-12


def test_accuracy_at_the_ends_of_the_domains():
    # few facts in a large store: the missing depth is e^(-eta S), to first order in M/N
    for load in (1e-4, 1e-9):
        found = S4.break_even_sweeps(N=1e10, M=1e10 * load, eta=0.5)
        assert found == pytest.approx(-np.log(load) / 0.5, rel=200 * load + 1e-7)
    # full load: e^(-2x) (I_0(2x) + I_1(2x)), at the most sweeps that are admitted
    exact = ive(0, 2e8) + ive(1, 2e8)
    assert 1 - replay_depth(7, 7, 0.5, 2e8) == pytest.approx(exact, rel=1e-6)


def test_break_even_takes_one_to_three_sweeps_of_full_strength():
    found = S4.break_even_sweeps(N=100, M=np.array([10.0, 50.0, 100.0]), eta=1.0)
    assert found[0] > found[1] > found[2] > 1
    assert found[0] < 3


@given(st.integers(0, 10**6), st.integers(1, 5), RATES, st.integers(1, 8))
def test_squared_error_between_its_bounds(seed, facts, eta, steps):
    keys = unit_keys(np.random.default_rng(seed), facts, 5)
    values, vectors = np.linalg.eigh(keys @ keys.T)
    worst = keys.T @ vectors[:, 0]
    worst /= np.linalg.norm(worst)
    moment = np.outer(worst, worst)  # E[e e^T], propagated exactly over the random order
    for _ in range(steps):
        projections = [np.eye(5) - eta * np.outer(key, key) for key in keys]
        moment = sum(projection @ moment @ projection for projection in projections) / facts
    left = np.trace(moment)
    assert (1 - eta * values[0] / facts) ** (2 * steps) <= left * (1 + 1e-9) + 1e-15
    assert left <= (1 - eta * (2 - eta) * values[0] / facts) ** steps * (1 + 1e-9) + 1e-15


@pytest.mark.parametrize(("load", "eta"), [(0.1, 1.0), (0.25, 0.5)])
def test_sweeps_that_suffice_and_sweeps_that_do_not(load, eta):
    rng, size, eps, orders = np.random.default_rng(3), 200, 0.05, 40
    facts = round(load * size)
    keys = unit_keys(rng, facts, size)
    values, vectors = np.linalg.eigh(keys @ keys.T)
    slack = values[0] / (1 - load**0.5) ** 2  # the smallest eigenvalue of this store, over that of a large one
    store = {"N": size, "M": facts, "eta": eta, "eps": eps}
    enough, least = sweeps_enough(**store) / slack, S4.sweeps_least(**store) / slack
    assert enough == pytest.approx(least * 2 / (2 - eta), rel=1e-12)
    worst = keys.T @ vectors[:, 0]
    errors = np.tile(worst / np.linalg.norm(worst), (orders, 1))
    left = []
    for step in range(int(np.ceil(enough * facts))):
        if step == int(0.9 * least * facts):
            left.append(np.sum(errors**2, axis=1))
        chosen = keys[rng.integers(facts, size=orders)]
        errors -= eta * np.sum(chosen * errors, axis=1, keepdims=True) * chosen
    left.append(np.sum(errors**2, axis=1))
    (early, late), spread = np.mean(left, axis=1), np.std(left, axis=1) / np.sqrt(orders)
    assert early > eps - 5 * spread[0]
    assert early > eps  # a tenth fewer than needed
    assert late < eps + 5 * spread[1]


@given(st.integers(1, 40), st.integers(1, 9), st.integers(1, 40), st.floats(0, 9))
def test_presentations_by_counting(T, D, hold, passes):
    if hold > T:
        with pytest.raises(UserError, match="lower hold"):
            presentations(T, D, hold, passes)
        return
    held = [min(T, done + hold) for done in range(0, T, hold)]
    assert S4.sleeps(T=T, hold=hold) == len(held)
    assert presentations(T, D, hold, passes) == pytest.approx(passes * D * sum(held), rel=1e-12)
    each = S4.passes(T=T, D=D, hold=hold, sweeps=passes)
    assert each == pytest.approx(passes * sum(held) / T, rel=1e-12)
    if T % hold == 0:
        assert D * hold * each == pytest.approx(passes * (D * T + D * hold) / 2, rel=1e-12)


@given(st.integers(2, 60), st.integers(1, 9), st.floats(0.5, 20), st.floats(0.1, 1e4))
def test_the_best_fast_store(T, D, passes, price):
    grid = np.linspace(1, T, 4001)
    cost = passes * D * T * (T + grid) / (2 * grid) + price * grid
    best = best_hold(T, D, passes, price)
    assert best == pytest.approx(grid[np.argmin(cost)], abs=1.01 * (T - 1) / 4000)
    if 1 < best < T:
        step = grid[1] - grid[0]
        apart = passes * D * T**2 / 2 / (best - step) ** 3 * (step / 2) ** 2  # curvature of the cost times the grid's own error
        assert S4.least_cost(T=T, D=D, sweeps=passes, price=price) == pytest.approx(cost.min(), rel=1e-9, abs=apart)


def test_a_stream_that_sleeps_as_long_as_it_must():
    N, D, eta, eps = 5000, 2, 0.4, 0.02
    for T, hold in ((1000, 1), (2000, 2)):
        held = D * np.arange(hold, T + 1, hold)
        count = np.sum(held * sweeps_enough(N, held, eta, eps))
        found = S4.stream_presentations(N=N, T=T, D=D, hold=hold, eta=eta, eps=eps)
        last = held[-1] * sweeps_enough(N, held[-1], eta, eps)
        assert count - last < found < count  # an increasing sum against its integral
        assert last < 0.01 * count
    short, long = (S4.stream_presentations(N=1e6, T=T, D=1, hold=1, eta=1, eps=eps) for T in (1e3, 2e3))
    assert long / short == pytest.approx(4, rel=0.1)  # far below the load 1 the count grows with the square of the stream


def test_a_small_stream_in_a_large_store():
    def presentations_integrated(N):
        """The integral of m ln(1/eps)/(eta (2 - eta) (1 - sqrt(m/N))^2) over m up to T D, divided by D hold."""
        with mpmath.workdps(30):
            area = mpmath.quad(lambda m: m / (1 - mpmath.sqrt(m / N)) ** 2, [0, 60])
            return float(area * mpmath.log(10) / mpmath.mpf("0.75") / 6)

    for N in (70, 500, 660, 667, 10**4, 10**10, 10**15):  # sqrt(T D/N) = 0.3 at N = 667
        found = S4.stream_presentations(N=N, T=20, D=3, hold=2, eta=0.5, eps=0.1)
        assert found == pytest.approx(presentations_integrated(N), rel=1e-10)
    # N -> oo: sweeps ln(1/eps)/(eta (2 - eta)) for (T D)^2/2 facts over D hold
    assert found == pytest.approx(60**2 / 2 / 6 * np.log(10) / 0.75, rel=1e-5)
    both = S4.stream_presentations(N=np.array([70.0, 1e10]), T=20, D=3, hold=2, eta=0.5, eps=0.1)
    assert both[1] < both[0]


def test_domains():
    with pytest.raises(UserError, match="T/10"):
        S4.stream_presentations(N=1e6, T=10, D=10, hold=10, eta=1, eps=0.1)
    with pytest.raises(UserError, match="M >= 1e-9 N"):
        S4.break_even_sweeps(N=1e17, M=1, eta=1)
    with pytest.raises(UserError, match="depth_limit"):
        S4.replay_depth(N=10, M=10, eta=1, sweeps=1e14)
    with pytest.raises(UserError, match="fewer facts"):
        sweeps_enough(10, 10, 1, 0.1)
    with pytest.raises(UserError, match="lower depth"):
        S4.sweeps_to_depth(N=10, M=20, eta=1, depth=0.5)
    with pytest.raises(UserError, match="raise sweeps"):
        S4.depth_ceiling(N=10, M=20, eta=1, sweeps=0.01)


@pytest.mark.parametrize("attack", attacks.ATTACKS, ids=lambda attack: attack.name)
def test_attacks_reach_their_bounds_and_break_weaker_ones(attack):
    weaker = Attack(**{**vars(attack), "ratio": lambda witness: attack.ratio(witness) / 0.9})
    outcome = run(weaker, tries=1500)
    assert outcome.broken
    assert weaker.ratio(outcome.witness) == pytest.approx(outcome.ratio, rel=1e-12)
    assert attack.ratio(outcome.witness) <= 1 + 1e-9
