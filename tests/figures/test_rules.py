"""Every rule can come out each way that it may, on tables made to follow, to break, or to say too little about its law."""

import re
from pathlib import Path

import numpy as np
import pytest

from figures.estimate import Estimate
from figures.verdicts.rule import ORDER, decide, decide_all, near
from figures.verdicts.table import RULES, verdict, verdicts
from tests.discovery import modules
from theory.errors import UserError

# id: (knobs of tables that support it, that refute it, that leave it undecided); None: this rule cannot come out so
ONE_SEED = {"seeds": 1}
MANY = {"seeds": 40}  # what it takes to find a violation where tasks come back whole or not
CASES = {
    "certificates": ({}, {"bend": {"certificates": "fails at 3"}}, {"bend": {"certificates": "9 pieces, 2 not settled"}}),
    "attacks": ({}, {"bend": {"attacks": 1.001}}, None),
    "literature": ({}, {"bend": {"literature": 1.1}}, None),
    "I1": ({}, {"bend": {"ratio": 1.1}}, None),
    "I2": ({"noise": 0.0005}, {"bend": {"interference": 1.3}}, {"noise": 0.3}),
    "C1-identity": ({}, {"bend": {"trace": 1.2}}, None),
    "C1": ({}, {"bend": {"total": 1.2}}, ONE_SEED),
    "C2-age": ({}, {"bend": {"retention": 0.8}}, ONE_SEED),
    "C2": ({}, {"bend": {"sweep_delta": 1.2}}, {"noise": 0.9}),
    "C2-tight": ({}, {"bend": {"sweep_delta": 0.5}}, ONE_SEED),
    "C2-cells": (MANY, MANY | {"bend": {"sweep_cells": 1.2}}, {}),
    "C2-cells-tight": ({}, {"bend": {"sweep_cells": 0.3}}, ONE_SEED),
    "C3": ({}, {"bend": {"hebbian": 1.3}}, ONE_SEED),
    "C3-frontier": ({}, {"bend": {"sweep_hebbian": 1.2}}, ONE_SEED),
    "C3-tight": ({}, {"bend": {"sweep_hebbian": 0.5}}, ONE_SEED),
    "C4": ({}, {"bend": {"tradeoff": 1.3}}, ONE_SEED),
    "C4-dual": ({}, {"bend": {"dual": 0.02}}, ONE_SEED),
    "S1": ({}, {"bend": {"dual": 3.0}}, ONE_SEED),
    "S1-single": (MANY, MANY | {"bend": {"single": 3.0}}, {}),
    "S1-dual": (MANY, MANY | {"bend": {"dual": 3.0}}, {}),
    "S1-tight": ({}, {"bend": {"dual": 0.1}}, ONE_SEED),
    "S1-activity": ({}, {"bend": {"activity": 0.3}}, ONE_SEED),
    "P1-spectral": ({}, {"bend": {"forecast": 12.0}}, ONE_SEED),
    "P1-kernel": ({}, {"bend": {"forecast": 12.0}}, ONE_SEED),
    "P1-narrow": ({}, {"bend": {"forecast": 12.0}}, ONE_SEED),
    "P2-plain": ({}, {"bend": {"off_mode": 3.0}}, ONE_SEED),
    "P2-sparse": ({"bend": {"sparse_memory": 3.0}}, {"bend": {"off_mode": 3.0}}, ONE_SEED),
    "P3": ({"bend": {"sparse_memory": 3.0}}, {"bend": {"last_matrix": 4.0}}, ONE_SEED),
    "P3-share": ({}, {"bend": {"last_matrix": 4.0}}, None),
    "P6": ({}, {"bend": {"sparse_memory": 10.0}}, ONE_SEED),
    "P8-off-mode": ({"bend": {"off_mode": 10.0}}, {}, ONE_SEED),
    "P8-last-matrix": ({"bend": {"last_matrix": 10.0}}, {}, ONE_SEED),
    "P4": ({}, {"bend": {"pretraining": 3.0}}, {"noise": 0.9}),
    "P4-equal": ({}, {"bend": {"gap": 1.2}}, ONE_SEED),
    "P5": ({}, {"bend": {"off_mode": 0.3}}, ONE_SEED),
    "P7": ({}, {"bend": {"format_finetuning": 3.0}}, {"bend": {"format_finetuning": 2.0}, "noise": 0.3}),
    "P7-cost": ({}, {"bend": {"cost": 4.0}}, None),
}
CASES |= {id: cases for made in modules(Path(__file__).parent / "made").values() for id, cases in made.CASES.items()}
WORDS = ("supported", "refuted", "undecided")
MARKED = [(id, word, knobs) for id, cases in CASES.items() for word, knobs in zip(WORDS, cases, strict=True) if knobs is not None]


