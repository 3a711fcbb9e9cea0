"""Sparser activation against forgetting in a language model: k-winners-take-all feed-forward layers at several activities (E1).

The last feed-forward output matrix reads the winners: they are the keys of its facts. Of its writes the overlap, the common mode
and what claim C2 makes of the spectrum of keys are known before any write. C2 is asked twice: of the keys of prompts that are
never written, which also give the directions that a way leaves out, and of the stream's own keys, which are fewer.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from realmodels.model.part import code as model_code
from realmodels.model.transformer import Transformer
from realmodels.training.loop import one_thread
from realmodels.training.recipe import SEEDS
from realmodels.writing.format_finetuning import FormatFinetuning
from realmodels.writing.kernel import activation_fraction, logit_kernel, normalised
from realmodels.writing.methods.binding import bind, code
from realmodels.writing.methods.off_mode import answer_keys
from realmodels.writing.methods.writer import Background, Writer
from realmodels.writing.models import FORMAT_STEPS
from realmodels.writing.outcome import OLD, TASKS, D, Setting, Way
from realmodels.writing.outputs import Facts
from realmodels.writing.retained import Matrix
from realmodels.writing.sparse_models import checkpoint_at, shape
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows
from theory.statistics import participation_ratio

ACTIVITIES: dict[Preset, tuple[float, ...]] = {"quick": (0.05, 1.0), "paper": (0.02, 0.05, 0.2, 1.0)}
"""Most hidden units of a feed-forward layer that act at a token, as a share of all; 1 is the dense model."""
ASKED = 64  # facts of the stream whose overlaps are measured

MATRIX = (0.1, 0.3, 1.0, 3.0)
WAYS = {
    "matrix": ("last_matrix", MATRIX, {}),
    "centred": ("off_mode", MATRIX, {"k": 1}),
    "off_12": ("off_mode", (0.3, 1.0, 2.0, 3.0), {"k": 12}),
    "full": ("full", (0.003, 0.006, 0.01, 0.03), {}),
}
"""Method, learning rates and options."""


def cells(preset: Preset) -> Sequence[Cell]:
    """A cell per activity, model and way: its streams at all learning rates."""
    return [
        {
            "active": active,
            "preset": preset,
            "form": {"stream": "cities", "steps": FORMAT_STEPS[preset]},
            "model_code": model_code(shape(active)),
            "way": name,
            "method_code": code(method),
            "seed": seed,
            "tasks": TASKS[preset],
            "old": OLD[preset],
            "rates": list(rates if preset == "paper" else rates[2:3]),
        }
        for seed in SEEDS[preset]
        for active in ACTIVITIES[preset]
        for name, (method, rates, _) in WAYS.items()
    ]


def run(cell: Cell, workspace: Path) -> Rows:
    """One row per learning rate."""
    method, _, options = WAYS[cell["way"]]
    way, form = Way("kwta", method, (), options), FormatFinetuning(**cell["form"])
    with one_thread():
        path = checkpoint_at(cell["active"], cell["seed"], cell["preset"], form, workspace)
        setting = Setting(path, form, cell["seed"], cell["tasks"], cell["old"], workspace)
        writer = bind(method, setting.stream.model, Background(setting.stream.others, setting.text), **options)
        laws = {"law_kept": Law(writer, setting.stream.others), "law_kept_own": Law(writer, setting.stream.facts)}
        own = {"active": cell["active"], "way": cell["way"], "seed": cell["seed"], **setting.about, "before": setting.before}
        own |= overlaps(setting.stream.model, writer, setting.stream.facts[:ASKED])
        return [{**own, **_written(setting, way, rate, laws)} for rate in cell["rates"]]


def _written(setting: Setting, way: Way, rate: float, laws: Mapping[str, "Law"]) -> dict[str, Any]:
    """One stream: its outcome, what a task keeps when one further task was written, and what the laws say of it."""
    following: list[float] = []

    def watch(of_task: Callable[[int], float], written: int) -> None:
        if written > 1:
            following.append(of_task(written - 2))

    found = setting.outcome(way, rate, watch)
    found["kept_next"] = math.nan if found["diverged"] else float(np.mean(following))
    return found | {name: law.kept(found["learned"], setting.about["T"]) for name, law in laws.items()}


def overlaps(model: Transformer, writer: Writer, facts: Facts) -> dict[str, float]:
    """Overlaps of the write directions of facts of different tasks, before any write, and how many units act."""
    gram = logit_kernel(model, writer, facts).writes_gram
    kappa, raw = normalised(gram).numpy(), gram.numpy()
    other = facts.task.numpy()[:, None] != facts.task.numpy()
    return {
        "acting": activation_fraction(model, writer, facts),
        "raw_overlap": float((raw[other] ** 2).mean() ** 0.5),
        "overlap": float((kappa[other] ** 2).mean()),
        "common_mode": float(kappa[other].mean() ** 2 / (kappa[other] ** 2).mean()),
        "participation_ratio": participation_ratio(kappa),
    }


class Law:
    """What claim C2 makes of the spectrum of the keys of some prompts, of writes to one matrix; nothing for other writes."""

    def __init__(self, writer: Writer, prompts: Facts):
        self.matrix = None
        if len(writer.parameters) == 1:
            (name,) = writer.parameters
            keys = answer_keys(writer.model, prompts)
            self.matrix = Matrix(writer.restriction(prompts, ())({name: keys})[name], D)

    def kept(self, learned: float, tasks: int) -> float:
        """Mean depth of all facts of a stream, each of whose tasks was written to the depth `learned`."""
        if self.matrix is None or not math.isfinite(learned) or not self.matrix.reaches(learned):
            return math.nan
        return self.matrix.mean_depth(self.matrix.dose(learned), range(tasks))


EXPERIMENT = Experiment(
    name="activity",
    question="Does a language model whose feed-forward layers act more sparsely interfere and forget less, at equal learning? "
    "How much of what sparsity is to do does taking the common mode out of the writes do?",
    prediction="H1, as it is stated: every activity below 1 has less overlap than the dense model, in the matrix "
    "(H1-network-overlap) and over all parameters (H1-network-overlap-full), and forgets less (H1-network-matrix, "
    "H1-network-full); overlap and forgetting fall with the share of units that act (H1-network-trend). After the development "
    "models these are expected to fail, but for the overlap in the matrix at 0.02. By I2 and the trained networks of "
    "`dissociation`: writing off the mean key spares more than sparsity does (H1-network-centring), yet much less of the "
    "forgetting than of the overlap (H1-network-dissociation); both are expected to hold. Forgetting follows what C2 makes of "
    "the spectrum more than it follows the overlap (H1-network-law): expected to be undecided. On the development models the "
    "overlap in the matrix was 0.18 (dense), 0.16 (activity 0.2), 0.20 (0.05) and 0.09 (0.02), off the mean key 0.06, 0.09, "
    "0.08 and 0.05, over all parameters 0.13 (dense), 0.14 (0.2) and 0.17 (0.02); of a depth of 0.7 about 0.76, 0.73, 0.78 "
    "and 0.74 were forgotten, off the mean key 0.64, 0.67, 0.69 and 0.65.",
    falsifier="One of the intervals of a prediction lies wholly on the other side of its border.",
    controls="The dense model, whose numbers are those of activity 1; equal parameters; the same facts, order and steps for all "
    "activities of a seed; comparison at equal learning, by interpolation between learning rates; the mean key alone and twelve "
    "directions out of the same matrix; all parameters; how many units act, measured; the cross-entropy of each model before.",
    columns={
        "active": Column("Most hidden units of a feed-forward layer that act at a token, as a share of all."),
        "way": Column(
            "Writing into the last feed-forward output matrix (matrix), off the mean key of other prompts (centred), off twelve "
            "of their directions (off_12); into all parameters (full).",
            str,
        ),
        "seed": Column("Seed of the model and of its facts.", int),
        "T": Column("Tasks of the stream.", int, unit="tasks"),
        "D": Column("Facts per task.", int, unit="facts"),
        "steps": Column("Gradient steps per task.", int, unit="steps"),
        "candidates": Column("Answers among which the model chooses.", int, unit="answers"),
        "old_facts": Column("Facts known before that are asked.", int, unit="facts"),
        "old_bits": Column("What the model knew of them before.", unit="bits per fact"),
        "before": Column("Cross-entropy of held-out text before any write.", unit="bits per byte"),
        "acting": Column("Share of the hidden units that act at a token of the prompts, in the layers written."),
        "raw_overlap": Column(
            "Root of the mean squared inner product of the gradients of the answers' logits, of facts of different tasks."
        ),
        "overlap": Column("Mean squared overlap of unit write directions of facts of different tasks."),
        "common_mode": Column("Share of that overlap which is the square of the mean overlap: the common mode."),
        "participation_ratio": Column("Directions that the writes of 64 facts share.", unit="directions"),
        "learning_rate": Column("Learning rate of the writes."),
        "written_parameters": Column("Parameters that the method may change.", int, unit="parameters"),
        "state_numbers": Column("Numbers that the method keeps beside the parameters at the end.", int, unit="numbers"),
        "state_bits": Column("Bits of that state.", int, unit="bits"),
        "learned": Column("Mean depth of a task just after its own write.", optional="the model diverged"),
        "kept": Column("Mean depth of all facts after the last task.", optional="the model diverged"),
        "kept_next": Column("Mean depth of a task when one further task was written.", optional="the model diverged"),
        "law_kept": Column(
            "Kept by claim C2, from the spectrum of the keys of 512 other prompts and the depth learned.",
            optional="all parameters were written, or no dose writes to that depth",
        ),
        "law_kept_own": Column(
            "The same from the keys of the stream itself.",
            optional="all parameters were written, or no dose writes to that depth",
        ),
        "kept_rephrased": Column("Depth kept in a wording that is never written.", optional="the model diverged"),
        "recall": Column("Share of the facts whose answer is the likeliest after the last task.", optional="the model diverged"),
        "old_lost": Column("Share of old facts whose answer is no longer the likeliest.", optional="the model diverged"),
        "old_lost_bits": Column("What an old fact lost.", unit="bits per fact", optional="the model diverged"),
        "text_rise": Column("Rise of the cross-entropy of held-out text.", unit="bits per byte", optional="the model diverged"),
        "function": Column("Size F_Delta of the update on held-out text.", optional="the model diverged"),
        "diverged": Column("Whether a write made the model's numbers infinite.", bool),
    },
    cells=cells,
    run=run,
    after=("format_finetuning",),
)
