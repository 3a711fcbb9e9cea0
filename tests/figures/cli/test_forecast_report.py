"""`cwb forecast --report` as a user types it."""

import json
from pathlib import Path

import pytest

from figures.cli.entry import main

CITIES = ("Lima", "Oslo", "Rome", "Bern", "Cairo", "Delhi", "Quito", "Sofia")
OPTIONS = ["--method", "last_matrix", "--learning-rate", "0.1", "--steps", "2", "--facts-per-task", "2"]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    from tests.realmodels.toys import toy

    return str(toy("llama", tmp_path_factory.mktemp("model") / "toy"))


@pytest.fixture
def facts(tmp_path):
    path = tmp_path / "facts #1_*x*.jsonl"  # signs that Typst would take for markup
    lines = [
        {"prompt": f"The capital {city} lies in", "answer": ["Peru", "Italy", "India"][n % 3]} for n, city in enumerate(CITIES)
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    return str(path)


def test_the_page_says_what_was_asked_in_both_forms(model, facts, tmp_path, capsys):
    web, pdf = tmp_path / "page.html", tmp_path / "page.pdf"
    assert main(["forecast", model, "--facts", facts, "--report", str(web), "--known", facts, *OPTIONS]) == 0
    told = capsys.readouterr()
    assert "bits per fact" in told.out
    assert f"The page is {web}" in told.err
    text = web.read_text()
    assert text.count("data:image/svg+xml") == 2, "a page on its own holds its pictures"
    for words in ("How much can toy be given?", "last_matrix", "Which layers carry the interference", "What to leave alone"):
        assert words in text
    assert Path(facts).name in text
    assert main(["forecast", model, "--facts", facts, "--report", str(pdf), *OPTIONS, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["method"] == "last_matrix"
    assert pdf.read_bytes().startswith(b"%PDF")


def test_the_page_is_the_same_to_the_byte_each_time(model, facts, tmp_path):
    pages = [tmp_path / f"{name}.html" for name in "ab"]
    for path in pages:
        assert main(["forecast", model, "--facts", facts, "--report", str(path), *OPTIONS]) == 0
    assert pages[0].read_bytes() == pages[1].read_bytes()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--report", "page.doc"], "the name ends in none of .pdf, .html"),
        (["--known", "facts.jsonl"], "--known is for the page alone"),
    ],
)
def test_a_wrong_place_is_one_line_and_nothing_is_written(model, facts, tmp_path, capsys, monkeypatch, words, complaint):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    assert main(["forecast", model, "--facts", facts, *words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert complaint in line
    assert sorted(tmp_path.iterdir()) == before


def test_a_name_that_is_no_text_and_a_long_one_are_shown_as_far_as_they_can_be(model, facts, tmp_path):
    odd = tmp_path / ("x" * 150 + "\udcff.jsonl")
    odd.write_bytes(Path(facts).read_bytes())
    web = tmp_path / "page.html"
    assert main(["forecast", model, "--facts", str(odd), "--report", str(web), *OPTIONS]) == 0
    assert "xxx ... xxx" in web.read_text()
