"""One symbol, one meaning: every quantity that the laws speak of, with its unit and the range in which it makes sense.

The names are the keyword arguments of `theory.claim`, the column names of results and the labels of figures. A `Term` ties a
SymPy symbol to its meaning, and `TERMS` is the glossary. Symbols without a term (`x`, `u`, `k`, ...) are bound variables of one
derivation and mean nothing outside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp


@dataclass(frozen=True)
class Term:
    """A symbol, its meaning, its unit, the interval it lives in, and three values at which identities are tried out."""

    symbol: sp.Symbol
    meaning: str
    unit: str
    interval: str
    samples: tuple[Any, Any, Any]

    def admits(self, value: Any) -> bool:
        """Whether the number, or every number of the array, lies in the interval."""
        low, high = (float(end) for end in self.interval[1:-1].split(","))
        above = np.greater_equal if self.interval.startswith("[") else np.greater
        below = np.less_equal if self.interval.endswith("]") else np.less
        return bool(np.all(above(value, low) & below(value, high)))


TERMS: dict[str, Term] = {}


def _term(name: str, interval: str, unit: str, samples: str, meaning: str) -> sp.Symbol:
    """Enter a term; symbols are positive, so that SymPy simplifies powers (values at the edge are left to the tests)."""
    symbol = sp.Symbol(name, positive=True)
    first, second, third = (sp.Rational(sample) for sample in samples.split())
    TERMS[name] = Term(symbol, meaning, unit, interval, (first, second, third))
    return symbol


# fmt: off
N = _term("N", "[1, inf)", "parameters", "64 100 37", "parameters (or cells) of one store")
d = _term("d", "[1, inf)", "parameters", "1000 64 4096", "all parameters of a system")
T = _term("T", "[1, inf)", "tasks", "5 20 7", "tasks written one after another")
D = _term("D", "[1, inf)", "facts", "3 1 8", "facts in a task (bits, where cells hold them)")
M = _term("M", "[1, inf)", "facts", "150 20 56", "facts in all, M = T*D")
P = _term("P", "(1, inf)", "patterns", "150 20 56", "patterns added into one Hebbian store")
a = _term("a", "(0, 1]", "fraction", "1/10 1/3 1/2", "active fraction of a code; s = 1 - a is its sparsity")
c = _term("c", "[0, 1]", "fraction", "1 2/3 1/4", "squared mean over mean square of active magnitudes; 0 for centred codes")
f = _term("f", "(0, 1)", "fraction", "1/10 1/2 1/5", "coding level of stored outputs")
eta = _term("eta", "(0, 1]", "fraction", "1/10 1/2 9/10", "write strength of the delta rule")
lam = _term("lambda", "[0, 1]", "fraction", "1/50 1/5 1/2", "an eigenvalue of Sigma = E[u u^T], whose trace is 1")
age = _term("age", "[0, inf)", "facts", "3 10 0", "writes made since a fact was written, 0 for the newest")
depth = _term("depth", "(0, 1]", "retained fraction", "1/10 1/2 1", "retained depth of a fact, d(readout)/d(target)")
b = _term("b", "(0, inf)", "bits", "1 4 2", "bits that one cell holds")
R = _term("R", "[0, inf)", "bits", "10 60 30", "bits of structure shared by all tasks")
D_s = _term("D_s", "(0, inf)", "bits", "1 5 1/2", "private bits of each task")
r = _term("r", "[0, inf)", "ratio", "10 3 100", "shared over private bits, r = R/D_s")
sigma = _term("sigma", "(0, inf)", "target units", "1 1/2 2", "standard deviation of the private part of a target")
J = _term("J", "(0, inf)", "target units^2", "1/10 1/20 3", "steady mean-square error on the shared part")
# fmt: on
