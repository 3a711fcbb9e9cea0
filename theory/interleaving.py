r"""What a threshold unit holds when its patterns are rehearsed together (claim S2, the first half): Gardner's capacity.

For N synapses, binary outputs of coding level f and unit-variance inputs, the largest load P/N that iterative learning can store without
error is alpha_G(f), and the bits per synapse are alpha_G H(f):

    1/alpha_G = min_u { f A(u) + (1 - f) A(-u) },    A(u) = (1 + u^2) Phi(u) + u phi(u),

2 bits per synapse at f = 1/2, falling to 1/(2 ln 2) = 0.7213 as f -> 0, which is where one-shot storage (C3) ends up too: rehearsal pays most
for dense codes. Source: E. Gardner, J. Phys. A 21 (1988) 257, at zero stability; obtained there by the replica method.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp
from scipy.optimize import brentq

from theory.claim import Assumption, Claim, Derivation, Quantity
from theory.derivation import compiled
from theory.hebbian import entropy
from theory.notation import f


def derive() -> Derivation:
    """Gardner's volume condition at zero stability, with its saddle point in the threshold u."""
    proof = Derivation()
    z, u = sp.Symbol("z", real=True), sp.Symbol("u", real=True)
    density = sp.exp(-(z**2) / 2) / sp.sqrt(2 * sp.pi)
    cumulative = (1 + sp.erf(u / sp.sqrt(2))) / 2
    proof.given("Replica-symmetric condition (Gardner 1988): a pattern whose field z falls short of the threshold by z + u > 0 costs its square; A(u) =",
                sp.Integral((z + u) ** 2 * density, (z, -u, sp.oo)))  # fmt: skip
    cost = proof.equal(
        "The integral is",
        sp.integrate((z + u) ** 2 * density, (z, -u, sp.oo)),
        (1 + u**2) * cumulative + u * density.subs(z, u),
        samples={u: (sp.Rational(-3, 2), sp.Rational(1, 3), 2)},
    )
    total = f * cost + (1 - f) * cost.subs(u, -u)
    proof.given("1/alpha is the least, over u, of", total)
    proof.holds("It is strictly convex in u (its second derivative is twice a mixture of Phi(u) and Phi(-u)), so the minimum is unique",
                sp.diff(total, u, 2) > 0, samples={u: (-1, sp.Rational(1, 2), 3)})  # fmt: skip
    proof.equal("At f = 1/2 it lies at u = 0, where the slope vanishes", sp.diff(total, u).subs({f: sp.Rational(1, 2), u: 0}), sp.S.Zero)
    proof.equal("and alpha = 2", 1 / total.subs({f: sp.Rational(1, 2), u: 0}), sp.Integer(2))
    proof.law("inverse_capacity", total.subs(u, _U))
    proof.law("slope", sp.diff(total, u).subs(u, _U))
    proof.law("entropy", entropy(f))
    ratio = proof.equal("Against the best one-shot ceiling 1/(2 ln 2) (C3), rehearsal gains at most", 2 / (1 / (2 * sp.log(2))), 4 * sp.log(2))
    proof.law("largest_gain", ratio)
    return proof


_U = sp.Symbol("u", real=True)
_LAWS: dict[str, Any] = {}


def _laws() -> dict[str, Any]:
    """The laws of the derivation as NumPy functions of (f, u)."""
    if not _LAWS:
        laws = S2.derivation.laws
        _LAWS.update({name: sp.lambdify([f, _U], laws[name], modules=["scipy", "numpy"]) for name in ("inverse_capacity", "slope")})
        _LAWS["entropy"] = compiled(laws["entropy"], ("f",))
    return _LAWS


def _load(f: float) -> float:
    laws = _laws()
    threshold = brentq(lambda u: laws["slope"](f, u), -40.0, 40.0, xtol=1e-13)
    return 1.0 / float(laws["inverse_capacity"](f, threshold))


def _gardner_load(f: Any) -> Any:
    return np.vectorize(_load, otypes=[float])(f)


def _gardner_bits(f: Any) -> Any:
    return _gardner_load(f) * _laws()["entropy"](np.asarray(f, dtype=float))


CLAIMS = (
    Claim(
        id="S2",
        title="Rehearsed storage",
        statement="Iterative, interleaved learning stores up to alpha_G(f) H(f) bits per synapse: 2 at f = 1/2, falling to 0.7213 as f -> 0. "
        "The best one-shot store is sparse and the best rehearsed one dense; limit against limit, rehearsal gains up to 4 ln 2 = 2.77.",
        assumptions=(
            Assumption("binary inputs and outputs, independent patterns, real synapses, threshold readout at zero stability, N -> infinity"),
            Assumption("replica symmetry (the solution space is convex; rigorous for f = 1/2: Cover 1965, Shcherbina and Tirozzi 2003)"),
        ),
        status="conditional",
        source="Gardner 1988, J. Phys. A 21, 257; Cover 1965 for f = 1/2",
        evidence=("derivation: theory.interleaving.derive", "literature values: tests/theory/test_interleaving.py"),
        derive=derive,
        quantities=(
            Quantity("gardner_bits", "bits per synapse at Gardner's capacity", "bits per synapse", ("f",), solve=_gardner_bits),
            Quantity("gardner_load", "largest load P/N without error", "patterns per synapse", ("f",), solve=_gardner_load),
            Quantity("largest_gain", "rehearsed dense over one-shot sparse storage, limit against limit", "ratio", ()),
        ),
    ),
)
(S2,) = CLAIMS


def gardner_bits(f: Any) -> Any:
    """Bits per synapse of error-free, rehearsed storage at output coding level f (S2)."""
    return S2.value("gardner_bits", f=f).value


def gardner_load(f: Any) -> Any:
    """Largest number of patterns per synapse of error-free, rehearsed storage at output coding level f (S2)."""
    return S2.value("gardner_load", f=f).value
