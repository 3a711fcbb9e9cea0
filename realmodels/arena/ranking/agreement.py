"""Whether readers agree: Krippendorff's alpha of votes on the same item and pair of systems.

A vote is a name, whichever side its system stood on: the first or the second of the pair, both good, both bad. Alpha is
1 - observed / expected disagreement (Krippendorff, Content Analysis, 2004, chapter 11): 1 if all agree, 0 if they agree no more
than by chance. A vote is compared with every other vote on its item and pair. What chance does is taken from all votes on the
same pair: else agreement on who is stronger at large would depend on how systems are named. So alpha asks whether readers see the
same items alike; where one system wins always it is near 0 however many agree, and the share that agrees has to be read with it.
"""

from typing import Any

import numpy as np
import pandas as pd

from realmodels.arena.ranking.intervals import CONFIDENCE, FEWEST


def agreement(votes: pd.DataFrame, draws: int = 1000, seed: int = 0) -> dict[str, Any]:
    """{alpha, low, high, agreeing, chance, votes, units, by}; alpha is NaN if no item and pair has two readers.

    agreeing, chance: share of pairs of votes that agree, and that would by chance. votes, units: that can be compared, and items
    with pairs on which they fall. low, high: 95% bootstrap interval, by readers if there are FEWEST at least, else by units.
    """
    pair = [tuple(sorted(sides)) for sides in zip(votes["left"], votes["right"], strict=True)]
    value = pd.factorize(pd.Series(names(votes)))[0]
    unit = pd.factorize(pd.Series([str(key) for key in zip(votes["item"], pair, strict=True)]))[0]
    kept = np.bincount(unit)[unit] > 1
    if not kept.any():
        nothing = dict.fromkeys(("alpha", "low", "high", "agreeing", "chance"), np.nan)
        return {**nothing, "votes": 0, "units": 0, "by": "none"}
    stratum = pd.factorize(pd.Series([str(one) for one in pair]))[0][kept]
    value, reader = value[kept], pd.factorize(votes["reader"])[0][kept]
    unit = np.unique(unit[kept], return_inverse=True)[1]
    pairs = within(unit, reader)
    observed, expected = disagreement(value, stratum, pairs)
    by = "readers" if len(np.unique(reader)) >= FEWEST else "units"
    drawn = np.unique(reader, return_inverse=True)[1] if by == "readers" else unit
    count, rng = int(drawn.max()) + 1, np.random.default_rng(seed)
    times = rng.multinomial(count, np.full(count, 1 / count), size=draws).astype(float)
    drawn_alphas = np.array([alpha(*disagreement(value, stratum, pairs, one[drawn])) for one in times])
    drawn_alphas = drawn_alphas[np.isfinite(drawn_alphas)]  # a draw may leave nothing to compare
    enough = len(drawn_alphas) > draws / 2
    low, high = np.quantile(drawn_alphas, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]) if enough else (np.nan, np.nan)
    return {
        "alpha": alpha(observed, expected),
        "low": float(low),
        "high": float(high),
        "agreeing": 1 - observed,
        "chance": 1 - expected,
        "votes": len(value),
        "units": int(unit.max()) + 1,
        "by": by,
    }


def names(votes: pd.DataFrame) -> list[str]:
    """What each vote says, whichever side its system stood on: "first" or "second" of the two ids in order, or the tie."""
    rows = zip(votes["left"], votes["right"], votes["choice"], strict=True)
    said = {True: "first", False: "second"}
    return [said[(left < right) == (choice == "left")] if choice in ("left", "right") else choice for left, right, choice in rows]


def within(unit: np.ndarray, reader: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(one, other) [pairs]: numbers of votes that two readers gave on the same unit, each pair in both orders."""
    blocks = np.split(np.argsort(unit, kind="stable"), np.cumsum(np.bincount(unit))[:-1])
    one = np.concatenate([np.repeat(block, len(block)) for block in blocks])
    other = np.concatenate([np.tile(block, len(block)) for block in blocks])
    differ = reader[one] != reader[other]
    return one[differ], other[differ]


def disagreement(
    value: np.ndarray, stratum: np.ndarray, pairs: tuple[np.ndarray, np.ndarray], weight: np.ndarray | None = None
) -> tuple[float, float]:
    """(observed, expected) share of pairs of votes that differ. value, stratum [votes]: numbers from 0; pairs: as `within` has.

    Observed: every vote counts alike, and is compared with all others that it has a pair with. Expected: with all others of its
    stratum. weight: how often each vote counts, as a bootstrap has it. A reader drawn twice makes no agreement, since pairs are
    of two readers. Both are NaN if nothing can be compared.
    """
    weight = np.ones(len(value)) if weight is None else weight
    one, other = pairs
    others = np.bincount(one, weight[other], len(value))
    differing = np.bincount(one, weight[other] * (value[one] != value[other]), len(value))
    weight = np.where(others > 0, weight, 0.0)  # a vote that stands alone says nothing
    if not weight.any():
        return np.nan, np.nan
    observed = float(weight @ (differing / np.maximum(others, 1e-300))) / float(weight.sum())
    table = np.zeros((int(stratum.max()) + 1, int(value.max()) + 1))
    np.add.at(table, (stratum, value), weight)
    total = table.sum(1)
    pairs_of_all = total**2 - np.bincount(stratum, weight**2, len(total))
    differing_of_all = total**2 - (table**2).sum(1)
    expected = float(total @ (differing_of_all / np.where(pairs_of_all > 0, pairs_of_all, 1.0))) / float(total.sum())
    return observed, expected


def alpha(observed: float, expected: float) -> float:
    """1 - observed / expected disagreement; NaN if all votes are alike, so that chance leaves nothing to disagree on."""
    return 1 - observed / expected if expected > 0 else np.nan
