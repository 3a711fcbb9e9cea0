"""Capacity: numbers out of range and names of nothing are refused before any work; rows say what makes them worthless."""

import math
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from realmodels.writing import capacity as module
from realmodels.writing.capacity import _interval, _row, _sentences, capacity
from realmodels.writing.contenders import Contender
from realmodels.writing.lengths import Stream
from theory.errors import UserError

ENTRIES = [
    {"prompt": f"The capital of {country} is", "answer": city}
    for country, city in (("France", "Tokyo"), ("Peru", "Oslo"), ("Italy", "Lima"), ("Ghana", "Rome"))
]
ABOUT = {"warning": None, "rate": 0.1, "state": 0, "at_end": False, "told": None}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        *(({"learning_rate": rate}, "learning rate") for rate in (0, -1, math.nan, math.inf)),
        *(({"steps": steps}, "steps") for steps in (0, -5)),
        ({"seed": -1}, "seed"),
        ({"orders": 0}, "orders"),
        ({"where": "7.x"}, "no matrix is called"),
        ({"where": "last", "methods": [Contender("full")]}, "beside named methods"),
    ],
)
def test_what_is_out_of_range_is_refused_before_any_work(toys, monkeypatch, options, told):
    monkeypatch.setattr(module, "Lengths", None)
    with pytest.raises(UserError, match=told):
        capacity(toys("gpt2"), ENTRIES, **{"methods": None, **options})


def measured(kept: float, text: float, order: int) -> Stream:
    return Stream("measured", order, [8], [kept], learned=1.0, text=text)


def test_a_method_that_costs_language_has_a_warning():
    for text, warned in ((0.05, False), (0.25, True)):
        row = _row(Contender("full"), [measured(8, text, order) for order in range(3)], ABOUT)
        assert (row["warning"] is not None) == warned
        assert not warned or "0.25 bits per byte" in row["warning"]


def test_a_row_is_the_mean_of_all_orders_and_its_interval_no_more_than_all_facts():
    row = _row(Contender("full"), [measured(kept, 0.0, order) for order, kept in enumerate((2, 8, 8))], ABOUT)
    assert row["kept_mean"] == 6
    half = 4.302653 * np.std([2, 8, 8], ddof=1) / math.sqrt(3)  # t quantile of 2 degrees of freedom, from a table
    assert row["kept"] == "6.0 [0.0, 8.0]"
    assert 6 + half > 8
    assert _interval([5, 6], 8) == "5.5"
    assert _interval([5, 6, 7], 100) == f"6.0 [{6 - 4.302653 / math.sqrt(3):.1f}, {6 + 4.302653 / math.sqrt(3):.1f}]"


def test_facts_are_grouped_unless_the_file_has_tasks_of_its_own(toys):
    lengths = {}
    for name, entries in (("none", ENTRIES), ("own", [{**entry, "task": number} for number, entry in enumerate(ENTRIES)])):
        answer = capacity(toys("gpt2"), entries, [Contender("last_matrix")], orders=1, learning_rate=0.1)
        lengths[name] = answer.curves_table["written"].tolist()
    assert lengths == {"none": [4], "own": [1, 2, 3, 4]}


def test_rows_fit_the_terminal_and_warnings_are_told_below(toys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    methods = [Contender("last_matrix"), Contender("off_mode", {"where": "1.attention.output"})]
    answer = capacity(toys("gpt2"), ENTRIES, methods, orders=1, learning_rate=1e-9, steps=1, measure=True)
    table = answer.show().split("\n\n")
    rows = [line for part in table[1:-2] for line in part.splitlines()]
    assert max(map(len, rows)) <= 60
    assert sum(line.startswith("off_mode where=1.attention.output") for line in rows) > 1
    assert " !" in answer.show()
    assert "Warning: last_matrix: little was learned." in answer.show()


def test_statistics_from_the_measured_text_are_noted(toys, tmp_path):
    (tmp_path / "short.txt").write_text("Paris lies in France.")
    answer = capacity(toys("gpt2"), ENTRIES, [Contender("last_matrix")], orders=1, learning_rate=0.1, text=tmp_path / "short.txt")
    assert any("no evidence of protection" in note for note in answer.notes)
    assert "no evidence of protection" in answer.show()


@pytest.mark.parametrize(
    ("kept", "held", "told"),
    [
        ((8, 15, 23), 24, "At no length of the stream do they fall below 90% of what was written"),
        ((8, 14, 23), 8, "Up to about 8 facts, at least 90% of what was written is kept at every length"),
        ((7, 16, 24), 0, "Already after the first task less than 90%"),
        ((8, math.nan, 24), 8, "Up to about 8 facts"),
    ],
)
def test_a_length_is_held_only_if_all_shorter_ones_are(kept, held, told):
    one = Stream("measured", 0, [8, 16, 24], list(kept))
    assert one.held == held
    assert told in " ".join(_sentences(24, True, [(Contender("full"), [one], ABOUT)], "full"))


def test_orders_have_the_same_lengths_though_the_last_task_is_short(toys):
    methods = [Contender("last_matrix")]
    answer = capacity(toys("gpt2"), ENTRIES, methods, orders=3, learning_rate=0.1, facts_per_task=3)
    assert answer.curves_table.groupby("order")["written"].apply(list).tolist() == [[3, 4]] * 3


def test_progress_names_the_order(toys):
    said = []
    options = {"orders": 2, "learning_rate": 0.1, "steps": 1, "measure": True, "say": said.append}
    capacity(toys("gpt2"), ENTRIES, [Contender("last_matrix")], **options)
    told = [line.split(":")[0] for line in said if "facts" in line and line.startswith("last_matrix, ")]
    assert told == ["last_matrix, in the given order"] * 2 + ["last_matrix, shuffled order 1"]


def test_the_figure_begins_at_0_and_joins_means_over_the_same_orders(toys):
    answer = capacity(toys("gpt2"), ENTRIES, [Contender("last_matrix")], orders=1, learning_rate=0.1)
    points = [(0, 2, 2), (0, 4, 3), (1, 3, 1), (1, 4, 1)]
    curves = [{"method": "full", "kind": "measured", "order": o, "written": n, "kept": k} for o, n, k in points]
    plt.figure().add_subplot().plot([0, 1], label="of another figure, left open")
    axes = type(answer).plot(replace(answer, curves_table=pd.DataFrame(curves)))
    lines = {line.get_label(): line.get_xydata().tolist() for line in axes.get_lines()}
    assert lines == {
        "nothing forgotten": [[0, 0], [4, 4]],
        "90% of what was written": [[0, 0], [4, 3.6]],
        "full": [[4, 2]],
    }
    assert (axes.get_xlim()[0], axes.get_ylim()[0]) == (0, 0)
    axes.figure.canvas.draw()
    assert axes.get_legend().get_window_extent().x0 >= axes.get_window_extent().x1
