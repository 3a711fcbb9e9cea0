"""Rules for methods over the length of a stream: where each fails (H4-length), how (H4-fails), and under what (H4-ceiling)."""

import numpy as np
import pandas as pd

from figures.estimate import Estimate, back, estimate, jackknife
from figures.results import Results
from figures.verdicts.rule import SEEN, Judgement, Rule, below, decide, decide_all, judgement, together

MARGIN = 0.1
APART = 0.25  # of a target, between the newest and the oldest task: what tells forgetting from fading together
ROUNDING = 1e-6
COLUMNS = ("learner", "M", "block", "seed", "depth", "total", "worst", "oldest", "newest", "ceiling", "fails", "predicted_worst")


def table(results: Results) -> pd.DataFrame:
    """The table of sequences."""
    return results.table("sequences", *COLUMNS)


def crossing(M: np.ndarray, depth: np.ndarray, level: float) -> float:
    """Length at which depth(M) first falls below the level, linear between the lengths M (ascending); it starts at (0, 1).

    The last length if it does not fall that far.
    """
    M, depth = np.concatenate([[0.0], M]), np.concatenate([[1.0], depth])
    below = np.flatnonzero(depth < level)
    if not len(below):
        return float(M[-1])
    end = below[0]
    share = (depth[end - 1] - level) / (depth[end - 1] - depth[end])
    return float(M[end - 1] + share * (M[end] - M[end - 1]))


def length(frame: pd.DataFrame, column: str = "worst") -> float:
    """Length, in facts, at which the worst-kept task of one learner falls below the depth asked for, mean over seeds."""
    means = frame.groupby("M")[column].mean()
    return crossing(means.index.to_numpy(float), means.to_numpy(), float(frame["depth"].iloc[0]))


def ratio(frame: pd.DataFrame, comparisons: int = 1) -> Estimate:
    """Measured over predicted length of one learner."""
    return back(jackknife(lambda part: float(np.log(length(part) / length(part, "predicted_worst"))), frame, comparisons))


def _lengths(results: Results) -> Judgement:
    """Every learner by itself, within one task of its length; shown is the one that strays furthest, in tasks."""
    found = []
    learners = [part for _, part in table(results).groupby("learner")]
    for part in learners:
        value, task = ratio(part, len(learners)), float(part["block"].iloc[0]) / length(part, "predicted_worst")
        found.append((abs(value.mean - 1) / task, value, decide(value, 1 - task, 1 + task)))
    verdict = together([word for _, _, word in found])
    shown = [one for one in found if one[2] == "refuted"] or found
    return judgement(max(shown, key=lambda one: one[0])[1], verdict)


def used(results: Results) -> list[Estimate]:
    """Total depth over the ceiling, for every learner and length; simultaneous intervals."""
    groups = [part for _, part in table(results).groupby(["learner", "M"])]
    return [estimate(part["total"] / part["ceiling"], comparisons=len(groups)) for part in groups]


def _ceilings(results: Results) -> Judgement:
    return below(used(results), 1.0, MARGIN, ROUNDING)


def margins(frame: pd.DataFrame, comparisons: int) -> list[Estimate]:
    """By how much one learner fails as predicted, at its longest stream: the newest task less the oldest, from the border."""
    last = frame[frame["M"] == frame["M"].max()]
    contrast = estimate(last["newest"] - last["oldest"], comparisons=comparisons)
    ahead = Estimate(contrast.mean - APART, contrast.low - APART, contrast.high - APART, contrast.count)
    behind = Estimate(-contrast.mean - APART, -contrast.high - APART, -contrast.low - APART, contrast.count)
    fails = str(last["fails"].iloc[0])
    if fails == "forgets":
        return [ahead]
    if fails == "stops learning":
        return [behind]
    return [Estimate(-side.mean, -side.high, -side.low, side.count) for side in (ahead, behind)]


def _failures(results: Results) -> Judgement:
    learners = [part for _, part in table(results).groupby("learner")]
    found = [margin for part in learners for margin in margins(part, len(learners))]
    return judgement(*decide_all(found, 0, 2))


RULES = (
    Rule(
        "H4-length",
        "At equal total state every method keeps its worst task at half depth up to the length that its law gives.",
        "ratio 1",
        "Length at which the worst-kept task (chosen at every seed by the others) falls below depth 1/2, mean over seeds, linear "
        "between lengths, over that of the law read in the same way; 95% jackknife intervals over seeds, simultaneous over all "
        "learners; the one furthest from 1, in tasks, is shown. Supported if each lies within one task of the law's length, "
        "refuted if one lies wholly outside.",
        ("sequences",),
        _lengths,
        rests_on="simulation",
        rule_set="after",
        why="A stream is a whole number of tasks: two lengths that differ by less than one task, block/length, are the same.",
    ),
    Rule(
        "H4-ceiling",
        "No method retains more total depth than its store has directions, at any length.",
        "at most 1",
        "Total depth over the ceiling for every learner and length, t intervals over seeds, 95% and simultaneous over all. "
        f"Shown: the highest. Supported if every upper end lies at most {MARGIN:.0%} above 1, refuted if a lower end lies above "
        f"1 (beyond rounding, {ROUNDING:g}), else undecided. {SEEN}",
        ("sequences",),
        _ceilings,
        rests_on="simulation",
        rule_set="after",
        why=f"A store of any width has no finite-size term here: directions are counted. {MARGIN:.0%} is a round number: an "
        "order of writes that is chosen can add up to N − 1, nearly 100%.",
    ),
    Rule(
        "H4-fails",
        "Each method fails at the end of the stream that its law names: it forgets the oldest, no longer learns the newest, or "
        "lets all facts fade together.",
        f"margin of 0 or more beyond {APART}",
        "Depth of the newest task less that of the oldest in the longest stream of every learner, t intervals over seeds, 95% "
        f"and simultaneous. Forgetting means at least {APART}, to stop learning at most -{APART}, fading together between; the "
        "smallest margin to the border is shown. Supported if every margin is positive over its whole interval, refuted if one "
        "is negative over its whole interval.",
        ("sequences",),
        _failures,
        rests_on="simulation",
        rule_set="after",
        why=f"{APART} lies midway between facts that fade together (0) and an oldest task that has fallen to the depth asked "
        "for, 1/2, while the newest is whole or has nothing (1/2).",
    ),
)
