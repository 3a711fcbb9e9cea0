"""From the table of a sweep to its answer: how many tasks each column of cells held, and whether any cell broke the ceiling.

A ceiling bounds an expectation over the random ensemble, so a mean over a few seeds may lie above it by chance. A cell is a
violation only if the whole of a one-sided confidence bound, simultaneous over all cells of the table (Bonferroni), lies above
what the ceiling allows there (column `ceiling_depth`):

* delta, hebbian (depth is a fraction or an SNR): lower bound of a t interval for the mean over seeds.
* cells, shared (bits are decoded): the ceiling bounds E[bits returned] by E[bits that survive], so by Markov's inequality
  P(all bits returned) <= ceiling_depth. Lower bound: Clopper and Pearson's (exact) for the share of seeds that returned all.
"""

import numpy as np
import pandas as pd
from scipy import stats

CONFIDENCE = 0.95
SETTING = ["kind", "system", "claim", "unit", "point", "N", "D", "required", "ceiling_T"]
"""Columns of the table `frontiers` that say which system and setting a row belongs to."""
NOT_CONFIGURATION = {
    "seed",
    "depth",
    "decoded",
    "ceiling_depth",
    "predicted_depth",
    "ceiling_T",
    "required",
    "eta",
    "surviving_bits",
}


def configuration(table: pd.DataFrame) -> list[str]:
    """Columns that say which cell of the sweep a row belongs to."""
    return [column for column in table.columns if column not in NOT_CONFIGURATION]


def cell_means(table: pd.DataFrame) -> pd.DataFrame:
    """One row a cell: its configuration, ceiling_T, ceiling_depth, required, and mean, sd, seeds and share `whole` over seeds.

    `depth` is the mean depth (for sweep_shared: the share of seeds that returned everything); `whole` is the share of seeds
    with a depth of exactly 1 and means something only where bits are decoded.
    """
    table = table.assign(depth=table["decoded"].astype(float), required=1.0) if "decoded" in table else table
    by_cell = table.assign(whole=(table["depth"] == 1).astype(float)).groupby(configuration(table), dropna=False)
    means = by_cell.agg(
        seeds=("depth", "size"),
        depth_sd=("depth", "std"),
        whole=("whole", "mean"),
        ceiling_T=("ceiling_T", "first"),
        ceiling_depth=("ceiling_depth", "first"),
        required=("required", "first"),
    )
    return means.assign(depth=by_cell["depth"].mean()).reset_index()


def is_decoded(table: pd.DataFrame) -> bool:
    """Whether the depths of a sweep are bits decoded (an exact binomial bound applies) or means (a t bound applies)."""
    return "decoded" in table or bool((table["system"] == "cells").all())


def violations(table: pd.DataFrame, confidence: float = CONFIDENCE) -> pd.DataFrame:
    """One row per cell, as `cell_means`, with lower, above and violation.

    lower: simultaneous lower bound of the mean. above: whether the mean lies above the ceiling, which chance alone does in about
    half of the cells of a tight system. violation: whether `lower` lies above it.
    """
    cells = cell_means(table)
    level = (1 - confidence) / len(cells)
    if is_decoded(table):
        hits = np.rint(cells["whole"] * cells["seeds"])
        lower = np.where(hits > 0, stats.beta.ppf(level, np.maximum(hits, 1), cells["seeds"] - hits + 1), 0.0)
    else:
        quantile = stats.t.ppf(1 - level, cells["seeds"] - 1)
        lower = cells["depth"] - quantile * cells["depth_sd"] / np.sqrt(cells["seeds"])
    above = cells["depth"] > cells["ceiling_depth"]
    return cells.assign(lower=lower, above=above, violation=lower > cells["ceiling_depth"])


def frontier(table: pd.DataFrame) -> pd.DataFrame:
    """One row per column of the sweep (a configuration without T): the largest T that held, next to the ceiling.

    measured_T: largest T whose oldest task keeps `required` in the mean over seeds (0 if none does).
    allowed_T: largest whole number of tasks below the ceiling. tightness: measured_T / ceiling_T. tightness_whole: measured_T /
    allowed_T, which is 1 when not one more task could have been hoped for (NaN where the ceiling allows no task).
    product_share: the largest share of the ceiling on T x D x depth that any T reached.
    """
    cells = cell_means(table)
    keys = [column for column in configuration(table) if column != "T" and not (column == "a" and "decoded" in table)]
    cells = cells.assign(product_share=cells["depth"] / cells["ceiling_depth"])
    held = cells[cells["depth"] >= cells["required"]].groupby(keys, dropna=False)["T"].max()
    found = cells.groupby(keys, dropna=False).agg(
        ceiling_T=("ceiling_T", "first"), required=("required", "first"), product_share=("product_share", "max")
    )
    found = found.assign(measured_T=held.reindex(found.index).fillna(0).astype(int)).reset_index()
    allowed = np.floor(found["ceiling_T"] + 1e-9)
    return found.assign(
        allowed_T=allowed.astype(int),
        tightness=found["measured_T"] / found["ceiling_T"].where(found["ceiling_T"] > 0),
        tightness_whole=found["measured_T"] / allowed.where(allowed > 0),
    )


