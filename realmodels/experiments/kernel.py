"""The kernel of every writing scope, before any write: how much facts share, and how much of that is one common mode."""

from collections.abc import Sequence
from pathlib import Path

from realmodels.training.loop import one_thread
from realmodels.training.recipe import SEEDS
from realmodels.writing.course import RUNS, before_writing, course_cell
from realmodels.writing.kernel import activation_fraction, statistics, write_fraction
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows

SCOPES = (*RUNS, ("memory", "memory"), ("memory", "last_matrix"), ("memory", "off_mode"))


def cells(preset: Preset) -> Sequence[Cell]:
    """Every scope of every architecture, on the facts of the reported seeds."""
    return [
        {**course_cell(architecture, preset, seed), "scope": scope} for seed in SEEDS[preset] for architecture, scope in SCOPES
    ]


def run(cell: Cell, workspace: Path) -> Rows:
    """Statistics of one kernel, over the facts of the stream that will be written."""
    with one_thread():
        taken, writer, kernel, _ = before_writing(cell, cell["scope"], workspace)
        found = statistics(kernel.writes)
        fractions = {
            "activation_fraction": activation_fraction(taken.model, writer, taken.facts),
            "write_fraction": write_fraction(taken.model, writer, taken.facts),
        }
    own = {name: cell[name] for name in ("architecture", "scope", "seed", "model_seed", "T", "D")}
    return [{**own, "facts": len(taken.facts), **found, **fractions}]


EXPERIMENT = Experiment(
    name="kernel",
    question="How many directions do the facts of a stream have to themselves when they are written, by scope of writing?",
    prediction="Write directions of full finetuning and of the last matrix overlap through one common mode (I2): more than "
    "half of the mean squared overlap. Taking the background's mean key out of the last matrix's keys takes that "
    "mode out: the common mode's share falls below 0.1, and the participation ratio rises by half.",
    falsifier="Without the mean key the common mode's share stays above 0.1, or the participation ratio rises by less than a "
    "tenth.",
    controls="The background prompts, whose mean key is taken out, are about other subjects; memory values with and without "
    "a choice of slots.",
    columns={
        "architecture": Column("Architecture, as `cwb models` names it.", str),
        "scope": Column("What may be written: the scope of a method, or memory (all values of the memory layer).", str),
        "seed": Column("Seed of the facts.", int),
        "model_seed": Column("Seed of the model.", int),
        "T": Column("Tasks of the stream.", int, unit="tasks"),
        "D": Column("Facts per task.", int, unit="facts"),
        "facts": Column("Facts in the kernel.", int, unit="facts"),
        "participation_ratio": Column("Participation ratio of the Gram matrix of write directions."),
        "common_mode": Column("Squared mean overlap over mean squared overlap: the share that one direction explains."),
        "mean_overlap": Column("Mean inner product of two different facts' write directions (unit length)."),
        "rms_overlap": Column("Root mean square of these inner products."),
        "spectrum": Column("Eigenvalues of the Gram matrix in falling order, scaled to sum 1.", list),
        "activation_fraction": Column("Share of the units in the scope that act at a token of the prompts."),
        "write_fraction": Column("Share of all parameters that the first step of writing a task changes."),
    },
    cells=cells,
    run=run,
    after=("schooling",),
)
