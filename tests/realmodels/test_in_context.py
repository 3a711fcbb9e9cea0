"""What stands before a question, and that a model that copies has all of the depth."""

import numpy as np
import pytest
import torch

from realmodels.experiments.in_context import context
from realmodels.writing.outputs import facts_from_ids
from theory.errors import UserError


def made(count: int = 10):
    """Facts with prompts 50, subject, 51 and one of three answers."""
    draw = np.random.default_rng(0)
    prompts = [[0, 60 + i, *([49] * (i % 3)), 51] for i in range(count)]
    return facts_from_ids(prompts, draw.integers(0, 3, count).tolist(), [i // 2 for i in range(count)], [100, 101, 102])


@pytest.mark.parametrize(("shown", "own"), [(1, True), (4, True), (4, False)])
def test_what_is_shown_are_whole_facts_and_the_question_stands_last(shown, own):
    facts = made()
    behind = context(facts, shown, own, 0, 128)
    for i in range(len(facts)):
        prompt = facts.tokens[i, : int(facts.last[i]) + 1].tolist()
        text = behind.tokens[i, : int(behind.last[i]) + 1].tolist()
        assert text[-len(prompt) :] == prompt
        told, subjects = text[: -len(prompt)], []
        while told:
            j = told[1] - 60
            whole = [*facts.tokens[j, : int(facts.last[j]) + 1].tolist(), int(facts.answer_tokens[j])]
            assert told[: len(whole)] == whole
            subjects.append(j)
            told = told[len(whole) :]
        assert len(set(subjects)) == len(subjects) == shown
        assert (i in subjects) is own
    assert torch.equal(behind.target, facts.target)


def test_the_right_fact_stands_at_any_place():
    places = set()
    facts = made()
    for i, text in enumerate(context(facts, 4, True, 0, 128).tokens.tolist()):
        subjects = [token - 60 for token in text if 60 <= token < 70]
        places.add(subjects.index(i))
    assert places == {0, 1, 2, 3}


def test_more_than_the_context_holds_is_an_error():
    with pytest.raises(UserError, match="show fewer"):
        context(made(), 7, True, 0, 20)
