"""Where the ceiling of one matrix ends: a stream into deeper matrices, the feed-forward layers, all parameters (E2).

The laws of each place are those of `realmodels.writing.ceiling_laws`.
"""

from collections.abc import Sequence
from pathlib import Path

from realmodels.training.loop import one_thread
from realmodels.training.recipe import SEEDS
from realmodels.writing.ceiling_laws import D, Way, under_ceilings
from realmodels.writing.counterfactual_stream import counterfactual_stream
from realmodels.writing.methods.binding import code
from realmodels.writing.models import ModelSpec, checkpoint_of, model_spec
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows

TASKS: dict[Preset, tuple[int, ...]] = {"quick": (4, 8), "paper": (3, 6, 12, 24)}
BACKGROUND: dict[Preset, int] = {"quick": 96, "paper": 224}
"""Prompts about other subjects: the keys of the laws, trial writes, what is said everywhere. More than the longest stream has."""

WAYS = {
    "last_matrix": Way("last_matrix", (0.3, 1.0)),
    "first_matrix": Way("last_matrix", (0.1, 0.3), {"where": "0.feedforward.output"}),
    "feedforward": Way("full", (0.01, 0.03), {"where": "feedforward"}),
    "full": Way("full", (0.01, 0.03)),
}


def cells(preset: Preset) -> Sequence[Cell]:
    """A cell per place and model, with facts of its own: its streams at all learning rates."""
    return [
        {
            "model": model_spec("dense", preset, seed).to_json(),
            "way": name,
            "method_code": code(way.method),
            "seed": seed,
            "tasks": list(TASKS[preset]),
            "background": BACKGROUND[preset],
            "rates": list(way.rates if preset == "paper" else way.rates[:1]),
        }
        for seed in SEEDS[preset]
        for name, way in WAYS.items()
    ]


def run(cell: Cell, workspace: Path) -> Rows:
    """One row per learning rate and number of tasks."""
    path = checkpoint_of(ModelSpec.from_json(cell["model"]), workspace)
    setting = counterfactual_stream(path, cell["seed"], max(cell["tasks"]), D, cell["background"], workspace)
    own = {"way": cell["way"], "seed": cell["seed"]}
    with one_thread():
        return [{**own, **row} for row in under_ceilings(setting, WAYS[cell["way"]], cell["rates"], cell["tasks"])]


EXPERIMENT = Experiment(
    name="deeper_ceiling",
    question="Does a ceiling computed from gradients before any write bind in deeper matrices, in the feed-forward layers and in "
    "all parameters of a language model, as that of the last matrix does? Where do theory and network part?",
    prediction="Nowhere do all facts together keep more depth than a linear memory of the gradients allows at any one dose, the "
    "same for all tasks (C2-deeper). That memory, at the dose of trial writes, forecasts the mean depth kept better than a "
    "multiple of the trials' depth does (C2-deeper-law), and so does the kernel simulation (P1-deeper). The kernel simulation "
    "overstates what is kept more in deeper places than in the last matrix (P1-deeper-parts). The first feed-forward output "
    "matrix stores more than the last one (H2-deeper). On the development model, of 24 tasks, the last matrix kept 32 facts of "
    "depth of 58 allowed (rate 0.3), the first one 51 of 93 (0.1), all parameters 46 of 100 (0.01); the kernel simulation said "
    "40, 72 and 68. At a rate of 0.003 all parameters learned little and kept a sixth of what it said. There neither law was "
    "better than a multiple of the trials' depth, so that both are expected to fail for all parameters.",
    falsifier="The simultaneous 95% interval over seeds of what is kept over what is allowed lies wholly above 1 somewhere; one "
    "of the other intervals wholly on the other side of 0.",
    controls="The last matrix by the same laws, with the same facts, order, steps and optimiser; answers drawn at random; what "
    "is said at prompts that were never written is no depth, in laws and in the network; gradients and trials of the linear "
    "memory are of prompts that are not in the stream; the mean over outputs in place of all pairs of outputs.",
    columns={
        "way": Column(
            "What is written: the output matrix of the last or of the first feed-forward layer, all feed-forward matrices, all "
            "parameters.",
            str,
        ),
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
