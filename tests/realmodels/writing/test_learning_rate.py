"""Which learning rates are allowed, and the declared rule by which the reported one is chosen."""

import math

import pandas as pd
import pytest

from realmodels.writing.learning_rate import checked_learning_rate, chosen_learning_rate
from theory.errors import UserError


@pytest.mark.parametrize("value", [-1, -1e-9, 0, 0.0, math.nan, math.inf, -math.inf, "fast", None, 10**400])
def test_a_learning_rate_that_is_no_finite_number_above_0_is_refused_in_one_line(value):
    with pytest.raises(UserError, match="give a finite number above 0") as raised:
        checked_learning_rate(value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("value", [1, 1e-3, 5e-324, 1e30])
def test_every_number_above_0_that_float32_can_compute_with_is_allowed(value):
    assert checked_learning_rate(value) == value


def _table(method: str, bits_by_rate: dict[float, float], tuning: bool = True) -> pd.DataFrame:
    common = {"architecture": "dense", "method": method, "seed": 0, "tuning": tuning, "candidates": 16, "task": 0}
    rows = [
        {**common, "learning_rate": rate, "written": written, "age": written - 1, "bits": bits}
        for rate, bits in bits_by_rate.items()
        for written in (0, 1)
    ]
    return pd.DataFrame(rows)


def test_the_learning_rate_is_chosen_on_tuning_seeds_by_the_declared_rule():
    streams = pd.concat(
        [
            _table("full", {0.1: 1.0, 0.2: 3.7, 0.4: 3.9}),  # .2 is the smallest that reaches .9 * 4 = 3.6
            _table("full", {0.1: 4.0, 0.2: 0.0, 0.4: 0.0}, tuning=False),  # reported seeds have no say
            _table("off_mode", {0.1: 1.0, 0.2: 3.5, 0.4: 2.0}),  # none reaches: the most bits
        ]
    )
    assert chosen_learning_rate(streams) == {("dense", "full"): 0.2, ("dense", "off_mode"): 0.2}
