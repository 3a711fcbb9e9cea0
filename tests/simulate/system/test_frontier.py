"""Frontiers on demand: near their ceilings, and every bad request refused in one line before anything is taken."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulate.codes import LIMIT
from simulate.system.frontier import frontier, largest_held
from simulate.system.plan import planned
from simulate.system.registry import registry
from theory.errors import UserError


@given(edge=st.integers(0, 60), T_max=st.integers(1, 50))
def test_bisection_finds_the_step(edge, T_max):
    asked = []

    def measure(T):
        asked.append(T)
        return np.array([float(edge >= T)])

    assert largest_held(measure, 0.5, T_max) == (min(edge, T_max), 1.0 if edge else 0.0)
    assert len(asked) <= 2 + np.ceil(np.log2(T_max + 1))


@pytest.mark.parametrize(
    ("system", "given", "least"),
    [
        ("delta", {"N": 48.0, "D": 6, "a": 0.2}, 0.75),
        ("delta", {"N": 48, "D": 6, "a": 0.2, "centred": 0}, 0.75),
        ("hebbian", {"N": 96, "D": 6, "a": 0.3}, 0.8),
        ("cells", {"N": 400, "D": 60, "b": 1}, 0.4),
        ("shared_dual", {"N": 600, "R": 100, "D_s": 60}, 0.3),
    ],
)
def test_measured_frontier_comes_near_the_ceiling_and_stays_below(system, given, least):
    # the band allows for eight seeds of small memories: fluctuations of the oldest task of about the root of its size
    answer = frontier(system, **given)
    assert least <= answer.tightness == answer.measured_T / answer.ceiling_T <= 1.2
    assert answer.depth >= answer.settings["required"]
    shown = json.loads(json.dumps(answer.to_dict(), allow_nan=False))
    assert {"system", "claim", "unit", "measured_T", "depth", "ceiling_T", "tightness", *answer.settings} <= set(shown)
    assert shown["units"]["depth"] == shown["unit"]
    assert all(line[-1] for line in answer.lines())
    assert len(answer.show().splitlines()) == len(answer.lines())


BAD = [
    ("nothing", {}, "nothing"),
    ("delt", {}, "did you mean delta"),
    ("lms", {}, "lms"),
    ("delta", {"N": 32}, "D is missing"),
    ("delta", {"N": None, "D": 2}, "N is missing"),
    ("delta", {"N": 32.5, "D": 2}, "whole"),
    ("delta", {"N": 32, "D": 2, "z": 1}, "'z'"),
    ("delta", {"n": 32, "D": 2}, "did you mean N"),
    ("delta", {"N": 32, "D": 2, "name": 1}, "'name'"),
    ("delta", {"N": 32, "D": 2, "system": 1}, "'system'"),
    ("delta", {"N": "many", "D": 2}, "not a number"),
    ("delta", {"N": 32, "D": 0}, "too small"),
    ("delta", {"N": 32, "D": 2, "a": 1.5}, "a=1.5"),
    ("delta", {"N": 32, "D": 2, "required": 2}, "required=2"),
    ("delta", {"N": 1e6, "D": 1000}, "lower N"),
    ("cells", {"N": 64, "D": 8, "required": 0}, "required=0"),
    ("replay", {"N": 32, "D": 2, "B": 40}, "B=40"),
    ("two_regimes", {"N": 16, "D": 2, "F": 0}, "F=0"),
    ("two_regimes", {"N": 16, "D": 2, "F": 8, "active": 9}, "active=9"),
    ("sparse_memory", {"N": 32, "D": 2, "slots": 32}, "slots=32"),
    ("lora", {"N": 32, "D": 2, "rank": 0}, "rank=0"),
    ("ewc", {"N": 32, "D": 2, "outputs": 0}, "outputs=0"),
]


@pytest.mark.parametrize(("system", "given", "said"), BAD)
def test_bad_requests_are_refused(system, given, said):
    with pytest.raises(UserError, match=said):
        frontier(system, **given)


def test_a_ceiling_below_one_task():
    answer = frontier("cells", N=16, D=40)
    assert answer.measured_T == 0
    assert answer.tightness is None


def test_a_depth_that_is_no_number_is_named_not_returned():
    with pytest.raises(UserError, match="finite"):
        frontier("ewc", N=8, D=4, ridge=0.0)


LARGE = [10**power for power in (3, 6, 9, 12, 30, 308, 400)]
SMALL = [5e-324, 1e-12, 0.5, -0.0, -1, 0, 1, 2, 3, 7, 64]
EXTREME = st.sampled_from([*LARGE, *SMALL, 2**63, 1e308, float("nan"), float("inf"), -float("inf"), True, None, "1", 1j])


@given(data=st.data())
def test_extreme_parameters_are_refused_or_fit_in_memory(data):
    """No measurement starts here: a plan either refuses in one line or says how many numbers would be held."""
    name = data.draw(st.sampled_from(sorted(registry())))
    system = registry()[name][2]
    given = {
        **system.points["quick"][0],
        **data.draw(st.dictionaries(st.sampled_from(sorted(system.defaults)), EXTREME, max_size=4)),
    }
    T_max = data.draw(st.sampled_from([None, 1, 2, 60, 10**12]))
    try:
        plan = planned(name, given, T_max)
    except UserError:
        return
    assert 0 <= plan.numbers <= LIMIT
    assert plan.T_max >= 1


@pytest.mark.parametrize("name", registry())
def test_a_parameter_of_zero_is_refused_or_fits(name):
    system = registry()[name][2]
    for parameter in system.defaults:
        try:
            plan = planned(name, {**system.points["quick"][0], parameter: 0})
        except UserError:
            continue
        assert plan.numbers <= LIMIT


@pytest.mark.parametrize("k", [0, 3, 200])
def test_sizes_that_only_the_measurement_refuses_are_one_line_too(k):
    with pytest.raises(UserError, match=f"k={k}|cannot be measured") as refusal:
        frontier("two_stores", N=16, D=2, k=k)
    assert "\n" not in str(refusal.value)
