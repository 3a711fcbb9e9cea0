"""The search itself: it finds known maxima, keeps to its budget, repeats itself, and reports what breaks."""

import time

import numpy as np
import pytest

from theory.attacks.attack import Attack, run

BOUNDS = ((-3.0, 3.0),) * 4


def bumpy(witness):
    """Maximum 1 at x = 0.7, among local maxima of 0.9 and less."""
    x = np.asarray(witness["x"]) - 0.7
    return float(np.exp(-np.sum(x**2) / 4) * (0.95 + 0.05 * np.mean(np.cos(8 * x))))


def attack(scale=1.0, starts=()):
    return Attack("C2", "bumpy", "x", BOUNDS, lambda x: {"x": [float(v) for v in x]}, lambda w: scale * bumpy(w), starts)


def test_finds_the_maximum_among_many():
    found = run(attack(), seed=3, tries=20_000)
    assert found.ratio == pytest.approx(1, abs=1e-6)
    assert not found.broken
    np.testing.assert_allclose(found.witness["x"], 0.7, atol=1e-3)


def test_a_bound_that_is_too_low_breaks():
    assert run(attack(1.01), tries=20_000).broken


def test_budget_and_repetition():
    first, second = run(attack(), seed=5, tries=500), run(attack(), seed=5, tries=500)
    assert (first.ratio, first.witness, first.tried) == (second.ratio, second.witness, second.tried)
    assert first.tried == 500
    assert run(attack(), seed=6, tries=500).witness != first.witness
    start = time.monotonic()
    run(attack(), seconds=0.2)
    assert time.monotonic() - start < 5
    with pytest.raises(ValueError, match="seconds or tries"):
        run(attack())


def test_known_starts_are_tried_first_and_kept_inside_the_bounds():
    assert run(attack(starts=([0.7] * 4,)), tries=1).ratio == 1
    found = run(attack(starts=([9.0] * 4,)), tries=1)
    assert max(found.witness["x"]) == 3.0


def test_a_ratio_that_is_no_number_is_no_witness_and_an_infinite_one_breaks_the_bound():
    nowhere = Attack("C2", "nan", "x", BOUNDS, lambda x: {"x": list(x)}, lambda w: float("nan"))
    with pytest.raises(ArithmeticError, match="no ratio"):
        run(nowhere, tries=60)
    half = lambda witness: 0.3 if witness["x"][0] < 0 else float("nan")  # noqa: E731
    assert run(Attack("C2", "half", "x", BOUNDS, lambda x: {"x": list(x)}, half), tries=400).ratio == 0.3
    over = lambda witness: 0.3 if witness["x"][0] < 2 else float("inf")  # noqa: E731
    assert run(Attack("C2", "over", "x", BOUNDS, lambda x: {"x": list(x)}, over), tries=400).broken
