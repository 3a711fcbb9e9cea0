"""Certificates of the methods' laws: bounds by SMT and exact derivatives, and the methods run in exact rational arithmetic.

The runs take every sequence of keys from a finite set (integer keys up to sign) and carry each readout as a vector of
fractions, one for each target, so that depths come out exactly. They prove the claim for those sequences, and the code path
for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import permutations, product
from math import comb

import sympy as sp

from theory.certificates.certificate import Certificate, Verdict, all_of
from theory.certificates.exact import in_all, vanishes
from theory.certificates.smt import follows
from theory.methods import ewc

Vector = tuple[Fraction, ...]
Matrix = list[list[Fraction]]


def _keys(size: int) -> list[Vector]:
    """All keys with entries -1, 0, 1 except 0, one of each pair +-x."""
    return [tuple(map(Fraction, key)) for key in product((-1, 0, 1), repeat=size) if next((x for x in key if x), 0) > 0]


def _dot(one: Sequence[Fraction], other: Sequence[Fraction]) -> Fraction:
    return sum((x * y for x, y in zip(one, other, strict=True)), Fraction(0))


def _solve(matrix: Matrix, right: Matrix) -> Matrix:
    """matrix^-1 right by elimination; `ZeroDivisionError` if singular."""
    rows = [list(row) + list(more) for row, more in zip(matrix, right, strict=True)]
    size = len(rows)
    for column in range(size):
        pivot = next((i for i in range(column, size) if rows[i][column]), None)
        if pivot is None:
            raise ZeroDivisionError("singular")
        rows[column], rows[pivot] = rows[pivot], rows[column]
        rows[column] = [x / rows[column][column] for x in rows[column]]
        for i in range(size):
            if i != column and rows[i][column]:
                factor = rows[i][column]
                rows[i] = [x - factor * y for x, y in zip(rows[i], rows[column], strict=True)]
    return [row[size:] for row in rows]


def _gram(keys: Iterable[Vector], ridge: Fraction, size: int) -> Matrix:
    total = [[ridge * (i == j) for j in range(size)] for i in range(size)]
    for key in keys:
        for i in range(size):
            for j in range(size):
                total[i][j] += key[i] * key[j]
    return total


def _written(keys: Sequence[Vector], direction: Callable[[int], Vector | None]) -> list[Fraction]:
    """Depths after writes w <- w + v (y - <x, w>)/<v, x> along v = direction(i), none where that is None."""
    size, count = len(keys[0]), len(keys)
    weights = [[Fraction(0)] * count for _ in range(size)]
    for i, key in enumerate(keys):
        along = direction(i)
        if along is None:
            continue
        gain = _dot(along, key)
        missing = [Fraction(j == i) - _dot(key, [row[j] for row in weights]) for j in range(count)]
        for k in range(size):
            weights[k] = [old + along[k] * left / gain for old, left in zip(weights[k], missing, strict=True)]
    return [_dot(key, [row[i] for row in weights]) for i, key in enumerate(keys)]


def _orthogonal(keys: Sequence[Vector]) -> list[Vector | None]:
    """Each key's part orthogonal to the earlier ones, None where it is 0 (Gram-Schmidt, not normalised)."""
    kept: list[Vector | None] = []
    for key in keys:
        rest = key
        for other in filter(None, kept):
            factor = _dot(key, other) / _dot(other, other)
            rest = tuple(x - factor * y for x, y in zip(rest, other, strict=True))
        kept.append(rest if any(rest) else None)
    return kept


def _projection() -> Verdict:
    def cases() -> Iterable[tuple[str, bool]]:
        for size, count in ((2, 4), (3, 3)):
            for keys in product(_keys(size), repeat=count):
                across = _orthogonal(keys)
                rank = sum(part is not None for part in across)
                yield str(keys), sum(_written(keys, across.__getitem__)) == rank <= size

    return in_all(cases(), "total depth = rank <= N")


def _batch() -> Verdict:
    """Depths of least squares with ridge 1, by the recursion in every order."""

    def recursion(keys: Sequence[Vector]) -> list[Fraction]:
        size, count, ridge = len(keys[0]), len(keys), Fraction(1)
        weights = [[Fraction(0)] * count for _ in range(size)]
        for i, key in enumerate(keys):
            moved = [row[0] for row in _solve(_gram(keys[:i], ridge, size), [[x] for x in key])]
            scale = 1 + _dot(key, moved)
            missing = [Fraction(j == i) - _dot(key, [row[j] for row in weights]) for j in range(count)]
            for k in range(size):
                weights[k] = [old + moved[k] * left / scale for old, left in zip(weights[k], missing, strict=True)]
        return [_dot(key, [row[i] for row in weights]) for i, key in enumerate(keys)]

    def cases() -> Iterable[tuple[str, bool]]:
        for keys in product(_keys(2), repeat=3):
            solved = [_solve(_gram(keys, Fraction(1), 2), [[x] for x in key]) for key in keys]
            batch = [_dot(key, [row[0] for row in column]) for key, column in zip(keys, solved, strict=True)]
            for order in permutations(range(3)):
                kept = recursion([keys[i] for i in order])
                yield str(keys), kept == [batch[i] for i in order] and sum(kept) < 2

    return in_all(cases(), "recursion = batch solution in every order, total depth < N")


