"""C2 certified: the ceiling of one strength (Gibbs' inequality) for every T, its monotone fall to 1/e, the maximum over spectra,
and the bound for every schedule and spectrum."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from theory.certificates import balls, exact, smt
from theory.certificates.certificate import Certificate, Verdict, all_of


def gibbs(ends: tuple[Any, Any]) -> Verdict:
    """t ln(t/y) + (1 - t) ln((1 - t)/(1 - y)) >= 0 for t and y between the ends, with contact at y = t.

    With t = 1/T and y = 1 - x it says x^(T-1) (1 - x) <= (1/T) (1 - 1/T)^(T-1).
    """
    t, y = sp.symbols("t y", real=True)
    margin = t * sp.log(t / y) + (1 - t) * sp.log((1 - t) / (1 - y))
    return balls.above_zero(margin, {t: ends, y: ends}, contact=(y, t))


def convex_everywhere() -> Verdict:
    """The same divided by t, y = rho t: G = -ln rho + (1/t - 1) ln((1 - t)/(1 - rho t)) >= 0, at t = 0 (T infinite) as well.

    G and its slope in rho vanish at rho = 1, and its curvature 1/rho^2 + t (1 - t)/(1 - rho t)^2 is positive everywhere.
    """
    t, rho = sp.symbols("t rho", real=True)
    margin = -sp.log(rho) + (1 - t) / t * (sp.log(1 - t) - sp.log(1 - rho * t))
    curvature = 1 / rho**2 + t * (1 - t) / (1 - rho * t) ** 2
    zeros = {
        "G at the contact": margin.subs(rho, 1),
        "its slope there": sp.diff(margin, rho).subs(rho, 1),
        "the curvature": sp.diff(margin, rho, 2) - curvature,
        "the limit t = 0": sp.limit(margin, t, 0) - (rho - 1 - sp.log(rho)),
    }
    positive = sp.Gt(sp.numer(sp.together(curvature)), 0)
    return all_of(
        [
            exact.in_all(((name, sp.simplify(zero) == 0) for name, zero in zeros.items()), "contact and curvature"),
            smt.follows([rho > 0, t >= 0, t < 1, rho * t < 1], positive),
        ]
    )


def _slope_changes_sign_once() -> Verdict:
    """d/dx of ln(x^(T-1) (1 - x)) is (T - 1)/x - 1/(1 - x), with the sign of T - 1 - T x (0 < x < 1, T > 1)."""
    x, T = sp.symbols("x T", real=True)
    box = [x > 0, x < 1, T > 1]
    return all_of(
        [
            smt.follows([*box, T * x < T - 1], (T - 1) * (1 - x) - x > 0),
            smt.follows([*box, T * x > T - 1], (T - 1) * (1 - x) - x < 0),
        ]
    )


def _falls_to_one_over_e() -> Verdict:
    """d/dt of (1/t - 1) ln(1 - t) is (-ln(1 - t) - t)/t^2 >= 0: (1 - 1/T)^(T-1) falls with T = 1/t, to e^-1 at t = 0."""
    t = sp.Symbol("t", real=True)
    logarithm = (1 / t - 1) * sp.log(1 - t)
    slope = exact.in_all(
        [
            ("slope", sp.simplify(sp.diff(logarithm, t) - (-sp.log(1 - t) - t) / t**2) == 0),
            ("limit", sp.limit(logarithm, t, 0) == -1),
        ],
        "slope and limit",
    )
    margin = -sp.log(1 - t) - t
    return all_of([slope, balls.above_zero(margin, {t: (0, sp.Rational(999, 1000))}, contact=(t, sp.S.Zero))])


def _tangent_lies_above() -> Verdict:
    """F(v) + F'(v) (y - v) - F(y) >= 0 for 0 <= y <= 1, v up to the peak of F, F(y) = (1-y)^(D(T-1)) - (1-y)^(DT)."""
    y, v = sp.symbols("y v", real=True)
    verdicts = []
    for T, D in ((2, 1), (3, 1), (4, 1), (5, 1), (2, 2), (3, 2), (2, 3)):
        kept = (1 - y) ** (D * (T - 1)) - (1 - y) ** (D * T)
        margin = kept.subs(y, v) + sp.diff(kept, y).subs(y, v) * (y - v) - kept
        quotient, rest = sp.div(sp.expand(margin), sp.expand((y - v) ** 2), y)
        below_peak = T * (1 - v) ** D >= T - 1
        verdicts.append(exact.vanishes(rest, f"the remainder for T = {T}, D = {D}"))
        verdicts.append(smt.follows([y >= 0, y <= 1, v >= 0, v <= 1, below_peak], sp.Ge(sp.expand(quotient), 0)))
    return all_of(verdicts)


def _any_schedule(size: int, writes: int) -> Verdict:
    """No spectrum of trace 1 on `size` directions and no strengths in [0, 1] keep all facts above N/(N + M - 1)."""
    free = sp.symbols(f"x1:{size}", real=True)
    spectrum = [*free, 1 - sum(free)]
    strengths = sp.symbols(f"e1:{writes + 1}", real=True)
    box = [*(x >= 0 for x in spectrum), *(sp.And(e >= 0, e <= 1) for e in strengths)]
    kept = [strengths[i] * sum(x * sp.prod(1 - e * x for e in strengths[i + 1 :]) for x in spectrum) for i in range(writes)]
    bound = sp.Rational(size, size + writes - 1)
    return smt.follows([*box, *(depth >= bound for depth in kept[1:])], sp.Le(kept[0], bound))


