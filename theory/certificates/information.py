"""C5: the shape of Fano's function, and the bound against every code of several tiny sizes, in integers."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product

import sympy as sp

from theory.certificates import exact, smt
from theory.certificates.certificate import Certificate, Verdict, all_of

e, m = sp.symbols("e m", real=True)
RHO = sp.log(m) + e * sp.log(e) + (1 - e) * sp.log(1 - e) - e * sp.log(m - 1)


def _falls_and_is_convex() -> Verdict:
    """rho' = log2 of e/((1-e)(m-1)) and rho'' = 1/(e(1-e) ln 2): signs by polynomials."""
    slope, g = sp.diff(RHO, e), sp.Symbol("g", positive=True)
    ratio = e / ((1 - e) * (m - 1))
    inside = [m >= 2, e > 0, e < 1]
    return all_of(
        [
            exact.vanishes(sp.diff(slope, e) - 1 / (e * (1 - e)), "rho'' less its closed form"),
            exact.vanishes(sp.diff(slope - sp.log(e) + sp.log(1 - e) + sp.log(m - 1), e), "rho' less the logarithm of the ratio"),
            exact.vanishes(ratio.subs(e, 1 - 1 / m) - 1, "the ratio at a blind guess less 1"),
            exact.vanishes(sp.expand_log(sp.simplify(RHO.subs({e: g / (1 + g), m: 1 + g})), force=True), "rho at a blind guess"),
            smt.follows([*inside, m * e <= m - 1], e <= (1 - e) * (m - 1)),
            smt.follows(inside, e * (1 - e) > 0),
        ]
    )


def _partitions(count: int, parts: int) -> Iterator[list[int]]:
    """Every way to give `count` messages to at most `parts` unlabelled states, as restricted growth strings."""
    string = [0] * count

    def extend(position: int, used: int) -> Iterator[list[int]]:
        if position == count:
            yield string
            return
        for state in range(min(used + 1, parts)):
            string[position] = state
            yield from extend(position + 1, max(used, state + 1))

    yield from extend(0, 0)


def fewest_errors(facts: int, alternatives: int, states: int) -> int:
    """Least number of wrong answers, summed over all messages and facts, of any code with that many states and any reader."""
    messages = list(product(range(alternatives), repeat=facts))
    best = facts * len(messages)
    for code in _partitions(len(messages), states):
        tally = [[[0] * alternatives for _ in range(facts)] for _ in range(states)]
        for message, state in zip(messages, code, strict=True):
            for fact, value in enumerate(message):
                tally[state][fact][value] += 1
        right = sum(max(counts) for state in tally for counts in state)
        best = min(best, facts * len(messages) - right)
    return best


def fano_admits(facts: int, alternatives: int, states: int, error: Fraction) -> bool:
    """M rho(m, error) <= log2 states, in integers: raised to the power of error's denominator, with 0^0 = 1."""
    wrong, whole = error.numerator, error.denominator
    left = alternatives ** (facts * whole) * wrong ** (facts * wrong) * (whole - wrong) ** (facts * (whole - wrong))
    return left <= states**whole * whole ** (facts * whole) * (alternatives - 1) ** (facts * wrong)


SIZES = (
    [(2, 2, n) for n in (1, 2, 3, 4)]
    + [(3, 2, n) for n in range(1, 9)]
    + [(2, 3, n) for n in (1, 2, 3, 4)]
    + [(1, 5, n) for n in range(1, 6)]
)


def _every_code() -> Iterator[tuple[str, bool]]:
    for facts, alternatives, states in SIZES:
        error = Fraction(fewest_errors(facts, alternatives, states), facts * alternatives**facts)
        yield f"M = {facts}, m = {alternatives}, {states} states", fano_admits(facts, alternatives, states, error)


CERTIFICATES = (
    Certificate(
        "C5",
        "rho(m, e) falls to 0 at a blind guess e = 1 - 1/m and is convex: it is >= 0, and mean and largest error obey one bound",
        "all real m >= 2, all 0 < e < 1",
        "smt",
        _falls_and_is_convex,
    ),
    Certificate(
        "C5",
        "M rho(m, e) <= log2 n for the least mean error e of every code with n states and its best reader",
        "M facts of m alternatives, n states: (2, 2, 1..4), (3, 2, 1..8), (2, 3, 1..4), (1, 5, 1..5); every code",
        "exact",
        lambda: exact.in_all(_every_code(), "the bound in integers"),
    ),
)
