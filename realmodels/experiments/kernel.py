"""The kernel of every writing scope, before any write: how much facts share, and how much of that is one common mode.

A scope is a method, or "memory": all values of a memory layer, without a choice of slots.
"""

from collections.abc import Sequence
from pathlib import Path

from realmodels.training.loop import one_thread
from realmodels.training.recipe import SEEDS
from realmodels.writing.kernel import activation_fraction, statistics, write_fraction
from realmodels.writing.kernel_cache import cached_kernel
from realmodels.writing.methods.binding import bind, code
from realmodels.writing.methods.catalogue import RUNS
from realmodels.writing.methods.writer import Writer
from realmodels.writing.scenario import Scenario, ScenarioSpec, scenario, scenario_spec
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows

SCOPES = (*RUNS, ("memory", "memory"), ("memory", "last_matrix"), ("memory", "off_mode"))


def method_of(scope: str) -> str:
    """The method whose parameters a scope has."""
    return "sparse_memory" if scope == "memory" else scope


def writer_of(scope: str, setting: Scenario) -> Writer:
    """The writer of a scope in a scenario."""
    writer = bind(method_of(scope), setting.model, setting.background)
    return Writer(setting.model, writer.parameters) if scope == "memory" else writer


def cells(preset: Preset) -> Sequence[Cell]:
    """Every scope of every architecture, on the facts of the reported seeds."""
    return [
        {
            "scenario": scenario_spec(architecture, preset, seed).to_json(),
            "scope": scope,
            "method_code": code(method_of(scope)),
        }
        for seed in SEEDS[preset]
        for architecture, scope in SCOPES
    ]


def run(cell: Cell, workspace: Path) -> Rows:
    """Statistics of one kernel, over the facts of the stream that will be written."""
    spec = ScenarioSpec.from_json(cell["scenario"])
    with one_thread():
        setting = scenario(spec, workspace)
        writer = writer_of(cell["scope"], setting)
        kernel = cached_kernel(spec, setting, writer, f"{cell['scope']} {cell['method_code']}", workspace)
        return [
            {
                "architecture": spec.model.architecture,
                "scope": cell["scope"],
                "seed": spec.seed,
                "model_seed": spec.model.seed,
                "T": spec.T,
                "D": spec.D,
                "facts": len(setting.facts),
                **statistics(kernel.writes),
                "activation_fraction": activation_fraction(setting.model, writer, setting.facts),
                "write_fraction": write_fraction(setting.model, writer, setting.facts),
            }
        ]


EXPERIMENT = Experiment(
    name="kernel",
    question="How many directions do the facts of a stream have to themselves when they are written, by scope of writing?",
    prediction="Write directions of full finetuning and of the last matrix overlap through one common mode (I2): more than half "
    "of the mean squared overlap. Taking the background's mean key out of the last matrix's keys takes that mode out, "
    "by construction: the common mode's share falls below 0.1, and the participation ratio at least doubles (P5, a "
    "check of the set-up, set after a first run).",
    falsifier="Without the mean key the common mode's share stays above 0.1, or the participation ratio does not double: the "
    "background's mean key is not that of the stream.",
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
    after=("format_finetuning",),
)
