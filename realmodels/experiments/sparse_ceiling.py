"""Does sparsity move the ceiling: the same stream into a dense model, one that acts sparsely, one with a memory layer (H1, E2).

The laws are those of `realmodels.writing.ceiling_laws`. Sparse attention is not asked: of prompts this short it sees every token.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from realmodels.model.architectures import config_for
from realmodels.model.config import ModelConfig
from realmodels.model.part import code as model_code
from realmodels.model.transformer import Transformer
from realmodels.training.loop import one_thread
from realmodels.training.recipe import SEEDS
from realmodels.writing.ceiling_laws import D, Way, under_ceilings
from realmodels.writing.counterfactual_stream import counterfactual_stream
from realmodels.writing.format_finetuning import FormatFinetuning
from realmodels.writing.methods.binding import code
from realmodels.writing.methods.writer import Writer
from realmodels.writing.models import FORMAT_STEPS, checkpoint_of, model_spec
from realmodels.writing.outputs import Facts
from realmodels.writing.sparse_models import checkpoint_at, shape
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows

TASKS: dict[Preset, tuple[int, ...]] = {"quick": (4, 8), "paper": (3, 6, 12)}
BACKGROUND: dict[Preset, int] = {"quick": 96, "paper": 128}
"""Prompts about other subjects: keys of the laws, trial writes, what is said everywhere. More than the longest stream has."""
ACTIVE: dict[Preset, float] = {"quick": 0.05, "paper": 0.02}
"""Most hidden units of a feed-forward layer of kwta that act, as a share of all; quick takes a model that `activity` makes."""


@dataclass(frozen=True)
class Values(Way):
    """Writing all values of the memory layer: sparse memory finetuning without its choice of slots."""

    def bound(self, model: Transformer, others: Facts) -> Writer:
        """The writer, on a copy of the model."""
        model = copy.deepcopy(model)
        (name,) = (name for name, _ in model.named_parameters() if name.endswith("feedforward.values.weight"))
        return Writer(model, {name: model.get_parameter(name)})


LAST = Way("last_matrix", (1.0, 0.3, 3.0))
FULL = Way("full", (0.03, 0.01, 0.1))
WAYS = {
    "dense": {
        "last_matrix": LAST,
        "middle_matrix": Way("last_matrix", (1.0, 0.3, 3.0), {"where": "1.feedforward.output"}),
        "full": FULL,
    },
    "kwta": {"last_matrix": LAST, "full": FULL},
    "memory": {"values": Values("sparse_memory", (100.0, 30.0, 300.0)), "full": FULL},
}
"""By architecture. The middle matrix stands where the values of the memory layer stand: in the second of three blocks."""


def cells(preset: Preset) -> Sequence[Cell]:
    """A cell per model and way, with facts of its own: its streams at all learning rates."""
    return [
        {
            "model": name,
            "active": _active(name, preset),
            "preset": preset,
            "form": {"stream": "cities", "steps": FORMAT_STEPS[preset]},
            "model_code": model_code(_shape(name, preset)),
            "way": way,
            "method_code": code(written.method),
            "seed": seed,
            "tasks": list(TASKS[preset]),
            "background": BACKGROUND[preset],
            "rates": list(written.rates if preset == "paper" else written.rates[:1]),
        }
        for seed in SEEDS[preset]
        for name, ways in WAYS.items()
        for way, written in ways.items()
    ]


def run(cell: Cell, workspace: Path) -> Rows:
    """One row per learning rate and number of tasks."""
    name, way, seed, preset = cell["model"], cell["way"], cell["seed"], cell["preset"]
    with one_thread():
        if name == "kwta":
            path = checkpoint_at(cell["active"], seed, preset, FormatFinetuning(**cell["form"]), workspace)
        else:
            path = checkpoint_of(model_spec(name, preset, seed, cell["form"]["stream"]), workspace)
        setting = counterfactual_stream(path, seed, max(cell["tasks"]), D, cell["background"], workspace)
        own = {"model": name, "active": cell["active"], "way": way, "seed": seed, "before": setting.heldout(setting.model)}
        return [{**own, **row} for row in under_ceilings(setting, WAYS[name][way], cell["rates"], cell["tasks"])]


def _active(name: str, preset: Preset) -> float:
    return ACTIVE[preset] if name == "kwta" else 1.0


def _shape(name: str, preset: Preset) -> ModelConfig:
    return shape(ACTIVE[preset]) if name == "kwta" else config_for(name)


EXPERIMENT = Experiment(
    name="sparse_ceiling",
    question="Does sparsity move the ceiling of a language model, or bring what a stream keeps nearer to it?",
    prediction="By claim C2 nowhere do all facts together keep more depth than a linear memory of the gradients allows at any "
    "one dose (C2-sparse). How activity moves what is allowed, C2 leaves open. H1 says that sparser codes interfere less: the "
    "gradients of kwta allow more than those of the dense model, in the last matrix (H1-sparse-ceiling) and in all parameters "
    "(H1-sparse-ceiling-full), and more is kept there (H1-sparse-kept, H1-sparse-kept-full); the values of a memory layer keep "
    "more than a matrix in their place (H1-values-kept), and all parameters of that model more than the dense one's "
    "(H1-memory-kept). The kernel simulation forecasts the mean depth kept better than a multiple of the trials' depth does "
    "(P1-sparse). What was seen before: on the development models, after 24 tasks, kwta was allowed 55 facts in the last "
    "matrix and 92 in all parameters, the dense model 58 and 100, and kept 29 and 39 of them, the dense one 32 and 46; memory "
    "kept 58 of 96 in all parameters, in its values 15 of 50, and gradients there moved by 0.9 of their size even where little "
    "was learned. Of the models that are reported, `deeper_ceiling` has the dense one, and `activity` has kwta with another "
    "stream: there it kept more than the dense model in the matrix at the same rate, and less in all parameters. So "
    "H1-sparse-ceiling, H1-sparse-ceiling-full, H1-sparse-kept-full and H1-values-kept are expected to fail, H1-memory-kept to "
    "hold, H1-sparse-kept to be open, P1-sparse to fail for the values.",
    falsifier="The simultaneous 95% interval over seeds of what is kept over what is allowed lies wholly above 1 somewhere; one "
    "of the other intervals wholly below 0.",
    controls="The dense model of the same seed, with the same facts, order, steps and optimiser; a matrix in the place of the "
    "memory's values; equal parameters of all models; three learning rates of every way; the cross-entropy of each model before; "
    "answers drawn at random; what is said at prompts that were never written is no depth, in laws and in the network.",
    columns={
        "model": Column(
            "Architecture: dense; kwta, whose feed-forward layers act sparsely; memory, with a product-key memory layer.",
            str,
        ),
        "active": Column("Most hidden units of a feed-forward layer that act at a token, as a share of all."),
        "way": Column(
            "What is written: the output matrix of the last or of the middle feed-forward layer, the values of the memory layer, "
            "all parameters.",
            str,
        ),
        "before": Column("Cross-entropy of held-out text before any write.", unit="bits per byte"),
        "seed": Column("Seed of the model and of its facts.", int),
        "D": Column("Facts per task.", int, unit="facts"),
        "steps": Column("Gradient steps per task.", int, unit="steps"),
        "candidates": Column("Answers among which the model chooses.", int, unit="answers"),
        "learning_rate": Column("Learning rate of the writes."),
        "trial": Column(
            "Mean depth of tasks of other prompts that are written alone, each into a copy.", optional="the model diverged"
        ),
        "T": Column("Tasks written.", int, unit="tasks"),
        "learned": Column("Mean depth of a task just after its own write.", optional="the model diverged"),
        "oldest": Column(
            "Mean depth of the oldest tenth of the tasks, one at least, after the last one.", optional="the model diverged"
        ),
        "total": Column("Sum of the depths of all facts, after the last task.", unit="facts", optional="the model diverged"),
        "text_rise": Column("Rise of the cross-entropy of held-out text.", unit="bits per byte", optional="the model diverged"),
        "diverged": Column("Whether a write made the model's numbers infinite.", bool),
        "parameters": Column("Parameters that are written.", int, unit="parameters"),
        "participation_ratio": Column("Participation ratio of the gradients of other prompts, mean over outputs."),
        "moved": Column(
            "Change of the response kernel of other prompts since before the stream, over what it was; the mean over outputs is "
            "taken out of both.",
            optional="the model diverged",
        ),
        "allowed": Column("Largest depth of the oldest tenth in the linear memory, at any one dose."),
        "mean": Column(
            "Depth of the oldest tenth in a linear memory with one number for a pair of facts, at the dose of the trial.",
            optional="the trial diverged",
        ),
        "linear": Column(
            "Depth of the oldest tenth in the linear memory, at the dose of the trial.", optional="the trial diverged"
        ),
        "kernel": Column("Depth of the oldest tenth by the kernel simulation."),
        "allowed_total": Column("Largest sum of depths in the linear memory, at any one dose.", unit="facts"),
        "mean_total": Column(
            "Sum of depths in the memory with one number for a pair of facts.", unit="facts", optional="the trial diverged"
        ),
        "linear_total": Column("Sum of depths in the linear memory.", unit="facts", optional="the trial diverged"),
        "kernel_total": Column("Sum of depths by the kernel simulation.", unit="facts"),
    },
    cells=cells,
    run=run,
    after=("format_finetuning",),
)
