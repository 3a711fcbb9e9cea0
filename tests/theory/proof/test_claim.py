"""The ledger: every derivation checks, every answer has a unit, and every wrong question gets one line that mends it."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from theory.errors import UserError
from theory.ledger import claim, ledger
from theory.proof.notation import TERMS
from theory.proof.quantity import Value

ROOT = Path(__file__).resolve().parents[3]
LAWS = [
    "I1",
    "I2",
    "C1",
    "C1-winding",
    "C1-any",
    "C2",
    "C2-schedule",
    "C2-cells",
    "C3",
    "C3-threshold",
    "C4",
    "C5",
    "C6",
    "C6-chain",
    "C7",
    "C7-transfer",
]
TWO = ["S1", "S1-finite", "S1-damage", "S2", "S3", "S3-one", "S4", "U1"]
METHODS = ["finetuning", "ewc", "gpm", "replay", "lora", "masks", "sparse_memory", "editing", "experts", "progressive"]
IDS = [*LAWS, *TWO, *METHODS, "self_rehearsal", "H1", "H2", "H3", "H4"]
STATUSES = {"proved", "proved under assumptions", "conditional", "open", "refuted"}
DEFAULTS = [
    # id, parameters, value computed by hand from the statement, unit
    ("I1", {"M": 200, "N": 100}, 1.0, "squared overlap"),
    ("I1", {"M": 20, "N": 100}, 0.0, "squared overlap"),
    ("I2", {"N": 100, "a": 0.1, "c": 1}, 0.01 + 0.99 * 0.01, "squared overlap"),
    ("C2", {"N": 100, "M": 2}, 50.0, "facts"),
    ("C3", {"d": 1000}, 721.3475204444817, "bits"),
    ("C4", {"J": 1 / 3, "sigma": 1}, 0.5, "fraction"),
    ("S1", {"N": 100, "b": 2, "R": 0, "D_s": 1}, 1.0, "ratio"),
    ("S2", {"f": 0.5}, 2.0, "bits per synapse"),
]


def test_the_ledger_is_complete_and_json_able():
    claims = ledger()
    assert list(claims) == IDS
    for entry in claims.values():
        record = json.loads(json.dumps(entry.record()))
        keys = {
            "id",
            "title",
            "in_plain_words",
            "statement",
            "assumptions",
            "status",
            "source",
            "evidence",
            "cases",
            "quantities",
        }
        assert set(record) == keys
        assert record["status"] in STATUSES
        assert all(record[key] for key in keys - {"cases", "quantities"})
        assert not set("=^<>_") & set(record["in_plain_words"]), entry.id  # words, not formulas
        assert all(set(quantity.parameters) <= set(TERMS) for quantity in entry.quantities)


@pytest.mark.parametrize("id", IDS)
def test_every_step_of_every_derivation_checks(id):
    checks = claim(id).check()
    assert len(checks) >= 4
    assert [check for check in checks if not check.passed] == []
    assert sum(check.detail not in ("given", "argued in words") for check in checks) >= 4


@pytest.mark.parametrize("id", IDS)
def test_every_quantity_is_finite_and_every_claim_prints(id, inside):
    entry = claim(id)
    for quantity in entry.quantities:
        answer = entry.value(quantity.name, **inside(quantity))
        assert np.isfinite(answer.value), quantity.name
        assert answer.unit == quantity.unit
    text = entry.show()
    assert entry.statement.split()[0] in text
    assert max(map(len, text.splitlines())) <= 130
    assert len(entry.derivation.latex()) == len(entry.derivation.steps)


@pytest.mark.parametrize(("id", "parameters", "expected", "unit"), DEFAULTS)
def test_default_quantities(id, parameters, expected, unit):
    answer = claim(id).value(**parameters)
    assert isinstance(answer, Value)
    assert isinstance(answer.value, float)
    assert answer.value == pytest.approx(expected, rel=1e-12)
    assert answer.unit == unit


def test_arrays_broadcast():
    answer = claim("C2").value("task_ceiling", N=[[10.0], [20.0]], T=np.array([1.0, 2.0, 4.0])).value
    assert answer.shape == (2, 3)
    np.testing.assert_allclose(answer, np.array([[10], [20]]) * np.array([1, 1 / 2, 27 / 64]))
    assert claim("C1").value(N=np.array([3.0, 4.0])).value.tolist() == [3.0, 4.0]


WRONG = [
    ("I2", None, {"N": 10, "a": 0, "c": 1}, ["a = 0", "(0, 1]", "choose a"]),
    ("I2", None, {"N": 10, "a": 0.5, "c": 1.5}, ["c = 1.5", "[0, 1]"]),
    ("I2", "a_star", {"N": 10, "c": 0}, ["c = 0", "c > 0", "give codes that have a mean"]),
    ("C1", "turning_total", {"N": 5, "M": 7}, ["N = 5, M = 7", "multiple of N - 1", "round M"]),
    ("C2", "task_ceiling", {"N": 10, "T": 0}, ["T = 0", "[1, inf)", "choose T"]),
    ("C2", None, {"N": 10}, ["missing parameter 'M'", "give N, M"]),
    ("C2", None, {"N": 10, "M": [1, 0.5]}, ["M = [1, 0.5]", "[1, inf)"]),
    ("C2", "retained_depth", {"N": 10, "eta": 1.5, "age": 0}, ["eta = 1.5", "(0, 1]"]),
    ("C3", None, {"d": 10, "n": 3}, ["C3 bits takes d, not n", "no quantity of C3 takes n"]),
    ("C3", None, {"d": "many"}, ["d = 'many'", "not a number"]),
    ("C3", None, {"d": float("nan")}, ["d = nan", "not finite"]),
    ("C3", "snrs", {}, ["no quantity 'snrs'", "did you mean snr"]),
    ("C4", None, {"J": 2, "sigma": 1}, ["J = 2, sigma = 1", "J <= sigma^2", "lower J"]),
    ("S1", None, {"N": 10, "b": 2, "R": 20, "D_s": 1}, ["R = 20, b = 2, N = 10", "R < b*N", "lower R"]),
    ("S1", "single_bits", {"N": 10, "b": 1, "R": 5, "T": 2, "a": 0.1}, ["R <= a*b*N", "raise a"]),
    ("S1", "single_ceiling_any_code", {"N": 10, "b": 1, "R": 5, "T": 2.5}, ["T = 2.5", "whole number", "round T"]),
    ("I1", None, {"M": np.ones(3), "N": np.ones(2)}, ["M (3,)", "N (2,)", "do not broadcast"]),
]


@pytest.mark.parametrize(("id", "quantity", "parameters", "fragments"), WRONG)
def test_wrong_questions_are_answered_in_one_line(id, quantity, parameters, fragments):
    with pytest.raises(UserError) as caught:
        claim(id).value(quantity, **parameters)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(id)
    for fragment in fragments:
        assert fragment in message


SPLIT = [
    # what C1, C2 and C3 answered before they were split, and the claim that answers it now
    ("C1", "winding_total", "C1-winding", {"N": 3, "M": 20, "eta": 0.5}),
    ("C1", "drift_depth", "C1-winding", {"eta": 0.5, "drift": 1.0}),
    ("C2", "annealed_depth", "C2-schedule", {"N": 10, "M": 7}),
    ("C2", "annealed_gain", "C2-schedule", {"N": 10, "T": 7, "D": 2}),
    ("C2", "cells_ceiling", "C2-cells", {"b": 2, "N": 10, "T": 3}),
    ("C3", "hard_bits", "C3-threshold", {"load": 0.5, "f": 0.2}),
    ("C3", "hard_limit", "C3-threshold", {}),
]


@pytest.mark.parametrize(("old", "quantity", "new", "parameters"), SPLIT)
def test_a_claim_still_answers_for_what_was_split_off(old, quantity, new, parameters):
    assert claim(old).value(quantity, **parameters) == claim(new).value(quantity, **parameters)
    assert getattr(claim(old), quantity)(**parameters) == getattr(claim(new), quantity)(**parameters)
    assert claim(old).quantity(quantity) is claim(new).quantity(quantity)
    assert quantity not in {item.name for item in claim(old).quantities}


def test_all_that_was_split_off_can_be_asked_of_the_old_claim():
    successors = {"C1": ["C1-winding"], "C2": ["C2-schedule", "C2-cells"], "C3": ["C3-threshold"]}
    for old, names in successors.items():
        for item in (item for name in names for item in claim(name).quantities):
            assert claim(old).quantity(item.name) is item


def test_an_unknown_claim_lists_the_known_ones():
    with pytest.raises(UserError, match="no claim 'H9'; choose one of I1, I2, C1"):
        claim("H9")


def test_our_own_code_asks_the_claim_that_answers():
    # an alias is found by name at run time, so that no fingerprint would see what it leads to
    moved = {item.name for id in ("C1-winding", "C2-schedule", "C2-cells", "C3-threshold") for item in claim(id).quantities}
    asked = re.compile(rf'(?:claim\("C[123]"\)|\bC[123])(?:\.value\("|\.)({"|".join(sorted(moved))})\b')
    files = [path for package in ("theory", "simulate", "realmodels", "figures") for path in (ROOT / package).rglob("*.py")]
    assert len(files) > 200
    assert {str(path): asked.findall(path.read_text()) for path in files if asked.search(path.read_text())} == {}
