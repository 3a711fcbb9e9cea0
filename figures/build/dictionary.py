"""The data dictionary: what every column of every table of results means, from what the experiments declare."""

import importlib.util
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from simulate.runs.columns import KINDS, Column, declared
from simulate.runs.experiment import Experiment
from simulate.runs.files import atomic

HEAD = """# The tables of results

One Parquet file per experiment. Read one with `pandas.read_parquet("paper/results/hebbian.parquet")` or with DuckDB.
The metadata of a file names the code and the configuration that made it (`cwb.key`) and the preset (`cwb.preset`);
`cwb reproduce paper --only NAME` makes a table anew. This page is written by `cwb paper` from the `columns` that each
experiment declares; `cwb simulate experiments NAME` prints the same for one table.

A number without a unit is a pure number. A value may be missing (NaN) only where the last column says why.
"""


@cache
def columns_of(name: str) -> Mapping[str, Column]:
    """The declared columns of the table `name`; {} if no experiment has that name. No experiment is imported for it."""
    for package in ("simulate.experiments", "realmodels.experiments"):
        spec = importlib.util.find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            if (path := Path(folder) / f"{name}.py").is_file():
                return declared(path)
    return {}


def rows(columns: Mapping[str, Column]) -> list[dict[str, Any]]:
    """The columns of one table as records: column, meaning, kind (in words), unit, optional (why a value may be missing)."""
    return [
        {"column": name, "meaning": each.meaning, "kind": KINDS[each.kind], "unit": each.unit, "optional": each.optional}
        for name, each in columns.items()
    ]


def page(experiments: Iterable[Experiment]) -> str:
    """The dictionary of these experiments' tables, as Markdown."""
    parts = [HEAD]
    for experiment in sorted(experiments, key=lambda one: one.name):
        parts.append(f"## {experiment.name}\n\n{experiment.question}\n")
        lines = ["| column | meaning | kind | unit | may be missing |", "|---|---|---|---|---|"]
        for row in rows(experiment.columns):
            cells = [f"`{row['column']}`", row["meaning"], row["kind"], row["unit"], row["optional"]]
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def update(path: Path, experiments: Iterable[Experiment]) -> bool:
    """Bring the page at `path` up to date: True if it changed."""
    text = page(experiments)
    if path.is_file() and path.read_bytes() == text.encode():
        return False
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return True
