"""C1-winding certified: the tangent step of the bound in the plane, and the algebra of the shortest loop."""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from theory.certificates import balls, exact
from theory.certificates.certificate import Certificate, Verdict


def _tangent() -> Verdict:
    """ln cos lies below its tangent: the step that gives -tr A_1 <= cos^M(pi/M)."""
    d, x = sp.symbols("d x", real=True)
    margin = sp.log(sp.cos(x)) - sp.sin(x) / sp.cos(x) * (d - x) - sp.log(sp.cos(d))
    end = sp.Rational(157, 100)
    return balls.above_zero(margin, {d: (-end, end), x: (0, sp.Rational(21, 20))}, contact=(d, x))


def _loops() -> Iterator[tuple[str, bool]]:
    """The shortest loop: its weights, its Legendre kernel, its length, and the frequencies of its frame."""
    x, z = sp.symbols("x z")
    for n in range(1, 13):
        weights = [sp.binomial(2 * j, j) * sp.binomial(2 * n - 2 * j, n - j) / sp.Integer(4) ** n for j in range(n + 1)]
        poles = [2 * j - n for j in range(n + 1)]
        kernel = sum(w * sp.chebyshevt(abs(p), x) for w, p in zip(weights, poles, strict=True))
        square = sum(w * p**2 for w, p in zip(weights, poles, strict=True))
        numerator = sum(w * sp.prod(z - q for q in poles if q != p) for w, p in zip(weights, poles, strict=True))
        yield (
            f"N = {n + 1}",
            sum(weights) == 1
            and sp.expand(kernel - sp.legendre(n, x)) == 0
            and square == sp.Rational(n * (n + 1), 2)
            and sp.expand(numerator - sp.prod(z - p - 1 for p in poles[:-1])) == 0,
        )


CERTIFICATES = (
    Certificate(
        "C1-winding",
        "ln cos d <= ln cos x - tan x (d - x): at most 2 + cos^M(pi/M) in the plane",
        "x = pi/M in [0, 1.05], all M >= 3 (M = 1, 2: directly); d in [-1.57, 1.57] (nearer to pi/2 ln cos < -7, below it)",
        "balls",
        _tangent,
    ),
    Certificate(
        "C1-winding",
        "the shortest loop: weights add to 1, kernel P_{N-1}, squared length pi^2 N (N-1)/2, frame frequencies half way between",
        "N = 2 ... 13, as polynomial identities (every N: argued in the derivation, by orthogonality)",
        "exact",
        lambda: exact.in_all(_loops(), "weights, kernel, length and frame"),
    ),
)
