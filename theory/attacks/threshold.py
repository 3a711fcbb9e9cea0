"""C3-threshold under attack: the levels of the targets, their probabilities, and several thresholds are free."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, xlogy

from theory.attacks.attack import Attack, Witness

LEVELS, CUTS = 4, 7
QUARTILES = np.array([-1.15, -0.67, -0.32, 0.0, 0.32, 0.67, 1.15])


def _alphabet(point: np.ndarray) -> Witness:
    """A discrete target at unit noise, and the thresholds that sort its read into bins."""
    weights = np.exp(point[LEVELS : 2 * LEVELS])
    share = weights / weights.sum()
    levels = point[:LEVELS] - share @ point[:LEVELS]
    spread = max(float(share @ levels**2), 1e-12)
    levels *= np.sqrt(10 ** point[-1] / spread)
    cuts = np.sort(point[2 * LEVELS : -1]) * np.sqrt(1 + 10 ** point[-1])
    return {"levels": levels.tolist(), "probability": share.tolist(), "thresholds": cuts.tolist()}


def _sorted_bits(witness: Witness) -> float:
    """Information of the bins over (1/2) log2(1 + SNR)."""
    levels, share, cuts = (np.array(witness[key]) for key in ("levels", "probability", "thresholds"))
    edges = np.concatenate([[-np.inf], cuts, [np.inf]])
    below = ndtr(edges - levels[:, None])
    joint = share[:, None] * np.diff(below, axis=1)
    marginal = joint.sum(axis=0)
    kept = np.sum(xlogy(joint, joint / np.maximum(share[:, None] * marginal, 1e-300)))
    return float(kept / (0.5 * np.log1p(share @ levels**2)))


ATTACKS = (
    Attack(
        "C3-threshold",
        "thresholds",
        "targets of 4 levels, 7 thresholds, SNR from 0.001 to 100: information of the bins over (1/2) log2(1 + SNR)",
        ((-3.0, 3.0),) * LEVELS + ((-6.0, 0.0),) * LEVELS + ((-3.0, 3.0),) * CUTS + ((-3.0, 2.0),),
        _alphabet,
        _sorted_bits,
        starts=((-1.0, 1.0, 0.0, 0.0, 0.0, 0.0, -6.0, -6.0, *QUARTILES, -3.0),),
    ),
)
