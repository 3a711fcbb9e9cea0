"""I1 and I2.

Expected values: Welch 1974 (equality at the simplex and at the Mercedes-Benz frame, whose coherences 1/N and 1/2 are elementary
geometry); the second moment of a hypergeometric variable from scipy.stats for binary codes of fixed size.
"""

import numpy as np
import pytest
from hypothesis import given, target
from hypothesis import strategies as st
from scipy.stats import hypergeom, rv_discrete

from theory.attacks.attack import run
from theory.attacks.interference import ATTACKS
from theory.errors import UserError
from theory.interference import interference_floor, mean_square_overlap, saturation_activity, spectrum_of_codes
from theory.ledger import claim
from theory.statistics import common_mode_share, mean_interference, participation_ratio


def unit_vectors(seed, count, size, stretch=1.0):
    vectors = np.random.default_rng(seed).normal(size=(count, size)) * stretch ** np.arange(size)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(1, 12), st.floats(0.2, 1.0))
def test_the_identity_and_the_floor(seed, count, size, stretch):
    vectors = unit_vectors(seed, count, size, stretch)
    gram = vectors @ vectors.T
    measured = mean_interference(gram)
    floor = interference_floor(count, size)
    target(floor / (measured + 1e-9), label="floor over interference")
    assert measured == pytest.approx(count / participation_ratio(gram) - 1, abs=1e-9)
    assert participation_ratio(np.linalg.eigvalsh(gram)) == pytest.approx(participation_ratio(gram), rel=1e-9)
    assert participation_ratio(gram) <= min(count, size) + 1e-9
    assert measured >= floor - 1e-9


@pytest.mark.parametrize(("count", "size"), [(6, 3), (9, 3), (10, 5)])
def test_tight_frames_meet_the_floor_and_nothing_else_does(count, size):
    frame = np.linalg.qr(np.random.default_rng(0).normal(size=(count, size)))[0]
    for _ in range(2000):  # alternate between tightness and unit norm until both hold
        frame /= np.linalg.norm(frame, axis=1, keepdims=True)
        left, _, right = np.linalg.svd(frame, full_matrices=False)
        frame = left @ right
    frame /= np.linalg.norm(frame, axis=1, keepdims=True)
    assert mean_interference(frame @ frame.T) == pytest.approx(interference_floor(count, size), abs=1e-6)
    frame[0] = frame[1]
    assert mean_interference(frame @ frame.T) > interference_floor(count, size) + 1e-2


def test_welch_at_the_simplex_and_the_mercedes_benz_frame():
    coherence = claim("I1").quantity("coherence_floor").name
    assert claim("I1").value(coherence, M=3, N=2).value == pytest.approx(0.5)
    assert claim("I1").value(coherence, M=8, N=7).value == pytest.approx(1 / 7)
    assert claim("I1").value(coherence, M=5, N=7).value == 0.0


@pytest.mark.parametrize(("a", "magnitudes", "c"), [(0.5, "constant", 1.0), (0.1, "constant", 1.0), (0.1, "exponential", 0.5),
                                                    (0.3, "signed", 0.0), (0.02, "signed", 0.0)])  # fmt: skip
def test_the_coding_law_against_monte_carlo(a, magnitudes, c):
    rng, size, pairs = np.random.default_rng(1), 50, 40_000
    draw = {"constant": np.ones, "exponential": rng.standard_exponential, "signed": lambda shape: rng.choice([-1.0, 1.0], shape)}
    codes = [(rng.random((pairs, size)) < a) * draw[magnitudes]((pairs, size)) for _ in range(2)]
    energy = size * a * (2.0 if magnitudes == "exponential" else 1.0)  # E|v|^2: E[g^2] = 2 for the exponential
    overlaps = np.sum(codes[0] * codes[1], axis=1) / energy
    error = np.std(overlaps**2) / np.sqrt(pairs)
    assert abs(np.mean(overlaps**2) - mean_square_overlap(size, a, c)) < 5 * error
    assert abs(np.mean(overlaps) - claim("I2").value("mean_overlap", a=a, c=c).value) < 5 * np.std(overlaps) / np.sqrt(pairs)
    if magnitudes == "signed":
        fourth = overlaps**4 / np.mean(overlaps**2) ** 2
        excess = claim("I2").value("excess_kurtosis", N=size, a=a).value
        assert abs(np.mean(fourth) - 3 - excess) < 6 * np.std(fourth) / np.sqrt(pairs)


@pytest.mark.parametrize(("size", "active"), [(20, 1), (20, 5), (60, 30), (60, 59)])
def test_binary_codes_of_fixed_size_exactly(size, active):
    shared = hypergeom(size, active, active)
    exact = (shared.var() + shared.mean() ** 2) / active**2
    law = claim("I2").value("mean_square_overlap_binary", N=size, a=active / size).value
    assert law == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize(("size", "a"), [(10, 0.15), (10, 0.05), (1, 1.0), (7.5, 0.4)])
def test_binary_codes_have_whole_numbers_of_active_units(size, a):
    with pytest.raises(UserError, match="give N and a = k/N"):
        claim("I2").value("mean_square_overlap_binary", N=size, a=a)


