"""Reading tables, and the intervals put on means."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats

from figures.estimate import counted, estimate, jackknife, level
from figures.results import Results, bars, by_group, within
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


def test_the_interval_of_a_level_is_that_of_its_logit_by_the_delta_method():
    """1, 2 and 3 of 4: mean logit 0; the standard error of the mean share, 0.25 / sqrt(3), over 1/4."""
    found = level([1.0, 2.0, 3.0], top=4.0)
    half = 4.302652729911275 * 0.25 / np.sqrt(3) / 0.25
    assert found.mean == 2.0
    assert (found.low, found.high) == pytest.approx((4 / (1 + np.exp(half)), 4 / (1 + np.exp(-half))))
    assert level([0.5]).high == np.inf
    assert level([1.0, 1.0])[:3] == (1.0, 1.0, 1.0)
    wide = level([0.0, 1.0, 1.0])
    assert 0 < wide.low < 2 / 3 < wide.high < 1
    with pytest.raises(ValueError, match="from 0 to 4"):
        level([1.0, 4.5], top=4.0)


def reml(values):
    """Mean and its standard error by restricted maximum likelihood, of values [seed][fact] with a random effect of the seed."""
    sizes, means = np.array([len(v) for v in values]), np.array([np.mean(v) for v in values])
    within = sum(float(((np.array(v) - np.mean(v)) ** 2).sum()) for v in values)

    def fitted(log_ratio):
        weights = 1 / (np.exp(log_ratio) + 1 / sizes)  # of the seeds' means, over the variance of one fact
        mean = float(weights @ means / weights.sum())
        variance = (within + float(weights @ (means - mean) ** 2)) / (sizes.sum() - 1)
        bits = (sizes.sum() - 1) * np.log(variance) + np.log(sizes / weights).sum() + np.log(weights.sum())
        return bits, mean, np.sqrt(variance / weights.sum())

    best = optimize.minimize_scalar(lambda x: fitted(x)[0], bounds=(-12, 8), method="bounded", options={"xatol": 1e-10})
    return fitted(best.x)[1:]


def test_in_a_balanced_design_the_interval_over_seeds_is_that_of_the_mixed_model():
    """Facts within seeds, as many in each: the mean and its error are those over the seeds' means, and so is the freedom."""
    rng = np.random.default_rng(2)
    values = 1.5 + rng.normal(0, 0.3, (8, 1)) + rng.normal(0, 1.0, (8, 96))
    mean, error = reml(values)
    found = estimate(values.mean(axis=1))
    assert found.mean == pytest.approx(mean)
    assert found.high - found.mean == pytest.approx(stats.t.ppf(0.975, 7) * error, rel=1e-4)


def test_the_interval_over_seeds_covers_where_seeds_have_unlike_numbers_of_facts():
    """To within four standard errors of a count over 2000 trials; taking the facts as independent does not."""
    rng, trials, sizes = np.random.default_rng(4), 2000, (24, 48, 60, 72, 80, 88, 96, 96)
    covered = naive = 0
    for _ in range(trials):
        values = [1.5 + rng.normal(0, 0.3) + rng.normal(0, 1.0, size) for size in sizes]
        found, wrong = estimate([np.mean(v) for v in values]), estimate(np.concatenate(values))
        covered += found.low <= 1.5 <= found.high
        naive += wrong.low <= 1.5 <= wrong.high
    assert abs(covered / trials - 0.95) < 4 * np.sqrt(0.95 * 0.05 / trials)
    assert naive / trials < 0.7


def test_the_smallest_detectable_difference_is_found_in_four_of_five_runs():
    """A true mean that far above the border: the lower end exceeds it in 80% of 2000 runs, to within four standard errors.

    The quantile of the spread's own fluctuation is approximated by Student's: 2% are allowed for it.
    """
    rng, seeds, trials = np.random.default_rng(3), 12, 2000
    least = float(np.mean([estimate(rng.normal(0, 1, seeds), comparisons=5).detectable for _ in range(trials)]))
    found = np.mean([estimate(rng.normal(least, 1, seeds), comparisons=5).low > 0 for _ in range(trials)])
    assert abs(found - 0.8) < 4 * np.sqrt(0.8 * 0.2 / trials) + 0.02


def test_a_share_over_what_is_allowed_has_the_exact_bounds():
    """All of n: the bound solves p^n = 2.5%; none of n: (1 - p)^n = 2.5%."""
    every, none = counted(8, 8, 0.5), counted(0, 8, 0.5)
    assert every[:3] == pytest.approx((2.0, 2 * 0.025 ** (1 / 8), 2.0))
    assert none[:3] == pytest.approx((0.0, 0.0, 2 * (1 - 0.025 ** (1 / 8))))
    assert counted(8, 8, 0.5, comparisons=5).low == pytest.approx(2 * 0.005 ** (1 / 8))
    assert counted(0, 8, 0.95).detectable == np.inf  # not even 8 of 8 lift the bound, 0.63, above 0.95
    with pytest.raises(ValueError, match="cannot be judged"):
        counted(0, 0, 0.5)


def test_the_smallest_detectable_share_is_found_in_four_of_five_runs():
    rng, trials, allowed = np.random.default_rng(4), 60, 0.7
    chance = allowed * (1 + counted(0, trials, allowed).detectable)
    found = np.mean([counted(int(hits), trials, allowed).low > 1 for hits in rng.binomial(trials, chance, 2000)])
    assert abs(found - 0.8) < 4 * np.sqrt(0.8 * 0.2 / 2000)


def test_intervals_of_a_bounded_quantity_stay_within_its_bounds():
    values = {0: [3.99, 3.9, 2.0], 1: [0.0, 0.01, 1.0], 2: [2.0, 2.1, 1.9]}
    rows = [{"age": age, "seed": seed, "bits": bits} for age, group in values.items() for seed, bits in enumerate(group)]
    free, bounded = by_group(pd.DataFrame(rows), ["age"], "bits"), within(pd.DataFrame(rows), ["age"], "bits", 4.0)
    assert free["high"].max() > 4 > bounded["high"].max()
    assert free["low"].min() < 0 < bounded["low"].min()
    assert ((bounded["low"] <= bounded["mean"]) & (bounded["mean"] <= bounded["high"])).all()


def test_one_seed_of_a_bounded_quantity_has_no_bar():
    found = within(pd.DataFrame({"age": [0, 1], "seed": 0, "bits": [4.0, 1.0]}), ["age"], "bits", 4.0)
    assert (bars(found) == 0).all()
