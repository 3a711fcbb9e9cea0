"""C3: the ceiling at finite sharing, for all N >= 3; and the exact ratios at finite N, by enumeration."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product

import sympy as sp

from theory.certificates import exact, smt
from theory.certificates.balls import above_zero
from theory.certificates.certificate import Certificate, Verdict, all_of

N, p, t, x = sp.symbols("N p t x", real=True)
MILLION = 10**6


def _below_linear() -> Verdict:
    """ln(1 + N p/(1 - p)) <= N p: equality at p = 0, and the sign of the slope, for every real N >= 3."""
    slope = sp.diff(N * p - sp.log(1 + N * p / (1 - p)), p)
    top, bottom = N * p * (N - 2 - (N - 1) * p), (1 - p) * (1 + (N - 1) * p)
    inside = [N >= 3, p > 0, 2 * p <= 1]
    return all_of(
        [
            exact.vanishes(slope - top / bottom, "the slope less its product form"),
            smt.follows(inside, top >= 0),
            smt.follows(inside, bottom > 0),
        ]
    )


def _one_crossing() -> Verdict:
    """The slack rises from 0 up to p = (N-2)/(N-1), falls beyond, and is below zero at 1 - exp(-2N)."""
    top, bottom = N * p * (N - 2 - (N - 1) * p), (1 - p) * (1 + (N - 1) * p)
    inside, outside = [N >= 3, p > 0, (N - 1) * p <= N - 2], [N >= 3, p < 1, (N - 1) * p > N - 2]
    grown = 3 * (1 - sp.exp(-6)) - 1  # at p = 1 - e^-2N: h < N - ln(N (1 - e^-2N) e^2N) <= -N, as N (1 - e^-2N) >= 1
    return all_of(
        [
            smt.follows(inside, top >= 0),
            smt.follows(inside, bottom > 0),
            smt.follows(outside, top < 0),
            smt.follows(outside, bottom > 0),
            above_zero(grown + 0 * t, {t: (0, 1)}),
        ]
    )


def _logarithms() -> Verdict:
    """x/(1+x) <= ln(1+x) <= x with x = t/(1-t), by balls up to x = 10^6 - 1 and by the signs of the slopes for all x > 0."""
    box = {t: (0, 1 - sp.Rational(1, MILLION))}
    upper, lower = x - sp.log(1 + x), sp.log(1 + x) - x / (1 + x)
    return all_of(
        [
            above_zero(-sp.log(1 - t) - t, box, contact=(t, 0)),
            above_zero(t / (1 - t) + sp.log(1 - t), box, contact=(t, 0)),
            exact.vanishes(sp.diff(upper, x) - x / (1 + x), "the slope of x - ln(1+x) less x/(1+x)"),
            exact.vanishes(sp.diff(lower, x) - x / (1 + x) ** 2, "the slope of ln(1+x) - x/(1+x) less x/(1+x)^2"),
            smt.follows([x > 0], x * (1 + x) > 0),
        ]
    )


def _full_retrieval() -> Verdict:
    """H/(2^(2H) - 1) <= 1/(2 ln 2), in y = 2 H ln 2 up to 2 ln 2 < 7/5."""
    return above_zero(sp.exp(x) - 1 - x, {x: (0, sp.Rational(7, 5))}, contact=(x, 0))


def _codes(size: int, level: Fraction, fixed: bool) -> list[tuple[Fraction, tuple[Fraction, ...]]]:
    """Every centred code with its probability: active inputs independent, or exactly level * size of them."""
    active = [bits for bits in product((0, 1), repeat=size) if not fixed or sum(bits) == level * size]
    weights = [Fraction(1, len(active)) if fixed else level ** sum(b) * (1 - level) ** (size - sum(b)) for b in active]
    return [(w, tuple(Fraction(bit) - level for bit in bits)) for w, bits in zip(weights, active, strict=True)]


def _ratio(size: int, level: Fraction, fixed: bool, count: int) -> Fraction:
    """Power SNR of a reader of fixed gain from first principles: least-squares gain, mean square of the rest, all codes."""
    codes = _codes(size, level, fixed)
    none = Fraction(0)
    gain = sum((w * sum(e * e for e in code) for w, code in codes), none)
    square = sum((w * sum(e * e for e in code) ** 2 for w, code in codes), none)
    cross = sum((w * v * sum(e * g for e, g in zip(c, k, strict=True)) ** 2 for w, c in codes for v, k in codes), none)
    return gain**2 / (square - gain**2 + (count - 1) * cross)


def _enumerated() -> Iterator[tuple[str, bool]]:
    for size in range(1, 6):
        for level in (Fraction(1, 10), Fraction(1, 3), Fraction(1, 2), Fraction(4, 5)):
            for count in (2, 7):
                law = size / (count - 1 + 1 / (level * (1 - level)) - 4)
                yield f"N = {size}, a = {level}, P = {count}", _ratio(size, level, False, count) == law
    for size in range(2, 7):
        for active in range(1, size):
            ratio = _ratio(size, Fraction(active, size), True, 4)
            yield f"N = {size}, {active} active", ratio == Fraction(size - 1, 3)


CERTIFICATES = (
    Certificate(
        "C3",
        "ln(1 + N p/(1-p)) <= N p, so that P shares p_i <= 1/2 hold at most N/(2 ln 2) bits",
        "all real N >= 3, all 0 < p <= 1/2",
        "smt",
        _below_linear,
    ),
    Certificate(
        "C3",
        "N p - ln(1 + N p/(1-p)) has exactly one zero p* in ((N-2)/(N-1), 1): one share beyond it breaks the ceiling",
        "all real N >= 3, 0 < p < 1",
        "smt",
        _one_crossing,
    ),
    Certificate(
        "C3", "x/(1+x) <= ln(1+x) <= x", "balls: 0 <= x <= 10^6 - 1; slopes (equality at 0): all x > 0", "balls", _logarithms
    ),
    Certificate(
        "C3",
        "full retrieval needs at most 1/(2 ln 2) bits a synapse: H/(2^(2H)-1) <= 1/(2 ln 2)",
        "0 < H <= 1",
        "balls",
        _full_retrieval,
    ),
    Certificate(
        "C3",
        "SNR of a fixed gain N/(P - 1 + 1/(a(1-a)) - 4), and (N-1)/(P-1) at fixed activity, from all codes in fractions",
        "N = 1 ... 5, a in {1/10, 1/3, 1/2, 4/5}, P in {2, 7}; fixed activity: N = 2 ... 6, every activity, P = 4",
        "exact",
        lambda: exact.in_all(_enumerated(), "the exact ratio"),
    ),
)
