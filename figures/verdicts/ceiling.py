"""The rules that all sweeps under a ceiling share: nothing lies above it, and what is stored comes near it.

Where depth is a number, what is judged is depth over the depth that the ceiling allows, in means over many cells of the sweep.
Where a task comes back whole or not, it is the share of trials that returned it just beyond the ceiling, over the share that
the ceiling leaves. How near the frontier comes has a rule of its own.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.stats import norm

from figures.estimate import Estimate, counted, estimate, left_out
from figures.results import Results
from figures.verdicts.rule import SEEN, Judgement, below, decide, decide_all, judgement
from simulate.tables import at_best, frontier, is_decoded, violations

MARGIN = 0.1
ROUND = (
    f"The ceiling holds for every size, so that no finite-size term is allowed for. {MARGIN:.0%} is a round number, the same for "
    "all ceilings of this kind: "
)
LENGTHS = (0.0, 0.5, 0.9, 1.1, np.inf)
"""Borders, in multiples of the ceiling's number of tasks, between which the lengths of a stream are pooled."""

DEPTH_RULE = (
    "Mean depth of the oldest task over the depth that the ceiling allows: at every activity (over all sizes and numbers of "
    "tasks), at every size of a task (over all activities and numbers of tasks), and for streams below 0.5, 0.5 to 0.9, 0.9 to "
    "1.1 and above 1.1 times the ceiling (over all sizes and activities); codes with and without a common mode apart. "
    "Simultaneous 95% t intervals over seeds on the logarithm. "
)
NO_VIOLATION = (
    DEPTH_RULE
    + f"Shown: the highest. Supported if every upper end lies at most {MARGIN:.0%} above 1; refuted if a lower end lies "
    "above 1, or if a single cell (tasks × size × activity) does by a bound simultaneous over all cells; else undecided. " + SEEN
)
NEAR_CEILING = (
    DEPTH_RULE
    + f"Shown: the one furthest from 1. Supported if every interval lies within {MARGIN:.0%} of 1, refuted if one lies "
    "wholly outside."
)
RETURNED = (
    "At the first number of tasks beyond the ceiling, in every column of the sweep{which}: the share of trials (seeds × columns, "
    "which share no random number) that return the oldest task whole, over the share that the ceiling on its bits leaves "
    "(Markov), mean over columns. Exact binomial 95% intervals{over}. Supported if the upper end lies at most at 1, refuted if "
    "the lower end lies above 1, undecided otherwise, and wherever even a return in every trial would not refute."
)
NO_MARGIN = (
    "There is no margin. A share is at most 1, and one task beyond the ceiling nearly all is still allowed: a margin would leave "
    "nothing that could refute."
)
WHOLE = (
    "Tasks held by every seed at the best activity over the largest whole number that the ceiling allows: geometric mean over "
    "all columns that may hold a task; 95% jackknife interval over seeds. Supported if the interval lies between the finite-size "
    "term and 1, refuted if it lies wholly outside."
)
FINITE = (
    "Finite-size term: a column may fall short by one step of its grid of T and, since each of n seeds must return every bit, "
    "by the fluctuation of the least of n draws, z_n sqrt(b (1 − q)/D), D the bits of a task, q = (1 − a)^(T−1) the chance that "
    "a cell survives and z_n the normal quantile of (n − 3/8)/(n + 1/4) (Blom). The geometric mean of 1 minus both, over the "
    "columns where it is above 0, is the lower border."
)


def depth_ratios(table: pd.DataFrame) -> list[Estimate]:
    """Mean depth over what the ceiling allows, pooled as `DEPTH_RULE` says; simultaneous intervals over seeds."""
    table = table[np.isfinite(table["ceiling_depth"])]
    length = pd.cut(table["T"] / table["ceiling_T"], LENGTHS).cat.codes
    table = table.assign(ratio=table["depth"] / table["ceiling_depth"], length=length)
    codes = [key for key in ("centred",) if key in table]
    pooled = [group.groupby("seed")["ratio"].mean() for key in ("a", "D", "length") for _, group in table.groupby([*codes, key])]
    return [estimate(values, comparisons=len(pooled), scale="log") for values in pooled]


def beyond(table: pd.DataFrame) -> pd.DataFrame:
    """Rows at the first number of tasks beyond the ceiling of their column, where the ceiling leaves less than a whole task.

    Overwritten cells hold next to nothing away from the activity 1/T: only activities within a factor 2 of it are kept.
    """
    table = table[(table["T"] > table["ceiling_T"]) & (table["ceiling_T"] >= 1) & (table["ceiling_depth"] < 1)]
    if "D" in table:
        table = table[np.abs(np.log2(table["a"] * table["ceiling_T"])) <= 1]
    column = [key for key in ("regime", "R", "D_s", "odds", "D", "a") if key in table and not ("odds" in table and key == "a")]
    return table[table["T"] == table.groupby(column)["T"].transform("min")]


def returned(table: pd.DataFrame) -> list[Estimate]:
    """Share of trials that return a whole task just beyond the ceiling over what it leaves, for every R if there are several."""
    rows = beyond(table)
    whole = rows["decoded"] if "decoded" in rows else rows["depth"] == 1
    groups = list(rows.assign(whole=whole).groupby("R" if "R" in rows else (lambda _: 0)))
    return [counted(int(g["whole"].sum()), len(g), float(g["ceiling_depth"].mean()), len(groups)) for _, g in groups]


