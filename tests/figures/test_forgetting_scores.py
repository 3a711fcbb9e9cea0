"""Scores of forecasts of forgetting, on streams whose scores are known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from figures.verdicts import forgetting_scores as scores
from figures.verdicts import predictors as rules


def stream(shares: dict[int, float], place: str = "late", said: dict[int, float] | None = None) -> pd.DataFrame:
    """Two facts a task; a share of the facts written is right, the first ones."""
    rows = []
    for written, share in shares.items():
        for fact in range(2 * written):
            rows.append(
                {
                    "place": place,
                    "seed": 0,
                    "written": written,
                    "task": fact // 2,
                    "age": written - 1 - fact // 2,
                    "fact": fact,
                    "exact": float(fact < round(share * 2 * written)),
                    "exact_kernel": float(fact < round((said or shares)[written] * 2 * written)),
                }
            )
    return pd.DataFrame(rows)


def with_bits(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    found = stream(dict.fromkeys((1, 2, 3, 5, 8), 0.5))
    bits = rng.exponential(2, len(found))
    said = bits + rng.normal(0, 0.5, len(found)).clip(-0.5 * bits)
    return found.assign(bits=bits, bits_kernel=said, bits_isolated=rng.exponential(1, len(found)))


def test_a_budget_lies_where_the_share_falls_through_its_border():
    """From 1 at 8 facts to .25 at 16: a half lies two thirds of the way, three quarters one third."""
    shares = {4: 1.0, 8: 0.25, 16: 0.25}
    assert scores.budget(stream(shares)) == pytest.approx(8 + 8 * 2 / 3)
    assert scores.budget(stream(shares, "early")) == pytest.approx(8 + 8 / 3)


def test_a_dip_that_recovers_is_smoothed_by_the_facts_behind_it():
    """Shares .25 of 8 facts and .75 of 24 make .625 of both: the half is not passed there."""
    assert scores.budget(stream({2: 1.0, 4: 0.25, 12: 0.75, 16: 0.25})) == pytest.approx(24 + 8 * 0.125 / 0.375)


def test_a_stream_that_keeps_its_facts_has_no_budget_and_tells_nothing_where_both_sides_do():
    assert scores.budget(stream({2: 1.0, 4: 1.0})) == np.inf
    told = scores.budgets(stream({2: 1.0, 4: 1.0}), "kernel")
    assert told["off"].isna().all()


def test_beyond_the_end_a_budget_counts_as_the_length():
    """Said beyond 16 facts, measured at 8 + 8 * 2/3: at least log2(16 / 13.33)."""
    told = scores.budgets(stream({4: 1.0, 8: 0.25}, said={4: 1.0, 8: 1.0}), "kernel")
    assert told["off"].iloc[0] == pytest.approx(np.log2(16 / (8 + 16 / 3)))


@given(st.integers(0, 10**6))
def test_correlations_do_not_see_the_scale_and_are_one_of_the_truth(seed):
    table = with_bits(seed)
    assert scores.in_all(table, "bits") == pytest.approx(1.0)
    assert scores.within(table, "bits") == pytest.approx(1.0)
    bent = table.assign(bent=np.exp(table["bits_kernel"] / 3))
    assert scores.in_all(bent, "bent") == pytest.approx(scores.in_all(table, "bits_kernel"))
    assert scores.within(table, "age") == 0.0


@given(st.integers(0, 10**6))
def test_the_best_constant_beats_every_other(seed):
    table = with_bits(seed)
    part = scores.older(table)
    alone, truth = 2.0 ** -part["bits_isolated"], 2.0 ** -part["bits"]
    tried = [float(np.sqrt(((share * alone - truth) ** 2).mean())) for share in np.linspace(0, 2, 81)]
    assert scores.constant(table) <= min(tried) + 1e-12
    assert scores.constant(table) == pytest.approx(min(tried), abs=0.02)


@given(st.integers(0, 10**6))
def test_a_border_in_hindsight_is_never_worse_than_calling_all_wrong_and_finds_a_perfect_predictor_of_either_sign(seed):
    table = with_bits(seed)
    part = scores.older(table)
    wrong = part["exact"].to_numpy() < 0.5
    assert scores.flips_at_best(table, "bits_kernel") >= scores.f1(wrong, np.ones_like(wrong))
    for sign in (1, -1):
        assert scores.flips_at_best(table.assign(told=sign * (1 - table["exact"])), "told") == pytest.approx(1.0)


def test_a_filled_matrix_is_scored_where_it_was_not_observed():
    table = with_bits(1)
    filled, said = scores.completion(table, 5)
    assert 0 < said < filled
    table["bits"] = 1.0
    assert scores.completion(table, 5)[0] == pytest.approx(0.0, abs=1e-9)


def test_streams_that_all_end_before_a_budget_leave_its_rule_undecided():
    """As in a small run: nothing is forgotten at one place, so that no factor is known there."""
    kept = pd.concat([stream({2: 1.0, 4: 1.0}, place).assign(seed=seed) for place in ("late", "late_off") for seed in (0, 1)])
    fell = pd.concat([kept, stream({2: 1.0, 4: 0.25}, "late").assign(seed=2)])
    for table in (kept, fell):
        found = rules._budget(table)
        assert found.verdict == "undecided"
        assert "too short to tell" in found.note
