"""What is remembered is used only for just the files from which it was computed, and garbage in its place costs time only."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from figures.build import remembered as module
from figures.build.remembered import CODE, keep, libraries, recall, remembered, sources, tables
from figures.build.verdicts import RULES
from simulate.runs.fingerprint import closure

VALUES = st.recursive(
    st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path_factory, monkeypatch):
    monkeypatch.setattr(module, "ROOT", tmp_path_factory.mktemp("root"))


@given(VALUES, VALUES)
def test_a_value_is_computed_once_for_a_key(value, other):
    name = f"test-{abs(hash(json.dumps([value, other])))}"
    assert remembered(name, "key", lambda: value) == value
    assert remembered(name, "key", lambda: other) == value
    assert remembered(name, "another", lambda: other) == other


@given(st.binary() | VALUES.map(lambda value: json.dumps(value).encode()))
def test_garbage_in_its_place_is_nothing(tmp_path_factory, garbage):
    path = tmp_path_factory.mktemp("garbage") / "file.json"
    path.write_bytes(garbage)
    assert recall(path, "key") is None
    keep(path, "key", [1])
    assert recall(path, "key") == [1]
    assert recall(path, "another") is None


def test_a_folder_in_its_place_or_no_right_to_write_is_no_trouble(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "ROOT", tmp_path)
    (tmp_path / "build").write_text("a file where the folder should be")
    assert remembered("name", "key", lambda: 3) == 3
    assert recall(tmp_path, "key") is None


def test_any_change_to_a_source_changes_the_digest(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "ROOT", tmp_path)
    (tmp_path / "theory" / "room").mkdir(parents=True)
    seen = {sources("theory")}
    for action in (
        lambda: (tmp_path / "theory" / "a.py").write_text("x = 1\n"),
        lambda: (tmp_path / "theory" / "a.py").write_text("x = 2\n"),
        lambda: (tmp_path / "theory" / "room" / "b.py").write_text(""),
        lambda: (tmp_path / "theory" / "a.py").rename(tmp_path / "theory" / "c.py"),
        lambda: (tmp_path / "theory" / "c.py").unlink(),
    ):
        action()
        digest = sources("theory")
        assert digest not in seen
        seen.add(digest)
    before = tables(tmp_path)
    (tmp_path / "one.parquet").write_bytes(b"1")
    assert tables(tmp_path) != before == {}


def test_verdicts_depend_on_nothing_outside_their_key():
    covered = (*(f"{package}." for package in CODE), *(place.removesuffix(".py").replace("/", ".") for place in RULES))
    outside = {name for name in closure("figures.verdicts.table") if not name.startswith(covered)}
    assert outside <= {*CODE, "figures"}, "add it to RULES"
    assert libraries()["numpy"]
