"""C3. Monte Carlo stores patterns and reads them; 1/(2 ln 2) = 0.7213 is the capacity of sparse covariance rules in bits per
synapse, and .333 .368 .512 .588 .682 .716 are (1/2) log2 bounds worked out by hand from the binary entropy (f = .5 ... .001)."""

import numpy as np
import pytest
from hypothesis import given, target
from hypothesis import strategies as st

from theory.hebbian import bits_per_synapse, largest_patterns, snr
from theory.ledger import claim


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
    ceiling = 1 / (2 * np.log(2))
    target(bits / ceiling, label="bits over the ceiling")
    assert bits <= ceiling * (1 + 1e-12)
    counted = count / 2 * np.log2(1 + size / count) / size
    assert counted <= ceiling


def test_named_limits():
    assert claim("C3").value(d=1).value == pytest.approx(0.72134752, rel=1e-8)
    assert bits_per_synapse(1000, 1e9) == pytest.approx(0.72134752, rel=1e-5)
    assert snr(100, 101) == 1.0
    assert largest_patterns(100, 1.0) == 101
    levels = np.array([0.5, 0.3, 0.1, 0.05, 0.01, 0.001])
    stored = claim("C3").value("full_retrieval", f=levels).value
    np.testing.assert_allclose(stored, [0.333, 0.368, 0.512, 0.588, 0.682, 0.716], atol=5e-4)
    np.testing.assert_allclose(claim("C3").value("load", f=0.5).value, 1 / 3)


@given(st.floats(1e-6, 1 - 1e-6))
def test_full_retrieval_spends_exactly_the_entropy(f):
    load = claim("C3").value("load", f=f).value
    entropy = -(f * np.log2(f) + (1 - f) * np.log2(1 - f))
    assert 0.5 * np.log2(1 + 1 / load) == pytest.approx(entropy, rel=1e-6)
    assert claim("C3").value("full_retrieval", f=f).value <= 1 / (2 * np.log(2)) + 1e-9


@given(st.lists(st.floats(0.01, 1), min_size=2, max_size=40))
def test_no_decay_schedule_changes_the_total(powers):
    size = 100.0
    powers = np.array(powers)
    counted = size * powers / powers.sum()
    interferers = size * powers / (powers.sum() - powers)
    assert counted.sum() == pytest.approx(size)
    assert interferers.sum() >= size
    assert interferers.max() >= snr(size, len(powers)) - 1e-9  # equal weights share it evenly
    if powers.max() <= powers.sum() / 2:
        assert np.sum(np.log2(1 + interferers)) / 2 <= claim("C3").value(d=size).value


def test_the_ceiling_needs_three_inputs():
    assert bits_per_synapse(2, 2) > 1 / (2 * np.log(2)) > bits_per_synapse(3, 2)