def _chebyshev() -> Verdict:
    """sum a sum b - n sum a b = -sum over pairs of (a_i - a_j)(b_i - b_j), n = 2 ... 6."""
    verdicts = []
    for n in range(2, 7):
        a, b = sp.symbols(f"a1:{n + 1}"), sp.symbols(f"b1:{n + 1}")
        pairs = sum((a[i] - a[j]) * (b[i] - b[j]) for i in range(n) for j in range(i))
        verdicts.append(exact.vanishes(sum(a) * sum(b) - n * sum(x * y for x, y in zip(a, b, strict=True)) + pairs))
    return all_of(verdicts)


def _depths(spectrum: list[Fraction], strengths: list[Fraction]) -> list[Fraction]:
    """Mean depth of every fact, one direction of the spectrum after the other."""
    kept = []
    for i, strength in enumerate(strengths):
        total = Fraction(0)
        for x in spectrum:
            left = Fraction(1)
            for later in strengths[i + 1 :]:
                left *= 1 - later * x
            total += strength * x * left
        kept.append(total)
    return kept


def _annealed() -> Iterator[tuple[str, bool]]:
    """Annealed strengths eta_j = N/(N/h + j) keep every fact at exactly N/(N/h + M - 1)."""
    for size, count, cap in itertools.product((1, 2, 3, 7), (1, 2, 5, 12), (Fraction(1), Fraction(1, 2), Fraction(2, 7))):
        strengths = [size / (size / cap + j) for j in range(count)]
        kept = _depths([Fraction(1, size)] * size, strengths)
        fits = all(strength <= cap for strength in strengths)
        yield f"N = {size}, M = {count}, h = {cap}", fits and set(kept) == {size / (size / cap + count - 1)}


def _key_inequality() -> Iterator[tuple[str, bool]]:
    """Total depth + (n/F - 1) * (first task's depth) <= n for rational spectra and schedules, F = n (1 - (1 - h/n)^D)."""
    rng = np.random.default_rng(0)
    for size, tasks, facts, _ in itertools.product((1, 2, 3, 5), (1, 2, 4), (1, 2, 3), range(4)):
        parts = [int(x) for x in rng.integers(1, 30, size)]
        spectrum = [Fraction(part, sum(parts)) for part in parts]
        cap = Fraction(int(rng.integers(1, 9)), 8)
        strengths = [cap * int(x) / 8 for x in rng.integers(0, 9, tasks * facts)]
        kept = _depths(spectrum, strengths)
        most = size * (1 - (1 - cap / size) ** facts)
        bound = size - (size / most - 1) * sum(kept[:facts], Fraction(0))
        yield f"n = {size}, T = {tasks}, D = {facts}", sum(kept, Fraction(0)) <= bound


CERTIFICATES = (
    Certificate(
        "C2",
        "x^(T-1) (1 - x) rises up to x = 1 - 1/T and falls beyond: its maximum is (1/T)(1 - 1/T)^(T-1)",
        "all real T > 1, all x in (0, 1)",
        "smt",
        _slope_changes_sign_once,
    ),
    Certificate(
        "C2",
        "x^(T-1) (1 - x) <= (1/T)(1 - 1/T)^(T-1), as Gibbs' inequality",
        "1/T and 1 - x in [0.001, 0.999]",
        "balls",
        lambda: gibbs((sp.Rational(1, 1000), sp.Rational(999, 1000))),
    ),
    Certificate(
        "C2",
        "the same by convexity in T (1 - x), the limit of long streams included",
        "all real T > 1 and T = inf, all x in (0, 1)",
        "smt",
        convex_everywhere,
    ),
    Certificate("C2", "(1 - 1/T)^(T-1) falls with T, to 1/e", "T in [1.001001, inf]", "balls", _falls_to_one_over_e),
    Certificate(
        "C2",
        "the tangent at v lies above F: isotropic directions keep most at any strength eta <= 1 (attainable_depth)",
        "all v = 1/N up to the peak, all y = eta lambda in [0, 1]; (T, D) = (2..5, 1), (2, 2), (3, 2), (2, 3)",
        "smt",
        _tangent_lies_above,
    ),
    Certificate(
        "C2",
        "min_i s_i <= N/(N + M - 1) for every spectrum and every schedule",
        "N = 2 and M = 2, 3; N = 3 and M = 2; all spectra, all strengths in [0, 1]",
        "smt",
        lambda: all_of([_any_schedule(2, 2), _any_schedule(2, 3), _any_schedule(3, 2)]),
    ),
    Certificate("C2", "Chebyshev's sum inequality, as a sum over pairs", "n = 2 ... 6, free variables", "exact", _chebyshev),
    Certificate(
        "C2",
        "annealed strengths keep every fact at exactly N/(N/h + M - 1)",
        "N = 1, 2, 3, 7; M = 1, 2, 5, 12; h = 1, 1/2, 2/7",
        "exact",
        lambda: exact.in_all(_annealed(), "annealed depth"),
    ),
    Certificate(
        "C2",
        "sum_i s_i <= n - (n/F - 1) S, S the depth of the first task: the step from which the bound for schedules follows",
        "144 rational spectra and schedules, n = 1, 2, 3, 5; T = 1, 2, 4; D = 1, 2, 3",
        "exact",
        lambda: exact.in_all(_key_inequality(), "the step"),
    ),
)
