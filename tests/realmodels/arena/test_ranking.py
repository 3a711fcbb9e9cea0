"""The ranking: closed forms, a likelihood by brute force, recovery of what votes were drawn from, and what is refused."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realmodels.arena.ranking import ranked
from realmodels.arena.ranking.comparisons import LEFT, RIGHT, TIE, Comparisons, compared, components
from realmodels.arena.ranking.davidson import PRIOR, Terms, chances, fit, terms_of
from realmodels.arena.ranking.intervals import FEWEST, clusters, covariance, interval, quantile
from tests.realmodels.arena.ranking_toys import SYSTEMS, davidson, drawn, table, toy_study
from theory.errors import UserError

TRUE = {"ant": 2.0, "bee": 1.0, "cat": 0.5}


def two(left: int, right: int, ties: int = 0, readers: int = 1) -> Comparisons:
    """Votes on two systems, the first always on the left."""
    outcome = np.repeat([LEFT, RIGHT, TIE], [left, right, ties])
    n = len(outcome)
    return Comparisons(("a", "b"), np.zeros(n, int), np.ones(n, int), outcome, np.arange(n) % readers, np.zeros(n))


@pytest.mark.parametrize(("wins", "losses"), [(7, 3), (30, 60), (1, 1)])
def test_two_systems_without_ties_differ_by_the_log_odds(wins, losses):
    strengths = fit(two(wins, losses), Terms(False, False, False)).strengths
    assert strengths[0] - strengths[1] == pytest.approx(np.log(wins / losses), abs=1e-6)
    assert strengths.sum() == pytest.approx(0, abs=1e-12)


def test_the_standard_error_of_two_systems_is_that_of_log_odds():
    votes = two(30, 20)
    estimate = fit(votes, Terms(False, False, False))
    contrast = (estimate.contrast[0] - estimate.contrast[1])[None]
    value, low, _ = interval(estimate, np.linalg.inv(estimate.information)[None], 1.0, contrast)[0]
    assert value - low == pytest.approx(np.sqrt(1 / 30 + 1 / 20), rel=1e-6)


@pytest.mark.parametrize("ties", [4, 10, 40])
def test_equal_systems_tie_as_davidson_says(ties):
    nu = fit(two(10, 10, ties), Terms(False, False, True)).nu
    assert nu / (2 + nu) == pytest.approx(ties / (20 + ties), rel=1e-6)


@given(st.floats(0.1, 10), st.floats(0.1, 10), st.floats(0.01, 5))
def test_chances_are_davidsons(s, r, nu):
    assert chances(np.log(s / r) / 2, np.log(nu)) == pytest.approx(davidson(s, r, nu), rel=1e-9)


def test_a_grid_finds_the_same_maximum():
    """The likelihood as printed, by brute force."""
    left, right, ties = 17, 9, 6
    d, nu = np.meshgrid(np.linspace(-1, 2, 1501), np.linspace(0.05, 1.5, 1451), indexing="ij")
    p = davidson(np.exp(d), 1.0, nu)
    best = np.argmax(left * np.log(p[0]) + right * np.log(p[1]) + ties * np.log(p[2]))
    estimate = fit(two(left, right, ties), Terms(False, False, True))
    assert estimate.strengths[0] - estimate.strengths[1] == pytest.approx(d.flat[best], abs=0.002)
    assert estimate.nu == pytest.approx(nu.flat[best], abs=0.002)


def test_the_gradient_is_that_of_the_likelihood():
    rng = np.random.default_rng(1)
    study = toy_study(lengths={(f"q{n}", s): int(rng.integers(5, 50)) for n in range(60) for s in SYSTEMS})
    votes = compared(study, drawn(study, TRUE, 0.5, rng, votes=80))
    estimate = fit(votes, Terms(True, True, True))

    def value(b):
        d = estimate.contrast @ b
        logit = d[votes.left] - d[votes.right] + b[2] + b[3] * votes.length
        p = np.array([davidson(np.exp(x), 1.0, np.exp(b[-1])) for x in logit])
        return np.log(p[np.arange(len(p)), votes.outcome]).sum()

    step = 1e-4 * np.eye(5)
    b = estimate.parameters
    slope = [(value(b + one) - value(b - one)) / 2e-4 for one in step]
    assert slope == pytest.approx(np.zeros(5), abs=1e-3)
    bend = [[(value(b + x + y) - value(b + x - y) - value(b - x + y) + value(b - x - y)) / 4e-8 for y in step] for x in step]
    assert -np.array(bend) == pytest.approx(estimate.information, rel=1e-3, abs=1e-2)


def test_what_votes_were_drawn_from_is_found_within_the_intervals_it_states():
    rng = np.random.default_rng(3)
    study = toy_study(lengths={(f"q{n}", s): int(rng.integers(5, 80)) for n in range(60) for s in SYSTEMS})
    frame = drawn(study, TRUE, 0.6, rng, votes=4000, readers=40, position=0.4, length=0.5)
    votes = compared(study, frame)
    estimate = fit(votes, terms_of(votes)[0])
    spread = covariance(estimate, clusters(votes.reader)[0])
    law = np.log([2.0, 1.0, 0.5])
    contrast = np.vstack([estimate.contrast, np.eye(5)[2:]])
    ends = interval(estimate, spread, 4.0, contrast)
    true = np.array([*law, 0.4, 0.5, np.log(0.6)])
    assert (ends[:, 1] < true).all()
    assert (true < ends[:, 2]).all()
    assert (ends[:, 2] - ends[:, 0] < 0.6).all()  # four errors are small, so that the test can fail
    flat = fit(votes, Terms(False, False, True)).strengths
    assert estimate.terms == Terms(True, True, True)
    assert np.abs(flat - law).max() < 0.3


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000))
def test_names_and_sides_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    study = toy_study()
    votes = compared(study, drawn(study, TRUE, 0.5, rng, votes=60))
    terms = Terms(False, False, bool((votes.outcome == TIE).any()))
    strengths = fit(votes, terms).strengths
    new = np.array([2, 0, 1])
    renamed = Comparisons(SYSTEMS, new[votes.left], new[votes.right], votes.outcome, votes.reader, votes.length)
    assert fit(renamed, terms).strengths[new] == pytest.approx(strengths, abs=1e-5)
    flip = rng.random(60) < 0.5
    left, right = np.where(flip, votes.right, votes.left), np.where(flip, votes.left, votes.right)
    outcome = np.where(flip & (votes.outcome != TIE), 1 - votes.outcome, votes.outcome)
    turned = Comparisons(SYSTEMS, left, right, outcome, votes.reader, votes.length)
    assert fit(turned, terms).strengths == pytest.approx(strengths, abs=1e-5)


def test_weights_count_votes_so_often():
    votes = two(5, 3, 2)
    weights = np.array([1] * 5 + [2] * 3 + [0, 3])
    again = fit(two(5, 6, 3), Terms(False, False, True)).parameters
    assert fit(votes, Terms(False, False, True), weights).parameters == pytest.approx(again, abs=1e-6)


def test_a_system_that_won_all_gets_the_prior_and_no_other_does():
    estimate = fit(two(6, 0), Terms(False, False, False))
    b = estimate.parameters[0]  # sqrt(2) b is the difference
    d = np.sqrt(2) * abs(b)
    assert estimate.infinite
    assert abs(b) / PRIOR**2 == pytest.approx(6 * np.sqrt(2) / (1 + np.exp(d)), rel=1e-5)
    assert not fit(two(400, 1), Terms(False, False, False)).infinite


def test_intervals_cover_as_often_as_they_say():
    """Readers have own tastes; intervals by reader have to allow for that."""
    rng, runs, hits = np.random.default_rng(11), 300, 0
    for _ in range(runs):
        taste = np.repeat(rng.normal(0, 0.7, 25), 20)
        p = np.array([davidson(np.exp(0.5 + x), 1.0, 0.5) for x in taste])
        outcome = (rng.random(500)[:, None] > np.cumsum(p[:, :2], 1)).sum(1)
        votes = Comparisons(("a", "b"), np.zeros(500, int), np.ones(500, int), outcome, np.repeat(np.arange(25), 20), taste * 0)
        estimate = fit(votes, Terms(False, False, True))
        cluster, by, _ = clusters(votes.reader)
        contrast = (estimate.contrast[0] - estimate.contrast[1])[None]
        _, low, high = interval(estimate, covariance(estimate, cluster), quantile(estimate, cluster, by), contrast)[0]
        hits += low < AVERAGED < high
    error = np.sqrt(0.95 * 0.05 / runs)
    assert abs(hits / runs - 0.95) < 3.5 * error


def _averaged() -> float:
    """What the estimate tends to: tastes shrink the difference of the average chances of left and right a little."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()
    p = weights @ np.array([davidson(np.exp(0.5 + 0.7 * x), 1.0, 0.5) for x in nodes])
    return float(np.log(p[0] / p[1]))  # with two systems the fit meets the three shares exactly


