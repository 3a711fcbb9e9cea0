"""C6. The curve is checked by simulating synapses event by event; the bounds on random models; the envelope by brute force."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, target
from hypothesis import strategies as st

from theory.attacks import envelope as attacks
from theory.attacks.attack import run
from theory.envelope import C6, Synapse, area, binary, by_age, cascade, curve, envelope, power, power_ceiling, serial
from theory.errors import UserError
from theory.retention import ceiling


@st.composite
def synapses(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    states, spread = draw(st.integers(2, 7)), 10 ** draw(st.floats(-1, 1))
    up, down = (rng.dirichlet(np.full(states, spread), size=states) + 1e-5 for _ in range(2))
    up, down = (matrix / matrix.sum(axis=1, keepdims=True) for matrix in (up, down))
    return Synapse(up, down, rng.normal(size=states), draw(st.floats(0.05, 0.95)))


@pytest.mark.parametrize("synapse", [serial(4, 0.5), replace(cascade(3), f=0.3), replace(serial(5), weights=np.arange(5.0))])
def test_simulated_synapses(synapse):
    """Covariance of an event's b with w, and the deviation of w, over 20000 synapses of a running population."""
    rng, size, ages = np.random.default_rng(1), 40_000, 12
    states = rng.choice(len(synapse.weights), size, p=synapse.equilibrium)
    sums = np.cumsum(np.stack([synapse.down, synapse.up]), axis=-1)
    for age in range(ages):
        event = (rng.random(size) < synapse.f).astype(int)
        if age == 0:
            b = 2.0 * event - 1
        states = np.sum(rng.random(size)[:, None] > sums[event, states], axis=1)
        w = synapse.weights[np.minimum(states, len(synapse.weights) - 1)]
        products = (b - (2 * synapse.f - 1)) * (w - synapse.equilibrium @ synapse.weights)
        deviation = np.sqrt(synapse.equilibrium @ (synapse.weights - synapse.equilibrium @ synapse.weights) ** 2)
        error = products.std() / np.sqrt(size) / deviation
        assert abs(products.mean() / deviation - by_age(synapse, ages)[age]) < 5 * error


@given(synapses())
def test_three_bounds(synapse):
    found = by_age(synapse, 30)
    states, balance = len(synapse.weights), 4 * synapse.f * (1 - synapse.f)
    spent = {
        "start": np.max(np.abs(found)) / np.sqrt(balance),
        "power": power(synapse) / balance,
        "area": area(synapse) / (states - 1),
    }
    for name, share in spent.items():
        target(share, label=name)
        assert share <= 1 + 1e-9
    assert power(synapse) >= np.sum(found**2) - 1e-9


@given(synapses(), st.integers(1, 60))
def test_a_decaying_curve_stays_below_power_over_age(synapse, M):
    """For any curve that does not rise, the last of M events has M SNR^2 <= N; for a log-convex one the ceiling is lower."""
    found = by_age(synapse, M + 1)
    if np.all(found > 1e-9) and np.all(np.diff(found) <= 0):
        assert M * found[M - 1] ** 2 <= 1 + 1e-9
        if M > 1 and np.all(found[2:] * found[:-2] >= found[1:-1] ** 2 * (1 - 1e-12)):
            assert M * found[M - 1] ** 2 <= power_ceiling(1, M) * (1 + 1e-6) + 1e-9


@pytest.mark.parametrize("synapse", [serial(6, 0.3), cascade(4), binary(0.2)])
def test_area_and_power_are_integrals_of_the_curve(synapse):
    assert area(synapse) == pytest.approx(np.sum(by_age(synapse, 2000)), rel=1e-9)
    nodes, weights = np.polynomial.legendre.leggauss(100)
    assert area(synapse) == pytest.approx(200 * weights @ curve(synapse, 200 * (nodes + 1)), rel=1e-6)
    assert power(synapse) == pytest.approx(np.sum(by_age(synapse, 2000) ** 2), rel=1e-9)
    x = np.array([0.0, 0.5, 3.0])  # events at random times: a Poisson mixture of ages
    weights = np.array([[np.exp(-y) * y**k / float(np.prod(np.arange(1.0, k + 1))) for k in range(40)] for y in x])
    np.testing.assert_allclose(curve(synapse, x), weights @ by_age(synapse, 40), rtol=1e-9)


