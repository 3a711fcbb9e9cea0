"""How long the experiments take: what earlier runs took per cell, and from it how long the rest of a run takes."""

import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from figures.build.layout import PAPER, Layout
from figures.build.watch import duration
from simulate.runs.files import atomic, read_json, write_json
from theory.errors import UserError

FILE = "times.json"


def _read(path: Path) -> dict[str, float]:
    """{"preset/experiment": seconds per cell} from a file; empty if there is none or it is damaged."""
    try:
        stored = read_json(path, "delete it")
    except UserError:
        return {}
    pairs = stored.items() if isinstance(stored, dict) else ()
    return {name: float(value) for name, value in pairs if isinstance(value, int | float) and value >= 0}


@dataclass
class Schedule:
    """The experiments of one run: how many are done, and how long the others take.

    cells: cells of each experiment that is to be computed. The time of one is its cells times the seconds per cell of an earlier
    run, here or as committed with the results, scaled by how much faster or slower this run has been so far.
    """

    layout: Layout
    cells: Mapping[str, int]
    done: list[str] = field(default_factory=list)
    seconds: float = 0.0
    began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.known = {**_read(PAPER / "results" / FILE), **_read(self.layout.workspace / FILE)}

    def _expected(self, name: str) -> float | None:
        """Seconds that the experiment takes at the speed of earlier runs; None if it was never timed."""
        each = self.known.get(f"{self.layout.preset}/{name}")
        return None if each is None else each * self.cells[name]

    def left(self) -> float | None:
        """Seconds until all are done; None if nothing is known yet."""
        todo = [name for name in self.cells if name not in self.done]
        timed = [name for name in self.done if self._expected(name)]
        expected = sum(self._expected(name) or 0 for name in timed)
        scale = self.seconds / expected if len(timed) == len(self.done) and expected > 1 else 1.0
        cells_done = sum(self.cells[name] for name in self.done)
        mean = self.seconds / cells_done if cells_done else None
        total = 0.0
        for name in todo:
            known = self._expected(name)
            if known is None and mean is None:
                return None
            total += known * scale if known is not None else (mean or 0.0) * self.cells[name]
        return total

    def text(self) -> str:
        """ "3 of 12 experiments, about 7 minutes left"."""
        left, count = self.left(), f"{len(self.done)} of {len(self.cells)} experiments"
        if len(self.done) == len(self.cells):
            return f"{count} done"
        return f"{count}, {'not timed before' if left is None else f'about {duration(left)} left'}"

    def finished(self, name: str, seconds: float) -> None:
        """Note that an experiment is done, and, for the next run, what a cell of it took."""
        self.done.append(name)
        self.seconds += seconds
        path = self.layout.workspace / FILE
        key = f"{self.layout.preset}/{name}"
        times = {**_read(path), key: round(seconds / max(self.cells[name], 1), 4)}
        with contextlib.suppress(OSError), atomic(path) as temporary:
            write_json(temporary, dict(sorted(times.items())))
