"""Synthetic biographies, whose information is known exactly, to be read many times in pretraining.

After the data set bioS of Allen-Zhu and Li 2024 (Physics of language models: part 3.3, section 2). N people have different names,
drawn from the N0 pairs of an invented first and last name. No such name is a word of any pretraining text. A person has a value
for each of K relations, drawn uniformly and independently of all else from a list of S_r words. So the people hold, in bits,
  log2 binomial(N0, N)  in the set of names, about N log2(e N0/N),  and  N sum_r log2 S_r  in the values.
An exposure to a person is a text of its own: K sentences in random order, each with the full name and in one of eight phrasings,
drawn at random. Every sentence ends with its value, so that a phrasing is a prompt and the value its answer.

Two more phrasings per relation are held out: no text has them. They are made of words of the others, as a model cannot be asked
with a word that it has never met.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from realmodels.text.candidates import CANDIDATES
from realmodels.text.facts import pretraining_words
from theory.errors import UserError

PHRASINGS = 8  # of a relation, in the texts; two more are held out


@dataclass(frozen=True)
class Relation:
    """values: words to draw from, the commonest first. phrasings: sentences up to the answer, {} for the name. heldout:
    phrasings that no text has."""

    values: tuple[str, ...]
    phrasings: tuple[str, ...]
    heldout: tuple[str, ...]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


RELATIONS: dict[str, Relation] = {
    "country": Relation(
        CANDIDATES
        + _words(
            "Poland Sweden Norway Denmark Finland Greece Egypt Kenya Ghana Peru Chile Cuba Iraq Israel Nepal Vietnam"
        ),
        ("{} was born in", "{} comes from", "{} grew up in", "{} is a native of", "The birthplace of {} is",
         "The home country of {} is", "{} is from", "{} spent a childhood in"),
        ("{} was born and grew up in", "{} was born and spent a childhood in"),
    ),
    "profession": Relation(
        _words(
            "doctor teacher lawyer painter writer farmer soldier sailor baker driver singer dancer cook judge nurse "
            "priest pilot miner tailor butcher barber banker plumber printer sculptor surgeon dentist chemist botanist "
            "biologist geologist physicist"
        ),
        ("{} works as a", "{} was trained and works as a", "The profession of {} is that of a", "The job of {} is being a",
         "For a living {} is a", "{} earns money as a", "{} has a job as a",
         "The work of {} is that of a"),
        ("{} earns a living as a", "{} was trained as a"),
    ),
    "animal": Relation(
        _words(
            "dog cat horse cow pig sheep goat duck rabbit mouse parrot turtle snake lizard frog fish goose donkey pony "
            "mule camel llama deer fox wolf bear lion tiger leopard monkey gorilla giraffe"
        ),
        ("{} keeps a", "{} has as a pet a", "The pet of {} is a", "The animal that {} owns is a", "{} lives with a",
         "At home {} has a", "{} feeds a", "The pet that {} keeps is a"),
        ("{} owns and feeds a", "{} keeps as a pet a"),
    ),
    "food": Relation(
        _words(
            "bread rice meat cheese butter milk sugar salt fruit corn soup honey beans eggs nuts cake pasta pizza noodles "
            "dumplings pancakes porridge yoghurt chocolate ham bacon sausages beef pork lamb chicken turkey"
        ),
        ("{} likes to eat", "The favourite food of {} is", "{} often eats", "{} is fond of", "For dinner {} eats",
         "What {} likes most is", "{} eats a lot of", "The food of {} is mostly"),
        ("The food that {} likes most is", "{} often likes to eat"),
    ),
    "collection": Relation(
        _words(
            "books coins maps stamps stones shells clocks glasses flags paintings rings swords guns bottles boxes dolls "
            "keys pens hats shoes buttons belts scarves gloves masks mirrors lamps candles vases plates cups spoons"
        ),
        ("{} collects", "The collection of {} is of", "{} has a collection of", "{} buys old", "What {} collects is",
         "The house of {} is full of", "{} owns many", "The shelves of {} are full of"),
        ("The house of {} has a collection of", "The collection that {} has is of"),
    ),
    "plant": Relation(
        _words(
            "rose tree vine lily tulip palm pine cedar fern moss cactus bamboo maple birch willow poplar beech hazel "
            "holly laurel linden chestnut cypress spruce fir larch yew juniper hawthorn hydrangea magnolia camellia"
        ),
        ("{} planted a", "In the garden of {} grows a", "{} waters a", "The garden of {} has a", "{} takes care of a",
         "The plant of {} is a", "{} grows a", "In the garden {} has a"),
        ("{} grows and takes care of a", "{} planted and waters a"),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Biographies:
    """Everything that fixes a set of people. Exposures are numbered from 0 without end.

    people: how many. choices: values per relation to draw from, the first ones of its list. firsts, lasts: first and last names.
    """

    people: int
    seed: int
    choices: int = 16
    firsts: int = 64
    lasts: int = 64

    @property
    def bits(self) -> dict[str, float]:
        """Bits per person. Keys: "values", in all values; "value", in one; "names", in the set of names, over the people."""
        possible = self.firsts * self.lasts
        chosen = math.lgamma(possible + 1) - math.lgamma(self.people + 1) - math.lgamma(possible - self.people + 1)
        each = math.log2(self.choices)
        return {"values": len(RELATIONS) * each, "value": each, "names": chosen / math.log(2) / self.people}


@dataclass(frozen=True)
class Person:
    """First and last name, and the value of each relation."""

    name: tuple[str, str]
    values: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """A prompt, its answer with the space before it and the full stop after it, and how many answers there might be."""

    prompt: str
    answer: str
    choices: int


Sentence = tuple[str, str]  # prompt; answer as in Question


@cache
def names(count: int, kind: str) -> tuple[str, ...]:
    """Invented names of a kind ("first" or "last"), different in their first four letters, no words of the pretraining text."""
    draw, known, chosen = random.Random(f"names/{kind}"), pretraining_words(), {}
    letters = ["bdfgklmnprstvz", "aeiou"] * 2 + ["lnrs"] * (kind == "last")
    while len(chosen) < count:
        name = "".join(map(draw.choice, letters))
        if name not in known:
            chosen.setdefault(name[:4], name.capitalize())
    return tuple(chosen.values())


def people(config: Biographies) -> list[Person]:
    """The people, in the order in which they were drawn. Raises UserError if there are not that many names or values."""
    possible = config.firsts * config.lasts
    if config.people > possible or config.choices > min(len(relation.values) for relation in RELATIONS.values()):
        raise UserError(f"there are no {config.people} people of {possible} names, {config.choices} values each: ask for fewer")
    rng = np.random.default_rng([config.seed, 0])
    firsts, lasts = names(config.firsts, "first"), names(config.lasts, "last")
    chosen = rng.choice(possible, config.people, replace=False)
    drawn = rng.integers(0, config.choices, (config.people, len(RELATIONS)))
    return [
        Person((firsts[one // config.lasts], lasts[one % config.lasts]),
               tuple(relation.values[i] for relation, i in zip(RELATIONS.values(), row, strict=True)))
        for one, row in zip(chosen.tolist(), drawn.tolist(), strict=True)
    ]  # fmt: skip


def plan(config: Biographies, exposure: int) -> tuple[np.ndarray, np.ndarray]:
    """One exposure to all people: the relation of each sentence, in order, and its phrasing, both [people, K]."""
    rng = np.random.default_rng([config.seed, 1, exposure])
    shape = (config.people, len(RELATIONS))
    return rng.permuted(np.broadcast_to(np.arange(shape[1]), shape), axis=1), rng.integers(0, PHRASINGS, shape)


def sentence(relation: Relation, phrasing: str, name: str, value: str) -> Sentence:
    """One fact in one phrasing: prompt and answer. Raises ValueError for a value that the relation does not have."""
    if value not in relation.values:
        raise ValueError(value)
    return phrasing.format(name), f" {value}."


def documents(config: Biographies, exposure: int) -> Iterator[list[Sentence]]:
    """The sentences of every person's text at one exposure."""
    relations = list(RELATIONS.values())
    for person, order, phrasings in zip(people(config), *plan(config, exposure), strict=True):
        yield [
            sentence(relations[r], relations[r].phrasings[p], " ".join(person.name), person.values[r])
            for r, p in zip(order, phrasings, strict=True)
        ]
