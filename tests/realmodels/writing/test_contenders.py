"""Which methods are compared for a model: those that fit it, and without a measurement those whose forecast is quick."""

import pytest

from realmodels.model.loaded import load
from realmodels.writing.contenders import ONE_MATRIX, fitting, places
from realmodels.writing.question import Question, Setting
from realmodels.writing.scan import scan
from tests.realmodels.writing.places import ENTRIES

ONLY_SOME = {"sparse_memory", "asymmetric"}  # methods of a memory layer, and of sparse attention


def methods(question: Question, measure: bool, where=None) -> set[str]:
    return {contender.method for contender in fitting(question, where or {}, measure)}


@pytest.fixture
def elsewhere(toys) -> Question:
    return Question(toys("gpt2"), ENTRIES)


def test_all_that_fit_are_measured(elsewhere):
    found = methods(elsewhere, True)
    assert {"full", "last_matrix", "off_mode", "lora", "replay", "gpm", "ogd", *ONE_MATRIX} <= found
    assert not found & ONLY_SOME


def test_a_kernel_per_task_is_not_forecast_unasked_in_a_model_from_elsewhere(elsewhere, trained):
    assert methods(elsewhere, False) == {"full", "last_matrix", "off_mode"}
    own = Question(load(trained[1]["dense"]), ENTRIES, Setting())
    assert methods(own, False) == {"full", "last_matrix", "off_mode", "gpm"}  # ogd is never forecast
    memory = Question(load(trained[1]["memory"]), ENTRIES, Setting())
    assert "sparse_memory" in methods(memory, False)


def test_projections_are_compared_in_the_matrix_of_the_plain_method(elsewhere):
    found = places(scan(elsewhere.loaded.model, elsewhere.facts, elsewhere.background.prompts))
    assert set(found) == set(ONE_MATRIX)
    assert found["gpm"] == found["ogd"] == found["last_matrix"]
    assert {c.options["where"] for c in fitting(elsewhere, found, True) if c.method in ("gpm", "ogd")} == {found["gpm"]}
