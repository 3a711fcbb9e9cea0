"""C6-chain. The kernel against an ODE and a running population of synapses; exponents, shares and lifetimes by regression."""

from dataclasses import replace

import mpmath
import numpy as np
import pytest
from hypothesis import given, target
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from theory.attacks import chain as attacks
from theory.attacks.attack import run
from theory.chain import C6_CHAIN, geometric, kernel, kernel_power, modes
from theory.envelope import C6
from theory.errors import UserError

positive = st.lists(st.floats(0.05, 20), min_size=1, max_size=6)


@given(positive, st.integers(0, 1000))
def test_kernel_solves_the_chain(capacities, seed):
    C, g = np.array(capacities), np.random.default_rng(seed).uniform(0.05, 2, len(capacities))

    def flow(_, u):
        below, above = np.append(u[:1], u[:-1]), np.append(u[1:], 0.0)
        return (np.append(0.0, g[:-1]) * (below - u) + g * (above - u)) / C

    times = np.array([0.0, 0.3, 2.0, 5.0])
    u = solve_ivp(flow, (0, 5), np.eye(len(C))[0], t_eval=times, method="LSODA", rtol=1e-9, atol=1e-11).y[0]
    np.testing.assert_allclose(kernel(modes(C, g), times), u, atol=1e-6)


@given(positive, st.integers(0, 1000), st.integers(1, 400))
def test_power_is_conserved_and_no_chain_beats_the_best_level(capacities, seed, events):
    g = np.random.default_rng(seed).uniform(0.05, 2, len(capacities))
    chain = modes(capacities, g)
    h = kernel(chain, np.arange(40_000))
    assert kernel_power(chain) == pytest.approx(np.sum(h**2), rel=1e-6, abs=1e-9 * kernel_power(chain) + 4 * h[-1] ** 2 * 1e5)
    powers = h[:events] ** 2 / kernel_power(chain)
    best = C6_CHAIN.value("best_level", N=1, t=events).value
    level = np.min(np.arange(1, events + 1) * powers)
    target(level / best)
    assert level <= best * (1 + 1e-9)
    oldest = events * powers[-1]
    assert oldest <= C6.value("power_ceiling", N=1, M=events).value * (1 + 1e-9)  # log-convex, as a mixture of decays is


def test_the_law_of_the_ledger_adds_up_to_the_number_of_synapses():
    ages = np.arange(3000)
    assert np.sum(C6_CHAIN.value("snr_power", N=70, beakers=3, age=ages).value) == pytest.approx(70, rel=1e-6)
    assert C6_CHAIN.value("power_sum", N=70).value == 70


def test_a_running_population_of_chains():
    """Correlation of each write with the visible variable over 20000 synapses that take in new writes at every event."""
    rng, size, count = np.random.default_rng(2), 20_000, 3
    C, g = 2.0 ** np.arange(count), 0.125 / 2.0 ** np.arange(count)
    weighed = np.diag(g + np.append(0, g[:-1])) - np.diag(g[:-1], 1) - np.diag(g[:-1], -1)
    values, vectors = np.linalg.eigh(weighed / np.sqrt(np.outer(C, C)))
    step = (vectors * np.exp(-values)) @ vectors.T / np.sqrt(C)[:, None] * np.sqrt(C)
    u, writes = np.zeros((count, size)), []
    for _ in range(600):
        writes.append(rng.choice([-1.0, 1.0], size))
        u = step @ u
        u[0] += writes[-1]
    for age in (0, 1, 5, 20, 60):
        correlation = np.mean(writes[-1 - age] * u[0]) / u[0].std()
        law = np.sqrt(C6_CHAIN.value("snr_power", N=1, beakers=count, age=age).value)
        assert abs(correlation - law) < 5 / np.sqrt(size)


@pytest.mark.parametrize(("ratio", "count"), [(2.0, 14), (1.5, 24)])
def test_exponent(ratio, count):
    times = np.geomspace(100, 1e6, 300)
    slope = np.polyfit(np.log(times), np.log(kernel(geometric(count, ratio), times)), 1)[0]
    assert slope == pytest.approx(-0.5, abs=2e-3)
    far = np.geomspace(1, 3, 20) * ratio ** (2 * count) * 60  # beyond the last beaker it is exponential
    assert np.polyfit(np.log(far), np.log(kernel(geometric(count, ratio), far)), 1)[0] < -2


def test_continuous_chain():
    times = np.geomspace(10, 1e5, 50)
    law = C6_CHAIN.value("diffusion_kernel", t=times).value
    np.testing.assert_allclose(law, 1 / np.sqrt(np.pi * 3 / 16 * times))
    np.testing.assert_allclose(kernel(geometric(16), times) / law, 1, atol=0.035)  # the coarse grid's own constant
    gaps = []
    for fine in (1, 2, 4):  # g C stays 1/8 per ratio-1 grid of the same volume: the gap closes as the square of the step
        ratio = 2 ** (1 / fine)
        chain = geometric(16 * fine, ratio, 1.0)
        gaps.append(abs(float(kernel(chain, 1e6)) * np.sqrt(np.pi * (1 + ratio) / 2 * 1e6) - 1))
    assert gaps[0] / gaps[1] == pytest.approx(4, rel=0.25)
    assert gaps[1] / gaps[2] == pytest.approx(4, rel=0.25)


