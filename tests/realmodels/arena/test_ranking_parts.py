"""Ranking by group, agreement, the automatic score and planning."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from realmodels.arena.ranking import plan, ranked, simulated_votes
from realmodels.arena.ranking.agreement import agreement, alpha, disagreement, within
from realmodels.arena.ranking.automatic import followed, verdict
from realmodels.arena.ranking.by_group import age_bands, grouped, readers, reasons
from realmodels.arena.ranking.comparisons import compared
from realmodels.arena.ranking.intervals import share
from realmodels.arena.ranking.planning import Habits, power
from tests.realmodels.arena.ranking_toys import drawn, table, toy_study
from theory.errors import UserError

KRIPPENDORFF = """
1 2 3 3 2 1 4 1 2 . . .
1 2 3 3 2 2 4 1 2 5 . 3
. 3 3 3 2 3 4 2 2 5 1 .
1 2 3 3 2 4 4 1 2 5 1 .
"""
"""Four observers, twelve units (Krippendorff, Computing Krippendorff's alpha-reliability, 2011, section C)."""


def test_alpha_of_krippendorffs_own_example():
    cells = [
        (int(value), unit, reader)
        for reader, line in enumerate(KRIPPENDORFF.split("\n")[1:5])
        for unit, value in enumerate(line.split())
        if value != "."
    ]
    value, unit, reader = np.array([cell for cell in cells if sum(other[1] == cell[1] for other in cells) > 1]).T
    found = disagreement(value, 0 * value, within(np.unique(unit, return_inverse=True)[1], reader))
    assert len(value) == 40
    assert alpha(*found) == pytest.approx(0.743, abs=0.0005)


def test_alpha_by_hand_whichever_side_a_system_stood_on():
    """Two readers, two items, one pair; names are aa and ab: observed 1/2; of 4 votes 3 are a: 6 of 12 ordered pairs differ."""
    rows = [
        ("q0", "ant", "bee", "left", "x"),
        ("q0", "bee", "ant", "right", "y"),
        ("q1", "ant", "bee", "left", "x"),
        ("q1", "ant", "bee", "right", "y"),
    ]
    found = agreement(table(rows), draws=10)
    assert (found["agreeing"], found["chance"], found["alpha"]) == pytest.approx((0.5, 0.5, 0.0))
    assert (found["votes"], found["units"], found["by"]) == (4, 2, "units")
    assert np.isnan(agreement(table(rows[:1]))["alpha"])


def test_readers_who_see_items_alike_agree_and_chance_voters_do_not():
    rng = np.random.default_rng(2)
    truth = rng.choice(["left", "right", "both_bad"], 40)
    follow = [(f"q{n}", "ant", "bee", truth[n], f"r{r}") for n in range(40) for r in range(12)]
    assert agreement(table(follow), draws=50)["alpha"] == pytest.approx(1)
    guess = table(follow).assign(choice=rng.choice(["left", "right", "both_bad"], 480))
    found = agreement(guess, draws=200)
    assert found["by"] == "readers"
    assert found["low"] < 0 < found["high"] < 0.1


def test_a_reader_drawn_twice_does_not_agree_with_himself():
    value, unit, reader = np.array([0, 1]), np.array([0, 0]), np.array([0, 1])
    observed, _ = disagreement(value, 0 * value, within(unit, reader), np.array([2.0, 1.0]))
    assert observed == 1
    assert np.isnan(disagreement(value, 0 * value, within(unit, reader), np.array([2.0, 0.0]))[0])


def test_ages_are_ranked_apart():
    study = toy_study(("ant", "bee"))
    young = [(f"q{n % 3}", "ant", "bee", "left" if n % 4 else "right", "r") for n in range(40)]
    old = [(f"q{10 + n % 3}", "bee", "ant", "left" if n % 4 else "right", "r") for n in range(40)]
    frame = table([*young, *old, ("scene", "ant", "bee", "left", "r")])
    found = grouped(compared(study, frame), age_bands(study, frame["item"]), position=False, length=False)
    by = found.set_index(["group", "system"])["strength"]
    assert list(found["group"].unique()) == ["00-02 chapters", "10 or more chapters"]
    assert by["00-02 chapters", "ant"] - by["00-02 chapters", "bee"] == pytest.approx(np.log(3), abs=1e-5)
    assert by["10 or more chapters", "bee"] - by["10 or more chapters", "ant"] == pytest.approx(np.log(3), abs=1e-5)
    assert found["votes"].tolist() == [40] * 4


def test_a_group_whose_systems_were_not_all_compared_has_no_strengths():
    study = toy_study(("a", "b", "c", "d"))
    frame = table([("q0", "a", "b", "left", "r"), ("q0", "c", "d", "left", "r"), ("q5", "b", "c", "left", "r")])
    found = grouped(compared(study, frame), age_bands(study, frame["item"]), True, True)
    first = found[found["group"] == "00-02 chapters"]
    assert first["strength"].isna().all()
    assert (first["note"] == "not compared with all").all()
    assert found[found["group"] == "03-09 chapters"]["strength"].notna().all()


def test_reasons_go_to_the_system_of_their_side():
    frame = table([("q0", "ant", "bee", "right", "r"), ("q1", "bee", "ant", "left", "r")])
    frame["reasons"] = [
        [{"side": "left", "reason": "forgot", "words": ""}],
        [{"side": "right", "reason": "forgot", "words": "w"}],
    ]
    assert reasons(frame).to_dict("records") == [{"system": "ant", "reason": "forgot", "count": 2, "share": 1.0}]


def test_readers_with_one_nickname_stay_apart():
    frame = table([("q0", "ant", "bee", "right", "id-one"), ("q0", "ant", "bee", "left", "ij-two")]).assign(nickname="Ada")
    assert readers(frame).tolist() == ["Ada id-one", "Ada ij-two"]


def test_a_share_without_clusters_is_clopper_and_pearsons():
    values = np.repeat([1.0, 0.0], [14, 6])
    exact = stats.binomtest(14, 20).proportion_ci(method="exact")
    assert share(values, np.arange(20), "votes") == pytest.approx((0.7, exact.low, exact.high))


def test_readers_who_each_say_one_thing_count_as_one_vote_each():
    """Ten readers, seven always for, three always against: worth ten votes, or less for the estimated spread."""
    values, cluster = np.repeat([1.0] * 7 + [0.0] * 3, 30), np.repeat(np.arange(10), 30)
    mean, low, high = share(values, cluster, "readers")
    exact = stats.binomtest(7, 10).proportion_ci(method="exact")
    assert mean == pytest.approx(0.7)
    assert low < exact.low + 0.01
    assert high > exact.high - 0.01
    alike = share(np.ones(300), cluster, "readers")
    assert alike == pytest.approx((1, 0.025 ** (1 / 10), 1))  # ten of ten


@pytest.mark.parametrize(("chance", "said"), [(0.75, "supported"), (0.25, "refuted"), (0.5, "undecided")])
def test_votes_follow_the_score_or_run_against_it(chance, said):
    rng = np.random.default_rng(8)
    study = toy_study(right={"ant": {f"q{n}" for n in range(60)}, "bee": set(), "cat": {f"q{n}" for n in range(30)}})
    rows = []
    for n in range(400):
        sides = rng.permutation(["ant", "bee"]).tolist()
        right = sides.index("ant") if rng.random() < chance else sides.index("bee")
        rows.append((f"q{n % 60}", *sides, ("left", "right")[right], f"r{n % 20}"))
    rows += [("q0", "ant", "cat", "left", "r0")] * 50  # both right: these say nothing
    found = followed(study, table(rows), {"ant": 1.0, "bee": -1.0, "cat": 0.2}).set_index("mark")
    assert found.loc["right", "votes"] == 400
    assert found.loc["right", "verdict"] == said
    assert found.loc["outdated", "share"] == found.loc["right", "share"]  # here what is not right is outdated
    assert found.loc["right", "rank_correlation"] == pytest.approx(1)
    assert found.loc["outdated", "rank_correlation"] == pytest.approx(-1)


def test_votes_for_both_are_halves_and_bounds_do_not_touch_a_half():
    study = toy_study(("ant", "bee"), right={"ant": {"q0"}, "bee": set()})
    votes = table([("q0", "ant", "bee", "both_bad", f"r{n}") for n in range(3)] + [("q0", "bee", "ant", "right", "r9")])
    right = followed(study, votes, {"ant": 0.1, "bee": -0.1}).iloc[0]
    assert (right["share"], right["ties"]) == (5 / 8, 3)
    assert [verdict(*ends) for ends in ((0.5, 0.9), (0.51, 0.9), (0.1, 0.5), (0.1, 0.49))] == [
        "undecided", "supported", "undecided", "refuted",
    ]  # fmt: skip


def test_a_study_without_marks_is_undecided():
    votes = table([("q0", "ant", "bee", "left", "r")])
    assert followed(toy_study(), votes, {"ant": 0.5, "bee": -0.5})["verdict"].tolist() == ["undecided"] * 2


def test_simulated_votes_are_marked_and_follow_their_habits():
    study = toy_study(("ant", "bee"), items=300)
    habits = Habits(error=0.0, position=0.0, taste=0.0, nu=1.0)
    frame = simulated_votes(study, {"ant": 0.0, "bee": 0.0}, 20, 200, habits, seed=4)
    assert frame["simulated"].all()
    assert not frame.duplicated(["reader", "item"]).any()
    ties = frame["choice"].str.startswith("both").mean()
    assert abs(ties - 1 / 3) < 4 * np.sqrt(2 / 9 / 4000)  # nu / (2 + nu)
    slips = simulated_votes(study, {"ant": 3.0, "bee": -3.0}, 20, 200, Habits(0.4, 0.0, 0.0, 0.0), seed=4)
    won = ((slips["left"] == "ant") == (slips["choice"] == "left")) & ~slips["choice"].str.startswith("both")
    assert abs(won.mean() - (0.6 / (1 + np.exp(-6)) + 0.1)) < 4 * np.sqrt(0.21 / 4000)
    pd.testing.assert_frame_equal(frame, simulated_votes(study, {"ant": 0.0, "bee": 0.0}, 20, 200, habits, seed=4))
    assert ranked(study, frame, simulated=True, draws=5).simulated
    with pytest.raises(UserError, match="301 ballots"):
        simulated_votes(study, {"ant": 0.0, "bee": 0.0}, 1, 302, habits)


def test_power_is_that_of_the_normal_approximation_where_readers_are_alike():
    """Without ties, errors and tastes 400 votes with the chance p have the standard error 1 / sqrt(400 p (1 - p)) of log odds."""
    d, draws = 0.28, 150
    p = 1 / (1 + np.exp(-d))
    found = power(d, 20, 20, Habits(0.0, 0.0, 0.0, 0.0), draws, seed=0)
    law = stats.norm.sf(stats.t.ppf(0.975, 19) - d * np.sqrt(400 * p * (1 - p)))
    assert abs(found - law) < 4 * np.sqrt(law * (1 - law) / draws) + 0.03  # 0.03: what estimated spread costs


def test_more_readers_tell_less_and_the_table_says_so():
    habits = Habits(0.1, 0.2, 0.3, 0.5)
    found = plan((3, 12), 20, habits, draws=25, seed=1)
    few, many = found.detectable
    assert 0.5 < many < few < 1
    assert list(found.intervals_by) == ["votes", "readers"]
    assert found.to_frame()["votes"].tolist() == [60, 240]
    assert plan((12,), 20, habits, draws=25, seed=1).detectable == [many]
    with pytest.raises(UserError, match="error"):
        plan(habits=Habits(error=1.0))


def test_everything_stands_in_the_text():
    study = toy_study(right={"ant": {"q0", "q1"}, "bee": set(), "cat": {"q0"}})
    text = ranked(study, drawn(study, {"ant": 2, "bee": 1, "cat": 1}, 0.5, np.random.default_rng(0), 100), draws=10).show()
    for what in ("By age of the memory", "Reasons given\nnone", "automatic score", "alpha=", "strength", "Chance that the first"):
        assert what in text
