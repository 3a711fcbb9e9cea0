"""The declared experiments of the project, and their tables: which are fresh, which are stale, how they are made."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from figures.build.layout import Layout
from figures.build.remembered import CODE, remembered, sources, tables
from simulate.runs.files import digest
from simulate.runs.preset import Preset
from theory.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from simulate.runs.experiment import Experiment


def experiments() -> dict[str, Experiment]:
    """All experiments by name, each after those that it needs; adding a file to an `experiments` folder adds one."""
    found: dict[str, Experiment] = {}
    for package in ("simulate.experiments", "realmodels.experiments"):
        module = importlib.import_module(package)
        for info in pkgutil.iter_modules(module.__path__):
            experiment = importlib.import_module(f"{package}.{info.name}").EXPERIMENT
            found[experiment.name] = experiment
    order = TopologicalSorter({name: experiment.after for name, experiment in found.items()}).static_order()
    return {name: found[name] for name in order}


def chosen(names: Iterable[str], among: Iterable[str], what: str) -> list[str]:
    """The names asked for, or all of `among` if none is. Raises UserError for a name that is not among them."""
    known = list(among)
    for name in names:
        if name not in known:
            raise UserError(f"no {what} {name!r}: choose among {', '.join(known)}")
    return list(names) or known


def table_path(layout: Layout, name: str) -> Path:
    """Where the table of an experiment lies."""
    return layout.results / f"{name}.parquet"


def fingerprints(layout: Layout) -> dict[str, str]:
    """{experiment: the fingerprint that its table has if it is fresh}, in the order in which they run; remembered."""
    name, key = f"fingerprints-{layout.preset}", sources(*CODE, "figures/build")
    note = "the code has changed: comparing the tables with it, some 20 seconds"
    return remembered(name, key, lambda: {name: e.fingerprint(layout.preset) for name, e in experiments().items()}, note=note)


def _about(path: Path) -> dict[str, Any] | None:
    """What a table says about itself: key, preset, rows; None if it cannot be read."""
    import pyarrow.parquet as pq

    from simulate.runs.store import read_about

    try:
        return {**read_about(path), "rows": pq.read_metadata(path).num_rows}
    except Exception:  # whatever a damaged file makes the reader raise, the cure is the same
        return None


def about_tables(layout: Layout) -> dict[str, dict[str, Any] | None]:
    """{table: what it says about itself (key, preset, rows), or None if it cannot be read}; remembered."""
    contents = tables(layout.results)
    name = f"tables-{layout.preset}"
    key = digest(contents, sources("figures/build"))

    def compute() -> dict[str, Any]:
        return {name: _about(table_path(layout, name)) for name in contents}

    return remembered(name, key, compute, workspace=layout.workspace)


def states(layout: Layout) -> dict[str, str]:
    """{experiment: "fresh", "stale" (made by other code or another configuration), "missing" or "unreadable"}, in order."""
    about = about_tables(layout)

    def word(name: str, fingerprint: str) -> str:
        if name not in about:
            return "missing"
        stored = about[name]
        return "unreadable" if stored is None else "fresh" if stored.get("key") == fingerprint else "stale"

    return {name: word(name, fingerprint) for name, fingerprint in fingerprints(layout).items()}


def state(layout: Layout, experiment: Experiment) -> str:
    """State of the table of one experiment, as in `states`."""
    return states(layout)[experiment.name]


def stale_tables(layout: Layout) -> dict[str, str]:
    """The tables that are not fresh: {name: "stale", "missing" or "unreadable"}."""
    return {name: word for name, word in states(layout).items() if word != "fresh"}


def foreign_tables(layout: Layout) -> list[str]:
    """Names of the tables in the folder of results that belong to no experiment."""
    return sorted(set(tables(layout.results)) - set(fingerprints(layout)))


def make_table(
    layout: Layout, experiment: Experiment, workers: int, cluster: str | None, on_cell: Callable[[], None]
) -> pd.DataFrame:
    """Declare an experiment, compute its missing cells, and write its record and its table, each in one step."""
    from figures.build.declared import declare_experiment, record_table
    from simulate.runs.store import write_table
    from simulate.runs.sweep import connected, run_cells

    if cluster is not None:  # before anything is written
        connected(cluster).close()
    preset: Preset = layout.preset
    declaration = declare_experiment(layout, experiment)
    frame = run_cells(experiment, preset, layout.workspace, workers, cluster, on_cell, declaration)
    record_table(layout, experiment)
    write_table(table_path(layout, experiment.name), frame, experiment.fingerprint(preset), preset=preset)
    return frame
