"""Rules for linear networks fitting regressions in turn: errors and forgetting (C7-forgetting), depth (C7-depth)."""

import pandas as pd

from figures.estimate import Estimate, estimate
from figures.results import Results
from figures.verdicts.rule import Judgement, Rule, decide_all, judgement

BAND = 0.05
SETTING = ["quantity", "N", "D", "T", "rho", "sigma"]


def table(results: Results) -> pd.DataFrame:
    """The table `regressions`."""
    return results.table("regressions", *SETTING, "age", "seed", "measured", "predicted", "scale")


def error_ratios(frame: pd.DataFrame) -> list[Estimate]:
    """1 + (measured - expected)/expected error, of error and of forgetting, in every setting; intervals simultaneous."""
    part = frame[frame["quantity"].isin(["error", "forgetting"])]
    ratio = 1 + (part["measured"] - part["predicted"]) / part["scale"]
    groups = list(ratio.groupby([part[key] for key in SETTING]))
    return [estimate(values, comparisons=len(groups)) for _, values in groups]


def depth_ratios(frame: pd.DataFrame) -> list[Estimate]:
    """Slope of measured on predicted depth over the ages, and total over predicted total, for every D."""
    slopes = []
    for _, part in frame[frame["quantity"] == "depth"].groupby(["N", "D"]):
        both = part["measured"] * part["predicted"], part["predicted"] ** 2
        by_seed = [column.groupby(part["seed"]).sum() for column in both]
        slopes.append(by_seed[0] / by_seed[1])
    total = frame[frame["quantity"] == "total"]
    slopes += [values for _, values in (total["measured"] / total["predicted"]).groupby([total["N"], total["D"]])]
    return [estimate(slope, comparisons=len(slopes)) for slope in slopes]


def oldest_shares(frame: pd.DataFrame) -> dict[tuple, Estimate]:
    """T times the depth of the oldest of T tasks over N (1 - 1/T)^(T-1), by (N, D, T); intervals simultaneous."""
    part = frame[frame["quantity"] == "oldest"]
    groups = list((part["measured"] / part["scale"]).groupby([part[key] for key in ("N", "D", "T")]))
    return {names: estimate(values, comparisons=len(groups)) for names, values in groups}


def _forgetting(results: Results) -> Judgement:
    worst, verdict = decide_all(error_ratios(table(results)), 1 - BAND, 1 + BAND)
    return judgement(worst, verdict)


def _depth(results: Results) -> Judgement:
    frame = table(results)
    above = [share for share in oldest_shares(frame).values() if share.low > 1]
    if above:
        return judgement(max(above, key=lambda share: share.mean), "refuted")
    worst, verdict = decide_all(depth_ratios(frame), 1 - BAND, 1 + BAND)
    return judgement(worst, verdict)


RULES = (
    Rule(
        "C7-forgetting",
        "Expected error and forgetting of a linear network that fits T regressions in turn follow one linear recursion, for "
        "unrelated, related and unequal tasks.",
        "ratio 1",
        "1 + (measured − expected)/(expected error) for error and for forgetting, in every setting (N, D, T, rho, noise); "
        "simultaneous 95% t intervals over seeds; the one furthest from 1 is shown. "
        f"Supported if all lie within {BAND:.0%} of 1, refuted if one lies wholly outside.",
        ("regressions",),
        _forgetting,
        rests_on="simulation",
        rule_set="after",
    ),
    Rule(
        "C7-depth",
        "The depth of a task is D (1 − D/N)^age, adds up to N (1 − (1 − D/N)^T), and T times that of the oldest is at most "
        "N (1 − 1/T)^(T−1).",
        "ratio 1, no violation",
        "Slope of measured on predicted depth over the ages, and total over predicted total, for every D; T times the depth of "
        "the oldest of T over its ceiling, for every D and T; simultaneous 95% t intervals over seeds. Supported if every slope "
        f"and total lies within {BAND:.0%} of 1 and no lower end lies above the ceiling; refuted if a slope or total lies "
        "wholly outside or a lower end above the ceiling. The slope or total furthest from 1 (or the violation) is shown.",
        ("regressions",),
        _depth,
        rests_on="simulation",
        rule_set="after",
    ),
)
