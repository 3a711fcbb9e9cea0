"""The stream of counterfactual facts that experiments share: what is written, its other wording, and what is never written."""

import pytest
import torch

from realmodels.writing.counterfactual_stream import counterfactual_stream
from theory.errors import UserError


@pytest.fixture(scope="module")
def drawn(trained):
    workspace, models = trained
    return counterfactual_stream(models["dense"], 3, tasks=4, D=5, background=11, workspace=workspace)


def rows(facts) -> set[tuple[int, ...]]:
    return {tuple(tokens.tolist()) for tokens in facts.tokens}


def test_tasks_are_of_equal_size_and_no_prompt_occurs_twice(drawn):
    assert drawn.facts.task.bincount().tolist() == [5] * 4
    assert len(drawn.others) == 11
    written, reworded, others = (rows(facts) for facts in (drawn.facts, drawn.rephrased, drawn.others))
    assert len(written) == len(reworded) == 20
    assert len(others) == 11
    assert not written & others
    assert not written & reworded
    assert not reworded & others


def test_the_other_wording_has_the_same_answers_in_the_same_order(drawn):
    assert torch.equal(drawn.facts.target, drawn.rephrased.target)
    assert torch.equal(drawn.facts.task, drawn.rephrased.task)


def test_another_seed_draws_other_facts_and_too_many_are_refused(drawn, trained):
    workspace, models = trained
    other = counterfactual_stream(models["dense"], 4, tasks=4, D=5, background=11, workspace=workspace)
    assert rows(other.facts) != rows(drawn.facts)
    with pytest.raises(UserError, match="ask for fewer facts"):
        counterfactual_stream(models["dense"], 3, tasks=10**6, D=5, background=0, workspace=workspace)
