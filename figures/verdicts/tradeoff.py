"""Rules for the compression-writability relation: the line of one learning rate (C4) and the escape of two stores (C4-dual)."""

import numpy as np
import pandas as pd

from figures.estimate import Estimate, back, estimate
from figures.results import Results
from figures.verdicts.rule import Judgement, Rule, decide, judgement, together
from theory.ledger import claim


def _writability(results: Results, regime: str) -> pd.DataFrame:
    """Rows of a regime with `log_ratio`: log of the depth of one write over the depth `allowed` at its error J."""
    frame = results.table("tradeoff", "regime", "eta", "sigma", "seed", "J", "depth")
    frame = frame[frame["regime"] == regime]
    within = np.minimum(frame["J"], frame["sigma"] ** 2)  # a larger error allows no more than depth 1
    allowed = claim("C4").eta(J=within, sigma=frame["sigma"])
    return frame.assign(allowed=allowed, log_ratio=np.log(frame["depth"] / allowed))


def margins(rates: np.ndarray) -> tuple[float, float]:
    """Half of what level and exponent would be off 1 by, at these rates, if J were ησ²/2, the law of small rates.

    At J = ησ²/2 the depth 2J/(σ² + J) allowed is η/(1 + η/2).
    """
    allowed = rates / (1 + rates / 2)
    level = np.exp(np.mean(np.log(rates / allowed)))
    slope = np.polyfit(np.log(allowed), np.log(rates), 1)[0]
    return float(level - 1) / 2, float(slope - 1) / 2


def _line(results: Results) -> Judgement:
    """Level (geometric mean of depth over allowed depth) and exponent (slope of log depth on log allowed depth), by seed."""
    frame = _writability(results, "single")
    seeds = frame.groupby("seed")
    level = back(estimate(seeds["log_ratio"].mean(), comparisons=2))
    slope = estimate([np.polyfit(np.log(part["allowed"]), np.log(part["depth"]), 1)[0] for _, part in seeds], comparisons=2)
    both = zip((level, slope), margins(frame["eta"].unique()), strict=True)
    return judgement(level, together([decide(value, 1 - margin, 1 + margin) for value, margin in both]))


def incursions(results: Results, regime: str) -> list[Estimate]:
    """Depth over allowed depth in each setting (sigma, eta) of a regime, intervals simultaneous over settings."""
    groups = _writability(results, regime).groupby(["sigma", "eta"])["log_ratio"]
    return [back(estimate(values, comparisons=groups.ngroups)) for _, values in groups]


def _escape(results: Results) -> Judgement:
    """The deepest incursion of two regimes: the setting with the largest lower end."""
    ratios = incursions(results, "dual")
    best = max(ratios, key=lambda ratio: (ratio.low, ratio.mean))
    if best.low > 1:
        return judgement(best, "supported")
    return judgement(best, "refuted" if all(ratio.high < 1 for ratio in ratios) else "undecided")


RULES = (
    Rule(
        "C4",
        "With one learning rate, how deep one write goes fixes how well shared structure can be compressed: depth = 2J/(σ² + J). "
        "J is the misadjustment of normalised LMS (Widrow and Hoff 1960; Haykin), read as a limit on memory.",
        "ratio 1, exponent 1",
        "One regime: geometric mean, over all rates and σ, of depth over 2J/(σ² + J) (shown), and slope of log depth "
        "on the log of that; simultaneous 95% t intervals over seeds. Supported if both lie nearer to 1 than to what the law of "
        "small rates, J = ησ²/2, would make them, refuted if one lies wholly outside.",
        ("tradeoff",),
        _line,
        rests_on="simulation",
        rule_set="after",
        why="The law is exact at every N, so that no finite-size term is due. The margins are half the distance to its nearest "
        "rival: at J = ησ²/2 the level would be the geometric mean of 1 + η/2, the exponent the slope of log η on log(η/(1 + "
        "η/2)).",
        family="Level and exponent: their two intervals hold together (Bonferroni).",
    ),
    Rule(
        "C4-dual",
        "A second store with a rate of its own reaches the region that is forbidden to one regime. This is so by construction: "
        "the fast store writes all that the slow one leaves over, so that depth is 1, and J stays below σ².",
        "ratio > 1",
        "Two regimes: depth over 2J/(σ² + J) at every slow rate and σ, simultaneous 95% t intervals over seeds; the "
        "setting with the largest lower end is shown. Supported if that end lies above 1, refuted if every interval lies below.",
        ("tradeoff",),
        _escape,
        rests_on="simulation",
        rule_set="after",
        kind="check",
        family="All slow rates and σ: their intervals hold together (Bonferroni).",
    ),
)
