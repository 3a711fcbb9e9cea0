"""`cwb advise` as a user types it."""

import json
from pathlib import Path

import pytest

from figures.cli.entry import main


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    from tests.realmodels.toys import toy

    return str(toy("llama", tmp_path_factory.mktemp("model") / "toy"))


@pytest.fixture
def facts(tmp_path):
    path = tmp_path / "facts.jsonl"
    cities = ["Lima", "Oslo", "Rome", "Bern", "Cairo", "Delhi", "Quito", "Sofia", "Riga"]
    lines = [
        {"prompt": f"The capital {city} lies in", "answer": ["Peru", "Italy", "India"][n % 3]} for n, city in enumerate(cities)
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    return str(path)


def test_it_prints_a_table_and_what_to_do(model, facts, capsys):
    assert main(["advise", model, "--facts", facts, "--where", "last"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0].split() == ["background", "k", "rate", "stream", "text"]
    assert "at worst" in out


def test_json_has_units_and_the_conclusion(model, facts, capsys):
    assert main(["advise", model, "--facts", facts, "--known", facts, "--where", "last", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["known"]) == len(told["k"]) == len(told["background"])
    assert told["units"]["rate"] == "times plain writes"
    assert "at worst" in told["conclusion"]


def test_too_few_facts_are_one_line_and_status_2(model, facts, tmp_path, capsys):
    few = tmp_path / "few.jsonl"
    few.write_text("\n".join(Path(facts).read_text().splitlines()[:4]))
    assert main(["advise", model, "--facts", str(few), "--where", "last"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("cwb: 4 facts: too few")
