"""What an attack is: a bound, everything that is free under it, and the ratio that must never exceed 1.

The search is global and seeded: the structured starting points first, then differential evolution and local polishing from its
best, again and again with fresh populations, until the budget is spent. Whatever it finds is a *witness*, a JSON-able
instance whose ratio can be computed again by anybody.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import differential_evolution, minimize

Witness = dict[str, Any]
SLACK = 1e-9
"""A ratio may exceed 1 by that much through rounding."""
NOWHERE = 1e9
"""The loss of an instance whose ratio is not a number; an infinite one gets its negative."""


@dataclass(frozen=True)
class Attack:
    """One bound under attack.

    claim: id in the ledger. name: short, unique within the claim. text: what is searched, and which ratio is maximised.
    bounds: (low, high) of every coordinate of the search. decode(x) -> witness: turns a point [len(bounds)] into an instance
    of the claim, with keys that say what they are; it must make no instance outside the claim's assumptions. ratio(witness):
    achieved over bound (or floor over achieved), at most 1 if the claim holds. starts: known good points.
    """

    claim: str
    name: str
    text: str
    bounds: tuple[tuple[float, float], ...]
    decode: Callable[[np.ndarray], Witness]
    ratio: Callable[[Witness], float]
    starts: tuple[Sequence[float], ...] = ()

    def at(self, point: np.ndarray) -> float:
        """Ratio at a point of the search."""
        low, high = np.array(self.bounds, dtype=float).T
        return float(self.ratio(self.decode(np.clip(point, low, high))))


@dataclass(frozen=True)
class Outcome:
    """The tightest ratio found, its witness, and how many instances were tried."""

    claim: str
    attack: str
    ratio: float
    witness: Witness
    tried: int

    @property
    def broken(self) -> bool:
        """Whether the bound is violated by more than rounding."""
        return self.ratio > 1 + SLACK


class _Spent(Exception):
    """The budget is used up."""


def run(attack: Attack, seed: int = 0, seconds: float | None = None, tries: int | None = None) -> Outcome:
    """Search until `seconds` or `tries` (evaluations; same seed, same result) are spent; at least one has to be given."""
    if seconds is None and tries is None:
        raise ValueError("give seconds or tries")
    rng, deadline = np.random.default_rng(seed), time.monotonic() + (np.inf if seconds is None else seconds)
    best: list[Any] = [-np.inf, None, 0]

    def loss(point: np.ndarray) -> float:
        if best[2] and (best[2] >= (np.inf if tries is None else tries) or time.monotonic() > deadline):
            raise _Spent
        best[2] += 1
        ratio = attack.at(point)
        if ratio > best[0]:  # never true of NaN; an infinite ratio is the worst violation there is
            best[:2] = ratio, np.array(point, dtype=float)
        return -ratio if np.isfinite(ratio) else NOWHERE * (-1 if ratio > 0 else 1)

    try:
        for start in attack.starts:
            _polish(loss, np.asarray(start, dtype=float), attack.bounds)
        while True:
            result = differential_evolution(
                loss, attack.bounds, rng=rng, maxiter=40, popsize=8, init="sobol", polish=False, tol=0
            )
            _polish(loss, result.x, attack.bounds)
            if best[1] is not None:
                _polish(loss, best[1] * (1 + 1e-3 * rng.normal(size=len(attack.bounds))), attack.bounds)
    except _Spent:
        pass
    if best[1] is None:
        raise ArithmeticError(f"{attack.claim} {attack.name}: no ratio in {best[2]} tries")
    low, high = np.array(attack.bounds, dtype=float).T
    witness = attack.decode(np.clip(best[1], low, high))
    return Outcome(attack.claim, attack.name, float(attack.ratio(witness)), witness, best[2])


def _polish(loss: Callable[[np.ndarray], float], start: np.ndarray, bounds: Sequence[tuple[float, float]]) -> None:
    """Local search: quasi-Newton with finite differences, then a simplex for the kinks."""
    low, high = np.array(bounds, dtype=float).T
    start = np.clip(start, low, high)
    loss(start)
    result = minimize(loss, start, method="L-BFGS-B", bounds=bounds, options={"maxfun": 40 * (len(start) + 1)})
    minimize(
        loss, result.x, method="Nelder-Mead", bounds=bounds, options={"maxfev": 100 * len(start), "xatol": 1e-10, "fatol": 1e-14}
    )
