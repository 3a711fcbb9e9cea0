"""Edges of the spectrum of Marchenko and Pastur, measured on large Wishart matrices."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.linalg import eigvalsh_tridiagonal

from theory.literature.agreement import Agreement

WIDTH, MATRICES = 20_000, 25
INSIDE = 1.21 + 5 * 1.27 / np.sqrt(MATRICES)
"""Distance between the edge and the mean of MATRICES extreme eigenvalues that chance allows, in units of the edge's scale."""


@cache
def _edges() -> tuple[float, float]:
    """Least and largest eigenvalue of a Wishart matrix of WIDTH weights and twice as many examples, means of MATRICES.

    The matrix is drawn in its tridiagonal form (Dumitriu and Edelman 2002): with chi variables on the diagonal and below it,
    B B^T has the same eigenvalues in distribution as X X^T, and no matrix is filled.
    """
    rng, edges = np.random.default_rng(0), []
    for _ in range(MATRICES):
        on = np.sqrt(rng.chisquare(2 * WIDTH - np.arange(WIDTH)))
        below = np.sqrt(rng.chisquare(np.arange(WIDTH - 1, 0, -1)))
        diagonal = (on**2 + np.append(0, below**2)) / WIDTH
        beside = on[:-1] * below / WIDTH
        edges.append([eigvalsh_tridiagonal(diagonal, beside, "i", (k, k))[0] for k in (0, WIDTH - 1)])
    low, high = np.mean(edges, axis=0)
    return float(low), float(high)


def _agreement(name: str, sign: int) -> Agreement:
    """The edge (1 + sign sqrt 2)^2 at two examples per weight; its scale falls as the two-thirds power of the width."""
    edge = (1 + sign * np.sqrt(2.0)) ** 2
    scale = WIDTH ** (-2 / 3) * (np.sqrt(2) + sign) * (1 + sign / np.sqrt(2)) ** (1 / 3)
    return Agreement(
        name=f"Marchenko-Pastur {name} edge",
        claim="C7-transfer",
        quantity="extreme eigenvalue at alpha = 2",
        theirs=edge,
        source="Marchenko and Pastur 1967, Mat. Sb. 72, 507",
        provenance="their formula, evaluated here",
        how=f"extreme eigenvalues of {MATRICES} Wishart matrices of {WIDTH} weights, in tridiagonal form",
        tolerance=INSIDE * scale,
        why="the estimate's own error (Tracy and Widom): a finite matrix ends inside by 1.21 of the edge's scale on average, and "
        f"the mean of {MATRICES} has a standard error of 0.25 of it, taken five times: {INSIDE * scale / edge:.2%} of the edge",
        ours=lambda: _edges()[sign > 0],
    )


AGREEMENTS = (_agreement("upper", 1), _agreement("lower", -1))
