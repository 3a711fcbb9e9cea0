"""A point inside the domain of every quantity of the ledger, found from the samples of its terms."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest

from theory.proof.claim import Quantity
from theory.proof.notation import TERMS

# sizes that fit together: M = 297 = 3 (N - 1)
USUAL = {"N": 100, "T": 5, "M": 297, "P": 50, "R": 20, "b": 1, "a": 0.3, "J": 0.1, "D_s": 2, "lambda": 0.1}


def _inside(quantity: Quantity) -> dict[str, float]:
    """Values that the quantity's domain admits; fails loudly if none of the samples do."""
    choices = [
        [float(value) for value in ([USUAL[name]] if name in USUAL else []) + list(TERMS[name].samples)]
        for name in quantity.parameters
    ]
    for values in product(*choices):
        point = dict(zip(quantity.parameters, values, strict=True))
        if all(
            assumption.holds is None or np.all(assumption.holds(*(point[name] for name in assumption.parameters)))
            for assumption in quantity.domain
        ) and all(TERMS[name].admits(value) for name, value in point.items()):
            return point
    raise AssertionError(f"no sample lies in the domain of {quantity.name}")


@pytest.fixture(scope="session")
def inside() -> Callable[[Quantity], dict[str, float]]:
    """inside(quantity) -> values of its parameters that its domain admits."""
    return _inside
