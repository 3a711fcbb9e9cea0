"""Rules for two regimes with shared structure: their ceilings (S1-single, S1-dual) and the gain (S1)."""

from functools import partial

import numpy as np
import pandas as pd

from figures.results import Results, jackknife
from figures.rules.ceiling import ceiling, ceiling_rule
from figures.rules.rule import Judgement, Rule, back, decide, judgement
from simulate.frontier import gains

BAND = 1.25  # factor by which the measured gain may differ: T is a whole number on a grid, codes and supports are finite
TIGHT = 0.6  # as in C2-cells: every seed must return every bit


def held_by_seed(results: Results) -> pd.DataFrame:
    """`simulate.frontier.gains` of every seed by itself, R > 0: a seed holds T tasks if it returns the oldest of T whole.

    At R = 0 the two systems are the same.
    """
    table = results.table("sweep_shared", "regime", "R", "D_s", "T", "seed", "decoded")
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
    ),
    Rule(
        "S1-single",
        "One regime: tasks × private bits stay below bN/u (finite T: separable coding) at the best activity.",
        "no violation, tightness 1",
        ceiling_rule(TIGHT),
        ("sweep_shared",),
        partial(ceiling, sweep="sweep_shared", tight=TIGHT, regime="single"),
    ),
    Rule(
        "S1-dual",
        "Two regimes: tasks × private bits stay below (bN − R)(1 − 1/T)^(T−1).",
        "no violation, tightness 1",
        ceiling_rule(TIGHT),
        ("sweep_shared",),
        partial(ceiling, sweep="sweep_shared", tight=TIGHT, regime="dual"),
    ),
)
