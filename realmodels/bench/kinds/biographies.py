"""Invented people with six properties each, one of 32 values: 5 bits an item. After Allen-Zhu and Li 2024 (bioS).

The people are those of `realmodels.text.biographies`, asked in one phrasing a relation. The items come in random order, so that
a person's properties lie in different tasks. The names are given and are no part of the bits.
"""

import math
from collections.abc import Sequence

import numpy as np

from realmodels.bench.item import Item
from realmodels.text.biographies import RELATIONS, Biographies, names, people

CHOICES = 32  # values of a relation
FIRSTS = LASTS = 128  # names of each kind


def stream(tasks: int, per_task: int, seed: int) -> list[list[Item]]:
    """The items of as many people as are needed. Raises UserError if there are not that many names."""
    count = math.ceil(tasks * per_task / len(RELATIONS))
    found = people(Biographies(count, seed, CHOICES, FIRSTS, LASTS))
    items = [
        Item(relation.phrasings[0].format(" ".join(person.name)), f" {value}", relation.values[:CHOICES])
        for person in found
        for relation, value in zip(RELATIONS.values(), person.values, strict=True)
    ]
    order = np.random.default_rng([seed, 2]).permutation(len(items))
    return [[items[n] for n in order[task * per_task : (task + 1) * per_task]] for task in range(tasks)]


def words() -> Sequence[str]:
    """All words of these texts, sorted."""
    known = {*names(FIRSTS, "first"), *names(LASTS, "last")}
    for relation in RELATIONS.values():
        known |= {*relation.values[:CHOICES], *relation.phrasings[0].replace("{}", "").split()}
    return sorted(known)
