"""What a table may hold is declared: each kind of departure is named with its column, and nothing of it is stored."""

import importlib
import math
import pkgutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import realmodels.experiments
import simulate.experiments
from simulate.experiments.hebbian import EXPERIMENT as HEBBIAN
from simulate.runs.columns import Column, declared, fault
from simulate.runs.store import Store, read_table
from theory.errors import UserError

RESULTS = Path(__file__).parents[3] / "paper" / "results"
FILES = {
    info.name: Path(package.__path__[0]) / f"{info.name}.py"
    for package in (simulate.experiments, realmodels.experiments)
    for info in pkgutil.iter_modules(package.__path__)
}
COLUMNS = {
    "x": Column("A number."),
    "n": Column("A whole number.", int),
    "yes": Column("True or false.", bool),
    "name": Column("A text.", str),
    "path": Column("Numbers.", list),
    "maybe": Column("A number that may be missing.", optional="it is measured once"),
}
ROW = {"x": 0.5, "n": 3, "yes": True, "name": "a", "path": [1.0, 2.0], "maybe": 1.0}
FITTING = {
    "x": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**40), 2**40),
    "n": st.integers(-(2**40), 2**40),
    "yes": st.booleans(),
    "name": st.text(max_size=5),
    "path": st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=3),
    "maybe": st.floats(allow_infinity=False),
}
OTHER = {
    "x": st.sampled_from([True, "1.0", [1.0], math.nan, math.inf, -math.inf, None]),
    "n": st.sampled_from([True, 1.5, "1", math.nan, None]),
    "yes": st.sampled_from([1, 0.0, "True", None]),
    "name": st.sampled_from([1, 0.5, False, ["a"], None]),
    "path": st.sampled_from([1.0, "1.0", [1.0, math.nan], [math.inf], ["1.0"], None]),
    "maybe": st.sampled_from([math.inf, -math.inf, "1.0", True]),
}


@given(st.lists(st.fixed_dictionaries(FITTING), min_size=1, max_size=4))
def test_rows_as_declared_have_no_fault(rows):
    assert fault(pd.DataFrame(rows), COLUMNS) is None


@given(st.data(), st.sampled_from(sorted(OTHER)), st.integers(0, 2))
def test_a_value_of_another_kind_is_named_with_its_column(data, name, place):
    rows = [dict(ROW) for _ in range(3)]
    rows[place][name] = data.draw(OTHER[name])
    assert f"column {name!r}" in (fault(pd.DataFrame(rows), COLUMNS) or "")


@pytest.mark.parametrize("name", COLUMNS)
def test_a_missing_column_and_one_that_nobody_declared_are_named(name):
    without = {key: value for key, value in ROW.items() if key != name}
    assert fault(pd.DataFrame([without]), COLUMNS) == f"column {name!r} is missing"
    assert fault(pd.DataFrame([{**ROW, "more": 1.0}]), COLUMNS) == "column 'more' is not declared"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"snr": math.nan}, "column 'snr' has no value"),
        ({"snr": np.inf}, "column 'snr' holds inf, which is not finite"),
        ({"snr": "2"}, "column 'snr' holds '2' in row 1, where a number is declared"),
        ({"further": 1.0}, "column 'further' is not declared"),
    ],
)
def test_an_experiment_stores_nothing_that_it_did_not_declare(tmp_path, change, words):
    good = {"N": 3, "P": 3, "a": 0.5, "seed": 0, "snr": 1.0, "bits_per_synapse": 0.5}
    rows = [good, good | change] if "further" not in change else [good | change]
    experiment = replace(HEBBIAN, run=lambda cell, workspace: rows)
    with pytest.raises(UserError) as failure:
        experiment.compute({"N": 3, "long": list(range(500))}, tmp_path, "key")
    assert words in str(failure.value)
    assert "'hebbian'" in str(failure.value)
    assert "N=3" in str(failure.value)
    assert len(str(failure.value)) < 400
    assert Store(tmp_path / "cells" / "hebbian").get("key") is None


@pytest.mark.parametrize("name", FILES)
def test_the_declaration_read_from_the_file_is_that_of_the_experiment(name):
    package = "simulate" if FILES[name].parents[1].name == "simulate" else "realmodels"
    columns = importlib.import_module(f"{package}.experiments.{name}").EXPERIMENT.columns
    assert declared(FILES[name]) == columns != {}
    assert all(column.meaning.endswith(".") and len(column.meaning) > 8 for column in columns.values())


@pytest.mark.parametrize("path", sorted(RESULTS.glob("*.parquet")), ids=lambda path: path.stem)
def test_the_committed_table_is_as_declared(path):
    assert fault(read_table(path)[0], declared(FILES[path.stem])) is None
