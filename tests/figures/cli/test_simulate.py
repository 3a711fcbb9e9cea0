"""`cwb simulate`: every number with its unit and a sentence, curves in every format, one line for every impossible size."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from figures.cli.entry import main
from figures.cli.simulate import task_range
from theory.errors import UserError

SMALL = ("hebbian", "N=16", "D=4", "outputs=4", "seeds=2")


def run(capsys, *words):
    """Exit status, output and complaint of `cwb simulate words`."""
    capsys.readouterr()
    status = main(["simulate", *words])
    return (status, *capsys.readouterr())


def test_a_system_is_shown_with_the_meaning_of_each_parameter(capsys):
    status, out, _ = run(capsys, "systems", "delta")
    assert status == 0
    for parameter, meaning in (("c", "E[g]^2/E[g^2]"), ("centred", "no mean direction"), ("seeds", "means over them")):
        assert any(line.split()[:1] == [parameter] and meaning in line for line in out.splitlines()), parameter
    about = json.loads(run(capsys, "systems", "delta", "--json")[1])
    assert set(about["meanings"]) == set(about["parameters"])


def test_a_frontier_has_a_unit_and_a_sentence_for_every_number(capsys):
    status, out, _ = run(capsys, "frontier", *SMALL)
    assert status == 0
    assert all(line.rstrip().endswith(".") or "(`cwb theory show`)" in line for line in out.splitlines())
    shown = json.loads(run(capsys, "frontier", *SMALL, "--json")[1])
    contract = {
        "system",
        "N",
        "D",
        "a",
        "outputs",
        "required",
        "seeds",
        "claim",
        "unit",
        "measured_T",
        "depth",
        "ceiling_T",
        "tightness",
    }
    assert contract | {"units", "version", "settings"} <= set(shown)
    assert shown["units"]["depth"] == shown["unit"] == "power SNR"
    assert shown["units"]["measured_T"] == "tasks"


def test_a_curve_in_every_format(capsys):
    whole = json.loads(run(capsys, "curve", *SMALL, "T=1:5:2", "--json")[1])
    assert whole["T"] == [1, 3, 5]
    assert whole["units"]["law"] == "power SNR"
    rows = list(csv.DictReader(io.StringIO(run(capsys, "curve", *SMALL, "--tasks", "1,3,5", "--format", "csv")[1])))
    assert [float(row["depth"]) for row in rows] == whole["depth"]
    assert "| T " in run(capsys, "curve", *SMALL, "--tasks", "2", "--format", "markdown")[1]
    status, out, _ = run(capsys, "curve", *SMALL, "--tasks", "2")
    assert status == 0
    assert "law: Depth that theory predicts" in out


@pytest.mark.parametrize(
    "words",
    [
        "frontier delta D=8 a=0.1 N=nan",
        "frontier delta D=8 a=0.1 N=inf",
        "frontier delta D=8 a=0.1 N=1e400",
        "frontier delta N=256 D=8 centred=nan",
        "frontier delta N=256 D=8 seeds=nan",
        "frontier delta N=256 D=inf",
        "frontier delta name=1 N=256 D=8",
        "frontier delta system=1 N=256 D=8",
        "frontier delta self=1 N=256 D=8",
        "frontier delta quantity=x N=256 D=8",
        "frontier delta N=1e12 D=8",
        "frontier delta N=256 D=8 seeds=1e9",
        "frontier delt N=256 D=8",
        "frontier  N=256 D=8",
        "curve delta N=256 D=8 --tasks 1:1e9",
        "curve delta N=256 D=8 --tasks 1:1000000000",
        "curve delta N=256 D=8 --tasks 1000000000",
        "curve delta N=256 D=8 --tasks 0",
        "curve delta N=256 D=8 --tasks 5:1",
        "curve delta N=256 D=8 --tasks 1:5:0",
        "curve delta N=256 D=8 --tasks 1:2:3:4",
        "curve delta N=256 D=8 --tasks 1 T=2",
        "curve delta N=256 D=8 T=2 T=3",
        "curve delta N=nan D=8",
        "curve delta T=1",
        "systems nothing",
        "experiments nothing",
    ],
)
def test_bad_input_gets_one_line(capsys, words):
    status, out, err = run(capsys, *words.split(" "))
    assert (status, out) == (2, "")
    assert err.startswith("cwb: ")
    assert err.count("\n") == 1


@given(st.text(alphabet="0123456789:,-.e ") | st.text())
def test_any_text_is_a_range_of_tasks_or_refused(text):
    try:
        tasks = task_range(text)
    except UserError:
        return
    assert all(isinstance(T, int) for T in tasks[:3])
