"""The base of all results that a person asks for: a small frozen dataclass whose fields know their unit and their meaning.

A result declares each number once:

    @dataclass(frozen=True)
    class Frontier(Answer):
        measured_T: int = field("tasks", "Largest number of tasks that the system was seen to hold.")

From that come JSON (`to_dict`), a table (`to_frame`), a picture (`plot`), the text of the command line (`show`) and the view of
a notebook. A number that is not finite is a finding, not an accident: JSON has null there, and `not_finite` names it.
"""

import dataclasses
import html
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import Any, ClassVar

import pandas as pd

from theory.version import project_version


def field(unit: str, meaning: str, *, column: bool = False, **options: Any) -> Any:
    """A field of a result: its unit ("" if it has none) and its meaning, one sentence.

    column: the value is a sequence, and all column fields of the result have one length: together they are its table.
    options: passed on to `dataclasses.field` (default, default_factory, kw_only).
    """
    return dataclasses.field(metadata={"unit": unit, "meaning": meaning, "column": column}, **options)


def plain(value: Any) -> Any:
    """`value` in JSON's own types; None in place of a number that is not finite.

    NumPy, JAX and torch arrays become lists, tables lists of records, paths strings, results their dictionaries.
    """
    if isinstance(value, Answer):
        return value.to_dict()
    if isinstance(value, pd.DataFrame):
        return [plain(record) for record in value.to_dict("records")]
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if hasattr(value, "tolist"):  # an array or a scalar of NumPy, JAX or torch, or a pandas column
        return plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, PurePath):
        return str(value)
    return [plain(entry) for entry in value]


