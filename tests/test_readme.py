"""The README says what the committed results say, and its two commands and its paths exist."""

import re

import pytest

from figures.build.build import verdicts
from figures.build.layout import Layout
from figures.build.readme import BEGIN, END, with_claims
from simulate.runs.fingerprint import ROOT
from theory.errors import UserError

README = (ROOT / "README.md").read_text()


def test_the_claims_table_is_that_of_the_committed_results():
    assert with_claims(README, verdicts(Layout.of("paper"))) == README


def test_a_changed_verdict_changes_the_table():
    rows = verdicts(Layout.of("paper"))
    assert with_claims(README, [{**rows[0], "verdict": "other"}, *rows[1:]]) != README


def test_a_readme_without_marks_is_refused():
    for text in ("", BEGIN, f"{END} {BEGIN}"):
        with pytest.raises(UserError, match=r"README\.md lacks"):
            with_claims(text, [])


def test_what_it_names_is_there():
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make (\w+)", README, re.M):
        assert f"\n{target}:" in makefile
    for path in re.findall(r"\]\(([\w./-]+)\)", README):
        assert (ROOT / path).exists(), path
