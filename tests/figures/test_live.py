"""The live view of a training: the shape of the loss, and what is reported."""

import time

from hypothesis import given
from hypothesis import strategies as st

from figures.build.live import BARS, EVERY, Live, sparkline
from figures.build.watch import Overall, duration, watched
from simulate.runs.progress import report, reports


def test_a_falling_loss_falls():
    assert sparkline([8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0], 8) == BARS[::-1]
    assert sparkline([2.0, 2.0, 2.0], 8) == BARS[0] * 3
    assert sparkline([]) == ""


@given(st.lists(st.floats(0, 100), min_size=1, max_size=200), st.integers(1, 30))
def test_there_are_at_most_so_many_bars_and_the_extremes_are_shown(values, width):
    drawn = sparkline(values, width)
    assert len(drawn) == min(width, len(values))
    assert set(drawn) <= set(BARS)
    if len(set(values)) > 1 and len(values) <= width:
        assert drawn[values.index(max(values))] == BARS[-1]
        assert drawn[values.index(min(values))] == BARS[0]


def test_a_training_is_reported_with_its_loss_and_speed_and_withdrawn_at_the_end(tmp_path):
    live = Live(tmp_path, "dense small 0", tokens=100)
    for step in range(1, 2 * EVERY + 1):
        live(step, 1000, 5.0 - step / 100)
    (told,) = reports(tmp_path)
    assert (told["label"], told["done"], told["total"]) == ("dense small 0", 2 * EVERY, 1000)
    assert f"loss {5.0 - 2 * EVERY / 100:.2f}" in told["note"]
    assert "tokens/s" in told["note"]
    live(1000, 1000, 1.0)
    assert reports(tmp_path) == []


def test_the_rest_of_a_command_is_told_in_minutes(monkeypatch):
    monkeypatch.setattr("figures.build.watch.time.monotonic", lambda: 600.0)
    assert Overall(12, 0, start=0.0).text() == "0 of 12, the first are being prepared and computed"
    assert Overall(12, 4, start=0.0).text() == "4 of 12, about 20 minutes left"
    assert Overall(12, 4, start=0.0).text(inside=4.0) == "4 of 12, about 5 minutes left"
    assert Overall(1, 0, start=0.0).text(inside=0.1) == "0 of 1, about 1.5 hours left"
    assert [duration(s) for s in (0.4, 1, 89, 150, 5399)] == ["0 seconds", "1 second", "89 seconds", "2 minutes", "90 minutes"]


def test_a_log_file_gets_lines_that_count_over_all_experiments(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("figures.build.watch.LINE_EVERY", 0.0)
    overall = Overall(5)
    for name, cells in (("first", 2), ("second", 3)):
        with watched(tmp_path, name, cells, overall) as on_cell:
            for _ in range(cells):
                on_cell()
            report(tmp_path, "long cell", 1, 4, "loss 3")
            time.sleep(0.7)
    report(tmp_path, "long cell", 4, 4)
    out = capsys.readouterr().out
    assert "first            2 of 2 cells; in all 2 of 5" in out
    assert "second           3 of 3 cells; in all 5 of 5" in out
    assert "(long cell 1/4 loss 3)" in out
