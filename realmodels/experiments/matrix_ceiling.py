"""A ceiling that binds: twice as many facts as one matrix of a language model has inputs are written into it (E2, H2)."""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from realmodels.model.transformer import Transformer
from realmodels.training.loop import one_thread
from realmodels.training.recipe import SEEDS
from realmodels.writing.counterfactual_stream import counterfactual_stream
from realmodels.writing.filling import Simulated, filled, oldest
from realmodels.writing.forecast import setup_of
from realmodels.writing.kernel import logit_kernel
from realmodels.writing.methods.binding import bind, code
from realmodels.writing.methods.off_mode import answer_keys
from realmodels.writing.methods.writer import Background, Writer
from realmodels.writing.models import ModelSpec, checkpoint_of, model_spec
from realmodels.writing.outputs import Facts
from realmodels.writing.retained import Matrix, bound
from realmodels.writing.stream import STEPS
from realmodels.writing.trial import depth_alone, trials
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows

D = 8  # facts per task
TASKS: dict[Preset, tuple[int, ...]] = {"quick": (12, 24), "paper": (12, 24, 48, 96)}
"""Numbers of tasks at which all facts are asked. The matrix has 384 inputs: 96 tasks are two facts for each."""
KERNEL = 48  # tasks up to which the kernel simulation runs: a kernel grows with their square
BACKGROUND = 1024  # prompts about other subjects: keys, directions to leave alone, trial writes, what is said everywhere


@dataclass(frozen=True)
class Way:
    """A method with its options, and the learning rates that are tried under "paper"; "quick" takes the first."""

    method: str
    options: dict[str, Any]
    rates: tuple[float, ...]

    def bound(self, model: Transformer, others: Facts) -> Writer:
        """The writer, on a copy of the model."""
        return bind(self.method, copy.deepcopy(model), Background(others), **self.options)


WAYS = {
    "last_matrix": Way("last_matrix", {}, (0.3, 1.0)),
    "off_mode_1": Way("off_mode", {"k": 1}, (0.3, 1.0)),
    "off_mode_12": Way("off_mode", {"k": 12}, (1.0, 3.0)),
    "full": Way("full", {}, (0.01, 0.03)),
}


def cells(preset: Preset) -> Sequence[Cell]:
    """A cell per way of writing and model, with facts of its own: its streams at all learning rates. Ways are outermost, so that
    workers train different models."""
    return [
        {
            "model": model_spec("dense", preset, seed).to_json(),
            "way": name,
            "method_code": code(way.method),
            "seed": seed,
            "tasks": list(TASKS[preset]),
            "rates": list(way.rates if preset == "paper" else way.rates[:1]),
        }
        for name, way in WAYS.items()
        for seed in SEEDS[preset]
    ]


def run(cell: Cell, workspace: Path) -> Rows:
    """One row per learning rate and number of tasks."""
    way, tasks = WAYS[cell["way"]], cell["tasks"]
    path = checkpoint_of(ModelSpec.from_json(cell["model"]), workspace)
    setting = counterfactual_stream(path, cell["seed"], max(tasks), D, BACKGROUND, workspace)
    model, facts, others = setting.model, setting.facts, setting.others
    own = {"way": cell["way"], "seed": cell["seed"], "D": D, "steps": STEPS, "candidates": facts.choices}
    rows = []
    with one_thread():
        law = _Law(model, way, others, facts[facts.task < min(KERNEL, max(tasks))])
        for rate in cell["rates"]:
            trial = _trial(model, way, others, rate)
            for row in filled(setting, way.bound(model, others), rate, tasks):
                rows.append({**own, "learning_rate": rate, "trial": trial, **row, **law.rows(rate, trial, row["T"])})
    return rows


class _Law:
    """All that is computed of one matrix before any write; of a method that writes more than one, nothing."""

    def __init__(self, model: Transformer, way: Way, others: Facts, some: Facts):
        writer = way.bound(model, others)
        self.matrix = None
        if len(writer.parameters) == 1:
            (parameter,) = writer.parameters
            keys = answer_keys(writer.model, others)
            self.matrix = Matrix(writer.restriction(others, ())({parameter: keys})[parameter], D)
            self.simulated = Simulated(setup_of(writer.model, logit_kernel(writer.model, writer, some), some, steps=STEPS))

    def rows(self, rate: float, trial: float, tasks: int) -> dict[str, float]:
        """The columns of the laws for a stream of so many tasks."""
        names = ("rank", "participation_ratio", "bound", "allowed", "allowed_total")
        nothing = dict.fromkeys((*names, "spectral", "spectral_total", "kernel", "kernel_total"), math.nan)
        if self.matrix is None:
            return nothing
        ages, every, facts = oldest(tasks), range(tasks), tasks * D
        found = {
            "rank": float(self.matrix.rank),
            "participation_ratio": 1 / float((self.matrix.spectrum**2).sum()),
            "bound": bound(self.matrix.rank, D, ages),
            "allowed": self.matrix.most(ages),
            "allowed_total": facts * self.matrix.most(every),
        }
        if math.isfinite(trial) and self.matrix.reaches(trial):
            dose = self.matrix.dose(trial)
            found |= {
                "spectral": self.matrix.mean_depth(dose, ages),
                "spectral_total": facts * self.matrix.mean_depth(dose, every),
            }
        found["kernel"], found["kernel_total"] = self.simulated.after(rate, tasks)
        return {**nothing, **found}


