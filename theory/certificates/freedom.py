"""C1-any certified: what bounds the total depth of a learner, and the two counterexamples, in closed form."""

from __future__ import annotations

import sympy as sp

from theory.certificates import exact, smt
from theory.certificates.certificate import Certificate, Verdict, all_of


def _one_number() -> Verdict:
    """(tr l r^T)^2 <= |l|^2 |r|^2, the squared norm of the matrix, M = 2, 3 facts."""
    verdicts = []
    for facts in (2, 3):
        left, right = (sp.symbols(f"{name}1:{facts + 1}", real=True) for name in ("l", "r"))
        trace = sum(x * y for x, y in zip(left, right, strict=True))
        norms = sum(x**2 for x in left) * sum(y**2 for y in right)
        verdicts.append(smt.follows([], sp.Ge(sp.expand(norms - trace**2), 0)))
    return all_of(verdicts)


def _ridge() -> Verdict:
    """0 < mu/(mu + penalty) <= 1, multiplied by its positive denominator."""
    mu, penalty = sp.symbols("mu penalty", real=True)
    return smt.follows([mu > 0, penalty >= 0], sp.And(mu > 0, mu <= mu + penalty))


def _best_of_two() -> Verdict:
    """E max(z_1^2, z_2^2) = E r^2 * 4/pi * integral of cos^2 over [0, pi/4], from antiderivatives that are differentiated."""
    angle, r = sp.symbols("angle r", real=True)
    turned = angle / 2 + sp.sin(angle) * sp.cos(angle) / 2
    squares = -(r**2 + 2) * sp.exp(-(r**2) / 2)  # of r^2 times the density r exp(-r^2/2)
    mean_square = sp.limit(squares, r, sp.oo) - squares.subs(r, 0)
    share = 4 / sp.pi * (turned.subs(angle, sp.pi / 4) - turned.subs(angle, 0))
    return exact.in_all(
        [
            ("cos^2", sp.simplify(sp.diff(turned, angle) - sp.cos(angle) ** 2) == 0),
            ("r^3 exp(-r^2/2)", sp.simplify(sp.diff(squares, r) - r**3 * sp.exp(-(r**2) / 2)) == 0),
            ("E r^2", mean_square == 2),
            ("E max", sp.simplify(mean_square * share - 1 - 2 / sp.pi) == 0),
        ],
        "antiderivatives and their ends",
    )


def _switch() -> Verdict:
    """2 * integral of z (L/2) phi(z) over z > 0 = L/sqrt(2 pi): -phi is an antiderivative of z phi."""
    z, height = sp.symbols("z L", real=True)
    phi = sp.exp(-(z**2) / 2) / sp.sqrt(2 * sp.pi)
    mean = height * (sp.limit(-phi, z, sp.oo) + phi.subs(z, 0))
    return exact.in_all(
        [
            ("z phi", sp.simplify(sp.diff(-phi, z) - z * phi) == 0),
            ("E z f(z)", sp.simplify(mean - height / sp.sqrt(2 * sp.pi)) == 0),
        ],
        "antiderivative and its ends",
    )


CERTIFICATES = (
    Certificate(
        "C1-any",
        "a learner through one number keeps at most the norm of its map: (tr J)^2 <= |J|^2",
        "N = 1, M = 2, 3 facts, all maps J = l r^T",
        "smt",
        _one_number,
    ),
    Certificate("C1-any", "ridge regression keeps at most 1 of each direction", "all mu > 0, penalty >= 0", "smt", _ridge),
    Certificate(
        "C1-any",
        "the best single one of two orthonormal features keeps 1 + 2/pi of noise alone, more than the one that is fitted",
        "N = 2, exactly",
        "exact",
        _best_of_two,
    ),
    Certificate("C1-any", "a choice between two constants keeps jump/sqrt(2 pi)", "all jumps", "exact", _switch),
)
