"""Biographies as arrays of tokens, each token a whole piece of a sentence, so that a text is as short as it can be.

A sentence is cut into what stands before the name, the first name, the last name, what stands after it, and the value with the
full stop. Token 0 separates texts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from realmodels.text import biographies
from realmodels.text.biographies import PHRASINGS, RELATIONS, Biographies

NAME, VALUE = 1, 2  # kinds of tokens
SENTENCE = 5  # most tokens of a sentence
LONGEST = SENTENCE * len(RELATIONS) + 2  # and of a person's text, with the separators


def pieces(phrasing: str, name: Sequence[str], value: str) -> list[str]:
    """A sentence in pieces: before the name (if anything), first name, last name, after the name, value with full stop."""
    before, after = phrasing.split("{}")
    return [*([before] if before else []), *name, after, f" {value}."]


@dataclass(frozen=True)
class ShortBiographies:
    """All sentences about all people as tokens.

    number: piece -> its token. sentences: tokens [people, relations, phrasings, SENTENCE], -1 after the end. kinds: of the same
    shape, NAME for the two tokens of a name, VALUE for a value, 0 for all else.
    """

    config: Biographies
    number: dict[str, int]
    sentences: np.ndarray
    kinds: np.ndarray

    def exposure(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Texts of all people at one exposure, and the kinds of their tokens, both [people, LONGEST].

        A text is a separator, six sentences, a separator, and -1 after the end. Only the first occurrence of the name in a text
        has the kind NAME.
        """
        order, phrasings = biographies.plan(self.config, number)
        who = np.arange(self.config.people)[:, None]
        texts, kinds = (x[who, order, phrasings] for x in (self.sentences, self.kinds))
        kinds[:, 1:][kinds[:, 1:] == NAME] = 0
        texts, kinds = texts.reshape(len(texts), -1), kinds.reshape(len(kinds), -1)
        first = np.argsort(texts < 0, axis=1, kind="stable")[:, : LONGEST - 2]
        texts = np.pad(np.take_along_axis(texts, first, 1), ((0, 0), (1, 1)), constant_values=-1)
        kinds = np.pad(np.take_along_axis(kinds, first, 1), ((0, 0), (1, 1)), constant_values=0)
        texts[:, 0] = 0
        texts[who[:, 0], (texts >= 0).sum(1)] = 0
        return texts, kinds


def pieces_around_names(choices: int) -> list[str]:
    """All pieces except names, in a fixed order; choices: values per relation."""
    around = [piece for relation in RELATIONS.values() for text in relation.phrasings for piece in text.split("{}") if piece]
    return list(dict.fromkeys([*around, *(f" {value}." for r in RELATIONS.values() for value in r.values[:choices])]))


def vocabulary(config: Biographies) -> int:
    """Number of tokens: the separator, the names and the other pieces."""
    return 1 + config.firsts + config.lasts + len(pieces_around_names(config.choices))


@cache
def short_biographies(config: Biographies) -> ShortBiographies:
    """The biographies of a configuration. Every piece that might occur has a token, whether it occurs or not."""
    names = [*biographies.names(config.firsts, "first"), *biographies.names(config.lasts, "last")]
    number = {piece: i for i, piece in enumerate(["", *names, *pieces_around_names(config.choices)])}
    sentences = np.full((config.people, len(RELATIONS), PHRASINGS, SENTENCE), -1, np.int16)
    kinds = np.zeros(sentences.shape, np.int8)
    for i, person in enumerate(biographies.people(config)):
        for k, (relation, value) in enumerate(zip(RELATIONS.values(), person.values, strict=True)):
            for j, phrasing in enumerate(relation.phrasings):
                ids = [number[piece] for piece in pieces(phrasing, person.name, value)]
                sentences[i, k, j, : len(ids)] = ids
                kinds[i, k, j, len(ids) - 4 : len(ids) - 2] = NAME
                kinds[i, k, j, len(ids) - 1] = VALUE
    return ShortBiographies(config, number, sentences, kinds)
