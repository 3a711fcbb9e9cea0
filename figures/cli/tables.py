"""`cwb tables`: the stored tables of results, as text, JSON, CSV, Markdown or LaTeX."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tyro.conf import Positional

from figures.cli.output import Format
from simulate.runs.preset import Preset

if TYPE_CHECKING:
    import pandas as pd

    from figures.build.layout import Layout

HEAD = 5
"""Rows that are shown of a table as text."""
COLUMNS = {
    "rows": "number of rows",
    "state": "fresh: made by the present code and configuration; stale: by another; missing; unreadable",
    "figures": "numbers of the figures that are drawn from it",
    "verdicts": "the verdicts that are judged on it",
}


@dataclass(frozen=True)
class Tables:
    """The stored tables of results; with a name, that table. `cwb tables hebbian --format csv > hebbian.csv`."""

    name: Positional[str | None] = None
    """A table. Without one, a list of all: rows, state, what is drawn and judged from each."""
    format: Format = "text"
    """How to print it: text (what each column means, and the first rows), or json, csv, markdown or latex (all rows)."""
    json: bool = False
    """Print JSON, the same as --format json."""
    preset: Preset = "paper"
    """Whose tables: the committed ones, or those of the last quick run."""
    out: Path | None = None
    """Where the tables are read: the folder that was given to `cwb reproduce --out`."""

    def run(self) -> None:
        """Print the list, or one table."""
        from figures.build.layout import Layout
        from figures.cli.output import show_table
        from figures.cli.publish import warn_stale

        layout = Layout.of(self.preset, self.out)
        format: Format = "json" if self.json else self.format
        if self.name is None:
            show_table(listed(layout), format, title=f"Tables of results ({layout.preset})", meanings=COLUMNS)
            warn_stale(layout)
            return
        from figures.build.experiments import chosen, fingerprints
        from figures.results import Results

        (name,) = chosen([self.name], fingerprints(layout), "table")
        frame = Results(layout.results).table(name)
        if format == "text":
            describe(layout, name, frame)
        else:
            show_table(list(records(frame)), format, title=name)


def listed(layout: Layout) -> list[dict[str, Any]]:
    """One row per experiment, in the order in which they run: its table, and what is made from it."""
    from figures.build.drawing import contents
    from figures.build.experiments import about_tables, states
    from figures.build.verdicts import tables_of_rules

    about, figures, rules = about_tables(layout), contents(layout).values(), tables_of_rules()
    return [
        {
            "table": name,
            "rows": (about.get(name) or {}).get("rows"),
            "state": state,
            "figures": ", ".join(figure.number for figure in figures if name in figure.tables),
            "verdicts": ", ".join(id for id, read in rules.items() if name in read),
        }
        for name, state in states(layout).items()
    ]


def describe(layout: Layout, name: str, frame: pd.DataFrame) -> None:
    """Print where a table lies, what its columns mean, in which unit, and its first rows."""
    from figures.build import dictionary
    from figures.build.experiments import table_path
    from figures.cli.output import show_table

    print(f"{table_path(layout, name)}: {len(frame)} rows\n")
    show_table(dictionary.rows(dictionary.columns_of(name)), title="What the columns mean")
    rows = [{"column": column, **{f"row {i}": row[column] for i, row in enumerate(records(frame[:HEAD]))}} for column in frame]
    show_table([{key: _shortened(value) for key, value in row.items()} for row in rows], title="The first rows, one per column")
    print(f"`cwb tables {name} --format csv` prints all rows")


def _shortened(value: Any) -> Any:
    """A long list by its first numbers and its length, a long text by its head."""
    if isinstance(value, list) and len(value) > 3:
        return f"[{', '.join(f'{x:.3g}' for x in value[:2])}, ... {len(value)} numbers]"
    return value[:37] + "..." if isinstance(value, str) and len(value) > 40 else value


def records(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The rows as JSON values; None where a value is missing."""
    import numpy as np

    for row in frame.to_dict("records"):
        plain = {name: value.tolist() if isinstance(value, np.ndarray | np.generic) else value for name, value in row.items()}
        yield {name: None if isinstance(value, float) and value != value else value for name, value in plain.items()}
