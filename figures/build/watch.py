"""Live progress of long work: how much is done over all and how long the rest takes, and a bar for each part under way."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from simulate.runs.progress import reports

LINE_EVERY = 20.0  # seconds between lines in a log file, where no bar can move


@dataclass
class Overall:
    """How much of a command is done: `total` cells of all its experiments, of which `done` are finished in this process."""

    total: int
    done: int = 0
    start: float = field(default_factory=time.monotonic)

    def text(self, inside: float = 0.0) -> str:
        """ "3 of 12, about 7 minutes left"; inside: cells' worth of work done in parts that are under way.

        The rest is taken to go on at the mean speed so far. Before a hundredth of a cell is done it says what the silence means.
        """
        worked = self.done + inside
        count = f"{self.done} of {self.total}"
        if worked < 0.01:
            return f"{count}, the first are being prepared and computed"
        left = (time.monotonic() - self.start) * max(self.total - worked, 0) / worked
        return f"{count}, about {duration(left)} left"


def duration(seconds: float) -> str:
    """A time as a person says it: "40 seconds", "7 minutes", "2.5 hours"."""
    if seconds < 90:
        return f"{seconds:.0f} second{'' if round(seconds) == 1 else 's'}"
    return f"{seconds / 60:.0f} minutes" if seconds < 90 * 60 else f"{seconds / 3600:.1f} hours"


class _View:
    """The bars on a terminal, or a line now and then in a log file."""

    def __init__(self, workspace: Path, name: str, cells: int, overall: Overall, progress: Progress, live: bool):
        self.workspace, self.name, self.cells, self.overall, self.progress, self.live = (
            workspace, name, cells, overall, progress, live,
        )  # fmt: skip
        self.whole = progress.add_task(name, total=cells, left="")
        self.parts: dict[str, TaskID] = {}
        self.done = 0
        self.last_line = time.monotonic()

    def advance(self) -> None:
        """One cell of this experiment is finished."""
        self.done += 1
        self.overall.done += 1
        self.progress.advance(self.whole)

    def refresh(self) -> None:
        """Show what is under way now."""
        under_way = reports(self.workspace)
        inside = sum(entry["done"] / entry["total"] for entry in under_way)
        self.progress.update(self.whole, left=self.overall.text(inside))
        for entry in under_way:
            if entry["label"] not in self.parts:
                self.parts[entry["label"]] = self.progress.add_task("", total=entry["total"], left="")
            text = f"  {entry['label']} {entry['note']}"
            self.progress.update(self.parts[entry["label"]], completed=entry["done"], description=text)
        for label in set(self.parts) - {entry["label"] for entry in under_way}:
            self.progress.remove_task(self.parts.pop(label))
        if not self.live and time.monotonic() - self.last_line > LINE_EVERY:
            self.last_line = time.monotonic()
            print(self.line(under_way, inside), flush=True)

    def line(self, under_way: list[dict[str, Any]], inside: float) -> str:
        """The line of a log file."""
        parts = "; ".join(f"{e['label']} {e['done']}/{e['total']} {e['note']}".strip() for e in under_way)
        here = f"{self.name:<16} {self.done} of {self.cells} cells"
        return f"{here}; in all {self.overall.text(inside)}" + (f" ({parts})" if parts else "")


@contextlib.contextmanager
def watched(workspace: Path, name: str, cells: int, overall: Overall | None = None) -> Iterator[Callable[[], None]]:
    """Show live progress of an experiment, and of the long cells that report on themselves; yields the per-cell callback.

    overall: counts the cells of all experiments of a command, so that one line says how long the whole still takes.
    """
    columns = (
        TextColumn("{task.description:<34}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
    )
    console = Console()
    finished = Event()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        view = _View(workspace, name, cells, overall or Overall(cells), progress, console.is_terminal)

        def watch() -> None:
            while not finished.wait(0.5):
                view.refresh()

        watcher = Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield view.advance
        finally:
            finished.set()
            watcher.join()