def _own_answers() -> Verdict:
    """Least squares on own answers for old cues and labels for new ones, against labels for all."""

    def fit(keys: Sequence[Vector], targets: Matrix) -> Matrix:
        size = len(keys[0])
        right = [
            [_dot([key[i] for key in keys], [row[j] for row in targets]) for j in range(len(targets[0]))] for i in range(size)
        ]
        return _solve(_gram(keys, Fraction(0), size), right)

    def cases() -> Iterable[tuple[str, bool]]:
        for keys in product(_keys(2), repeat=4):
            labels = [[Fraction(i == j) for j in range(4)] for i in range(4)]
            try:
                before = fit(keys[:3], labels[:3])
            except ZeroDivisionError:  # three parallel keys leave the first fit undetermined
                continue
            answers = [[_dot(key, [row[j] for row in before]) for j in range(4)] for key in keys[:3]]
            yield str(keys), fit(keys, answers + labels[3:]) == fit(keys, labels)

    return in_all(cases(), "relearning own answers = learning the labels")


def _preconditioned() -> Verdict:
    """Depths of edits with C = S S^T against those of the whitened keys S^-1 k with the identity."""

    def cases() -> Iterable[tuple[str, bool]]:
        for mixing in ([[1, 0], [0, 3]], [[2, 0], [1, 1]], [[1, 0], [-4, 5]]):
            root = [[Fraction(x) for x in row] for row in mixing]
            moment = [[_dot(one, other) for other in root] for one in root]
            for keys in product(_keys(2), repeat=4):
                white = [tuple(row[0] for row in _solve(root, [[x] for x in key])) for key in keys]
                moved = [tuple(row[0] for row in _solve(moment, [[x] for x in key])) for key in keys]
                kept = _written(keys, moved.__getitem__)
                yield str((mixing, keys)), kept == _written(white, white.__getitem__) and sum(kept) < 3

    return in_all(cases(), "depths with C = depths of whitened keys, total < 2N - 1")


def _annealing_wins() -> Verdict:
    y, m, n = sp.symbols("y m n", real=True)
    room = [y >= 0, y < 1, m >= 0, n >= 1, n * y <= 1]
    return all_of(
        [
            follows(room, (n + m) * y <= 1 + m * y),
            follows(room, m * (1 - y) <= m * (1 + m * y)),  # the slope of ln(1 + m y) + m ln(1 - y), which is 0 at y = 0
        ]
    )


def _ladder() -> Verdict:
    n, m = sp.symbols("n m", real=True)
    return all_of(
        [
            follows([n >= 1, m >= 1], n <= n + m - 1),
            follows([n >= 1, m >= 1], n * m <= n * (n + m - 1)),
        ]
    )


def _crosstalk() -> Verdict:
    """1/SNR - M/N times exp(1/u) starts at 0 and has a slope that is a product of non-negative factors."""
    u = sp.Symbol("u", positive=True)
    inverse = sp.expand(1 / ewc.snr_of_oldest(u))
    gap = sp.expand((inverse - (u - 1)) * sp.exp(1 / u))
    slope = sp.simplify(sp.diff(gap, u) - (u - 1) * sp.exp(1 / u) / u**2)
    return in_all(
        [("start", sp.simplify(gap.subs(u, 1)) == 0), ("slope", slope == 0)], "start 0, slope (u - 1) exp(1/u)/u^2 >= 0"
    )


def _bernoulli() -> Verdict:
    h, x, m = sp.symbols("h x m", real=True)
    room = [x >= 0, x <= 1, m >= 0, h >= 1 - m * x]
    return follows(room, h * (1 - x) >= 1 - (m + 1) * x)


def _missing_freedom() -> Verdict:
    r, n, m = sp.symbols("r n m", real=True)
    room = [r >= 0, r <= n, r <= m]
    return all_of([follows(room, r * (n + m - r) <= n * m), follows(room, r * (n + m - r) <= r * (n + m))])


