"""C2 certified: the ceiling of one strength (Gibbs' inequality) for every T, its fall to 1/e, and the maximum over spectra."""

from __future__ import annotations

from typing import Any

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
)
