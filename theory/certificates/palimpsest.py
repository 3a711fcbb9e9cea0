"""C2-cells certified: the best activity for every number of tasks, and the bound for activities that vary."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from theory.certificates import exact, smt
from theory.certificates.certificate import Certificate, Verdict, all_of
from theory.certificates.retention import convex_everywhere


def _whole_tasks() -> Verdict:
    """(1/T)(1 - 1/T)^(T-1) - a (1-a)^(T-1) has the double root a = 1/T; what is left is positive on [0, 1]."""
    a = sp.Symbol("a", real=True)
    verdicts = []
    for T in range(2, 9):
        best = sp.Rational(1, T)
        margin = best * (1 - best) ** (T - 1) - a * (1 - a) ** (T - 1)
        quotient, rest = sp.div(sp.expand(margin), sp.expand((a - best) ** 2), a)
        verdicts += [exact.vanishes(rest, f"the remainder for T = {T}"), smt.follows([a >= 0, a <= 1], sp.Ge(quotient, 0))]
    return all_of(verdicts)


def _shares_add_up() -> Verdict:
    """sum_t a_t prod_{s>t} (1 - a_s) = 1 - prod_t (1 - a_t), T = 1 ... 8."""
    verdicts = []
    for T in range(1, 9):
        a = sp.symbols(f"a1:{T + 1}")
        shares = sum(a[t] * sp.prod(1 - later for later in a[t + 1 :]) for t in range(T))
        verdicts.append(exact.vanishes(shares - 1 + sp.prod(1 - x for x in a)))
    return all_of(verdicts)


def _equal_shares() -> Iterator[tuple[str, bool]]:
    """a_t = 1/t leaves every task 1/T of the cells."""
    for T in range(1, 31):
        shares = []
        for t in range(1, T + 1):
            share = Fraction(1, t)
            for later in range(t + 1, T + 1):
                share *= 1 - Fraction(1, later)
            shares.append(share)
        yield f"T = {T}", set(shares) == {Fraction(1, T)}


CERTIFICATES = (
    Certificate(
        "C2-cells",
        "a (1 - a)^(T-1) <= (1/T)(1 - 1/T)^(T-1), with contact at a = 1/T alone",
        "T = 2 ... 8, all a in [0, 1]",
        "smt",
        _whole_tasks,
    ),
    Certificate(
        "C2-cells",
        "the same for every real T, by convexity in a T, and in the limit of long streams",
        "all real T > 1 and T = inf, all a in (0, 1)",
        "smt",
        convex_everywhere,
    ),
    Certificate(
        "C2-cells",
        "activities a_t that vary keep 1 - prod_t (1 - a_t) of the cells in all: T D <= b N if every task keeps D bits",
        "T = 1 ... 8, free variables",
        "exact",
        _shares_add_up,
    ),
    Certificate(
        "C2-cells",
        "a_t = 1/t leaves every task 1/T of the cells",
        "T = 1 ... 30",
        "exact",
        lambda: exact.in_all(_equal_shares(), "equal shares"),
    ),
)
