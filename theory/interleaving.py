r"""What a threshold unit holds when its patterns are rehearsed together (claim S2, first half): Gardner's capacity.

For binary outputs of coding level f, the largest load P/N that iterative learning can store without error is alpha_G(f),

    1/alpha_G = min_u { f A(u) + (1 - f) A(-u) },    A(u) = (1 + u^2) Phi(u) + u phi(u),

and the bits per synapse are alpha_G H(f): 2 at f = 1/2, falling to 1/(2 ln 2) = 0.7213 as f -> 0, which is where one-shot storage
(C3) ends up as well. Rehearsal pays most for dense codes. Source: Gardner 1988, J. Phys. A 21, 257, at zero stability, by the
replica method; Cover 1965 for f = 1/2.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp
from scipy.optimize import brentq

from theory.claim import Assumption, Claim, Quantity
from theory.derivation import Derivation
from theory.hebbian import entropy
from theory.notation import f

THRESHOLD = sp.Symbol("u", real=True)


def derive() -> Derivation:
    """Gardner's condition at zero stability, and its saddle point in the threshold."""
    proof = Derivation()
    z, u = sp.Symbol("z", real=True), THRESHOLD
    density = sp.exp(-(z**2) / 2) / sp.sqrt(2 * sp.pi)
    tries = {u: (sp.Rational(-3, 2), sp.Rational(1, 3), 2)}
    proof.given(
        "Replica-symmetric volume (Gardner 1988): a field z short of the threshold costs (z + u)^2; on average A(u) =",
        sp.Integral((z + u) ** 2 * density, (z, -u, sp.oo)),
    )
    cost = proof.equal(
        "The integral is",
        sp.integrate((z + u) ** 2 * density, (z, -u, sp.oo)),
        (1 + u**2) * sp.erfc(-u / sp.sqrt(2)) / 2 + u * density.subs(z, u),
        samples=tries,
    )
    total = proof.given("1/alpha_G is the least value, over u, of", f * cost + (1 - f) * cost.subs(u, -u), law="inverse_load")
    slope = proof.given("which is stationary where this vanishes", sp.diff(total, u), law="slope")
    proof.holds(
        "and strictly convex (its slope is 2 f Phi(u) + 2 (1 - f) Phi(-u)): one minimum",
        sp.diff(slope, u) > 0,
        samples=tries,
    )
    half = {f: sp.Rational(1, 2), u: 0}
    proof.equal("At f = 1/2 it lies at u = 0", slope.subs(half), sp.S.Zero)
    proof.equal("and alpha_G = 2", 1 / total.subs(half), sp.Integer(2))
    proof.given("Each output carries H(f) bits", entropy(f), law="entropy")
    proof.equal(
        "Against the one-shot ceiling 1/(2 ln 2) of C3, rehearsal gains up to",
        2 * (2 * sp.log(2)),
        4 * sp.log(2),
        law="largest_gain",
    )
    return proof


@lru_cache(maxsize=1)
def _laws() -> dict[str, Any]:
    """The laws of the derivation as NumPy functions of (f, u)."""
    laws = S2.derivation.laws
    return {
        name: sp.lambdify([f, THRESHOLD], laws[name], modules=["scipy", "numpy"]) for name in ("inverse_load", "slope", "entropy")
    }


def _load(f: Any) -> Any:
    def least(level: float) -> float:
        threshold = brentq(lambda u: _laws()["slope"](level, u), -40.0, 40.0, xtol=1e-13)
        return 1.0 / float(_laws()["inverse_load"](level, threshold))

    return np.vectorize(least, otypes=[float])(f)


def _bits(f: Any) -> Any:
    return _load(f) * _laws()["entropy"](f, 0.0)


CLAIMS = (
    Claim(
        id="S2",
        title="Rehearsed storage",
        statement="Iterative, interleaved learning stores up to alpha_G(f) H(f) bits per synapse: 2 at f = 1/2, falling to "
        "0.7213 as f -> 0. The best one-shot store is sparse and the best rehearsed store dense; limit against "
        "limit, rehearsal gains up to 4 ln 2 = 2.77.",
        assumptions=(
            Assumption("binary outputs, independent patterns, real synapses, threshold readout at zero stability, N -> infinity"),
            Assumption("replica symmetry (rigorous for f = 1/2: Cover 1965; Shcherbina and Tirozzi 2003)"),
        ),
        status="conditional",
        source="Gardner 1988, J. Phys. A 21, 257; Cover 1965",
        evidence=("derivation: theory.interleaving.derive", "literature values: tests/theory/test_interleaving.py"),
        derive=derive,
        quantities=(
            Quantity("gardner_bits", "bits per synapse at Gardner's capacity", "bits per synapse", ("f",), solve=_bits),
            Quantity("gardner_load", "largest load P/N without error", "patterns per synapse", ("f",), solve=_load),
            Quantity("largest_gain", "rehearsed dense over one-shot sparse storage, limit against limit", "ratio", ()),
        ),
    ),
)
(S2,) = CLAIMS


def gardner_bits(f: Any) -> Any:
    """Bits per synapse of error-free rehearsed storage at output coding level f (S2)."""
    return S2.value("gardner_bits", f=f).value


def gardner_load(f: Any) -> Any:
    """Most patterns per synapse of error-free rehearsed storage at output coding level f (S2)."""
    return S2.value("gardner_load", f=f).value
