"""Facts: streams are balanced, new to the pretraining text and right; a user's file is read strictly."""

import csv
import json
import re
from collections import Counter
from functools import cache

import pytest

from realmodels.text.candidates import CANDIDATES
from realmodels.text.corpora import SOURCES, package_file
from realmodels.text.facts import AIRPORTS, CITIES, COUNTRIES, TEMPLATES, Fact, load_facts, pretraining_words, stream, subjects
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


def test_a_file_of_facts_is_read_with_tasks_numbered_and_one_space_before_answers(tmp_path):
    path = tmp_path / "facts.jsonl"
    entries = [("A is in ", "France", "b"), ("B is in", " Spain ", 7), ("C is in", "Italy", "b")]
    path.write_text("\n\n".join(json.dumps(dict(zip(("prompt", "answer", "task"), e, strict=True))) for e in entries))
    assert load_facts(path) == [Fact("A is in", " France", 0), Fact("B is in", " Spain", 1), Fact("C is in", " Italy", 0)]


GOOD = '{"prompt": "A is in", "answer": "France", "task": 0}\n'


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "holds no facts"),
        (GOOD + "{oops", "line 2: not JSON"),
        (GOOD + "[1]", "line 2: not an object"),
        ('{"prompt": "A", "answer": "B"}', '"task" is missing'),
        ('{"prompt": "A", "answer": 3, "task": 0}', '"answer" is 3'),
        ('{"prompt": " ", "answer": "B", "task": 0}', "\"prompt\" is ' ': give a text that is not empty"),
        ('{"prompt": "A", "answer": "B", "task": 1.5}', '"task" is 1.5'),
        ('{"prompt": "A", "answer": "B", "task": true}', '"task" is True'),
        (GOOD + '{"prompt": "A is in", "answer": "Spain", "task": 0}', "line 2: 'A is in' was given the answer France before"),
    ],
)
def test_a_bad_file_is_told_with_its_line(tmp_path, content, told):
    path = tmp_path / "facts.jsonl"
    path.write_text(content)
    with pytest.raises(UserError, match=re.escape(told)) as raised:
        load_facts(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there_or_not_text_is_told(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        load_facts(tmp_path / "none.jsonl")
    (tmp_path / "binary.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="UTF-8"):
        load_facts(tmp_path / "binary.jsonl")
