"""Certificates of U1: capacities against dimensions for small embeddings, the integrals and the boundary of the toy model.

Cleared of denominators the bounds are polynomials in the entries of W, of W^T W, or of F = W W^T, whichever is smallest. Columns
may be turned together.
"""

from __future__ import annotations

import itertools
from typing import Any

import sympy as sp

from theory.certificates.certificate import Certificate, Verdict, all_of
from theory.certificates.exact import in_all, vanishes
from theory.certificates.smt import follows
from theory.proof.notation import density, importance
from theory.superposition import U1


def _line() -> Verdict:
    """One dimension: capacities are w_i^2 / sum_j w_j^2, and add up to 1; PR is smaller by Cauchy's inequality."""
    verdicts = []
    for count in range(1, 7):
        w = sp.symbols(f"w1:{count + 1}", real=True)
        total = sum((w[i] ** 4 / sum((w[i] * w[j]) ** 2 for j in range(count)) for i in range(count)), sp.S.Zero)
        verdicts.append(vanishes(total - 1, f"sum of {count} capacities minus 1"))
    return all_of(verdicts)


def _two_columns() -> Verdict:
    """Two columns with inner product c: the sum of capacities lies between PR and 2, and is 1 if they are parallel."""
    a, b, c = sp.symbols("a b c", real=True)
    gram = [a > 0, b > 0, c**2 <= a * b]
    first, second = a**2 + c**2, b**2 + c**2
    upper = follows(gram, a**2 * second + b**2 * first <= 2 * first * second)
    lower = follows(gram, (a + b) ** 2 * first * second <= (a**2 * second + b**2 * first) * (first + second))
    s, w = sp.symbols("s w", positive=True)  # parallel: squared lengths s^2 and w^2, inner product +-s w
    parallel = {a: s**2, b: w**2, c: s * w}
    one = vanishes((a**2 / first + b**2 / second).subs(parallel) - 1, "sum of two parallel columns minus 1")
    return all_of([upper, lower, one])


def _polynomial(columns: int) -> Verdict:
    """Unit columns in the plane, in exact rational angles: PR <= sum of capacities <= rank."""
    slopes = [sp.Rational(k, 4) for k in range(-6, 7)]
    points = [((1 - t**2) / (1 + t**2), 2 * t / (1 + t**2)) for t in slopes]
    cases = []
    for chosen in itertools.combinations_with_replacement(points, columns - 1):
        vectors = [(sp.S.One, sp.S.Zero), *chosen]
        squares = [sum((x * u + y * v) ** 2 for u, v in vectors) for x, y in vectors]
        total = sum(1 / square for square in squares)
        rank = 2 if any(y != 0 for _, y in vectors) else 1  # the first one lies along the first axis
        cases.append((str(vectors), bool(columns**2 / sum(squares) <= total <= rank)))
    return in_all(cases, f"{columns} unit columns in the plane")


def _leverage() -> Verdict:
    """|w|^4 <= (w' F w)(w' F^-1 w), F = W W': capacity at most leverage; the leverages add up to tr F^-1 F."""
    a, b, c, f12, f13, f22, f23, f33, x, y = sp.symbols("a b c f12 f13 f22 f23 f33 x y", real=True)
    gap = (a * x**2 + 2 * c * x * y + b * y**2) * (b * x**2 - 2 * c * x * y + a * y**2) - (x**2 + y**2) ** 2 * (a * b - c**2)
    plane = vanishes(gap - ((a - b) * x * y + c * (y**2 - x**2)) ** 2, "two dimensions: gap minus a square")
    # three dimensions, axes turned so that w is along the first one: F_11 adj(F)_11 - det F
    minor = [f22 >= 0, f33 >= 0, f22 * f33 >= f23**2]
    frame: Any = sp.Matrix([[a, f12, f13], [f12, f22, f23], [f13, f23, f33]])
    rest = f12**2 * f33 - 2 * f12 * f13 * f23 + f13**2 * f22
    space = vanishes(sp.expand(a * frame.cofactor(0, 0) - frame.det()) - rest, "three dimensions: gap minus a quadratic form")
    total = vanishes(sp.trace(frame.adjugate() * frame) - 3 * frame.det(), "sum of leverages minus 3")
    return all_of([plane, space, follows(minor, rest >= 0), total])


def _toy() -> Verdict:
    x, y = sp.symbols("x y", positive=True)
    laws = U1.derivation.laws
    shared = sp.integrate(sp.integrate(y**2, (y, 0, x)) + sp.integrate(x**2, (y, x, 1)), (x, 0, 1))
    variance = density / 3 - (density / 2) ** 2
    pair = vanishes(laws["loss_unit_pair"] - density**2 * (1 + importance) * shared, "loss of the pair minus its integral")
    border = laws["boundary_unit"].replace(sp.Min, lambda *items: importance)
    tie = (laws["loss_unit_pair"] - importance * variance).subs(density, border)
    return all_of([pair, vanishes(tie, "difference of losses at the boundary, importance <= 1")])


def _wins_below() -> Verdict:
    """For 0 < I <= 1 the pair's loss is lower exactly below the boundary (both divided by the density)."""
    p, worth = sp.symbols("p I", real=True)
    below = p * (2 + 5 * worth) < 4 * worth
    range_of = [p > 0, p <= 1, worth > 0, worth <= 1]
    pair, single = p * (1 + worth) / 6, worth * (sp.Rational(1, 3) - p / 4)
    return all_of([follows([*range_of, below], pair < single), follows([*range_of, pair < single], below)])


CERTIFICATES = tuple(
    Certificate("U1", statement, box, method, prove)
    for statement, box, method, prove in (
        ("In one dimension capacities add up to 1", "1 to 6 features, any weights not 0", "exact", _line),
        (
            "PR <= sum of capacities <= rank",
            "any 2 columns in any number of dimensions (Gram matrix, norms not 0)",
            "smt",
            _two_columns,
        ),
        (
            "Every capacity is at most the leverage of its feature, and leverages add up to the dimensions",
            "any number of columns that span 2 or 3 dimensions",
            "smt",
            _leverage,
        ),
        (
            "PR <= sum of capacities <= rank in the plane",
            "4 unit columns in 2 dimensions, rational points at 13 half-angle tangents -3/2 ... 3/2",
            "exact",
            lambda: _polynomial(4),
        ),
        (
            "The pair (1, -1) loses p^2 (1 + I)/6, and as much as one dedicated feature at the boundary",
            "all densities; importance <= 1 (above 1, exchange the features)",
            "exact",
            _toy,
        ),
        ("The pair (1, -1) is better exactly below the boundary", "0 < density <= 1, 0 < importance <= 1", "smt", _wins_below),
    )
)