def _shares() -> Verdict:
    t, a, facts, n = sp.symbols("t a facts n", real=True)
    return follows([t >= 0, a >= 0, facts >= 0, n >= 0, t * a <= 1, facts <= a * n], t * facts <= n)


def _window() -> Verdict:
    n, buffered = sp.symbols("n held", positive=True)
    loss = 1 / (n - buffered)
    return vanishes(buffered + 1 + (1 - loss) / loss - n, "B + 1 + sum_(k >= 1) (1 - 1/(N - B))^k - N")


def _untouched() -> Verdict:
    cases = (
        ((slots, k), Fraction(comb(slots - k, k), comb(slots, k)) <= (1 - Fraction(k, slots)) ** k)
        for slots in range(1, 81)
        for k in range(1, slots + 1)
    )
    return in_all(cases, "C(N - k, k)/C(N, k) <= (1 - k/N)^k")


def _routing() -> Verdict:
    def cases() -> Iterable[tuple[str, bool]]:
        for number, width, age in product(range(1, 8), range(1, 8), range(8)):
            met, left = Fraction(1, number), 1 - Fraction(1, width)
            mean = sum(comb(age, k) * met**k * (1 - met) ** (age - k) * left**k for k in range(age + 1))
            yield f"E = {number}, N/E = {width}, age {age}", mean == (1 - Fraction(1, number * width)) ** age

    return in_all(cases(), "mean over the routing = one store of N")


def _columns() -> Verdict:
    cases = ((tasks, 2 * sum(range(1, tasks + 1)) == tasks * (tasks + 1)) for tasks in range(1, 301))
    return in_all(cases, "parameters of T columns with lateral connections")


KEYS2 = "all sequences of 3 keys with entries -1, 0, 1 (up to sign) in N = 2, in every order, ridge 1"

CERTIFICATES = (
    Certificate(
        "finetuning",
        "no fixed strength keeps the oldest of M facts deeper than annealed ones do: eta (1 - eta/N)^(M-1) <= N/(N + M - 1)",
        "all real N >= 1, M >= 1, 0 <= eta <= 1, eta < N",
        "smt",
        _annealing_wins,
    ),
    Certificate(
        "ewc",
        "a uniform diagonal keeps no fact deeper than the exact Hessian: N/(N + M - 1) <= min(1, N/M)",
        "all real N, M >= 1",
        "smt",
        _ladder,
    ),
    Certificate("ewc", "the oldest fact under a uniform diagonal has SNR <= N/M", "all M/N > 0", "exact", _crosstalk),
    Certificate(
        "ewc", "EWC with the exact Hessian ends in the batch least-squares solution, total depth < N", KEYS2, "exact", _batch
    ),
    Certificate(
        "gpm",
        "projected writes keep a total depth equal to the rank of all keys",
        "all sequences of keys with entries -1, 0, 1 (up to sign): 4 in N = 2, 3 in N = 3",
        "exact",
        _projection,
    ),
    Certificate(
        "replay", "the law's depths under a sliding buffer add up to N", "all 0 <= B < N - 1 (identity)", "exact", _window
    ),
    Certificate("masks", "T D <= N if T a <= 1 and D <= a N", "all real T, a, D, N >= 0", "smt", _shares),
    Certificate("lora", "r (N + m - r) <= N m and <= r (N + m)", "all real 0 <= r <= N, m", "smt", _missing_freedom),
    Certificate(
        "sparse_memory",
        "a fact is untouched by a later one with probability at most (1 - a)^(a N)",
        "N = 1 ... 80, every a N = 1 ... N",
        "exact",
        _untouched,
    ),
    Certificate(
        "editing",
        "preconditioned edits keep exactly what orthogonal writes of whitened keys keep, less than 2N - 1 in all",
        "N = 2, three second moments, all sequences of 4 keys with entries -1, 0, 1 (up to sign)",
        "exact",
        _preconditioned,
    ),
    Certificate(
        "editing",
        "after M edits the oldest keeps at least 1 - (M - 1)/N (induction step of Bernoulli's inequality)",
        "all N >= 1, M >= 1",
        "smt",
        _bernoulli,
    ),
    Certificate(
        "experts",
        "retained depth averaged over the routing is that of one store",
        "E, N/E = 1 ... 7, age 0 ... 7, eta = 1",
        "exact",
        _routing,
    ),
    Certificate(
        "progressive",
        "T columns with lateral connections have N T (T + 1)/2 parameters for each output",
        "T = 1 ... 300",
        "exact",
        _columns,
    ),
    Certificate(
        "self_rehearsal",
        "least squares on own answers and new facts is least squares on all labels",
        "N = 2, all sequences of 4 keys with entries -1, 0, 1 (up to sign), of which the first 3 span",
        "exact",
        _own_answers,
    ),
)
