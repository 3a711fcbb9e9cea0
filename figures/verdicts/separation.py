"""Rules for two regimes with shared structure: their ceilings (S1-single, S1-dual) and how near they come (S1-tight), the gain
(S1), the activity (S1-activity). A regime holds T tasks if the oldest of T comes back whole at every seed: one criterion for all.
"""  # fmt: skip

from functools import partial

import numpy as np
import pandas as pd

from figures.estimate import Estimate, left_out
from figures.results import Results
from figures.verdicts.ceiling import FINITE, NO_MARGIN, RETURNED, WHOLE, ceiling, held, of, seeds_of, whole
from figures.verdicts.rule import Judgement, Rule, Verdict, decide, judgement, together

REGIMES = ("single", "dual")
BAND = (
    FINITE
    + " A ratio of two columns may then lie between the border of the upper one and the inverse of the border of the lower one."
)


def _ratios(upper: pd.DataFrame, lower: pd.DataFrame) -> pd.DataFrame:
    """Logarithm of tasks held over tasks held, over the ratio of the ceilings, where both may hold a task; both alike in index.

    None held counts as half of one. law: logarithm of the ratio of the ceilings. low, high: borders of the finite-size term.
    """
    judged = (upper["allowed"] >= 1) & (lower["allowed"] >= 1) & (upper["lowest"] > 0) & (lower["lowest"] > 0)
    upper, lower = upper[judged], lower[judged]
    law = np.log(upper["ceiling_T"] / lower["ceiling_T"])
    names = ["every", *seeds_of(upper)]
    found = {name: np.log(upper[name].clip(lower=0.5) / lower[name].clip(lower=0.5)) - law for name in names}
    return pd.DataFrame(found).assign(low=np.log(upper["lowest"]), high=-np.log(lower["lowest"]), law=law)


def gains(results: Results) -> pd.DataFrame:
    """Two regimes over one at the best activity, R > 0, index N, b, R, D_s: see `_ratios`. At R = 0 the two are the same."""
    table = of(results, "sweep_shared")
    found = held(table[(table["odds"] == 1) & (table["R"] > 0)]).set_index(["N", "b", "R", "D_s"])
    one, two = (found[found["regime"] == regime] for regime in REGIMES)
    return _ratios(two, one.loc[two.index])


def away(results: Results) -> pd.DataFrame:
    """Away from the best activity over at it, for both regimes: see `_ratios`."""
    keys = ["regime", "N", "b", "R", "D_s"]
    found = held(of(results, "sweep_shared"))
    best, other = found[found["odds"] == 1].set_index(keys), found[found["odds"] != 1]
    at = best.loc[pd.MultiIndex.from_frame(other[keys])]
    return _ratios(other, at.set_axis(other.index))


def excess(ratios: pd.DataFrame) -> Estimate:
    """Geometric mean over columns of measured over predicted ratio, with the jackknife interval over seeds."""
    return left_out(ratios["every"].mean(), [ratios[seed].mean() for seed in seeds_of(ratios)], scale="log")


def measured(ratios: pd.DataFrame) -> list[Estimate]:
    """The ratio of tasks held in every column, not divided by the law, with jackknife intervals over seeds."""
    seeds = seeds_of(ratios)
    return [
        left_out(row["every"] + row["law"], [row[seed] + row["law"] for seed in seeds], scale="log")
        for row in ratios.to_dict("records")
    ]


def _within(ratios: pd.DataFrame) -> Judgement:
    """Whether the geometric mean lies within the finite-size terms."""
    value = excess(ratios)
    return judgement(value, decide(value, float(np.exp(ratios["low"].mean())), float(np.exp(ratios["high"].mean()))))


def _gain(results: Results) -> Judgement:
    return _within(gains(results))


def _activity(results: Results) -> Judgement:
    """As `_within`; support also needs an interval that excludes what an activity without effect would give, 1 / law."""
    ratios = away(results)
    found, value, without_effect = _within(ratios), excess(ratios), float(np.exp(-ratios["law"].mean()))
    if found.verdict == "supported" and value.low <= without_effect <= value.high:
        return judgement(value, "undecided")
    return found


def _tight(results: Results) -> Judgement:
    """Both regimes: the one that lies lower is shown."""
    found = [whole(results, "sweep_shared", regime) for regime in REGIMES]
    verdicts: list[Verdict] = [one.verdict for one in found]
    lower = min(found, key=lambda one: one.measured)
    return Judgement(lower.measured, lower.interval, together(verdicts), seeds=lower.seeds)


OVER_R = ", simultaneous over all R"
RULES = (
    Rule(
        "S1",
        "Where tasks share structure, two activity regimes hold more tasks than the best single one, by the ratio of the two "
        "ceilings.",
        "ratio 1",
        "Tasks held by every seed in two regimes over those held by every seed in one, over the ratio of the ceilings: geometric "
        "mean over all settings (R > 0, D_s), 95% jackknife interval over seeds. Supported if the interval lies within the "
        "finite-size term of 1, refuted if it lies wholly outside.",
        ("sweep_shared",),
        _gain,
        rests_on="simulation",
        rule_set="after",
        why=BAND,
    ),
    Rule(
        "S1-single",
        "One regime: tasks × private bits stay below bN/u (finite T: separable coding) at the best activity.",
        "at most 1",
        RETURNED.format(which="", over=OVER_R),
        ("sweep_shared",),
        partial(ceiling, sweep="sweep_shared", regime="single"),
        rests_on="simulation",
        rule_set="after",
        why=NO_MARGIN,
    ),
    Rule(
        "S1-dual",
        "Two regimes: tasks × private bits stay below (bN − R)(1 − 1/T)^(T−1).",
        "at most 1",
        RETURNED.format(which="", over=OVER_R),
        ("sweep_shared",),
        partial(ceiling, sweep="sweep_shared", regime="dual"),
        rests_on="simulation",
        rule_set="after",
        why=NO_MARGIN,
    ),
    Rule(
        "S1-tight",
        "Either regime comes up to its ceiling at its best activity, but for what finite tasks cost.",
        "ratio 1",
        "For each regime by itself, the lower one is shown: " + WHOLE,
        ("sweep_shared",),
        _tight,
        rests_on="simulation",
        rule_set="after",
        why=FINITE,
    ),
    Rule(
        "S1-activity",
        "Away from the best activity, on either side, both regimes hold fewer tasks, by the ratio of the ceilings at the two "
        "activities.",
        "ratio 1",
        "Tasks held by every seed at an activity of m times the best odds over tasks held at the best one, over the ratio of the "
        "two ceilings: geometric mean over all regimes, R, D_s and m other than 1, 95% jackknife interval over seeds. Supported "
        "if the interval lies within the finite-size term of 1 and excludes the inverse of the mean law, which means no effect "
        "of activity, refuted if it lies wholly outside that term.",
        ("sweep_shared",),
        _activity,
        rests_on="simulation",
        rule_set="after",
        why=BAND,
    ),
)
