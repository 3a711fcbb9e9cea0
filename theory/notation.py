"""One symbol, one meaning: every quantity that the laws speak of, with its unit and the range in which it makes sense.

The names are the keyword arguments of `theory.claim`, the column names of results and the labels of figures. A `Term` ties a
SymPy symbol to its meaning; `TERMS` is the glossary. Symbols without a term (`x`, `u`, `k`, ...) are bound variables of one
derivation and mean nothing outside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp


@dataclass(frozen=True)
class Term:
    """A symbol with its meaning, its unit, the range it lives in, and sample values at which identities are tried out."""

    symbol: sp.Symbol
    meaning: str
    unit: str
    range: str
    admits: Callable[[Any], Any]
    samples: tuple[sp.Rational, sp.Rational, sp.Rational]


TERMS: dict[str, Term] = {}


def _term(name: str, meaning: str, unit: str, range: str, admits: Callable[[Any], Any], samples: str) -> sp.Symbol:
    """Register a term; symbols are positive so that SymPy may simplify powers (boundary values are tested numerically)."""
    symbol = sp.Symbol(name, positive=True)
    first, second, third = (sp.Rational(sample) for sample in samples.split())
    TERMS[name] = Term(symbol, meaning, unit, range, admits, (first, second, third))
    return symbol


def _positive(value: Any) -> Any:
    return np.asarray(value) > 0


def _non_negative(value: Any) -> Any:
    return np.asarray(value) >= 0


def _at_least_one(value: Any) -> Any:
    return np.asarray(value) >= 1


def _above_one(value: Any) -> Any:
    return np.asarray(value) > 1


def _fraction(value: Any) -> Any:
    return (np.asarray(value) > 0) & (np.asarray(value) <= 1)


def _closed_fraction(value: Any) -> Any:
    return (np.asarray(value) >= 0) & (np.asarray(value) <= 1)


def _inner_fraction(value: Any) -> Any:
    return (np.asarray(value) > 0) & (np.asarray(value) < 1)


N = _term("N", "parameters (or cells) of one store", "parameters", "N >= 1", _at_least_one, "64 100 37")
d = _term("d", "all parameters of a system", "parameters", "d >= 1", _at_least_one, "1000 64 4096")
T = _term("T", "tasks written one after another", "tasks", "T >= 1", _at_least_one, "5 20 7")
D = _term("D", "facts (or, in bounded cells, bits) in a task", "facts", "D >= 1", _at_least_one, "3 1 8")
M = _term("M", "facts in all, M = T*D", "facts", "M >= 1", _at_least_one, "150 20 56")
P = _term("P", "patterns added into one Hebbian store", "patterns", "P > 1", _above_one, "150 20 56")
a = _term(
    "a",
    "active fraction of a code (coding level); s = 1 - a is its sparsity",
    "fraction",
    "0 < a <= 1",
    _fraction,
    "1/10 1/3 1/2",
)
c = _term("c", "squared mean over mean square of the active magnitudes, E[g]^2/E[g^2]; 0 for centred codes", "fraction",
          "0 <= c <= 1", _closed_fraction, "1 2/3 1/4")  # fmt: skip
f = _term("f", "coding level of the stored outputs", "fraction", "0 < f < 1", _inner_fraction, "1/10 1/2 1/5")
eta = _term("eta", "write strength of the delta rule", "fraction", "0 < eta <= 1", _fraction, "1/10 1/2 9/10")
lam = _term("lambda", "an eigenvalue of Sigma = E[u u^T], which has trace 1", "fraction", "0 <= lambda <= 1", _closed_fraction,
            "1/50 1/5 1/2")  # fmt: skip
age = _term("age", "writes made since a fact was written (0 = newest)", "facts", "age >= 0", _non_negative, "3 10 0")
depth = _term(
    "depth", "retained depth of a fact: d(readout)/d(target)", "retained fraction", "0 < depth <= 1", _fraction, "1/10 1/2 1"
)
b = _term("b", "bits held by one cell", "bits", "b > 0", _positive, "1 4 2")
R = _term("R", "bits of structure shared by all tasks", "bits", "R >= 0", _non_negative, "10 60 30")
D_s = _term("D_s", "private bits of each task", "bits", "D_s > 0", _positive, "1 5 1/2")
r = _term("r", "shared over private bits, r = R/D_s", "ratio", "r >= 0", _non_negative, "10 3 100")
sigma = _term("sigma", "standard deviation of the private part of a target", "target units", "sigma > 0", _positive, "1 1/2 2")
J = _term("J", "steady mean-square error on the shared part", "target units^2", "J > 0", _positive, "1/10 1/20 3")
