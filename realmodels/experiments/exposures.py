"""Bits per parameter against exposures: how much of what it has read so many times does a small model hold?"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from realmodels.model.architectures import described, parameters
from realmodels.model.config import ModelConfig
from realmodels.model.part import code
from realmodels.model.transformer import Transformer
from realmodels.text import biographies
from realmodels.text.biographies import PHRASINGS, RELATIONS, Biographies
from realmodels.training.loop import one_thread
from realmodels.training.optimisers import Optimisers
from realmodels.training.recall import stored
from realmodels.training.recipe import SEEDS
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.progress import reporter
from simulate.runs.store import Rows
from theory.errors import UserError

NAME, VALUE = 1, 2  # marks of a sentence's tokens
SENTENCE = 5  # most tokens of a sentence
LONGEST = SENTENCE * len(RELATIONS) + 2  # and of a person's text, with the separators

# A model that one CPU core trains in minutes, and people about whom there is more to know than 2 bits for each of its parameters.
# Width: pilots on seed 0 (at 16 it held 0.27 bits per parameter after 100 exposures to 500 people, at 24 it held 0.47).
SHAPE = {"width": 20, "layers": 2, "heads": 2, "hidden": 80}
PEOPLE, CHOICES, NAMES = 1100, 32, (64, 64)
EXPOSURES = {"quick": (10, 30, 100), "paper": (10, 30, 100, 300, 1000)}
BATCH = {10: 16, 30: 16, 100: 32, 300: 64, 1000: 128}  # people a step: the fewer the exposures, the more steps are made of them
FALL = 0.5
LR = {"matrices": 0.02, "embedding": 0.015, "values": 0.015, "indexer": 0.003}


def pieces(phrasing: str, name: Sequence[str], value: str) -> list[str]:
    """A sentence in pieces: what stands before the name, first name, last name, what stands after it, value and full stop."""
    before, after = phrasing.split("{}")
    return [*([before] if before else []), *name, after, f" {value}."]


@dataclass(frozen=True)
class Reader:
    """All sentences as token numbers and marks, [people, relations, phrasings, SENTENCE], -1 and 0 after the end.

    A token is a piece (`pieces`), so that a text is as short as it can be; `number` gives a piece its number, 0 separates texts.
    """

    config: Biographies
    number: dict[str, int]
    sentences: np.ndarray
    marks: np.ndarray

    def exposure(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Texts of all people at one exposure and their marks, [people, LONGEST]: separator, six sentences, separator, -1s.

        The name is marked where it first stands in a text.
        """
        order, phrasings = biographies.plan(self.config, number)
        who = np.arange(self.config.people)[:, None]
        made, marks = (x[who, order, phrasings] for x in (self.sentences, self.marks))
        marks[:, 1:][marks[:, 1:] == NAME] = 0
        made, marks = made.reshape(len(made), -1), marks.reshape(len(made), -1)
        first = np.argsort(made < 0, axis=1, kind="stable")[:, : LONGEST - 2]
        made, marks = (np.pad(np.take_along_axis(x, first, 1), ((0, 0), (1, 1)), constant_values=fill)
                       for x, fill in ((made, -1), (marks, 0)))  # fmt: skip
        made[:, 0] = 0
        made[who[:, 0], (made >= 0).sum(1)] = 0
        return made, marks


def said(choices: int) -> list[str]:
    """All pieces but the names, in a fixed order."""
    around = [piece for relation in RELATIONS.values() for text in relation.phrasings for piece in text.split("{}") if piece]
    return list(dict.fromkeys([*around, *(f" {value}." for r in RELATIONS.values() for value in r.values[:choices])]))


def vocabulary(config: Biographies) -> int:
    """Number of tokens: the separator, the names and the other pieces."""
    return 1 + config.firsts + config.lasts + len(said(config.choices))


@cache
def reader(config: Biographies) -> Reader:
    """The reader of these biographies: its tokens are all pieces that there might be."""
    names = [*biographies.names(config.firsts, "first"), *biographies.names(config.lasts, "last")]
    number = {piece: i for i, piece in enumerate(["", *names, *said(config.choices)])}
    sentences = np.full((config.people, len(RELATIONS), PHRASINGS, SENTENCE), -1, np.int16)
    marks = np.zeros(sentences.shape, np.int8)
    for i, person in enumerate(biographies.people(config)):
        for k, (relation, value) in enumerate(zip(RELATIONS.values(), person.values, strict=True)):
            for j, phrasing in enumerate(relation.phrasings):
                ids = [number[piece] for piece in pieces(phrasing, person.name, value)]
                sentences[i, k, j, : len(ids)] = ids
                marks[i, k, j, len(ids) - 4 : len(ids) - 2] = NAME
                marks[i, k, j, len(ids) - 1] = VALUE
    return Reader(config, number, sentences, marks)


