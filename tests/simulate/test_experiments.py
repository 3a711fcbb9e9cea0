"""Declarations: complete, of the promised size, JSON throughout; reduced cells give rows with exactly the declared columns."""

import importlib
import json
import pkgutil
from pathlib import Path

import pandas as pd
import pytest

import simulate.experiments
from simulate.runs.columns import fault
from simulate.runs.experiment import PRESETS, Experiment
from tests.discovery import modules
from theory import palimpsest
from theory.retention import largest_tasks

REDUCED = {
    "interference": {"N": 12, "M": 20},
    "retention": {"N": 12, "M": 6, "M_max": 16},
    "hebbian": {"N": 12, "P": [6, 12], "outputs": 4},
    "tradeoff": {"N": 12, "steps": 200, "eta": [0.5]},
    "sweep_delta": {"N": 12, "M_max": 40},
    "sweep_hebbian": {"N": 12, "P_max": 40, "outputs": 4},
    "sweep_cells": {"N": 24},
    "sweep_shared": {"N": 64, "R": 8, "D_s": 4},
}
FURTHER = modules(Path(__file__).parent / "reduced")  # experiments that bring reduced(cell) in a file of their own
NAMES = sorted({*REDUCED, *FURTHER})
CEILINGS = {
    "sweep_delta": lambda cell: largest_tasks(cell["N"] - cell["centred"], cell["D"], cell["required"]),
    "sweep_hebbian": lambda cell: cell["ceiling_T"],
    "sweep_cells": lambda cell: palimpsest.largest_tasks(cell["N"], cell["b"], cell["D"]),
}
"""Most tasks at which a cell's facts can all be read."""
EVIDENCE = {"certificates", "attacks", "literature", "methods"}  # experiments on the theory itself: tests/theory/test_evidence.py


def load(name: str) -> Experiment:
    return importlib.import_module(f"simulate.experiments.{name}").EXPERIMENT


def test_every_experiment_is_listed_here():
    assert {info.name for info in pkgutil.iter_modules(simulate.experiments.__path__)} - EVIDENCE == set(NAMES)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("name", NAMES)
def test_declaration(name, preset):
    experiment = load(name)
    assert experiment.name == name
    assert all(len(text) > 20 for text in (experiment.question, experiment.prediction, experiment.falsifier, experiment.controls))
    cells = experiment.cells(preset)
    assert json.loads(json.dumps(cells, allow_nan=False)) == json.loads(json.dumps(experiment.cells(preset)))
    assert len({experiment.key(cell) for cell in cells}) == len(cells)
    assert all(len(set(cell["seeds"])) >= 8 for cell in cells)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("name", CEILINGS)
def test_sweeps_are_at_least_12_by_12_by_6(name, preset):
    cells = load(name).cells(preset)
    assert len({cell["D"] for cell in cells}) >= 12
    assert len({cell["a"] for cell in cells}) >= 6
    assert len({(cell["D"], cell["a"], cell.get("centred")) for cell in cells}) == len(cells)
    assert all(len(set(cell["T"])) >= 12 for cell in cells)
    ceilings = [CEILINGS[name](cell) for cell in cells]
    assert min(ceilings) < 2.5
    assert max(ceilings) > 20


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("name", ["sweep_delta", "sweep_cells"])
def test_cells_hold_only_what_was_set(name, preset):
    """No float is longer than a person writes it: computed ones differ between processors, as would the fingerprint."""
    numbers = [value for cell in load(name).cells(preset) for value in cell.values() if isinstance(value, float)]
    assert numbers
    assert all(float(f"{value:.6g}") == value for value in numbers)
    assert all(type(task) is int for cell in load(name).cells(preset) for task in cell["T"])


@pytest.mark.parametrize("name", NAMES)
def test_rows(name, tmp_path):
    experiment = load(name)
    cell = dict(experiment.cells("quick")[-1])
    cell = FURTHER[name].reduced(cell) if name in FURTHER else {**cell, **REDUCED[name], "seeds": [0, 1]}
    for key in ("T", "ceiling_depth", "layout"):  # the first task numbers only
        if isinstance(cell.get(key), list) and name.startswith("sweep"):
            cell[key] = cell[key][:2]
    if name in ("sweep_delta", "sweep_hebbian"):
        cell |= {"D": 3, "T": [2, 5]}
    if name == "sweep_cells":
        cell |= {"D": 20, "T": [1, 2], "a": 1.0}
    if name == "sweep_shared":
        cell |= {"T": [1, 2], "layout": [[12, 52, 24], [12, 26, 24]]}
    first, again = (pd.DataFrame(list(experiment.run(cell, tmp_path))) for _ in range(2))
    pd.testing.assert_frame_equal(first, again)
    assert fault(first, experiment.columns) is None
    assert set(first["seed"]) == {0, 1}
    if name == "retention":
        assert (first["total_depth"] - first["trace_depth"]).abs().max() < 1e-10
