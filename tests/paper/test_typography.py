"""Typography where a machine can see it: in the sources, in the strings that enter tables and captions, and in the typeset "
"pages."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from figures.build.layout import PAPER, Layout

SOURCES = sorted([*PAPER.glob("*.typ"), *(PAPER / "sections").rglob("*.typ")])
"""What is typeset, and the template."""
RULES = {
    "an arrow, an inequality or a product in ASCII": r"\w ?-> ?\w|<=|>=|\w \* \w",
    "a power in ASCII": r"[A-Za-z)\]]\^[\d({-]",
    "a subscript in ASCII": r"(?<![\w`/-])[A-Za-z]+_[A-Za-z]+(?![\w`])",
    "e-notation": r"\d[eE][-+]?\d",
    "a hyphen for a minus": r"(?<![\w–.)\]-])-\d",
    "a comma or a blank between thousands": r"\d,\d{3}(?!\d)|\d \d{3}(?!\d)",
    "two spellings of one word": r"[Ff]ine-tun|[Oo]ver-parameter|(?<!root-)mean-squared? (?:overlap|interference)",
    "an apostrophe after a digit, which is set as a prime": r"\d['’]s",
    "a citation as a noun in brackets": r"\bof \(@",
    "a number that is none": r"\b(?:inf|nan)\b",
}
"""{what is wrong: pattern} for running text, in which formulas, code, keys and numbers of the results are taken out."""


def prose(source: str) -> str:
    """Text of a Typst source without comments, formulas, raw text, strings and calls."""
    text = re.sub(r"(?<!:)//.*", "", source)
    text = re.sub(r"\.\.for .*?\},?$|\bverdicts\.filter\([^)]*\)|#\{.*?^\}", " call ", text, flags=re.S | re.M)
    text = re.sub(r"```.*?```|`[^`]*`|\$[^$]*\$", " formula ", text, flags=re.S)
    text = re.sub(r'"(?:[^"\\]|\\.)*"', " string ", text)
    text = re.sub(r"^#(import|include|show|set|let).*", "", text, flags=re.M)
    return re.sub(r"[@#][\w.:-]+|<[\w-]+>|=>|\b[\w-]+:", "call", text)


@pytest.mark.parametrize("path", [path for path in SOURCES if path.name != "template.typ"], ids=lambda path: path.stem)
@pytest.mark.parametrize("wrong", RULES)
def test_running_text(path: Path, wrong: str):
    assert re.findall(rf".{{0,30}}(?:{RULES[wrong]}).{{0,20}}", prose(path.read_text())) == []


def test_every_rule_of_typography_can_fail():
    bad = (
        "N -> infinity",
        "N^2",
        "M_s",
        "1.07e-14",
        "from -0.5 to 1",
        "10,000 outputs",
        "fine-tuning",
        "C2's",
        "of (@sun)",
        "nan",
    )
    for (name, pattern), text in zip(RULES.items(), bad, strict=True):
        assert re.search(pattern, text), name


def test_formulas_do_not_stand_in_words():
    """In a source a formula stands between dollars: a letter with an index is code in backticks or an id."""
    allowed = {"SNR", "LMS"}
    for path in SOURCES:
        if path.name == "template.typ":
            continue
        assert set(re.findall(r"(?<=\s)[a-zA-Z]\^\w+|(?<=\s)[a-zA-Z]_\w+", prose(path.read_text()))) <= allowed, path.name


def test_rows_of_tables_are_not_broken_across_pages():
    assert "set table.cell(breakable: false)" in (PAPER / "template.typ").read_text()
    assert not [path for path in SOURCES if path.name != "template.typ" and re.search(r"#table\(", path.read_text())]


def test_no_table_is_set_smaller_than_eight_and_a_half_points():
    for path in SOURCES:
        sizes = [float(size) for size in re.findall(r"size: ([\d.]+)pt", path.read_text())]
        least = 8.0 if path.name == "template.typ" else 8.5  # references and code are set at 8 points
        assert all(size >= least for size in sizes), path.name


def pages(pdf: Path) -> list[str]:
    """Text of every page as it is printed."""
    if shutil.which("pdftotext") is None:
        pytest.skip("no pdftotext on this machine: apt-get install poppler-utils")
    if not pdf.is_file():
        pytest.skip(f"{pdf.name} is not built: `cwb paper`")
    done = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, text=True, check=True, timeout=120)
    return done.stdout.split("\f")[:-1]


def test_the_paper_has_at_most_twenty_pages():
    assert len(pages(Layout.of("paper").pdf)) <= 20


@pytest.mark.parametrize("name", ["pdf", "supplement"])
def test_typeset_pages(name: str):
    text = "\n".join(pages(getattr(Layout.of("paper"), name)))
    assert "\ufffd" not in text
    assert re.findall(r".{0,20}\d[eE]-\d.{0,10}", text) == []
    assert re.findall(r".{0,20}[(\[] ?-\d.{0,10}", text) == [], "a hyphen for a minus in an interval"


def test_intervals_of_shares_stay_between_zero_and_one():
    """In the committed verdicts: no share or correlation reaches beyond what is possible."""
    found = json.loads((PAPER / "results" / "verdicts.json").read_text())
    records = found["value"] if isinstance(found, dict) else found
    shares = [row for row in records if re.search(r"^share 1$|rank correlation 1$", row["prediction"])]
    assert shares
    for row in shares:
        if row["interval"]:
            low, high = row["interval"]
            assert -1 <= low <= high <= 1, row["id"]
