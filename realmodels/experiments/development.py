"""The development models: learning rates are chosen and pilots are run on them, and on nothing that is reported."""

from collections.abc import Sequence
from pathlib import Path

from realmodels.model import checkpoint
from realmodels.training.recipe import DEVELOPMENT_SEED
from realmodels.writing.methods.catalogue import MODELS
from realmodels.writing.models import ModelSpec, checkpoint_of, model_spec
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows


def cells(preset: Preset) -> Sequence[Cell]:
    """One cell per architecture."""
    return [model_spec(architecture, preset, DEVELOPMENT_SEED).to_json() for architecture in MODELS]


def run(cell: Cell, workspace: Path) -> Rows:
    """Train the model, or read it if it is there. One row: the end of its format finetuning."""
    spec = ModelSpec.from_json(cell)
    _, _, meta = checkpoint.read(checkpoint_of(spec, workspace))
    return [{"architecture": spec.architecture, "model_seed": spec.seed, **meta["format_finetuning"]["log"][-1]}]


EXPERIMENT = Experiment(
    name="development",
    question="Which models are there to choose learning rates on that are not reported?",
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
    after=("format_finetuning",),
)
