"""How long a run still takes: from earlier runs, corrected by how this one goes; a damaged file of times is no trouble."""

import json

import pytest

from figures.build import times
from figures.build.layout import Layout
from figures.build.times import FILE, Schedule


@pytest.fixture
def layout(tmp_path, monkeypatch):
    monkeypatch.setattr(times, "PAPER", tmp_path / "paper")
    return Layout.of("quick", tmp_path / "out")


def test_nothing_is_said_before_anything_is_known(layout):
    schedule = Schedule(layout, {"a": 10, "b": 20})
    assert schedule.text() == "0 of 2 experiments, not timed before"
    schedule.finished("a", 50.0)
    assert schedule.left() == pytest.approx(20 * 5.0)
    schedule.finished("b", 1.0)
    assert schedule.text() == "2 of 2 experiments done"


def test_earlier_times_count_and_are_scaled_by_this_run(layout):
    first = Schedule(layout, {"a": 10, "b": 4})
    first.finished("a", 20.0)
    first.finished("b", 400.0)
    again = Schedule(layout, {"a": 5, "b": 2})
    assert again.left() == pytest.approx(5 * 2.0 + 2 * 100.0)
    assert again.text() == "0 of 2 experiments, about 4 minutes left"
    again.finished("a", 30.0)  # three times as slow as before
    assert again.left() == pytest.approx(3 * 2 * 100.0)
    assert Schedule(Layout.of("paper", layout.workspace), {"b": 2}).left() is None


def test_committed_times_serve_a_first_run(layout, tmp_path):
    (tmp_path / "paper" / "results").mkdir(parents=True)
    (tmp_path / "paper" / "results" / FILE).write_text(json.dumps({"quick/a": 3.0}))
    assert Schedule(layout, {"a": 7}).left() == pytest.approx(21.0)


@pytest.mark.parametrize("text", ["[]", "null", '{"quick/a": "x"}', '{"quick/a": -1}', "{", '{"quick/a": NaN}', "\udcff"])
def test_a_damaged_file_of_times_is_as_none(layout, text):
    layout.workspace.mkdir(parents=True)
    (layout.workspace / FILE).write_text(text, errors="surrogateescape")
    schedule = Schedule(layout, {"a": 1})
    assert schedule.left() is None
    schedule.finished("a", 2.0)
    assert Schedule(layout, {"a": 3}).left() == pytest.approx(6.0)
