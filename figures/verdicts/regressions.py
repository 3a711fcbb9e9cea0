"""Rules for linear networks fitting regressions in turn: errors and forgetting (C7-forgetting), depth (C7-depth)."""

from dataclasses import replace

import pandas as pd

from figures.estimate import Estimate, estimate
from figures.results import Results
from figures.verdicts.rule import Judgement, Rule, below, near, together

SETTING = ["quantity", "N", "D", "T", "rho", "sigma"]


def table(results: Results) -> pd.DataFrame:
    """The table `regressions`."""
    return results.table("regressions", *SETTING, "age", "seed", "measured", "predicted", "scale")


def error_ratios(frame: pd.DataFrame) -> list[Estimate]:
    """1 + (measured - expected)/expected error, of error and of forgetting, in every setting; intervals simultaneous."""
    part = frame[frame["quantity"].isin(["error", "forgetting"])]
    ratio = 1 + (part["measured"] - part["predicted"]) / part["scale"]
    groups = list(ratio.groupby([part[key] for key in SETTING]))
    # a forgetting may be negative and is judged as a difference, over the expected error; an error is a ratio
    return [
        estimate(values, comparisons=len(groups), scale="log" if names[0] == "error" else "plain") for names, values in groups
    ]


def depth_ratios(frame: pd.DataFrame) -> list[Estimate]:
    """Slope of measured on predicted depth over the ages, and total over predicted total, for every D."""
    slopes = []
    for _, part in frame[frame["quantity"] == "depth"].groupby(["N", "D"]):
        both = part["measured"] * part["predicted"], part["predicted"] ** 2
        by_seed = [column.groupby(part["seed"]).sum() for column in both]
        slopes.append(by_seed[0] / by_seed[1])
    total = frame[frame["quantity"] == "total"]
    slopes += [values for _, values in (total["measured"] / total["predicted"]).groupby([total["N"], total["D"]])]
    return [estimate(slope, comparisons=len(slopes), scale="log") for slope in slopes]


def oldest_shares(frame: pd.DataFrame) -> dict[tuple, Estimate]:
    """T times the depth of the oldest of T tasks over N (1 - 1/T)^(T-1), by (N, D, T); intervals simultaneous."""
    part = frame[frame["quantity"] == "oldest"]
    groups = list((part["measured"] / part["scale"]).groupby([part[key] for key in ("N", "D", "T")]))
    # depths are estimated from a few streams: one that is next to nothing may come out negative, so no logarithm
    return {names: estimate(values, comparisons=len(groups)) for names, values in groups}


def half_a_task(frame: pd.DataFrame) -> float:
    """Half of the share of its depth, D/N, that one more task takes from an older one, at the fewest examples a task."""
    return float((frame["D"] / frame["N"]).min() / 2)


def _forgetting(results: Results) -> Judgement:
    frame = table(results)
    ratios = error_ratios(frame)
    return near(ratios, [half_a_task(frame)] * len(ratios))


def _depth(results: Results) -> Judgement:
    """The violation of the ceiling, if there is one; else the slope or total that strays furthest."""
    frame = table(results)
    ratios, margin = depth_ratios(frame), half_a_task(frame)
    law, ceiling = near(ratios, [margin] * len(ratios)), below(list(oldest_shares(frame).values()), 1.0, margin)
    if ceiling.verdict == "refuted":
        return ceiling
    return replace(law, verdict=together([law.verdict, ceiling.verdict]), detectable=ceiling.detectable)


WHY = (
    "The laws are exact at every N, so that no finite-size term is due. The margin is half of what one task more or less in the "
    "count would change: an older task loses the share D/N of its depth to each; D/(2N) at the fewest examples, D = N/20, is "
    "2.5%."
)

RULES = (
    Rule(
        "C7-forgetting",
        "Expected error and forgetting of a linear network that fits T regressions in turn follow one linear recursion, for "
        "unrelated, related and unequal tasks.",
        "ratio 1",
        "1 + (measured − expected)/(expected error) for error and for forgetting, in every setting (N, D, T, rho, noise); "
        "simultaneous 95% t intervals over seeds, of the logarithm for errors; the one furthest from 1 is shown. "
        "Supported if all lie within D/(2N) of 1, least D, refuted if one lies wholly outside.",
        ("regressions",),
        _forgetting,
        rests_on="simulation",
        rule_set="after",
        why=WHY,
        family="All settings, error and forgetting: their intervals hold together (Bonferroni).",
    ),
    Rule(
        "C7-depth",
        "The depth of a task is D (1 − D/N)^age, adds up to N (1 − (1 − D/N)^T), and T times that of the oldest is at most "
        "N (1 − 1/T)^(T−1).",
        "ratio 1, no violation",
        "Slope of measured on predicted depth over the ages, and total over predicted total, for every D; T times the depth of "
        "the oldest of T over its ceiling, for every D and T; simultaneous 95% t intervals over seeds of the logarithm. "
        "Supported if every slope and total lies within D/(2N) of 1, least D, and every upper end of a product below the ceiling "
        "by as little above it; refuted if a slope or total lies wholly outside or a lower end above the ceiling. The slope or "
        "total furthest from 1 (or the violation) is shown.",
        ("regressions",),
        _depth,
        rests_on="simulation",
        rule_set="after",
        why=WHY,
        family="Slopes and totals hold together, and so do the products (Bonferroni).",
    ),
)
