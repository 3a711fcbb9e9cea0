"""Counterfactual facts: different subjects that no text has, answers that are drawn apart from them."""

from collections import Counter

import pytest
from scipy.stats import chisquare

from realmodels.text.counterfactuals import CHOICES, counterfactuals, subjects
from realmodels.text.facts import pretraining_words
from theory.errors import UserError


def test_subjects_are_different_and_in_no_pretraining_text():
    facts = counterfactuals("cities", 4000, 8, 0)
    named = [fact.prompt.removesuffix(" is a city in") for fact in facts]
    assert len(set(named)) == 4000
    assert not {name.lower() for name in named} & pretraining_words()
    assert [fact.task for fact in facts] == [number // 8 for number in range(4000)]


def test_answers_are_drawn_evenly_and_apart_from_the_subject():
    draws = [counterfactuals("cities", 2000, 8, seed) for seed in range(4)]
    counts = Counter(fact.answer.strip() for facts in draws for fact in facts)
    assert set(counts) == set(CHOICES)
    assert chisquare(list(counts.values())).pvalue > 1e-3
    answers = [{fact.prompt: fact.answer for fact in facts} for facts in draws]
    both = answers[0].keys() & answers[1].keys()
    assert len(both) > 100
    same = sum(answers[0][prompt] == answers[1][prompt] for prompt in both) / len(both)
    assert abs(same - 1 / len(CHOICES)) < 5 * (1 / 16 / len(both)) ** 0.5  # a subject has another answer in another draw


def test_a_draw_is_fixed_by_its_seed_and_too_many_are_refused():
    assert counterfactuals("airports", 50, 5, 3) == counterfactuals("airports", 50, 5, 3)
    assert counterfactuals("airports", 50, 5, 3) != counterfactuals("airports", 50, 5, 4)
    with pytest.raises(UserError, match="ask for fewer"):
        counterfactuals("airports", len(subjects("airports")) + 1, 8, 0)
