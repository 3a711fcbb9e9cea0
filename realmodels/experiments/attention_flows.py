"""Asymmetric finetuning of native sparse attention: the selected flow is written, the compressed one rests or goes slowly (E4).

A flow's own parameters are those of `realmodels.writing.methods.asymmetric`. Prompts of facts are shorter than what the selected
flow sees, so that it selects all of them, and the compressed flow sees a block or two. What differs between the flows here is
what they read and what may change, not what they skip.
"""

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

ARCHITECTURE = "nsa"
WAYS = {
    "full": Way(ARCHITECTURE, "full", (0.005, 0.01, 0.02)),
    "attention": Way(ARCHITECTURE, "full", (0.01, 0.02, 0.04), {"where": "attention"}),
    "both": Way(ARCHITECTURE, "asymmetric", (0.04, 0.08, 0.16), {"part": "both"}),
    "slow_10": Way(ARCHITECTURE, "asymmetric", (0.05, 0.1, 0.2), {"part": "both", "slow": 10.0}),
    "selected": Way(ARCHITECTURE, "asymmetric", (0.05, 0.1, 0.2)),
    "compressed": Way(ARCHITECTURE, "asymmetric", (0.1, 0.2, 0.4), {"part": "compressed"}),
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
    with one_thread():
        path = checkpoint_of(model, workspace)
        setting = Setting(path, model.format_finetuning, cell["seed"], cell["tasks"], cell["old"], workspace)
        own = {
            "way": cell["way"],
            "seed": cell["seed"],
            **setting.about,
            "prompt": float(setting.stream.facts.last.float().mean()),
        }
        return [{**own, **setting.outcome(way, rate)} for rate in cell["rates"]]


EXPERIMENT = Experiment(
    name="attention_flows",
    question="Does finetuning a model with native sparse attention asymmetrically, the selected flow alone or ten times as fast "
    "as the compressed one, disturb less of what it knew than finetuning both flows alike, or all parameters?",
    prediction="As proposed in the notes that this work began from: at equal learning the selected flow alone loses less of old "
    "facts, costs less held-out text and keeps more of the stream than both flows alike (P9-flow-both) and than full finetuning "
    "(P9-flow-full); a compressed flow slowed ten times does so too (P9-flow-slow). On the development model it did not: at a "
    "depth of 0.78 the selected flow alone cost 0.5 bits per byte of text and 0.46 of old facts, both flows alike at 0.83 0.2 "
    "and 0.38, full finetuning at 0.81 0.04 and 0.44. All three are expected to be refuted.",
    falsifier="The simultaneous 95% interval over seeds of one of these differences lies wholly below 0.",
    controls="Both flows alike; the compressed flow alone; all matrices of attention, and all parameters, for scope; the same "
    "model, facts, order and number of steps; ways are compared where they learn equally, by interpolation between learning "
    "rates.",
    columns={
        "way": Column(
            "All parameters (full), all matrices of attention, both flows alike, the compressed flow ten times slower (slow_10), "
            "the selected or the compressed flow alone.",
            str,
        ),
        "seed": Column("Seed of the model and of its facts.", int),
        "T": Column("Tasks of the stream.", int, unit="tasks"),
        "D": Column("Facts per task.", int, unit="facts"),
        "steps": Column("Gradient steps per task.", int, unit="steps"),
        "candidates": Column("Answers among which the model chooses.", int, unit="answers"),
        "old_facts": Column("Facts known before that are asked.", int, unit="facts"),
        "old_bits": Column("What the model knew of them before.", unit="bits per fact"),
        "prompt": Column("Mean length of a prompt before its last token.", unit="tokens"),
        "learning_rate": Column("Learning rate of the writes."),
        "written_parameters": Column("Parameters that the way may change.", int, unit="parameters"),
        "state_numbers": Column("Numbers that the way keeps beside the parameters at the end.", int, unit="numbers"),
        "state_bits": Column("Bits of that state.", int, unit="bits"),
        "learned": Column("Mean depth of a task just after its own write.", optional="the model diverged"),
        "kept": Column("Mean depth of all facts after the last task.", optional="the model diverged"),
        "kept_rephrased": Column("The same in a wording that is never written.", optional="the model diverged"),
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
