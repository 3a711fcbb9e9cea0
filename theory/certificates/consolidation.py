"""Certificates of S4: the mean over orders is a power, no keys beat equal eigenvalues, contraction, counting, the best hold."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import sympy as sp

from theory.certificates.certificate import Certificate, Verdict, all_of
from theory.certificates.exact import in_all, vanishes
from theory.certificates.smt import follows
from theory.consolidation import S4
from theory.proof.notation import D, T, hold, sweeps

RATIONAL_KEYS = (
    ((1, 0), (sp.Rational(3, 5), sp.Rational(4, 5)), (sp.Rational(-5, 13), sp.Rational(12, 13))),
    ((1, 0, 0), (0, sp.Rational(3, 5), sp.Rational(4, 5)), (sp.Rational(2, 3), sp.Rational(2, 3), sp.Rational(1, 3))),
)


def _power() -> Verdict:
    """Every order of t presentations, averaged in rational arithmetic, for two sets of keys and two rates."""
    cases = []
    for keys, rate, count in itertools.product(RATIONAL_KEYS, (sp.Rational(1, 3), sp.S.One), (1, 2, 3)):
        rows: Any = sp.Matrix(keys)
        gram, facts, total = rows * rows.T, len(keys), sp.zeros(len(keys))
        for order in itertools.product(range(facts), repeat=count):
            weights = sp.zeros(rows.shape[1], facts)
            for fact in order:
                weights += rate * rows[fact, :].T * (sp.eye(facts)[fact, :] - rows[fact, :] * weights)
            total += rows * weights
        power = sp.eye(facts) - (sp.eye(facts) - rate * gram / facts) ** count
        cases.append((f"{keys}, eta = {rate}, t = {count}", (total / facts**count - power).expand() == sp.zeros(facts)))
    return in_all(cases, "mean over all orders")


def _tangents() -> Verdict:
    """z^t minus its tangent at z0 is (z - z0)^2 times a polynomial whose coefficients are all positive."""
    z, z0 = sp.symbols("z z0")
    verdicts = []
    for count in range(2, 17):
        gap = z**count - z0**count - count * z0 ** (count - 1) * (z - z0)
        rest = sum((k + 1) * z0**k * z ** (count - 2 - k) for k in range(count - 1))
        verdicts.append(vanishes(gap - (z - z0) ** 2 * rest, "gap minus its factors"))
    return all_of(verdicts)


def _twice() -> Verdict:
    q = sp.Symbol("q")
    return all_of([follows([q > 0, q <= 1], 1 + q <= 2), follows([q >= 1], 1 + q <= 2 * q)])


def _contraction() -> Verdict:
    eta, y = sp.symbols("eta y")
    domain = [eta >= 0, eta <= 1, y >= 0, y <= 1]
    return all_of(
        [
            follows(domain, (1 - eta * y) ** 2 <= 1 - eta * (2 - eta) * y),
            follows(domain, 1 - eta * (2 - eta) * y >= 1 - y),
        ]
    )


def _counted() -> Verdict:
    law: Any = S4.derivation.laws["presentations"]
    cases = []
    for tasks, held in itertools.product(range(1, 25), range(1, 25)):
        if held <= tasks:
            whole = sum(min(tasks, done + held) for done in range(0, tasks, held))
            point = {T: tasks, hold: held, D: 1, sweeps: 1}
            cases.append((f"T = {tasks}, hold = {held}", law.subs(point) == whole))
    return in_all(cases, "presentations of a stream")


def _least_cost() -> Verdict:
    root, tasks, held = sp.symbols("root T hold", positive=True)  # root = sqrt(sweeps D/(2 price))
    cost = root**2 * tasks * (tasks + held) / held + held  # in units of the price
    least = root**2 * tasks + 2 * root * tasks
    return vanishes(cost - least - (held - root * tasks) ** 2 / held, "cost - least cost - (hold - best)^2/hold")


def _stream() -> Verdict:
    v = sp.Symbol("v", positive=True)
    growth = 2 * (1 / v + 3 * sp.log(v) - 3 * v + v**2 / 2 + sp.Rational(3, 2))
    start = Verdict(growth.subs(v, 1) == 0, 1.0, "it starts at 0")
    return all_of([vanishes(sp.diff(growth, v) + 2 * (1 - v) ** 3 / v**2, "derivative minus integrand"), start])


def _certificate(statement: str, box: str, method: str, prove: Callable[[], Verdict]) -> Certificate:
    return Certificate("S4", statement, box, method, prove)


CERTIFICATES = (
    _certificate(
        "The mean over the order of random presentations makes the depth matrix I - (I - eta K/M)^t",
        "M = 3 facts, two sets of rational keys in 2 and 3 dimensions, eta = 1/3 and 1, t = 1, 2, 3",
        "exact",
        _power,
    ),
    _certificate(
        "z^t lies above its tangents, so (z = 1 - eta lambda/M, Jensen) no keys keep more than min(1, N/M)(1 - (1 - eta/r)^t), "
        "r = min(N, M)",
        "all z and tangent points >= 0, t = 2 ... 16 presentations",
        "exact",
        _tangents,
    ),
    _certificate("Rehearsed depth min(1, N/M) is at most twice the annealed depth N/(N + M)", "all loads M/N > 0", "smt", _twice),
    _certificate(
        "(1 - eta y)^2 <= 1 - eta (2 - eta) y: the two bounds on the squared error are in order; eta = 1 contracts most",
        "0 <= eta <= 1, 0 <= y = lambda/M <= 1",
        "smt",
        _contraction,
    ),
    _certificate(
        "Presentations of a stream with n = ceil(T/hold) sleeps add up to sweeps D (hold n(n-1)/2 + T)",
        "all whole 1 <= hold <= T <= 24 (D = sweeps = 1)",
        "exact",
        _counted,
    ),
    _certificate(
        "Cost exceeds the least cost by price (hold - best_hold)^2/hold",
        "all positive T, hold, sweeps, D, price (hold divides T, or real)",
        "exact",
        _least_cost,
    ),
    _certificate(
        "The presentations of a stream are the integral of m sweeps_enough(m) over m", "all loads 0 < T D/N < 1", "exact", _stream
    ),
)
