"""Statistics of overlaps that simulations and language models share: participation ratio, interference, common mode (I1, I2)."""

from __future__ import annotations

from typing import Any

import numpy as np


def participation_ratio(spectrum: Any) -> float:
    """PR = (sum mu)^2 / sum mu^2 of a spectrum [n] or of a symmetric matrix [n, n] (K or Sigma, on any scale)."""
    values = np.asarray(spectrum, dtype=float)
    trace = np.trace(values) if values.ndim == 2 else np.sum(values)
    return float(trace**2 / np.sum(values**2))


def mean_interference(gram: Any) -> float:
    """mean_i sum_{j != i} kappa_ij^2 of a Gram matrix [M, M]: the left side of I1, added up directly."""
    gram = np.asarray(gram, dtype=float)
    return float(np.mean(np.sum(gram**2, axis=1) - np.diag(gram) ** 2))


def common_mode_share(gram: Any) -> float:
    """mean(kappa)^2 / mean(kappa^2) off the diagonal of a Gram matrix [M, M]: what the mean overlap explains.

    1 when all facts overlap equally, near 0 when overlaps average out. It estimates (a c)^2/E[kappa^2]; what centring
    removes, the `common_mode_share` of I2, is 1 - 1/N times that, since random directions overlap too.
    """
    gram = np.asarray(gram, dtype=float)
    off = gram[~np.eye(len(gram), dtype=bool)]
    return float(np.mean(off) ** 2 / np.mean(off**2))