def test_two_states_meet_start_and_area_with_equality():
    np.testing.assert_allclose(curve(binary(1.0), np.array([0.0, 1.0, 4.0])), np.exp([0.0, -1.0, -4.0]))
    for switch in (1.0, 0.3, 0.01):
        assert area(binary(switch)) == pytest.approx(1.0)
        assert by_age(binary(switch), 1)[0] == pytest.approx(switch)
    x = np.array([1.0, 5.0, 100.0])
    np.testing.assert_allclose([curve(binary(1 / y), y) for y in x], C6.value("late_envelope", N=1, M_s=2, rate=1, t=x).value)


def test_a_reader_that_rescales_unbalanced_events_gains_area():
    f = 0.1  # two states, both occupied half of the time
    synapse = Synapse(np.array([[0.1, 0.9], [0, 1]]), np.array([[1, 0], [0.1, 0.9]]), np.array([-1.0, 1.0]), f)
    assert area(synapse) == pytest.approx(1.0)
    gain = 1 / (2 * np.sqrt(f * (1 - f)))
    assert gain * area(synapse) > 1.6
    assert gain**2 * power(synapse) <= 1


@pytest.mark.parametrize("states", [2, 3, 4, 8])
def test_the_serial_model_attains_the_area(states):
    shares = [area(serial(states, leave)) / (states - 1) for leave in (1.0, 1e-2, 1e-4)]
    assert np.all(np.diff(shares) > -1e-9)
    assert shares[-1] == pytest.approx(1.0, abs=3e-4 * states)
    if states % 2 == 0:  # left as readily as any other state: equal occupation, so that the cuts add up to M_s/2
        assert shares[0] == pytest.approx(states / 2 / (states - 1))


@pytest.mark.parametrize(("levels", "ratio"), [(1, 0.5), (4, 0.5), (5, 0.3)])
def test_the_cascade_is_equally_occupied_and_slows_down(levels, ratio):
    synapse = cascade(levels, ratio)
    np.testing.assert_allclose(synapse.equilibrium, 1 / (2 * levels))
    slowest = np.sort(np.abs(np.linalg.eigvals(synapse.forget)))[-2]
    assert 1 - slowest < 3 * ratio ** (levels - 1)


def brute(N, M_s, x):
    q = np.geomspace(1e-8, 1e4, 400_001)
    return np.sqrt(N) * np.max(np.minimum(1, np.minimum(np.sqrt(2 * q), (M_s - 1) * q)) * np.exp(-q * x))


@given(st.floats(1, 1e4), st.floats(2, 200), st.floats(-2, 6))
def test_envelope_by_brute_force(N, M_s, log_x):
    x = 10**log_x
    found = envelope(N, M_s, 2.0, x / 2)
    assert found == pytest.approx(brute(N, M_s, x), rel=1e-4)
    assert found <= C6.value("late_envelope", N=N, M_s=M_s, rate=2, t=x / 2).value * (1 + 1e-12)
    assert found <= C6.value("power_envelope", N=N, rate=2, t=x / 2).value * (1 + 1e-12)
    assert found <= C6.value("two_regimes", N=N, M_s=M_s, rate=2, t=x / 2).value * (1 + 1e-12)
    assert found <= np.sqrt(N)


def test_regimes_of_the_envelope():
    N, M_s = 1e4, 101
    assert envelope(N, M_s, 1, 0) == pytest.approx(100)
    assert envelope(N, M_s, 1, 100) == pytest.approx(np.sqrt(N / (np.e * 100)))
    assert envelope(N, M_s, 1, 1e5) == pytest.approx(np.sqrt(N) * 100 / (np.e * 1e5))
    x = np.array([50.0, 100.0, 200.0])
    slow, late = np.exp(-50 / 100), 100 / (np.e * 200)
    found = C6.value("two_regimes", N=N, M_s=M_s, rate=1, t=x).value / 100
    np.testing.assert_allclose(found, [slow, np.exp(-1), late])
    t = np.array([1e2, 2e2])  # slopes -1/2 and -1
    assert np.diff(np.log(envelope(N, M_s, 1, t)))[0] / np.log(2) == pytest.approx(-0.5)
    assert np.diff(np.log(envelope(N, M_s, 1, 1e3 * t)))[0] / np.log(2) == pytest.approx(-1)