@pytest.mark.parametrize("size", [3, 49, 1000, 12345])
def test_every_whole_number_of_active_units_is_admitted(size):
    active = np.arange(1, size + 1)
    overlaps = claim("I2").value("mean_square_overlap_binary", N=size, a=active / size).value
    assert overlaps[0] == pytest.approx(1 / size)
    assert overlaps[-1] == pytest.approx(1)


@pytest.mark.parametrize(("size", "a"), [(50, 0.02), (50, 1.0), (400, 0.1)])
def test_the_kurtosis_of_a_sum_of_products(size, a):
    product = rv_discrete(values=([-1, 0, 1], [a**2 / 2, 1 - a**2, a**2 / 2]))
    excess = claim("I2").value("excess_kurtosis", N=size, a=a).value
    assert excess == pytest.approx(float(product.stats(moments="k")) / size, rel=1e-9)


@given(st.integers(2, 60), st.floats(0.01, 1.0), st.floats(0.0, 1.0))
def test_the_spectrum_of_codes(size, a, c):
    spectrum = spectrum_of_codes(size, a, c)
    assert spectrum.sum() == pytest.approx(1.0)
    assert spectrum.min() >= -1e-15
    assert np.sum(spectrum**2) == pytest.approx(mean_square_overlap(size, a, c))
    assert participation_ratio(spectrum) == pytest.approx(claim("I2").value("participation_ratio", N=size, a=a, c=c).value)
    overlap = claim("I2").value("mean_overlap", a=a, c=c).value
    moment = (1 - overlap) / size * np.eye(size) + overlap / size
    np.testing.assert_allclose(np.sort(spectrum), np.linalg.eigvalsh(moment), atol=1e-12)


def test_sparsity_stops_mattering_below_a_star():
    size, c = 10_000, 0.5
    star = saturation_activity(size, c)
    assert star == pytest.approx(0.02)
    floor = 1 / size
    assert mean_square_overlap(size, star, c) == pytest.approx(2 * floor, rel=1e-3)
    assert mean_square_overlap(size, star / 10, c) == pytest.approx(floor, rel=0.011)
    assert mean_square_overlap(size, star * 10, c) == pytest.approx(101 * floor, rel=1e-3)
    assert claim("I2").value("common_mode_share", N=size, a=star, c=c).value == pytest.approx(0.5, rel=1e-3)
    assert mean_square_overlap(size, np.array([0.01, 1.0]), 0.0).tolist() == [floor, floor]
    with pytest.raises(UserError):
        saturation_activity(size, 0.0)


def test_the_common_mode_share_of_a_gram_matrix():
    rng, count = np.random.default_rng(2), 400
    codes = (rng.random((count, 200)) < 0.3).astype(float)
    directions = codes / np.linalg.norm(codes, axis=1, keepdims=True)
    predicted = claim("I2").value("mean_overlap", a=0.3, c=1).value ** 2 / mean_square_overlap(200, 0.3, 1)
    assert common_mode_share(directions @ directions.T) == pytest.approx(predicted, abs=0.02)
    centred = codes - codes.mean(axis=0)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    assert common_mode_share(centred @ centred.T) < 0.02
    assert common_mode_share(np.full((3, 3), 0.4)) == pytest.approx(1.0)


@given(st.integers(0, 10**6), st.integers(1, 20), st.integers(1, 6), st.floats(0.02, 1))
def test_no_code_of_any_kind_overlaps_less_than_one_over_N(seed, count, size, activity):
    rng = np.random.default_rng(seed)
    codes = rng.normal(rng.normal(), 1, (count, size)) * (rng.random((count, size)) < activity)
    codes[:, 0] += 1e-6
    codes /= np.linalg.norm(codes, axis=1, keepdims=True)
    chances = rng.dirichlet(np.ones(count))
    overlap = chances @ (codes @ codes.T) ** 2 @ chances
    least = claim("I2").value("least", N=size).value
    target(least / overlap, label="1/N over the overlap")
    assert overlap >= least * (1 - 1e-9)
    axes = np.eye(size)
    assert np.mean((axes @ axes.T) ** 2) == pytest.approx(least)


def test_two_shares_of_the_common_mode():
    size, a, c = 40, 0.3, 0.6
    overlap = mean_square_overlap(size, a, c)
    explained = claim("I2").value("mean_overlap", a=a, c=c).value ** 2 / overlap
    removed = claim("I2").value("common_mode_share", N=size, a=a, c=c).value
    assert removed == pytest.approx((1 - 1 / size) * explained)
    assert removed == pytest.approx(1 - claim("I2").value("least", N=size).value / overlap)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: f"{attack.claim} {attack.name}")
def test_the_attacks_meet_their_bounds_and_no_more(attack):
    blunted = type(attack)(**{**vars(attack), "starts": (np.array(attack.starts[0]) * 0.97 + 0.02,)})
    found = run(blunted, tries=1500)
    assert 0.9 < found.ratio <= 1 + 1e-9  # nine tenths of the bound would be broken
    assert attack.ratio(found.witness) == found.ratio
