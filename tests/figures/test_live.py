"""The live view of a training: the shape of the loss, and what is reported."""

from hypothesis import given
from hypothesis import strategies as st

from figures.build.live import BARS, EVERY, Live, sparkline
from simulate.runs.progress import reports


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
