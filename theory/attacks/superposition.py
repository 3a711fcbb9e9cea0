"""Attacks on U1: embeddings against the two bounds on the sum of capacities, models against the two kinds of solution."""

from __future__ import annotations

import numpy as np

from theory.attacks.attack import Attack, Witness

DIMS, FEATURES = 3, 7
SIZE = DIMS * FEATURES


def _decode(point: np.ndarray) -> Witness:
    """Columns [FEATURES][DIMS] with free lengths, and how many dimensions they use."""
    columns = point[:SIZE].reshape(FEATURES, DIMS)[:, : 1 + int(point[-1])] * np.exp(point[SIZE : SIZE + FEATURES, None])
    return {"columns": columns.tolist()}


def _capacities(columns: np.ndarray) -> list[float]:
    """One by one: squared length over the squared projections of all columns on the feature's direction."""
    shares = []
    for column in columns:
        length = np.linalg.norm(column)
        if length > 1e-9:
            shares.append(float(length**2 / np.sum((columns @ (column / length)) ** 2)))
    return shares


def _over_dims(witness: Witness) -> float:
    """Not over the rank: near a loss of rank that is a matter of rounding."""
    columns = np.array(witness["columns"])
    return float(sum(_capacities(columns)) / columns.shape[1])


def _spread(witness: Witness) -> float:
    """Participation ratio of the squared singular values over the sum of capacities."""
    columns = np.array(witness["columns"])
    squares = np.linalg.svd(columns, compute_uv=False) ** 2
    total = sum(_capacities(columns))
    return float(np.sum(squares) ** 2 / np.sum(squares**2) / total) if total else 0.0


def _overlap(witness: Witness) -> float:
    """Welch's floor over the mean squared cosine of pairs."""
    columns = np.array(witness["columns"])
    lengths = np.linalg.norm(columns, axis=1)
    if np.min(lengths) < 1e-9:
        return 0.0
    cosines = columns @ columns.T / np.outer(lengths, lengths)
    dims = columns.shape[1]
    pairs = (np.sum(cosines**2) - FEATURES) / (FEATURES * (FEATURES - 1))
    return float((FEATURES - dims) / (dims * (FEATURES - 1)) / pairs)


_ANGLES = 2 * np.pi * np.arange(FEATURES) / FEATURES
_RING = np.column_stack([np.cos(_ANGLES), np.sin(_ANGLES), np.zeros(FEATURES)])
_PAIRS = np.vstack([np.eye(3), -np.eye(3), np.zeros((1, 3))])
_HARMONIC = np.column_stack([np.cos(_ANGLES), np.sin(_ANGLES), np.full(FEATURES, np.sqrt(0.5))])
STARTS = tuple([*frame.ravel(), *np.zeros(FEATURES), used] for frame, used in ((_RING, 1.5), (_PAIRS, 2.5), (_HARMONIC, 2.5)))

ATTACKS = tuple(
    Attack(
        claim="U1",
        name=name,
        text=f"{FEATURES} columns of free directions and lengths in 1 to {DIMS} dimensions: {text}",
        bounds=(*((-1.0, 1.0),) * SIZE, *((-2.0, 2.0),) * FEATURES, (0.0, DIMS - 0.01)),
        decode=_decode,
        ratio=ratio,
        starts=STARTS,
    )
    for name, text, ratio in (
        ("capacity", "sum of capacities over the dimensions in use, which the rank does not exceed", _over_dims),
        ("participation", "participation ratio over the sum of capacities", _spread),
        ("overlap", "Welch's floor over the mean squared cosine of pairs", _overlap),
    )
)
