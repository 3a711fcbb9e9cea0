"""What holds of a file as a whole: repeated facts, contradictions, twins in Unicode, tasks."""

import json
import re

import pandas as pd
import pytest

from realmodels.text.facts import Fact
from realmodels.text.user_facts import as_facts, read_facts
from theory.errors import UserError

PAIRS = [("A is in", "France"), ("B is in", "Spain"), ("C is in", "Italy")]


def test_a_fact_that_is_given_again_is_left_out_with_a_note():
    read = read_facts([*PAIRS, ("A is in ", "France"), ("B is in", " Spain")])
    assert [fact.prompt for fact in read.facts] == ["A is in", "B is in", "C is in"]
    assert read.notes == ("a fact is given again and is left out (2 in all, the first in entry 3)",)
    assert read_facts(PAIRS).notes == ()


def test_prompts_that_differ_in_their_unicode_form_alone_are_refused_whatever_their_answers(tmp_path):
    path = tmp_path / "facts.jsonl"
    prompts = ["Caf\u00e9 is in", "B is in", "Cafe\u0301 is in"]
    path.write_text("\n".join(json.dumps({"prompt": prompt, "answer": "France"}) for prompt in prompts))
    with pytest.raises(UserError, match=re.escape("line 3: 'Cafe\\u0301 is in' is the prompt of line 1 in another Unicode form")):
        as_facts(path)


def test_answers_that_look_alike_are_noted():
    pairs = [("A is", "Paris"), ("B is", "paris"), ("C is", "Caf\u00e9"), ("D is", "Cafe\u0301"), ("E is", "Paris")]
    read = read_facts(pairs)
    assert len(read.facts) == 5
    assert read.notes == ("an answer differs from an earlier one only in case or Unicode form (2 in all, the first in entry 1)",)


def test_a_wording_or_a_neighbour_that_is_taught_is_noted():
    facts = [
        {"prompt": "A is in", "answer": "France", "paraphrases": ["B is in"]},
        {"prompt": "B is in", "answer": "Spain", "locality": ["A is in"], "portability": ["A is in"]},
    ]
    assert read_facts(facts).notes == (
        "a held-out wording is taught as the prompt of a fact (1 in all, the first in entry 0)",
        "a prompt that is to stay as it is, or to follow, is taught as the prompt of a fact (1 in all, the first in entry 1)",
    )


@pytest.mark.parametrize(("size", "tasks"), [(None, [0, 1, 2, 3, 4]), (1, [0, 1, 2, 3, 4]), (2, [0, 0, 1, 1, 2]), (9, [0] * 5)])
def test_facts_without_tasks_are_grouped_in_order(size, tasks):
    facts = [(f"{letter} is in", "France") for letter in "ABCDE"]
    assert [fact.task for fact in as_facts(facts, size)] == tasks
    assert [fact.task for fact in as_facts(pd.DataFrame(facts, columns=["prompt", "answer"]), facts_per_task=size)] == tasks


def test_a_group_size_that_is_asked_for_replaces_tasks_and_says_so():
    facts = [(*pair, "one") for pair in PAIRS]
    assert [fact.task for fact in as_facts(facts)] == [0, 0, 0]
    read = read_facts(facts, facts_per_task=2)
    assert [fact.task for fact in read.facts] == [0, 0, 1]
    assert read.notes == (
        "the tasks that the facts have are not used: 2 facts per task were asked for (1 in all, the first in entry 0)",
    )
    assert [fact.task for fact in as_facts([Fact(prompt, answer, 7) for prompt, answer in PAIRS], facts_per_task=2)] == [0, 0, 1]
    assert [fact.task for fact in as_facts([Fact(prompt, answer, 7) for prompt, answer in PAIRS])] == [7, 7, 7]


def test_groups_are_counted_after_repeated_facts_are_left_out():
    assert [fact.task for fact in as_facts([PAIRS[0], PAIRS[0], *PAIRS[1:]], facts_per_task=2)] == [0, 0, 1]


@pytest.mark.parametrize("size", [0, -1, 1.5, True, "2", float("nan")])
def test_a_group_size_that_is_none_is_refused(size):
    for facts in (PAIRS, [Fact("A is in", " France", 0)]):
        with pytest.raises(UserError, match="facts per task: give a whole number of 1 or more"):
            as_facts(facts, facts_per_task=size)


def test_some_facts_with_and_some_without_a_task_are_refused():
    with pytest.raises(UserError, match="entry 1 has a task and entry 0 has none: give all facts a task, or none"):
        as_facts([PAIRS[0], (*PAIRS[1], 4), PAIRS[2]])
