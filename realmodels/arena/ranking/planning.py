"""How many readers and votes tell which difference: simulated readers vote, and the ranking's own interval is asked.

A simulated reader sees two systems with the log odds d of preferring the better one, plus an own taste, normal around 0 with the
standard deviation `taste`, plus `position` for the left side, and chooses by Davidson's model with `nu`. With the chance `error`
the reader slips and presses any of the four buttons, each with the chance 1/4. Of ties, half are called both good.

Interval and test are those of `ranked`: a difference is told if its 95% interval leaves out 0. Where readers are few and differ,
that interval misses 0 too often even if the systems are equal (`false_alarms`). So that this does not pass for power, a
difference counts as told only if it also lies beyond 95% of what equal systems show under the same readers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy.special import logit

from realmodels.arena.ranking.comparisons import LEFT, RIGHT, TIE, Comparisons
from realmodels.arena.ranking.davidson import Terms, chances, fit
from realmodels.arena.ranking.intervals import clusters, covariance, interval, quantile
from realmodels.arena.study import Study
from simulate.runs.answer import Answer, field
from theory.errors import UserError

POWER = 0.8
"""Chance with which a difference is told."""

LARGEST = 0.98
"""Preference beyond which we do not look."""

MOST = 10_000
"""Votes of a study that we simulate, at most: hundreds of studies are drawn for every number of readers."""

STEPS = 6
"""Halvings of the range of preferences: 0.48 / 2^6 is less than 0.01, as fine as a few hundred draws of votes can tell."""


@dataclass(frozen=True)
class Habits:
    """How simulated readers vote (see above). error: a chance. position, taste: log odds. nu: Davidson's."""

    error: float = 0.1
    position: float = 0.2
    taste: float = 0.5
    nu: float = 0.7


@dataclass(frozen=True)
class Plan(Answer):
    """What numbers of readers can tell. A row per number of readers."""

    votes_each: int = field("votes", "Votes of each reader.")
    error: float = field("chance", "With which a reader presses any button.")
    position: float = field("log odds", "Advantage of the left side.")
    taste: float = field("log odds", "Standard deviation between readers of what they prefer.")
    nu: float = field("", "Davidson's parameter of ties.")
    draws: int = field("", "Simulated studies for each number below.")
    readers: Sequence[int] = field("readers", "How many vote.", column=True)
    votes: Sequence[int] = field("votes", "All their votes.", column=True)
    detectable: Sequence[float] = field(
        "chance", "Smallest preference told from 1/2 with 80% power; NaN if beyond 0.98.", column=True
    )
    false_alarms: Sequence[float] = field("share", "Of studies of equal systems whose 95% interval leaves out 0.", column=True)
    intervals_by: Sequence[str] = field("", "What the intervals take as independent.", column=True)
    x: ClassVar[str] = "readers"
    curves: ClassVar[tuple[str, ...]] = ("detectable",)


def plan(
    readers: Sequence[int] = (3, 10, 30), votes_each: int = 40, habits: Habits | None = None, draws: int = 300, seed: int = 0
) -> Plan:
    """The table of what numbers of readers tell. The same seed gives the same table, whatever other rows stand in it.

    A preference is that of a reader of average taste who does not err, ties left out. A share of 0.8 of 300 draws has a standard
    error of 0.02. Raises UserError for numbers that make no study.
    """
    habits = habits or Habits()
    _checked(habits, readers, votes_each, draws)
    rows = [_row(number, votes_each, habits, draws, seed) for number in readers]
    detectable, alarms, by = (list(column) for column in zip(*rows, strict=True))
    total = [number * votes_each for number in readers]
    return Plan(votes_each, *_values(habits), draws, list(readers), total, detectable, alarms, by)


def power(difference: float, readers: int, votes_each: int, habits: Habits, draws: int, seed: int, least: float = 0.0) -> float:
    """Share of `draws` simulated studies in which systems `difference` log odds apart are told, the right way round.

    least: standard errors by which the estimate must exceed 0, beside the reach of its interval.
    """
    found = [_judged(difference, readers, votes_each, habits, (seed, readers, n)) for n in range(draws)]
    return float(np.mean([z > max(reach, least) for z, reach, _ in found]))


