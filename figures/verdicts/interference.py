"""Rules for interference: the identity I1 and the coding-level law I2."""

import numpy as np
import pandas as pd

from figures.estimate import estimate
from figures.results import Results
from figures.verdicts.rule import Judgement, Rule, near
from theory.ledger import claim


def _identity(results: Results) -> Judgement:
    """Largest relative difference of the two sides of I1, and the floor, over every Gram matrix."""
    frame = results.table("interference", "N", "M", "mean_square_overlap", "participation_ratio")
    direct = (frame["M"] - 1) * frame["mean_square_overlap"]
    by_ratio = frame["M"] / frame["participation_ratio"] - 1
    difference = ((direct - by_ratio) / by_ratio).abs()
    rounding = frame["M"] ** 2 * np.finfo(float).eps
    floor = claim("I1").floor(M=frame["M"], N=frame["N"])
    holds = (difference <= rounding) & (direct >= floor * (1 - rounding))
    return Judgement(float(difference.max()), None, "supported" if holds.all() else "refuted")


def law(frame: pd.DataFrame) -> pd.Series:
    """Mean squared overlap by I2 at the number of units that are active: (aN − 1)c/(N − 1) stands in place of ac.

    Exact for equal magnitudes, and 1/N for centred codes.
    """
    level = frame["active"] / frame["N"]
    exact = (frame["active"] - 1) / (frame["N"] - 1) / level
    return claim("I2").mean_square_overlap(N=frame["N"], a=level, c=np.where(frame["centred"], 0.0, frame["c"] * exact))


def _coding_level(results: Results) -> Judgement:
    """Ratio of measured to predicted mean squared overlap, per family, c and activity."""
    frame = results.table("interference", "N", "a", "c", "active", "family", "centred", "seed", "mean_square_overlap")
    groups = frame.assign(ratio=frame["mean_square_overlap"] / law(frame)).groupby(["N", "family", "c", "active"])["ratio"]
    ratios = [estimate(values, comparisons=groups.ngroups, scale="log") for _, values in groups]
    return near(ratios, [2 / names[-1] for names, _ in groups])


RULES = (
    Rule(
        "I1",
        "The mean interference of a fact with all others is M/PR − 1, and never below M/N − 1. This is algebra (Welch): it holds "
        "for every set of unit vectors.",
        "difference 0",
        "Largest relative difference of the two sides over all Gram matrices. Supported if every one is at most M² rounding "
        "errors of double precision and no matrix lies below the floor, else refuted.",
        ("interference",),
        _identity,
        rests_on="simulation",
        rule_set="after",
        kind="check",
        why="Rounding: the squared overlaps are a sum of M² terms, each right to 2⁻⁵² of itself.",
    ),
    Rule(
        "I2",
        "Sparsity lowers interference through the common mode only: 1/N + (1 − 1/N)(ac)², and 1/N at every activity once "
        "codes are centred.",
        "ratio 1",
        "Measured over predicted mean squared overlap for every code family, c and activity, the prediction with "
        "(aN − 1)c/(N − 1) in place of ac; simultaneous 95% t intervals over seeds of the logarithm. Supported if every interval "
        "lies within 2/(aN) of 1, refuted if one lies wholly outside. Shown is the ratio furthest from 1 in units of its margin.",
        ("interference",),
        _coding_level,
        rests_on="simulation",
        rule_set="after",
        why="One active unit more or less, of aN, changes (ac)² by 2/(aN): the law is of leading order there. The exact form for "
        "equal magnitudes is used. Unequal ones, normalised code by code, leave 2(1 + κ − 2τ)/(aN) of the common mode's part, "
        "with κ = E[g⁴]/E[g²]² and τ = E[g³]/(E[g]E[g²]): 1.3/(aN) for the magnitudes of c = 1/2. Taking out the mean leaves N − "
        "1 dimensions of N.",
        family="All families, magnitudes and activities: their intervals hold together (Bonferroni).",
    ),
)
