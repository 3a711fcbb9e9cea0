"""I1 and I2 certified: the Welch floor by SMT and on exact frames, the coding-level law by counting every pair of codes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy as sp

from theory.certificates import exact, smt
from theory.certificates.certificate import Certificate, Verdict, all_of
from theory.interference import I2
from theory.proof.notation import N
from theory.proof.notation import a as A
from theory.proof.notation import c as C


def _spread_eigenvalues() -> Verdict:
    """n sum mu^2 >= (sum mu)^2, n = 2, 3, 4."""
    verdicts = []
    for n in (2, 3, 4):
        mu = sp.symbols(f"mu1:{n + 1}", real=True)
        verdicts.append(smt.follows([], sp.Ge(sp.expand(n * sum(x**2 for x in mu) - sum(mu) ** 2), 0)))
    return all_of(verdicts)


def _frames() -> Iterator[tuple[str, bool]]:
    """Rational unit vectors (stereographic projection of integer points), M of them in N dimensions, and tight frames of axes."""
    rng = np.random.default_rng(0)
    for size, count in itertools.product((1, 2, 3, 5), (1, 2, 4, 7)):
        points = [[Fraction(int(x), 3) for x in rng.integers(-6, 7, size - 1)] for _ in range(count)]
        vectors = [[2 * x / (1 + sum(y * y for y in point)) for x in point] for point in points]
        vectors = [[*vector, 1 - 2 / (1 + sum(y * y for y in point))] for vector, point in zip(vectors, points, strict=True)]
        yield f"N = {size}, M = {count}", _welch(vectors, size, tight=False)
    for size, copies in itertools.product((1, 2, 4), (1, 2, 3)):
        axes = [[Fraction((-1) ** copy * (i == j)) for j in range(size)] for i in range(size) for copy in range(copies)]
        yield f"N = {size}, {copies} copies of the axes", _welch(axes, size, tight=True)


def _welch(vectors: list[list[Fraction]], size: int, tight: bool) -> bool:
    """The identity, the floor, and equality where the frame is tight, in exact arithmetic."""
    count = len(vectors)
    gram = [[sum((x * y for x, y in zip(u, v, strict=True)), Fraction(0)) for v in vectors] for u in vectors]
    unit = all(gram[i][i] == 1 for i in range(count))
    squares = sum((x * x for row in gram for x in row), Fraction(0))
    mean = sum((gram[i][j] ** 2 for i in range(count) for j in range(count) if i != j), Fraction(0)) / count
    ratio = Fraction(count * count) / squares
    floor = max(Fraction(count, size) - 1, Fraction(0))
    return unit and mean == count / ratio - 1 and mean >= floor and (not tight or mean == floor)


def _law(size: int, activity: Fraction, magnitudes: dict[int, Fraction]) -> bool:
    """I2 against every pair of codes of `size` units; magnitudes: value -> probability, given activity."""
    entry = {0: 1 - activity} | {value: activity * chance for value, chance in magnitudes.items()}
    codes = list(itertools.product(entry, repeat=size))
    chances = [np.prod([entry[value] for value in code]) for code in codes]
    energy = sum((p * sum(x * x for x in code) for p, code in zip(chances, codes, strict=True)), Fraction(0))
    square = sum(
        (
            p * q * sum(x * y for x, y in zip(one, other, strict=True)) ** 2
            for (p, one), (q, other) in itertools.product(zip(chances, codes, strict=True), repeat=2)
        ),
        Fraction(0),
    )
    first = sum((value * chance for value, chance in magnitudes.items()), Fraction(0))
    second = sum((value * value * chance for value, chance in magnitudes.items()), Fraction(0))
    common = first**2 / second
    return square / energy**2 == Fraction(1, size) + (1 - Fraction(1, size)) * (activity * common) ** 2


def _codes() -> Iterator[tuple[str, bool]]:
    magnitudes = {
        "equal": {1: Fraction(1)},
        "two sizes": {1: Fraction(2, 3), 3: Fraction(1, 3)},
        "signed": {1: Fraction(1, 2), -1: Fraction(1, 2)},
    }
    for size, (name, law), activity in itertools.product(
        (1, 2, 3), magnitudes.items(), (Fraction(1, 5), Fraction(1, 2), Fraction(1))
    ):
        yield f"N = {size}, {name}, a = {activity}", _law(size, activity, law)


def _binary() -> Iterator[tuple[str, bool]]:
    """Codes of exactly k active units, normalised one by one: mean of (common units)^2/k^2 over all pairs of supports."""
    for size in range(2, 8):
        for active in range(1, size + 1):
            supports = [frozenset(s) for s in itertools.combinations(range(size), active)]
            total = sum(len(supports[0] & other) ** 2 for other in supports)  # the same for every first support, by symmetry
            mean = Fraction(total, len(supports) * active**2)
            law = Fraction(1, size) + (1 - Fraction(1, size)) * Fraction(active - 1, size - 1) ** 2
            yield f"N = {size}, {active} active", mean == law


def _moments() -> Verdict:
    """The law for every N, a and c from the two moments, as a rational identity."""
    first, second = sp.symbols("p1 p2", positive=True)
    direct = (N * second**2 + N * (N - 1) * first**4) / (N * second) ** 2
    law = I2.derivation.laws["mean_square_overlap"]
    return exact.vanishes((direct - law.subs(C, first**2 / second / A)), "E<v,v'>^2/(E|v|^2)^2 minus the law")


def _monotone() -> Verdict:
    """More activity never lowers the overlap; at a* it is at most twice the floor, from 2 a* on at least 3 times (N >= 2)."""
    # without the assumptions of the terms, which SymPy would use up before the solver sees them
    a, c, inverse, more = sp.symbols("a c inverse more", real=True)

    def law(activity: sp.Symbol) -> sp.Expr:
        return I2.derivation.laws["mean_square_overlap"].subs({A: activity, C: c, N: 1 / inverse})

    box = [a > 0, more >= a, more <= 1, c >= 0, c <= 1, inverse > 0, inverse <= 1]
    return all_of(
        [
            smt.follows(box, law(more) >= law(a)),
            smt.follows(box, law(a) >= inverse),
            smt.follows([*box, a**2 * c**2 <= inverse], law(a) <= 2 * inverse),
            smt.follows([*box, inverse <= sp.Rational(1, 2), a**2 * c**2 >= 4 * inverse], law(a) >= 3 * inverse),
        ]
    )


def _second_moments() -> Verdict:
    """N tr S^2 >= (tr S)^2 for symmetric S, N = 2, 3: no distribution of codes overlaps less than 1/N."""
    verdicts = []
    for n in (2, 3):
        matrix = sp.Matrix(n, n, lambda i, j: sp.Symbol(f"s{min(i, j)}{max(i, j)}", real=True))
        verdicts.append(smt.follows([], sp.Ge(sp.expand(n * (matrix**2).trace() - matrix.trace() ** 2), 0)))
    return all_of(verdicts)


CERTIFICATES = (
    Certificate(
        "I1", "n tr K^2 >= (tr K)^2: PR is at most the rank", "all spectra of rank n = 2, 3, 4", "smt", _spread_eigenvalues
    ),
    Certificate(
        "I1",
        "the identity, the floor M/N - 1, and equality at tight frames, in exact arithmetic",
        "16 rational frames, N = 1, 2, 3, 5, M = 1, 2, 4, 7, and 9 tight ones of axes (N = 1, 2, 4; 1, 2, 3 copies)",
        "exact",
        lambda: exact.in_all(_frames(), "identity and floor"),
    ),
    Certificate("I2", "the law follows from the first two moments", "all N, a, c", "exact", _moments),
    Certificate(
        "I2",
        "the law equals the mean over every pair of codes",
        "N = 1, 2, 3; a = 1/5, 1/2, 1; three laws of magnitudes (equal, two sizes, signed)",
        "exact",
        lambda: exact.in_all(_codes(), "law against all pairs"),
    ),
    Certificate(
        "I2",
        "the law of binary codes with a fixed number of active units equals the mean over every pair",
        "N = 2 ... 7, 1 ... N active units",
        "exact",
        lambda: exact.in_all(_binary(), "law against all supports"),
    ),
    Certificate(
        "I2",
        "the overlap grows with a; it is between 1 and 2 times the floor below a*, and at least 3 times from 2 a* on",
        "all N >= 1 (the last: N >= 2), 0 < a <= 1, 0 <= c <= 1",
        "smt",
        _monotone,
    ),
    Certificate(
        "I2", "tr Sigma^2 >= (tr Sigma)^2/N: no code overlaps less than 1/N", "all Sigma, N = 2, 3", "smt", _second_moments
    ),
)
