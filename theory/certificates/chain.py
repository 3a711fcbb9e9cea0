"""Certificates of C6-chain: the conservation law, the best level for a number of events, and the chain's kernel."""

from __future__ import annotations

import sympy as sp

from theory.certificates import exact, smt
from theory.certificates.certificate import Certificate, Verdict, all_of

COUPLING, BEAKERS = sp.Rational(1, 8), range(1, 6)


def _conserved() -> Verdict:
    """S(a) = sum_kl a_k a_l/(1 - p_k p_l) loses (sum a)^2 = h^2 with each event, a_k -> a_k p_k: it is the sum of h^2."""
    verdicts = []
    for count in range(1, 5):
        a, p = sp.symbols(f"a_1:{count + 1}", positive=True), sp.symbols(f"p_1:{count + 1}", positive=True)
        pairs = [(k, j) for k in range(count) for j in range(count)]
        total = sum(a[k] * a[j] / (1 - p[k] * p[j]) for k, j in pairs)
        later = sum(a[k] * p[k] * a[j] * p[j] / (1 - p[k] * p[j]) for k, j in pairs)
        verdicts.append(exact.vanishes(total - later - sum(a) ** 2, f"{count} decays: power of one age by difference"))
    return all_of(verdicts)


def _best_level() -> Verdict:
    """Shares of the power p_k >= c/(k + 1), adding up to at most 1, force c H_t <= 1."""
    level = sp.Symbol("c", real=True)
    verdicts = []
    for events in range(1, 17):
        shares = sp.symbols(f"p_0:{events}", real=True)
        harmonic = sum((sp.Rational(1, k + 1) for k in range(events)), sp.S.Zero)
        enough = [share >= level / (k + 1) for k, share in enumerate(shares)]
        verdicts.append(smt.follows([*enough, sum(shares) <= 1], level * harmonic <= 1))
    return all_of(verdicts)


def _balanced() -> Verdict:
    """Detailed balance and total leak: the chain's flow is symmetric in units of capacity, and only the last beaker leaks."""
    verdicts = []
    for count in BEAKERS:
        C = [sp.Integer(2) ** k for k in range(count)]
        g = [COUPLING / 2**k for k in range(count)]
        flow = sp.zeros(count)
        for k in range(count):
            flow[k, k] = -(g[k] + (g[k - 1] if k else 0)) / C[k]
            if k + 1 < count:
                flow[k, k + 1], flow[k + 1, k] = g[k] / C[k], g[k] / C[k + 1]
        weighed = sp.diag(*C) * flow
        minors = [(-weighed)[:k, :k].det() for k in range(1, count + 1)]
        cases = [
            ("symmetric", weighed == weighed.T),
            ("positive definite", all(minor > 0 for minor in minors)),
            ("only the last one leaks", list(sp.ones(1, count) * weighed) == [0] * (count - 1) + [-g[-1]]),
        ]
        verdicts.append(exact.in_all(cases, f"{count} beakers"))
    return all_of(verdicts)


def _log_convex() -> Verdict:
    """The sum of two log-convex triples is log-convex; a single decay is one, with equality."""
    a, b, c, x, y, z = sp.symbols("a b c x y z", real=True)
    inside = [v >= 0 for v in (a, b, c, x, y, z)]
    # (a, b, c), (x, y, z) log-convex: a c >= b^2, x z >= y^2; then (a + x)(c + z) >= (b + y)^2
    return smt.follows([*inside, a * c >= b**2, x * z >= y**2], (a + x) * (c + z) >= (b + y) ** 2)


CERTIFICATES = (
    Certificate(
        "C6-chain",
        "the noise of a mixture of decays adds up its own signal over all ages, so that SNR^2 adds up to N",
        "identically in the amplitudes and decays of 1 ... 4 modes",
        "exact",
        _conserved,
    ),
    Certificate(
        "C6-chain",
        "(age + 1) SNR^2 >= c at the first t ages forces c <= N/H_t",
        "every kernel, each whole t in 1 ... 16",
        "smt",
        _best_level,
    ),
    Certificate(
        "C6-chain",
        "the chain is a symmetric negative-definite flow in units of capacity, so its kernel is a mixture of decays",
        "1 ... 5 beakers of ratio 2",
        "exact",
        _balanced,
    ),
    Certificate(
        "C6-chain",
        "mixtures of log-convex memory curves are log-convex, so the envelope of C6 holds for every mixture of decays",
        "any three consecutive ages of two non-negative curves",
        "smt",
        _log_convex,
    ),
)
