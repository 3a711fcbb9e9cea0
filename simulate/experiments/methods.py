"""Methods of continual learning at equal total state, by the laws of the ledger: when each stops learning or forgets."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows
from theory.methods import comparison

STATE = 1e6
DEPTH = 0.5


def cells(preset: Preset) -> Sequence[Cell]:
    """A cell a number of outputs that share what depends on keys alone."""
    return [{"state": STATE, "outputs": outputs, "depth": DEPTH} for outputs in (100, 1000, 10_000)]


def run(cell: Cell, workspace: Path) -> Rows:
    """A row a method and number of facts M: total depth retained, depth of the worst-kept fact, and the method's own account."""
    state, outputs, depth = cell["state"], cell["outputs"], cell["depth"]
    lengths = np.unique(np.round(np.geomspace(1, 32 * state / outputs, 61)))
    rows = []
    for account in comparison.table(state, outputs, depth):
        total, worst = (of(account.method, lengths, state, outputs, depth) for of in (comparison.retained, comparison.least))
        for M, each, least in zip(lengths, total, worst, strict=True):
            kept = {"M": float(M), "total_depth": float(each), "least_depth": float(least)}
            own = {name: value if isinstance(value, str) else float(value) for name, value in asdict(account).items()}
            rows.append({"state": state, "outputs": outputs, "depth": depth, **own, **kept})
    return rows


EXPERIMENT = Experiment(
    name="methods",
    question="At equal total state, parameters and protective state together, how long a stream does each method hold?",
    prediction="These are the laws of the ledger evaluated, not a simulation: each method meets the ceiling of its own store, "
    "and protective state that outputs do not share costs more than it brings.",
    falsifier="A method that holds more than the ceiling of its store (tests/theory/test_methods_comparison.py), or an exact "
    "simulation of its writes that differs from its law (tests/theory/test_methods*.py).",
    controls="Plain and annealed delta rule at the same state; a larger store written in disjoint parts.",
    cells=cells,
    run=run,
)
