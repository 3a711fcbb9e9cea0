"""A table is kept through a refactoring only if the quick tables before and after are the same to the bit."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from figures.build.restamp import differs
from simulate.runs.store import write_table

FRAME = pd.DataFrame({"seed": [0, 1], "depth": [0.1, float("nan")], "spectrum": [[1.0, 2.0], [0.5]], "code": ["a", "b"]})


@pytest.fixture
def folders(tmp_path: Path):
    """A function: write FRAME as the table before and `frame` as the table after, and return both folders."""

    def write(frame: pd.DataFrame, name: str = "streams") -> tuple[Path, Path]:
        write_table(tmp_path / "before" / "streams.parquet", FRAME, "old")
        write_table(tmp_path / "after" / f"{name}.parquet", frame, "new")
        return tmp_path / "before", tmp_path / "after"

    return write


def test_equal_tables_differ_in_nothing(folders):
    assert differs(*folders(FRAME), "streams") == ""


@pytest.mark.parametrize(
    ("column", "value"),
    [("depth", [np.nextafter(0.1, 1), float("nan")]), ("spectrum", [[1.0, 2.0], [np.nextafter(0.5, 1)]]), ("seed", [0.0, 1.0])],
)
def test_one_bit_or_another_type_is_a_difference(folders, column, value):
    assert differs(*folders(FRAME.assign(**{column: value})), "streams") == f"column {column} changed"


def test_rows_and_columns_count(folders):
    assert "2 rows before, 1 after" in differs(*folders(FRAME[:1]), "streams")
    assert "depth" in differs(*folders(FRAME.drop(columns="depth")), "streams")
    assert "has no table" in differs(*folders(FRAME), "kernel")


def test_a_new_name_is_no_difference_if_it_is_declared(folders):
    renamed = FRAME.rename(columns={"depth": "retained"})
    assert "depth, retained" in differs(*folders(renamed), "streams")
    assert differs(*folders(renamed), "streams", {"streams.depth": "retained"}) == ""
    assert differs(*folders(FRAME, "writes"), "writes", {"streams": "writes"}) == ""
