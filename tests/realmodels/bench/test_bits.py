"""Bits held, against independent computations: Fano's formula, a grid over the share, and codes that are known."""

import numpy as np
import pytest
from hypothesis import given, target
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from realmodels.bench.bits import answered_bits, code_bits

probabilities = arrays(float, st.integers(1, 40), elements=st.floats(0, 1))


def on_a_grid(p: np.ndarray, choices: int) -> float:
    """The best share of 2,001, by brute force: a lower bound of the best."""
    shares = np.linspace(0, 1, 2001)[1:, None]
    mixed = (1 - shares) * p + shares / choices
    return float(np.log2(choices * mixed).sum(1).max())


@given(probabilities, st.sampled_from([2, 16, 32]))
def test_code_bits_are_the_best_mixture_with_guessing(p, choices):
    """No share of a grid does better; and what it finds lies within what there is to know, from 0 on."""
    found, best = code_bits(p, choices), on_a_grid(p, choices)
    target(found / (len(p) * np.log2(choices)), label="share of what there is to know")
    assert found >= max(0.0, best) - 1e-6
    assert -1e-9 <= found <= len(p) * np.log2(choices) + 1e-9


@given(st.integers(1, 60), st.integers(0, 60), st.sampled_from([2, 16, 32]))
def test_answered_bits_are_fanos_bound(count, hits, choices):
    """Two ways to one number: Fano's formula, and the best mixture of a one-hot prediction with guessing."""
    right = np.arange(count) < hits
    found = answered_bits(right, choices)
    assert found == pytest.approx(code_bits(right.astype(float), choices), abs=1e-6)
    q = min(hits, count) / count
    if 0 < q < 1:
        entropy = -q * np.log2(q) - (1 - q) * np.log2(1 - q)
        fano = count * (np.log2(choices) - entropy - (1 - q) * np.log2(choices - 1))
        assert found == pytest.approx(fano if q > 1 / choices else 0.0, abs=1e-9)


def test_the_ends():
    """Who knows all has all of it, who is always wrong nothing, and who guesses evenly nothing."""
    assert answered_bits(np.ones(8, bool), 16) == 32
    assert answered_bits(np.zeros(8, bool), 16) == 0
    assert code_bits(np.full(8, 1 / 16), 16) == pytest.approx(0, abs=1e-9)
    assert code_bits(np.array([]), 16) == 0
    with pytest.raises(ValueError, match="between 0 and 1"):
        code_bits(np.array([1.5]), 16)


def test_a_guesser_has_by_luck_what_the_chi_square_says():
    """By 4,000 groups of 512 even guesses: mean luck is log2(e)/4 = 0.36 bits, within five of its standard errors."""
    rng, choices = np.random.default_rng(0), 16
    luck = np.array([answered_bits(rng.random(512) < 1 / choices, choices) for _ in range(4000)])
    expected = np.log2(np.e) / 4
    assert abs(luck.mean() - expected) < 5 * luck.std() / np.sqrt(len(luck)) + 0.02  # hits are whole numbers: a little skewed
