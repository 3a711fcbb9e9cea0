"""Known results beside I1, C1-winding and C2-cells: tight frames, isoperimetric circle, slotted ALOHA."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar

from theory import interference, winding
from theory.literature.agreement import Agreement

DIGITS = "digits in print"


def _frame_potential(M: int, N: int) -> float:
    """Least sum of all squared overlaps of M unit vectors: each with itself, and the floor of I1 with the others."""
    return float(M * (1 + interference.interference_floor(M, N)))


def _loop_length() -> float:
    """Length of the shortest loop with holonomy -1 on the sphere, from the angles between its directions."""
    directions = winding.winding_directions(3, 1000)
    closed = np.vstack([directions, directions[:1]])
    chords = np.linalg.norm(np.diff(closed, axis=0), axis=1)
    return float(np.sum(2 * np.arcsin(chords / 2)))


def _most_kept(tasks: int) -> float:
    """Largest T times the chance that the oldest of T tasks still owns a cell: every history of the cell is enumerated."""
    written = (np.arange(2**tasks)[:, None] >> np.arange(tasks)) & 1  # which tasks rewrote the cell: [2^T, T], oldest first
    last = np.where(written, np.arange(tasks), -1).max(axis=1)
    oldest, count = last == 0, written.sum(axis=1)

    def kept(activity: float) -> float:
        return tasks * float(np.sum((activity**count * (1 - activity) ** (tasks - count))[oldest]))

    return kept(float(minimize_scalar(lambda a: -kept(a), bounds=(0, 1), method="bounded", options={"xatol": 1e-12}).x))


def _most_kept_of_many() -> float:
    """The same for infinitely many tasks: T = 4, 8 and 16 extrapolated, errors of order 1/T and 1/T^2 removed."""
    few, more, many = (_most_kept(tasks) for tasks in (4, 8, 16))
    return (8 * many - 6 * more + few) / 3


AGREEMENTS = (
    Agreement(
        name="least frame potential",
        claim="I1",
        quantity="sum of all squared overlaps of 7 unit vectors in 3 dimensions",
        theirs=49 / 3,
        source="Benedetto and Fickus 2003, Adv. Comput. Math. 18, 357: M^2/N for M >= N",
        provenance="their formula, evaluated here",
        how="M times 1 and the floor M/N - 1 of I1, M = 7, N = 3",
        tolerance=1e-12,
        why="an exact value",
        ours=lambda: _frame_potential(7, 3),
    ),
    Agreement(
        name="isoperimetric inequality on the sphere",
        claim="C1-winding",
        quantity="least length of a curve on the unit sphere that encloses the area pi",
        theirs=float(np.sqrt(np.pi * (4 * np.pi - np.pi))),
        source="Bernstein 1905, Math. Ann. 60, 117: L^2 >= A (4 pi - A)",
        provenance="their formula, evaluated here",
        how="angles between 1000 directions of the shortest loop, N = 3, added up",
        tolerance=3e-6,
        why="a step s along a circle of geodesic curvature 1/sqrt 3 is s^3/72 longer than the great circle: 2.2e-6 in all",
        ours=_loop_length,
    ),
    Agreement(
        name="throughput of slotted ALOHA",
        claim="C2-cells",
        quantity="packets per slot, many stations",
        theirs=0.368,
        source="Roberts 1975, ACM SIGCOMM Comput. Commun. Rev. 5 (2), 28; Abramson 1977, IEEE Trans. Commun. 25, 117",
        provenance="quoted from a secondary source",
        how="owners of a cell, all histories of 4, 8 and 16 tasks enumerated, best activity each, extrapolated in 1/T",
        tolerance=5e-4,
        why=DIGITS,
        ours=_most_kept_of_many,
    ),
    Agreement(
        name="slotted ALOHA with two stations",
        claim="C2-cells",
        quantity="packets per slot",
        theirs=0.5,
        source="Abramson 1977, IEEE Trans. Commun. 25, 117: (1 - 1/n)^(n-1) for n equal stations",
        provenance="their formula, evaluated here",
        how="owners of a cell, all histories of two tasks enumerated, maximised numerically over the activity",
        tolerance=1e-9,
        why="where the maximisation stops",
        ours=lambda: _most_kept(2),
    ),
)
