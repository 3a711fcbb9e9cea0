"""The declared experiments of the project, and their tables: which are fresh, which are stale, how they are made."""

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from graphlib import TopologicalSorter
from pathlib import Path

import pandas as pd

from figures.build.layout import Layout
from simulate.runs.experiment import Experiment, Preset
from simulate.runs.store import read_table, write_table
from theory.errors import UserError


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


def state(layout: Layout, experiment: Experiment) -> str:
    """ "fresh", "stale" (made by other code or another configuration, or unreadable) or "missing"."""
    path = table_path(layout, experiment.name)
    if not path.exists():
        return "missing"
    try:
        about = read_table(path)[1]
    except Exception:  # whatever a damaged file makes the reader raise, the cure is the same
        return "stale"
    return "fresh" if about.get("key") == experiment.fingerprint(layout.preset) else "stale"


def stale_tables(layout: Layout) -> dict[str, str]:
    """The tables that are not fresh: {name: "stale" | "missing"}."""
    states = {name: state(layout, experiment) for name, experiment in experiments().items()}
    return {name: word for name, word in states.items() if word != "fresh"}


def make_table(
    layout: Layout, experiment: Experiment, workers: int, cluster: str | None, on_cell: Callable[[], None]
) -> pd.DataFrame:
    """Compute the missing cells of an experiment and write its table, with its fingerprint, in one step."""
    from simulate.runs.sweep import run_cells

    preset: Preset = layout.preset
    frame = run_cells(experiment, preset, layout.workspace, workers=workers, cluster=cluster, on_cell=on_cell)
    write_table(table_path(layout, experiment.name), frame, experiment.fingerprint(preset), preset=preset)
    return frame
