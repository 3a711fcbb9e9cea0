"""The catalogue is in the paper's order; a figure is drawn anew if its table, and not if its neighbour's, has changed."""

import json
import re
import shutil

import pytest

from figures.build.drawing import chosen_figures, contents, draw
from figures.build.layout import PAPER, Layout
from figures.figure import IN_PAPER, IN_SUPPLEMENT, LABELS, NAMES, catalogue
from theory.errors import UserError


def text(name: str) -> str:
    """A Typst file of the paper with what it includes."""
    path = PAPER / name
    inside = r'#include "([^"]+)"'
    return re.sub(inside, lambda part: text((path.parent / part[1]).relative_to(PAPER).as_posix()), path.read_text())


def test_numbers_are_those_of_the_paper():
    for document, names in (("main.typ", IN_PAPER), ("supplement.typ", IN_SUPPLEMENT)):
        whole = text(document)
        assert tuple(re.findall(r'#fig\("(\w+)"\)', whole)) == names
        assert len(re.findall(r"\bimage\(", whole)) == 0, "a picture outside #fig would shift the numbers"


def test_what_is_known_without_drawing_is_what_the_figures_say(tmp_path):
    entries = contents(Layout.of("quick", tmp_path))
    assert [entry.number for entry in entries.values()] == list(LABELS.values())
    for name, figure in catalogue().items():
        assert (entries[name].title, entries[name].claims, entries[name].tables) == (figure.title, figure.claims, figure.tables)
        assert entries[name].page is None


def test_numbers_and_names_choose_the_same():
    assert chosen_figures(["8", NAMES[7], "S1", "1"]) == [NAMES[7], IN_SUPPLEMENT[0], NAMES[0]]
    for wrong in ("0", "25", "-1", "08", "", "plain"):
        with pytest.raises(UserError, match="no figure"):
            chosen_figures([wrong])


@pytest.fixture
def layout(made, tmp_path):
    """A layout in a temporary folder with the tables of two figures."""
    layout = Layout.of("quick", tmp_path / "out")
    shutil.copytree(made(only=("hebbian", "tradeoff")).directory, layout.results)
    return layout


@pytest.mark.parametrize("keys", ["[]", "null", '"x"', "3", "[" * 20000, '{"capacity": 3}', "\xff", "{"])
def test_damaged_keys_mean_that_nothing_is_fresh(layout, keys):
    layout.figures.mkdir(parents=True)
    (layout.figures / "keys.json").write_text(keys, encoding="latin-1")
    assert draw(layout, ["capacity"]) == {"capacity": True}
    assert draw(layout, ["capacity"]) == {"capacity": False}
    assert draw(layout, ["capacity"], force=True) == {"capacity": True}
    assert set(json.loads((layout.figures / "keys.json").read_text())) == {"capacity"}


def test_a_changed_table_makes_its_figures_stale_and_no_others(layout):
    assert draw(layout, ["capacity", "plane"]) == {"capacity": True, "plane": True}
    (layout.results / "tradeoff.parquet").write_bytes((layout.results / "tradeoff.parquet").read_bytes()[:-9])
    assert draw(layout, ["capacity"]) == {"capacity": False}
    with pytest.raises(UserError, match="cannot be read"):
        draw(layout, ["plane"])