def at_best(table: pd.DataFrame) -> pd.DataFrame:
    """The rows at the best activity of every T, odds = 1, of a table that sets activities so; any other table as it is."""
    return table[table["odds"] == 1] if "odds" in table else table


def gains(table: pd.DataFrame) -> pd.DataFrame:
    """From sweep_shared: for every R and D_s the tasks held by either regime at its best activity, their ratio, and the ratio of
    their ceilings.
    """  # fmt: skip
    wide = frontier(at_best(table)).pivot(index=["N", "b", "R", "D_s"], columns="regime", values=["measured_T", "ceiling_T"])
    return pd.DataFrame(
        {
            "r": wide.index.get_level_values("R") / wide.index.get_level_values("D_s"),
            "single_T": wide["measured_T"]["single"].astype(int),
            "dual_T": wide["measured_T"]["dual"].astype(int),
            "gain": wide["measured_T"]["dual"] / wide["measured_T"]["single"].where(wide["measured_T"]["single"] > 0),
            "predicted_gain": wide["ceiling_T"]["dual"] / wide["ceiling_T"]["single"],
        }
    ).reset_index()


def summary(table: pd.DataFrame) -> dict[str, float]:
    """Cells, cells whose mean lies above the ceiling, violations, and the tightness of the frontier (median, least, most)."""
    judged, found = violations(table), frontier(table)
    tightness = found["tightness_whole"].dropna()
    return {
        "cells": len(judged),
        "above": int(judged["above"].sum()),
        "violations": int(judged["violation"].sum()),
        "tightness_median": float(tightness.median()),
        "tightness_least": float(tightness.min()),
        "tightness_most": float(tightness.max()),
    }


def interval(depths: np.ndarray, comparisons: int = 1) -> tuple[float, float]:
    """Student's 95% interval of the mean of depths [seeds], widened if that many are read together; unbounded for one seed."""
    if len(depths) < 2:
        return -np.inf, np.inf
    half = stats.t.ppf(1 - (1 - CONFIDENCE) / (2 * comparisons), len(depths) - 1) * np.std(depths, ddof=1) / np.sqrt(len(depths))
    return float(np.mean(depths) - half), float(np.mean(depths) + half)


def share_interval(hits: int, trials: int) -> tuple[float, float]:
    """Clopper and Pearson's 95% interval of a probability from so many hits in so many trials."""
    tail = (1 - CONFIDENCE) / 2
    low = stats.beta.ppf(tail, hits, trials - hits + 1) if hits else 0.0
    high = stats.beta.isf(tail, hits + 1, trials - hits) if hits < trials else 1.0
    return float(low), float(high)


def searched(table: pd.DataFrame) -> pd.DataFrame:
    """From the table `frontiers`: one row per system and setting, with what the search found.

    measured_T: largest T whose mean depth is at least `required` (0: none); low_T, high_T: the same for either end of the 95%
    interval of the mean. allowed_T: largest whole number of tasks below the ceiling. tightness: measured_T / ceiling_T;
    tightness_low, tightness_high: the same for the ends. violation: at allowed_T + 1 the depth asked for is kept even by the
    lower bound, simultaneous over all rows. Where depth is a share of seeds or of bits decoded, a ceiling bounds the mean,
    which is at most ceiling_T / T there (Markov). What is compared is the exact binomial bound of the share of seeds that
    returned all.
    """
    settings = table.groupby(SETTING, sort=False)
    rows = []
    for names, part in settings:
        row: dict = dict(zip(SETTING, names, strict=True))
        depths = {T: group["depth"].to_numpy() for T, group in part.groupby("T")}
        ends = {T: (float(np.mean(x)), *interval(x)) for T, x in depths.items()}
        found = {
            name: max((T for T, end in ends.items() if end[i] >= row["required"]), default=0)
            for i, name in enumerate(("measured_T", "low_T", "high_T"))
        }
        allowed = int(np.floor(row["ceiling_T"] + 1e-9))
        beyond = depths.get(allowed + 1)
        if beyond is None:
            lower, bar = -np.inf, np.inf
        elif row["unit"] in ("fraction of seeds", "fraction of bits"):
            whole = int(np.sum(beyond >= row["required"]))
            lower = float(stats.beta.ppf((1 - CONFIDENCE) / settings.ngroups, whole, len(beyond) - whole + 1)) if whole else 0.0
            bar = row["ceiling_T"] / (allowed + 1)
        else:
            lower, bar = interval(beyond, settings.ngroups)[0], row["required"]
        rows.append({**row, **found, "allowed_T": allowed, "violation": bool(lower >= bar), "seeds": part["seed"].nunique()})
    found = pd.DataFrame(rows)
    for name, of in (("tightness", "measured_T"), ("tightness_low", "low_T"), ("tightness_high", "high_T")):
        found[name] = found[of] / found["ceiling_T"].where(found["ceiling_T"] > 0)
    return found
