"""Streams of facts written into pretrained models: what later tasks leave of the earlier ones, by architecture and method."""

from collections.abc import Sequence
from pathlib import Path

from realmodels.training.loop import one_thread
from realmodels.training.recipe import SEEDS
from realmodels.writing.course import RUNS, TUNING_SEED, course, course_cell, scope
from realmodels.writing.stream import write_stream
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows

DIALS = {  # learning rates, from too small to learn a task to more than enough
    "full": (0.001, 0.003, 0.01, 0.03, 0.1),
    "last_matrix": (0.03, 0.1, 0.3, 1.0, 3.0),
    "off_mode": (0.03, 0.1, 0.3, 1.0, 3.0),
    "sparse_memory": (30.0, 100.0, 300.0, 1000.0, 3000.0),
}


def dials(method: str, preset: Preset) -> tuple[float, ...]:
    """The grid of learning rates of a method: five under "paper", every second of them under "quick"."""
    return DIALS[method] if preset == "paper" else DIALS[method][::2]


def cells(preset: Preset) -> Sequence[Cell]:
    """Every run at every dial, on the tuning seed and on the reported ones."""
    return [
        {**course_cell(architecture, preset, seed), "method": method, "dial": dial, "tuning": seed == TUNING_SEED}
        for seed in (TUNING_SEED, *SEEDS[preset])
        for architecture, method in RUNS
        for dial in dials(method, preset)
    ]


def run(cell: Cell, workspace: Path) -> Rows:
    """Write one stream; rows as `realmodels.writing.stream.write_stream` gives them, with the run's own columns."""
    with one_thread():
        taken = course(cell, workspace)
        writer = scope(taken, cell["method"])
        own = {name: cell[name] for name in ("architecture", "method", "dial", "seed", "model_seed", "tuning", "T", "D", "steps")}
        own |= {"candidates": len(taken.facts.candidates), "state_numbers": writer.state_numbers, "state_bits": writer.state_bits}
        own["written_parameters"] = sum(p.numel() for p in writer.parameters.values())
        rows = write_stream(taken.model, writer, taken.facts, taken.rephrased, cell["dial"], cell["steps"], taken.heldout)
    return [{**own, **row} for row in rows]


EXPERIMENT = Experiment(
    name="streams",
    question="How much of a stream of facts does each way of writing keep, at equal learning, and what does that cost held- "
    "out text?",
    prediction="At the chosen dials: writing the last matrix off the keys' common mode keeps more bits after the stream than "
    "writing all of that matrix (I2 as a method); sparse memory keeps more than full finetuning of the same model, "
    "as published; last-matrix writing keeps at least half of sparse memory's advantage over full finetuning "
    "(scope, not sparsity). Retention falls with age.",
    falsifier="Off-mode writing keeps no more than last-matrix writing; or last-matrix writing keeps less than half of the "
    "advantage.",
    controls="Same facts, order, number of steps and optimiser for all methods; dials chosen on a seed that is not reported; "
    "last_matrix is the scope control of both sparse methods; rows before any write; a phrasing that is never "
    "written; held-out text.",
    columns={
        "architecture": Column("Architecture, as `cwb models` names it.", str),
        "method": Column("Method of writing: full, last_matrix, off_mode or sparse_memory.", str),
        "dial": Column("Learning rate of the writes."),
        "seed": Column("Seed of the facts.", int),
        "model_seed": Column("Seed of the model.", int),
        "tuning": Column("Whether the run only serves to choose a learning rate.", bool),
        "T": Column("Tasks of the stream.", int, unit="tasks"),
        "D": Column("Facts per task.", int, unit="facts"),
        "steps": Column("Gradient steps per task.", int, unit="steps"),
        "candidates": Column("Answers among which the model chooses.", int, unit="answers"),
        "state_numbers": Column("Numbers that the method keeps beside the parameters.", int, unit="numbers"),
        "state_bits": Column("Bits of that state.", int, unit="bits"),
        "written_parameters": Column("Parameters that the method may change.", int, unit="parameters"),
        "written": Column("Tasks written so far.", int, unit="tasks"),
        "heldout_bits_per_byte": Column(
            "Cross-entropy on held-out text.",
            unit="bits per byte",
            optional="measured only after 0, 1, 2, 4, 8 ... and all tasks",
        ),
        "diverged": Column("Whether a write made the model's numbers infinite; nothing can be read from it then.", bool),
        "age": Column("Tasks written after this one; negative before it is written.", int, unit="tasks"),
        "task": Column("Number of the task asked for, 0 the oldest.", int),
        "bits": Column("Retained bits per fact: log2(candidates) less the bits of the answer, at least 0.", unit="bits"),
        "bits_raw": Column("The same without the bound at 0.", unit="bits", optional="the model diverged"),
        "recall": Column("Share of the facts whose answer beats every other candidate."),
        "loss": Column("Mean loss of the answers over the whole vocabulary.", unit="nats", optional="the model diverged"),
        "recall_heldout_phrasing": Column("Recall in a phrasing that is never written."),
    },
    cells=cells,
    run=run,
    after=("schooling", "development"),
)
