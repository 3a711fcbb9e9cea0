r"""Bits that are read of binary targets, estimated from samples: after a threshold, and from a graded read.

A target is 1 with probability f, else 0; a read is turned into the log likelihood ratio llr = ln p(read | 1) / p(read | 0).

* `answer_bits`: the information of 0/1 answers about 0/1 targets, from the table of their counts.
* `score_bits`: H(f) less the mean log loss, in bits, of the posterior that the ratio gives. If the ratio is that of the true
  densities this is, in the mean, the information of the graded read; if it is not, it is less (Gibbs' inequality). No parameter
  is fitted, so that it does not rise with a small sample.
* `histogram_bits`: the same information from the empirical densities of the ratio in cells, less the bias of the plug-in
  estimate (Miller and Madow 1955). It supposes nothing about the noise, and checks `score_bits`.

What they should be where the noise is Gaussian is in `theory.predictions.bits`.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import xlogy

from theory.predictions.bits import LN2, entropy


def answer_bits(answers: ArrayLike, targets: ArrayLike) -> float:
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
