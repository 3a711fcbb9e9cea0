"""Noise cannot win: neither more of it nor fewer seeds make support likelier, and a violation of the size stated is found."""

from itertools import pairwise
from math import sqrt
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from figures.estimate import estimate
from figures.verdicts.rule import below, decide, decide_all
from figures.verdicts.table import RULES, verdict
from tests.figures.test_rules import CASES
from theory.errors import UserError

MARGIN = 0.1
DRAWS = 100
NOISES = (0.01, 0.05, 0.2, 1.0)
DECISIONS = {
    "below": lambda values: below(values, 1.0, MARGIN).verdict,
    "decide": lambda values: decide(values[0], 1 - MARGIN, 1 + MARGIN),
    "decide_all": lambda values: decide_all(values, 1 - MARGIN, 1 + MARGIN)[1],
}


def support(decision: str, mean: float, noise: float, seeds: int) -> float:
    """Share of draws in which one estimate of this mean, read together with two others, is called support."""
    drawn = mean + noise * np.random.default_rng(0).standard_normal((DRAWS, seeds))
    return float(np.mean([DECISIONS[decision]([estimate(one, comparisons=3)]) == "supported" for one in drawn]))


def rises(shares: list[float]) -> bool:
    """Whether a share of draws rises from one step to the next by more than three standard errors."""
    return any(late > early + 3 * sqrt(0.5 / DRAWS) for early, late in pairwise(shares))


@pytest.mark.parametrize("decision", DECISIONS)
@pytest.mark.parametrize("mean", [0.95, 1.0, 1.0 + MARGIN])
def test_support_never_rises_with_noise_or_with_fewer_seeds(decision: str, mean: float):
    """For what is true, and for an excess of the margin. One between 0 and the margin refutes `below` where it is seen; where it
    is not, what is supported is still true: nothing lies above by more than the margin.
    """
    assert not rises([support(decision, mean, noise, 8) for noise in NOISES])
    assert not rises([support(decision, mean, 0.05, seeds) for seeds in (24, 8, 4, 2)])


@pytest.mark.parametrize("decision", DECISIONS)
def test_no_noise_supports_what_lies_beyond_the_margin(decision: str):
    assert max(support(decision, 1.01 + MARGIN, noise, seeds) for noise in NOISES for seeds in (2, 8)) <= 0.05


def outcome(made, id: str, knobs: dict) -> str:
    """The verdict on made tables, or "unfit" where the noise has made values that have no place on the rule's scale."""
    try:
        return verdict(made(only=RULES[id].tables, **knobs), id)["verdict"]
    except UserError:
        return "unfit"


@pytest.mark.parametrize("id", [id for id, (_, refuting, _) in CASES.items() if refuting is not None])
def test_no_noise_hides_a_violation_behind_support(id: str, made):
    refuting = CASES[id][1]
    for more in ({"noise": 0.3}, {"seeds": 2}):
        assert outcome(made, id, refuting | more) != "supported", more


def test_over_all_rules_support_falls_with_noise(made):
    lawful = {id: supporting for id, (supporting, _, _) in CASES.items() if supporting is not None and len(RULES[id].tables) == 1}
    little, much = (
        np.mean([outcome(made, id, knobs | {"noise": noise}) == "supported" for id, knobs in lawful.items()])
        for noise in (0.05, 1.0)
    )
    assert 1 > little > much


def table(frame: pd.DataFrame) -> SimpleNamespace:
    """Results whose every table is this one."""
    return SimpleNamespace(table=lambda *_: frame)


def totals(mean: float, rng: np.random.Generator) -> SimpleNamespace:
    """One way of writing, eight seeds: total depth over N around `mean`."""
    rows = {"N": 1.0, "M": 10, "a": 0.1, "centred": True, "schedule": "fixed", "eta": 0.5, "seed": range(8)}
    return table(pd.DataFrame(rows | {"total_depth": mean + 0.03 * rng.standard_normal(8), "trace_depth": 0.0}))


def cells(chance: float, rng: np.random.Generator) -> SimpleNamespace:
    """Columns of overwritten cells just beyond their ceiling, which leaves 0.8: a task comes back with that chance."""
    D, seed = (axis.ravel() for axis in np.meshgrid(range(1, 41), range(8)))
    rows = {"system": "cells", "b": 1, "D": D, "a": 0.1, "T": 10, "seed": seed, "ceiling_T": 8.0, "ceiling_depth": 0.8}
    return table(pd.DataFrame(rows | {"depth": (rng.random(len(D)) < chance).astype(float)}))


@pytest.mark.parametrize(
    ("id", "made_up", "ceiling", "draws"), [("C1", totals, 1.0, 400), ("C2-cells", cells, 0.8, 200)], ids=["C1", "C2-cells"]
)
def test_a_violation_of_the_size_stated_is_found_in_four_of_five_draws(id: str, made_up, ceiling: float, draws: int):
    rng = np.random.default_rng(1)
    judge = RULES[id].judge
    least = float(np.mean([judge(made_up(ceiling, rng)).detectable for _ in range(100)]))
    assert 0 < least < 0.2
    found = np.mean([judge(made_up(ceiling * (1 + least), rng)).verdict == "refuted" for _ in range(draws)])
    assert abs(found - 0.8) < 4 * sqrt(0.8 * 0.2 / draws)
    at_ceiling = np.mean([judge(made_up(ceiling, rng)).verdict == "refuted" for _ in range(draws)])
    assert at_ceiling < 0.06
