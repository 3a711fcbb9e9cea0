"""Which slots are read at the places of a prompt about a subject, and how much they tell of that subject.

A subject is asked about in two wordings. In both, words come before the name, so that it has the same tokens. The token after it
and the last one are the same as well. At a place, `same` is the overlap of the reads of one subject between the wordings. `other`
is the overlap of different subjects that have the same token there, between the wordings as well. Their difference, the
specificity, is what the reads tell of the subject beyond the token itself. At a name's first token it is 0: nothing earlier tells
the subjects apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from realmodels.model.slots import Reads, overlap, partners, read
from realmodels.model.transformer import Transformer
from realmodels.text.encoder import Encoder
from realmodels.text.facts import TEMPLATES
from realmodels.writing.methods.sparse_memory import inverse_document_frequency, top_slots

WORDINGS = (f"It is said that {TEMPLATES['cities'][0]}", TEMPLATES["cities"][1])
PLACES = ("first", "inside", "last", "after", "answer")
"""A name's first token, one between, its last; the token after the name; the one that predicts the answer."""
DRAWS = 4  # other subjects that each subject is compared with at a place


@dataclass(frozen=True)
class Prompts:
    """F subjects in one wording.

    tokens [F, L]: padded on the right. reads [F, L, R]. start: the position of the name's first token, the same in all.
    length [F]: tokens of the name. last [F]: the position that predicts the answer.
    """

    tokens: np.ndarray
    reads: Reads
    start: int
    length: np.ndarray
    last: np.ndarray

    def at(self, place: str) -> tuple[np.ndarray, np.ndarray]:
        """(subjects [P], positions [P]) of all tokens at a place, subject after subject."""
        if place == "inside":
            counts = np.maximum(self.length - 2, 0)
            who = np.arange(len(counts)).repeat(counts)
            return who, self.start + 1 + np.arange(len(who)) - (counts.cumsum() - counts)[who]
        own = {"first": 0 * self.length, "last": self.length - 1, "after": self.length}
        return np.arange(len(self.length)), self.last if place == "answer" else self.start + own[place]


def prompts(model: Transformer, encoder: Encoder, subjects: Sequence[str], wording: str) -> Prompts:
    """The prompts of a wording with their reads."""
    before, after = wording.split("{}")
    start = encoder.prompt(before.rstrip())
    names, rest = [encoder.encode(f" {subject}") for subject in subjects], encoder.encode(after)
    length = np.array([len(name) for name in names])
    tokens = np.zeros((len(names), len(start) + length.max() + len(rest)), dtype=np.int64)
    for row, name in zip(tokens, names, strict=True):
        text = [*start, *name, *rest]
        row[: len(text)] = text
    reads, _ = read(model, torch.from_numpy(tokens))
    return Prompts(tokens, reads, len(start), length, len(start) + length + len(rest) - 1)


@dataclass(frozen=True)
class Overlaps:
    """Mean overlaps of reads at a place, each from 0 to 1.

    pairs: how many pairs of different subjects with the same token there are behind `same`, `other` and `alike`. same: of one
    subject between the wordings, of the subjects in these pairs. other: of different subjects with the same token there, between
    the wordings. alike: the same, in one wording. any: of different subjects, whatever their tokens, in one wording.
    """

    pairs: int
    same: float
    other: float
    alike: float
    any: float

    @property
    def specificity(self) -> float:
        """What the reads tell of the subject beyond the token."""
        return self.same - self.other


def overlaps(wordings: tuple[Prompts, Prompts], who: np.ndarray, index: np.ndarray, rng: np.random.Generator) -> Overlaps:
    """At the places of subjects `who` [P] whose position in each wording is `index` [2, P]. Needs at least one pair."""
    one, other = (prompt.reads[who, at] for prompt, at in zip(wordings, index, strict=True))
    pairs = partners(wordings[0].tokens[who, index[0]], DRAWS, rng)
    left, right = pairs[who[pairs[:, 0]] != who[pairs[:, 1]]].T
    drawn = rng.permutation(len(who))
    strangers = who != who[drawn]
    return Overlaps(
        len(left),
        float(overlap(one, other)[left].mean()),
        float(overlap(one[left], other[right]).mean()),
        float(overlap(one[left], one[right]).mean()),
        float(overlap(one, one[drawn])[strangers].mean()),
    )


def by_place(wordings: tuple[Prompts, Prompts], rng: np.random.Generator) -> dict[str, Overlaps]:
    """The overlaps at each of PLACES."""
    found = {}
    for place in PLACES:
        (who, first), (_, second) = (prompt.at(place) for prompt in wordings)
        found[place] = overlaps(wordings, who, np.stack([first, second]), rng)
    return found


def at_equal_index(wordings: tuple[Prompts, Prompts], rng: np.random.Generator) -> tuple[float, float]:
    """Specificity (inside a name, at its last token), both at the same number of the token within the name.

    Means over the numbers from the second token on at which both occur in at least one pair, weighted by the number of pairs of
    the rarer.
    """
    length, rows = wordings[0].length, []
    for number in range(1, int(length.max())):
        parts = [np.flatnonzero(length > number + 1), np.flatnonzero(length == number + 1)]
        if min(map(len, parts)) < 2:
            continue
        index = [np.array([[prompt.start + number] * len(who) for prompt in wordings]) for who in parts]
        labels = [wordings[0].tokens[who, at[0]] for who, at in zip(parts, index, strict=True)]
        if any(len(np.unique(label)) == len(label) for label in labels):
            continue
        inside, last = (overlaps(wordings, who, at, rng) for who, at in zip(parts, index, strict=True))
        rows.append((min(inside.pairs, last.pairs), inside.specificity, last.specificity))
    weight, inside, last = np.array(rows).T
    return float(np.average(inside, weights=weight)), float(np.average(last, weights=weight))


def chosen(wording: Prompts, count: int) -> np.ndarray:
    """Whether each read [F, L, R] is of one of the `count` slots that sparse memory finetuning would write for its prompt alone.

    The background is all the prompts of this wording. Padding is never chosen.
    """
    inside = np.arange(wording.tokens.shape[1]) <= wording.last[:, None]
    slots, (facts, places, each) = wording.reads.slots, wording.reads.slots.shape
    code = np.arange(facts)[:, None, None] * wording.reads.table + slots
    counts = torch.from_numpy(np.bincount(code[inside].ravel(), minlength=facts * wording.reads.table))
    counts = counts.reshape(facts, wording.reads.table).float()
    idf = inverse_document_frequency(counts)
    masks = torch.stack([top_slots(row, idf, count) for row in counts]).numpy()
    return np.take_along_axis(masks, slots.reshape(facts, -1), 1).reshape(facts, places, each) & inside[..., None]
