"""Retention forecast from the model as it is before any write, for the streams that are then written."""

from collections.abc import Sequence
from pathlib import Path

import torch

from realmodels.experiments.streams import learning_rates
from realmodels.training.loop import one_thread
from realmodels.training.recipe import SEEDS
from realmodels.writing.forecast import Setup, forecasts
from realmodels.writing.kernel_cache import cached_kernel
from realmodels.writing.methods.binding import bind, code
from realmodels.writing.methods.catalogue import RUNS
from realmodels.writing.outputs import outputs
from realmodels.writing.scenario import ScenarioSpec, scenario, scenario_spec
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows


def cells(preset: Preset) -> Sequence[Cell]:
    """Every reported run. One cell forecasts all learning rates, as they share a kernel."""
    return [
        {
            "scenario": scenario_spec(architecture, preset, seed).to_json(),
            "method": method,
            "method_code": code(method),
            "learning_rates": list(learning_rates(method, preset)),
        }
        for seed in SEEDS[preset]
        for architecture, method in RUNS
    ]


def run(cell: Cell, workspace: Path) -> Rows:
    """All forecasts (`realmodels.writing.forecast`) of one run, at each of its learning rates."""
    spec = ScenarioSpec.from_json(cell["scenario"])
    own = {
        "architecture": spec.model.architecture,
        "method": cell["method"],
        "seed": spec.seed,
        "model_seed": spec.model.seed,
    }
    with one_thread():
        setting = scenario(spec, workspace)
        writer = bind(cell["method"], setting.model, setting.background)
        kernel = cached_kernel(spec, setting, writer, f"{cell['method']} {cell['method_code']}", workspace)
        with torch.no_grad():
            z = outputs(setting.model, setting.facts)
        return [
            {**own, "learning_rate": learning_rate, **row}
            for learning_rate in cell["learning_rates"]
            for row in forecasts(Setup(kernel.response, z, setting.facts, learning_rate, spec.steps))
        ]


EXPERIMENT = Experiment(
    name="forecast",
    question="Can what a stream leaves of each task be computed before anything is written?",
    prediction="Root-mean-square error over (task, written) of age 1 and more, in bits, at the chosen learning rate of each "
    "writer: the kernel simulation is below the best constant share, which is chosen after the fact (every later task "
    "keeps the same share of what was learned), for every writer of one matrix (P1-narrow) and for every writer "
    "(P1-kernel). So is the spectral law, which knows mean overlaps alone (P1-spectral); but the runs on seeds 1, 2, "
    "11 to 13 and 21 to 23 speak against that for full finetuning, and are expected to be right.",
    falsifier="For one of the writers the simultaneous 95% interval over seeds of the skill, 1 less the ratio of the two "
    "errors, lies wholly below 0.",
    controls="The constant share starts from the measured just-written bits and is fitted to the outcome, the forecasts know "
    "neither; it contains both extremes (no forgetting; all gone after one more task); learning rates are chosen on "
    "another seed.",
    columns={
        "architecture": Column("Architecture, as `cwb models` names it.", str),
        "method": Column("Method of writing: full, last_matrix, off_mode or sparse_memory.", str),
        "seed": Column("Seed of the facts.", int),
        "model_seed": Column("Seed of the model.", int),
        "learning_rate": Column("Learning rate of the writes."),
        "kind": Column("Forecast: kernel (simulated in the kernel), spectral (from depth by age), no_forgetting or chance.", str),
        "written": Column("Tasks written so far.", int, unit="tasks"),
        "task": Column("Number of the task asked for, 0 the oldest.", int),
        "age": Column("Tasks written after it.", int, unit="tasks"),
        "bits_predicted": Column("Retained bits per fact, mean over the task, as forecast before any write.", unit="bits"),
    },
    cells=cells,
    run=run,
    after=("format_finetuning", "kernel"),
)
