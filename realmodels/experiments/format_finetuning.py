"""Format finetuning of the pretrained models: what it changes, before any fact of a stream is written."""

from collections.abc import Sequence
from pathlib import Path

from realmodels.model import checkpoint
from realmodels.training.recipe import SEEDS
from realmodels.writing.methods.catalogue import MODELS
from realmodels.writing.models import ModelSpec, checkpoint_of, model_spec
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows


def cells(preset: Preset) -> Sequence[Cell]:
    """One cell per model: every architecture and seed."""
    return [model_spec(architecture, preset, seed).to_json() for seed in SEEDS[preset] for architecture in MODELS]


def run(cell: Cell, workspace: Path) -> Rows:
    """Train the model, or read it if it is there. One row per entry of its log, the last one with `final`."""
    spec = ModelSpec.from_json(cell)
    _, _, meta = checkpoint.read(checkpoint_of(spec, workspace))
    own = {"architecture": spec.architecture, "seed": spec.seed}
    log = meta["format_finetuning"]["log"]
    return [{**own, **entry, "final": entry["step"] == spec.format_finetuning.steps} for entry in log]


EXPERIMENT = Experiment(
    name="format_finetuning",
    question="Does a model that knows the form of the facts, from other subjects, tell prompts of a stream apart where it "
    "answers?",
    prediction="In every model the mean cosine between prompts' keys at the answering position falls from above 0.9 to below 0.5 "
    "(P7), at a cost to held-out text of less than 0.15 bits per byte (P7-cost). Both are checks of the set-up; their "
    "borders were set after pilots.",
    falsifier="The mean cosine stays above 0.5: one matrix cannot hold the facts apart, and methods that write one cannot be "
    "compared.",
    controls="No subject of the stream occurs in the training facts, not even as a word; the same training facts for all "
    "architectures and seeds.",
    columns={
        "architecture": Column("Architecture, as `cwb models` names it.", str),
        "seed": Column("Seed of the model.", int),
        "bits_per_byte": Column("Cross-entropy on held-out text.", unit="bits per byte"),
        "key_cosine": Column("Mean cosine between different prompts' inputs to the last feed-forward matrix."),
        "loss": Column("Mean loss of the answers since the log entry before; 0 at step 0, where there is none.", unit="nats"),
        "recall": Column("Share of right answers in the batches since the log entry before; 0 at step 0."),
        "step": Column("Steps of format finetuning so far.", int, unit="steps"),
        "text_loss": Column("Mean loss per token of the text that is mixed in; 0 at step 0.", unit="nats"),
        "final": Column("Whether this is the last entry.", bool),
    },
    cells=cells,
    run=run,
    after=("pretraining",),
)
