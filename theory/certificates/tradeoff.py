"""Certificates of C4: the edge of the forbidden region, annealing, and what a share of deep writes costs.

In units of sigma^2 = V the inequalities are polynomial; a solver decides them on all values, without a box.
"""

from __future__ import annotations

import sympy as sp

from theory.certificates.certificate import Certificate, Verdict, all_of
from theory.certificates.exact import vanishes
from theory.certificates.smt import follows
from theory.proof.notation import J as error
from theory.proof.notation import N, depth, eta, share, sigma
from theory.tradeoff import C4

E, V, OLD, RATE, DELTA, ROOT, SIZE = sp.symbols("E V E_old eta delta root N", real=True)
RATES = [RATE >= 0, RATE <= 1]
DEEP = [DELTA > 0, DELTA <= 1]
SCALE = [V > 0, SIZE >= 1, E >= 0]
CHANGE = RATE**2 * (V + E) - 2 * RATE * E  # N times what one write adds to J = E


def _edge() -> Verdict:
    laws, other = C4.derivation.laws, sp.Symbol("eta_2", real=True)
    pair = [RATE > 0, other > RATE, other <= 1, V > 0]
    return all_of(
        [
            vanishes(laws["eta"].subs(error, laws["J"]) - eta, "strength of the error of a strength, minus it"),
            vanishes(laws["J"].subs(eta, laws["eta"]) - error, "error of the strength of an error, minus it"),
            vanishes(laws["J_min"].subs(depth, eta) - laws["J"], "edge minus steady error"),
            follows(pair, RATE * V * (2 - other) < other * V * (2 - RATE)),
            # the chord at the middle, cleared of its positive denominators
            follows(
                pair,
                (RATE * (2 - other) + other * (2 - RATE)) * (4 - RATE - other) >= 2 * (RATE + other) * (2 - RATE) * (2 - other),
            ),
        ]
    )


def _annealed() -> Verdict:
    """From J >= steady error of the last strength, and a strength that does not rise: J stays above the new one's."""
    start = [E * (2 - DELTA) >= DELTA * V, RATE <= DELTA, *DEEP, *RATES, *SCALE]
    return follows(start, (2 - RATE) * (SIZE * E + CHANGE) >= SIZE * RATE * V)


def _single() -> Verdict:
    law = C4.derivation.laws["J_after"].subs({error: E, depth: RATE, sigma: sp.sqrt(V), N: SIZE})
    return all_of([vanishes(law - E - CHANGE / SIZE, "J_after minus the recursion"), follows([*RATES, *SCALE], CHANGE <= V)])


def _fall() -> Verdict:
    squared = vanishes((V + E) * CHANGE + E**2 - (RATE * (V + E) - E) ** 2, "completed square")
    slower = follows([*SCALE, E > 0], (SIZE * V + (SIZE - 1) * E) >= SIZE * V)
    inverse = vanishes(
        1 / (E - E**2 / (SIZE * (V + E))) - 1 / E - 1 / (SIZE * V + (SIZE - 1) * E), "rise of 1/J under the best strength"
    )
    return all_of([squared, slower, inverse, follows([*RATES, *SCALE], (V + E) * CHANGE >= -(E**2))])


def _peak() -> Verdict:
    """Below the bound the best schedule drifts upwards: q excess(J) > fall(J); excess and fall are monotone in J."""
    excess = DELTA * V - (1 - DELTA) * E
    below = [ROOT > 0, ROOT <= 1, *DEEP, V > 0, E >= 0, E * (1 + (1 - DELTA) * ROOT) < DELTA * V * ROOT]
    other = [OLD >= 0, OLD <= E, V > 0, E >= 0, *DEEP]
    deep = [RATE >= DELTA, *RATES, *DEEP, *SCALE, E <= DELTA * (V + E)]
    law = C4.derivation.laws["J_peak_min"].subs({depth: DELTA, share: ROOT**2, sigma: sp.sqrt(V)}).subs(sp.sqrt(ROOT**2), ROOT)
    return all_of(
        [
            vanishes(law * (1 + (1 - DELTA) * ROOT) - DELTA * V * ROOT, "the law minus the bound"),
            follows(below, ROOT**2 * excess**2 > E**2),
            follows(below, sp.And(excess > 0, E <= DELTA * (V + E))),
            follows(other, E**2 * (V + OLD) >= OLD**2 * (V + E)),
            follows([*other, excess >= 0], excess**2 * (V + OLD) <= (DELTA * V - (1 - DELTA) * OLD) ** 2 * (V + E)),
            follows(deep, CHANGE >= DELTA**2 * (V + E) - 2 * DELTA * E),
        ]
    )


def _mean() -> Verdict:
    """J + (2/depth) N dJ is at least 0 at any write and J_min at deep ones; a lower J stays lower."""
    inside = [*DEEP, *RATES, *SCALE, E * (2 - DELTA) <= DELTA * V]
    potential = DELTA * E + 2 * CHANGE
    later = (SIZE - 2 * RATE + RATE**2) * (E - OLD)
    return all_of(
        [
            follows(inside, potential >= 0),
            follows([*inside, RATE >= DELTA], (2 - DELTA) * potential >= DELTA**2 * V),
            follows([*RATES, *SCALE, OLD <= E], later >= 0),
            # the strengths that lower J most keep it at or below J_min
            follows(inside, (2 - DELTA) * (SIZE * E + CHANGE.subs(RATE, DELTA)) <= SIZE * DELTA * V),
        ]
    )


CERTIFICATES = tuple(
    Certificate("C4", statement, box, method, prove)
    for statement, box, method, prove in (
        (
            "J and eta are each other's inverse, the edge of the forbidden region is J at eta = depth, and J is rising and "
            "midpoint convex in eta",
            "all 0 < eta <= 1, sigma > 0",
            "smt",
            _edge,
        ),
        (
            "If J is at least the steady error of the last strength and the strength does not rise, J after the write is at "
            "least the steady error of the new one",
            "all strengths in [0, 1], N >= 1, sigma > 0, J >= 0",
            "smt",
            _annealed,
        ),
        ("One write of any depth adds at most sigma^2/N to J", "all depths in [0, 1], N >= 1, sigma > 0, J >= 0", "smt", _single),
        (
            "No write lowers J by more than J^2/(N (sigma^2 + J)), nor raises 1/J by more than 1/(N sigma^2)",
            "all strengths in [0, 1], N >= 1, sigma > 0, J > 0",
            "smt",
            _fall,
        ),
        (
            "Below J_peak_min a share q of deep writes adds more than all writes can take away, so J cannot stay there",
            "all depths and shares in (0, 1], sigma > 0, J >= 0, strengths of deep writes in [depth, 1], N >= 1",
            "smt",
            _peak,
        ),
        (
            "J + (2/depth) N dJ is at least 0 at every write and at least J_min(depth) at deep ones, so mean J >= q J_min(depth)",
            "all depths in (0, 1], strengths in [0, 1], N >= 1, sigma > 0, 0 <= J <= J_min(depth)",
            "smt",
            _mean,
        ),
    )
)
