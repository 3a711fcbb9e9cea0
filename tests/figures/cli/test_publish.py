"""Figures to a file of one's own, verdicts in every format, and how a run of one experiment ends."""

import csv
import io
import json
import shutil

import pytest

import figures.build.experiments
import figures.build.verdicts
import figures.verdicts.table
from figures.build.layout import Layout
from figures.cli.entry import main
from figures.figure import LABELS


@pytest.fixture
def cwb(capsys):
    """A function: exit status, output and complaint of `cwb words`."""

    def run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main([str(word) for word in words])
        return status, *capsys.readouterr()

    return run


@pytest.fixture
def layout(made, tmp_path, monkeypatch):
    """A layout in a temporary folder with two tables, and the rules that read them."""
    names = ("hebbian", "tradeoff")
    layout = Layout.of("quick", tmp_path / "out")
    shutil.copytree(made(only=names).directory, layout.results)
    rules = {id: rule for id, rule in figures.verdicts.table.RULES.items() if set(rule.tables) <= set(names)}
    monkeypatch.setattr(figures.verdicts.table, "RULES", rules)
    monkeypatch.setattr(figures.build.verdicts, "tables_of_rules", lambda: {id: rule.tables for id, rule in rules.items()})
    monkeypatch.setattr(figures.build.experiments, "fingerprints", lambda layout: {name: f"key-of-{name}" for name in names})
    return layout


def at(layout) -> list[str]:
    return ["--preset", "quick", "--out", str(layout.workspace)]


HEADS = {"pdf": b"%PDF", "png": b"\x89PNG", "svg": b"<?xml"}


@pytest.mark.parametrize("kind", HEADS)
def test_a_figure_goes_to_the_file_that_is_named(cwb, layout, tmp_path, kind):
    path = tmp_path / "new" / f"mine.{kind}"
    number = LABELS["capacity"]
    status, out, complaint = cwb("figures", number, "--to", path, *at(layout))
    assert (status, complaint) == (0, "")
    assert out.strip() == str(path)
    assert path.read_bytes().startswith(HEADS[kind])
    assert not layout.figures.exists(), "nothing goes elsewhere"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["capacity", "plane", "--to", "x.pdf"], "name one figure"),
        (["--to", "x.pdf"], "name one figure"),
        (["capacity", "--to", "x.jpg"], "ends in .pdf, .png, .svg"),
        (["capacity", "--to", "x"], "ends in"),
        (["99"], "no figure '99'"),
    ],
)
def test_a_file_that_cannot_hold_it_is_refused(cwb, layout, tmp_path, monkeypatch, words, reason):
    monkeypatch.chdir(tmp_path)
    status, _, complaint = cwb("figures", *words, *at(layout))
    assert status == 2
    assert reason in complaint
    assert not list(tmp_path.glob("x*"))
    (tmp_path / "folder.pdf").mkdir()
    assert "this is a folder" in cwb("figures", "capacity", "--to", "folder.pdf", *at(layout))[2]


def test_every_format_says_the_same_verdicts(cwb, layout):
    rows = json.loads(cwb("verdicts", "--json", *at(layout))[1])
    assert [row["id"] for row in rows] == list(figures.verdicts.table.RULES)
    table = list(csv.DictReader(io.StringIO(cwb("verdicts", "--format", "csv", *at(layout))[1])))
    assert [float(row["measured"]) for row in table] == [row["measured"] for row in rows]
    assert [json.loads(row["interval"]) for row in table] == [row["interval"] for row in rows]
    markdown = cwb("verdicts", "--format", "markdown", *at(layout))[1]
    latex = cwb("verdicts", "--format", "latex", *at(layout))[1]
    text = cwb("verdicts", *at(layout))[1]
    for row in rows:
        for printed in (markdown, latex, text):
            line = next(line for line in printed.splitlines() if row["id"] in line.split())
            assert f"{row['measured']:.4g}" in line
            assert row["verdict"] in line
    assert "`measured`: " in markdown


def test_the_list_is_in_the_order_of_the_paper(cwb, layout):
    rows = json.loads(cwb("figures", "--list", "--format", "json", *at(layout))[1])
    assert [(row["figure"], row["name"]) for row in rows] == [(label, name) for name, label in LABELS.items()]
    assert all(row["tables"] and row["title"] for row in rows)


def test_a_run_of_one_experiment_ends_with_what_was_found_and_where(cwb, layout, monkeypatch):
    monkeypatch.setattr("figures.cli.reproduce._needs", lambda name: set())
    status, out, complaint = cwb("reproduce", "quick", "--only", "hebbian", "--out", layout.workspace)
    assert (status, complaint) == (0, "")
    assert "C3" in out
    assert str(layout.results / "hebbian.parquet") in out
    assert "`cwb tables hebbian --preset quick --out " in out
    assert f"cwb figures {LABELS['capacity']} " in out
