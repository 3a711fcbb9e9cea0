"""Rules for retained depth: conservation (C1), decay with age (C2-age), and the ceilings of one fixed regime (C2, C2-cells)."""

from functools import partial

import numpy as np

from figures.estimate import estimate
from figures.results import Results
from figures.verdicts.ceiling import ceiling, ceiling_rule
from figures.verdicts.rule import Judgement, Rule, decide_all, judgement

ROUNDING = 1e-9  # relative difference that double precision may make
BAND = 0.05  # relative tolerance of the slopes
TIGHT = 0.8
TIGHT_BITS = 0.6  # every seed must return every bit, and the number of surviving cells fluctuates by its root
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


RULES = (
    Rule(
        "C1",
        "Retained depth is conserved: it sums to N − tr ∏(I − ηP), and for independent random writes to at most N on average.",
        "identity exact, total <= 1",
        f"Total depth over all facts equals the trace to {ROUNDING:g} of N in every run; mean total over N of the fullest "
        "schedule is shown. Supported if the identity holds and no simultaneous 95% t interval over seeds lies above 1 (one "
        "seed: undecided), refuted otherwise.",
        ("retention",),
        _conservation,
        rests_on="simulation",
        rule_set="after",
    ),
    Rule(
        "C2-age",
        "Under independent writes a fact of age m keeps the depth that the spectrum of the write directions and the schedule "
        "foretell.",
        "slope 1",
        "Slope of measured on predicted depth through 0, depths relative to the deepest fact's, centred and non-negative codes "
        f"and young and old facts (predicted below {OLD} of the deepest) apart; simultaneous 95% t intervals over seeds; the "
        f"one furthest from 1 is shown. Supported if all lie within {BAND:.0%} of 1, refuted if one lies wholly outside.",
        ("retention",),
        _decay,
        rests_on="simulation",
        rule_set="after",
    ),
    Rule(
        "C2",
        "One fixed regime of delta-rule writes: tasks × facts × depth <= N (1 − 1/T)^(T−1).",
        "no violation, tightness 1",
        ceiling_rule(TIGHT),
        ("sweep_delta",),
        partial(ceiling, sweep="sweep_delta", tight=TIGHT),
        rests_on="simulation",
        rule_set="after",
    ),
    Rule(
        "C2-cells",
        "Overwritten cells of b bits: tasks × bits <= b N (1 − 1/T)^(T−1).",
        "no violation, tightness 1",
        ceiling_rule(TIGHT_BITS),
        ("sweep_cells",),
        partial(ceiling, sweep="sweep_cells", tight=TIGHT_BITS),
        rests_on="simulation",
        rule_set="after",
    ),
)
