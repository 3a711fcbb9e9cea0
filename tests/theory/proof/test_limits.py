"""Extreme parameters: every quantity of every claim answers with a finite number or with one line, whatever it is asked."""

import tracemalloc
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.errors import UserError
from theory.ledger import claim, ledger
from theory.proof import limits
from theory.proof.inversion import largest_tasks
from theory.proof.notation import TERMS

EXTREMES = [0.0, -0.0, -1.0, 5e-324, 2.3e-308, 1e-15, 1e-3, 0.5, 1 - 2**-53, 1.0, 2.0, 3.0, 10.0, 64.0, 1e3, 1e6, 1e12, 2.0**53]
EXTREMES += [1e100, 1.7e308, float("nan"), float("inf"), float("-inf")]
ALL = [(id, quantity.name) for id, entry in ledger().items() for quantity in entry.quantities if quantity.parameters]
SMALL = {"MOST_NUMBERS": 1e5, "MOST_OPERATIONS": 1e7}
"""Limits in these tests: what is refused beyond them is refused in the same way as beyond the true ones."""


def values_of(name):
    """Mostly values inside the interval of the parameter, at its ends and far out; now and then any float at all."""
    inside = [value for value in EXTREMES if TERMS[name].admits(value)]
    return st.one_of(st.sampled_from(inside), st.sampled_from(inside), st.sampled_from(EXTREMES), st.floats(width=64))


SLOW = [("U1", "boundary"), ("S3-one", "corrective_load"), ("S3-one", "margin_load")]
"""Quantities that search for minutes over many parameters; they are asked less often."""


def answer_or_line(id, name, parameters):
    """The answer as a float, or the one line that refuses the parameters."""
    try:
        with mock.patch.multiple(limits, **SMALL):
            return claim(id).value(name, **parameters).value
    except UserError as error:
        return str(error)


def check(id, name, data):
    names = claim(id).quantity(name).parameters
    answer = answer_or_line(id, name, {parameter: data.draw(values_of(parameter), label=parameter) for parameter in names})
    if isinstance(answer, str):
        assert answer.startswith(f"{id} {name}")
        assert "\n" not in answer
    else:
        assert isinstance(answer, float)
        assert np.isfinite(answer)


QUICK = [pair for pair in ALL if pair not in SLOW]


@pytest.mark.parametrize(("id", "name"), QUICK, ids=[f"{id}-{name}" for id, name in QUICK])
@given(data=st.data())
@settings(max_examples=15)
def test_any_parameters_give_a_finite_number_or_one_line(id, name, data):
    check(id, name, data)


@pytest.mark.parametrize(("id", "name"), SLOW, ids=[f"{id}-{name}" for id, name in SLOW])
@given(data=st.data())
@settings(max_examples=4)
def test_any_parameters_of_a_slow_law_give_a_finite_number_or_one_line(id, name, data):
    check(id, name, data)


REFUSED = [
    ("C1-winding", "winding_total", {"N": 1e6, "M": 1, "eta": 0.5}, "numbers at once"),
    ("C3", "finite_bits", {"N": 1e12, "P": 100, "a": 0.5}, "numbers at once"),
    ("experts", "held", {"N": 1e12, "experts": 1, "M": 10}, "numbers at once"),
    ("S1-finite", "gain_finite", {"N": 1e5, "b": 1e5, "R": 16, "T": 2, "delta": 0.5}, "operations"),
    ("S1-finite", "gain_finite", {"N": 1e9, "b": 2, "R": 10, "T": 1000, "delta": 0.5}, "operations"),
    ("S1", "single_ceiling_any_code", {"N": 100, "b": 1, "R": 5, "T": 1e12}, "numbers at once"),
    ("S1", "gain_at_T", {"N": 1e5, "b": 1e7, "R": 1e8, "T": 1e10}, "too large for floating point"),
    ("S1-damage", "damage_borne", {"N": 1e12, "b": 1e7, "R": 0.1, "T": 1000}, "denominator rounds to 0"),
    ("U1", "boundary", {"importance": 5e-324}, "denominator rounds to 0"),
    ("replay", "retained_depth", {"N": 1, "B": 0.25, "age": 7}, "the result is"),
    ("finetuning", "state", {"N": 1e308, "outputs": 100}, "the result is inf"),
    ("C4", "eta", {"J": 1, "sigma": 1.7e308}, "too large for floating point"),
]


@pytest.mark.parametrize(("id", "name", "parameters", "reason"), REFUSED, ids=[f"{id}-{name}" for id, name, *_ in REFUSED])
def test_what_does_not_fit_is_named_with_its_parameters_before_the_memory_is_taken(id, name, parameters, reason):
    entry = claim(id)
    assert entry.derivation.steps  # not counted below
    tracemalloc.start()
    try:
        with pytest.raises(UserError, match=reason) as caught:
            entry.value(name, **parameters)
        assert tracemalloc.get_traced_memory()[1] < 2e9
    finally:
        tracemalloc.stop()
    assert all(f"{parameter} = {value:g}" in str(caught.value) for parameter, value in parameters.items())


def test_one_bad_element_of_an_array_is_named():
    with pytest.raises(UserError, match=r"finetuning state has no value at .* the result is inf"):
        claim("finetuning").value("state", N=np.array([10.0, 1e308]), outputs=100)


def test_a_ceiling_that_never_falls_has_no_largest_number_of_tasks():
    with pytest.raises(OverflowError, match="tasks"):
        largest_tasks(lambda tasks: 1.0)
