"""Attacks on S1: partitions of the cells with any write and read activities and contents, and codes for one regime."""

from __future__ import annotations

import numpy as np

from theory.attacks.attack import Attack, Witness
from theory.separation import any_code_bits, dual_ceiling

POPULATIONS = 6
STORE = 1000.0


def _partition(point: np.ndarray) -> Witness:
    """T, then per population: size (normalised), activity, read activity above it, shared part of a cell."""
    sizes, activity, denser, shared = point[1:].reshape(4, POPULATIONS)
    total = sizes.sum()
    sizes = np.full(POPULATIONS, 1 / POPULATIONS) if total <= 0 else sizes / total
    return {
        "tasks": round(float(point[0])),
        "cells": (STORE * sizes).tolist(),
        "write_activity": activity.tolist(),
        "read_activity": (activity + (1 - activity) * denser).tolist(),
        "shared_bits_per_cell": shared.tolist(),
    }


def _follow(witness: Witness) -> tuple[float, float]:
    """Shared and private bits that the oldest task's reader finds, its own cells being carried through the stream.

    A reader sees the shared bits of all cells that it reads (each has been written before) and its survivors' private bits.
    """
    keys = ("cells", "write_activity", "read_activity", "shared_bits_per_cell")
    cells, write, read, phi = (np.array(witness[key]) for key in keys)
    own = cells * write
    for _ in range(witness["tasks"] - 1):
        own = own - own * write
    return float(np.sum(phi * cells * read)), float(np.sum((1 - phi) * own))


def _best_of_partition(witness: Witness) -> float:
    """T * D_s over the ceiling of any partition at the same R; b = 1."""
    shared, private = _follow(witness)
    if shared >= STORE * (1 - 1e-9):
        return 0.0
    return witness["tasks"] * private / dual_ceiling(STORE, 1.0, shared, witness["tasks"])


def _two_regimes(tasks: float, rho: float, denser: float = 0.0) -> list[float]:
    """Always-on cells for the structure, the others at a = 1/T; denser: those are read beyond what is written."""
    rest = [0.0] * (POPULATIONS - 2)
    return [tasks, rho, 1 - rho, *rest, 1, 1 / tasks, *rest, 0, denser, *rest, 1, 0, *rest]


def _code(point: np.ndarray) -> Witness:
    """T, activity, and the parts of an active cell's symbols that are shared, private with shared ones added, private alone."""
    parts = point[2:5] / max(point[2:5].sum(), 1e-12)
    shared, mixed, alone = (parts if point[2:5].sum() > 0 else np.full(3, 1 / 3)).tolist()
    return {
        "tasks": round(float(point[0])),
        "activity": float(point[1]),
        "shared_part": shared,
        "mixed_part": mixed,
        "private_part": alone,
        "rate": float(point[5]),
    }


def _decoded(witness: Witness) -> float:
    """Private bits over the law for any code, for random linear codes whose reader solves for everything it can.

    Equations per writer: what its D unknowns leave of its mixed symbols is about the shared bits. Counts follow the stream.
    """
    tasks, activity = witness["tasks"], witness["activity"]
    active = STORE * activity
    owned = [active]
    for _ in range(tasks - 1):
        lost = [count * activity for count in owned]
        owned = [count - part for count, part in zip(owned, lost, strict=True)] + [sum(lost)]
    mixed, alone = (np.array(owned) * witness[key] for key in ("mixed_part", "private_part"))
    private = witness["rate"] * (mixed[0] + alone[0])
    about = np.minimum(mixed, np.maximum(0.0, mixed + alone - private))
    shared = active * witness["shared_part"] + about.sum()
    if private <= 0:
        return 0.0
    most = any_code_bits(STORE, 1.0, float(shared), tasks, activity)
    return float(private / most) if most > 0 else np.inf


ATTACKS = (
    Attack(
        claim="S1",
        name="partition",
        text="six populations of any sizes, write and read activities and shared parts: T * D_s over dual_ceiling",
        bounds=((2, 60), *[(0.0, 1.0)] * (4 * POPULATIONS)),
        decode=_partition,
        ratio=_best_of_partition,
        starts=(
            _two_regimes(5, 0.3),
            _two_regimes(20, 0.6),
            [2, *[1.0] * POPULATIONS, *[0.5] * POPULATIONS, *[0.0] * 2 * POPULATIONS],
        ),
    ),
    Attack(
        claim="S1",
        name="code",
        text="random linear codes of one regime that mix shared and private symbols: D_s over the law for any code",
        bounds=((2, 30), (0.01, 0.99), *[(0.0, 1.0)] * 3, (0.01, 1.0)),
        decode=_code,
        ratio=_decoded,
        starts=([2, 0.8, 0.4, 0.6, 0.0, 1.0], [5, 0.2, 0.5, 0.5, 0.0, 1.0]),
    ),
)
