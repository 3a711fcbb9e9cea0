"""Forecasts of closed-form editors for a user's facts: from the background alone, within the file and beyond it."""

import pytest
import torch

from realmodels.writing.capacity import capacity
from realmodels.writing.case import Case
from realmodels.writing.contenders import Contender
from realmodels.writing.edit_budget import EditLaw, edit_law
from realmodels.writing.edit_forecast import COUNTS, EditForecast, edit_forecast, has_law, lent
from realmodels.writing.lengths import Lengths, Stream
from realmodels.writing.question import Question, Setting
from theory.errors import UserError

CITIES = ("Lima", "Oslo", "Rome", "Bern", "Cairo", "Delhi", "Quito", "Sofia", "Kabul", "Hanoi", "Dakar", "Riga")
FACTS = [(f"The capital {city} lies in", ("Peru", "Italy", "India")[n % 3]) for n, city in enumerate(CITIES[:5])]
OTHERS = [(f"The harbour {city} lies in", ("Peru", "Italy", "India")[n % 3]) for n, city in enumerate(CITIES)]


def question(toys, background=OTHERS):
    return Question(toys("llama"), FACTS, Setting(background=background, facts_per_task=2))


def asked_of_rome(toys, background):
    setting = {"background": background, "facts_per_task": 2, "steps": 4, "learning_rate": 0.5}
    return capacity(toys("llama"), FACTS, [Contender("rome")], **setting)


def test_a_forecast_is_the_law_of_the_background_at_the_lengths_of_the_file(toys):
    asked = question(toys)
    case, lengths = Case(asked, "memit"), Lengths(asked, 1, 4, 0)
    found = edit_forecast(lengths, case, 0.5, lambda line: None)
    assert found.stream.written == [2, 4, 5]
    again = Case(asked, "memit")
    law = edit_law(again.writer, lent(again, 2), 0.5, 4, COUNTS)
    assert found.stream.kept == pytest.approx([share * n for share, n in zip(law.shares(3), (2, 4, 5), strict=True)])
    assert found.lent == 12
    for name, parameter in case.model.named_parameters():
        assert torch.equal(parameter, dict(asked.loaded.model.named_parameters())[name])


def test_facts_of_the_file_are_not_read(toys):
    """Other facts in the file, of the same number: the same forecast."""
    made = []
    for facts in (FACTS, [(prompt.replace("capital", "village"), answer) for prompt, answer in FACTS]):
        asked = Question(toys("llama"), facts, Setting(background=OTHERS, facts_per_task=2))
        made.append(edit_forecast(Lengths(asked, 1, 4, 0), Case(asked, "rome"), 0.5, lambda line: None).law)
    assert made[0] == made[1]


def test_how_many_until_half_are_lost():
    """Right while at most 4 tasks came after, wrong from 8 on: by hand, the share of n tasks falls below a half."""
    law = EditLaw((0, 4, 8, 32), (1, 1, 0, 0), (1, 1, 1, 1))
    right = [1, 1, 1, 1, 1, 0.75, 0.5, 0.25]  # of ages 0 to 7
    below = next(n for n in range(1, 33) if sum(right[:n]) / n < 0.5)
    found = EditForecast(Stream("forecast", 0, [], []), law, 24, 8)
    assert found.until(0.5) == (8 * below, True)
    assert f"about {8 * below} facts" in found.sentence
    lasting = EditForecast(Stream("forecast", 0, [], []), EditLaw((0, 32), (1, 1), (1, 1)), 24, 8)
    assert lasting.until(0.5) == (256, False)
    assert "more than 256 facts" in lasting.sentence


@pytest.mark.parametrize("background", [None, OTHERS[:5]])
def test_too_little_background_is_told_in_the_row_with_its_cure(toys, background):
    asked = question(toys, background)
    with pytest.raises(UserError, match="with 6 other facts of the same form or more"):
        lent(Case(asked, "rome"), 2)
    answer = asked_of_rome(toys, background)
    assert any("--background" in line for line in answer.warnings)


def test_editors_that_remember_have_no_law(toys):
    asked = question(toys)
    assert has_law(Case(asked, "memit"))
    assert not has_law(Case(asked, "rls"))
    assert not has_law(Case(asked, "full"))


def test_capacity_tells_how_many_edits_are_held(toys):
    answer = asked_of_rome(toys, OTHERS)
    assert "edits of 12 facts of the background say that" in answer.conclusion
    assert answer.table["forecast"].notna().all()
    assert set(answer.curves_table["kind"]) == {"forecast"}
