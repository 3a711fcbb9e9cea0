"""The development models: on them, and on nothing that is reported, dials are chosen and pilots are run."""

from collections.abc import Sequence
from pathlib import Path

from realmodels.model import checkpoint
from realmodels.training.recipe import DEVELOPMENT_SEED
from realmodels.writing.course import MODELS, model_cell, schooled_model
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows


def cells(preset: Preset) -> Sequence[Cell]:
    """A cell an architecture."""
    return [model_cell(architecture, preset, DEVELOPMENT_SEED) for architecture in MODELS]


def run(cell: Cell, workspace: Path) -> Rows:
    """Pretrain and school (or find) the model; one row, the end of its schooling."""
    _, _, meta = checkpoint.read(schooled_model(cell, workspace))
    return [{"architecture": cell["architecture"], "model_seed": cell["model_seed"], **meta["schooling"]["log"][-1]}]


EXPERIMENT = Experiment(
    name="development",
    question="What is there to choose dials on that is not reported?",
    prediction="None: nothing is concluded from these models.",
    falsifier="None.",
    controls="Under preset paper their seed is none of the reported ones. Under quick, which has one seed, it is the same.",
    columns={
        "architecture": Column("Architecture, as `cwb models` names it.", str),
        "model_seed": Column("Seed of the model.", int),
        "bits_per_byte": Column("Cross-entropy on held-out text at the end of format finetuning.", unit="bits per byte"),
        "key_cosine": Column("Mean cosine between different prompts' inputs to the last feed-forward matrix."),
        "loss": Column("Mean loss of the answers since the log entry before.", unit="nats"),
        "recall": Column("Share of right answers in the batches since the log entry before."),
        "step": Column("Steps of format finetuning so far.", int, unit="steps"),
        "text_loss": Column("Mean loss per token of the text that is mixed in, since the log entry before.", unit="nats"),
    },
    cells=cells,
    run=run,
    after=("schooling",),
)