def _read(model: Transformer, texts: np.ndarray) -> tuple[Tensor, Tensor]:
    """(loss in nats, whether it was the likeliest) of every token but the first, [texts, length - 1]; loss 0 after the end."""
    taken = torch.from_numpy(texts.astype(np.int64))
    logits = model(taken[:, :-1].clamp(min=0))
    loss = F.cross_entropy(logits.transpose(1, 2), taken[:, 1:], ignore_index=-1, reduction="none")
    return loss, logits.argmax(-1) == taken[:, 1:]


def train(cell: Cell, read: Reader, tell: Any = None) -> Transformer:
    """The model of a cell after all its exposures, each in an order of its own; deterministic. Raises UserError if diverging."""
    model = Transformer(ModelConfig.from_json(cell["model"]), cell["seed"])
    optimisers = Optimisers(model, {name: cell["lr"][name] for name in ("matrices", "embedding", "values", "indexer")}, 1.0)
    each = math.ceil(read.config.people / cell["batch"])
    steps = each * cell["exposures"]
    for exposure in range(cell["exposures"]):
        texts, _ = read.exposure(exposure)
        order = np.random.default_rng([cell["seed"], 2, exposure]).permutation(len(texts))
        for part, rows in enumerate(np.array_split(order, each)):
            step = exposure * each + part
            taken = texts[rows]
            loss = _read(model, taken)[0].sum() / int((taken[:, 1:] >= 0).sum())
            if not math.isfinite(value := loss.item()):
                raise UserError(f"exposures, step {step + 1}: the loss is {value}: lower the learning rates")
            loss.backward()
            left = (steps - step - 0.5) / (cell["fall"] * steps)
            optimisers.step(min(1.0, (step + 0.5) / (0.02 * steps), left), f"exposures, step {step + 1}")
            if tell:
                tell(step + 1, steps, value)
    return model


@torch.no_grad()
def held(model: Transformer, read: Reader, exposure: int) -> dict[str, float]:
    """What the model holds, by its losses on texts of an exposure that it has not read, in bits over all people.

    names, values: `realmodels.training.recall.stored`. clipped: sum over values of max(0, log2 S - loss): no lower bound, as
    lucky guesses count and unlucky ones do not. recall: share of the values that are the likeliest token.
    """
    texts, marks = read.exposure(exposure)
    kind = torch.from_numpy(marks[:, 1:])
    loss, right = (torch.cat(parts) for parts in zip(*(_read(model, part) for part in np.array_split(texts, 8)), strict=True))
    name, value = (loss[kind == mark].double() for mark in (NAME, VALUE))
    found = stored(read.config, float(name.sum()) / len(texts), float(value.sum()) / len(texts))
    clipped = (read.config.bits["value"] - value / math.log(2)).clamp(min=0).sum()
    return {**found, "clipped": float(clipped), "recall": float(right[kind == VALUE].double().mean())}


def cells(preset: Preset) -> Sequence[Cell]:
    """A cell a seed and a number of exposures; each seed has its own people; the longest first, so that workers end together."""
    found = []
    for exposures in sorted(EXPOSURES[preset], reverse=True):
        for seed in SEEDS[preset]:
            about = Biographies(PEOPLE, seed, CHOICES, *NAMES)
            model = described("dense", "mini", vocabulary=vocabulary(about), context=LONGEST, **SHAPE)
            cell = {"model": model.to_json(), "code": code(model), "people": asdict(about), "seed": seed}
            found.append(cell | {"exposures": exposures, "batch": BATCH[exposures], "fall": FALL, "lr": LR})
    return found


def run(cell: Cell, workspace: Path) -> Rows:
    """Train one model; one row, what it holds of what there is to hold."""
    read = reader(Biographies(**cell["people"]))
    shape, people = ModelConfig.from_json(cell["model"]), read.config.people
    with one_thread():
        model = train(cell, read, reporter(workspace, f"exposures {cell['exposures']} {cell['seed']}")).eval()
        found = held(model, read, cell["exposures"])
    return [
        {
            "exposures": cell["exposures"],
            "seed": cell["seed"],
            "people": people,
            "parameters": parameters(shape),
            "embedding_parameters": shape.vocabulary * shape.width,
            "known_bits": people * (read.config.bits["names"] + read.config.bits["values"]),
            "known_value_bits": people * read.config.bits["values"],
            "name_bits": found["names"],
            "value_bits": found["values"],
            "clipped_bits": found["clipped"],
            "recall": found["recall"],
        }
    ]


EXPERIMENT = Experiment(
    name="exposures",
    question="How many bits per parameter does a small model hold of facts that it has read so many times?",
    prediction="With more to know than it can hold, a model holds bits per parameter that grow with exposures, to about 1 at 100 "
    "and about 2 at 1000, as models of a million parameters and more do (Allen-Zhu and Li 2024, part 3.3).",
    falsifier="Bits per parameter at 100 or 1000 exposures differ from 1 or 2 by more than a factor 1.5; or they fall as "
    "exposures grow.",
    controls="People, phrasings and orders drawn with known entropy; bits are a lower bound by the losses, in nothing fitted; "
    "names and values apart; parameters with and without the embedding.",
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
