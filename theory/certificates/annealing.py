"""C2-schedule certified: the bound for every schedule and spectrum, the inequality that it rests on, and the annealed writes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy as sp

from theory.certificates import exact, smt
from theory.certificates.certificate import Certificate, Verdict, all_of


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
        "C2-schedule",
        "min_i s_i <= N/(N + M - 1) for every spectrum and every schedule",
        "N = 2 and M = 2, 3; N = 3 and M = 2; all spectra, all strengths in [0, 1]",
        "smt",
        lambda: all_of([_any_schedule(2, 2), _any_schedule(2, 3), _any_schedule(3, 2)]),
    ),
    Certificate(
        "C2-schedule", "Chebyshev's sum inequality, as a sum over pairs", "n = 2 ... 6, free variables", "exact", _chebyshev
    ),
    Certificate(
        "C2-schedule",
        "annealed strengths keep every fact at exactly N/(N/h + M - 1)",
        "N = 1, 2, 3, 7; M = 1, 2, 5, 12; h = 1, 1/2, 2/7",
        "exact",
        lambda: exact.in_all(_annealed(), "annealed depth"),
    ),
    Certificate(
        "C2-schedule",
        "sum_i s_i <= n - (n/F - 1) S, S the depth of the first task: the step from which the bound for schedules follows",
        "144 rational spectra and schedules, n = 1, 2, 3, 5; T = 1, 2, 4; D = 1, 2, 3",
        "exact",
        lambda: exact.in_all(_key_inequality(), "the step"),
    ),
)
