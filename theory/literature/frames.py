"""Known results beside I1, C1 and C2: equiangular lines and tight frames, the isoperimetric circle, slotted ALOHA."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize, minimize_scalar

from theory import interference, palimpsest, winding
from theory.literature.agreement import Agreement

DIGITS = "digits in print"


def _angle(M: int, N: int) -> float:
    """Largest common angle between M lines in N dimensions by the Welch bound, in degrees."""
    return float(np.degrees(np.arccos(interference.I1.value("coherence_floor", M=M, N=N).value)))


def _frame_potential(M: int, N: int) -> float:
    """Least sum of all squared overlaps of M unit vectors, by descent from a random start."""

    def potential(point: np.ndarray) -> float:
        vectors = point.reshape(M, N)
        vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return float(np.sum((vectors @ vectors.T) ** 2))

    return float(minimize(potential, np.random.default_rng(0).normal(size=M * N), method="BFGS").fun)


def _loop_length() -> float:
    """Length of the shortest loop with holonomy -1 on the sphere, from the angles between its directions."""
    directions = winding.winding_directions(3, 1000)
    closed = np.vstack([directions, directions[:1]])
    chords = np.linalg.norm(np.diff(closed, axis=0), axis=1)
    return float(np.sum(2 * np.arcsin(chords / 2)))


def _best_throughput(stations: int) -> float:
    """Largest throughput of slotted ALOHA with that many equal stations, over the chance to send."""
    bits = minimize_scalar(lambda a: -stations * palimpsest.bits(1, 1, stations, a), bounds=(1e-9, 1), method="bounded",
                           options={"xatol": 1e-12})  # fmt: skip
    return -float(bits.fun)


AGREEMENTS = (
    Agreement(
        name="six equiangular lines in space",
        claim="I1",
        quantity="angle between the diagonals of the icosahedron, degrees",
        theirs=63.4349,
        source="Conway, Hardin and Sloane 1996, Experimental Mathematics 5, 139",
        provenance="quoted from a secondary source",
        how="Welch's coherence bound, M = 6, N = 3",
        tolerance=5e-5,
        why=DIGITS,
        ours=lambda: _angle(6, 3),
    ),
    Agreement(
        name="28 equiangular lines in seven dimensions",
        claim="I1",
        quantity="cosine of the common angle",
        theirs=1 / 3,
        source="Lemmens and Seidel 1973, J. Algebra 24, 494",
        provenance="quoted from a secondary source",
        how="Welch's coherence bound, M = 28, N = 7",
        tolerance=1e-12,
        why="an exact value",
        ours=lambda: float(np.cos(np.radians(_angle(28, 7)))),
    ),
    Agreement(
        name="276 equiangular lines in 23 dimensions",
        claim="I1",
        quantity="cosine of the common angle",
        theirs=1 / 5,
        source="Lemmens and Seidel 1973, J. Algebra 24, 494",
        provenance="quoted from a secondary source",
        how="Welch's coherence bound, M = 276, N = 23",
        tolerance=1e-12,
        why="an exact value",
        ours=lambda: float(np.cos(np.radians(_angle(276, 23)))),
    ),
    Agreement(
        name="least frame potential",
        claim="I1",
        quantity="sum of all squared overlaps of 7 unit vectors in 3 dimensions",
        theirs=49 / 3,
        source="Benedetto and Fickus 2003, Adv. Comput. Math. 18, 357: M^2/N for M >= N",
        provenance="their formula, evaluated here",
        how="descent from random directions",
        tolerance=1e-6,
        why="where the descent stops",
        ours=lambda: _frame_potential(7, 3),
    ),
    Agreement(
        name="isoperimetric inequality on the sphere",
        claim="C1",
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
        claim="C2",
        quantity="packets per slot, many stations",
        theirs=0.368,
        source="Roberts 1975, ACM SIGCOMM Comput. Commun. Rev. 5 (2), 28; Abramson 1977, IEEE Trans. Commun. 25, 117",
        provenance="quoted from a secondary source",
        how="ceiling of overwritten cells, b = N = 1, T = 1e9",
        tolerance=5e-4,
        why=DIGITS,
        ours=lambda: float(palimpsest.ceiling(1, 1, 1e9)),
    ),
    Agreement(
        name="slotted ALOHA with two stations",
        claim="C2",
        quantity="packets per slot",
        theirs=0.5,
        source="Abramson 1977, IEEE Trans. Commun. 25, 117: (1 - 1/n)^(n-1) for n equal stations",
        provenance="their formula, evaluated here",
        how="law of overwritten cells, maximised numerically over the activity",
        tolerance=1e-9,
        why="where the maximisation stops",
        ours=lambda: _best_throughput(2),
    ),
)
