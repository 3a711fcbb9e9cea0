"""Estimated bits against Gaussian reads by quadrature, the expected ones, and reads that tell nothing."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from simulate.bits import answer_bits, histogram_bits, score_bits
from theory.predictions.bits import best_cut, expected


def reads(snr, f, n=400_000, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.random(n) < f
    noise = np.sqrt(f * (1 - f) / snr)
    return (y + noise * rng.normal(size=n) - 0.5) / noise**2, y


@pytest.mark.parametrize(("snr", "f"), [(1.0, 0.5), (0.2, 0.5), (1.0, 0.1)])
def test_measures_agree_with_quadrature(snr, f):
    noise = np.sqrt(f * (1 - f) / snr)

    def density(r):
        one, zero = norm.pdf(r, 1, noise), norm.pdf(r, 0, noise)
        both = f * one + (1 - f) * zero
        return sum(p * d * np.log2(d / both) for p, d in ((f, one), (1 - f, zero)) if d > 0)

    exact = quad(density, -8 * noise, 1 + 8 * noise, limit=200)[0]
    llr, y = reads(snr, f)
    assert score_bits(llr, y, f) == pytest.approx(exact, abs=0.005)
    assert histogram_bits(llr, y) == pytest.approx(exact, rel=0.02, abs=0.002)
    assert float(expected(snr, f).graded) == pytest.approx(exact, rel=2e-3)
    cut = best_cut(snr, f)
    held = answer_bits((llr > cut)[None], y[None])
    assert held == pytest.approx(float(expected(snr, f).hard), rel=0.03)
    assert all(answer_bits((llr > cut + shift)[None], y[None]) < held + 0.002 for shift in (-0.5, 0.5))
    assert np.mean((llr > np.log((1 - f) / f)) != y) == pytest.approx(float(expected(snr, f).error), abs=0.003)


def test_a_wrong_likelihood_never_gives_more():
    llr, y = reads(1.0, 0.5)
    right = score_bits(llr, y, 0.5)
    assert all(score_bits(factor * llr, y, 0.5) < right for factor in (0.3, 0.7, 1.5, 4.0))


def test_nothing_is_measured_where_nothing_is_told():
    rng = np.random.default_rng(3)
    tables = [
        (answer_bits(x > 0, y), histogram_bits(x, y))
        for x, y in ((rng.normal(size=(8, 60)), rng.random((8, 60)) < 0.5) for _ in range(200))
    ]
    means, errors = np.mean(tables, axis=0), np.std(tables, axis=0) / np.sqrt(200)
    assert np.all(np.abs(means) < 5 * errors + 0.002)


def test_groups_that_the_reader_can_tell_apart_hold_more_than_pooled_answers():
    rng = np.random.default_rng(4)
    y = rng.random((2, 50_000)) < 0.5
    answers = np.stack([y[0], ~y[1]])  # one group says the truth, the other its opposite
    assert answer_bits(answers, y) == pytest.approx(1, abs=1e-3)
    assert answer_bits(answers.reshape(1, -1), y.reshape(1, -1)) == pytest.approx(0, abs=1e-3)
