"""`cwb simulate`: the solvable memories, one sweep, one frontier."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional, subcommand

from simulate.runs.preset import Preset

if TYPE_CHECKING:
    from simulate.runs.experiment import Experiment


@dataclass(frozen=True)
class Systems:
    """The memories, learners and code families that can be simulated; with a name, all about that one."""

    name: Positional[str | None] = None
    """A system."""
    json: bool = False
    """Print JSON."""

    def run(self) -> None:
        """Print a line each, or one in full."""
        from figures.cli.assign import show_json
        from simulate.system.registry import about, modules, registry, systems

        found = about(self.name) if self.name else systems()
        if self.json:
            show_json(found)
        elif isinstance(found, list):
            for entry in found:
                print(f"{entry['kind']:<8} {entry['name']:<22} {entry['claim']:<15} {entry['description']}")
            bound = {module for _, module, _ in registry().values()}
            others = [name for name, (_, module) in modules().items() if module not in bound]
            print(f"\nWithout a frontier of their own, in simulate/memories and simulate/networks: {', '.join(others)}")
            print("cwb simulate systems NAME tells its parameters and how it works; cwb simulate frontier NAME ... measures it")
        else:
            text = found.pop("text")
            parameters = "  ".join(f"{key}={'?' if value is None else value}" for key, value in found.pop("parameters").items())
            for key, value in {**found, "parameters": parameters}.items():
                print(f"{key:<12} {value}")
            print(f"\n{text}")


@dataclass(frozen=True)
class Experiments:
    """The declared experiments: question, prediction, falsifier, controls, cells and columns; with a name, one in full."""

    name: Positional[str | None] = None
    """An experiment: every column of its table is explained."""
    json: bool = False
    """Print JSON."""

    def run(self) -> None:
        """Print them in the order in which they run."""
        from figures.build.experiments import chosen, experiments
        from figures.cli.output import show_json

        known = experiments()
        if self.name is not None:
            (name,) = chosen([self.name], known, "experiment")
            show_json(_about(known[name])) if self.json else _print_experiment(known[name], whole=True)
            return
        simulations = [one for one in known.values() if one.run.__module__.startswith("simulate.")]
        if self.json:
            show_json([_about(one) for one in simulations])
            return
        for one in simulations:
            _print_experiment(one)
        print("cwb simulate experiments NAME explains every column of one table")


def _about(experiment: Experiment) -> dict[str, Any]:
    """What an experiment declares, with the number of its cells under each preset, and its columns as records."""
    from figures.build.dictionary import rows
    from simulate.runs.experiment import PRESETS

    words = {name: getattr(experiment, name) for name in ("name", "question", "prediction", "falsifier", "controls")}
    cells = {preset: len(experiment.cells(preset)) for preset in PRESETS}
    return {**words, "cells": cells, "columns": rows(experiment.columns)}


def _print_experiment(experiment: Experiment, whole: bool = False) -> None:
    """Print one experiment; whole: with a table of its columns, else with their names alone."""
    import textwrap

    from figures.cli.output import show_table

    about = _about(experiment)
    columns, cells = about.pop("columns"), about.pop("cells")["paper"]
    print(f"{about.pop('name')}  (cells: {cells}; run it: cwb reproduce --only {experiment.name})")
    if not whole:
        about["columns"] = ", ".join(row["column"] for row in columns)
    for key, text in about.items():
        print(textwrap.fill(f"{key}: {text}", 118, initial_indent="    ", subsequent_indent="        "))
    print()
    if whole:
        show_table(columns, title="columns of the table")


@dataclass(frozen=True)
class Sweep:
    """Run all simulations of a preset (the sweeps over tasks x depth x activity and the single laws)."""

    preset: Positional[Preset] = "quick"
    """quick or paper."""
    workers: int = len(os.sched_getaffinity(0))
    """Processes on this machine."""
    cluster: str | None = None
    """Address of a Dask scheduler, used instead of local processes."""
    out: Path | None = None
    """Folder for everything that is made."""

    def run(self) -> int:
        """Run them; resumable."""
        from figures.build.experiments import experiments
        from figures.cli.reproduce import Reproduce

        names = tuple(name for name, e in experiments().items() if e.run.__module__.startswith("simulate."))
        return Reproduce(self.preset, names, self.workers, self.cluster, self.out).run()


@dataclass(frozen=True)
class Frontier:
    """The largest number of tasks that one system holds, measured now: `cwb simulate frontier delta N=256 D=8 a=0.1`."""

    system: Positional[str]
    """A memory or learner of `cwb simulate systems`."""
    assignments: Positional[tuple[str, ...]] = ()
    """name=value ...: sizes of the system."""
    json: bool = False
    """Print JSON."""

    def run(self) -> None:
        """Print the measured frontier beside the ceiling."""
        from figures.cli.assign import assignments, show_json, show_record
        from simulate.system.registry import frontier

        answer = frontier(self.system, **assignments(self.assignments))
        show_json(answer) if self.json else show_record(answer)


@dataclass(frozen=True)
class Simulate:
    """Solvable memories and learners: list them, sweep them, find one's frontier."""

    command: (
        Annotated[Systems, subcommand("systems")]
        | Annotated[Experiments, subcommand("experiments")]
        | Annotated[Sweep, subcommand("sweep")]
        | Annotated[Frontier, subcommand("frontier")]
    )

    def run(self) -> int | None:
        """Run the chosen command."""
        return self.command.run()
