"""`cwb simulate`: the solvable memories, one sweep, one frontier, one curve of depth against tasks."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from tyro.conf import Positional, subcommand

from figures.cli.output import Format
from simulate.runs.preset import Preset
from theory.errors import UserError

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
        from figures.cli.output import show_json, show_table
        from simulate.system.registry import about, listed, modules, registry

        if self.name is None:
            known = listed()
            if self.json:
                show_json(known)
                return
            for entry in known:
                print(f"{entry['kind']:<8} {entry['name']:<22} {entry['claim']:<15} {entry['description']}")
            bound = {module for _, module, _ in registry().values()}
            others = [name for name, (_, module) in modules().items() if module not in bound]
            print(f"\nWithout a frontier of their own, in simulate/memories and simulate/networks: {', '.join(others)}")
            print("cwb simulate systems NAME explains one and its parameters; simulate frontier NAME and curve NAME measure it")
            return
        entry = about(self.name)
        if self.json:
            show_json(entry)
            return
        text, meanings, defaults = entry.pop("text"), entry.pop("meanings"), entry.pop("parameters")
        for key, value in entry.items():
            print(f"{key:<12} {value}")
        rows = [
            {"parameter": name, "default": _default(registry()[self.name][2].defaults[name]), **meanings[name]}
            for name in defaults
        ]
        print()
        show_table(rows)
        print(f"\n{text}")


def _default(value: Any) -> Any:
    """The default of a parameter, in words where it has none."""
    return "to be given" if isinstance(value, type) else "chosen by theory" if value is None else value


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

    resumes: ClassVar[bool] = True
    """Whether a command that is interrupted keeps what was finished, and goes on from there."""

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
        from figures.cli.assign import assignments
        from figures.cli.output import show_json
        from simulate.system.frontier import frontier

        answer = frontier(self.system, **assignments(self.assignments))
        show_json(answer.to_dict()) if self.json else print(answer.show())


@dataclass(frozen=True)
class Curve:
    """Depth against the number of tasks, beside the law and the ceiling: `cwb simulate curve delta N=256 D=8 --tasks 1:60`."""

    system: Positional[str]
    """A memory or learner of `cwb simulate systems`."""
    assignments: Positional[tuple[str, ...]] = ()
    """name=value ...: sizes of the system, and T=1:60, the numbers of tasks."""
    tasks: str | None = None
    """Numbers of tasks, as T=... says them: 1:60 (both ends), 1:60:5 (every fifth) or 1,2,5; if not given, up to twice the
    ceiling."""
    format: Format = "text"
    """text, json, csv, markdown or latex."""
    json: bool = False
    """Print JSON: the same as --format json."""

    def run(self) -> None:
        """Print one row per number of tasks."""
        from figures.cli.assign import assignments
        from figures.cli.output import show_json, show_table
        from simulate.system.curve import curve

        tasks = [word.removeprefix("T=") for word in self.assignments if word.startswith("T=")]
        tasks += [] if self.tasks is None else [self.tasks]
        if len(tasks) > 1:
            raise UserError(f"numbers of tasks are given twice, as {' and '.join(tasks)}: give them once")
        sizes = assignments([word for word in self.assignments if not word.startswith("T=")])
        answer = curve(self.system, task_range(tasks[0]) if tasks else None, **sizes)
        if self.json or self.format == "json":
            show_json(answer.to_dict())
        elif self.format == "text":
            print(answer.show())
        else:
            frame = answer.to_frame()
            rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
            show_table(rows, self.format, title=repr(answer), meanings=answer.columns())


def task_range(text: str) -> range | list[int]:
    """Numbers of tasks from 1:60 (both ends), 1:60:5 or 1,2,5. Raises UserError for anything else."""
    try:
        if ":" in text:
            first, last, *step = map(int, text.split(":"))
            (every,) = step or [1]
            return range(first, last + 1, every)
        return [int(word) for word in text.split(",")]
    except ValueError:
        raise UserError(f"numbers of tasks {text!r}: write 1:60, 1:60:5 or 1,2,5") from None


@dataclass(frozen=True)
class Simulate:
    """Solvable memories and learners: list them, sweep them, measure the frontier or the curve of one."""

    command: (
        Annotated[Systems, subcommand("systems")]
        | Annotated[Experiments, subcommand("experiments")]
        | Annotated[Sweep, subcommand("sweep")]
        | Annotated[Frontier, subcommand("frontier")]
        | Annotated[Curve, subcommand("curve")]
    )

    def run(self) -> int | None:
        """Run the chosen command."""
        return self.command.run()
