"""One number in print beside ours: how ours was obtained, how theirs, and how far apart they may be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Agreement:
    """A literature value that a law of the ledger has to reproduce.

    name: what it is called in the field ("Hopfield capacity"). claim: id in the ledger. quantity: what is compared, with its
    unit. theirs: the printed value. source: paper, with equation, figure or table where known. provenance: "printed value"
    (read there), "recalled from the print, not read again", "their formula, evaluated here" or "quoted from a secondary
    source". ours(): an independent computation, a float, never `theirs` in other clothes; None for what is only quoted. how:
    how ours was obtained, in a phrase. tolerance: largest admissible absolute difference. why: where that tolerance comes from
    (digits in print, finite size, Monte Carlo error).
    """

    name: str
    claim: str
    quantity: str
    theirs: float
    source: str
    provenance: str
    how: str
    tolerance: float
    why: str
    ours: Callable[[], float] | None = None
