"""Attacks on C7: schedules of examples that try to hold more than N facts of depth, or an older task deeper than the ceiling."""

from __future__ import annotations

import numpy as np

from theory.attacks.attack import Attack, Witness

SLOTS = 10
LONG = 600


def _kept(shares: np.ndarray) -> np.ndarray:
    """Depth of every task over N, forwards: each new one takes its share of what the others have."""
    depths = np.zeros(len(shares))
    for task, share in enumerate(shares):
        depths *= 1 - share
        depths[task] = share
    return depths


def _schedule(point: np.ndarray) -> Witness:
    return {"shares": [float(value) for value in point]}


def _least(witness: Witness) -> float:
    """T times the least depth, over N."""
    shares = np.array(witness["shares"])
    return float(len(shares) * np.min(_kept(shares)))


def _constant(point: np.ndarray) -> Witness:
    return {"tasks": round(point[0]), "share": float(point[1])}


def _oldest(witness: Witness) -> float:
    """T times the depth of the oldest task over the ceiling, at one number of examples per task."""
    tasks = witness["tasks"]
    ceiling = (1 - 1 / tasks) ** (tasks - 1)
    return float(tasks * _kept(np.full(tasks, witness["share"]))[0] / ceiling)


def _unrelated(point: np.ndarray) -> Witness:
    norms = 10.0 ** point[:SLOTS]
    return {"share": float(point[SLOTS]), "norms": norms.tolist(), "noise": float(point[SLOTS + 1])}


def _error_floor(witness: Witness) -> float:
    """(1 - s_i) ||w*_i||^2 over the error on task i by the recursion, at the task where it is largest; s_i its depth share."""
    norms, share = np.array(witness["norms"]), witness["share"]
    errors = norms.copy()
    for task, norm in enumerate(norms):
        apart = norms + norm
        apart[task] = 0.0
        errors = (1 - share) * errors + share * apart + witness["noise"] * share
    return float(np.max(norms * (1 - _kept(np.full(len(norms), share))) / errors))


def _stream(point: np.ndarray) -> Witness:
    return {"share": float(point[0]), "age": round(point[1])}


def _under_half(witness: Witness) -> float:
    """Error of zero weights over that on a task of depth share at most 1/2, after LONG unrelated tasks of equal norm; else 0."""
    share, age = witness["share"], witness["age"]
    kept, error = 0.0, 1.0
    for left in reversed(range(LONG)):
        own = left == age
        kept = share if own else (1 - share) * kept
        error = (1 - share) * error + share * (0.0 if own else 2.0)
    return 1 / error if kept <= 0.5 else 0.0


ATTACKS = (
    Attack(
        "C7",
        "schedule",
        f"shares D_t/N of {SLOTS} tasks; T times the least depth over N",
        bounds=((0.0, 1.0),) * SLOTS,
        decode=_schedule,
        ratio=_least,
        starts=([1 / (task + 1) for task in range(SLOTS)],),
    ),
    Attack(
        "C7",
        "oldest",
        "number of tasks and their one share D/N; T times the depth of the oldest over N (1 - 1/T)^(T-1)",
        bounds=((2.0, 60.0), (0.0, 1.0)),
        decode=_constant,
        ratio=_oldest,
        starts=([5.0, 0.2],),
    ),
    Attack(
        "C7",
        "error floor",
        "norms of orthogonal tasks, share D/N, noise; floor (1 - s_i) ||w*_i||^2 over the error on task i of depth share s_i",
        bounds=((-3.0, 3.0),) * SLOTS + ((0.01, 0.99), (0.0, 1.0)),
        decode=_unrelated,
        ratio=_error_floor,
        starts=([0.0] * SLOTS + [0.3, 0.0],),
    ),
    Attack(
        "C7",
        "zero weights",
        f"share D/N and age, {LONG} unrelated tasks of equal norm; error of zero weights over that of depth share <= 1/2",
        bounds=((0.1, 1.0), (0.0, 20.0)),
        decode=_stream,
        ratio=_under_half,
        starts=([0.5, 0.0],),
    ),
)
