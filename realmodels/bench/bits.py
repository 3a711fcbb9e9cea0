"""Bits that a memory holds of some symbols: by how much it shortens their description.

Who has the memory and is sent the symbols one by one needs -log2 p of each, for any prediction p; without the memory log2 A.
The prediction is what the memory says, mixed with an even guess by a share that is sent along:
  bits = max over 0 <= s <= 1 of  sum over symbols of log2( A [(1 - s) p + s/A] ).
It is never below 0, and whoever knows nothing and is sure of it (s = 1) has 0. Two p are asked for:
* code bits: p is the model's probability of the symbol among the A, given the symbols before it (Morris et al. 2025, eq. 8);
* answered bits: p is 1 for the symbol that is answered and 0 for the others, so that nothing but an answer is needed. With a
  share q of right symbols they are, by the best s, per symbol  log2 A - H(q) - (1 - q) log2(A - 1): Fano's bound.
Both are what a decoder saves, so each is a lower bound of what is held, but for the share s, which is fitted to the symbols: who
guesses has by luck about 0.4 bits in a group of symbols, whatever its size (a quarter of log2 e, half of a chi-square's mean).
"""

import numpy as np
from scipy.optimize import brentq

LEAST = 1e-30  # in place of a probability of 0


def code_bits(p: np.ndarray, choices: int) -> float:
    """Bits held of symbols that the memory gives the probabilities p [n], each among `choices`, with the best share of guessing.

    Raises ValueError for a probability outside of 0 to 1.
    """
    p = np.asarray(p, dtype=float)
    if not ((p >= 0) & (p <= 1 + 1e-9)).all():
        raise ValueError("probabilities lie between 0 and 1")
    even, p = 1 / choices, p.clip(LEAST, 1.0)
    if len(p) == 0 or p.mean() <= even:  # the sum is concave in the share, and still rises at 1
        return 0.0

    def slope(share: float) -> float:
        return float(((even - p) / ((1 - share) * p + share * even)).sum())

    share = float(brentq(slope, 0.0, 1.0)) if slope(0.0) > 0 else 0.0  # pyright: ignore[reportArgumentType]
    return max(0.0, float(np.log2(choices * ((1 - share) * p + share * even)).sum()))


def answered_bits(right: np.ndarray, choices: int) -> float:
    """Bits held of symbols of which right [n] were answered, each among `choices`: Fano's bound for the share that is right."""
    n = len(right)
    q = float(np.mean(right)) if n else 0.0
    if q <= 1 / choices:
        return 0.0
    wrong = 0.0 if q == 1 else (1 - q) * np.log2((1 - q) / (choices - 1))
    return float(n * (np.log2(choices) + q * np.log2(q) + wrong))
