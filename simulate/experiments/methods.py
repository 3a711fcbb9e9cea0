"""Methods of continual learning at equal total state, by the laws of the ledger: when each stops learning or forgets."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows
from theory.methods import comparison

STATE = 1e6
DEPTH = 0.5


def cells(preset: Preset) -> Sequence[Cell]:
    """One cell per number of outputs that share what depends on keys alone."""
    return [{"state": STATE, "outputs": outputs, "depth": DEPTH} for outputs in (100, 1000, 10_000)]


def run(cell: Cell, workspace: Path) -> Rows:
    """One row per method and number of facts M: total depth, depth of the worst-kept fact, and the account of the method."""
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
    columns={
        "state": Column("Total state: parameters and protective state together.", unit="numbers"),
        "outputs": Column("Outputs that share what depends on keys alone.", int, unit="outputs"),
        "depth": Column("Depth that facts must keep, for which each method divides the state."),
        "method": Column("Method of continual learning.", str),
        "N": Column("Parameters per output.", unit="weights"),
        "store": Column("State in parameters.", unit="numbers"),
        "protective": Column("State beside the parameters.", unit="numbers"),
        "length": Column("Most facts that all keep that depth.", unit="facts"),
        "whole": Column("Most facts held at once without error.", unit="facts"),
        "whole_share": Column("Numbers of these facts over the whole state."),
        "fails": Column("What happens beyond that length.", str),
        "M": Column("Length of the stream.", unit="facts"),
        "total_depth": Column("Sum of the retained depths of all M facts.", unit="facts"),
        "least_depth": Column("Retained depth of the worst-kept fact."),
    },
    cells=cells,
    run=run,
)
