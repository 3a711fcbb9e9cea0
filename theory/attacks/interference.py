"""I1 and I2 under attack: directions and distributions of codes are free."""

from __future__ import annotations

import itertools

import numpy as np

from theory.attacks.attack import Attack, Witness
from theory.interference import I1, I2, mean_square_overlap

M, N = 6, 3
ATOMS, UNITS = 8, 4
GOLDEN = (1 + 5**0.5) / 2
ICOSAHEDRON = np.array([[0, 1, GOLDEN], [0, 1, -GOLDEN], [1, GOLDEN, 0], [1, -GOLDEN, 0], [GOLDEN, 0, 1], [-GOLDEN, 0, 1]]) / 2


def _unit(rows: np.ndarray) -> np.ndarray:
    """Rows of length one; a row near zero becomes the first axis."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.where(norms < 1e-9, np.eye(rows.shape[1])[0], rows / np.maximum(norms, 1e-9))


def _directions(point: np.ndarray) -> Witness:
    return {"directions": _unit(point.reshape(M, N)).tolist()}


def _overlaps(witness: Witness) -> np.ndarray:
    """Overlaps between different facts, one row per fact: [M, M - 1]."""
    directions = np.array(witness["directions"])
    return np.array([[one @ other for j, other in enumerate(directions) if j != i] for i, one in enumerate(directions)])


def _floor(witness: Witness) -> float:
    return I1.value("floor", M=M, N=N).value / np.mean(np.sum(_overlaps(witness) ** 2, axis=1))


def _coherence(witness: Witness) -> float:
    return I1.value("coherence_floor", M=M, N=N).value / np.max(np.abs(_overlaps(witness)))


def _ensemble(point: np.ndarray) -> Witness:
    chances = point[-ATOMS:] / point[-ATOMS:].sum()
    return {"codes": _unit(point[:-ATOMS].reshape(ATOMS, UNITS)).tolist(), "chances": chances.tolist()}


def _least(witness: Witness) -> float:
    """1/N over the mean squared overlap of two independent draws, normalised one by one."""
    codes, chances = np.array(witness["codes"]), np.array(witness["chances"])
    return I2.value("least", N=UNITS).value / float(chances @ (codes @ codes.T) ** 2 @ chances)


def _magnitudes(point: np.ndarray) -> Witness:
    chances = point[3:6] / point[3:6].sum()
    return {"magnitudes": point[:3].tolist(), "chances": chances.tolist(), "activity": float(point[6])}


def _both_ways(witness: Witness) -> float:
    """The law over the mean of every pair of three-unit codes, or the inverse, whichever is larger."""
    values = np.array([0.0, *witness["magnitudes"]])
    chances = np.array([1 - witness["activity"], *(witness["activity"] * np.array(witness["chances"]))])
    codes = np.array(list(itertools.product(values, repeat=N)))
    weights = np.prod(np.array(list(itertools.product(chances, repeat=N))), axis=1)
    square = weights @ (codes @ codes.T) ** 2 @ weights / (weights @ np.sum(codes**2, axis=1)) ** 2
    first, second = (np.dot(witness["chances"], np.power(witness["magnitudes"], k)) for k in (1, 2))
    law = mean_square_overlap(N, witness["activity"], min(1.0, first**2 / second))
    return float(max(law / square, square / law))


ATTACKS = (
    Attack(
        claim="I1",
        name="directions",
        text=f"{M} unit vectors in {N} dimensions: floor M/N - 1 over the mean summed squared overlap",
        bounds=((-1.0, 1.0),) * (M * N),
        decode=_directions,
        ratio=_floor,
        starts=(tuple(np.tile(np.eye(N), (2, 1)).ravel()),),
    ),
    Attack(
        claim="I1",
        name="coherence",
        text=f"{M} unit vectors in {N} dimensions: Welch's bound over the largest overlap (the icosahedron's axes meet it)",
        bounds=((-1.0, 1.0),) * (M * N),
        decode=_directions,
        ratio=_coherence,
        starts=(tuple(ICOSAHEDRON.ravel()),),
    ),
    Attack(
        claim="I2",
        name="codes",
        text=f"any distribution on {ATOMS} codes of {UNITS} units: 1/N over the mean squared overlap",
        bounds=((-1.0, 1.0),) * (ATOMS * UNITS) + ((0.01, 1.0),) * ATOMS,
        decode=_ensemble,
        ratio=_least,
        starts=((*np.tile(np.eye(UNITS), (2, 1)).ravel(), *(0.5,) * ATOMS),),
    ),
    Attack(
        claim="I2",
        name="magnitudes",
        text="any activity and any law of three magnitudes, signed ones too: the coding-level law over the mean of all pairs of "
        "codes, and the inverse (an identity: 1 is all there is)",
        bounds=((-2.0, 2.0), (-2.0, 2.0), (0.1, 2.0)) + ((0.05, 1.0),) * 3 + ((0.05, 1.0),),
        decode=_magnitudes,
        ratio=_both_ways,
        starts=((-1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.3),),
    ),
)
