r"""How deep one write goes fixes how well shared structure can be compressed (claim C4).

A store learns y = <w*, x> + xi by the delta rule at one strength eta: w* is shared structure, xi the private part of a fact (mean 0,
variance sigma^2), x an isotropic unit direction. The steady mean-square error on the shared part is

    J = eta sigma^2 / (2 - eta),    that is    eta = 2 J / (sigma^2 + J),

and eta is also the depth at which a fact's private part has just been written. One regime cannot be accurate on the structure (small J)
and deep on the fact (large eta). This is the misadjustment of LMS (Widrow and Hoff 1960; Haykin, Adaptive Filter Theory) read as a limit on memory.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from theory.claim import Assumption, Claim, Derivation, Quantity
from theory.notation import J as error
from theory.notation import N, depth, eta, sigma


def derive() -> Derivation:
    """C4: the recursion of the squared error, its steady state, its inverse."""
    proof = Derivation()
    e, q, noise = sp.symbols("e q xi", real=True)
    energy = sp.Symbol("E", positive=True)
    proof.given("One write with |x| = 1 moves the error vector along x only; with q = <e, x>, that component becomes",
                (1 - eta) * q + eta * noise)  # fmt: skip
    change = sp.expand(((1 - eta) * q + eta * noise) ** 2 - q**2)
    proof.equal("so |e|^2 changes by", change, sp.expand((eta**2 - 2 * eta) * q**2 + 2 * eta * (1 - eta) * q * noise + eta**2 * noise**2))
    averaged = change.subs(q * noise, 0).subs({q**2: energy / N, noise**2: sigma**2})
    averaged = sp.expand(averaged).coeff(q, 0).subs(noise**2, sigma**2) if averaged.has(q) else averaged
    mean = -eta * (2 - eta) * energy / N + eta**2 * sigma**2
    proof.equal("on average (E q^2 = E|e|^2/N for isotropic x, xi independent of e) by", averaged, mean)
    steady = proof.solve("It is steady at", mean, energy)
    proof.law("J", proof.equal("The error on the shared part, E<e, x>^2, is then", steady / N, eta * sigma**2 / (2 - eta)))
    strength = proof.solve("Inverted: the strength that leaves an error J", eta * sigma**2 / (2 - eta) - error, eta)
    proof.law("eta", proof.equal("or", strength, 2 * error / (sigma**2 + error)))
    proof.holds("J grows with eta: deeper writes mean worse structure", sp.diff(eta * sigma**2 / (2 - eta), eta) > 0)
    floor = eta * sigma**2 / (2 - eta)
    proof.law("J_min", proof.equal("A fact just written keeps the fraction eta, so a depth of at least `depth` costs an error of at least",
                                   floor.subs(eta, depth), depth * sigma**2 / (2 - depth)))  # fmt: skip
    time = proof.equal("The error forgets its start at the rate, per write", -sp.diff(mean, energy), eta * (2 - eta) / N)
    proof.law("relaxation_writes", 1 / time)
    del e
    return proof


STABLE = Assumption("J <= sigma^2 (eta <= 1)", lambda J, sigma: J <= sigma**2, "give an error J of at most sigma^2, or a larger sigma")

CLAIMS = (
    Claim(
        id="C4",
        title="Compression against writability",
        statement="One strength eta for shared structure and private facts: the steady error on the structure is J = eta sigma^2/(2 - eta), so "
        "eta = 2J/(sigma^2 + J): the region of small J and deep writes is out of reach of one regime.",
        assumptions=(
            Assumption("delta rule with one eta; features are independent isotropic unit vectors (or: |x| = 1 and x independent of the error)"),
            Assumption("private parts are independent of the features, of mean 0 and variance sigma^2; the store is at its steady state"),
        ),
        status="proved under assumptions",
        source="misadjustment of LMS: Widrow and Hoff 1960; Haykin, Adaptive Filter Theory",
        evidence=("derivation: theory.tradeoff.derive", "Monte Carlo: tests/theory/test_tradeoff.py", "simulation: tradeoff"),
        derive=derive,
        quantities=(
            Quantity("eta", "the strength that leaves the error J on the shared part", "fraction", ("J", "sigma"), (STABLE,)),
            Quantity("J", "steady mean-square error on the shared part", "target units^2", ("eta", "sigma")),
            Quantity("J_min", "least error compatible with writing a fact to that depth", "target units^2", ("depth", "sigma")),
            Quantity("relaxation_writes", "writes in which the squared error falls by e", "facts", ("N", "eta")),
        ),
    ),
)
(C4,) = CLAIMS


def J(eta: Any, sigma: Any) -> Any:
    """Steady mean-square error on shared structure at write strength eta, private variance sigma^2 (C4)."""
    return C4.value("J", eta=eta, sigma=sigma).value


def strength(J: Any, sigma: Any) -> Any:
    """Write strength that leaves the error J: 2J/(sigma^2 + J) (C4); it is the depth of a fact just written."""
    return C4.value("eta", J=J, sigma=sigma).value


def J_min(depth: Any, sigma: Any) -> Any:
    """Least error on shared structure at which a fact just written has that depth (edge of the forbidden region, C4)."""
    return C4.value("J_min", depth=depth, sigma=sigma).value
