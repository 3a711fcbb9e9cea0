"""Tables of Typst as LaTeX: columns that fit the line, a head that returns on every page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from figures.build.latex.evaluate import nodes
from theory.errors import UserError

LINE = 92
"""Characters of small type in a line of the page: a table with fewer in all its columns needs no broken cells."""
SHORT = 18
"""Longest cell, in characters, of a column that is never broken."""


def table(node: dict[str, Any], write: Callable[[Any], str], caption: str = "") -> str:
    """A longtable with the caption above, or without one. Raises UserError for cells that reach over several rows."""
    columns = node["columns"] if isinstance(node["columns"], int) else len(node["columns"])
    body, head, row, filled = [], "", [], 0
    widths = [0] * columns
    for part in _parts(node["children"]):
        if part == "rule":
            body.append(r"\hline")
            continue
        if part == "head":
            head, body = "\n".join([*body, r"\hline"]), []
            continue
        span = part.get("colspan") or 1
        if (part.get("rowspan") or 1) != 1:
            raise UserError("LaTeX: a cell of a table reaches over several rows: write one cell for each row")
        words = write(part.get("body", part))
        if span == 1:
            widths[filled] = max(widths[filled], _length(part))
        row.append(words if span == 1 else rf"\multicolumn{{{span}}}{{c}}{{{words}}}")
        filled += span
        if filled == columns:
            body.append(" & ".join(row) + r" \\")
            row, filled = [], 0
    lines = [rf"\begin{{longtable}}{{{_layout(widths)}}}"]
    lines += [caption + r" \\"] if caption else []
    lines += [head, r"\endhead"] if head else []
    return "\n".join([r"{\small", *lines, *body, r"\end{longtable}", "}"])


def _parts(children: list[Any]) -> Any:
    """Cells one by one, "rule" for a line, "head" behind the cells of the head."""
    for child in children:
        name = child["func"]
        if name == "header":
            yield from child["children"]
            yield "head"
        elif name == "hline":
            yield "rule"
        elif name not in ("vline", "footer"):
            yield child


def _length(cell: Any) -> int:
    """Characters that a cell shows in one line, roughly."""
    return sum(len(node["text"]) if isinstance(node.get("text"), str) else 1 for node in nodes(cell) if node.get("func") in SHOWN)


SHOWN = ("text", "symbol", "raw", "space", "smartquote")


def _layout(widths: list[int]) -> str:
    """One letter per column; columns that would pass the line share what is left of it."""
    if sum(widths) + 2 * len(widths) <= LINE:
        return "l" * len(widths)
    short = SHORT if max(widths) > SHORT else 0
    fixed = sum(width + 2 for width in widths if width <= short)
    shares = [0 if width <= short else width**0.7 for width in widths]
    left = max(0.3, 1 - fixed / LINE)
    parts = []
    for share in shares:
        width = left * share / sum(shares) - 0.02
        parts.append(rf">{{\raggedright\arraybackslash}}p{{{width:.3f}\linewidth}}" if share else "l")
    return "".join(parts)
