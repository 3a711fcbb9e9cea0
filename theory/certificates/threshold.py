"""C3-threshold certified: a threshold keeps less than the Gaussian read holds, at every SNR."""

from __future__ import annotations

import sympy as sp

from theory.certificates import smt
from theory.certificates.balls import above_zero
from theory.certificates.certificate import Certificate, Verdict, all_of

s = sp.Symbol("s", real=True)


def _hard_below_graded() -> Verdict:
    """1 - H(Phi(-s)) <= (1/2) log2(1 + s^2), dense outputs, s^2 = SNR; beyond s = 2 the right side exceeds 1."""
    q = sp.erfc(s / sp.sqrt(2)) / 2
    kept = sp.log(2) + q * sp.log(q) + (1 - q) * sp.log(1 - q)
    return all_of(
        [
            above_zero(sp.log(1 + s**2) / 2 - kept, {s: (0, 2)}, contact=(s, 0)),
            smt.follows([s >= 2], 1 + s**2 > 4),
        ]
    )


CERTIFICATES = (
    Certificate(
        "C3-threshold",
        "a threshold keeps less than the Gaussian read holds, f = 1/2: 1 - H(Phi(-sqrt SNR)) <= (1/2) log2(1 + SNR)",
        "all SNR >= 0",
        "balls",
        _hard_below_graded,
    ),
)
