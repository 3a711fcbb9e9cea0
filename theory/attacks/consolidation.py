"""Attacks on S4: keys, rates and starting errors are free; second moments and depths are propagated exactly over the order.

Nothing is taken from the law's derivation: a rehearsal is a mean over which fact comes next, applied step by step.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.attacks.attack import Attack, Witness

FACTS, SIZE, STEPS = 4, 4, 6
ANGLES = ((-1.0, 1.0),) * (FACTS * SIZE)


def _keys(point: np.ndarray, size: int) -> np.ndarray:
    """Unit keys [FACTS, size] from free coordinates; a zero row is taken for the first axis."""
    rows = point[: FACTS * SIZE].reshape(FACTS, SIZE)[:, :size] + np.eye(FACTS, size) * 1e-9
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.where(norms > 1e-6, rows / np.maximum(norms, 1e-6), np.eye(1, size))


def _decode_error(point: np.ndarray) -> Witness:
    keys = _keys(point, SIZE)
    start = keys.T @ (point[FACTS * SIZE : FACTS * SIZE + FACTS] + 1e-6)
    return {"keys": keys.tolist(), "start": start.tolist(), "eta": float(point[-1])}


def _left(witness: Witness) -> tuple[float, float, float]:
    """(share of the squared error left, its bound from above, its bound from below along the worst eigendirection)."""
    keys, start, rate = np.array(witness["keys"]), np.array(witness["start"]), witness["eta"]
    spectrum, axes = np.linalg.eigh(keys.T @ keys)
    present = spectrum > 1e-9
    least, axis = spectrum[present][0], axes[:, present][:, 0]
    moment = np.outer(start, start)
    maps = [np.eye(SIZE) - rate * np.outer(key, key) for key in keys]
    for _ in range(STEPS):
        moment = np.mean([step @ moment @ step for step in maps], axis=0)
    share = float(np.trace(moment) / (start @ start))
    along = float((axis @ start) ** 2 / (start @ start))
    above = (1 - rate * (2 - rate) * least / FACTS) ** STEPS
    return share, float(above), float((1 - rate * least / FACTS) ** (2 * STEPS) * along)


def _above(witness: Witness) -> float:
    share, above, _ = _left(witness)
    return share / above


def _below(witness: Witness) -> float:
    share, _, below = _left(witness)
    return below / share


def _decode_depth(point: np.ndarray) -> Witness:
    size = 1 + min(SIZE - 1, int(point[-1]))
    return {"keys": _keys(point, size).tolist(), "eta": float(point[-2]), "presentations": 1 + min(11, int(point[-3]))}


def _deep(witness: Witness) -> float:
    """Mean depth over the largest for that many presentations, facts and parameters."""
    keys, rate, count = np.array(witness["keys"]), witness["eta"], witness["presentations"]
    facts, size = keys.shape
    readouts = np.zeros((facts, facts))  # d E[readout]/d target
    for _ in range(count):
        readouts = np.mean(
            [readouts + rate * np.outer(keys @ keys[i], np.eye(facts)[i] - readouts[i]) for i in range(facts)], axis=0
        )
    rank = min(facts, size)
    return float(np.trace(readouts) / (rank * (1 - (1 - rate / rank) ** count)))


def _decode_weighted(point: np.ndarray) -> Witness:
    size = 1 + min(SIZE - 1, int(point[-1]))
    weights = np.exp(3 * point[FACTS * SIZE : FACTS * SIZE + FACTS])
    rates = np.abs(point[FACTS * SIZE + FACTS : -1])
    return {"keys": _keys(point, size).tolist(), "chances": (weights / weights.sum()).tolist(), "etas": rates.tolist()}


def _total(witness: Witness) -> float:
    """Total depth over min(M, N): facts drawn with unequal chances, rates that change from pass to pass (1000 steps each)."""
    keys, chances = np.array(witness["keys"]), np.array(witness["chances"])
    facts = len(keys)
    left = np.eye(facts)
    for rate in witness["etas"]:
        left = left @ np.linalg.matrix_power(np.eye(facts) - rate * keys @ keys.T * chances, 1000)
    return float((facts - np.trace(left)) / min(keys.shape))


def _flat(keys: np.ndarray, *more: Any) -> list[float]:
    rows = np.zeros((FACTS, SIZE))
    rows[: len(keys), : keys.shape[1]] = keys
    return [*rows.ravel(), *np.ravel(more)]


_ORTHOGONAL = np.eye(FACTS, SIZE)
_STAR = np.array([[np.cos(angle), np.sin(angle)] for angle in np.pi * np.arange(FACTS) / FACTS])

ATTACKS = (
    Attack(
        claim="S4",
        name="slowest-contraction",
        text=f"{FACTS} unit keys, a starting error in their span, eta: share of the squared error left after {STEPS} random "
        "presentations over (1 - eta (2 - eta) lambda_min/M)^t",
        bounds=(*ANGLES, *((-1.0, 1.0),) * FACTS, (0.01, 1.0)),
        decode=_decode_error,
        ratio=_above,
        starts=(_flat(_ORTHOGONAL, 0.3, -0.5, 0.2, 0.9, 0.7),),
    ),
    Attack(
        claim="S4",
        name="fastest-contraction",
        text=f"{FACTS} unit keys, a starting error, eta: (1 - eta lambda_min/M)^2t, for the part of the start along that "
        f"eigendirection, over the share of the squared error left after t = {STEPS} random presentations",
        bounds=(*ANGLES, *((-1.0, 1.0),) * FACTS, (0.01, 1.0)),
        decode=_decode_error,
        ratio=_below,
        starts=(_flat(_ORTHOGONAL, 0.3, -0.5, 0.2, 0.9, 0.01),),
    ),
    Attack(
        claim="S4",
        name="deepest-rehearsal",
        text=f"{FACTS} unit keys in 1 to {SIZE} dimensions, eta, 1 to 12 presentations: mean depth over "
        "min(1, N/M) (1 - (1 - eta/r)^t), r = min(N, M)",
        bounds=(*ANGLES, (0.0, 11.99), (0.01, 1.0), (0.0, SIZE - 0.01)),
        decode=_decode_depth,
        ratio=_deep,
        starts=(_flat(_ORTHOGONAL, 3.0, 0.5, 3.5), _flat(_STAR, 5.0, 0.9, 1.5)),
    ),
    Attack(
        claim="S4",
        name="unequal-rehearsal",
        text=f"{FACTS} unit keys in 1 to {SIZE} dimensions, chances of being rehearsed, three rates: total depth over min(M, N)",
        bounds=(*ANGLES, *((-1.0, 1.0),) * FACTS, *((0.0, 1.0),) * 3, (0.0, SIZE - 0.01)),
        decode=_decode_weighted,
        ratio=_total,
        starts=(_flat(_ORTHOGONAL, 0.0, 0.0, 0.0, 0.0, 0.5, 0.5, 0.5, 3.5),),
    ),
)
