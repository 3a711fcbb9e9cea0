"""Facts: streams are balanced, new to the pretraining text and right; a user's file is read strictly."""

import csv
import json
import re
from collections import Counter
from functools import cache

import pytest

from realmodels.text.candidates import CANDIDATES
from realmodels.text.corpora import SOURCES, package_file
from realmodels.text.facts import AIRPORTS, CITIES, COUNTRIES, TEMPLATES, pretraining_words, stream, subjects
from theory.errors import UserError


@cache
def countries() -> dict[str, str]:
    return {code: c["name"] for code, c in json.loads(package_file(*COUNTRIES).read_bytes()).items()}


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize(("T", "D"), [(20, 8), (7, 5)])
def test_a_stream_has_its_sizes_and_is_as_balanced_as_can_be(name, T, D):
    facts = stream(name, T, D, seed=3)
    assert [fact.task for fact in facts] == [t for t in range(T) for _ in range(D)]
    counts = Counter(fact.answer for fact in facts)
    assert max(counts.values()) - min(counts[f" {c}"] for c in CANDIDATES) <= 1
    assert len({fact.prompt for fact in facts}) == T * D
    assert stream(name, T, D, seed=3) == facts
    assert stream(name, T, D, seed=4) != facts


def test_cities_are_in_their_countries_and_in_no_other():
    names, where = countries(), {}
    for city in json.loads(package_file(*CITIES).read_bytes()).values():
        where.setdefault(city["name"], set()).add(names[city["countrycode"]])
    for fact in stream("cities", 20, 8, seed=0):
        assert where[fact.prompt.removesuffix(" is a city in")] == {fact.answer.strip()}
        assert fact.heldout_prompt == TEMPLATES["cities"][1].format(fact.prompt.split()[0])


def test_airport_codes_are_in_their_countries():
    with package_file(*AIRPORTS).open(encoding="utf-8", newline="") as file:
        where = {row["iata"]: countries()[row["country"]] for row in csv.DictReader(file)}
    assert all(where[fact.prompt.split()[0]] == fact.answer.strip() for fact in stream("airports", 20, 8, seed=0))


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_subject_is_a_word_of_the_pretraining_text(name):
    """Searched for with another pattern than the one that made the list: anything but letters around it ends a word."""
    drawn = [fact.prompt.split()[0].lower() for fact in stream(name, 10, 8, seed=1)]
    text = "\n".join(d.text for source in SOURCES.values() for d in source()).lower()
    found = re.search(r"(?<![^\W\d_])(" + "|".join(drawn) + r")(?![^\W\d_])", text)
    assert found is None, found
    assert "london" in pretraining_words()
    assert "london" not in {subject.lower() for mine in subjects("cities").values() for subject in mine}


def test_the_candidates_are_the_countries_named_most_often_that_have_subjects_enough():
    text = "\n".join(d.text for source in SOURCES.values() for d in source())
    cities, airports = subjects("cities"), subjects("airports")
    able = [name for name in countries().values() if len(cities.get(name, ())) >= 60 and len(airports.get(name, ())) >= 30]
    often = Counter(re.findall(r"(?<=\s)(?:" + "|".join(map(re.escape, sorted(able, key=len, reverse=True))) + r")\b", text))
    assert {name for name, _ in often.most_common(len(CANDIDATES))} == set(CANDIDATES)


def test_a_stream_too_long_or_unknown_is_told():
    with pytest.raises(UserError, match="ask for fewer"):
        stream("airports", 100, 100, seed=0)
    with pytest.raises(UserError, match="cities, airports"):
        stream("rivers", 2, 2, seed=0)
