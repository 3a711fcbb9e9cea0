"""Votes as arrays: who stood on which side, what was chosen, by whom, and how long the two answers were."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from realmodels.arena.study import Study
from theory.errors import UserError

LEFT, RIGHT, TIE = range(3)
"""What a vote may be. Votes for both answers, good or bad, are ties."""

OUTCOMES = {"left": LEFT, "right": RIGHT, "both_good": TIE, "both_bad": TIE}
COLUMNS = ("item", "left", "right", "choice", "reasons", "reader", "simulated")


@dataclass(frozen=True)
class Comparisons:
    """Votes as arrays [votes]. systems: ids in the order in which they are counted.

    left, right: numbers of the systems. outcome: LEFT, RIGHT or TIE. reader: numbers of the readers. length: natural logarithm of
    the length of the left answer over that of the right one.
    """

    systems: tuple[str, ...]
    left: np.ndarray
    right: np.ndarray
    outcome: np.ndarray
    reader: np.ndarray
    length: np.ndarray

    def part(self, chosen: np.ndarray) -> "Comparisons":
        """The chosen votes (a mask [votes]) with the systems that stand in them."""
        left, right = self.left[chosen], self.right[chosen]
        kept = np.unique(np.concatenate([left, right]))
        names = tuple(self.systems[k] for k in kept)
        first, second = (np.searchsorted(kept, side) for side in (left, right))
        return Comparisons(names, first, second, self.outcome[chosen], self.reader[chosen], self.length[chosen])


def checked(study: Study, votes: pd.DataFrame, simulated: bool) -> None:
    """Raise UserError unless these are votes on this study, and all are simulated or none is, as `simulated` says."""
    lacking = [name for name in COLUMNS if name not in votes]
    if lacking:
        raise UserError(f"votes: no column {lacking[0]!r}: give a table with {', '.join(COLUMNS)}")
    if votes.empty:
        raise UserError(f"study {study.name!r}: no votes: ask readers first")
    marks = [bool(mark) for mark in votes["simulated"]]
    if any(marks) and not all(marks):
        raise UserError(
            f"votes: {sum(marks)} of {len(marks)} are simulated: rank those of people and those alone, never together"
        )
    if marks[0] and not simulated:
        raise UserError("votes: all are simulated: say simulated=True to rank them as such")
    if simulated and not marks[0]:
        raise UserError("votes: simulated=True, but all are from people: leave it out")
    table: Any = votes
    _known(table["choice"], OUTCOMES, "choice")
    _known(table["item"], [item.id for item in study.items], "item")
    for side in ("left", "right"):
        _known(table[side], [system.id for system in study.systems], side)
    if (table["left"] == table["right"]).any():
        raise UserError("votes: a system stands against itself: take that vote out")


def compared(study: Study, votes: pd.DataFrame) -> Comparisons:
    """The arrays of votes that `checked` let through; systems are those that stand in a vote, in the study's order.

    Lengths are in characters; an empty answer counts as one.
    Raises UserError if the systems fall into groups that were never compared with each other.
    """
    present = {*votes["left"], *votes["right"]}
    systems = tuple(system.id for system in study.systems if system.id in present)
    number = {system: k for k, system in enumerate(systems)}
    table: Any = votes
    left, right = (table[side].map(number).to_numpy(int) for side in ("left", "right"))
    long = [
        np.array([max(len(study.answers[key].text), 1) for key in zip(votes["item"], votes[side], strict=True)])
        for side in ("left", "right")
    ]
    reader = pd.factorize(votes["reader"])[0]
    outcome = table["choice"].map(OUTCOMES).to_numpy(int)
    groups = components(len(systems), left, right)
    if len(groups) > 1:
        names = " | ".join(", ".join(systems[k] for k in group) for group in groups)
        raise UserError(f"study {study.name!r}: no votes between the groups {names}: ask readers to compare across them")
    return Comparisons(systems, left, right, outcome, reader, np.log(long[0] / long[1]))


def components(count: int, left: np.ndarray, right: np.ndarray) -> list[list[int]]:
    """Groups of the numbers 0 to count - 1 that are connected by comparisons, each in order."""
    group = list(range(count))
    for one, other in {*zip(left.tolist(), right.tolist(), strict=True)}:
        here, there = group[one], group[other]
        group = [here if name == there else name for name in group]
    return [[k for k in range(count) if group[k] == name] for name in dict.fromkeys(group)]


def _known(values: pd.Series, allowed: Sequence[str] | dict[str, int], column: str) -> None:
    unknown = [value for value in values if value not in allowed]
    if unknown:
        some = ", ".join(list(allowed)[:8])
        raise UserError(f"votes: {column} {str(unknown[0])[:40]!r} is not of this study: give one of {some}")
