"""Streams of facts written into pretrained models: what later tasks leave of the earlier ones, by architecture and method."""

from collections.abc import Sequence
from pathlib import Path

from realmodels.training.loop import one_thread
from realmodels.training.recipe import SEEDS
from realmodels.writing.methods.binding import bind, code
from realmodels.writing.methods.catalogue import METHODS, RUNS
from realmodels.writing.scenario import TUNING_SEED, ScenarioSpec, scenario, scenario_spec
from realmodels.writing.stream import write_stream
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows


def learning_rates(method: str, preset: Preset) -> tuple[float, ...]:
    """The learning rates tried for a method: its whole grid under "paper", every second value under "quick"."""
    return METHODS[method].learning_rates[:: 1 if preset == "paper" else 2]


def cells(preset: Preset) -> Sequence[Cell]:
    """Every run at every learning rate, on the tuning seed and on the reported ones."""
    return [
        {
            "scenario": scenario_spec(architecture, preset, seed).to_json(),
            "method": method,
            "method_code": code(method),
            "learning_rate": learning_rate,
            "tuning": seed == TUNING_SEED,
        }
        for seed in (TUNING_SEED, *SEEDS[preset])
        for architecture, method in RUNS
        for learning_rate in learning_rates(method, preset)
    ]


def run(cell: Cell, workspace: Path) -> Rows:
    """Write one stream. Rows as `realmodels.writing.stream.write_stream` gives them, with the columns of the run."""
    spec = ScenarioSpec.from_json(cell["scenario"])
    with one_thread():
        setting = scenario(spec, workspace)
        writer = bind(cell["method"], setting.model, setting.background)
        own = {
            "architecture": spec.model.architecture,
            "method": cell["method"],
            "learning_rate": cell["learning_rate"],
            "seed": spec.seed,
            "model_seed": spec.model.seed,
            "tuning": cell["tuning"],
            "T": spec.T,
            "D": spec.D,
            "steps": spec.steps,
            "candidates": setting.facts.choices,
            "state_numbers": writer.state_numbers,
            "state_bits": writer.state_bits,
            "written_parameters": sum(p.numel() for p in writer.parameters.values()),
        }
        rows = write_stream(writer, setting.facts, setting.rephrased, cell["learning_rate"], spec.steps, setting.heldout)
    return [{**own, **row} for row in rows]


EXPERIMENT = Experiment(
    name="streams",
    question="How much of a stream of facts does each method keep, at equal learning, and what does that cost held-out text?",
    prediction="At equal learning, in bits kept after the stream, paired by seed. On the dense model full finetuning keeps more "
    "than the last matrix alone and more than off-mode writing (P8, set after the runs on seeds 1, 2, 11 to 13 and 21 "
    "to 23, where it did in the mean). Writing the last matrix off the keys' common mode keeps more than writing all "
    "of that matrix (P2-plain, I2 as a method) and more than sparse memory finetuning of the memory model "
    "(P2-sparse). The last matrix alone keeps at least as much as sparse memory finetuning (P3). Sparse memory "
    "finetuning keeps more than full finetuning of the same model, as published for larger ones (P6); those runs had "
    "the other sign, and that sign is expected again. Retention falls with age.",
    falsifier="The simultaneous 95% interval over seeds of one of these contrasts lies wholly below 0; for what is expected of "
    "P6, wholly above.",
    controls="Same facts, order, number of steps and optimiser for all methods; learning rates chosen on a seed that is not "
    "reported; what one method learned more than another is granted to the other in full; last_matrix is the scope "
    "control of both sparse methods; rows before any write; a phrasing that is never written; held-out text; seeds "
    "that no run has seen, and all earlier runs pooled beside them.",
    columns={
        "architecture": Column("Architecture, as `cwb models` names it.", str),
        "method": Column("Method of writing: full, last_matrix, off_mode or sparse_memory.", str),
        "learning_rate": Column("Learning rate of the writes."),
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
    after=("format_finetuning", "development"),
)
