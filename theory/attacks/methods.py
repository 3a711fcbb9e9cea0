"""Attacks on the methods' ceilings: keys, order, strengths, importances and preconditioners free, the method run as it is.

Each ratio is the total depth of a run, a sum of d(readout)/d(own target) read off one-hot targets, over the ceiling of the claim.
"""

from __future__ import annotations

import numpy as np

from theory.attacks.attack import Attack, Witness
from theory.conservation import turning_directions

SIZE = 3  # width of the keys in all attacks
FACTS = 6  # of EWC and projection
EDITS = 10
CUTOFF = 1e-3  # a key whose new part is shorter counts as known


def _units(numbers: np.ndarray, count: int) -> list[list[float]]:
    """Unit keys [count, SIZE] from Cartesian coordinates; a vanishing one becomes the first axis."""
    keys = np.asarray(numbers, dtype=float).reshape(count, SIZE)
    lengths = np.linalg.norm(keys, axis=1, keepdims=True)
    keys = np.where(lengths > 1e-6, keys / np.maximum(lengths, 1e-6), np.eye(SIZE)[0])
    return keys.tolist()


def _decode_ewc(point: np.ndarray) -> Witness:
    keys, importance, decay, ridge = np.split(point, [SIZE * FACTS, SIZE * FACTS + FACTS, SIZE * FACTS + 2 * FACTS])
    return {
        "keys": _units(keys, FACTS),
        "importance": (10.0**importance).tolist(),
        "decay": decay.tolist(),
        "ridge": float(10.0 ** ridge[0]),
    }


def ewc_total(witness: Witness) -> float:
    """Total depth of EWC with the exact Hessian: importances weight the facts, and the Hessian decays before each write."""
    keys = np.array(witness["keys"])
    hessian, weights = witness["ridge"] * np.eye(SIZE), np.zeros((SIZE, len(keys)))
    for i, (key, gain, decay) in enumerate(zip(keys, witness["importance"], witness["decay"], strict=True)):
        hessian = decay * hessian
        moved = np.linalg.solve(hessian, key)
        weights += gain * np.outer(moved, np.eye(len(keys))[i] - key @ weights) / (1 + gain * key @ moved)
        hessian = hessian + gain * np.outer(key, key)
    return float(np.trace(keys @ weights))


def _decode_gpm(point: np.ndarray) -> Witness:
    return {"keys": _units(point[: SIZE * FACTS], FACTS), "strengths": point[SIZE * FACTS :].tolist()}


def gpm_total(witness: Witness) -> float:
    """Total depth of projected writes: every key's new direction is kept, and later writes are orthogonal to it."""
    keys = np.array(witness["keys"])
    complement, weights = np.eye(SIZE), np.zeros((SIZE, len(keys)))
    for i, (key, strength) in enumerate(zip(keys, witness["strengths"], strict=True)):
        across = complement @ (complement @ key)
        length = np.linalg.norm(across)
        if length > CUTOFF:
            weights += strength * np.outer(across, np.eye(len(keys))[i] - key @ weights) / length**2
            complement -= np.outer(across, across) / length**2
    return float(np.trace(keys @ weights))


def _decode_editing(point: np.ndarray) -> Witness:
    keys, strengths, mixing = np.split(point, [SIZE * EDITS, SIZE * EDITS + 1])
    factor = np.zeros((SIZE, SIZE))
    factor[np.tril_indices(SIZE)] = mixing
    factor[np.diag_indices(SIZE)] = np.exp(np.diag(factor))
    return {
        "keys": (np.array(_units(keys, EDITS)) @ factor.T).tolist(),
        "strength": float(strengths[0]),
        "factor": factor.tolist(),
    }


def editing_total(witness: Witness) -> float:
    """Total depth of ROME edits with the second moment C = L L^T, L the factor."""
    keys, factor = np.array(witness["keys"]), np.array(witness["factor"])
    moved, weights = np.linalg.solve(factor @ factor.T, keys.T).T, np.zeros((SIZE, len(keys)))
    for i, (key, along) in enumerate(zip(keys, moved, strict=True)):
        weights += witness["strength"] * np.outer(along, np.eye(len(keys))[i] - key @ weights) / (key @ along)
    return float(np.trace(keys @ weights))


_AXES = np.tile(np.eye(SIZE), (FACTS // SIZE, 1)).ravel()
_TURN = turning_directions(SIZE, EDITS // (SIZE - 1)).ravel()
_NO_MIXING = np.zeros(SIZE * (SIZE + 1) // 2)

ATTACKS = (
    Attack(
        claim="ewc",
        name="ceiling",
        text="total depth over N: keys, their order, importances, decay of the Hessian and ridge are free",
        bounds=((-1.0, 1.0),) * (SIZE * FACTS) + ((-3.0, 3.0),) * FACTS + ((0.1, 1.0),) * FACTS + ((-4.0, 1.0),),
        decode=_decode_ewc,
        ratio=lambda witness: ewc_total(witness) / SIZE,
        starts=(np.concatenate([_AXES, np.full(FACTS, 3.0), np.full(FACTS, 1.0), [-4.0]]).tolist(),),
    ),
    Attack(
        claim="gpm",
        name="rank",
        text="total depth over N: keys, their order and strengths are free",
        bounds=((-1.0, 1.0),) * (SIZE * FACTS) + ((0.0, 1.0),) * FACTS,
        decode=_decode_gpm,
        ratio=lambda witness: gpm_total(witness) / SIZE,
        starts=(np.concatenate([_AXES, np.full(FACTS, 0.5)]).tolist(),),
    ),
    Attack(
        claim="editing",
        name="order",
        text="total depth over 2N - 1: keys, their order, strength and preconditioner are free",
        bounds=((-1.0, 1.0),) * (SIZE * EDITS) + ((0.0, 1.0),) + ((-1.5, 1.5),) * len(_NO_MIXING),
        decode=_decode_editing,
        ratio=lambda witness: editing_total(witness) / (2 * SIZE - 1),
        starts=(np.concatenate([_TURN, [1.0], _NO_MIXING]).tolist(),),
    ),
)
