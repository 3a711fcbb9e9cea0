"""Rules for retained depth: conservation (C1), decay with age (C2-age), and the ceilings of one fixed regime (C2-delta, C2-cells)."""

from functools import partial

import numpy as np

from figures.results import Results, estimate
from figures.rules.ceiling import CEILING_RULE, ceiling
from figures.rules.rule import Judgement, Rule, decide_all, judgement

ROUNDING = 1e-9  # relative difference that double precision may make
BAND = 0.05  # relative tolerance of the slopes
OLD = 0.5  # a fact is old once it is predicted to keep less than this share of the deepest one's depth


def _conservation(results: Results) -> Judgement:
    """Identity of total and trace depth; and the fullest schedule's mean total over N, with a simultaneous interval."""
    frame = results.table("retention", "N", "M", "a", "centred", "schedule", "eta", "seed", "total_depth", "trace_depth")
    frame = frame.drop_duplicates(["N", "M", "a", "centred", "schedule", "eta", "seed"])
    exact = ((frame["total_depth"] - frame["trace_depth"]).abs() <= ROUNDING * frame["N"]).all()
    groups = (frame["total_depth"] / frame["N"]).groupby([frame[k] for k in ("N", "M", "a", "centred", "schedule", "eta")])
    totals = [estimate(values, comparisons=groups.ngroups) for _, values in groups]
    fullest = max(totals, key=lambda total: total.mean)
    if not exact or any(total.low > 1 for total in totals):
        return judgement(fullest, "refuted")
    return judgement(fullest, "supported" if all(np.isfinite(total.high) for total in totals) else "undecided")


def _decay(results: Results) -> Judgement:
    """Slope of measured on predicted depth, centred or not, young and old facts apart: the one that strays furthest from 1."""
    way = ["N", "M", "a", "centred", "schedule", "eta"]
    frame = results.table("retention", *way, "seed", "age", "depth", "predicted_depth")
    deepest = frame.groupby(way)["predicted_depth"].transform("max")
    x, y = frame["predicted_depth"] / deepest, frame["depth"] / deepest
    frame = frame.assign(old=x < OLD, cross=x * y, square=x * x)
    sums = frame.groupby(["centred", "old", "seed"])[["cross", "square"]].sum()
    slopes = (sums["cross"] / sums["square"]).groupby(["centred", "old"])
    worst, verdict = decide_all([estimate(values, comparisons=slopes.ngroups) for _, values in slopes], 1 - BAND, 1 + BAND)
    return judgement(worst, verdict)
