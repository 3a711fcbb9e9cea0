"""Bits per parameter against exposures: how much does a small model hold of what it has read so many times?"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from realmodels.experiments.knowledge import SEEDS
from realmodels.model.architectures import described, parameters
from realmodels.model.part import code
from realmodels.text.biographies import Biographies
from realmodels.text.short_biographies import LONGEST, short_biographies, vocabulary
from realmodels.training.exposures import ExposureConfig, bits_held, train
from realmodels.training.loop import one_thread
from realmodels.training.optimisers import GROUPS
from realmodels.training.recipe import PretrainConfig
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.progress import reporter
from simulate.runs.store import Rows

# A model that one CPU core trains in minutes, and people about whom there is more to know than 2 bits for each of its parameters.
# Width: pilots on seed 0 (at 16 it held 0.27 bits per parameter after 100 exposures to 500 people, at 24 it held 0.47).
SHAPE = {"width": 20, "layers": 2, "heads": 2, "hidden": 80}
PEOPLE, CHOICES, NAMES = 1100, 32, (64, 64)
EXPOSURES = {"quick": (10, 30, 100), "paper": (10, 30, 100, 300, 1000)}
BATCH = {10: 16, 30: 16, 100: 32, 300: 64, 1000: 128}  # people per step: with fewer exposures, more steps are made of each
FALL = 0.5
LEARNING_RATES = {group: getattr(PretrainConfig, f"lr_{group}") for group in GROUPS}  # the defaults of pretraining


def cells(preset: Preset) -> Sequence[Cell]:
    """One cell per number of exposures and seed. Each seed has its own people. The longest come first, so that workers end
    together."""
    ordered = []
    for exposures in sorted(EXPOSURES[preset], reverse=True):
        for seed in SEEDS[preset]:
            about = Biographies(PEOPLE, seed, CHOICES, *NAMES)
            model = described("dense", "mini", vocabulary=vocabulary(about), context=LONGEST, **SHAPE)
            config = ExposureConfig(model, seed, exposures, BATCH[exposures], FALL, LEARNING_RATES)
            ordered.append({"training": config.to_json(), "people": asdict(about), "code": code(model)})
    return ordered


def run(cell: Cell, workspace: Path) -> Rows:
    """Train one model. One row: what it holds of what there is to know."""
    config, about = ExposureConfig.from_json(cell["training"]), Biographies(**cell["people"])
    people = short_biographies(about)
    with one_thread():
        progress = reporter(workspace, f"exposures {config.exposures} {config.seed}")
        bits = bits_held(train(config, people, progress).eval(), people, config.exposures)
    return [
        {
            "exposures": config.exposures,
            "seed": config.seed,
            "people": about.people,
            "parameters": parameters(config.model),
            "embedding_parameters": config.model.vocabulary * config.model.width,
            "known_bits": about.people * (about.bits["names"] + about.bits["values"]),
            "known_value_bits": about.people * about.bits["values"],
            "name_bits": bits["names"],
            "value_bits": bits["values"],
            "clipped_bits": bits["clipped"],
            "recall": bits["recall"],
        }
    ]


EXPERIMENT = Experiment(
    name="exposures",
    question="How many bits per parameter does a small model hold of facts that it has read so many times?",
    prediction="With more to know than it can hold, a model holds bits per parameter that grow with exposures, to about 1 at 100 "
    "and about 2 at 1000, as models of a million parameters and more do (Allen-Zhu and Li 2024, part 3.3).",
    falsifier="Bits per parameter at 100 or 1000 exposures differ from 1 or 2 by more than a factor 1.5; or they fall as "
    "exposures grow.",
    controls="People, phrasings and orders drawn with known entropy; bits are a lower bound computed from the losses, with no "
    "fitted constant; names and values apart; parameters with and without the embedding.",
    columns={
        "exposures": Column("Texts read about each person.", int, unit="texts"),
        "seed": Column("Seed of people and weights.", int),
        "people": Column("People in the text.", int, unit="people"),
        "parameters": Column("Parameters of the model.", int, unit="parameters"),
        "embedding_parameters": Column("Those of the embedding among them.", int, unit="parameters"),
        "known_bits": Column("Entropy of names and values of all people: all that there is to know.", unit="bits"),
        "known_value_bits": Column("Entropy of the values alone.", unit="bits"),
        "name_bits": Column("Bits held of the names, by the losses; negative if worse than guessing.", unit="bits"),
        "value_bits": Column("Bits held of the values, by the losses; negative if worse than guessing.", unit="bits"),
        "clipped_bits": Column("Sum over values of what each is known by, at least 0: not a lower bound.", unit="bits"),
        "recall": Column("Share of the values that are the likeliest token."),
    },
    cells=cells,
    run=run,
)
