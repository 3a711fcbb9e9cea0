r"""Bits that are read of binary targets: after a threshold, and from a graded read, measured and expected.

A target is 1 with probability f, else 0; a read is turned into the log likelihood ratio llr = ln p(read | 1) / p(read | 0).

* `channel_bits`: the information of the binary asymmetric channel that a threshold makes of it.
* `score_bits`: H(f) less the mean log loss, in bits, of the posterior that the ratio gives. If the ratio is that of the true
  densities this is, in the mean, the information of the graded read; if it is not, it is less (Gibbs' inequality). No parameter
  is fitted, so that it does not rise with a small sample.
* `histogram_bits`: the same information from the empirical densities of the ratio in cells, less the bias of the plug-in
  estimate (Miller and Madow 1955). It supposes nothing about the noise, and checks the other one.

`expected` is what the first two should be where the noise is Gaussian (claim C3-threshold).
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


def hard_bits(answers: ArrayLike, targets: ArrayLike) -> float:
    """Information of 0/1 answers about 0/1 targets [groups, ...] in each group, from its counts, mean over groups.

    Groups are reads of different noise that the reader can tell apart (facts of one age, say); one row is one group. The bias
    of a table of counts is taken off to first order, so that without information the mean is 0 and single values are not.
    """
    x, y = np.asarray(answers, dtype=bool), np.asarray(targets, dtype=bool)
    tables = [np.bincount(2 * b.ravel() + a.ravel(), minlength=4).reshape(2, 2) for a, b in zip(x, y, strict=True)]
    return float(np.average([_table_bits(table) for table in tables], weights=[table.sum() for table in tables]))


def score_bits(llr: ArrayLike, targets: ArrayLike, f: float) -> float:
    """H(f) minus the mean log loss in bits of the posterior of prior f and log likelihood ratio llr; may be negative."""
    odds = np.asarray(llr, dtype=float) + np.log(f / (1 - f))
    loss = np.logaddexp(0.0, np.where(np.asarray(targets, dtype=bool), -odds, odds))
    return float(entropy(f) - loss.mean() / LN2)


def histogram_bits(llr: ArrayLike, targets: ArrayLike, cells: int = 32) -> float:
    """Information in bits between a read and a 0/1 target, the read cut into cells.

    Half of the borders are quantiles of the reads of targets 1, half of those of targets 0: rare targets keep their resolution.
    """
    x, y = np.asarray(llr, dtype=float).ravel(), np.asarray(targets, dtype=bool).ravel()
    shares = np.linspace(0, 1, cells // 2 + 1)[1:]
    edges = np.sort(np.concatenate([np.quantile(x[y == side], shares) for side in (False, True) if (y == side).any()]))
    return _table_bits(np.bincount((len(edges) + 1) * y + np.searchsorted(edges, x), minlength=2 * len(edges) + 2).reshape(2, -1))


def _table_bits(counts: np.ndarray) -> float:
    """Information of a table of counts, less (rows - 1)(columns - 1)/(2 n) nats: the first-order bias of the plain one."""
    joint = counts / counts.sum()
    rows, columns = joint.sum(axis=1, keepdims=True), joint.sum(axis=0, keepdims=True)
    plain = float(np.sum(xlogy(joint, joint)) - np.sum(xlogy(rows, rows)) - np.sum(xlogy(columns, columns)))
    surplus = (np.count_nonzero(rows) - 1) * (np.count_nonzero(columns) - 1) / (2 * counts.sum())
    return float((plain - surplus) / LN2)


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
    found: Any = minimize_scalar(lost, bounds=(grid[max(at - 1, 0)], grid[min(at + 1, 199)]), method="bounded")
    return float(gap * (found.x - gap / 2))


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
