"""OGD, GPM and null-space methods (claim `gpm`): a write moves the parameters only across the span of all earlier keys.

With Q the projector onto the complement of that span, fact (x, y) is written by w <- w + Q x (y - <x, w>)/|Q x|^2. What is
stored is never touched, so each fact whose key is new keeps depth 1 and takes one of N directions. A key in the span of
earlier ones is not written. When the keys span all N dimensions, nothing more can be written. The orthogonal gradient descent
of Farajtabar et al. 2020 and the gradient projection memory of Saha et al. 2021, on one linear layer.
"""

from __future__ import annotations

import numpy as np
import sympy as sp

from theory.methods.setting import LINEAR, account, state_quantities
from theory.proof.claim import Assumption, Claim, Quantity
from theory.proof.derivation import Derivation
from theory.proof.notation import D, M, N, T, outputs


def _nothing_is_touched() -> tuple[bool, str]:
    """Ranks of random key sets with dependent keys against the total depth of the writes themselves."""
    rng, worst = np.random.default_rng(0), 0.0
    for _ in range(50):
        size, count = int(rng.integers(2, 9)), int(rng.integers(1, 14))
        keys = rng.normal(size=(count, 3)) @ rng.normal(size=(3, size)) if rng.random() < 0.5 else rng.normal(size=(count, size))
        keys /= np.linalg.norm(keys, axis=1, keepdims=True)
        worst = max(worst, abs(np.trace(responses(keys)) - np.linalg.matrix_rank(keys)))
    return worst < 1e-8, f"50 random key sets, dependent ones among them: off by at most {worst:.1e}"


def responses(keys: np.ndarray, cutoff: float = 1e-6) -> np.ndarray:
    """d(readout i)/d(target j) after all facts: shape [M, M]; unit keys [M, N]; dependent where |Q x| <= cutoff."""
    count, size = keys.shape
    weights, basis = np.zeros((size, count)), np.zeros((size, 0))
    for i, key in enumerate(keys):
        across = key - basis @ (basis.T @ key)
        across -= basis @ (basis.T @ across)  # twice is enough (Kahan)
        norm = np.linalg.norm(across)
        if norm > cutoff:
            weights += np.outer(across / norm**2, np.eye(count)[i] - key @ weights)
            basis = np.column_stack([basis, across / norm])
    return keys @ weights


def derive() -> Derivation:
    """Later writes miss every kept key; the ranks add up; the room left is a trace."""
    proof = Derivation()
    full, error, norm = sp.symbols("x_w y q", positive=True)
    proof.equal(
        "A write along Q x of length q = |Q x|^2 moves the readout <x, w> to its target",
        full + norm * (error - full) / norm,
        error,
    )
    proof.argued(
        "A later write moves along Q' x', and Q' annihilates every earlier key: readouts of what is held do not move. A fact "
        "keeps depth 1 if its key is new (Q x != 0), else nothing was written: the total is the rank of all keys, which is "
        "at most N",
        N,
        _nothing_is_touched,
        law="ceiling",
    )
    used = proof.given("Independent keys use one direction each, up to", sp.Min(M, N))
    proof.equal("The facts therefore keep on average", used / M, sp.Min(1, N / M), law="retained_depth")
    proof.given(
        "The room left to a random key is E|Q x|^2 = tr Q/N (a projected gradient step of strength eta writes eta times it); "
        "from M = N on it is 0",
        sp.Max(0, 1 - M / N),
        law="plasticity",
    )
    proof.solve("Tasks of D independent facts fill it after", T * D - N, T, law="length")
    basis = sp.Min(N * M, N * (N + 1) / 2)
    account(
        proof,
        "Kept beside the parameters: a basis of N M numbers, or (less, beyond half full) the symmetric projector",
        N * outputs + basis,
    )
    return proof


CLAIMS = (
    Claim(
        id="gpm",
        title="Projection methods fill up",
        plain="Methods that write only where no earlier fact lies never forget. They fill up instead: once the facts span "
        "all directions, nothing new can be learned.",
        statement="Writes confined to the complement of all earlier keys keep every fact whose key is new (not in the span of "
        "earlier keys) at depth 1 until the keys span all N dimensions; from then on plasticity is 0. A key that depends on "
        "earlier ones is not written. The total depth is the rank of all keys, in any order. It stops learning and never "
        "forgets, because no direction is ever given back.",
        assumptions=(
            LINEAR,
            Assumption("every direction of an earlier key is kept: no energy threshold (with one, what is cut off is forgotten)"),
            Assumption("`length`, `retained_depth`: independent keys; `plasticity`: a random isotropic key"),
        ),
        status="proved",
        source="this project; method: Farajtabar et al. 2020 (OGD), Saha et al. 2021 (GPM)",
        evidence=(
            "derivation: theory.methods.gpm.derive",
            "certificate: theory.certificates.methods",
            "attack: theory.attacks.methods",
            "property test: tests/theory/test_methods.py",
        ),
        derive=derive,
        quantities=(
            Quantity("ceiling", "facts held whole", "facts", ("N",)),
            *state_quantities("N", "outputs", "M"),
            Quantity("length", "tasks of D independent facts until plasticity is 0", "tasks", ("N", "D")),
            Quantity("retained_depth", "mean depth of M facts", "retained fraction", ("N", "M")),
            Quantity("plasticity", "part of a new key's squared length that may still be written", "fraction", ("N", "M")),
        ),
    ),
)
(CLAIM,) = CLAIMS
