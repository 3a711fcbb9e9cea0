"""Capacity of threshold units: Cover's count, Gardner's formula and its sparse limit, by ways of their own."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from scipy.integrate import quad
from scipy.optimize import linprog, minimize_scalar
from scipy.special import log_ndtr

from theory import interleaving
from theory.literature.agreement import Agreement

FAR = 1e4
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


def _dense_load(stability: float = 0.0) -> float:
    """1 over the mean square shortfall of a normal field below the stability, by quadrature."""
    cost = quad(lambda z: (z + stability) ** 2 * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi), -stability, 12)[0]
    return 1 / cost


def _short(u: float, rarity: float) -> float:
    """E (z - u)^2 over z > u, divided by f = exp(-rarity): in logarithms, by Mills' series where u is large."""
    if u < 20:
        tail = np.exp(log_ndtr(-u) + rarity)
        return float((1 + u**2) * tail - u * np.exp(rarity - u**2 / 2) / np.sqrt(2 * np.pi))
    series = 2 / u**3 - 12 / u**5 + 90 / u**7
    return float(np.exp(min(rarity - u**2 / 2, 700.0)) / np.sqrt(2 * np.pi) * series)


def sparse_load(rarity: float) -> float:
    """alpha_G f at f = exp(-rarity), rarity > 250: f A(u) + A(-u) over f, least over u (1 - f and A(u) = 1 + u^2 to double)."""
    deep = np.sqrt(2 * rarity)
    least: Any = minimize_scalar(lambda u: 1 + u**2 + _short(u, rarity), bounds=(deep - 5, deep), method="bounded")
    return 1 / float(least.fun)


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
        name="Gardner capacity",
        claim="S2",
        quantity="largest load P/N of a threshold unit, f = 1/2 (patterns per synapse)",
        theirs=2.0,
        source=GARDNER,
        provenance="recalled from the print, not read again",
        how="her integral by quadrature, solved here without the ledger's law",
        tolerance=1e-9,
        why="error of the quadrature",
        ours=_dense_load,
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
    Agreement(
        name="Gardner capacity, sparse limit",
        claim="S2",
        quantity="2 f |ln f| times the largest load, f -> 0 (at f = exp(-10000))",
        theirs=1.0,
        source=GARDNER,
        provenance="quoted from a secondary source",
        how="her condition, minimised here over the threshold in ln f; in her m = 1 - 2f it reads -1/((1-m) ln(1-m))",
        tolerance=2e-3,
        why="finite L = |ln f|: about 3 ln(2L)/(2L) is left, here 0.0015",
        ours=lambda: sparse_load(FAR) * 2 * FAR,
    ),
)
