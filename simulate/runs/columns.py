"""The dictionary of a table's columns: what each one means, in which unit, and which values may stand in it.

An experiment declares its columns as a literal, `columns={"depth": Column("...", unit="facts"), ...}`, in the file that binds
`EXPERIMENT`. So the declaration can be read without importing the experiment, and with it JAX or PyTorch (`declared`). A
fingerprint leaves declarations out (`simulate.runs.fingerprint`): a better sentence makes no result stale.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

KINDS: dict[type, str] = {float: "number", int: "whole number", bool: "true or false", str: "text", list: "list of numbers"}
"""What a column may hold, by the Python type of its values."""


@dataclass(frozen=True)
class Column:
    """One column of a table of results.

    meaning: a sentence that says what a value is. kind: type of the values, one of KINDS.
    unit: unit of the values; "" for pure numbers, texts, and true or false.
    optional: why a value may be missing (NaN in the table); "" where every value has to be there, and every number finite.
    """

    meaning: str
    kind: type = float
    unit: str = ""
    optional: str = ""


Columns = Mapping[str, Column]


def declared(path: Path) -> dict[str, Column]:
    """The columns that the experiment in the file `path` declares, read from its syntax; {} if it declares none."""
    names = {"Column": Column, "__builtins__": {kind.__name__: kind for kind in KINDS}}
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.keyword) and node.arg == "columns" and isinstance(node.value, ast.Dict):
            return eval(compile(ast.Expression(node.value), str(path), "eval"), names)
    return {}


def fault(frame: pd.DataFrame, columns: Columns) -> str | None:
    """What is wrong with a table of these columns, in words, with the name of the column; None if nothing is.

    Wrong are a missing column, one that is not declared, values of another kind, and a value that is missing or not finite in a
    column that is not optional. A whole number may stand for a number.
    """
    for name in columns:
        if name not in frame:
            return f"column {name!r} is missing"
    for name in frame:
        if name not in columns:
            return f"column {name!r} is not declared"
        if trouble := _trouble(frame[name], columns[name]):
            return f"column {name!r} {trouble}"
    return None


def _trouble(values: pd.Series, column: Column) -> str | None:
    """What is wrong with the values of one column."""
    missing = values.isna()
    if missing.any() and not column.optional:
        return f"has no value, or one that is not a number, in row {_first(missing)}"
    there = values[~missing]
    declared_as = f"where a {KINDS[column.kind]} is declared"
    if there.dtype != object:
        if len(there) and not _holds(there.dtype, column.kind):
            return f"holds values of type {there.dtype}, {declared_as}"
    elif not (fits := there.map(lambda value: _is(value, column.kind)).astype(bool)).all():
        return f"holds {there[~fits].iloc[0]!r} in row {_first(~fits.reindex(values.index, fill_value=True))}, {declared_as}"
    if column.kind not in (float, list):
        return None
    numbers = there if column.kind is float else there.explode()
    infinite = ~np.isfinite(numbers.to_numpy(dtype=float))
    return (
        f"holds {numbers[infinite].iloc[0]}, which is not finite, in row {numbers.index[infinite][0]}" if infinite.any() else None
    )


def _first(rows: pd.Series) -> int:
    """Number of the first true row, from 0."""
    return int(np.flatnonzero(rows.to_numpy(dtype=bool))[0])


def _holds(dtype: object, kind: type) -> bool:
    """Whether a column of this pandas type holds values of that kind."""
    if kind is float:
        return pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)
    if kind is int:
        return pd.api.types.is_integer_dtype(dtype)
    return pd.api.types.is_bool_dtype(dtype) if kind is bool else kind is str and pd.api.types.is_string_dtype(dtype)


def _is(value: object, kind: type) -> bool:
    """Whether one value is of that kind."""
    if kind is list:
        return isinstance(value, list | tuple | np.ndarray) and all(_is(one, float) for one in value)
    if kind is float:
        return isinstance(value, float | int | np.floating | np.integer) and not isinstance(value, bool | np.bool_)
    if kind is int:
        return isinstance(value, int | np.integer) and not isinstance(value, bool | np.bool_)
    return isinstance(value, bool | np.bool_) if kind is bool else isinstance(value, kind)
