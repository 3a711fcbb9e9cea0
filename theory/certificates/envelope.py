"""Certificates of C6: two states outright, the maxima over tangents, and the serial model that attains the area."""

from __future__ import annotations

import sympy as sp
from sympy.polys.matrices import DomainMatrix

from theory.certificates import balls, exact, smt
from theory.certificates.certificate import Certificate, Verdict, all_of

M_MOST, STATES = 24, range(2, 7)


def _two_states() -> Verdict:
    """Start and area of two states in the fluxes of M+ (u1 up, v1 down) and of M- (u2 up, v2 down), f included."""
    f, a, b, c, d, u1, u2, v1, v2 = sp.symbols("f a b c d u_1 u_2 v_1 v_2", real=True)
    up, down = u1 + u2, v1 + v2
    total = up + down
    # Cov(b, "up") of one event times the total flux; M+ moves up with chance a and down with c, M- up with d and down with b
    gain = 2 * f * (1 - f) * ((down * (a - d)) + up * (b - c))
    fluxes = {u1: f * a, u2: (1 - f) * d, v1: f * c, v2: (1 - f) * b}
    identity = exact.vanishes((gain - 2 * (u1 * v2 - u2 * v1)).subs(fluxes), "covariance in terms of fluxes")
    # sd(w) = sqrt(up down)/total for w = 0, 1, so SNR(0)^2 = 4 (u1 v2 - u2 v1)^2/(up down), and area = SNR(0)/total
    allowed = [u1 >= 0, u2 >= 0, v1 >= 0, v2 >= 0]
    reachable = [u1 <= f, v1 <= f, u2 <= 1 - f, v2 <= 1 - f]
    start = smt.follows([*allowed, *reachable], 4 * (u1 * v2 - u2 * v1) ** 2 <= up * down)
    area = smt.follows(allowed, 4 * (u1 * v2 - u2 * v1) ** 2 <= up * down * total**2)
    return all_of([identity, start, area])


def _tangent() -> Verdict:
    """z = ln(q x): q x exp(-q x) <= 1/e, that is exp(z) >= 1 + z."""
    z = sp.Symbol("z", real=True)
    return balls.above_zero(sp.exp(z) - 1 - z, {z: (-50, 50)}, contact=(z, sp.S.Zero))


def _by_age() -> Verdict:
    """M (1-y) y^(M-1) <= (1 - 1/M)^(M-1), with equality at y = 1 - 1/M."""
    y = sp.Symbol("y", positive=True)
    verdicts = []
    for events in range(2, M_MOST + 1):
        best = sp.Rational(events - 1, events)
        margin = best ** (events - 1) - events * (1 - y) * y ** (events - 1)
        verdicts.append(balls.above_zero(margin, {y: (0, 1)}, contact=(y, best)))
    return all_of(verdicts)


def _serial() -> Verdict:
    """The serial model's area, exactly, as a function of the chance of leaving an end: below M_s - 1, which it tends to."""
    leave = sp.Symbol("leave", positive=True)
    verdicts = []
    for states in STATES:
        up = sp.zeros(states)
        for state in range(states - 1):
            up[state, state + 1] = leave if state == 0 else 1
        up[0, 0], up[states - 1, states - 1] = 1 - leave, 1
        down = up[::-1, ::-1]
        occupied = sp.Matrix([1 / leave, *[1] * (states - 2), 1 / leave] if states > 2 else [1, 1])
        pi = (occupied / sum(occupied)).applyfunc(sp.cancel).T
        w = sp.Matrix([sp.sign(2 * state - states + 1) for state in range(states)])
        forget = (up + down) / 2
        stays = all(sp.cancel(entry) == 0 for entry in pi * forget - pi)
        change = (pi * (up - down) / 2).applyfunc(sp.cancel)
        system = DomainMatrix.from_Matrix((sp.eye(states) - forget + sp.ones(states, 1) * pi).row_join(w)).to_field()
        remaining = system[:, :-1].lu_solve(system[:, -1:]).to_Matrix()
        total = sp.cancel((change * remaining)[0])
        variance = sp.cancel((pi * w.applyfunc(lambda x: x**2))[0])
        margin = sp.cancel((states - 1) ** 2 * variance - total**2)
        verdicts.append(exact.in_all([("pi Q = pi", stays), ("limit", total.subs(leave, 0) == states - 1)], f"M_s = {states}"))
        verdicts.append(balls.above_zero(sp.factor(margin), {leave: (0, 1)}))
    return all_of(verdicts)


CERTIFICATES = (
    Certificate(
        "C6",
        "two states: SNR(0) <= sqrt(N), and the area is at most sqrt(N)/rate",
        "every M+, M- and f for M_s = 2; the area for any non-negative fluxes",
        "smt",
        _two_states,
    ),
    Certificate(
        "C6",
        "q exp(-q x) <= 1/(e x): an exponential of given area is nowhere above the late envelope",
        "ln(q x) in [-50, 50] (convex, with contact at q x = 1)",
        "balls",
        _tangent,
    ),
    Certificate(
        "C6",
        "M (1 - y) y^(M-1) <= (1 - 1/M)^(M-1): an exponential of given power keeps M SNR^2 below the ceiling of one fixed regime",
        f"0 <= y <= 1, each whole M in 2 ... {M_MOST}",
        "balls",
        _by_age,
    ),
    Certificate(
        "C6",
        "the serial model's area is at most sqrt(N) (M_s - 1)/rate and tends to it as its ends are left more and more rarely",
        "0 <= chance of leaving <= 1, each M_s in 2 ... 6",
        "balls",
        _serial,
    ),
)
