"""Asymmetric finetuning of native sparse attention: the selected flow is written, the compressed one rests or goes slowly (E4).

A flow's own parameters are those of `realmodels.writing.methods.asymmetric`. A prompt of a fact alone is shorter than what the
selected flow sees, and all but a few have one compressed block, so that neither flow chooses anything. Here every prompt stands
behind a passage of held-out text.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from realmodels.text.encoded import Encoded
from realmodels.training.loop import one_thread
from realmodels.training.recipe import SEEDS
from realmodels.writing.methods.binding import code
from realmodels.writing.models import ModelSpec, checkpoint_of, model_spec
from realmodels.writing.outcome import BESIDE, OLD, Setting, Way
from realmodels.writing.outputs import Facts
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows

ARCHITECTURE = "nsa"
TASKS: dict[Preset, int] = {"quick": 2, "paper": 10}
PASSAGE = 48  # tokens before a prompt
WAYS = {
    "full": Way(ARCHITECTURE, "full", (0.004, 0.007, 0.012)),
    "both": Way(ARCHITECTURE, "asymmetric", (0.04, 0.06, 0.1), {"part": "both"}),
    "slow_10": Way(ARCHITECTURE, "asymmetric", (0.05, 0.07, 0.12), {"part": "both", "slow": 10.0}),
    "selected": Way(ARCHITECTURE, "asymmetric", (0.05, 0.07, 0.12)),
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
            "passage": PASSAGE,
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
        _behind_passages(setting, cell["passage"], cell["seed"])
        prompt = float(setting.stream.facts.last.float().mean()) + 1
        own = {"way": cell["way"], "seed": cell["seed"], **setting.about, "passage": cell["passage"], "prompt": prompt}
        return [{**own, **setting.outcome(way, rate)} for rate in cell["rates"]]


def _behind_passages(setting: Setting, length: int, seed: int) -> None:
    """Put every prompt of a stream behind a passage of its own, the two wordings of a fact behind different ones."""
    stream, draw = setting.stream, np.random.default_rng([1, seed])
    moved = {name: behind(getattr(stream, name), stream.text, length, draw) for name in ("facts", "rephrased", "others")}
    setting.stream = replace(stream, **moved)
    setting.beside = moved["others"][:BESIDE]


def behind(facts: Facts, text: Encoded, length: int, draw: np.random.Generator) -> Facts:
    """The facts, each prompt after a passage of so many tokens of held-out text, drawn at random from all sources."""
    tokens = np.concatenate(list(text.heldout.values())).astype(np.int64)
    starts = draw.integers(0, len(tokens) - length, len(facts))
    passages = torch.from_numpy(tokens[starts[:, None] + np.arange(length)])
    return replace(
        facts,
        tokens=torch.cat([passages, facts.tokens], 1),
        last=facts.last + length,
        place=facts.place + length,
        subject=facts.subject + length,
    )


EXPERIMENT = Experiment(
    name="attention_flows",
    question="Does finetuning a model with native sparse attention asymmetrically, the selected flow alone or ten times as fast "
    "as the compressed one, disturb less of what it knew than finetuning both flows alike, or all parameters?",
    prediction="As proposed in the notes that this work began from: at equal learning the selected flow alone loses less of old "
    "facts, costs less held-out text and keeps more of the stream than both flows alike (P9-flow-both) and than full finetuning "
    "(P9-flow-full); a compressed flow slowed ten times does so against both flows alike (P9-flow-slow). On the development "
    "model, over 16 tasks, at depths of 0.71 to 0.73, the share of old facts lost was 0.31 by full finetuning, 0.15 by both "
    "flows alike, 0.17 with the compressed one slowed, 0.27 by the selected one alone; text rose by 0.06, 0.19, 0.29 and 0.23 "
    "bits per byte; 0.19, 0.26, 0.24 and 0.26 of depth were kept. So all three are expected to be refuted.",
    falsifier="The simultaneous 95% interval over seeds of by how much the sparing way does better in one of the three outcomes "
    "lies wholly below 0.",
    controls="Both flows alike; all parameters; the same model, facts, passages, order and number of steps; ways are compared "
    "where they learn equally, by interpolation between learning rates. Both flows alike write more parameters than the selected "
    "one alone: which flow is not told apart from how many parameters.",
    columns={
        "way": Column(
            "All parameters (full), both flows alike, the compressed flow ten times slower (slow_10), the selected flow alone.",
            str,
        ),
        "seed": Column("Seed of the model and of its facts.", int),
        "T": Column("Tasks of the stream.", int, unit="tasks"),
        "D": Column("Facts per task.", int, unit="facts"),
        "steps": Column("Gradient steps per task.", int, unit="steps"),
        "candidates": Column("Answers among which the model chooses.", int, unit="answers"),
        "old_facts": Column("Facts known before that are asked.", int, unit="facts"),
        "old_bits": Column("What the model knew of them before.", unit="bits per fact"),
        "passage": Column("Tokens of held-out text before a prompt of the stream.", int, unit="tokens"),
        "prompt": Column("Mean length of a prompt of the stream with its passage.", unit="tokens"),
        "learning_rate": Column("Learning rate of the writes."),
        "written_parameters": Column("Parameters that the way may change.", int, unit="parameters"),
        "state_numbers": Column("Numbers that the way keeps beside the parameters at the end.", int, unit="numbers"),
        "state_bits": Column("Bits of that state.", int, unit="bits"),
        "learned": Column("Mean depth of a task just after its own write.", optional="the model diverged"),
        "kept": Column("Mean depth of all facts after the last task.", optional="the model diverged"),
        "kept_rephrased": Column("The same in another wording, behind another passage.", optional="the model diverged"),
        "recall": Column("Share of the facts whose answer is the likeliest after the last task.", optional="the model diverged"),
        "old_lost": Column("Share of old facts whose answer is no longer the likeliest.", optional="the model diverged"),
        "old_lost_bits": Column("What an old fact lost.", unit="bits per fact", optional="the model diverged"),
        "text_rise": Column("Rise of the cross-entropy of held-out text.", unit="bits per byte", optional="the model diverged"),
        "function": Column(
            "Size F_Delta of the update on held-out text, over the matrices that the way writes: not comparable between ways.",
            optional="the model diverged",
        ),
        "diverged": Column("Whether a write made the model's numbers infinite.", bool),
    },
    cells=cells,
    run=run,
    after=("format_finetuning",),
)
