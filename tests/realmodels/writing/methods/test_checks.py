"""Ranges of options: borders, and numbers that are none."""

import math

import pytest

from realmodels.writing.methods.checks import not_negative, positive, whole
from theory.errors import UserError


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf, -math.inf])
def test_a_number_above_0_is_finite_and_above_0(value):
    positive("clamp", 5e-324)
    with pytest.raises(UserError, match=f"^clamp {value}: give a finite number above 0$"):
        positive("clamp", value)


@pytest.mark.parametrize("value", [-5e-324, math.nan, math.inf])
def test_a_number_from_0_on_may_be_0(value):
    not_negative("decay", 0.0)
    with pytest.raises(UserError, match=f"^decay {value}: give a finite number from 0 on$"):
        not_negative("decay", value)


def test_a_whole_number_has_its_borders():
    for value in (1, 2, 7):
        whole("k", value, most=7)
    for value in (0, 8, -1, 1.5, 2.0, True, math.nan, math.inf):
        with pytest.raises(UserError, match=r"give a whole number from 1 to 7$"):
            whole("k", value, most=7)
    with pytest.raises(UserError, match=r"^t 0: give a whole number from 1 on$"):
        whole("t", 0)
