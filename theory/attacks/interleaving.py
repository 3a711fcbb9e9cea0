"""Attacks on S2: points that try for more dichotomies than Cover counts, coding levels beyond 2 bits, gains beyond 4 ln 2."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from theory.attacks.attack import Attack, Witness

POINTS, DIMENSIONS = 6, 3
COUNT = 32  # Cover: 2 (1 + 5 + 10)
BITS = 2.0  # of a cell: the least that holds what a dense synapse does (C5)
NODES, WEIGHTS = np.polynomial.legendre.leggauss(80)
PAIRS = list(combinations(range(POINTS), 2))
POWERS = 2 ** np.arange(POINTS)


def _points(point: np.ndarray) -> Witness:
    return {"points": point.reshape(POINTS, DIMENSIONS).tolist()}


def _separated(witness: Witness) -> float:
    """Sign patterns of P points that some plane makes, over Cover's count: a plane through two points, tilted each way."""
    points = np.array(witness["points"])
    dichotomies = set()
    for i, j in PAIRS:
        sides = points @ np.cross(points[i], points[j])
        rest = np.delete(sides, [i, j])
        if np.min(np.abs(rest)) < 1e-9:  # a third point on the plane: its sign is not free, so nothing is counted here
            continue
        plain = int(POWERS @ (sides > 0)) & ~int(POWERS[i] | POWERS[j])
        for tilt in (0, POWERS[i], POWERS[j], POWERS[i] | POWERS[j]):
            dichotomies |= {plain | int(tilt), (2**POINTS - 1) ^ (plain | int(tilt))}
    return len(dichotomies) / COUNT


def _shortfall(threshold: float) -> float:
    """A(u) = E (z + u)^2 for z > -u, by quadrature over 12 standard deviations."""
    low = -threshold
    z = low + (NODES + 1) / 2 * (max(low, 0.0) + 12 - low)
    return float(
        (max(low, 0.0) + 12 - low) / 2 * np.sum(WEIGHTS * (z + threshold) ** 2 * np.exp(-(z**2) / 2)) / np.sqrt(2 * np.pi)
    )


def _level(point: np.ndarray) -> Witness:
    return {"f": float(10 ** point[0]), "u": float(point[1])}


def _held(witness: Witness) -> float:
    """Bits per synapse by Gardner's integral at a trial threshold (the true minimum is reached at the best one), over 2."""
    f, u = witness["f"], witness["u"]
    entropy = -(f * np.log2(f) + (1 - f) * np.log2(1 - f))
    return float(entropy / (f * _shortfall(u) + (1 - f) * _shortfall(-u)) / 2)


def _system(point: np.ndarray) -> Witness:
    return _level(point[:2]) | {
        "tasks": round(10 ** point[2]),
        "cue": float(point[3]),
        "fast": float(point[4]),
        "copies": float(point[5]),
    }


def _gain(witness: Witness) -> float:
    """Cells of one-shot storage over the cells of slow store, fast store and cues that hold the same, over 4 ln 2."""
    slow = 1000.0
    f = witness["f"]
    entropy = -(f * np.log2(f) + (1 - f) * np.log2(1 - f))
    patterns = slow * 2 * _held(witness) / entropy
    cells = witness["copies"] * slow + patterns / witness["tasks"] * entropy / witness["fast"] + patterns * witness["cue"] / BITS
    return float(patterns * entropy * 2 * np.log(2) / cells / (4 * np.log(2)))


LEVELS = ((-6.0, np.log10(0.5)), (-1.0, 6.0))
ATTACKS = (
    Attack(
        "S2",
        "dichotomies",
        "6 points in 3 dimensions: sign patterns that planes through the origin make, over Cover's 32",
        ((-1.0, 1.0),) * (POINTS * DIMENSIONS),
        _points,
        _separated,
        starts=(tuple(np.random.default_rng(0).uniform(-1, 1, POINTS * DIMENSIONS)),),
    ),
    Attack(
        "S2",
        "coding level",
        "coding level and threshold, Gardner's integral by quadrature: bits per synapse over 2",
        LEVELS,
        _level,
        _held,
        starts=((np.log10(0.5), 0.0),),
    ),
    Attack(
        "S2",
        "net gain",
        "coding level, threshold, tasks, cues, fast store and copies: cells saved against one-shot storage, over 4 ln 2",
        (*LEVELS, (0.0, 9.0), (0.0, 2.0), (0.1, BITS), (1.0, 3.0)),
        _system,
        _gain,
        starts=((np.log10(0.5), 0.0, 9.0, 0.0, 1 / (2 * np.log(2)), 1.0),),
    ),
)
