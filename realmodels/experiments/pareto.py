"""Learning against forgetting, method by method and architecture by architecture, each method's own learning rate swept (E4)."""

from collections.abc import Sequence
from pathlib import Path

from realmodels.training.loop import one_thread
from realmodels.training.recipe import SEEDS
from realmodels.writing.methods.binding import code
from realmodels.writing.models import ModelSpec, checkpoint_of, model_spec
from realmodels.writing.outcome import OLD, TASKS, Setting, Way
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows

FULL = (0.003, 0.01, 0.03)
ADAMW = (0.0001, 0.0003, 0.001)
LORA = (0.0005, 0.001, 0.003)
MATRIX = (0.1, 0.3, 1.0)
SLOTS = (30.0, 100.0, 300.0)

WAYS = {
    "full": Way("dense", "full", FULL),
    "full_adamw": Way("dense", "full", ADAMW, {"optimizer": "adamw"}),
    "feedforward": Way("dense", "full", FULL, {"where": "feedforward"}),
    "last_matrix": Way("dense", "last_matrix", MATRIX),
    "off_mode_1": Way("dense", "off_mode", MATRIX, {"k": 1}),
    "off_mode_12": Way("dense", "off_mode", (0.3, 1.0, 3.0), {"k": 12}),
    "lora": Way("dense", "lora", LORA),
    "lora_merged": Way("dense", "lora", LORA, {"mode": "merged"}),
    "ewc": Way("dense", "ewc", FULL),
    "gpm": Way("dense", "gpm", (0.03, 0.1, 0.3), {"where": "all", "positions": "all"}),
    "ogd": Way("dense", "ogd", FULL, {"where": ""}),
    "replay": Way("dense", "replay", FULL),
    "memory_full": Way("memory", "full", FULL),
    "memory_adamw": Way("memory", "full", ADAMW, {"optimizer": "adamw"}),
    "memory_lora": Way("memory", "lora", LORA),
    "memory_last_matrix": Way("memory", "last_matrix", MATRIX),
    "values": Way("memory", "sparse_memory", SLOTS, {"score": "read"}),
    "tfidf_256": Way("memory", "sparse_memory", SLOTS),
    "tfidf_128": Way("memory", "sparse_memory", SLOTS, {"t": 128}),
    "tf_128": Way("memory", "sparse_memory", SLOTS, {"t": 128, "score": "tf"}),
    "tf_64": Way("memory", "sparse_memory", SLOTS, {"t": 64, "score": "tf"}),
    "random_128": Way("memory", "sparse_memory", SLOTS, {"t": 128, "score": "random"}),
    "tfidf_adamw": Way("memory", "sparse_memory", (0.1, 0.3, 1.0), {"optimizer": "adamw"}),
}


def cells(preset: Preset) -> Sequence[Cell]:
    """A cell per way and model, with facts of its own: its streams at all learning rates."""
    return [
        {
            "model": model_spec(way.architecture, preset, seed).to_json(),
            "way": name,
            "method_code": code(way.method),
            "seed": seed,
            "tasks": TASKS[preset],
            "old": OLD[preset],
            "rates": way.tried(preset),
        }
        for seed in SEEDS[preset]
        for name, way in WAYS.items()
    ]


def run(cell: Cell, workspace: Path) -> Rows:
    """One row per learning rate."""
    way, model = WAYS[cell["way"]], ModelSpec.from_json(cell["model"])
    own = {"way": cell["way"], "architecture": way.architecture, "method": way.method, "seed": cell["seed"]}
    with one_thread():
        setting = Setting(
            checkpoint_of(model, workspace), model.format_finetuning, cell["seed"], cell["tasks"], cell["old"], workspace
        )
        return [{**own, **setting.about, **setting.outcome(way, rate)} for rate in cell["rates"]]


EXPERIMENT = Experiment(
    name="pareto",
    question="What does each method, on each architecture, lose of what the model knew before, for what it learns and keeps of a "
    "stream of new facts? Which part of what sparse memory finetuning spares is sparsity, scope, choice of slots, or small "
    "updates?",
    prediction="At equal learning, as published for larger models, sparse memory finetuning loses less of what was known than "
    "full finetuning (P9-sparse), LoRA less as well (P9-lora), the values alone less than all parameters (P9-scope), few slots "
    "less than all that are read (P9-slots). EWC loses less than full finetuning (P9-ewc), twelve directions out of a matrix's "
    "keys less than the matrix plainly (P9-off_mode). That way and replay keep more of the stream than full finetuning "
    "(P9-kept). At equal numbers of slots TF-IDF teaches less than term frequency (P9-idf) or slots at random (P9-random): rare "
    "slots say little here. What is lost follows F_Delta (P9-size). On the development model LoRA and the last matrix lost more "
    "than full finetuning (0.86 and 0.68 against 0.35 at a depth of 0.7), EWC 0.26; tasks of 8 facts read 240 slots, so that "
    "256 slots are no choice; 128 slots taught 0.50 by term frequency, 0.29 at random, 0.12 by TF-IDF.",
    falsifier="The simultaneous 95% interval over seeds of one of these differences lies wholly below 0; of the rank correlation "
    "of P9-size, wholly below 0.5.",
    controls="Every method at every one of its learning rates on the same model, facts, order and number of steps; methods are "
    "compared where they learn equally, by interpolation between learning rates; old facts are the same for all methods of a "
    "model and were chosen before any write; slots at random, and all slots that are read, for the choice of slots; the last "
    "matrix for scope; the size of every update in function space.",
    columns={
        "way": Column("Method with its options, on an architecture.", str),
        "architecture": Column("Architecture, as `cwb models` names it.", str),
        "method": Column("Method, as `cwb write --help` names it.", str),
        "seed": Column("Seed of the model and of its facts.", int),
        "T": Column("Tasks of the stream.", int, unit="tasks"),
        "D": Column("Facts per task.", int, unit="facts"),
        "steps": Column("Gradient steps per task.", int, unit="steps"),
        "candidates": Column("Answers among which the model chooses.", int, unit="answers"),
        "old_facts": Column("Facts known before that are asked.", int, unit="facts"),
        "old_bits": Column("What the model knew of them before.", unit="bits per fact"),
        "learning_rate": Column("Learning rate of the writes."),
        "written_parameters": Column("Parameters that the method may change.", int, unit="parameters"),
        "state_numbers": Column("Numbers that the method keeps beside the parameters at the end.", int, unit="numbers"),
        "state_bits": Column("Bits of that state.", int, unit="bits"),
        "learned": Column("Mean depth of a task just after its own write.", optional="the model diverged"),
        "kept": Column("Mean depth of all facts after the last task.", optional="the model diverged"),
        "kept_rephrased": Column("The same in a wording that is never written.", optional="the model diverged"),
        "recall": Column("Share of the facts whose answer is the likeliest after the last task.", optional="the model diverged"),
        "old_lost": Column("Share of old facts whose answer is no longer the likeliest.", optional="the model diverged"),
        "old_lost_bits": Column("What an old fact lost.", unit="bits per fact", optional="the model diverged"),
        "text_rise": Column("Rise of the cross-entropy of held-out text.", unit="bits per byte", optional="the model diverged"),
        "function": Column(
            "Size F_Delta of the update on held-out text, over all matrices written.",
            optional="the model diverged",
        ),
        "diverged": Column("Whether a write made the model's numbers infinite.", bool),
    },
    cells=cells,
    run=run,
    after=("format_finetuning",),
)
