"""S2: where Gardner's curve lies, for every coding level; Cover's count at P = 2N; bounds of the net gain."""

from __future__ import annotations

from collections.abc import Iterator
from math import comb

import sympy as sp

from theory.certificates import exact, smt
from theory.certificates.balls import above_zero
from theory.certificates.certificate import Certificate, Verdict, all_of
from theory.interleaving import dichotomies

u, v = sp.symbols("u v", positive=True)
REACH = 8
TAIL = sp.Rational(1, REACH)


def _density(x: sp.Expr) -> sp.Expr:
    return sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi)


def _upper(x: sp.Expr) -> sp.Expr:
    """Phi(-x)."""
    return sp.erfc(x / sp.sqrt(2)) / 2


def _short(x: sp.Expr) -> sp.Expr:
    """A(-x) = (1 + x^2) Phi(-x) - x phi(x)."""
    return (1 + x**2) * _upper(x) - x * _density(x)


def _long(x: sp.Expr) -> sp.Expr:
    """A(x) = 1 + x^2 - A(-x)."""
    return (1 + x**2) * _upper(-x) + x * _density(x)


def _above_one_shot() -> Verdict:
    """2 ln 2 H(f) >= f A(u) + (1 - f) A(-u) at u = sqrt(2 ln(1/f)): a trial threshold, so 1/alpha_G is less still.

    f = exp(-u^2/2) from 1/2 (u = 1.177...) down. Beyond u = 8, with A(u) <= 1 + u^2, -ln(1-f) >= f and A(-u) <= phi(u) (2/u^3 +
    3/u^5) (Mills' ratio, phi(u) = f/sqrt(2 pi)), the margin over f is at least 1 - 2f - (2/u^3 + 3/u^5)/sqrt(2 pi).
    """
    level = sp.exp(-(u**2) / 2)
    entropy = level * u**2 / 2 - (1 - level) * sp.log(1 - level)  # times ln 2
    margin = 2 * entropy - level * _long(u) - (1 - level) * _short(u)
    box = {u: (sp.Rational(1177, 1000), REACH)}  # f = 1/2 lies at u = 1.17741...
    late = {v: (0, TAIL)}  # v = 1/u; f <= exp(-32) there
    small = (2 * v**3 + 3 * v**5) / sp.sqrt(2 * sp.pi) + 2 * sp.exp(-sp.Rational(REACH**2, 2))
    return all_of([above_zero(margin / level, box), above_zero(1 - small, late)])


def _at_most_two() -> Verdict:
    """H(f) <= 2 {f A(u) + (1 - f) A(-u)} for all f and u: the least over f of the difference is A(-u) - log2(1 + 4^-D)/2.

    D = A(u) - A(-u). u >= 0 suffices, as (f, u) and (1 - f, -u) are the same. At u = 0 the margin touches zero. From u = 2 on
    ln(1 + y) <= y is used; beyond u = 8 A(-u) >= phi(u) (2/u^3 - 12/u^5 - 15/u^7) (Mills' ratio), D >= u^2 and
    exp(-x) <= 6/x^3, x = (2 ln 2 - 1/2) u^2.
    """
    gap = _long(u) - _short(u)
    near = _short(u) - sp.log(1 + sp.exp(-2 * sp.log(2) * gap)) / (2 * sp.log(2))
    far = _short(u) - sp.exp(-2 * sp.log(2) * gap) / (2 * sp.log(2))
    rate = 2 * sp.log(2) - sp.Rational(1, 2)
    late = (2 - 12 * v**2 - 15 * v**4) / sp.sqrt(2 * sp.pi) - 6 * v**3 / (2 * sp.log(2) * rate**3)
    f, d = sp.symbols("f d", positive=True)
    difference = f * d + (f * sp.log(f) + (1 - f) * sp.log(1 - f)) / (2 * sp.log(2))
    best = 1 / (1 + sp.exp(2 * sp.log(2) * d))
    legendre = sp.diff(difference, f).subs(f, best)  # d + log2(f/(1 - f))/2 vanishes at best, and the difference is convex
    return all_of(
        [
            exact.vanishes(sp.simplify(legendre), "the slope in f at its zero"),
            exact.vanishes(sp.diff(difference, f, 2) - 1 / (f * (1 - f) * 2 * sp.log(2)), "the curvature less a positive term"),
            above_zero(near, {u: (0, 2)}, contact=(u, 0)),
            above_zero(far, {u: (2, REACH)}),
            above_zero(late, {v: (0, TAIL)}),
        ]
    )


def _net_gain() -> Verdict:
    """2 ln 2/(copies/B + 1/(T B_fast) + cue/(b H)) <= 4 ln 2 if B <= 2."""
    B, copies, share, cues = sp.symbols("B copies share cues", real=True)
    spent = copies + B * (share + cues)  # times B
    inside = [B > 0, B <= 2, copies >= 1, share >= 0, cues >= 0]
    return all_of([smt.follows(inside, 2 * spent >= B), smt.follows(inside, spent > 0)])


def _counts() -> Iterator[tuple[str, bool]]:
    for size in range(1, 201):
        yield f"N = {size}", 2 * dichotomies(2 * size, size) == 2 ** (2 * size)


def _sums() -> Iterator[tuple[str, bool]]:
    """The running product of `dichotomies` against binomials, on both sides of the capacity."""
    for size in range(1, 13):
        for points in range(1, 40):
            yield f"N = {size}, P = {points}", dichotomies(points, size) == 2 * sum(comb(points - 1, k) for k in range(size))


CERTIFICATES = (
    Certificate(
        "S2",
        "Gardner's formula exceeds the one-shot ceiling: alpha_G H(f) >= 1/(2 ln 2)",
        "all 0 < f <= 1/2 (balls for u = sqrt(2 ln(1/f)) <= 8, a bounded tail beyond), hence all f in (0, 1)",
        "balls",
        _above_one_shot,
    ),
    Certificate(
        "S2",
        "Gardner's formula is at most 2 bits per synapse: alpha_G H(f) <= 2",
        "all f in (0, 1) and all thresholds u (balls for |u| <= 8, a bounded tail beyond)",
        "balls",
        _at_most_two,
    ),
    Certificate(
        "S2",
        "the net gain is at most 4 ln 2",
        "0 < alpha_G H <= 2, copies >= 1, any T, fast store, cues and cells",
        "smt",
        _net_gain,
    ),
    Certificate(
        "S2",
        "exactly half of the dichotomies of P = 2N points are separable",
        "N = 1 ... 200",
        "exact",
        lambda: exact.in_all(_counts(), "one half"),
    ),
    Certificate(
        "S2",
        "the count is 2 sum_{k<N} binom(P-1, k)",
        "N = 1 ... 12, P = 1 ... 39",
        "exact",
        lambda: exact.in_all(_sums(), "the count"),
    ),
)
