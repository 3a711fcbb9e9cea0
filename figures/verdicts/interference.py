"""Rules for interference: the identity I1 and the coding-level law I2."""

import numpy as np

from figures.estimate import estimate
from figures.results import Results
from figures.verdicts.rule import Judgement, Rule, decide_all, judgement
from theory.ledger import claim

IDENTITY = 1e-6  # relative difference that rounding may make in a sum over a Gram matrix
BAND = 0.1  # the law is of leading order in 1/(a N): its relative tolerance
ACTIVE = 10  # fewest active units a N at which that order is asked for


def _identity(results: Results) -> Judgement:
    """Largest relative difference of the two sides of I1, and the floor, over every Gram matrix."""
    frame = results.table("interference", "N", "M", "mean_square_overlap", "participation_ratio")
    direct = (frame["M"] - 1) * frame["mean_square_overlap"]
    by_ratio = frame["M"] / frame["participation_ratio"] - 1
    difference = ((direct - by_ratio) / by_ratio).abs()
    floor = claim("I1").floor(M=frame["M"], N=frame["N"])
    holds = (difference <= IDENTITY) & (direct >= floor * (1 - IDENTITY))
    return Judgement(
        float(difference.max()), (float(difference.min()), float(difference.max())), "supported" if holds.all() else "refuted"
    )


def _coding_level(results: Results) -> Judgement:
    """Ratio of measured to predicted mean squared overlap, per family, c and activity: the one that strays furthest from 1."""
    frame = results.table("interference", "N", "a", "c", "active", "family", "centred", "seed", "mean_square_overlap")
    frame = frame[frame["active"] >= ACTIVE]
    level, magnitudes = frame["active"] / frame["N"], np.where(frame["centred"], 0.0, frame["c"])
    law = claim("I2").mean_square_overlap(N=frame["N"], a=level, c=magnitudes)
    frame = frame.assign(ratio=frame["mean_square_overlap"] / law)
    groups = frame.groupby(["N", "family", "c", "a"])["ratio"]
    worst, verdict = decide_all([estimate(values, comparisons=groups.ngroups) for _, values in groups], 1 - BAND, 1 + BAND)
    return judgement(worst, verdict)


RULES = (
    Rule(
        "I1",
        "The mean interference of a fact with all others is M/PR − 1, and never below M/N − 1.",
        "difference 0",
        "Largest relative difference of the two sides over all Gram matrices (interval: smallest to largest). Supported if it "
        f"is at most {IDENTITY:g} and no matrix lies below the floor, else refuted.",
        ("interference",),
        _identity,
        rests_on="simulation",
        rule_set="after",
    ),
    Rule(
        "I2",
        "Sparsity lowers interference through the common mode only: 1/N + (1 − 1/N)(ac)², and 1/N at every activity once "
        "codes are centred.",
        "ratio 1",
        f"Measured over predicted mean squared overlap for every code family, c and activity of at least {ACTIVE} active "
        "units; simultaneous 95% t intervals over seeds; the one furthest from 1 is shown. Supported if all lie within "
        f"{BAND:.0%} of 1, refuted if one lies wholly outside.",
        ("interference",),
        _coding_level,
        rests_on="simulation",
        rule_set="after",
    ),
)
