r"""How deep one write goes fixes how well shared structure can be compressed (claim C4).

A store learns y = <w*, x> + xi by the delta rule at one strength eta: w* is shared structure, xi the private part of a fact
(mean 0, variance sigma^2), x an isotropic unit direction. The steady mean-square error on the shared part is

    J = eta sigma^2 / (2 - eta),    that is    eta = 2 J / (sigma^2 + J),

and eta is also the depth at which a fact's private part has just been written. One regime cannot be accurate on the
structure (small J) and deep on the fact (large eta). This is the misadjustment of LMS (Widrow and Hoff 1960; Haykin, Adaptive
Filter Theory), read as a limit on memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from theory.claim import Assumption, Claim, Quantity
from theory.derivation import Derivation
from theory.notation import J as error
from theory.notation import N, depth, eta, sigma


def _annealing_stays_above() -> tuple[bool, str]:
    """The recursion of J under random strengths that never rise, against the steady error of each strength."""
    rng, least = np.random.default_rng(0), np.inf
    for _ in range(200):
        size, strengths = rng.uniform(1, 50), np.sort(rng.uniform(0, 1, 300))[::-1]
        steady = strengths / (2 - strengths)
        energy = steady[0]
        for rate, floor in zip(strengths, steady, strict=True):
            energy += rate * (2 - rate) / size * (floor - energy)
            least = min(least, energy / floor)
    return bool(least >= 1 - 1e-12), f"200 schedules of 300 writes: J is at least {least:.9f} of it"


def derive() -> Derivation:
    """C4: the recursion of the squared error, its steady state, its inverse."""
    proof = Derivation()
    q, noise = sp.symbols("q xi", real=True)
    energy = sp.Symbol("E", positive=True)
    after = proof.given(
        "e = w - w*. A write with |x| = 1 moves e along x only; its component q = <e, x> becomes", (1 - eta) * q + eta * noise
    )
    change = proof.equal(
        "so that |e|^2 changes by",
        after**2 - q**2,
        -eta * (2 - eta) * q**2 + 2 * eta * (1 - eta) * q * noise + eta**2 * noise**2,
    )
    mean = proof.equal(
        "on average (E q^2 = E/N with E = E|e|^2 for isotropic x; xi of mean 0, independent) by",
        change.coeff(q, 2) * energy / N + change.coeff(noise, 2) * sigma**2,
        eta**2 * sigma**2 - eta * (2 - eta) * energy / N,
    )
    steady = proof.solve("which vanishes at", mean, energy)
    misadjustment = proof.equal(
        "The error on the shared part is then E<e, x>^2 =", steady / N, eta * sigma**2 / (2 - eta), law="J"
    )
    strength = proof.solve("The strength that leaves an error J is", misadjustment - error, eta)
    proof.equal("that is", strength, 2 * error / (sigma**2 + error), law="eta")
    proof.holds("J grows with eta: deeper writes, worse structure", sp.diff(misadjustment, eta) > 0)
    proof.argued(
        "Annealing does not help: J after a write lies between J before it and the steady error of its eta, so if eta never "
        "rises and J starts above the steady error, it stays above the steady error of the current eta",
        sp.Ge(sp.Function("J")(sp.Symbol("t")), misadjustment),
        _annealing_stays_above,
    )
    proof.equal(
        "A fact just written keeps the fraction eta of its private part, so a depth of `depth` costs at least the error",
        misadjustment.subs(eta, depth),
        depth * sigma**2 / (2 - depth),
        law="J_min",
    )
    proof.equal(
        "The squared error falls by e in the number of writes",
        -1 / sp.diff(mean, energy),
        N / (eta * (2 - eta)),
        law="relaxation_writes",
    )
    return proof


REACHABLE = Assumption("J <= sigma^2 (eta <= 1)", lambda J, sigma: sigma**2 >= J, "lower J to at most sigma^2, or raise sigma")

CLAIMS = (
    Claim(
        id="C4",
        title="Compression against writability",
        statement="One strength eta for shared structure and private facts: the steady error on the structure is J = eta "
        "sigma^2/(2 - eta), so eta = 2J/(sigma^2 + J): small J together with deep writes is out of reach of one "
        "regime, annealed (eta never rising) or not.",
        assumptions=(
            Assumption("delta rule of one strength; features are independent isotropic unit vectors"),
            Assumption(
                "private parts are independent of the features, of mean 0 and variance sigma^2; the error is at its steady state"
            ),
        ),
        status="proved under assumptions",
        source="misadjustment of LMS: Widrow and Hoff 1960; Haykin, Adaptive Filter Theory",
        evidence=(
            "derivation: theory.tradeoff.derive",
            "Monte Carlo: tests/theory/test_tradeoff.py",
            "simulation: tradeoff",
        ),
        derive=derive,
        quantities=(
            Quantity("eta", "strength that leaves the error J on the shared part", "fraction", ("J", "sigma"), (REACHABLE,)),
            Quantity("J", "steady mean-square error on the shared part", "target units^2", ("eta", "sigma")),
            Quantity("J_min", "least error compatible with writing a fact to that depth", "target units^2", ("depth", "sigma")),
            Quantity("relaxation_writes", "writes in which the squared error falls by a factor e", "facts", ("N", "eta")),
        ),
    ),
)
(C4,) = CLAIMS


def J(eta: Any, sigma: Any) -> Any:
    """Steady mean-square error on shared structure at write strength eta and private variance sigma^2 (C4)."""
    return C4.value("J", eta=eta, sigma=sigma).value


def strength(J: Any, sigma: Any) -> Any:
    """Write strength that leaves the error J, 2J/(sigma^2 + J): also the depth of a fact just written (C4)."""
    return C4.value("eta", J=J, sigma=sigma).value


def J_min(depth: Any, sigma: Any) -> Any:
    """Least error on shared structure at which a fact just written has that depth: the edge of the forbidden region (C4)."""
    return C4.value("J_min", depth=depth, sigma=sigma).value
