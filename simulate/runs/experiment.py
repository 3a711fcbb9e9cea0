"""What an experiment is: a question with a prediction, a falsifier and the columns of its table, declared before any cell runs.

One experiment, one file, in `simulate/experiments` or `realmodels/experiments`: the file binds `EXPERIMENT`. Its table of
results has the experiment's name; the rows are those of all cells, in the order of `cells`.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from simulate.runs.columns import Columns, fault
from simulate.runs.fingerprint import code_fingerprint
from simulate.runs.preset import PRESETS, Preset
from simulate.runs.store import Rows, Store, digest
from theory.errors import UserError

__all__ = ["PRESETS", "Cell", "Experiment", "Preset"]

Cell = Mapping[str, Any]


@dataclass(frozen=True)
class Experiment:
    """A declared experiment.

    cells(preset) lists configurations: JSON values only; every number that the result depends on, the seed included.
    run(cell, workspace) computes one cell and returns its rows: dictionaries of equal keys, scalars or lists of floats.
    It is a module-level function, deterministic in `cell`; `workspace` is a folder for checkpoints that outlive the cell.
    columns says what every column of the rows means, in which unit and of which kind (`simulate.runs.columns`).
    after names the experiments whose cells must be complete first (a stream is written into a model that was pretrained).
    """

    name: str
    question: str
    prediction: str
    falsifier: str
    controls: str
    columns: Columns
    cells: Callable[[Preset], Sequence[Cell]]
    run: Callable[[Cell, Path], Rows]
    after: tuple[str, ...] = ()

    def key(self, cell: Cell) -> str:
        """Key of one cell: digest of its configuration and of the code that computes it."""
        return digest(self.name, dict(cell), code_fingerprint(self.run.__module__))

    def fingerprint(self, preset: Preset) -> str:
        """Fingerprint of the whole table under a preset: digest of the keys of all its cells, in order."""
        return digest([self.key(cell) for cell in self.cells(preset)])

    def compute(self, cell: Cell, workspace: Path, key: str | None = None) -> pd.DataFrame:
        """Rows of one cell: from its shard in `workspace` if there is a good one, else computed and stored under its key.

        Workers are given the key by the process that started them: code edited meanwhile cannot pass for what they run.
        Raises UserError, and stores nothing, if the rows are not as `columns` declares them: a column that is missing or not
        declared, a value of another kind, a number that is not finite.
        """
        store = Store(workspace / "cells" / self.name)
        key = key or self.key(cell)
        frame = store.get(key)
        if frame is not None:
            return frame
        rows = list(self.run(cell, workspace))
        if trouble := fault(pd.DataFrame(rows), self.columns):
            raise UserError(f"experiment {self.name!r}: {trouble}; nothing was stored of the cell {_shown(cell)}")
        return store.put(key, rows)


def _shown(cell: Cell, most: int = 200) -> str:
    """The configuration of a cell on one line, cut to about `most` characters: what is short in it comes first."""
    parts = sorted((f"{name}={json.dumps(value)}" for name, value in cell.items()), key=len)
    line = " ".join(parts)
    return line if len(line) <= most else f"{line[:most]}..."
