"""Contrasts of writers at equal learning, forecasts against a constant share, and earlier runs beside the seeds in the tables."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from figures.verdicts.earlier import judged_with_earlier
from figures.verdicts.forecast import skills
from figures.verdicts.rule import Judgement
from figures.verdicts.runs import errors
from figures.verdicts.table import verdict
from figures.verdicts.writing import FULL_MEMORY, SPARSE, bounds, contrast
from theory.errors import UserError


def kept(rows):
    """A table as of `ends`: rows of ((architecture, method), seed, bits learned, bits kept)."""
    names = ("architecture", "method", "seed", "bits_fresh", "bits_gained")
    return pd.DataFrame([dict(zip(names, (*run, *numbers), strict=True)) for run, *numbers in rows])


def test_what_one_writer_learned_more_is_granted_to_the_other_in_full():
    table = kept([(SPARSE, 1, 3.0, 1.0), (FULL_MEMORY, 1, 3.9, 1.6), (SPARSE, 2, 3.9, 1.0), (FULL_MEMORY, 2, 3.5, 1.6)])
    found = bounds(table, {SPARSE: 1, FULL_MEMORY: -1})
    assert found["kept"].tolist() == pytest.approx([-0.6, -0.6])
    assert found["most"].tolist() == pytest.approx([0.3, -0.6])  # sparse memory learned 0.9 less on seed 1
    assert found["least"].tolist() == pytest.approx([-0.6, -1.0])  # full finetuning learned 0.4 less on seed 2
    halved = bounds(table, {SPARSE: 0.5, FULL_MEMORY: -0.5})
    assert np.allclose(halved, found / 2)


def test_at_equal_learning_a_contrast_is_the_paired_t_interval_over_the_family():
    rng = np.random.default_rng(5)
    ours, theirs = rng.normal(1.0, 0.2, 8), rng.normal(1.6, 0.2, 8)
    rows = [(SPARSE, seed, 3.9, float(value)) for seed, value in enumerate(ours)]
    rows += [(FULL_MEMORY, seed, 3.9, float(value)) for seed, value in enumerate(theirs)]
    value = contrast(kept(rows), "P6")
    low, high = stats.ttest_rel(ours, theirs).confidence_interval(1 - 0.05 / 6)
    assert (value.low, value.high) == pytest.approx((low, high))


def test_a_seed_that_one_of_the_runs_lacks_does_not_count():
    table = kept([(SPARSE, 1, 3.0, 1.0), (FULL_MEMORY, 1, 3.0, 1.6), (SPARSE, 2, 3.9, 1.0)])
    assert bounds(table, {SPARSE: 1, FULL_MEMORY: -1}).index.tolist() == [1]


def test_a_share_of_a_gain_that_is_none_is_not_applicable(made):
    found = verdict(made(only=("streams",), bend={"sparse_memory": 10.0}), "P3-share")
    assert found["verdict"] == "not applicable"
    assert "(P6) is refuted" in found["note"]


def test_the_constant_share_is_the_best_one_in_hindsight():
    key = {"architecture": "dense", "method": "full", "learning_rate": 0.1}
    bits = {(0, 0): 0.5, (0, 1): 0.5, (1, 0): 3.5, (1, 1): 0.5, (2, 0): 2.0, (2, 1): 2.5}
    rows = pd.DataFrame([{**key, "seed": 0, "written": w, "task": t, "age": w - 1 - t, "bits": b} for (w, t), b in bits.items()])
    forecast = pd.DataFrame(
        [
            {**key, "seed": 0, "written": 2, "task": 0, "kind": kind, "bits_predicted": value}
            for kind, value in (("spectral", 1.0), ("kernel", 1.8))
        ]
    )
    found = errors(rows, forecast).iloc[0]
    assert found["constant"] == pytest.approx(0.0, abs=1e-12)  # one task of age 1: the share is (2 - 0.5) / (3.5 - 0.5)
    assert found[["spectral", "kernel", "stays", "gone"]].tolist() == pytest.approx([1.0, 0.2, 1.5, 1.5])


def test_skill_is_below_one_whatever_the_spread():
    wild = pd.DataFrame(
        {
            "architecture": "dense",
            "method": "full",
            "seed": range(3),
            "kernel": [0.01, 0.2, 0.9],
            "constant": 1.0,
        }
    )
    value = skills(wild, "kernel")["dense", "full"]
    assert value.low < 0 < value.mean < value.high < 1


def test_a_forecast_that_fails_one_writer_is_refuted_and_names_it(made):
    found = verdict(made(only=("streams", "forecast"), bend={"forecast": 12.0}), "P1-spectral")
    assert found["verdict"] == "refuted"
    assert "refuted for full finetuning of the dense model" in found["note"]


RUN = {"commit": "0" * 40, "date": "2026-01-01", "seeds": [0, 7, 8], "counted": [7, 8], "left_out": {"0": "pilots"}, "errors": []}


def judged(results, values, earlier_values):
    """The verdict on values of the seeds 7 and 9, with earlier ones of the seeds 0, 7 and 8 beside them."""
    run = {**RUN, "ends": [{"seed": seed, "value": value} for seed, value in zip(RUN["seeds"], earlier_values, strict=True)]}
    (results.directory / "earlier.json").write_text(json.dumps({"runs": [run]}))

    def judge(rows):
        mean = float(rows["value"].mean())
        return Judgement(mean, None, "supported" if mean > 0 else "refuted")

    return judged_with_earlier(results, pd.DataFrame({"seed": [7, 9], "value": values}), "ends", judge)


def test_all_seeds_that_count_are_pooled_and_each_counts_once(made):
    found = judged(made(only=("streams",)), [1.0, 2.0], [-100.0, -100.0, 3.0])  # 0 served pilots, 7 has been run again
    assert (found.measured, found.verdict, found.note) == (1.5, "supported", "")
    assert (found.pooled.measured, found.pooled.seeds) == (2.0, (7, 8, 9))


def test_a_verdict_that_all_seeds_together_do_not_bear_out_is_undecided(made):
    found = judged(made(only=("streams",)), [1.0, 2.0], [0.0, 0.0, -9.0])
    assert (found.measured, found.verdict) == (1.5, "undecided")
    assert found.note == "supported on the seeds in the tables, refuted on all seeds"


def test_without_earlier_runs_nothing_is_pooled(made):
    results = made(only=("streams",))
    assert verdict(results, "P6")["pooled"] is None
    (results.directory / "earlier.json").write_text("[1, ")
    with pytest.raises(UserError, match=r"figures\.build\.earlier"):
        verdict(type(results)(results.directory), "P6")