def test_rows_of_states_stay_below_the_envelope_though_their_curves_are_not_log_convex():
    x = np.geomspace(0.05, 500, 60)
    for states, leave in ((6, 1.0), (12, 0.3), (20, 1.0)):
        found = curve(serial(states, leave), x)
        assert np.all(found <= envelope(1, states, 1, x) * (1 + 1e-9))
    even = curve(serial(20), np.array([0.0, 10.0, 20.0]))
    assert even[0] * even[2] < even[1] ** 2  # a plateau: the proof does not cover it, the bound holds all the same


def test_bounds_in_one_line_each():
    assert C6.value("initial", N=49).value == 7
    assert C6.value("area", N=49, M_s=5, rate=2).value == pytest.approx(14)
    assert C6.value("power_sum", N=49).value == 49
    assert power_ceiling(49, 7) == pytest.approx(ceiling(49, 7))
    assert power_ceiling(1, 1e6) == pytest.approx(np.exp(-1), rel=1e-5)


@pytest.mark.parametrize("N", [8, 50, 400, 1e6])
@pytest.mark.parametrize("share", [0.2, 0.9, 0.99, 1.01, 1.3, 1.64, 1.66, 5])
def test_the_lifetime_is_where_the_envelope_falls_to_one(N, share):
    """On both sides of both changes of regime, 2 sqrt(N)/e and 2 sqrt(N/e) = 1.65 times that, by brute force."""
    M_s = 1 + max(1.0, share * 2 * np.sqrt(N) / np.e)
    lasts = C6.value("lifetime", N=N, M_s=M_s).value
    assert envelope(N, M_s, 1, lasts) == pytest.approx(1, rel=1e-9)
    assert brute(N, M_s, lasts) == pytest.approx(1, rel=1e-4)


def test_more_states_than_two_roots_prolong_nothing():
    N = 400
    useful = C6.value("useful_states", N=N).value
    assert useful == pytest.approx(1 + 40 / np.sqrt(np.e))
    lifetimes = C6.value("lifetime", N=N, M_s=np.array([0.5, 0.9, 0.99, 1, 1.1, 30]) * useful).value
    assert np.all(np.diff(lifetimes)[:3] > 0)
    np.testing.assert_allclose(lifetimes[3:], N / np.e)
    for few in (1, 1.7, 2.7, 6):  # fewer synapses than e^2: a bound that the start makes loose
        for M_s in (2, 3, 9):
            assert envelope(few, M_s, 1, C6.value("lifetime", N=few, M_s=M_s).value) <= 1 + 1e-12


def test_user_errors():
    with pytest.raises(UserError, match="rows"):
        Synapse(np.eye(2) * 0.9, np.eye(2), np.array([-1.0, 1.0]))
    with pytest.raises(UserError, match="of 3 states"):
        Synapse(np.eye(2), np.eye(2), np.array([-1.0, 0.0, 1.0]))
    with pytest.raises(UserError, match="0 < f < 1"):
        replace(binary(0.5), f=1.0)
    with pytest.raises(UserError, match="classes"):
        _ = Synapse(np.eye(2), np.eye(2), np.array([-1.0, 1.0])).equilibrium
    with pytest.raises(UserError, match="one weight"):
        area(replace(binary(0.5), weights=np.ones(2)))
    for make in (lambda: serial(1), lambda: serial(3, 0.0), lambda: cascade(0), lambda: cascade(3, 0.6)):
        with pytest.raises(UserError, match="at least"):
            make()
    with pytest.raises(UserError, match="raise t"):
        C6.value("late_envelope", N=10, M_s=3, rate=1, t=0)


@pytest.mark.parametrize("attack", attacks.ATTACKS, ids=lambda item: item.name)
def test_attacks_reach_but_do_not_pass(attack):
    found = run(attack, tries=2500)
    assert not found.broken
    assert attack.ratio(found.witness) == pytest.approx(found.ratio, rel=1e-12)
    assert found.ratio > 0.9
    weaker = replace(attack, ratio=lambda witness: attack.ratio(witness) / 0.9)
    assert run(weaker, tries=2500).broken


def test_every_step_of_the_derivation():
    assert [check for check in C6.check() if not check.passed] == []