def test_every_rule_has_its_cases():
    assert set(CASES) == set(RULES)


@pytest.mark.parametrize(("id", "word", "knobs"), MARKED, ids=[f"{id}-{word}" for id, word, _ in MARKED])
def test_comes_out(id: str, word: str, knobs: dict, made):
    found = verdict(made(only=RULES[id].tables, **knobs), id)
    assert found["verdict"] == word, (found["measured"], found["interval"])
    assert np.isfinite(found["measured"])
    if knobs == ONE_SEED and RULES[id].tables != ("interference",):
        assert found["interval"] is None


@pytest.mark.parametrize("id", RULES)
def test_declared_in_full_and_silent_on_missing_tables(id: str, tmp_path):
    from figures.results import Results

    rule = RULES[id]
    assert len(rule.claim) > 20
    assert len(rule.rule) > 60
    assert re.search(r"[Ss]upported if", rule.rule)
    assert "refuted" in rule.rule
    with pytest.raises(UserError, match=f"cwb reproduce --only ({'|'.join(rule.tables)})"):
        rule.judge(Results(tmp_path))


def test_the_contract_of_the_table_of_verdicts(lawful):
    found = verdicts(lawful)
    assert [row["id"] for row in found] == list(RULES)
    for row in found:
        measured = {"measured", "interval", "detectable", "seeds", "pooled", "verdict", "note"}
        measured |= {"rule_set", "rule_set_proved"}
        assert set(row) == {*RULES[row["id"]].words, *measured}
        assert row["verdict"] in ORDER
        assert row["interval"] is None or row["interval"][0] <= row["interval"][1]


def at(low: float, high: float) -> Estimate:
    return Estimate((low + high) / 2, low, high, 3)


def test_a_decision_needs_the_whole_interval_on_one_side():
    assert decide(at(0.95, 1.05), 0.9, 1.1) == "supported"
    assert decide(at(0.85, 1.05), 0.9, 1.1) == "undecided"
    assert decide(at(1.05, 1.15), 0.9, 1.1) == "undecided"
    assert decide(at(0.7, 0.85), 0.9, 1.1) == "refuted"
    assert decide(at(1.2, 1.3), 0.9, 1.1) == "refuted"
    assert decide(at(0.5, 1.5), 0.9, 1.1) == "undecided"
    assert decide(Estimate(1.0, -np.inf, np.inf, 1), 0.9, 1.1) == "undecided"


def test_one_of_many_refutes_and_all_must_support():
    inside, across, outside = at(0.98, 1.02), at(0.8, 1.04), at(1.2, 1.3)
    assert decide_all([inside, inside], 0.9, 1.1)[1] == "supported"
    assert decide_all([inside, across], 0.9, 1.1) == (across, "undecided")
    assert decide_all([inside, across, outside], 0.9, 1.1) == (outside, "refuted")


def test_near_gives_each_its_own_margin():
    precise, wide = at(0.98, 1.02), at(0.85, 1.05)
    assert near([precise, wide], [0.05, 0.2]).verdict == "supported"
    assert near([precise, wide], [0.05, 0.1]).verdict == "undecided"
    found = near([at(1.06, 1.07), at(1.2, 1.3)], [0.05, 0.5])
    assert (found.verdict, found.measured) == ("refuted", pytest.approx(1.065))
    assert near([at(-0.1, 0.1)], [0.2], 0.0).verdict == "supported"


def test_networks_that_did_not_learn_equally_are_not_compared(made):
    results = made(only=("dissociation",), bend={"unequal": 0.02})
    for id in ("H1-overlap", "H1-dissociation", "H1-rank", "C2-trained"):
        assert verdict(results, id)["verdict"] == "not applicable"