def _trial(model: Transformer, way: Way, others: Facts, rate: float) -> float:
    """Mean depth to which tasks of the background are written, each alone; NaN if the model's numbers do not stay finite."""
    found = trials(lambda: way.bound(model, others), others, rate, lambda writer, task: depth_alone(writer, task, others))
    return math.nan if found is None else float(np.mean(found))


EXPERIMENT = Experiment(
    name="matrix_ceiling",
    question="Do tasks times depth stop where the measured spectrum of one matrix says, when twice as many facts are written "
    "into it as it has inputs? Does taking out the common directions of its keys move that ceiling, and does writing all "
    "matrices break it?",
    prediction="At no number of tasks and no learning rate do the oldest facts keep more depth than the spectrum of the keys "
    "allows at any dose (C2-matrix), nor do all facts together (C2-matrix-total). The spectral law, from keys and trial writes, "
    "forecasts tasks times the depth of the oldest tenth better than a constant does (C2-matrix-law); so does the kernel "
    "simulation, up to 48 tasks (P1-matrix). Off-mode writing without twelve directions stores more depth in all than plain "
    "writing (H2-off_mode). Full finetuning stores more than the spectrum of the last matrix allows (H2-full). On the "
    "development model, up to 48 tasks, depths of the oldest lay below what is allowed, and at 48 tasks below the law too; at 24 "
    "tasks off-mode writing without one direction stored 42 facts of depth, plain writing 29, full finetuning 46 of 56 allowed.",
    falsifier="The simultaneous 95% interval over seeds of depth over allowed depth lies above 1 for a method of one matrix at a "
    "learning rate; that of a skill below 0; off-mode stores less than plain writing; full finetuning less than one matrix.",
    controls="Answers drawn at random, so that depth is what exchanging a target moves; what is said at prompts that were never "
    "written does not count as depth; the same facts, order, steps and optimiser for all ways; the last matrix written plainly; "
    "keys and trials from prompts that are not in the stream.",
    columns={
        "way": Column(
            "Way of writing: last_matrix; off_mode_1, off_mode_12: so many directions of the keys taken out; full.", str
        ),
        "seed": Column("Seed of the model and of its facts.", int),
        "D": Column("Facts per task.", int, unit="facts"),
        "steps": Column("Gradient steps per task.", int, unit="steps"),
        "candidates": Column("Answers among which the model chooses.", int, unit="answers"),
        "learning_rate": Column("Learning rate of the writes."),
        "T": Column("Tasks written.", int, unit="tasks"),
        "trial": Column("Mean depth of tasks that are written alone, each into a copy.", optional="the model diverged"),
        "learned": Column("Mean depth of a task just after its own write.", optional="the model diverged"),
        "oldest": Column("Mean depth of the oldest tenth of the tasks, after the last one.", optional="the model diverged"),
        "total": Column("Sum of the depths of all facts, after the last task.", unit="facts", optional="the model diverged"),
        "text_rise": Column("Rise of the cross-entropy of held-out text.", unit="bits per byte", optional="the model diverged"),
        "diverged": Column("Whether a write made the model's numbers infinite.", bool),
        "rank": Column("Directions that the keys have in the written matrix.", optional="more than one matrix is written"),
        "participation_ratio": Column(
            "Participation ratio of the keys' second moment.", optional="more than one matrix is written"
        ),
        "bound": Column(
            "Largest mean depth of the oldest tenth that so many directions allow, over all spectra.",
            optional="more than one matrix is written",
        ),
        "allowed": Column("The same for the measured spectrum, at its best dose.", optional="more than one matrix is written"),
        "allowed_total": Column(
            "Largest sum of depths that the spectrum allows, at one dose.",
            unit="facts",
            optional="more than one matrix is written",
        ),
        "spectral": Column(
            "Depth of the oldest tenth by the spectral law, at the dose of the trial.", optional="more than one matrix is written"
        ),
        "spectral_total": Column(
            "Sum of the depths by the spectral law, at that dose.", unit="facts", optional="more than one matrix is written"
        ),
        "kernel": Column("Depth of the oldest tenth by the kernel simulation.", optional="more tasks than the kernel is of"),
        "kernel_total": Column(
            "Sum of depths by the kernel simulation.", unit="facts", optional="more tasks than the kernel is of"
        ),
    },
    cells=cells,
    run=run,
    after=("format_finetuning",),
)
