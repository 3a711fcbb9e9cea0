"""C3. Monte Carlo stores patterns and reads them; 1/(2 ln 2) = 0.7213 is the capacity of sparse covariance rules in bits per
synapse, and .333 .368 .512 .588 .682 .716 are (1/2) log2 bounds worked out by hand from the binary entropy (f = .5 ... .001)."""

from itertools import product

import mpmath
import numpy as np
import pytest
from hypothesis import given, target
from hypothesis import strategies as st

from theory.attacks.attack import run
from theory.attacks.hebbian import ATTACKS
from theory.errors import UserError
from theory.hebbian import CLAIMS, bits_per_synapse, largest_patterns, largest_share, snr

(C3,) = CLAIMS
CEILING = 1 / (2 * np.log(2))


@pytest.mark.parametrize("a", [0.5, 0.1, 0.02])
def test_the_ratio_is_the_same_at_every_coding_level(a):
    rng, size, count, trials = np.random.default_rng(1), 200, 40, 300
    noise, signal = [], size * a * (1 - a)
    for _ in range(trials):
        codes = (rng.random((count, size)) < a) - a
        values = rng.choice([-1.0, 1.0], count)
        weights = values @ codes
        read = codes @ weights
        noise.append(np.mean((read - values * np.sum(codes**2, axis=1)) ** 2))
    error = np.std(noise) / np.sqrt(trials)
    assert abs(np.mean(noise) - signal**2 / snr(size, count)) < 5 * error


@given(st.floats(3, 1e5), st.floats(2, 1e7))
def test_bits_stay_below_the_ceiling(size, count):
    bits = bits_per_synapse(size, count)
    target(bits / CEILING, label="bits over the ceiling")
    assert bits <= CEILING * (1 + 1e-12)
    counted = count / 2 * np.log2(1 + size / count) / size
    assert counted <= CEILING


def test_named_limits():
    assert C3.value(d=1).value == pytest.approx(0.72134752, rel=1e-8)
    assert bits_per_synapse(1000, 1e9) == pytest.approx(0.72134752, rel=1e-5)
    assert snr(100, 101) == 1.0
    assert largest_patterns(100, 1.0) == 101
    levels = np.array([0.5, 0.3, 0.1, 0.05, 0.01, 0.001])
    stored = C3.value("full_retrieval", f=levels).value
    np.testing.assert_allclose(stored, [0.333, 0.368, 0.512, 0.588, 0.682, 0.716], atol=5e-4)
    np.testing.assert_allclose(C3.value("load", f=0.5).value, 1 / 3)


@given(st.floats(1e-6, 1 - 1e-6))
def test_full_retrieval_spends_exactly_the_entropy(f):
    load = C3.value("load", f=f).value
    entropy = -(f * np.log2(f) + (1 - f) * np.log2(1 - f))
    assert 0.5 * np.log2(1 + 1 / load) == pytest.approx(entropy, rel=1e-6)
    assert C3.value("full_retrieval", f=f).value <= CEILING + 1e-9


@given(st.lists(st.floats(0.01, 1), min_size=2, max_size=40))
def test_no_decay_schedule_changes_the_total(powers):
    size = 100.0
    powers = np.array(powers)
    counted = size * powers / powers.sum()
    interferers = size * powers / (powers.sum() - powers)
    assert counted.sum() == pytest.approx(size)
    assert interferers.sum() >= size
    assert interferers.max() >= snr(size, len(powers)) - 1e-9  # equal weights share it evenly
    assert np.sum(np.log2(1 + counted)) / 2 <= C3.value(d=size).value
    if powers.max() <= powers.sum() * largest_share(size):
        assert np.sum(np.log2(1 + interferers)) / 2 <= C3.value(d=size).value


def test_the_ceiling_needs_three_inputs():
    assert np.log2(1 + 2) / 2 > CEILING > bits_per_synapse(3, 2)  # on the left two patterns on two inputs, SNR = 2
    with pytest.raises(UserError, match="N >= 3"):
        bits_per_synapse(2, 2)
    with pytest.raises(UserError, match="P >= 2"):
        bits_per_synapse(3, 1.5)
    with pytest.raises(UserError, match="N >= 3"):
        largest_share(2)


@pytest.mark.parametrize("size", [3.0, 4.0, 12.0])
def test_the_largest_share_solves_its_equation(size):
    share = largest_share(size)
    mpmath.mp.dps = 30
    slack = lambda p: size * p - mpmath.log(1 + size * p / (1 - p))  # noqa: E731
    assert abs(slack(mpmath.mpf(share))) < 1e-9 * size
    assert slack(share * 0.999) > 0 > slack(1 - (1 - share) * 0.9)
    assert (size - 2) / (size - 1) < share < 1
    assert 1 - share == pytest.approx(size * np.exp(-size), rel=size**2 * np.exp(-size) if size > 10 else 2.5)


def simulated(codes_of, count, trials, rng, size):
    """Least-squares SNR and mean of the read over own norm, from weights that are stored and read; all P judged."""
    gains, noises, kurts = [], [], []
    for _ in range(trials):
        codes = codes_of((count, size))
        values = rng.choice([-1.0, 1.0], count)
        read = (codes @ (values @ codes)) * values
        crosstalk = read - np.sum(codes**2, axis=1)
        gains.append(np.mean(read))
        noises.append(np.mean(read**2))
        kurts.append([np.mean(crosstalk**2), np.mean(crosstalk**4)])
    return np.array(gains), np.array(noises), np.array(kurts)


