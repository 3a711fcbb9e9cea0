"""Rules for two regimes with shared structure: their ceilings (S1-single, S1-dual), the gain (S1), the activity (S1-activity)."""

from functools import partial

import numpy as np
import pandas as pd

from figures.estimate import back, jackknife
from figures.results import Results
from figures.verdicts.ceiling import ceiling, ceiling_rule
from figures.verdicts.rule import Judgement, Rule, decide, judgement
from simulate.tables import frontier, gains

BAND = 1.25  # factor by which the measured gain may differ: T is a whole number on a grid, codes and supports are finite
TIGHT = 0.6  # as in C2-cells: every seed must return every bit


def held_by_seed(results: Results) -> pd.DataFrame:
    """`simulate.tables.gains` of every seed by itself, R > 0: a seed holds T tasks if it returns the oldest of T whole.

    At R = 0 the two systems are the same.
    """
    table = results.table("sweep_shared", "regime", "R", "D_s", "odds", "T", "seed", "decoded")
    found = pd.concat([gains(part).assign(seed=seed) for seed, part in table.groupby("seed")])
    return found[found["R"] > 0]


def log_gain(held: pd.DataFrame) -> float:
    """Logarithm of tasks held by two regimes, mean over seeds, over those held by one; none at any seed counts as half of one."""
    one, two = (max(held[column].mean(), 0.5 / len(held)) for column in ("single_T", "dual_T"))
    return float(np.log(two / one))


def _excess(held: pd.DataFrame) -> float:
    """Mean over settings of log gain minus log predicted gain."""
    settings = held.groupby(["R", "D_s"])
    return float(np.mean([log_gain(part) - np.log(part["predicted_gain"].iloc[0]) for _, part in settings]))


def _gain(results: Results) -> Judgement:
    """Geometric mean of measured over predicted gain over the settings (R > 0, D_s)."""
    value = back(jackknife(_excess, held_by_seed(results)))
    return judgement(value, decide(value, 1 / BAND, BAND))


def away_by_seed(results: Results) -> pd.DataFrame:
    """Tasks held by every seed at each activity away from the best one: regime, R, D_s, odds, seed, held, held_best, and the law,
    the ratio of the two ceilings.
    """  # fmt: skip
    table = results.table("sweep_shared", "regime", "R", "D_s", "odds", "T", "seed", "decoded")
    found = pd.concat([frontier(part).assign(seed=seed) for seed, part in table.groupby("seed")])
    keys = ["regime", "R", "D_s", "seed"]
    best = found[found["odds"] == 1].set_index(keys)
    best = pd.DataFrame({"held_best": best["measured_T"], "best_T": best["ceiling_T"]})
    away = found[found["odds"] != 1].join(best, on=keys).rename(columns={"measured_T": "held"})
    return away.assign(law=away["ceiling_T"] / away["best_T"])


def _loss(away: pd.DataFrame) -> float:
    """Mean over settings of log(tasks held away from the best activity over tasks held at it) less the logarithm of the law."""
    settings = away.groupby(["regime", "R", "D_s", "odds"])[["held", "held_best", "law"]].mean()
    least = 0.5 / away["seed"].nunique()
    held, best = (np.log(settings[column].clip(lower=least)) for column in ("held", "held_best"))
    return float((held - best - np.log(settings["law"])).mean())


def _activity(results: Results) -> Judgement:
    """Geometric mean of measured over predicted loss of tasks over all settings away from the best activity."""
    value = back(jackknife(_loss, away_by_seed(results)))
    return judgement(value, decide(value, 1 / BAND, BAND))


RULES = (
    Rule(
        "S1",
        "Where tasks share structure, two activity regimes hold more tasks than the best single one, by the ratio of the two "
        "ceilings.",
        "ratio 1",
        "Tasks held by two regimes over tasks held by one (means over seeds), over the ratio of the ceilings: geometric mean "
        "over all settings (R > 0, D_s), 95% jackknife interval over seeds. Supported if the interval lies within a factor "
        f"{BAND} of 1, refuted if it lies wholly outside.",
        ("sweep_shared",),
        _gain,
        rests_on="simulation",
        rule_set="after",
    ),
    Rule(
        "S1-single",
        "One regime: tasks × private bits stay below bN/u (finite T: separable coding) at the best activity.",
        "no violation, tightness 1",
        ceiling_rule(TIGHT),
        ("sweep_shared",),
        partial(ceiling, sweep="sweep_shared", tight=TIGHT, regime="single"),
        rests_on="simulation",
        rule_set="after",
    ),
    Rule(
        "S1-dual",
        "Two regimes: tasks × private bits stay below (bN − R)(1 − 1/T)^(T−1).",
        "no violation, tightness 1",
        ceiling_rule(TIGHT),
        ("sweep_shared",),
        partial(ceiling, sweep="sweep_shared", tight=TIGHT, regime="dual"),
        rests_on="simulation",
        rule_set="after",
    ),
    Rule(
        "S1-activity",
        "Away from the best activity, on either side, both regimes hold fewer tasks, by the ratio of the ceilings at the two "
        "activities.",
        "ratio 1",
        "Tasks held at an activity of m times the best odds over tasks held at the best one (means over seeds), over the ratio "
        "of the two ceilings: geometric mean over all regimes, R, D_s and m other than 1, 95% jackknife interval over seeds. "
        f"Supported if the interval lies within a factor {BAND} of 1, refuted if it lies wholly outside.",
        ("sweep_shared",),
        _activity,
        rests_on="simulation",
        rule_set="after",
    ),
)