AVERAGED = _averaged()


def test_components_name_the_groups():
    assert components(5, np.array([0, 3]), np.array([2, 4])) == [[0, 2], [1], [3, 4]]


def test_what_cannot_be_ranked_is_refused():
    study = toy_study(("ant", "bee", "cat", "dog"))
    apart = table([("q0", "ant", "bee", "left", "r"), ("q1", "cat", "dog", "right", "r")])
    with pytest.raises(UserError, match=r"ant, bee \| cat, dog"):
        ranked(study, apart)
    good = table([("q0", "ant", "bee", "left", "r"), ("q1", "ant", "bee", "right", "r")])
    with pytest.raises(UserError, match="no votes"):
        ranked(study, good.iloc[:0])
    for column, value in (("choice", "middle"), ("item", "q99"), ("left", "eel"), ("left", "bee")):
        with pytest.raises(UserError, match=value if value != "bee" else "against itself"):
            ranked(study, good.assign(**{column: value}))
    with pytest.raises(UserError, match="'reader'"):
        ranked(study, good.drop(columns="reader"))


def test_simulated_votes_never_stand_among_those_of_people():
    study = toy_study()
    people = drawn(study, TRUE, 0.5, np.random.default_rng(0), votes=60)
    simulated = people.assign(simulated=True)
    for both in (pd.concat([people, simulated.iloc[:1]]), pd.concat([simulated, people.iloc[:1]])):
        for flag in (True, False):
            with pytest.raises(UserError, match="never together"):
                ranked(study, both, flag)
    with pytest.raises(UserError, match="simulated=True to rank"):
        ranked(study, simulated)
    with pytest.raises(UserError, match="from people"):
        ranked(study, people, simulated=True)
    answer = ranked(study, simulated, simulated=True, draws=20)
    assert answer.to_dict()["simulated"] is True
    assert answer.show().startswith("SIMULATED")
    assert "simulated" in answer.plot().get_title()


