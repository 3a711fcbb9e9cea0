"""Score matrices by hand: ACC, BWT, FWT and forgetting as their papers define them, long streams, and streams that stopped."""

import math

import numpy as np
import pytest
import torch

from realmodels.writing.history import DEFINITIONS, SCORES, WHOLE, History, told
from realmodels.writing.outputs import asked, facts_from_ids


def history(R: list[list[float]], per_task: int = 1) -> History:
    """A history of T tasks whose facts all have the score of their task: R [T + 1][T]."""
    tasks = len(R[0])
    facts = facts_from_ids(
        [[1]] * tasks * per_task, [0] * tasks * per_task, [i // per_task for i in range(tasks * per_task)], [5, 6]
    )
    made = History(facts)
    made.asked["exact"] = np.repeat(np.array(R, dtype=float), per_task, 1)
    return made


R3 = [
    [0.1, 0.2, 0.3],  # before any write
    [0.9, 0.4, 0.2],
    [0.5, 1.0, 0.6],
    [0.7, 0.8, 0.9],
]


def test_the_numbers_of_the_papers_by_hand():
    found, undefined = history(R3).summary("exact")
    assert undefined == {}
    assert found["acc"] == pytest.approx((0.7 + 0.8 + 0.9) / 3)
    assert found["learned"] == pytest.approx((0.9 + 1.0 + 0.9) / 3)
    assert found["bwt"] == pytest.approx(((0.7 - 0.9) + (0.8 - 1.0)) / 2)  # Lopez-Paz and Ranzato 2017, eq. 3
    assert found["fwt"] == pytest.approx(((0.4 - 0.2) + (0.6 - 0.3)) / 2)  # eq. 4
    # Chaudhry et al. 2018, eq. 3: the best over l = 1 ... T - 1, not the model before any write and not the last one
    assert found["forgetting"] == pytest.approx(((0.9 - 0.7) + (1.0 - 0.8)) / 2)


def test_forgetting_is_from_the_best_that_was_reached_after_a_write_and_may_be_negative():
    R = [[1.0, 0.0, 0.0], [0.2, 0.9, 0.0], [0.6, 0.4, 0.0], [0.8, 0.3, 1.0]]
    found, _ = history(R).summary("exact")
    assert found["forgetting"] == pytest.approx(((0.6 - 0.8) + (0.9 - 0.3)) / 2)
    assert found["bwt"] == pytest.approx(((0.8 - 0.2) + (0.3 - 0.4)) / 2)


def test_what_is_not_defined_for_one_task_says_why():
    found, undefined = history([[0.25], [0.75]]).summary("exact")
    assert found == {"acc": 0.75, "learned": 0.75, "bwt": None, "fwt": None, "forgetting": None}
    assert set(undefined) == {"bwt", "fwt", "forgetting"}
    assert all("one task only" in reason for reason in undefined.values())


def test_means_are_over_tasks_even_of_unequal_size():
    facts = facts_from_ids([[1]] * 4, [0] * 4, [7, 7, 7, 9], [5, 6])  # tasks may have any numbers
    made = History(facts)
    made.asked["exact"] = np.array([[0, 0, 0, 0], [1, 1, 0, 0], [0, 1, 0, 1]], dtype=float)
    assert made.matrix("exact") == pytest.approx(np.array([[0, 0], [2 / 3, 0], [1 / 3, 1]]))
    found, _ = made.summary("exact")
    assert found["acc"] == pytest.approx((1 / 3 + 1) / 2)
    assert found["bwt"] == pytest.approx(1 / 3 - 2 / 3)
    assert made.fresh("exact").tolist() == [1, 1, 0, 1]
    assert made.kept_of_prefix() == pytest.approx([2 / 3, 1 / 2])


def test_ages_are_tasks_written_since():
    by_age = history(R3).by_age("exact")
    assert {age: values.tolist() for age, values in by_age.items()} == {0: [0.9, 1.0, 0.9], 1: [0.5, 0.8], 2: [0.7]}


def test_facts_just_after_their_own_write_in_any_order_of_the_file():
    facts = facts_from_ids([[1]] * 4, [0] * 4, [1, 0, 1, 0], [5, 6])
    made = History(facts)
    made.asked["bits"] = np.array([[0.0, 0, 0, 0], [1, 2, 3, 4], [5, 6, 7, 8]])
    assert made.fresh("bits").tolist() == [5, 2, 7, 4]
    assert made.kept_of_prefix("bits").tolist() == [3, 6.5]
    assert [rows.tolist() for rows in (made.rows(0), made.rows(1))] == [[1, 3], [0, 2]]


@pytest.fixture
def stream(random_facts):
    """One fact a task, more tasks than are asked in full every time."""
    return random_facts(WHOLE + 9, 1)


def test_a_short_stream_is_asked_in_full_every_time(random_model, random_facts):
    model, facts = random_model("dense"), random_facts(3, 2)
    made = History(facts)
    for written in range(4):
        made.ask(model, written)
    expected = asked(model, facts)
    for name in SCORES:
        for row in made.asked[name]:
            assert row == pytest.approx(getattr(expected, name).numpy(), abs=1e-6)


def test_a_long_stream_is_asked_where_the_numbers_need_it(random_model, stream):
    model, made, T = random_model("dense"), History(stream), WHOLE + 9
    for written in range(T + 1):
        made.ask(model, written)
    R = made.matrix("exact")
    full = [i for i in range(T + 1) if not np.isnan(R[i]).any()]
    assert full == [0, 1, 2, 4, 8, 16, 32, T]
    for i in set(range(1, T)) - set(full):
        assert np.flatnonzero(~np.isnan(R[i])).tolist() == [i - 1, i]
    truth = asked(model, stream).exact.numpy()
    found, undefined = made.summary("exact")
    assert undefined == {}
    assert found["acc"] == found["learned"] == truth.mean()
    assert found["bwt"] == found["fwt"] == found["forgetting"] == 0  # nothing was written
    assert not np.isnan(made.fresh("bits")).any()
    kept = made.kept_of_prefix()
    assert np.flatnonzero(~np.isnan(kept)).tolist() == [i - 1 for i in full[1:]]
    assert kept[-1] == truth.mean()
    lists = told(R)
    assert lists[3].count(None) == T - 2
    assert lists[0] == truth.tolist()
    again = History(stream)
    again.ask(model, 3, whole=True)
    assert again.asked["exact"][3].tolist() == truth.tolist()


def test_a_matrix_is_told_without_nan():
    assert told(np.array([[0.5, math.nan], [1.0, 0.0]])) == [[0.5, None], [1.0, 0.0]]


def test_every_score_and_summary_is_defined_in_words():
    assert {*SCORES, "matrix", "acc", "learned", "bwt", "fwt", "forgetting"} == set(DEFINITIONS)
    assert all(text.endswith(".") for text in DEFINITIONS.values())


def test_numbers_are_kept_in_double_precision(random_model, random_facts):
    made = History(random_facts(2, 2))
    made.ask(random_model("dense"), 0)
    assert {values.dtype for values in made.asked.values()} == {np.dtype("float64")}
    assert torch.from_numpy(made.asked["probability"][0]).sum() < 1