@pytest.mark.parametrize("a", [0.01, 0.05, 0.3])
def test_a_fixed_gain_reader_at_finite_size(a):
    rng, size, count, trials = np.random.default_rng(2), 200, 12, 1500
    gains, squares, _ = simulated(lambda shape: (rng.random(shape) < a) - a, count, trials, rng, size)
    predicted = C3.value("snr_fixed_gain", N=size, P=count, a=a).value
    gain = size * a * (1 - a)
    assert abs(gains.mean() - gain) < 5 * gains.std() / np.sqrt(trials)
    assert abs(squares.mean() - gain**2 * (1 + 1 / predicted)) < 5 * squares.std() / np.sqrt(trials)
    if a < 0.1:  # the naive law is refuted by the same data: the correction is 1/(aP)
        assert abs(squares.mean() - gain**2 * (1 + 1 / snr(size, count))) > 5 * squares.std() / np.sqrt(trials)


@given(st.integers(2, 500), st.integers(2, 500), st.floats(0.001, 0.999))
def test_the_correction_is_one_over_a_p(size, count, a):
    fixed = C3.value("snr_fixed_gain", N=size, P=count, a=a).value
    assert fixed <= snr(size, count) * (1 + 1e-12)
    variance = C3.value("norm_variance", N=size, a=a).value
    assert size / fixed == pytest.approx(count - 1 + size * variance, rel=1e-9)
    assert C3.value("snr_fixed_gain", N=size, P=count, a=0.5).value == pytest.approx(snr(size, count))  # constant norm


def test_the_order_of_the_correction():
    levels = np.array([1e-2, 1e-3, 1e-4])
    lost = snr(1e7, 1e7) / C3.value("snr_fixed_gain", N=1e7, P=1e7, a=levels).value - 1
    assert np.polyfit(np.log(levels), np.log(lost), 1)[0] == pytest.approx(-1, abs=0.02)
    np.testing.assert_allclose(lost * levels * 1e7, 1, rtol=0.04)


@pytest.mark.parametrize("active", [2, 20])
def test_fixed_activity_leaves_one_dimension_less(active):
    rng, size, count, trials = np.random.default_rng(3), 40, 9, 3000
    a = active / size

    def codes(shape):
        return (np.argsort(rng.random(shape), axis=1) < active) - a

    gains, squares, _ = simulated(codes, count, trials, rng, size)
    gain = size * a * (1 - a)
    np.testing.assert_allclose(gains.mean(), gain, atol=5 * gains.std() / np.sqrt(trials))
    predicted = gain**2 * (1 + 1 / C3.value("snr_fixed_activity", N=size, P=count).value)
    assert abs(squares.mean() - predicted) < 5 * squares.std() / np.sqrt(trials)


def test_bits_where_every_cue_has_its_own_norm():
    rng, size, count, a = np.random.default_rng(4), 300, 200, 0.02
    norms = np.sum(((rng.random((40000, size)) < a) - a) ** 2, axis=1)
    sampled = count / size * np.log2(1 + norms / (a * (1 - a) * (count - 1))) / 2
    exact = C3.value("finite_bits", N=size, P=count, a=a).value
    assert abs(sampled.mean() - exact) < 5 * sampled.std() / np.sqrt(len(sampled))
    assert exact < bits_per_synapse(size, count)
    assert C3.value("finite_bits", N=size, P=count, a=0.5).value == pytest.approx(bits_per_synapse(size, count))
    nearly = [C3.value("finite_bits", N=n, P=n, a=0.02).value / bits_per_synapse(n, n) for n in (500, 1000, 2000)]
    np.testing.assert_allclose((1 - np.array(nearly)) * np.array([500, 1000, 2000]), (1 - nearly[1]) * 1000, rtol=0.1)  # 1/(aN)


def test_excess_kurtosis_of_the_crosstalk():
    rng, size, count, a, trials = np.random.default_rng(5), 30, 4, 0.15, 60000
    codes = (rng.random((trials, count, size)) < a) - a
    values = rng.choice([-1.0, 1.0], (trials, count - 1))
    crosstalk = np.einsum("tp,tpn,tn->t", values, codes[:, 1:], codes[:, 0])
    blocks = crosstalk.reshape(30, -1)
    excess = np.mean(blocks**4, axis=1) / np.mean(blocks**2) ** 2 - 3
    predicted = C3.value("excess_kurtosis", N=size, P=count, a=a).value
    assert abs(excess.mean() - predicted) < 5 * excess.std() / np.sqrt(30)


@pytest.mark.parametrize(("size", "count", "a"), [(2, 3, 0.1), (4, 7, 0.3), (3, 2, 0.2)])
def test_excess_kurtosis_from_all_cues(size, count, a):
    codes = np.array(list(product((0.0, 1.0), repeat=size)))
    chance, codes = np.prod(np.where(codes == 1, a, 1 - a), axis=1), codes - a
    overlaps = codes @ codes.T  # given the cue, the terms are independent, and their signs leave only even moments
    second, fourth = overlaps**2 @ chance, overlaps**4 @ chance
    n = count - 1
    moments = chance @ (n * second), chance @ (n * fourth + 3 * n * (n - 1) * second**2)
    predicted = C3.value("excess_kurtosis", N=size, P=count, a=a).value
    assert predicted == pytest.approx(moments[1] / moments[0] ** 2 - 3, rel=1e-9)


def test_the_domain():
    with pytest.raises(UserError, match="a < 1"):
        C3.value("snr_fixed_gain", N=10, P=5, a=1)
    with pytest.raises(UserError, match="whole"):
        C3.value("finite_bits", N=10.5, P=5, a=0.1)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_attacks_break_a_weakened_bound_and_replay(attack):
    outcome = run(attack, tries=1500)
    assert not outcome.broken
    assert outcome.ratio > 0.9
    assert attack.ratio(outcome.witness) == outcome.ratio
