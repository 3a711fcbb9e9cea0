"""Retention forecast from the model as it is before any write, for the streams that are then written."""

from collections.abc import Sequence
from pathlib import Path

from realmodels.experiments.streams import dials
from realmodels.training.loop import one_thread
from realmodels.training.recipe import SEEDS
from realmodels.writing.course import RUNS, before_writing, course_cell
from realmodels.writing.forecast import Setup, forecasts
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows


def cells(preset: Preset) -> Sequence[Cell]:
    """Every reported run; one cell forecasts all dials, as they share a kernel."""
    return [
        {**course_cell(architecture, preset, seed), "method": method, "dials": list(dials(method, preset))}
        for seed in SEEDS[preset]
        for architecture, method in RUNS
    ]


def run(cell: Cell, workspace: Path) -> Rows:
    """All forecasts (`realmodels.writing.forecast`) of one run, at each of its dials."""
    own = {name: cell[name] for name in ("architecture", "method", "seed", "model_seed")}
    with one_thread():
        taken, _, kernel, z = before_writing(cell, cell["method"], workspace)
        return [
            {**own, "dial": dial, **row}
            for dial in cell["dials"]
            for row in forecasts(Setup(kernel.response, z, taken.facts, dial, cell["steps"]))
        ]


EXPERIMENT = Experiment(
    name="forecast",
    question="Can what a stream leaves of each task be computed before anything is written?",
    prediction="Root-mean-square error over (task, written), in bits: for methods that write one matrix the kernel simulation "
    "is below both trivial forecasts (no forgetting; chance after one more task) at every dial, and its error grows "
    "with the dial; for full finetuning it beats them at small dials only. The spectral law, which knows mean "
    "overlaps alone, lies between.",
    falsifier="At the chosen dial of a method that writes one matrix, a trivial forecast is at least as good as the kernel "
    "simulation.",
    controls="The trivial forecasts start from the same predicted just-written bits; nothing is fitted; dials are chosen on "
    "another seed.",
    columns={
        "architecture": Column("Architecture, as `cwb models` names it.", str),
        "method": Column("Method of writing: full, last_matrix, off_mode or sparse_memory.", str),
        "seed": Column("Seed of the facts.", int),
        "model_seed": Column("Seed of the model.", int),
        "dial": Column("Learning rate of the writes."),
        "kind": Column("Forecast: kernel (simulated in the kernel), spectral (from depth by age), no_forgetting or chance.", str),
        "written": Column("Tasks written so far.", int, unit="tasks"),
        "task": Column("Number of the task asked for, 0 the oldest.", int),
        "age": Column("Tasks written after it.", int, unit="tasks"),
        "bits_predicted": Column("Retained bits per fact, mean over the task, as forecast before any write.", unit="bits"),
    },
    cells=cells,
    run=run,
    after=("schooling", "kernel"),
)
