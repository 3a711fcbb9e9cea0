"""The rule that all ceilings share: no cell of a sweep lies above, and the frontier comes near."""

import numpy as np
import pandas as pd

from figures.estimate import Estimate, estimate
from figures.results import Results
from figures.verdicts.rule import Judgement
from simulate.tables import at_best, frontier, violations

BEYOND = (1.0, 1.1, 1.25, np.inf)  # multiples of the ceiling's number of tasks over which cells are pooled


def ceiling_rule(tight: float) -> str:
    """The rule in words; `tight` is the share of the allowed tasks that must be reached for the ceiling to be the limit."""
    return (
        "A cell of the sweep (tasks × depth × activity) violates the ceiling if its lower 95% bound, simultaneous over all "
        "cells, lies above; the sweep does if the mean of depth / ceiling - 1, over its cells of 1 to 1.1, 1.1 to 1.25 or more "
        "times the ceiling's tasks, lies above 0 by a simultaneous 95% t interval over seeds. Shown: largest number of tasks "
        "held over the largest whole number allowed, at the best activity; median (and range) over depths. Supported if "
        f"nothing violates and the median is at least {tight}; refuted if anything violates."
    )


def excesses(table: pd.DataFrame) -> list[Estimate]:
    """Mean relative excess over the ceiling of the cells just above, above and far above the ceiling's number of tasks.

    Overwritten cells hold next to nothing away from the activity 1/T: only activities within a factor 2 of it are pooled.
    """
    kept = table["decoded"].astype(float) if "decoded" in table else table["depth"]
    beyond = pd.cut(table["T"] / table["ceiling_T"], BEYOND).cat.codes
    table = table.assign(excess=kept / table["ceiling_depth"] - 1, beyond=beyond)
    eligible = (table["beyond"] >= 0) & np.isfinite(table["ceiling_depth"])
    if "system" in table and (table["system"] == "cells").all():
        eligible &= np.abs(np.log2(table["a"] * table["ceiling_T"])) <= 1
    keys = ["beyond", *(key for key in ("regime", "centred") if key in table)]
    groups = table[eligible].groupby([*keys, "seed"])["excess"].mean().groupby(keys)
    return [estimate(values, comparisons=groups.ngroups) for _, values in groups]


def tightness(table: pd.DataFrame) -> pd.Series:
    """Largest whole number of tasks held over the largest allowed, at the best activity, for each depth that allows a task."""
    found = frontier(at_best(table))
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