def test_equal_shares_for_each_doubling():
    count, size = 16, 1.0
    chain = geometric(count)
    h2 = kernel(chain, np.arange(2**14)) ** 2 / kernel_power(chain) * size
    shares = np.array([h2[2**k : 2 ** (k + 1)].sum() for k in range(5, 14)])
    assert shares.std() / shares.mean() < 0.01
    # each further beaker adds two doublings of the same share: finite chains have offsets of order 1/beakers
    longer = [kernel_power(geometric(n)) for n in (14, 15, 16)]
    assert longer[2] - longer[1] == pytest.approx(longer[1] - longer[0], rel=2e-3)
    assert (longer[2] - longer[1]) / 2 == pytest.approx(shares.mean() * kernel_power(chain), rel=5e-3)
    assert shares.mean() == pytest.approx(C6_CHAIN.value("per_octave", N=size, beakers=count).value, rel=2 / count)
    assert C6_CHAIN.value("per_octave", N=90, beakers=9).value == 5


def test_best_level_is_that_of_the_harmonic_kernel():
    t = 50
    h2 = 1 / np.arange(1, t + 1)
    assert C6_CHAIN.value("best_level", N=3, t=t).value == pytest.approx(3 / h2.sum())
    assert C6_CHAIN.value("best_level", N=3, t=1).value == pytest.approx(3)


def test_lifetime_grows_as_synapses_over_a_logarithm():
    sizes = 10.0 ** np.arange(4, 9)
    count = np.ceil(np.log2(sizes) / 2 + 2)  # enough beakers to last, no more
    lasts = C6_CHAIN.value("lifetime", N=sizes, beakers=count).value
    for size, beakers, age in zip(sizes, count, lasts, strict=True):
        assert C6_CHAIN.value("snr_power", N=size, beakers=beakers, age=age).value == pytest.approx(1)
    assert np.all(lasts < sizes / np.e)
    scaled = lasts * np.log(sizes) / sizes
    assert np.all(np.abs(scaled - 1) < 0.5)
    assert 0.9 < np.polyfit(np.log(sizes), np.log(lasts), 1)[0] < 1
    few = C6_CHAIN.value("lifetime", N=np.array([1e4, 1e8]), beakers=1).value  # one exponential: logarithmic
    assert few[1] < 3 * few[0]
    assert C6_CHAIN.value("lifetime", N=1, beakers=3).value == 0


def test_slow_beakers_are_not_lost():
    """Modes of 40 beakers, rates down to 4^-40, against 60 digits; far more beakers than that change no finite age."""
    count = 40
    with mpmath.workdps(60):
        flow = mpmath.zeros(count)
        for k in range(count):
            flow[k, k] = (mpmath.mpf(2) ** -k + (mpmath.mpf(2) ** (1 - k) if k else 0)) / 8 / mpmath.mpf(2) ** k
            if k + 1 < count:
                flow[k, k + 1] = flow[k + 1, k] = -(mpmath.mpf(2) ** -k) / 8 / mpmath.sqrt(mpmath.mpf(2) ** (2 * k + 1))
        values, vectors = mpmath.eigsy(flow)
        exact = np.array([[float(values[k]), float(vectors[0, k] ** 2)] for k in range(count)])
    np.testing.assert_allclose(np.transpose(geometric(count)), exact, rtol=1e-11)
    ages = np.array([0.0, 1e3, 1e8])
    np.testing.assert_allclose(kernel(geometric(200), ages), kernel(geometric(60), ages), rtol=1e-12)
    lasts = C6_CHAIN.value("lifetime", N=1e8, beakers=np.array([60.0, 200.0])).value
    powers = C6_CHAIN.value("snr_power", N=1e8, beakers=np.array([60.0, 200.0]), age=lasts).value
    np.testing.assert_allclose(powers, 1, rtol=1e-9)
    assert lasts[1] < lasts[0]


def test_user_errors():
    with pytest.raises(UserError, match="as many couplings"):
        modes([1, 2], [1])
    with pytest.raises(UserError, match="positive"):
        modes([1, -2], [1, 1])
    for arguments in ((0,), (3, 1.0), (3, 2.0, 0.0)):
        with pytest.raises(UserError, match="count >= 1"):
            geometric(*arguments)
    with pytest.raises(UserError, match="16/"):
        C6_CHAIN.value("diffusion_kernel", t=1.69)
    assert C6_CHAIN.value("diffusion_kernel", t=1.7).value == pytest.approx(1, abs=2e-3)
    with pytest.raises(UserError, match="lower it"):
        C6_CHAIN.value("lifetime", N=10, beakers=251)
    with pytest.raises(UserError, match="whole"):
        C6_CHAIN.value("snr_power", N=10, beakers=2.5, age=1)
    with pytest.raises(UserError, match="raise t"):
        C6_CHAIN.value("best_level", N=10, t=0.5)


@pytest.mark.parametrize("attack", attacks.ATTACKS, ids=lambda item: item.name)
def test_attacks_reach_but_do_not_pass(attack):
    found = run(attack, tries=2000)
    assert not found.broken
    assert found.ratio > 0.8
    assert attack.ratio(found.witness) == pytest.approx(found.ratio, rel=1e-12)
    weaker = replace(attack, ratio=lambda witness: attack.ratio(witness) / 0.8)
    assert run(weaker, tries=2000).broken


def test_every_step_of_the_derivation():
    assert [check for check in C6_CHAIN.check() if not check.passed] == []
