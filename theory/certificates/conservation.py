"""C1 certified: the identity in free variables and on exact instances, few writes in the plane, and half circles."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy as sp

from theory.certificates import balls, exact, smt
from theory.certificates.certificate import Certificate, Verdict, all_of

Matrix = list[list[Fraction]]


def _free() -> Verdict:
    """sum_i A_{i+1} eta_i P_i = 1 - A_1, the P_i not commuting."""
    verdicts = []
    for writes in range(1, 7):
        projectors = sp.symbols(f"P1:{writes + 1}", commutative=False)
        strengths = sp.symbols(f"eta1:{writes + 1}")
        later, total = sp.S.One, sp.S.Zero
        for projector, strength in zip(reversed(projectors), reversed(strengths), strict=True):
            total += later * strength * projector
            later *= 1 - strength * projector
        verdicts.append(exact.vanishes(total - (1 - later), f"total - (1 - A_1), {writes} writes,"))
    return all_of(verdicts)


def _times(left: Matrix, right: Matrix) -> Matrix:
    columns = list(zip(*right, strict=True))
    return [[sum((x * y for x, y in zip(row, column, strict=True)), Fraction(0)) for column in columns] for row in left]


def _instances() -> Iterator[tuple[str, bool]]:
    """Write and read vectors of small fractions; depths are differences of the stored weights at targets 0 and 1."""
    rng = np.random.default_rng(0)
    for size, count, oblique in itertools.product((1, 2, 3, 4), (1, 2, 5, 8), (False, True)):
        writes = [[Fraction(int(x)) for x in rng.integers(1, 6, size) * rng.choice([-1, 1], size)] for _ in range(count)]
        reads = [[Fraction(int(x)) for x in rng.integers(1, 6, size)] for _ in range(count)] if oblique else writes
        strengths = [Fraction(int(x), 7) for x in rng.integers(0, 8, count)]
        norms = [sum((x * y for x, y in zip(u, v, strict=True)), Fraction(0)) for u, v in zip(writes, reads, strict=True)]
        if 0 in norms:
            reads = [[*v[:-1], v[-1] + (1 if norm == 0 else 0)] for v, norm in zip(reads, norms, strict=True)]
            norms = [sum((x * y for x, y in zip(u, v, strict=True)), Fraction(0)) for u, v in zip(writes, reads, strict=True)]
        reads = [[x / norm for x in v] for v, norm in zip(reads, norms, strict=True)]
        yield f"N = {size}, M = {count}, oblique: {oblique}", _conserved(writes, reads, strengths)


def _conserved(writes: Matrix, reads: Matrix, strengths: list[Fraction]) -> bool:
    """Sum of the final answers to unit targets, one at a time, against N minus the trace of the product."""
    size, total = len(writes[0]), Fraction(0)
    for fact in range(len(writes)):
        weights = [Fraction(0)] * size
        for i, (write, read, strength) in enumerate(zip(writes, reads, strengths, strict=True)):
            error = (1 if i == fact else 0) - sum((x * y for x, y in zip(read, weights, strict=True)), Fraction(0))
            weights = [w + strength * x * error for w, x in zip(weights, write, strict=True)]
        total += sum((x * y for x, y in zip(reads[fact], weights, strict=True)), Fraction(0))
    product: Matrix = [[Fraction(i == j) for j in range(size)] for i in range(size)]
    for write, read, strength in zip(writes, reads, strengths, strict=True):
        product = _times([[(i == j) - strength * write[i] * read[j] for j in range(size)] for i in range(size)], product)
    return total == size - sum((product[i][i] for i in range(size)), Fraction(0))


def _few_writes() -> Verdict:
    """N = 2: tr A_1 > -1 for two writes of any strengths, and >= -1/8 for three of strength 1 (multi-affine: the worst)."""
    c, x, y, z = sp.symbols("c x y z", real=True)
    h, k = sp.symbols("h k", real=True)
    two = smt.follows([h >= 0, h <= 1, k >= 0, k <= 1, c**2 <= 1], 2 - h - k + h * k * c**2 >= 0)
    # u_1 = (1, 0), u_2 = (c, x), u_3 = (y, z): the product of the three cosines
    three = smt.follows([sp.Eq(c**2 + x**2, 1), sp.Eq(y**2 + z**2, 1)], c * (c * y + x * z) * y >= sp.Rational(-1, 8))
    # cos p cos q cos(p + q) = r (r + s)/2 with r = cos(p + q), s = cos(p - q)
    sums = smt.follows([c**2 <= 1, y**2 <= 1], c * (c + y) / 2 >= sp.Rational(-1, 8))
    return all_of([two, three, sums])


def _finer_is_more() -> Verdict:
    """d/dx (ln cos x)/x <= 0: cos^n(pi/n) grows with n."""
    x = sp.Symbol("x", real=True)
    margin = x * sp.sin(x) / sp.cos(x) + sp.log(sp.cos(x))
    return balls.above_zero(margin, {x: (0, sp.Rational(157, 100))}, contact=(x, sp.S.Zero))


def _loses_little() -> Verdict:
    """tan x <= 2 x, whence f = ln cos x + x^2/2 + x^4/3 has f'' = 4 x^2 - tan^2 x >= 0 = f'(0) = f(0), and f >= 0."""
    x = sp.Symbol("x", real=True)
    f = sp.log(sp.cos(x)) + x**2 / 2 + x**4 / 3
    slopes = [f.subs(x, 0), sp.diff(f, x).subs(x, 0), sp.simplify(sp.diff(f, x, 2) - 4 * x**2 + sp.tan(x) ** 2)]
    return all_of(
        [
            exact.in_all([(f"f and its slopes, {i}", value == 0) for i, value in enumerate(slopes)], "f(0), f'(0), f''"),
            balls.above_zero(2 * x * sp.cos(x) - sp.sin(x), {x: (0, sp.Rational(21, 20))}),
        ]
    )


CERTIFICATES = (
    Certificate("C1", "the total is N - tr A_1 whatever the P_i", "free P_i and eta_i, 1 ... 6 writes", "exact", _free),
    Certificate(
        "C1",
        "writing one unit target at a time gives the same total as the trace, in exact arithmetic",
        "32 rational instances, N = 1 ... 4, M = 1, 2, 5, 8, symmetric and oblique",
        "exact",
        lambda: exact.in_all(_instances(), "conservation"),
    ),
    Certificate(
        "C1",
        "tr A_1 >= 0 for two writes of any strengths, tr A_1 >= -1/8 for three projections: totals of at most 2 and 2.125",
        "N = 2, all directions; strengths in [0, 1] (three writes: the trace is affine in each, so 0 and 1 decide)",
        "smt",
        _few_writes,
    ),
    Certificate("C1", "cos^n(pi/n) grows with n", "pi/n in [0, 1.57]: all real n >= 2.002", "balls", _finer_is_more),
    Certificate(
        "C1",
        "ln cos x >= -x^2/2 - x^4/3: half circles of n steps lose at most (N-1)(pi^2/(2n) + pi^4/(3n^3))",
        "x = pi/n in [0, 1.05]: all n >= 3",
        "balls",
        _loses_little,
    ),
)
