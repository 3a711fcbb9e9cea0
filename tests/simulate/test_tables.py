"""Frontier and violations on tables made by hand, where the answer is known by counting."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from simulate.tables import frontier, gains, summary, violations


def column(depths, system="delta", required=0.5, ceiling_T=3.4, allowed=1.0, D=2, seeds=4, noise=0.01):
    """One column of a sweep: depths[T - 1] is the mean depth at T, give or take `noise` over seeds."""
    offsets = np.linspace(-noise, noise, seeds)
    return pd.DataFrame(
        [
            {
                "system": system,
                "N": 8,
                "b": 0,
                "D": D,
                "a": 0.1,
                "T": T,
                "seed": seed,
                "depth": depth + offset,
                "required": required,
            }
            | {"ceiling_T": ceiling_T, "ceiling_depth": allowed / T}
            for T, depth in enumerate(depths, 1)
            for seed, offset in enumerate(offsets)
        ]
    )


def test_frontier_counts_tasks():
    found = frontier(column([0.9, 0.7, 0.3, 0.2])).iloc[0]
    assert found["measured_T"] == 2
    assert found["allowed_T"] == 3
    assert found["tightness"] == pytest.approx(2 / 3.4)
    assert found["tightness_whole"] == pytest.approx(2 / 3)
    assert found["product_share"] == pytest.approx(max(0.9, 0.7 * 2, 0.3 * 3, 0.2 * 4))


def test_nothing_held_and_nothing_allowed():
    table = pd.concat([column([0.1, 0.05], D=3), column([0.1, 0.05], D=9, ceiling_T=0.0)])
    found = frontier(table).set_index("D")
    assert (found["measured_T"] == 0).all()
    assert found.loc[3, "tightness"] == 0
    assert np.isnan(found.loc[9, "tightness"])


def test_centred_and_plain_codes_are_columns_of_their_own():
    table = pd.concat([column([0.9, 0.1]).assign(centred=False), column([0.9, 0.8]).assign(centred=True)])
    assert frontier(table).set_index("centred")["measured_T"].to_dict() == {False: 1, True: 2}


def test_a_mean_above_by_chance_is_no_violation():
    judged = violations(column([1.02, 0.45], noise=0.2))
    assert judged["above"].tolist() == [True, False]
    assert not judged["violation"].any()


def test_a_cell_clearly_above_is_a_violation():
    judged = violations(column([1.5, 0.45], noise=0.01))
    assert judged["violation"].tolist() == [True, False]
    sd = np.std(np.linspace(-0.01, 0.01, 4), ddof=1)
    assert judged["lower"][0] == pytest.approx(1.5 - stats.t.ppf(1 - 0.05 / 2, 3) * sd / 2)


def test_bounds_are_simultaneous():
    alone, among = column([1.03], noise=0.02), column([1.03, *[0.1] * 200], noise=0.02)
    assert violations(alone)["violation"].any()
    assert not violations(among)["violation"].any()


@pytest.mark.parametrize(
    ("returned", "allowed", "violates"), [(8, 0.9, False), (8, 0.3, True), (4, 0.05, True), (4, 0.3, False), (0, 0, False)]
)
def test_decoded_bits_get_an_exact_bound(returned, allowed, violates):
    depth = [1.0] * returned + [0.0] * (8 - returned)
    table = column([0.0], system="cells", allowed=allowed, seeds=8).assign(depth=depth)
    judged = violations(table).iloc[0]
    assert judged["violation"] == violates
    if returned:  # definition of Clopper and Pearson's bound: at p = lower, so many hits or more have probability 0.05
        assert stats.binom.sf(returned - 1, 8, judged["lower"]) == pytest.approx(0.05)


def shared(single, dual):
    return pd.DataFrame(
        [
            {"regime": regime, "N": 8, "b": 2, "R": 6, "D_s": 2, "T": T, "a": 1 / T, "seed": seed, "decoded": held >= T}
            | {"ceiling_T": ceiling, "ceiling_depth": ceiling / T}
            for regime, held, ceiling in (("single", single, 2.5), ("dual", dual, 5.0))
            for T in range(1, 8)
            for seed in range(8)
        ]
    )


def test_gain_of_two_regimes():
    found = gains(shared(2, 4)).iloc[0]
    assert (found["r"], found["single_T"], found["dual_T"], found["gain"], found["predicted_gain"]) == (3, 2, 4, 2, 2)
    assert np.isnan(gains(shared(0, 4))["gain"].iloc[0])


def test_shared_sweep_is_judged_by_regime():
    assert not violations(shared(2, 5))["violation"].any()
    assert violations(shared(7, 5)).query("violation")["regime"].unique().tolist() == ["single"]


def test_summary():
    assert summary(column([1.5, 0.9, 0.2])) == {
        "cells": 3,
        "above": 2,
        "violations": 2,
        "tightness_median": pytest.approx(2 / 3),
        "tightness_least": pytest.approx(2 / 3),
        "tightness_most": pytest.approx(2 / 3),
    }
