"""The facts files under paper/examples are valid, hold what their README says, and are what make.py writes."""

import importlib.util
import json
import sqlite3

import pytest

from paper.examples import make
from realmodels.text.user_facts import read_facts
from theory.errors import UserError

TAUGHT = ("airports", "elements", "languages")


def path(name):
    return make.HERE / f"{name}.jsonl"


@pytest.mark.parametrize("name", TAUGHT)
def test_facts_to_be_written_are_read_without_a_word_and_have_every_field(name):
    read = read_facts(path(name))
    assert read.notes == ()
    assert len(read.facts) == len({fact.prompt for fact in read.facts}) == len({fact.answer for fact in read.facts}) == 60
    prompts = {fact.prompt for fact in read.facts}
    for fact in read.facts:
        assert fact.subject in fact.prompt
        assert len(fact.heldout_wordings) == len(fact.neighbours) == 2
        assert all(fact.subject in wording for wording in fact.heldout_wordings)
        assert not any(fact.answer.strip() in text for text in (fact.prompt, *fact.heldout_wordings))
        assert all(answer and prompt not in prompts for prompt, answer in fact.neighbours)


def test_known_facts_have_one_capital_each():
    read = read_facts(path("known"))
    assert read.notes == ()
    assert len(read.facts) == 50
    answers = {fact.subject: fact.answer for fact in read.facts}
    assert answers["France"] == " Paris"
    assert answers["the Netherlands"] == " Amsterdam"


@pytest.mark.parametrize("name", [*TAUGHT, "known"])
def test_a_file_is_what_make_writes_from_the_installed_package(name):
    package = {"elements": "mendeleev", "languages": "iso639"}.get(name)
    if package and not importlib.util.find_spec(package):
        pytest.skip(f"{package} is not installed")
    assert path(name).read_text(encoding="utf-8") == make.text(make.FILES[name]())


def test_facts_are_those_of_the_world():
    answers = {name: {fact.subject: fact.answer.strip() for fact in read_facts(path(name)).facts} for name in TAUGHT}
    assert {code: answers["airports"][code] for code in ("EIN", "HRE", "RIX")} == {
        "EIN": "Eindhoven",
        "HRE": "Harare",
        "RIX": "Riga",
    }
    assert {name: answers["elements"][name] for name in ("silver", "hafnium")} == {"silver": "47", "hafnium": "72"}
    assert {name: answers["languages"][name] for name in ("Nanai", "Meskwaki")} == {"Nanai": "gld", "Meskwaki": "sac"}


def test_make_writes_the_files_that_are_named_and_refuses_others(tmp_path, monkeypatch):
    monkeypatch.setattr(make, "HERE", tmp_path)
    make.main(["known"])
    assert [file.name for file in tmp_path.iterdir()] == ["known.jsonl"]
    assert json.loads((tmp_path / "known.jsonl").read_text().splitlines()[0])["answer"] == "Kabul"
    with pytest.raises(UserError, match="no example 'unknown': choose from airports"):
        make.main(["unknown"])


def test_a_package_that_is_missing_is_named_with_its_cure(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="package mendeleev is not installed: pip install --no-deps mendeleev"):
        make.elements()


def test_elements_reads_the_database_and_does_not_change_it(tmp_path, monkeypatch):
    """A table of elements with numbers of its own: what is written is what it says."""
    file = tmp_path / "elements.db"
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE elements (atomic_number INTEGER, name TEXT, symbol TEXT)")
        database.executemany("INSERT INTO elements VALUES (?, ?, ?)", [(z, f"Element{z}ium", f"E{z}") for z in range(1, 119)])
    monkeypatch.setattr(make, "_data", lambda package, *parts: file)
    before = file.read_bytes()
    facts = make.elements()
    assert len(facts) == 60
    assert all(fact["prompt"] == f"The atomic number of element{fact['answer']}ium is" for fact in facts)
    assert file.read_bytes() == before
