"""Tables and JSON as the commands print them: what one format says, the others say too."""

import contextlib
import csv
import io
import json
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from figures.cli.output import FORMATS, show_json, show_table
from theory.errors import UserError

ROWS = [
    {"id": "C2", "claim": "50% of N_x | b", "measured": 1.23456789, "interval": [1.0, 2.5]},
    {"id": "C3", "claim": "−x² ≤ 2", "measured": 2.0, "interval": None},
]


def printed(capsys, format, **options) -> str:
    capsys.readouterr()
    show_table(ROWS, format, **options)
    return capsys.readouterr().out


def test_csv_and_json_hold_every_digit(capsys):
    assert json.loads(printed(capsys, "json")) == ROWS
    rows = list(csv.DictReader(io.StringIO(printed(capsys, "csv"))))
    assert float(rows[0]["measured"]) == ROWS[0]["measured"]
    assert json.loads(rows[0]["interval"]) == [1.0, 2.5]
    assert [row["claim"] for row in rows] == [row["claim"] for row in ROWS]


def test_markdown_and_latex_escape_what_would_break_the_table(capsys):
    lines = printed(capsys, "markdown", meanings={"measured": "a ratio"}).splitlines()
    assert "50% of N_x \\| b" in lines[2]
    assert lines[-1] == "* `measured`: a ratio"
    latex = printed(capsys, "latex", title="Verdicts")
    assert "50\\% of N\\_x" in latex
    assert "$-$x$^2$ $\\le$ 2" in latex
    assert latex.startswith("% Verdicts\n\\begin{tabular}")


@pytest.mark.parametrize("format", FORMATS)
def test_no_rows_are_a_table_too(capsys, format):
    show_table([], format)
    capsys.readouterr()


@given(st.recursive(st.floats() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_a_number_that_is_not_finite_is_named(value):
    numbers = re.sub(r'"(\\.|[^"\\])*"', "", json.dumps(value))
    finite = "NaN" not in numbers and "Infinity" not in numbers
    with contextlib.nullcontext() if finite else pytest.raises(UserError, match=r" is (nan|-?inf);"):
        show_json(value)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_a_terminal_that_lacks_a_character_gets_another(encoding):
    code = "from figures.cli.output import *; degrade(); print('− κ 𝓁'); show_json('− κ 𝓁'); show_table([{'κ': '−²'}])"
    environment = {"PYTHONIOENCODING": encoding, "PATH": "", "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment, check=True)
    lines = done.stdout.decode(encoding).splitlines()
    assert json.loads(lines[1]) == "− κ 𝓁"
    assert lines[0] == ("− κ 𝓁" if encoding == "utf-8" else "- \\u03ba \\U0001d4c1")