def simulated_votes(
    study: Study, strengths: dict[str, float], readers: int, votes_each: int, habits: Habits | None = None, seed: int = 0
) -> pd.DataFrame:
    """A table of votes, simulated=True, of readers with these habits on items, pairs and sides drawn at random.

    strengths: log strength of two systems of the study at least. A reader has an own taste for every system, so that the taste of
    a difference has the standard deviation `habits.taste`. No reader sees an item with the same pair twice. Raises UserError if
    the study has fewer such ballots than votes_each.
    """
    habits = habits or Habits()
    _checked(habits, [readers], votes_each, 1)
    names = list(strengths)
    pairs = [(a, b) for k, a in enumerate(names) for b in names[k + 1 :]]
    ballots = [(item.id, *pair) for item in study.items for pair in pairs]
    if len(ballots) < votes_each:
        raise UserError(f"study {study.name!r} has {len(ballots)} ballots for a reader: ask for at most as many votes each")
    rng, rows = np.random.default_rng(seed), []
    for reader in range(readers):
        own = {name: strengths[name] + rng.normal(0, habits.taste / np.sqrt(2)) for name in names}
        for number in rng.choice(len(ballots), votes_each, replace=False):
            item, *sides = ballots[number]
            left, right = rng.permutation(sides).tolist()
            outcome = _choices(np.array([own[left] - own[right]]), habits, rng)[0]
            choice = {LEFT: "left", RIGHT: "right"}.get(outcome) or ("both_good", "both_bad")[rng.integers(2)]
            rows.append((item, left, right, choice, [], f"simulated-{reader}", f"simulated {reader}", True, ""))
    columns = ["item", "left", "right", "choice", "reasons", "reader", "nickname", "simulated", "at"]
    return pd.DataFrame(rows, columns=columns)


def _values(habits: Habits) -> tuple[float, float, float, float]:
    return habits.error, habits.position, habits.taste, habits.nu


def _checked(habits: Habits, readers: Sequence[int], votes_each: int, draws: int) -> None:
    if not readers or min(*readers, votes_each, draws) < 1:
        raise UserError(f"readers {list(readers)}, votes_each {votes_each}, draws {draws}: give whole numbers of 1 at least")
    if max(readers) * votes_each > MOST:
        raise UserError(f"{max(readers)} readers with {votes_each} votes each: give {MOST} votes in all at most")
    if not 0 <= habits.error < 1 or habits.taste < 0 or habits.nu < 0:
        raise UserError(f"habits {habits}: give 0 <= error < 1, taste >= 0 and nu >= 0")


def _row(readers: int, votes_each: int, habits: Habits, draws: int, seed: int) -> tuple[float, float, str]:
    """(smallest preference that is told, false alarms, what intervals go by) for a number of readers."""
    equal = [_judged(0.0, readers, votes_each, habits, (seed, readers, n)) for n in range(draws)]
    size = np.array([abs(z) for z, *_ in equal])
    alarms = float(np.mean(size > [reach for _, reach, _ in equal]))
    least = float(np.quantile(size, 0.95))

    def told(preference: float) -> bool:
        return power(float(logit(preference)), readers, votes_each, habits, draws, seed, least) >= POWER

    low, high = 0.5, LARGEST
    if not told(high):
        return np.nan, alarms, equal[0][2]
    for _ in range(STEPS):  # power grows with the difference, and the draws are the same for all
        middle = (low + high) / 2
        low, high = (low, middle) if told(middle) else (middle, high)
    return float(high), alarms, equal[0][2]


def _judged(difference: float, readers: int, votes_each: int, habits: Habits, seed: tuple[int, ...]) -> tuple[float, float, str]:
    """(estimate over its standard error, reach of its interval in these, what the interval goes by) of one simulated study."""
    rng = np.random.default_rng(seed)
    reader = np.repeat(np.arange(readers), votes_each)
    better_left = rng.integers(2, size=len(reader)).astype(bool)
    taste = rng.normal(0, habits.taste, readers)[reader]
    outcome = _choices(np.where(better_left, 1, -1) * (difference + taste), habits, rng)
    left = np.where(better_left, 0, 1)
    votes = Comparisons(("better", "other"), left, 1 - left, outcome, reader, np.zeros(len(reader)))
    estimate = fit(votes, Terms(position=True, length=False, ties=bool((outcome == TIE).any())))
    cluster, by, _ = clusters(reader)
    reach = quantile(estimate, cluster, by)
    contrast = (estimate.contrast[0] - estimate.contrast[1])[None]
    value, low, _ = interval(estimate, covariance(estimate, cluster), 1.0, contrast)[0]
    return float(value / (value - low)), reach, by


def _choices(difference: np.ndarray, habits: Habits, rng: np.random.Generator) -> np.ndarray:
    """What readers choose [votes] for differences of log strength, left less right, taste included."""
    log_nu = np.log(habits.nu) if habits.nu > 0 else -np.inf
    p = chances((difference + habits.position) / 2, log_nu)
    by_slip = np.array([0.25, 0.25, 0.5])  # two of the four buttons are ties
    p = (1 - habits.error) * p + habits.error * by_slip
    return (rng.random(len(p))[:, None] > np.cumsum(p[:, :-1], 1)).sum(1)
