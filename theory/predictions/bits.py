r"""Bits that a reader of binary targets is expected to hold where the noise is Gaussian (claim C3-threshold).

A target is 1 with probability f, else 0. `channel_bits` is the information of the binary asymmetric channel that a threshold
makes of a read; `expected` is that information at the best threshold, the information of the graded read, and the probability
of error. What a simulation measures of them is in `simulate.bits`.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar
from scipy.special import ndtr, xlogy

from theory.ledger import claim

LN2 = np.log(2)


def entropy(f: ArrayLike) -> Any:
    """Entropy H(f) in bits of a binary target."""
    p = np.asarray(f, dtype=float)
    return -(xlogy(p, p) + xlogy(1 - p, 1 - p)) / LN2


def channel_bits(miss: ArrayLike, false_alarm: ArrayLike, f: ArrayLike) -> Any:
    """Information in bits of a binary channel: P(0 | 1) = miss, P(1 | 0) = false_alarm, P(1) = f."""
    miss, wrong, p = (np.asarray(value, dtype=float) for value in (miss, false_alarm, f))
    answered = p * (1 - miss) + (1 - p) * wrong
    return np.maximum(entropy(answered) - p * entropy(miss) - (1 - p) * entropy(wrong), 0.0)


@cache
def best_cut(snr: float, f: float) -> float:
    """The log likelihood ratio at which one threshold keeps most information, Gaussian noise of that power SNR; 0 at f = 1/2."""
    if f == 0.5:
        return 0.0
    gap = np.sqrt(snr / (f * (1 - f)))

    def lost(cut: float) -> float:  # cut in standard deviations from the silent level
        return -float(channel_bits(ndtr(cut - gap), ndtr(-cut), f))

    grid = np.linspace(-6.0, gap + 6.0, 200)
    at = int(np.argmin([lost(cut) for cut in grid]))
    best: Any = minimize_scalar(lost, bounds=(grid[max(at - 1, 0)], grid[min(at + 1, 199)]), method="bounded")
    return float(gap * (best.x - gap / 2))


class Expected(NamedTuple):
    """Per fact: bits of a graded read, bits after the best threshold, and the probability of error at that of fewest errors."""

    graded: np.ndarray
    hard: np.ndarray
    error: np.ndarray


GRID = np.geomspace(1e-4, 1e3, 85)
"""Power SNRs at which C3-threshold is evaluated; `expected` interpolates their ratio to ln(1 + SNR) between them."""


@cache
def _curves(f: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    readout = claim("C3-threshold")
    graded, hard = (readout.value(name, load=1 / GRID, f=f).value * GRID for name in ("graded_bits", "hard_bits"))
    return graded, hard, readout.value("error_rate", snr=GRID, f=f).value


def expected(snr: ArrayLike, f: float) -> Expected:
    """C3-threshold's bits and errors of reads with Gaussian noise of these power SNRs [any shape], interpolated in ln SNR."""
    at = np.log(np.clip(np.asarray(snr, dtype=float), GRID[0], GRID[-1]))
    graded, hard, error = _curves(f)
    ratio = np.log1p(np.exp(at))  # both curves are proportional to it at low SNR
    shape = [np.interp(at, np.log(GRID), values / np.log1p(GRID)) * ratio for values in (graded, hard)]
    return Expected(shape[0], shape[1], np.interp(at, np.log(GRID), error))
