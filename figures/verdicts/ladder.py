"""Rules for the capacity ladder: no rung above its law, the laws met at the largest size, and the order at 1% error."""

from functools import partial

import numpy as np
import pandas as pd

from figures.estimate import Estimate, back, estimate, jackknife
from figures.results import Results
from figures.verdicts.rule import SEEN, Judgement, Rule, below, decide_all, judgement
from theory.predictions.ladder import REFERENCE, RUNGS

NEAR = 0.05  # a quarter of the smallest step between two rungs that theory orders
COLUMNS = ("system", "N", "P", "load", "seed", "graded", "hard", "error", "predicted_graded", "predicted_hard", "predicted_error")
ORDER = (
    ("dense", "sparse"),
    ("dense", "delta"),
    ("sparse", "annealed"),
    ("delta", "annealed"),
    ("annealed", "two"),
    ("annealed", "least_squares"),
    ("two", "interleaved"),
    ("least_squares", "interleaved"),
)
"""Pairs of rungs, the lower one first, as theory orders their bits at 1% error."""


def _points(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """The table by system, size and setting."""
    return [part for _, part in frame.groupby(["system", "N", "P", "predicted_error"], sort=False)]


def _ratios(points: list[pd.DataFrame]) -> list[Estimate]:
    """Measured over predicted bits, graded and hard, of every point; simultaneous intervals."""
    return [
        estimate((part[kind] / part[f"predicted_{kind}"]).groupby(part["seed"]).mean(), comparisons=2 * len(points), scale="log")
        for part in points
        for kind in ("graded", "hard")
    ]


def _ceilings(results: Results) -> Judgement:
    """No point above its law."""
    return below(_ratios(_points(results.table("ladder", *COLUMNS))), 1.0, NEAR)


def reference(frame: pd.DataFrame, system: str, N: int) -> pd.DataFrame:
    """The point of a rung at that size which is compared over sizes: its load of reference, or 1% error for two stores."""
    part = frame[(frame["system"] == system) & (frame["N"] == N)]
    column, value = ("load", REFERENCE[system]) if system in REFERENCE else ("predicted_error", RUNGS[system].allowed)
    nearest = (part[column] - value).abs()
    return part[nearest == nearest.min()]


def _limit(results: Results) -> Judgement:
    """Ratio to the law at the largest size of every rung: the one furthest from 1."""
    frame = results.table("ladder", *COLUMNS)
    points = [reference(frame, system, part["N"].max()) for system, part in frame.groupby("system", sort=False)]
    worst, verdict = decide_all(_ratios(points), 1 - NEAR, 1 + NEAR)
    return judgement(worst, verdict)


def at_allowed(frame: pd.DataFrame, system: str) -> float:
    """Hard bits per synapse of a rung where it makes just the errors allowed, linear between the settings measured around it.

    At its largest size with settings on both sides; at the edge of what was measured if there is none.
    """
    part = frame[frame["system"] == system]
    for N in sorted(part["N"].unique(), reverse=True):
        mean = part[part["N"] == N].groupby(["P", "predicted_error"])[["error", "hard"]].mean().sort_values("error")
        if mean["error"].iloc[0] <= RUNGS[system].allowed <= mean["error"].iloc[-1] or part["N"].min() == N:
            break
    return float(np.interp(RUNGS[system].allowed, mean["error"], mean["hard"]))


def _log_step(frame: pd.DataFrame, low: str, high: str) -> float:
    return float(np.log(at_allowed(frame, high) / at_allowed(frame, low)))


def _order(results: Results) -> Judgement:
    """Smallest step from a rung to one that should lie above it."""
    frame = results.table("ladder", *COLUMNS)
    steps = [back(jackknife(partial(_log_step, low=low, high=high), frame)) for low, high in ORDER]
    smallest = min(steps, key=lambda step: step.mean)
    if any(step.high < 1 for step in steps):
        return judgement(smallest, "refuted")
    return judgement(smallest, "supported" if all(step.low > 1 for step in steps) else "undecided")


def best(frame: pd.DataFrame, system: str, kind: str) -> pd.DataFrame:
    """Rows of the load at which a rung holds most in the mean over seeds, at its largest size with the full range of loads."""
    part = frame[frame["system"] == system]
    counts = part.groupby("N")["P"].nunique()
    part = part[part["N"] == counts[counts == counts.max()].index.max()]
    means = part.groupby(["P", "predicted_error"])[kind].mean()
    P, error = means.idxmax()  # pyright: ignore[reportGeneralTypeIssues]
    return part[(part["P"] == P) & (part["predicted_error"] == error)]


QUARTER = (
    f"The laws have no term for finite size (the Gaussian one is off by order 1/P). {NEAR:.0%} is a quarter of the smallest step "
    "between two rungs that theory orders: the annealed delta rule over the plain one at 1% error, 1.20."
)
RULES = (
    Rule(
        "ladder-ceilings",
        "No store of finite size holds more bits per synapse, at any load, graded or hard, than the law of a large store with "
        "Gaussian crosstalk gives for that load.",
        "ratio at most 1",
        "Measured over predicted bits, graded and after a threshold, of every system, size and load; simultaneous 95% t "
        f"intervals over seeds on the logarithm. Shown: the highest. Supported if every upper end lies at most {NEAR:.0%} above "
        f"1, refuted if a lower end lies above 1, else undecided. {SEEN}",
        ("ladder",),
        _ceilings,
        rests_on="simulation",
        rule_set="after",
        why=QUARTER + " No slack is given to the lower end: what finite size adds to the law is what is asked.",
    ),
    Rule(
        "ladder-limit",
        "At the largest size simulated the bits per synapse are those of the laws of large stores.",
        "ratio 1",
        "Measured over predicted bits, graded and after a threshold, of every system at its largest size and its load of "
        "reference (1% error for two stores); simultaneous 95% t intervals over seeds on the logarithm; the one furthest from 1 "
        f"is shown. Supported if all lie within {NEAR:.0%} of 1, refuted if one lies wholly outside.",
        ("ladder",),
        _limit,
        rests_on="simulation",
        rule_set="after",
        why=QUARTER,
    ),
    Rule(
        "ladder-order",
        "With 1% errors (2% of those of a guess), dense one-shot storage holds least, then sparse one-shot storage and the delta "
        "rule, annealed writes, two stores and least squares, and interleaved learning most.",
        "all ratios above 1",
        "Hard bits per synapse where a system makes just the errors allowed, at its largest size with loads on both sides: the "
        "ratio of every pair that theory orders, 95% jackknife intervals over seeds; the smallest is shown. Supported if all "
        "lie above 1, refuted if one lies wholly below.",
        ("ladder",),
        _order,
        rests_on="simulation",
        rule_set="after",
    ),
)
