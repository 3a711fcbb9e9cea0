"""Synthetic biographies, whose information is known exactly, and real facts about cities, to be read many times in pretraining.

After the data set bioS of Allen-Zhu and Li 2024 (Physics of language models: part 3.3, section 2). N people have different names,
drawn from the N0 pairs of an invented first and last name (no word of any pretraining text), and a value for each of K relations,
drawn uniformly and independently of all else from a list of S_r words. So the people hold, in bits,
  log2 binomial(N0, N)  in the set of names, about N log2(e N0/N),  and  N sum_r log2 S_r  in the values.
An exposure to a person is a text of its own: K sentences in random order, each with the full name and in one of eight phrasings,
drawn at random. Every sentence ends with its value, so that a phrasing is a prompt and the value its answer. Two more phrasings a
relation are held out: no text has them, and they are made of words of the others (a model that has never met a word cannot be
asked with it). Cities: a real city, the country it lies in; a text is one sentence. Their names do occur in the pretraining
text, by which alone streams of facts (`realmodels.text.facts`), whose subjects do not, have none of these cities.
"""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from realmodels.text.candidates import CANDIDATES
from realmodels.text.facts import TEMPLATES, owners, pretraining_words
from theory.errors import UserError

PHRASINGS = 8  # of a relation, in the texts; two more are held out


@dataclass(frozen=True)
class Relation:
    """Words to draw from, the commonest first; phrasings up to the answer, {} for the name; phrasings that no text has."""

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
CITY = Relation(
    CANDIDATES,
    (TEMPLATES["cities"][0], "{} lies in", "{} is located in", "The city of {} is in", "The town called {} belongs to",
     "The country of {} is", "{} is a town in", "The town of {} lies in"),
    (TEMPLATES["cities"][1], "The city called {} belongs to"),
)  # fmt: skip


@dataclass(frozen=True)
class Biographies:
    """`people` persons of `firsts` x `lasts` possible names, with the first `choices` values of each relation to draw from.

    Everything that fixes them; exposures are numbered from 0 without end.
    """

    people: int
    seed: int
    choices: int = 16
    firsts: int = 64
    lasts: int = 64

    @property
    def bits(self) -> dict[str, float]:
        """Bits per person: "values" in all values, "value" in one, "names" in the names (of the set of them, shared out)."""
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
    draw, known, found = random.Random(f"names/{kind}"), pretraining_words(), {}
    letters = ["bdfgklmnprstvz", "aeiou"] * 2 + ["lnrs"] * (kind == "last")
    while len(found) < count:
        name = "".join(map(draw.choice, letters))
        if name not in known:
            found.setdefault(name[:4], name.capitalize())
    return tuple(found.values())


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
    """Of one exposure to all: the relations of each person's sentences in their order, and their phrasings, both [people, K]."""
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


def questions(config: Biographies, heldout: bool) -> list[Question]:
    """Every fact of every person in every phrasing of the texts, or in every one that is held out."""
    return [
        Question(*sentence(relation, phrasing, " ".join(person.name), value), config.choices)
        for person in people(config)
        for relation, value in zip(RELATIONS.values(), person.values, strict=True)
        for phrasing in (relation.heldout if heldout else relation.phrasings)
    ]


@cache
def cities(each: int) -> dict[str, str]:
    """City -> country: `each` real cities for each candidate, of one word and one country, known to the pretraining text.

    Raises UserError if a country has fewer.
    """
    known = pretraining_words()
    free: dict[str, list[str]] = {country: [] for country in CANDIDATES}
    for city, (country, *others) in ((city, sorted(found)) for city, found in owners("cities").items()):
        if not others and country in free and city.isascii() and city.isalpha() and city.lower() in known:
            free[country].append(city)
    if any(len(mine) < each for mine in free.values()):
        raise UserError(f"no {each} cities for each country: ask for at most {min(map(len, free.values()))}")
    draw = random.Random("known cities")
    return {city: country for country, mine in free.items() for city in draw.sample(sorted(mine), each)}


def city_questions(each: int, heldout: bool) -> list[Question]:
    """As `questions`, of the cities."""
    return [
        Question(*sentence(CITY, phrasing, city, country), len(CANDIDATES))
        for city, country in cities(each).items()
        for phrasing in (CITY.heldout if heldout else CITY.phrasings)
    ]


def texts(config: Biographies, exposures: int, each: int = 0) -> list[str]:
    """All texts of so many exposures: at each, first every person's, then a sentence on every city (`each` a country)."""
    found = []
    for exposure in range(exposures):
        found += [" ".join(map("".join, document)) for document in documents(config, exposure)]
        draw = random.Random(f"cities/{config.seed}/{exposure}")
        for city, country in cities(each).items():
            found.append("".join(sentence(CITY, draw.choice(CITY.phrasings), city, country)))
    return found


def mixed(train: Sequence[str], facts: Sequence[str]) -> list[str]:
    """The texts of both, each in its order, spread evenly: the first half of the whole holds half of each."""
    at = [(i + 0.5) / len(train) for i in range(len(train))] + [(i + 0.5) / len(facts) for i in range(len(facts))]
    both = [*train, *facts]
    return [both[i] for i in np.argsort(at, kind="stable")]
