"""Rules for superposition: phases of two features, total capacity, and what a sequence of tasks does to the oldest (U1)."""

import numpy as np
import pandas as pd

from figures.estimate import estimate
from figures.results import Results
from figures.verdicts.rule import Judgement, Rule, decide, decide_all, judgement

MARGIN = 1.15  # factor in density from the boundary within which a grid point is not judged
RIGHT = 0.95  # share of grid points that must be as the law says
BETTER = 1e-3  # relative loss by which a trained model may undercut the law's, whose pairs have weights of at least 0.05
SPARSE = 0.1  # density up to which the dimensions should be filled
FILLED = 0.95  # share of them that must be
ROUNDING = 1e-9


def phases(results: Results) -> pd.DataFrame:
    """Grid points away from the boundary: importance, density, seed, right (1 or 0), and loss over the law's loss."""
    frame = results.table("superposition", "part", "density", "importance", "boundary", "kind", "expected", "seed", "loss")
    frame = frame[frame["part"] == "phase"]
    judged = frame[np.abs(np.log(frame["density"] / frame["boundary"])) >= np.log(MARGIN)]
    right = (judged["kind"] == judged["expected"]).astype(float)
    return judged.assign(right=right, excess=judged["loss"] / judged["reference_loss"] - 1)


def _phase(results: Results) -> Judgement:
    """Share of grid points that are as the law says."""
    judged = phases(results)
    share = estimate(judged.groupby("seed")["right"].mean())
    if judged["excess"].min() < -BETTER:
        return judgement(share, "refuted")
    return judgement(share, decide(share, RIGHT, np.inf))


def bounds(results: Results) -> tuple[float, float]:
    """Largest amounts by which PR exceeds the sum of capacities, and that sum the rank, over all embeddings, relatively."""
    frame = results.table("superposition", "total_capacity", "participation_ratio", "rank")
    below = frame["participation_ratio"] / frame["total_capacity"] - 1
    return float(below.max()), float((frame["total_capacity"] / frame["rank"] - 1).max())


def filled(results: Results) -> pd.DataFrame:
    """Total capacity over dimensions of sparse features: density, seed, share."""
    frame = results.table("superposition", "part", "density", "seed", "total_capacity", "dims")
    frame = frame[(frame["part"] == "geometry") & (frame["density"] <= SPARSE * (1 + ROUNDING))]
    return frame.assign(share=frame["total_capacity"] / frame["dims"])[["density", "seed", "share"]]


def _capacity(results: Results) -> Judgement:
    """The two bounds over all embeddings, and how full the dimensions are."""
    shares = filled(results).groupby("density")["share"]
    found = [estimate(share, comparisons=shares.ngroups) for _, share in shares]
    verdict = decide_all(found, FILLED, 2 - FILLED)[1]  # that no share exceeds 1 is judged by itself, embedding by embedding
    least = min(found, key=lambda value: value.mean)
    return judgement(least, "refuted" if max(bounds(results)) > ROUNDING else verdict)


def oldest(results: Results, kind: str) -> pd.DataFrame:
    """Capacity per feature of the oldest of t tasks over the equal share dims/(tD), t D > dims: t, seed, ratio."""
    frame = results.table("superposition", "part", "kind", "t", "D", "dims", "seed", "capacities")
    frame = frame[(frame["part"] == "sequence") & (frame["kind"] == kind)]
    frame = frame[frame["t"] * frame["D"] > frame["dims"]]
    first = frame["capacities"].map(lambda values: values[0])
    return frame.assign(ratio=first * frame["t"] * frame["D"] / frame["dims"])[["t", "seed", "ratio"]]


def _sequence(results: Results) -> Judgement:
    """The largest ratio over t (ratios are positive: the lower end of the range does not matter)."""
    ratios = oldest(results, "disjoint").groupby("t")["ratio"]
    return judgement(*decide_all([estimate(ratio, comparisons=ratios.ngroups) for _, ratio in ratios], -1.0, 1.0))


RULES = (
    Rule(
        "U1-phase",
        "Two features in one dimension are stored as an antipodal pair below the density of U1 and singly above it.",
        "share 1",
        f"Share of the grid points (importance × density), further than a factor {MARGIN} in density from the boundary, at which "
        "the trained model of least loss is of the kind that the law says; 95% t interval over seeds. "
        f"Supported if the interval lies above {RIGHT}; refuted if it lies wholly below, or if a trained model undercuts the "
        f"law's loss by more than {BETTER:g} of it.",
        ("superposition",),
        _phase,
        rests_on="trained network",
        rule_set="after",
    ),
    Rule(
        "U1-capacity",
        "The capacities of the features of a trained embedding add up to no more than its rank and no less than PR, and sparse "
        "features fill the dimensions.",
        "share 1",
        f"Total capacity over dimensions at every density up to {SPARSE:g}; simultaneous 95% t intervals over seeds; the one "
        f"furthest from full is shown. Supported if all lie above {FILLED} and no embedding of any part breaks PR <= sum of "
        "capacities <= rank; refuted if one does, or one interval lies wholly below.",
        ("superposition",),
        _capacity,
        rests_on="trained network",
        rule_set="after",
    ),
    Rule(
        "U1-sequence",
        "Tasks written one after another displace the oldest: of t tasks it keeps at most its equal share of the dimensions.",
        "ratio at most 1",
        "Capacity per feature of the oldest of t disjoint tasks of D features, over dims/(tD), at every t with tD > dims; "
        "simultaneous 95% t intervals over seeds; the largest is shown. Supported if all lie below 1, refuted if one lies "
        "wholly above.",
        ("superposition",),
        _sequence,
        rests_on="trained network",
        rule_set="after",
    ),
)
