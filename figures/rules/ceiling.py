"""The rule that all ceilings share: no cell of a sweep lies above, and the frontier comes near."""

import numpy as np
import pandas as pd

from figures.results import Estimate, Results, estimate
from figures.rules.rule import Judgement
from simulate.frontier import frontier, violations

def ceiling_rule(tight: float) -> str:
    """The rule in words; `tight` is the share of the allowed tasks that must be reached for the ceiling to be the limit."""
    return (
        "A cell of the sweep (tasks x depth x activity) violates the ceiling if its lower 95% bound, simultaneous over all cells, lies above; an "
        "activity does if the mean of depth / ceiling - 1, over its cells of at least as many tasks as the ceiling, lies above 0 by its "
        "simultaneous 95% t interval over seeds. Shown: largest number of tasks held over the largest whole number allowed, at the best "
        f"activity; median (and range) over depths. Supported if nothing violates and the median is at least {tight}; refuted if anything violates."
    )


def excesses(table: pd.DataFrame) -> list[Estimate]:
    """Mean relative excess over the ceiling of each activity (of each regime), over cells of at least as many tasks as the ceiling."""
    long = table[(table["T"] >= table["ceiling_T"]) & np.isfinite(table["ceiling_depth"])]
    kept = long["decoded"].astype(float) if "decoded" in long else long["depth"]
    keys = [key for key in ("regime", "centred", "a") if key in long and not (key == "a" and "decoded" in long)]
    long = long.assign(excess=kept / long["ceiling_depth"] - 1)
    groups = long.groupby([*keys, "seed"])["excess"].mean().groupby(keys)
    return [estimate(values, comparisons=groups.ngroups) for _, values in groups]


def tightness(table: pd.DataFrame) -> pd.Series:
    """Largest whole number of tasks held over the largest allowed, at the best activity, for each depth that allows a task."""
    found = frontier(table)
    keys = [key for key in ("D", "D_s", "R") if key in found]
    return found.dropna(subset=["tightness_whole"]).groupby(keys)["tightness_whole"].max()


def ceiling(results: Results, sweep: str, tight: float, regime: str | None = None) -> Judgement:
    """Judge a sweep (one regime of it) by the rule above."""
    table = results.table(sweep, "T", "seed", "ceiling_T", "ceiling_depth")
    if regime is not None:
        table = table[table["regime"] == regime]
    reached = tightness(table)
    shown = float(reached.median()), (float(reached.min()), float(reached.max()))
    if violations(table)["violation"].any() or any(excess.low > 0 for excess in excesses(table)):
        return Judgement(*shown, "refuted")
    return Judgement(*shown, "supported" if reached.median() >= tight and table["seed"].nunique() > 1 else "undecided")
