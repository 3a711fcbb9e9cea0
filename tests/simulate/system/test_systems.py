"""The registry of systems, and the table of them."""

import json
import re

import numpy as np

import simulate
from simulate.runs.preset import PRESETS
from simulate.system.parameters import checked, described
from simulate.system.registry import about, listed, modules, registry
from theory.ledger import ledger


def test_registry_is_json_with_a_line_each():
    known = listed()
    assert json.loads(json.dumps(known)) == known
    assert {entry["kind"] for entry in known} == {"memory", "learner", "codes"}
    assert len({entry["name"] for entry in known}) == len(known)
    assert all(entry["description"] and "\n" not in entry["description"] for entry in known)


def test_the_table_of_systems_can_be_read_looped_over_and_turned_into_a_frame():
    table = simulate.systems()
    assert [entry["name"] for entry in table] == list(table.to_frame()["name"])
    assert "ewc" in repr(table[20:30])
    assert table._repr_html_().count("<tr>") == len(table) + 1
    assert table.to_dict() == listed()


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


def test_every_parameter_of_every_system_is_explained_in_one_sentence():
    for name, (_, _, system) in registry().items():
        for parameter, (_, meaning) in described(system).items():
            assert re.fullmatch(r"[^.]+[^ ]\.", meaning.replace("E[g]^2/E[g^2]", "E").replace("0.", "")), (
                name,
                parameter,
                meaning,
            )
    assert about("masks")["meanings"]["share"] != about("one_store_sleep")["meanings"]["share"]


def test_files_are_found_by_their_folder():
    assert modules()["hebbian"] == ("memory", "simulate.memories.hebbian")
    assert modules()["plain"] == ("learner", "simulate.learners.plain")
