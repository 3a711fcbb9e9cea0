"""Pretraining: do the three architectures, at equal parameters and equal text, become language models worth writing into?"""

from collections.abc import Sequence
from pathlib import Path

from realmodels.model import checkpoint
from realmodels.model.architectures import active_parameters, parameters
from realmodels.model.part import code
from realmodels.training import pretrain, recipe
from realmodels.training.recipe import SEEDS, PretrainConfig
from realmodels.writing.methods.catalogue import MODELS
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.progress import reporter
from simulate.runs.store import Rows


def cells(preset: Preset) -> Sequence[Cell]:
    """One cell per model: every architecture and seed at size "small", the slowest first so that workers end together."""
    configs = [recipe.config(a, "small", seed, preset) for a in reversed(MODELS) for seed in SEEDS[preset]]
    return [{**config.to_json(), "code": code(config.model)} for config in configs]


def run(cell: Cell, workspace: Path) -> Rows:
    """Train the model, or read it if it is there. One row per evaluation on the way, the last one with `final`."""
    config = PretrainConfig.from_json(cell)
    tell = reporter(workspace, f"{config.model.architecture} {config.seed}")
    model, _, meta = checkpoint.read(pretrain.train(config, workspace, tell, logged=True))
    return [
        {
            "architecture": model.config.architecture,
            "seed": config.seed,
            "step": entry["step"],
            "tokens": entry["tokens"],
            "stage": entry["stage"],
            "train_loss": entry["train_loss"],
            "bits_per_byte": entry["bits_per_byte"]["all"],
            **{f"bits_per_byte_{source}": value for source, value in entry["bits_per_byte"].items() if source != "all"},
            "parameters": parameters(model.config),
            "active_parameters": active_parameters(model.config),
            "final": entry["step"] == config.total_steps,
        }
        for entry in meta["log"]
    ]


EXPERIMENT = Experiment(
    name="pretraining",
    question="Do a dense, a memory-layer and a sparse-attention model of equal size learn to predict text they have not seen?",
    prediction="Every model ends at least 0.2 bits per byte below the bigram on held-out text (P4), and the three of a seed end "
    "within 5% of one another (P4-equal). Both are checks of the set-up.",
    falsifier="A model ends less than 0.2 bits per byte below the bigram, or more than 5% from the best of its seed: "
    "comparisons of writing would be unfair.",
    controls="Unigram, bigram and lzma on the same text (experiment baselines); equal parameters; the same batches in each seed.",
    columns={
        "architecture": Column("Architecture, as `cwb models` names it.", str),
        "seed": Column("Seed of weights and order of texts.", int),
        "step": Column("Training steps so far.", int, unit="steps"),
        "tokens": Column("Tokens read so far.", int, unit="tokens"),
        "stage": Column("Stage of training: dense, or what a staged model adds (warmup, sparse).", str),
        "train_loss": Column("Mean loss per token since the evaluation before.", unit="nats"),
        "bits_per_byte": Column("Cross-entropy on held-out text of all sources.", unit="bits per byte"),
        "bits_per_byte_dictionary": Column("The same on the dictionary.", unit="bits per byte"),
        "bits_per_byte_factbook": Column("The same on the factbook.", unit="bits per byte"),
        "bits_per_byte_wiki": Column("The same on the encyclopedia.", unit="bits per byte"),
        "parameters": Column("Parameters of the model.", int, unit="parameters"),
        "active_parameters": Column("Parameters that take part in one token.", int, unit="parameters"),
        "final": Column("Whether this is the last evaluation.", bool),
    },
    cells=cells,
    run=run,
)
