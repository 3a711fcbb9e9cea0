"""Readers are asked what is least certain, never the same twice, with sides that a fair coin chose."""

from collections import Counter
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta, binom

from realmodels.arena.pairs import next_pair, standard_errors
from realmodels.arena.records import Ballot

ALPHA, BETA, GAMMA = "zq_alpha", "zq_beta", "zq_gamma"


def table(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["item", "left", "right", "choice"])


def shown(item: str, left: str, right: str) -> Ballot:
    return Ballot(f"{item}{left}{right}", "reader", item, left, right, "", True)


def pair_of(chosen) -> set[str]:
    return set(chosen[1:])


def test_a_standard_error_is_the_deviation_of_the_beta_distribution():
    votes = table(
        ("q1", ALPHA, BETA, "left"), ("q1", BETA, ALPHA, "right"), ("q2", BETA, ALPHA, "left"), ("q2", ALPHA, BETA, "both_bad"),
        ("q1", GAMMA, BETA, "left"),
    )  # fmt: skip
    errors = standard_errors(votes)
    assert errors == pytest.approx({(ALPHA, BETA): beta(3.5, 2.5).std(), (BETA, GAMMA): beta(1, 2).std()})


def test_the_pair_with_fewest_votes_comes_next_and_of_equal_ones_the_even_one(study):
    rng = np.random.default_rng(0)
    two = table(("q1", ALPHA, BETA, "left"), ("q1", ALPHA, GAMMA, "left"))
    assert all(pair_of(next_pair(study, two, [], rng)) == {BETA, GAMMA} for _ in range(20))
    sided = [("q1", BETA, GAMMA, "left"), ("q1", ALPHA, GAMMA, "left")] * 4
    even = [("q1", ALPHA, BETA, "left"), ("q1", BETA, ALPHA, "left")] * 2
    assert all(pair_of(next_pair(study, table(*sided, *even), [], rng)) == {ALPHA, BETA} for _ in range(20))


def test_votes_to_come_count_as_half_a_win_to_each(study):
    rng = np.random.default_rng(4)
    two = table(("q1", ALPHA, BETA, None), ("q1", ALPHA, GAMMA, None))
    assert standard_errors(two) == pytest.approx({(ALPHA, BETA): beta(1.5, 1.5).std(), (ALPHA, GAMMA): beta(1.5, 1.5).std()})
    assert all(pair_of(next_pair(study, two, [], rng)) == {BETA, GAMMA} for _ in range(20))


def test_votes_of_systems_or_items_that_the_study_has_no_more_do_no_harm(study):
    assert next_pair(study, table(("gone", "old", ALPHA, "left")), [], np.random.default_rng(0)) is not None


def test_a_reader_sees_everything_once_and_then_no_more(study):
    rng, ballots, chosen = np.random.default_rng(1), [], []
    while (next_one := next_pair(study, table(), ballots, rng)) is not None:
        chosen.append(next_one)
        ballots.append(shown(*next_one))
        assert len(chosen) <= 18
    assert len({(item, frozenset(sides)) for item, *sides in chosen}) == 18 == len(chosen)


def test_a_pair_that_a_reader_has_exhausted_gives_way_to_the_next(study):
    votes = table(("q1", ALPHA, BETA, "left"), ("q1", ALPHA, GAMMA, "left"))
    ballots = [shown(item.id, BETA, GAMMA) for item in study.items]
    assert pair_of(next_pair(study, votes, ballots, np.random.default_rng(0))) != {BETA, GAMMA}


def test_ages_are_balanced_and_scenes_are_one_age(study):
    """Whatever other readers' items were, the fewest-voted age of the pair is next; in the long run all are equal."""
    rng, rows = np.random.default_rng(2), []
    two_systems = replace(study, systems=study.systems[:2])
    ages = {item.id: item.age for item in study.items}
    for _ in range(60):
        item, left, right = next_pair(two_systems, table(*rows), [], rng)
        rows.append((item, left, right, "left"))
        counts = Counter(ages[row[0]] for row in rows)
        assert max(counts.values()) - min(counts.get(age, 0) for age in (1, 5, None)) <= 1
    assert Counter(ages[row[0]] for row in rows) == {1: 20, 5: 20, None: 20}
    assert set(Counter(row[0] for row in rows).values()) == {10}


def test_the_sides_are_a_fair_coin_and_pairs_and_items_are_drawn_evenly(study):
    rng = np.random.default_rng(3)
    chosen = [next_pair(study, table(), [], rng) for _ in range(3000)]
    pairs = {frozenset(pair) for pair in combinations((ALPHA, BETA, GAMMA), 2)}

    def likely(count: int, chance: float) -> bool:
        return binom(3000, chance).cdf(count) > 1e-4 and binom(3000, chance).sf(count) > 1e-4

    assert likely(sum(left < right for _, left, right in chosen), 1 / 2)
    of_pairs = Counter(frozenset(one[1:]) for one in chosen)
    assert set(of_pairs) == pairs
    assert all(likely(count, 1 / 3) for count in of_pairs.values())
    of_items = Counter(one[0] for one in chosen)
    assert len(of_items) == 6
    assert all(likely(count, 1 / 6) for count in of_items.values())


def test_the_same_generator_gives_the_same_ballots_and_another_one_others(study):
    def many(seed: int):
        rng = np.random.default_rng(seed)
        return [next_pair(study, table(), [], rng) for _ in range(20)]

    assert many(5) == many(5) != many(6)
