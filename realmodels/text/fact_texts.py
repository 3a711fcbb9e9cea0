"""Texts about people and cities, and how they are mixed into a corpus."""

import random
from collections.abc import Sequence

import numpy as np

from realmodels.text.biographies import Biographies, documents, sentence
from realmodels.text.known_cities import CITY, cities


def texts(config: Biographies, exposures: int, each: int = 0) -> list[str]:
    """All texts of so many exposures, exposure after exposure: a text per person, then a sentence per city.

    each: cities per country.
    """
    written = []
    for exposure in range(exposures):
        written += [" ".join(map("".join, document)) for document in documents(config, exposure)]
        draw = random.Random(f"cities/{config.seed}/{exposure}")
        for city, country in cities(each).items():
            written.append("".join(sentence(CITY, draw.choice(CITY.phrasings), city, country)))
    return written


def mixed(train: Sequence[str], facts: Sequence[str]) -> list[str]:
    """The texts of both, each in its order, spread evenly: the first half of the whole has half of each."""
    at = [(i + 0.5) / len(train) for i in range(len(train))] + [(i + 0.5) / len(facts) for i in range(len(facts))]
    both = [*train, *facts]
    return [both[i] for i in np.argsort(at, kind="stable")]
