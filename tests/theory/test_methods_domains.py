"""Every quantity of the methods is finite inside its domain and refuses, in one line that mends it, just outside."""

import json

import numpy as np
import pytest

from theory.errors import UserError
from theory.methods import comparison, ewc, replay
from theory.proof.notation import TERMS

BY_ID = comparison.CLAIM
INSIDE = {"N": 100, "T": 5, "M": 297, "R": 20, "b": 1, "a": 0.3, "D": 2}
EDGES = [
    # id, quantity, parameters at the edge of the domain, the one that leaves it, the advice
    ("finetuning", "length_at_full_strength", {"N": 1.01, "depth": 0.5}, {"N": 1}, "at least two dimensions"),
    ("ewc", "snr", {"N": 10, "M": 11}, {"M": 10}, "more facts"),
    ("ewc", "break_even", {"outputs": 10, "depth": 0.99}, {"depth": 1}, "lower the depth"),
    ("ewc", "rotated_depth", {"N": 10, "rank": 10, "M": 3}, {"rank": 11}, "lower the rank"),
    ("replay", "length", {"N": 10, "B": 8.9, "depth": 0.5}, {"B": 9}, "lower B"),
    ("replay", "retained_depth", {"N": 10, "B": 9, "age": 3}, {"B": 10}, "lower B"),
    ("editing", "length", {"N": 2, "depth": 0.5}, {"N": 1}, "at least two dimensions"),
    ("editing", "additive_snr", {"N": 2, "M": 2}, {"M": 1}, "at least two edits"),
    ("editing", "null_space_ceiling", {"N": 5, "rank": 4}, {"rank": 5}, "lower the rank"),
    ("lora", "freedom", {"N": 5, "outputs": 4, "rank": 4}, {"rank": 5}, "lower the rank"),
    ("lora", "adapter", {"N": 4, "outputs": 5, "rank": 4}, {"rank": 5}, "lower the rank"),
    ("lora", "length", {"N": 5, "rank": 4, "depth": 0.5}, {"rank": 5}, "lower the rank"),
    ("sparse_memory", "length", {"a": 0.99, "depth": 0.5}, {"a": 1}, "lower a"),
    ("sparse_memory", "untouched", {"N": 10, "a": 0.5, "age": 1}, {"a": 0.6}, "lower a"),
    ("sparse_memory", "private_bits", {"N": 10, "b": 1, "R": 9.9, "T": 2, "a": 0.5}, {"R": 10}, "lower R"),
    ("experts", "held", {"N": 10, "experts": 5, "M": 3}, {"M": 3.5}, "round N"),
    ("experts", "imbalance", {"N": 10, "experts": 10}, {"experts": 11}, "lower experts"),
    ("self_rehearsal", "unrehearsed", {"N": 10, "B": 6, "D": 4}, {"B": 7}, "lower B or D"),
    ("self_rehearsal", "sleeps_to_snr", {"noise": 0.1, "snr": 1}, {"noise": 0}, "positive noise"),
]


@pytest.mark.parametrize(("id", "quantity", "inside", "outside", "advice"), EDGES)
def test_both_sides_of_a_domain(id, quantity, inside, outside, advice):
    assert np.isfinite(BY_ID[id].value(quantity, **inside).value)
    with pytest.raises(UserError) as caught:
        BY_ID[id].value(quantity, **(inside | outside))
    assert advice in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("id", sorted(BY_ID))
def test_every_quantity_is_finite_has_a_unit_and_prints(id):
    claim = BY_ID[id]
    for quantity in claim.quantities:
        values = {name: INSIDE.get(name, float(TERMS[name].samples[1])) for name in quantity.parameters}
        answer = claim.value(quantity.name, **values)
        assert np.isfinite(answer.value), quantity.name
        assert answer.value >= 0
        assert answer.unit == quantity.unit
        arrays = claim.value(quantity.name, **{name: np.array([value, value]) for name, value in values.items()})
        np.testing.assert_allclose(arrays.value, np.full(2, answer.value), rtol=1e-12)
    assert len(claim.derivation.steps) >= 7
    assert max(map(len, claim.show().splitlines())) <= 130
    assert json.loads(json.dumps(claim.record()))["id"] == id


def test_bits_are_numbers_times_bits():
    for claim in BY_ID.values():
        quantities = {quantity.name: quantity for quantity in claim.quantities}
        values = {name: INSIDE.get(name, float(TERMS[name].samples[1])) for name in quantities["state_bits"].parameters}
        numbers = {name: values[name] for name in quantities["state"].parameters}
        extra = INSIDE["N"] * -np.log2(INSIDE["a"]) if claim.id == "masks" else 0
        bits = claim.value("state_bits", **(values | {"b": 8})).value
        assert bits == pytest.approx(8 * claim.value("state", **numbers).value + extra)


def test_an_adverse_order_takes_the_diagonal_and_replay_above_N():
    """Their ceiling is one of independent keys; instances found by search. The exact Hessian stays below."""
    angles = np.radians([3, 168, 172])
    planar = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    assert np.trace(ewc.responses(planar, 1e-4)) < 2
    assert np.trace(ewc.responses(planar, 1e-4, diagonal=True)) > 2.1
    keys = np.array([[0.32, 0.67, 0.33], [0.45, -0.62, -0.76], [0.37, -0.52, -0.61], [0.91, -0.06, 0.99]])
    keys /= np.linalg.norm(keys, axis=1, keepdims=True)
    assert np.trace(replay.responses(keys, 1)) > 3.1
