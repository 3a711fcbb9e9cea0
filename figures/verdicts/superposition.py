"""Rules for superposition: phases of two features, bounds, capacity, what a sequence does to the oldest task (U1)."""

import numpy as np
import pandas as pd

from figures.estimate import estimate
from figures.results import Results
from figures.verdicts.rule import Judgement, Rule, below, decide, judgement, together
from theory.superposition import FAINT

MARGIN = 1.09  # factor in density from the boundary within which a grid point is not judged: half the least step, √(0.65/0.55)
UNDERCUT = FAINT**2  # relative loss by which a trained model may undercut the law's, whose pairs have weights of at least FAINT
ROUNDING = 1e-9


def phases(results: Results) -> pd.DataFrame:
    """Grid points away from the boundary: importance, density, seed, right (1 or 0), and loss over the law's loss."""
    frame = results.table("superposition", "part", "density", "importance", "boundary", "kind", "expected", "seed", "loss")
    frame = frame[frame["part"] == "phase"]
    judged = frame[np.abs(np.log(frame["density"] / frame["boundary"])) >= np.log(MARGIN)]
    right = (judged["kind"] == judged["expected"]).astype(float)
    return judged.assign(right=right, excess=judged["loss"] / judged["reference_loss"] - 1)


def _phase(results: Results) -> Judgement:
    """Share of grid points that are as the law says; a point of every second importance may be wrong."""
    judged = phases(results)
    seeds, rows = judged.groupby("seed")["right"], judged["importance"].nunique()
    points = float(seeds.size().max())
    share = estimate(seeds.mean(), scale="logit", trials=points)
    if judged["excess"].min() < -UNDERCUT:
        return judgement(share, "refuted")
    return judgement(share, decide(share, 1 - rows / (2 * points), 1.0))


def bounds(results: Results) -> tuple[float, float]:
    """Largest amounts by which PR exceeds the sum of capacities, and that sum the rank, over all embeddings, relatively."""
    frame = results.table("superposition", "total_capacity", "participation_ratio", "rank")
    below = frame["participation_ratio"] / frame["total_capacity"] - 1
    return float(below.max()), float((frame["total_capacity"] / frame["rank"] - 1).max())


def _bounds(results: Results) -> Judgement:
    """The larger of the two excesses."""
    most = max(bounds(results))
    return Judgement(most, None, "refuted" if most > ROUNDING else "supported")


def filled(results: Results) -> pd.DataFrame:
    """Total capacity over dimensions where fewer features are active at once, on average, than there are dimensions."""
    frame = results.table("superposition", "part", "density", "seed", "total_capacity", "dims", "features")
    few = frame["density"] * frame["features"] <= frame["dims"] * (1 + ROUNDING)
    frame = frame[(frame["part"] == "geometry") & few]
    return frame.assign(share=frame["total_capacity"] / frame["dims"])[["density", "seed", "share", "dims"]]


def _capacity(results: Results) -> Judgement:
    """How full the dimensions are at the density at which they are least so."""
    frame = filled(results)
    shares = frame.groupby("density")["share"]
    found = [estimate(share, comparisons=shares.ngroups, scale="logit") for _, share in shares]
    border = 1 - 1 / (2 * frame["dims"].max())
    least = min(found, key=lambda value: value.mean)
    return judgement(least, together([decide(value, border, 1.0) for value in found]))


def oldest(results: Results, kind: str) -> pd.DataFrame:
    """Capacity per feature of the oldest of t tasks over the equal share dims/(tD), t D > dims: t, seed, ratio."""
    frame = results.table("superposition", "part", "kind", "t", "D", "dims", "seed", "capacities")
    frame = frame[(frame["part"] == "sequence") & (frame["kind"] == kind)]
    frame = frame[frame["t"] * frame["D"] > frame["dims"]]
    first = frame["capacities"].map(lambda values: values[0])
    return frame.assign(ratio=first * frame["t"] * frame["D"] / frame["dims"])[["t", "seed", "ratio"]]


def _sequence(results: Results) -> Judgement:
    """The ratio with the highest upper end over t."""
    ratios = oldest(results, "disjoint").groupby("t")["ratio"]
    return below([estimate(ratio, comparisons=ratios.ngroups, scale="log") for _, ratio in ratios], 1.0, 0.0)


RULES = (
    Rule(
        "U1-phase",
        "Two features in one dimension are stored as an antipodal pair below the density of U1 and singly above it.",
        "share 1",
        f"Share of the grid points (importance × density), further than a factor {MARGIN} in density from the boundary, at which "
        "the trained model of least loss is of the kind that the law says; 95% interval over seeds on the logit scale. Supported "
        "if it lies above 1 − 1/(2n), n the points judged at an importance; refuted if it lies wholly below, or if a trained "
        f"model undercuts the law's loss by more than {UNDERCUT:g} of it.",
        ("superposition",),
        _phase,
        rests_on="trained network",
        rule_set="after",
        why=f"Grid: densities are at least a factor 1.18 apart, half a step is {MARGIN}; a boundary that lies half a step off on "
        "average puts a point on the wrong side at every second importance, 1/(2n) of the points. Undercutting: a pair with a "
        f"weight w below {FAINT:g} counts as one feature and gains of order w² of the loss.",
    ),
    Rule(
        "U1-bounds",
        "The capacities of the features of a trained embedding add up to no more than its rank and no less than PR. This is "
        "algebra: it holds for every matrix.",
        "excess 0",
        "Largest relative excess of PR over the sum of capacities, and of that sum over the rank, over all embeddings of all "
        f"parts. Supported if it is at most {ROUNDING:g}, else refuted.",
        ("superposition",),
        _bounds,
        rests_on="trained network",
        rule_set="after",
        kind="check",
        why="Rounding of sums of at most 120 squares and of a rank.",
    ),
    Rule(
        "U1-capacity",
        "Sparse features fill the dimensions of a trained embedding: their capacities add up to nearly its rank.",
        "share 1",
        "Total capacity over dimensions at every density at which fewer features are active at once, on average, than there are "
        "dimensions; simultaneous 95% intervals over seeds on the logit scale; the least full is shown. Supported if all lie "
        "above 1 − 1/(2 dims), refuted if one lies wholly below.",
        ("superposition",),
        _capacity,
        rests_on="trained network",
        rule_set="after",
        why="Dimensions are whole: one left empty would take 1/dims, and the border is half of that.",
        family="All such densities: their intervals hold together (Bonferroni).",
    ),
    Rule(
        "U1-sequence",
        "Tasks written one after another displace the oldest: of t tasks it keeps at most its equal share of the dimensions.",
        "ratio at most 1",
        "Capacity per feature of the oldest of t disjoint tasks of D features, over dims/(tD), at every t with tD > dims; "
        "simultaneous 95% t intervals over seeds of the logarithm. Supported if every upper end lies below 1, refuted if a lower "
        "end lies above 1. Shown is the highest upper end (or the violation).",
        ("superposition",),
        _sequence,
        rests_on="trained network",
        rule_set="after",
        family="All numbers of tasks t: their intervals hold together (Bonferroni).",
    ),
)
