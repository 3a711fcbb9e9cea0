"""Attacks on C3: schedules of decay, and codes with readers of their own, both against N/(2 ln 2)."""

from __future__ import annotations

import numpy as np

from theory.attacks.attack import Attack, Witness

FACTS, SIZE, CODES = 19, 3, 5


def _schedule(point: np.ndarray) -> Witness:
    """Strength of every write and what it leaves of the earlier ones; the largest share of the power is held to one half."""
    size, strengths, kept = 10 ** point[0], 10.0 ** point[1 : FACTS + 1], point[FACTS + 1 :]
    powers = np.zeros(FACTS)
    for fact in range(FACTS):
        powers *= kept[fact] ** 2
        powers[fact] = strengths[fact]
    top = int(np.argmax(powers))
    powers[top] = min(powers[top], np.sum(powers) - powers[top])
    return {"N": float(size), "powers": powers.tolist()}


def _scheduled_bits(witness: Witness) -> float:
    """Gaussian bits of all facts over N/(2 ln 2): signal p (N v)^2 against the crosstalk of the others."""
    size, powers = witness["N"], np.array(witness["powers"])
    others = (np.sum(powers) - powers) * size
    return float(np.sum(np.log1p(powers * size**2 / others)) / size)


def _codes(point: np.ndarray) -> Witness:
    """Write vectors, readers and probabilities of a few codes."""
    cells = CODES * SIZE
    weights = np.exp(point[2 * cells :])
    return {
        "written": point[:cells].reshape(CODES, SIZE).tolist(),
        "read": point[cells : 2 * cells].reshape(CODES, SIZE).tolist(),
        "probability": (weights / weights.sum()).tolist(),
    }


def _mean_snr(witness: Witness) -> float:
    """Mean SNR times (P - 1)/N: (r.k)^2 over the mean square of r.k' at another, independent code."""
    written, read, share = (np.array(witness[key]) for key in ("written", "read", "probability"))
    overlaps = read @ written.T
    crosstalk = overlaps**2 @ share
    return float(np.sum(share * np.diag(overlaps) ** 2 / np.maximum(crosstalk, 1e-300)) / SIZE)


AXES = np.eye(SIZE)[np.arange(CODES) % SIZE].ravel()

ATTACKS = (
    Attack(
        "C3",
        "decay",
        "strength and decay of 19 writes, N >= 3, no share above one half: bits of all facts over N/(2 ln 2)",
        ((np.log10(3), 3.0), *((-3.0, 1.0),) * FACTS, *((0.0, 1.0),) * FACTS),
        _schedule,
        _scheduled_bits,
        starts=((np.log10(3), *(0.0,) * FACTS, *(1.0,) * FACTS),),
    ),
    Attack(
        "C3",
        "codes",
        "write vectors, readers and probabilities of 5 codes in 3 dimensions: mean SNR over 3/(P - 1)",
        ((-1.0, 1.0),) * (2 * CODES * SIZE) + ((-6.0, 2.0),) * CODES,
        _codes,
        _mean_snr,
        starts=((*AXES, *AXES, 0.0, 0.0, np.log(2), 0.0, 0.0),),
    ),
)
