"""Identities and finite cases settled in exact arithmetic: integers, fractions, polynomials, free (non-commuting) variables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sympy as sp

from theory.certificates.certificate import Verdict


def vanishes(expression: Any, what: str = "the difference of the two sides") -> Verdict:
    """Whether a rational expression is identically zero: its numerator, expanded in exact arithmetic, has no term."""
    commuting = all(symbol.is_commutative for symbol in expression.free_symbols)
    numerator = sp.numer(sp.together(expression)) if commuting else expression
    rest = sp.expand(numerator)
    return Verdict(rest == 0, float(rest == 0), f"{what} is identically 0" if rest == 0 else f"{what} leaves {rest}")


def in_all(cases: Iterable[tuple[Any, bool]], what: str) -> Verdict:
    """Whether every case of a finite list (label, outcome in exact arithmetic) holds; the first that does not is named."""
    total, failed = 0, []
    for label, outcome in cases:
        total += 1
        if not outcome:
            failed.append(label)
    share = 1 - len(failed) / total if total else 0.0
    return Verdict(total > 0 and not failed, share, f"{what}: {total} cases" if not failed else f"{what} fails at {failed[0]}")
