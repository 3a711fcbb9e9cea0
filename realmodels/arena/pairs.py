"""What a reader is asked next: the two systems whose comparison is least certain, on an item of an age that had few votes.

How uncertain a comparison is: n votes of which the first system won w (a vote for both, good or bad, is half a win to each, and
so is one that is still to come) leave its rate of winning with the distribution Beta(w + 1, n - w + 1), if every rate was equally
likely before. Its standard deviation,
sqrt(p (1 - p) / (n + 3)) with p = (w + 1) / (n + 2), is largest for pairs with few votes and, among those, for even ones.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations
from math import sqrt
from typing import TypeVar

import numpy as np
import pandas as pd

from realmodels.arena.records import Ballot
from realmodels.arena.study import Item, Study

Pair = tuple[str, str]
T = TypeVar("T")


def next_pair(
    study: Study, votes: pd.DataFrame, ballots: Iterable[Ballot], rng: np.random.Generator
) -> tuple[str, str, str] | None:
    """(item, left system, right system) for a reader; None if the reader has seen every item with every pair.

    votes: one row per vote that counts, with item, left, right and choice; choice is None for a vote to come, so that readers at
    the same time are not all asked the same. ballots: what this reader was shown; none of it comes
    again. Of the pairs that have items left, one with the largest standard error is taken (see above); of its items, one whose
    age had the fewest votes for this pair, then one that had the fewest itself. Scenes are one age. Whatever is equal is drawn,
    and so are the sides, by a fair coin. The same rng in the same state gives the same answer.
    """
    seen = {(ballot.item, _pair(ballot.left, ballot.right)) for ballot in ballots}
    pairs = combinations(sorted(system.id for system in study.systems), 2)
    left = {pair: [item for item in study.items if (item.id, pair) not in seen] for pair in pairs}
    left = {pair: items for pair, items in left.items() if items}
    if not left:
        return None
    errors = standard_errors(votes)
    pair = _drawn(list(left), lambda pair: -errors.get(pair, UNKNOWN), rng)
    of_pair = Counter(
        item for item, *sides in zip(votes["item"], votes["left"], votes["right"], strict=True) if _pair(*sides) == pair
    )
    of_age: Counter[int | None] = Counter()
    for item in study.items:
        of_age[item.age] += of_pair[item.id]
    item: Item = _drawn(left[pair], lambda item: (of_age[item.age], of_pair[item.id]), rng)
    first, second = pair if rng.integers(2) else pair[::-1]
    return item.id, first, second


def standard_errors(votes: pd.DataFrame) -> dict[Pair, float]:
    """Of each pair that has votes: the standard deviation of the rate at which the first of the two, by name, wins."""
    count: Counter[Pair] = Counter()
    wins: dict[Pair, float] = {}
    for left, right, choice in zip(votes["left"], votes["right"], votes["choice"], strict=True):
        pair = _pair(left, right)
        winner = {"left": left, "right": right}.get(choice)
        count[pair] += 1
        wins[pair] = wins.get(pair, 0.0) + (0.5 if winner is None else float(winner == pair[0]))
    return {pair: _deviation(wins[pair], n) for pair, n in count.items()}


def _deviation(wins: float, n: int) -> float:
    p = (wins + 1) / (n + 2)
    return sqrt(p * (1 - p) / (n + 3))


UNKNOWN = _deviation(0, 0)


def _pair(one: str, other: str) -> Pair:
    return (one, other) if one <= other else (other, one)


def _drawn(choices: Sequence[T], cost: Callable[[T], object], rng: np.random.Generator) -> T:
    """One of the choices with the least cost, each equally likely."""
    costs: list = [cost(one) for one in choices]
    least = min(costs)
    best = [one for one, its in zip(choices, costs, strict=True) if its == least]
    return best[int(rng.integers(len(best)))]
