"""Reading tables, and the intervals put on means."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from figures.estimate import estimate, jackknife
from figures.results import Results, bars, by_group
from simulate.runs.store import write_table
from theory.errors import UserError


def test_a_table_says_who_made_it_and_for_which_preset(lawful: Results):
    assert lawful.preset == "quick"
    assert lawful.key("hebbian") == "key-of-hebbian"
    assert len(lawful.table("hebbian", "snr")) > 0


def test_a_damaged_an_empty_and_a_foreign_table_are_told_in_one_line(tmp_path: Path):
    (tmp_path / "damaged.parquet").write_bytes(b"PAR1 and then nothing")
    write_table(tmp_path / "empty.parquet", pd.DataFrame({"a": []}), "key")
    write_table(tmp_path / "foreign.parquet", pd.DataFrame({"a": [1.0]}), "key")
    results = Results(tmp_path)
    for name, word in (
        ("damaged", "cannot be read"),
        ("empty", "is empty"),
        ("foreign", "lacks column b"),
        ("absent", "no table"),
    ):
        with pytest.raises(UserError, match=word) as failure:
            results.table(name, "b")
        assert "\n" not in str(failure.value)
        assert f"cwb reproduce --only {name}" in str(failure.value)


def test_tables_of_two_presets_are_not_mixed(tmp_path: Path):
    for name, preset in (("one", "quick"), ("two", "paper")):
        write_table(tmp_path / f"{name}.parquet", pd.DataFrame({"a": [1.0]}), "key", preset=preset)
    with pytest.raises(UserError, match="mixes tables"):
        _ = Results(tmp_path).preset


def test_the_interval_is_students():
    found = estimate([1.0, 2.0, 4.0])
    low, high = stats.ttest_1samp([1.0, 2.0, 4.0], 0.0).confidence_interval(0.95)
    assert found[:4] == pytest.approx((7 / 3, low, high, 3))


def test_one_value_has_no_interval_and_a_missing_one_is_refused():
    assert estimate([3.0])[1:] == (-np.inf, np.inf, 1, np.inf)
    for values in ([], [1.0, np.nan]):
        with pytest.raises(ValueError, match="finite"):
            estimate(values)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20), st.integers(2, 1000))
def test_intervals_read_together_are_wider(values: list[float], comparisons: int):
    one, many = estimate(values), estimate(values, comparisons=comparisons)
    assert many.low <= one.low <= one.mean <= one.high <= many.high


def test_simultaneous_intervals_cover_together():
    rng = np.random.default_rng(1)
    trials, groups, seeds = 400, 10, 6
    frame = pd.DataFrame(
        {
            "trial": np.repeat(np.arange(trials), groups * seeds),
            "group": np.tile(np.repeat(np.arange(groups), seeds), trials),
            "seed": np.tile(np.arange(seeds), trials * groups),
            "value": rng.standard_normal(trials * groups * seeds),
        }
    )
    covered = [
        ((found["low"] <= 0) & (found["high"] >= 0)).all()
        for _, part in frame.groupby("trial")
        for found in [by_group(part, ["group"], "value", simultaneous=True)]
    ]
    assert np.mean(covered) >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / trials)


def test_rows_of_a_seed_count_once():
    frame = pd.DataFrame({"seed": [0, 0, 0, 1], "group": 1, "value": [1.0, 2.0, 3.0, 4.0]})
    found = by_group(frame, ["group"], "value").iloc[0]
    assert (found["mean"], found["count"]) == (3.0, 2)


def test_bars_without_an_interval_have_no_length():
    frame = pd.DataFrame({"seed": [0], "group": [1], "value": [1.0]})
    assert bars(by_group(frame, ["group"], "value")).tolist() == [[0.0], [0.0]]


def test_the_jackknife_of_a_mean_is_students_interval():
    frame = pd.DataFrame({"seed": range(5), "value": [1.0, 2.0, 4.0, 3.0, 7.0]})
    assert jackknife(lambda part: part["value"].mean(), frame) == pytest.approx(estimate(frame["value"]))
    assert jackknife(lambda part: part["value"].mean(), frame[:1])[1:] == (-np.inf, np.inf, 1, np.inf)


def test_the_jackknife_covers_a_ratio_of_means():
    rng = np.random.default_rng(2)
    trials, seeds = 300, 8
    covered = 0
    for _ in range(trials):
        frame = pd.DataFrame({"seed": range(seeds), "x": rng.normal(10, 1, seeds), "y": rng.normal(20, 3, seeds)})
        found = jackknife(lambda part: np.log(part["y"].mean() / part["x"].mean()), frame)
        covered += found.low <= np.log(2) <= found.high
    assert covered / trials >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / trials)


@pytest.mark.parametrize(("scale", "draw"), [("log", "lognormal"), ("logit", "beta"), ("fisher", "uniform")])
def test_no_interval_reaches_beyond_what_is_possible_and_it_covers(scale: str, draw: str):
    """Coverage of 95% intervals to within four standard errors of a count over 400 trials, on each scale's own quantity."""
    rng, covered, trials = np.random.default_rng(5), 0, 400
    for _ in range(trials):
        if draw == "lognormal":
            values, truth = rng.lognormal(0.3, 1.5, 4), np.exp(0.3)
        elif draw == "beta":
            values, truth = 1 / (1 + np.exp(-rng.normal(3, 1, 4))), 1 / (1 + np.exp(-3))
        else:
            values, truth = np.tanh(rng.normal(1, 1, 4)), np.tanh(1)
        found = estimate(values, scale=scale)
        lowest, highest = {"log": (0, np.inf), "logit": (0, 1), "fisher": (-1, 1)}[scale]
        assert lowest <= found.low <= found.mean <= found.high <= highest
        covered += found.low <= truth <= found.high
    assert abs(covered / trials - 0.95) < 4 * np.sqrt(0.95 * 0.05 / trials)


def test_a_share_of_all_trials_has_an_interval_below_one():
    found = estimate([1.0, 1.0, 0.98, 1.0], scale="logit", trials=50)
    assert 0.9 < found.low < found.mean < found.high < 1
    with pytest.raises(ValueError, match="no place"):
        estimate([1.0, 0.9], scale="logit")


def test_the_smallest_detectable_difference_is_found_in_four_of_five_runs():
    """A true mean that far above the border: the lower end exceeds it in 80% of 2000 runs, to within four standard errors.

    The quantile of the spread's own fluctuation is approximated by Student's: 2% are allowed for it.
    """
    rng, seeds, trials = np.random.default_rng(3), 12, 2000
    least = float(np.mean([estimate(rng.normal(0, 1, seeds), comparisons=5).detectable for _ in range(trials)]))
    found = np.mean([estimate(rng.normal(least, 1, seeds), comparisons=5).low > 0 for _ in range(trials)])
    assert abs(found - 0.8) < 4 * np.sqrt(0.8 * 0.2 / trials) + 0.02
