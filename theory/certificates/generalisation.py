"""Certificates of C7-transfer: no linear rule beats the bound, and every seen direction gets worse from t = SNR on."""

from __future__ import annotations

import sympy as sp

from theory.certificates import balls, exact, smt
from theory.certificates.certificate import Certificate, Verdict, all_of


def _any_rule() -> Verdict:
    """Error of the share g of a direction with p = lambda SNR: p (1-g)^2 + g^2 >= p/(1 + p), multiplied out."""
    p, g = sp.symbols("p g", real=True)
    return smt.follows([p >= 0], ((1 - g) ** 2 * p + g**2) * (1 + p) >= p)


def _from_snr_on() -> Verdict:
    """lambda t = x >= p: the slope has the sign of exp(x) - 1 - p >= exp(x) - 1 - x; as 1 - (1 + x) exp(-x) >= 0."""
    x = sp.Symbol("x", positive=True)
    return balls.above_zero(1 - (1 + x) * sp.exp(-x), {x: (0, 60)}, contact=(x, sp.S.Zero))


def _order_of_stops() -> Verdict:
    """The slope of ln(1 + p)/p has the sign of p/(1 + p) - ln(1 + p) <= 0; z = ln(1 + p): z - 1 + exp(-z) >= 0."""
    z = sp.Symbol("z", positive=True)
    return balls.above_zero(z - 1 + sp.exp(-z), {z: (0, 60)}, contact=(z, sp.S.Zero))


def _worth() -> Verdict:
    """1 - final error is (SNR |alpha - 1| - 1) times a positive factor, on both sides of alpha = 1."""
    a, s = sp.symbols("alpha SNR", positive=True)
    over = exact.vanishes(1 - 1 / (s * (a - 1)) - (s * (a - 1) - 1) / (s * (a - 1)), "alpha > 1")
    under = exact.vanishes(
        1 - (1 - a + a / (s * (1 - a))) - a * (s * (1 - a) - 1) / (s * (1 - a)),
        "alpha < 1",
    )
    return all_of([over, under])


def _resolvent() -> Verdict:
    """Moments: the root of m (mu + alpha/(1 + m)) = 1 expands in 1/mu with the moments 1, alpha, alpha (1 + alpha), ..."""
    v, a = sp.symbols("v alpha", positive=True)  # v = 1/mu
    # Narayana's numbers: the k-th moment of the law is sum_r C(k, r) C(k, r-1)/k alpha^r
    order = 6
    moments = [sp.S.One]
    for k in range(1, order + 1):
        moments.append(sum(sp.binomial(k, r) * sp.binomial(k, r - 1) / k * a**r for r in range(1, k + 1)))
    series = sum((-1) ** k * moment * v ** (k + 1) for k, moment in enumerate(moments))
    residue = sp.Poly(sp.expand(series * ((1 + series) + a * v) - v * (1 + series)), v)
    cases = [(degree, residue.coeff_monomial(v**degree) == 0) for degree in range(1, order + 2)]
    return exact.in_all(cases, "coefficients of m (1 + m)/v + alpha m - (1 + m)")


CERTIFICATES = (
    Certificate(
        "C7-transfer",
        "no linear rule has an error below 1/(1 + lambda SNR) along an eigenvector",
        "every share g recovered and every lambda SNR >= 0",
        "smt",
        _any_rule,
    ),
    Certificate(
        "C7-transfer",
        "along every eigenvector the error does not fall once t >= SNR",
        "0 <= lambda t <= 60, every lambda SNR <= lambda t",
        "balls",
        _from_snr_on,
    ),
    Certificate(
        "C7-transfer",
        "the best stopping time ln(1 + lambda SNR)/lambda of a direction falls with lambda",
        "0 <= ln(1 + lambda SNR) <= 60",
        "balls",
        _order_of_stops,
    ),
    Certificate(
        "C7-transfer",
        "transferring everything is better than nothing exactly if SNR |alpha - 1| > 1",
        "identically in alpha and SNR, on both sides of alpha = 1",
        "exact",
        _worth,
    ),
    Certificate(
        "C7-transfer",
        "the quadratic equation of the resolvent has the moments of the Marchenko-Pastur law (Narayana polynomials)",
        "moments 0 ... 6, identically in alpha",
        "exact",
        _resolvent,
    ),
)