def of(results: Results, sweep: str, regime: str | None = None) -> pd.DataFrame:
    """A sweep, or one regime of it."""
    table = results.table(sweep, "T", "a", "seed", "ceiling_T", "ceiling_depth")
    return table if regime is None else table[table["regime"] == regime]


def ceiling(results: Results, sweep: str, regime: str | None = None) -> Judgement:
    """Judge a sweep (one regime of it) by `NO_VIOLATION`, or by `RETURNED` where tasks come back whole or not."""
    table = of(results, sweep, regime)
    if is_decoded(table):
        return replace(below(returned(table), 1.0, 0.0), seeds=table["seed"].nunique())
    found, single = below(depth_ratios(table), 1.0, MARGIN), violations(table)
    return replace(found, verdict="refuted") if single["violation"].any() else found


def near(results: Results, sweep: str) -> Judgement:
    """Judge how near a sweep comes to its ceiling by `NEAR_CEILING`."""
    return judgement(*decide_all(depth_ratios(of(results, sweep)), 1 - MARGIN, 1 + MARGIN))


def tightness(table: pd.DataFrame) -> pd.Series:
    """Largest whole number of tasks held over the largest allowed, at the best activity, for each depth that allows a task."""
    found = frontier(at_best(table))
    keys = [key for key in ("D", "D_s", "R") if key in found]
    return found.dropna(subset=["tightness_whole"]).groupby(keys)["tightness_whole"].max()


def held(table: pd.DataFrame) -> pd.DataFrame:
    """Tasks held by every seed, for each column of a sweep whose tasks come back whole or not.

    One row a column: its configuration, ceiling_T, allowed (largest whole number below), `lowest` (1 less the finite-size term),
    `every` (largest T that all seeds returned, 0 if none), and a column for each seed: the same without that seed.
    """
    whole = table["decoded"] if "decoded" in table else table["depth"] == 1
    keys = [key for key in ("regime", "N", "b", "R", "D_s", "odds", "D") if key in table]
    columns = keys if "odds" in table else [*keys, "a"]
    wide = table.assign(whole=whole).pivot(index=[*columns, "T"], columns="seed", values="whole")
    T, back = wide.index.get_level_values("T").to_numpy(), wide.to_numpy(dtype=bool)
    held = {"every": T * back.all(axis=1)}
    if len(wide.columns) > 1:
        held |= {seed: T * np.delete(back, place, axis=1).all(axis=1) for place, seed in enumerate(wide.columns)}
    found = pd.DataFrame(held, index=wide.index).groupby(columns).max()
    groups = table.groupby(columns)
    ceiling_T = groups["ceiling_T"].first()
    lowest = groups[["T", "a", "b", "seed", "ceiling_T", "D" if "D" in table else "D_s"]].apply(_lowest)
    return found.assign(ceiling_T=ceiling_T, allowed=np.floor(ceiling_T + 1e-9), lowest=lowest).reset_index()


def seeds_of(found: pd.DataFrame) -> list:
    """The columns of `held` that leave one seed out."""
    return [column for column in found if isinstance(column, (int, np.integer))]


def _lowest(column: pd.DataFrame) -> float:
    """Share of the ceiling that a column must reach: 1 less the finite-size term of `FINITE`; 0 where no task is allowed."""
    tasks, ceiling_T = np.unique(column["T"]), float(column["ceiling_T"].iloc[0])
    allowed = tasks[tasks <= ceiling_T + 1e-9]
    if not len(allowed):
        return 0.0
    T, bits = allowed[-1], float(column[column.columns[-1]].iloc[0])
    step = 1 - (allowed[-2] if len(allowed) > 1 else 0) / T
    survives = (1 - float(column["a"][column["T"] == T].iloc[0])) ** (T - 1)
    spread = np.sqrt(float(column["b"].iloc[0]) * (1 - survives) / bits)
    return max(0.0, float(1 - step - least_of(column["seed"].nunique()) * spread))


def least_of(draws: int) -> float:
    """By how many standard deviations the least of so many normal draws is expected to lie below the mean (Blom 1958)."""
    return float(norm.ppf((draws - 0.375) / (draws + 0.25)))


def whole(results: Results, sweep: str, regime: str | None = None) -> Judgement:
    """Judge by `WHOLE` how near a sweep comes to its ceiling where tasks come back whole or not."""
    table = at_best(of(results, sweep, regime))
    found = held(table)
    if "D" in found:  # activities on a grid: the one that holds most for each size
        found = found.loc[found.groupby("D")["every"].idxmax()]
    found = found[(found["allowed"] >= 1) & (found["lowest"] > 0)]
    shares = {name: np.log(np.maximum(found[name], 0.5) / found["allowed"]).mean() for name in ["every", *seeds_of(found)]}
    value = left_out(shares["every"], [shares[seed] for seed in seeds_of(found)], scale="log")
    return judgement(value, decide(value, float(np.exp(np.log(found["lowest"]).mean())), 1.0))
