"""What the commands print: JSON, aligned records, and tables as text, JSON, CSV, Markdown or LaTeX."""

from __future__ import annotations

import codecs
import csv
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any, Literal, get_args

from theory.errors import UserError

Format = Literal["text", "json", "csv", "markdown", "latex"]
FORMATS: tuple[Format, ...] = get_args(Format)
WIDTH = 160
"""Columns of a table that is printed into a pipe or a file, where no terminal says how wide it is."""
PLAIN = {"−": "-", "–": "-", "·": "*", "×": "x", "≤": "<=", "≥": ">=", "≈": "~", "…": "...", "→": "->", "²": "^2", "³": "^3"}
"""What is printed in place of a character that the terminal cannot show; any other character is shown by its number."""

LATEX = {"−": "-", "×": r"\times", "·": r"\cdot", "≤": r"\le", "≥": r"\ge", "≈": r"\approx", "→": r"\to", "²": "^2", "³": "^3"}
"""Mathematics for the signs that a LaTeX document cannot hold as they are."""


def check_place(path: Path | None, option: str, kinds: Sequence[str] = ()) -> None:
    """Raise UserError unless a new file can be made at `path`: said before the work whose result goes there. None is no place.

    kinds: the endings that its name may have, such as ".png".
    """
    if path is None:
        return
    if path.is_dir() or path.name in ("", ".."):
        raise UserError(f"{option} {path} is a folder: name a file")
    if path.exists() or path.is_symlink():
        raise UserError(f"{option} {path} exists: name a file that does not exist yet")
    if kinds and path.suffix.lower() not in kinds:
        raise UserError(f"{option} {path}: the name ends in none of {', '.join(kinds)}: choose one of these")
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if not (folder.is_dir() and os.access(folder, os.W_OK)):
        raise UserError(f"{option} {path}: {folder} is no folder that can be written to: name another place")


def show_json(answer: Any) -> None:
    """Print an answer as JSON, two spaces deep. Raises UserError if a number in it is not finite; the message names it."""
    for place, value in _not_finite(answer):
        raise UserError(f"the result is not finite: {place} is {value}; nothing is printed: change the sizes or the input")
    utf8 = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "") == "utf8"
    print(json.dumps(answer, indent=2, ensure_ascii=not utf8, allow_nan=False))


def _not_finite(value: Any, place: str = "answer") -> Iterator[tuple[str, float]]:
    """(place, number) of each number in nested lists and mappings that is NaN or infinite."""
    if isinstance(value, float) and not isfinite(value):
        yield place, value
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from _not_finite(part, f"{place}.{key}")
    elif isinstance(value, list | tuple):
        for index, part in enumerate(value):
            yield from _not_finite(part, f"{place}[{index}]")


def show_table(
    rows: Sequence[Mapping[str, Any]],
    format: Format = "text",
    *,
    title: str = "",
    meanings: Mapping[str, str] | None = None,
    colours: Mapping[str, str] | None = None,
) -> None:
    """Print rows of equal keys as a table.

    format: text (aligned to the terminal), json (a list of objects), csv, markdown or latex (booktabs).
    title: one line above the table, a comment in LaTeX, left out of CSV, JSON and Markdown. colours: {cell: colour}, for text.
    meanings: {column: what it is, with its unit}, below the table; in LaTeX as comments, left out of CSV and JSON.
    CSV and JSON hold every digit, text, Markdown and LaTeX four. CSV writes a list as JSON.
    """
    columns = list(rows[0]) if rows else []
    if format == "json":
        show_json([dict(row) for row in rows])
    elif format == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_full(row[column]) for column in columns] for row in rows)
    elif format == "text":
        _show_text(rows, columns, title, colours or {})
        _show_meanings(columns, meanings, "  {}: {}")
    else:
        from tabulate import tabulate

        cells = [[brief(row[column]) for column in columns] for row in rows]
        if format == "markdown":
            cells = [[cell.replace("|", "\\|").replace("\n", " ") for cell in line] for line in cells]
            print(tabulate(cells, columns, tablefmt="pipe", disable_numparse=True))
            _show_meanings(columns, meanings, "* `{}`: {}")
        else:
            print(*([f"% {title}"] if title else []), sep="\n", end="\n" if title else "")
            text = tabulate(cells, columns, tablefmt="latex_booktabs", disable_numparse=True)
            print("".join(f"${LATEX[c]}$" if c in LATEX else c for c in text))
            _show_meanings(columns, meanings, "% {}: {}")


def brief(value: Any) -> str:
    """A number to four digits, a list as [a, b], nothing for None, anything else as it is."""
    if isinstance(value, bool) or value is None:
        return "" if value is None else str(value).lower()
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(brief, value)) + "]"
    return str(value)


def _full(value: Any) -> Any:
    """A cell of a CSV file, with every digit: a list as JSON, nothing for None."""
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else value


def _show_text(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], title: str, colours: Mapping[str, str]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    numbers = {c for c in columns if all(isinstance(row[c], int | float) and not isinstance(row[c], bool) for row in rows)}
    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in numbers else "left")
    for row in rows:
        cells = [brief(row[column]) for column in columns]
        table.add_row(*(Text(cell, style=colours.get(cell, "")) for cell in cells))
    Console(width=None if sys.stdout.isatty() else WIDTH).print(table)


def _show_meanings(columns: Sequence[str], meanings: Mapping[str, str] | None, line: str) -> None:
    known = [column for column in columns if meanings and column in meanings]
    if known:
        print()
    for column in known:
        print(line.format(column, (meanings or {})[column]))


def show_record(record: Mapping[str, Any]) -> None:
    """Print a record as aligned lines; a list of records as a small table, a list of numbers by its ends."""
    width = max(map(len, record), default=0)
    for name, value in record.items():
        if isinstance(value, list) and value and isinstance(value[0], Mapping):
            print(f"{name}:\n  " + "  ".join(f"{column:>8}" for column in value[0]))
            for row in value:
                print("  " + "  ".join(f"{_short(cell):>8}" for cell in row.values()))
        elif isinstance(value, list) and len(value) > 5:
            print(f"{name:<{width}}  {', '.join(map(_short, value[:5]))}, ... {_short(value[-1])} ({len(value)} values)")
        else:
            print(f"{name:<{width}}  {_short(value)}")


def _short(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_short, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _replaced(error: UnicodeError) -> tuple[str, int]:
    """The error handler of `degrade`: plain characters for those that an encoding lacks, the number of any other."""
    assert isinstance(error, UnicodeEncodeError)
    lacking = error.object[error.start : error.end]
    return "".join(PLAIN.get(c) or c.encode("ascii", "backslashreplace").decode() for c in lacking), error.end


def degrade() -> None:
    """Let output into a terminal or pipe that is not UTF-8 lose its finer characters instead of ending in an error."""
    codecs.register_error("cwb", _replaced)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # what a test puts in their place may not have it
            stream.reconfigure(errors="cwb")
