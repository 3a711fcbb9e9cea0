"""A table of text: aligned in a terminal, HTML in a notebook, a pandas frame on demand."""

from __future__ import annotations

import html
import importlib
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

WIDTH = 110
"""Columns of a terminal."""


class Table(Sequence[dict[str, Any]]):
    """Rows of one shape. `table[0]` is a row; `table["C2"]` is the row whose first column is "C2"; `for row in table` works.

    rows: mappings with the same keys. hint: a line below the table that says how to go on.
    """

    def __init__(self, rows: Sequence[Mapping[str, Any]], hint: str = ""):
        self.rows = tuple(dict(row) for row in rows)
        self.hint = hint

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self.rows[0]) if self.rows else ()

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows)

    def __getitem__(self, key: Any) -> Any:
        """A row by its number or by its first column; rows by a slice. Raises KeyError or IndexError."""
        if not isinstance(key, str):
            return self.rows[key]
        for row in self.rows:
            if row[self.columns[0]] == key:
                return row
        raise KeyError(f"no {self.columns[0]} {key!r}" if self.rows else f"the table is empty: no {key!r}")

    def to_frame(self) -> Any:
        """The table as a pandas DataFrame."""
        return importlib.import_module("pandas").DataFrame(list(self.rows), columns=list(self.columns))

    def __repr__(self) -> str:
        """Aligned columns; the last but one that is long gives way, so that a line fits a terminal."""
        if not self.rows:
            return "(no rows)"
        cells = [list(self.columns), *([_text(row[name]) for name in self.columns] for row in self.rows)]
        widths = [max(len(line[i]) for line in cells) for i in range(len(self.columns))]
        longest = widths.index(max(widths))
        widths[longest] = max(20, min(widths[longest], WIDTH - sum(widths) + widths[longest] - 2 * len(widths)))
        lines = [line for row in cells for line in _wrapped(row, widths)]
        return "\n".join([*lines, *(["", self.hint] if self.hint else [])])

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{html.escape(name)}</th>" for name in self.columns)
        body = "".join(
            "<tr>"
            + "".join(f'<td style="text-align:left">{html.escape(_text(row[name]))}</td>' for name in self.columns)
            + "</tr>"
            for row in self.rows
        )
        hint = f"<p><code>{html.escape(self.hint)}</code></p>" if self.hint else ""
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{hint}"


def _text(value: Any) -> str:
    return ", ".join(map(_text, value)) if isinstance(value, list | tuple) else "" if value is None else str(value)


def _wrapped(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    """One row as the lines that it takes when each cell is wrapped to the width of its column."""
    columns = [textwrap.wrap(cell, width) or [""] for cell, width in zip(row, widths, strict=True)]
    height = max(map(len, columns))
    lines = zip(*(column + [""] * (height - len(column)) for column in columns), strict=True)
    return ["  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