def test_the_answer_says_what_was_drawn():
    rng = np.random.default_rng(5)
    study = toy_study()
    frame = drawn(study, TRUE, 0.6, rng, votes=900, readers=15)
    frame.at[0, "reasons"] = [{"side": "left", "reason": "forgot", "words": ""}, {"side": "right", "reason": "dull", "words": ""}]
    answer = ranked(study, frame, draws=60)
    assert list(answer.system) == ["ant", "bee", "cat"]
    assert answer.intervals_by == "readers"
    assert answer.both_good + answer.both_bad == frame["choice"].str.startswith("both").sum()
    first = answer.preferences.iloc[0]
    assert first["low"] < 2 / 3 < first["high"]  # 2 against 1
    assert first["bootstrap_low"] < first["chance"] < first["bootstrap_high"]
    odds = np.exp(answer.strength[0] - answer.strength[1])
    assert first["chance"] == pytest.approx(odds / (1 + odds))
    assert 0 < first["low"] < 2 * first["chance"] - first["low"] < 1
    for low, strength, high in zip(answer.bootstrap_low, answer.strength, answer.bootstrap_high, strict=True):
        assert low < strength < high
    width = np.subtract(answer.high, answer.low)
    assert np.subtract(answer.bootstrap_high, answer.bootstrap_low) == pytest.approx(width, rel=0.6)
    assert answer.length is None  # all answers are equally long
    assert "length" in " ".join(answer.notes)
    given_reasons = {(row.system, row.reason): row.count for row in answer.reasons.itertuples(index=False, name="Row")}
    assert set(given_reasons) == {(frame.at[0, "left"], "forgot"), (frame.at[0, "right"], "dull")}
    json.dumps(answer.to_dict(), allow_nan=False)
    assert {"Ant", "Bee", "Cat"} == set(answer.to_frame()["title"])
    assert len(answer.plot(by_age=True).containers) == 3  # intervals of each system
    assert answer.to_dict() == ranked(study, frame, draws=60).to_dict()
    again = ranked(study, frame, draws=60, seed=1)
    assert again.bootstrap_low != answer.bootstrap_low
    assert list(again.strength) == list(answer.strength)


@pytest.mark.parametrize("position", [True, False])
def test_effects_are_named_and_the_order_is_by_strength(position):
    rng = np.random.default_rng(9)
    study = toy_study(lengths={(f"q{n}", s): int(rng.integers(5, 80)) for n in range(60) for s in SYSTEMS})
    frame = drawn(study, {"ant": 1.0, "bee": 3.0, "cat": 0.3}, 0.3, rng, votes=900, position=0.8 * position, length=-0.6)
    answer = ranked(study, frame, draws=30, position=position)
    assert list(answer.system) == ["bee", "ant", "cat"]
    assert answer.length["low"] < -0.6 < answer.length["high"] < 0
    assert (answer.position is None) is not position
    if position:
        assert 0 < answer.position["low"] < 0.8 < answer.position["high"]
    assert list(answer.stands) == [((frame["left"] == s) | (frame["right"] == s)).sum() for s in answer.system]
    for low, strength, high in zip(answer.bootstrap_low, answer.strength, answer.bootstrap_high, strict=True):
        assert low < strength < high


def test_an_interval_by_reader_is_not_narrower_than_one_by_vote():
    """Ten readers who all split their votes alike have no spread between them; their votes still have."""
    outcome = np.tile(np.repeat([LEFT, RIGHT], [3, 1]), 10)
    zero = np.zeros(40, int)
    estimate = fit(
        Comparisons(("a", "b"), zero, zero + 1, outcome, np.repeat(np.arange(10), 4), zero * 0.0), Terms(False, False, False)
    )
    contrast = (estimate.contrast[0] - estimate.contrast[1])[None]
    value, low, _ = interval(estimate, covariance(estimate, np.repeat(np.arange(10), 4)), 1.0, contrast)[0]
    assert value - low == pytest.approx(np.sqrt(1 / 30 + 1 / 10), rel=1e-6)


def test_few_readers_give_intervals_by_vote_and_say_so():
    study = toy_study()
    frame = drawn(study, TRUE, 0.6, np.random.default_rng(6), votes=200, readers=FEWEST - 1)
    answer = ranked(study, frame, draws=20)
    assert answer.intervals_by == "votes"
    assert f"need {FEWEST} readers, and there are {FEWEST - 1}" in answer.show()
