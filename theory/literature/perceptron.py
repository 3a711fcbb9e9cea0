"""Capacity of threshold units: Cover's count by linear programs, Gardner's formula and its sparse limit by the ledger's law."""

from __future__ import annotations

from itertools import product

import numpy as np
from scipy.optimize import linprog

from theory import interleaving
from theory.literature.agreement import Agreement

GARDNER = "Gardner 1988, J. Phys. A 21, 257"


def separable_share(points: np.ndarray) -> float:
    """Share of all dichotomies of the points [P, N] that some weights make, by one linear program each."""
    count, size = points.shape
    signs = [np.array((1, *rest)) for rest in product((-1, 1), repeat=count - 1)]
    outputs = [
        linprog(np.zeros(size), -(sign[:, None] * points), -np.ones(count), bounds=(None, None)).status == 0 for sign in signs
    ]
    return sum(outputs) / len(signs)


def _generic(count: int, size: int) -> np.ndarray:
    return np.random.default_rng(count).normal(size=(count, size))


AGREEMENTS = (
    Agreement(
        name="Cover's count, beyond capacity",
        claim="S2",
        quantity="share of the dichotomies of 7 generic points in 3 dimensions that are separable, 44/128",
        theirs=44 / 128,
        source="Cover 1965, IEEE Trans. Electron. Comput. 14, 326, theorem 1",
        provenance="their formula, evaluated here",
        how="one linear program for each dichotomy",
        tolerance=1e-12,
        why="exact count",
        ours=lambda: separable_share(_generic(7, 3)),
    ),
    Agreement(
        name="Cover capacity",
        claim="S2",
        quantity="share of the dichotomies of 2N generic points that are separable, N = 3",
        theirs=0.5,
        source="Cover 1965, IEEE Trans. Electron. Comput. 14, 326",
        provenance="recalled from the print, not read again",
        how="one linear program for each dichotomy",
        tolerance=1e-12,
        why="exact count",
        ours=lambda: separable_share(_generic(6, 3)),
    ),
    Agreement(
        name="Gardner capacity, the ledger's law",
        claim="S2",
        quantity="largest load P/N of a threshold unit, f = 1/2 (patterns per synapse)",
        theirs=2.0,
        source=GARDNER,
        provenance="recalled from the print, not read again",
        how="the ledger's quantity gardner_load",
        tolerance=1e-9,
        why="error of the root",
        ours=lambda: float(interleaving.gardner_load(0.5)),
    ),
    Agreement(
        name="Gardner capacity, sparse limit of the ledger's law",
        claim="S2",
        quantity="2 f |ln f| times the largest load, f -> 0 (at f = 1e-200)",
        theirs=1.0,
        source=GARDNER,
        provenance="quoted from a secondary source",
        how="the ledger's quantity gardner_load",
        tolerance=0.03,
        why="finite L = |ln f|: about 3 ln(2L)/(2L) is left, here 0.022",
        ours=lambda: float(interleaving.gardner_load(1e-200)) * 2e-200 * np.log(1e200),
    ),
)
