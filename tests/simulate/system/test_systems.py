"""Registry and frontiers on demand."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulate.runs.experiment import PRESETS
from simulate.system.registry import about, checked, frontier, largest_held, modules, registry, systems
from theory.errors import UserError
from theory.ledger import ledger


def test_registry_is_json_with_a_line_each():
    known = systems()
    assert json.loads(json.dumps(known)) == known
    assert {entry["kind"] for entry in known} == {"memory", "learner", "codes"}
    assert len({entry["name"] for entry in known}) == len(known)
    assert all(entry["description"] and "\n" not in entry["description"] for entry in known)


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
    json.dumps(answer, allow_nan=False)
    assert answer["system"] == system
    assert least <= answer["tightness"] == answer["measured_T"] / answer["ceiling_T"] <= 1.2
    assert answer["depth"] >= answer["required"]


@pytest.mark.parametrize(
    ("system", "given", "said"),
    [
        ("nothing", {}, "nothing"),
        ("lms", {}, "lms"),
        ("delta", {"N": 32}, "D is missing"),
        ("delta", {"N": 32.5, "D": 2}, "whole"),
        ("delta", {"N": 32, "D": 2, "z": 1}, "'z'"),
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
    ],
)
def test_bad_requests_are_told(system, given, said):
    with pytest.raises(UserError, match=said):
        frontier(system, **given)


def test_a_ceiling_below_one_task():
    answer = frontier("cells", N=16, D=40)
    assert answer["measured_T"] == 0
    assert answer["tightness"] is None


def test_every_system_is_declared_in_full():
    for name, (kind, module, system) in registry().items():
        assert name == system.name
        assert module.startswith(("simulate.memories.", "simulate.networks.") if kind == "memory" else "simulate.learners.")
        assert {"required", "seeds"} <= set(system.defaults)
        assert system.defaults["seeds"] >= 8
        assert system.claim in ledger()
        assert "; depth: " in system.description
        assert about(name)["text"]
        for preset in PRESETS:
            assert len({point.get("D", point.get("D_s")) for point in system.points[preset]}) >= 2, name
            for point in system.points[preset]:
                p = checked(system, point)
                assert np.isfinite(system.ceiling(p)), name
                assert system.ceiling(p) >= 1, name


def test_files_are_found_by_their_folder():
    assert modules()["hebbian"] == ("memory", "simulate.memories.hebbian")
    assert modules()["plain"] == ("learner", "simulate.learners.plain")
