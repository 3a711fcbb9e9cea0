"""The base of results: units once, JSON without a NaN, a table, a picture, a short repr."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulate.runs.answer import Answer, field, not_finite, plain


@dataclass(frozen=True)
class One(Answer):
    system: str = field("", "Name of the system.")
    depth: float = field("fraction", "Mean depth of the task that is kept worst.")
    settings: Mapping[str, Any] = field("", "Sizes.", default_factory=dict)


@dataclass(frozen=True)
class Many(Answer):
    x = "T"
    curves = ("depth", "law")
    band = ("low", "high")
    system: str = field("", "Name of the system.")
    T: tuple[int, ...] = field("tasks", "Number of tasks.", column=True)
    depth: tuple[float, ...] = field("fraction", "Mean depth.", column=True)
    low: tuple[float, ...] = field("fraction", "Lower end of the interval.", column=True)
    high: tuple[float, ...] = field("fraction", "Upper end of the interval.", column=True)
    law: tuple[float, ...] = field("fraction", "The law, where there is one.", column=True)


MANY = Many("delta", (1, 2), (1.0, 0.5), (0.9, 0.4), (1.0, 0.6), (math.nan, math.nan))


def test_every_number_has_its_unit_in_json_and_on_the_command_line():
    one = One("delta", 0.25, {"N": 64})
    answer = one.to_dict()
    assert answer["depth"] == 0.25
    assert answer["units"] == {"depth": "fraction"}
    assert answer["settings"] == {"N": 64}
    assert answer["version"]
    (line,) = [line for line in one.show().splitlines() if line.startswith("depth")]
    assert line.split(maxsplit=3) == ["depth", "0.25", "fraction", "Mean depth of the task that is kept worst."]


def test_a_number_that_is_not_finite_is_named_and_never_printed_as_a_number():
    answer = One("delta", math.nan, {"N": [1.0, math.inf]}).to_dict()
    assert answer["depth"] is None
    assert answer["not_finite"] == ["depth", "settings.N"]
    assert "NaN" not in json.dumps(answer, allow_nan=False)
    assert "Not finite: depth" in One("delta", math.nan).show()


def test_a_table_has_one_row_per_entry_and_a_picture_of_what_is_there():
    assert MANY.to_frame().shape == (2, 5)
    assert "T: Number of tasks. [tasks]" in MANY.show()
    mpl.use("Agg")
    axes = MANY.plot()
    assert [line.get_label() for line in axes.get_lines()] == ["depth"]  # the law is nowhere defined
    assert axes.get_xlabel() == "T (tasks)"
    assert len(axes.collections) == 1
    assert One("delta", 0.5).plot().patches


def test_the_repr_is_short_and_the_notebook_sees_a_table():
    assert repr(MANY) == "Many(system=delta, 2 rows of T, depth, low, high, law)"
    assert repr(One("delta", 1 / 3)) == "One(system=delta, depth=0.3333)"
    assert "<td>Name of the system.</td>" in MANY._repr_html_()
    assert "&lt;b&gt;" in One("<b>", 0.5)._repr_html_()


@pytest.mark.parametrize(
    "value", [np.float32(0.5), np.array([1, 2]), Path("x"), pd.DataFrame({"a": [1.0]}), One("x", 1.0), {1, 2}, 10**400]
)
def test_any_kind_of_value_becomes_json(value):
    json.dumps(plain(value), allow_nan=False)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(VALUES)
def test_nothing_is_lost_but_what_is_not_finite(value):
    text = json.dumps(plain(value), allow_nan=False)
    if not not_finite(value, "value"):
        assert json.loads(text) == json.loads(json.dumps(value))
