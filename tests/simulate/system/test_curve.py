"""Depth against tasks: the measured curve beside the law and the ceiling."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import simulate
from simulate.system.curve import allowed_depth, spread_out, task_numbers
from simulate.system.parameters import checked
from simulate.system.plan import most_tasks
from simulate.system.registry import registry
from theory import retention
from theory.errors import UserError


def test_a_memory_follows_its_law_within_the_interval_and_stays_below_its_ceiling():
    frame = simulate.curve("hebbian", T=[1, 4, 9], N=64, D=8, outputs=32, seeds=16).to_frame()
    assert frame["T"].tolist() == [1, 4, 9]
    np.testing.assert_allclose(frame["law"], 63 / (8 * frame["T"] - 1))  # (N - 1)/(P - 1), C3
    half = (frame["high"] - frame["low"]) / 2
    assert (abs(frame["depth"] - frame["law"]) < 2 * half).all()
    assert (frame["law"] <= frame["ceiling"]).all()


def test_a_learner_follows_the_law_of_least_squares():
    frame = simulate.curve("rls", T=(1, 2, 6), N=16, D=8).to_frame()
    np.testing.assert_allclose(frame["law"], [1, 1, 1 / 3])
    np.testing.assert_allclose(frame["depth"], frame["law"], atol=0.15)
    assert ((frame["low"] >= 0) & (frame["low"] <= frame["depth"]) & (frame["depth"] <= frame["high"])).all()


def test_where_a_seed_returns_all_or_nothing_the_interval_is_exact():
    frame = simulate.curve("shared_dual", T=(1,), N=64, R=8, D_s=8).to_frame()
    assert frame["depth"].item() == frame["high"].item() == 1
    assert frame["low"].item() == pytest.approx(0.025 ** (1 / 8))  # all of 8 seeds: p^8 = 2.5%


@pytest.mark.parametrize("name", registry())
def test_every_system_has_a_ceiling_on_its_depth_that_falls_with_tasks(name):
    system = registry()[name][2]
    p = checked(system, system.points["quick"][0])
    ceiling = system.ceiling(p)
    T = spread_out(most_tasks(ceiling), 4)
    allowed = [allowed_depth(system, p, t) for t in T]
    assert allowed[0] is None or allowed[0] >= p["required"]
    known = [depth for depth in allowed if depth is not None]
    assert known == sorted(known, reverse=True)
    assert all(depth < p["required"] for t, depth in zip(T, allowed, strict=True) if depth is not None and t > ceiling * 1.001)
    law = [system.law(p, t) if system.law else np.nan for t in T]
    for depth, most in zip(law, allowed, strict=True):
        assert not np.isfinite(depth) or most is None or depth <= most * 1.01


def test_the_ceiling_found_by_search_is_the_one_of_the_claim():
    system = registry()["plain"][2]
    p = checked(system, {"N": 32, "D": 4})
    for T in (3, 20):
        assert allowed_depth(system, p, T) == pytest.approx(retention.attainable_depth(32, T, 4), rel=1e-4)


@given(st.one_of(st.integers(), st.floats(), st.lists(st.one_of(st.integers(-2, 10**6), st.floats(), st.text()))))
def test_numbers_of_tasks_are_whole_and_in_order_or_refused(T):
    try:
        tasks = task_numbers(T)
    except UserError:
        return
    assert list(tasks) == sorted(set(tasks))
    assert all(isinstance(t, int) and t >= 1 for t in tasks)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"T": range(0)}, "empty"),
        ({"T": range(1, 10**9)}, "fewer"),
        ({"T": 10**9}, "lower"),
        ({"T": 0}, "at least 1"),
        ({"T": [1.5]}, "whole"),
        ({"T": [1], "seeds": float("nan")}, "seeds=nan"),
    ],
)
def test_bad_curves_are_refused(given, said):
    with pytest.raises(UserError, match=said):
        simulate.curve("delta", **{"N": 16, "D": 2, **given})