def not_finite(value: Any, name: str) -> list[str]:
    """Names of the numbers in `value` that are not finite: "depth", or "by_age.low" inside a mapping or a table, each once."""

    def names(value: Any, name: str) -> Iterator[str]:
        if isinstance(value, Answer):
            value = {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
        if isinstance(value, pd.DataFrame):
            value = {str(column): value[column] for column in value}
        if hasattr(value, "tolist"):
            value = value.tolist()
        if isinstance(value, Mapping):
            for key, entry in value.items():
                yield from names(entry, f"{name}.{key}" if name else str(key))
        elif isinstance(value, list | tuple):
            for entry in value:
                yield from names(entry, name)
        elif isinstance(value, float) and not math.isfinite(value):
            yield name

    return list(dict.fromkeys(names(value, name)))


def short(value: Any) -> str:
    """A value as a person reads it: four digits, and the first and last few of a long sequence."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if hasattr(value, "tolist"):
        return short(value.tolist())
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={short(entry)}" for key, entry in value.items())
    if isinstance(value, list | tuple):
        if len(value) > 6:
            return f"{', '.join(map(short, value[:4]))}, ... {short(value[-1])} ({len(value)} values)"
        return ", ".join(map(short, value))
    return "none" if value is None else str(value)


def _without_none(values: Iterable[Any]) -> list[Any]:
    """The values, with NaN for None among numbers, so that pandas makes a column of numbers of them."""
    entries = list(values)
    numbers = all(entry is None or isinstance(entry, int | float) for entry in entries)
    return [math.nan if entry is None else entry for entry in entries] if numbers else entries


@dataclasses.dataclass(frozen=True)
class Answer:
    """A result. Subclasses are frozen dataclasses whose fields are made by `field`.

    x, curves, band: names of the columns that `plot` draws: the horizontal axis, the lines, and the two edges of a shaded
    interval. A result without columns draws the fields named in `curves` as bars.
    """

    x: ClassVar[str] = ""
    curves: ClassVar[tuple[str, ...]] = ()
    band: ClassVar[tuple[str, str] | None] = None

    def __init_subclass__(cls, **options: Any):
        super().__init_subclass__(**options)
        cls.__repr__ = cls.__repr__  # now the class's own, so that `dataclass` does not write a long one

    def _fields(self, column: bool) -> dict[str, dataclasses.Field]:
        return {one.name: one for one in dataclasses.fields(self) if one.metadata.get("column", False) == column}

    def values(self) -> dict[str, Any]:
        """{field: value} as they are."""
        return {one.name: getattr(self, one.name) for one in dataclasses.fields(self)}

    def units(self) -> dict[str, str]:
        """{field: unit} of the fields that have one."""
        return {one.name: one.metadata["unit"] for one in dataclasses.fields(self) if one.metadata.get("unit")}

    def meanings(self) -> dict[str, str]:
        """{field: one sentence that says what it is}."""
        return {one.name: one.metadata.get("meaning", "") for one in dataclasses.fields(self)}

    def lines(self) -> list[tuple[str, Any, str, str]]:
        """(name, value, unit, meaning) of everything but the columns, as `show` and a notebook list them."""
        units, meanings = self.units(), self.meanings()
        numbers = ((name, value) for name, value in self.values().items() if name not in self._fields(column=True))
        return [(name, value, units.get(name, ""), meanings[name]) for name, value in numbers]

    @property
    def not_finite(self) -> list[str]:
        """Names of the numbers that are NaN or infinite; empty if all is well."""
        return not_finite(self.values(), "")

    def to_dict(self) -> dict[str, Any]:
        """The result in JSON's types: its fields, `units` {field: unit}, `version` of this project, `not_finite` [names].

        A number that is not finite is None, and `not_finite` names it.
        """
        about = {"units": self.units(), "version": project_version(), "not_finite": self.not_finite}
        return {**{name: plain(value) for name, value in self.values().items()}, **about}

    def to_frame(self) -> pd.DataFrame:
        """The column fields as a table; for a result without columns one row of all its fields."""
        columns = self._fields(column=True)
        if columns:
            return pd.DataFrame({name: _without_none(getattr(self, name)) for name in columns})
        return pd.DataFrame([{name: value for name, value in self.values().items() if not isinstance(value, Mapping)}])

    def plot(self, **options: Any) -> Any:
        """Draw it by pandas and return the axes; options are those of `DataFrame.plot` (ax, figsize, title, logy, ...)."""
        frame, units = self.to_frame(), self.units()
        if not self.x:
            names = self.curves or tuple(name for name in frame if frame[name].dtype.kind in "if")
            return frame[list(names)].T.plot(**{"kind": "barh", "legend": False, **options})

        def label(name: str) -> str:
            return f"{name} ({units[name]})" if name in units else name

        labels = {"xlabel": label(self.x), "ylabel": label(self.curves[0])}
        axes = frame.plot(x=self.x, y=[name for name in self.curves if frame[name].notna().any()], **{**labels, **options})
        if self.band:
            axes.fill_between(frame[self.x], frame[self.band[0]], frame[self.band[1]], alpha=0.2)
        return axes

    def show(self) -> str:
        """The text of the command line: a line per number with its unit and its meaning, then the table of the columns."""
        rows = [(name, f"{short(value)} {unit}".rstrip(), meaning) for name, value, unit, meaning in self.lines()]
        widths = [max((len(row[i]) for row in rows), default=0) for i in (0, 1)]
        lines = [f"{name:<{widths[0]}}  {value:<{widths[1]}}  {meaning}".rstrip() for name, value, meaning in rows]
        if self._fields(column=True):
            table = self.to_frame().to_string(index=False, na_rep="", float_format=lambda number: f"{number:.4g}")
            lines += ["", table, "", *(f"{name}: {text}" for name, text in self.columns().items())]
        if self.not_finite:
            lines += ["", f"Not finite: {', '.join(self.not_finite)}"]
        return "\n".join(lines)

    def columns(self) -> dict[str, str]:
        """{column: its meaning, with the unit in brackets}."""
        units, meanings = self.units(), self.meanings()
        return {name: f"{meanings[name]}{f' [{units[name]}]' if name in units else ''}" for name in self._fields(column=True)}

    def __repr__(self) -> str:
        numbers = {name: value for name, value in self.values().items() if name not in self._fields(column=True)}
        columns = self._fields(column=True)
        rows = [f"{len(self.to_frame())} rows of {', '.join(columns)}"] if columns else []
        brief = [f"{name}={short(value)}" for name, value in numbers.items() if not isinstance(value, Mapping | list | tuple)]
        return f"{type(self).__name__}({', '.join([*brief, *rows])})"

    def _repr_html_(self) -> str:
        cells = ((name, short(value), unit, meaning) for name, value, unit, meaning in self.lines())
        rows = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in cells)
        table = f"<table><tr><th>{type(self).__name__}</th><th></th><th>unit</th><th>meaning</th></tr>{rows}</table>"
        return table + (self.to_frame().to_html(index=False, max_rows=20) if self._fields(column=True) else "")
