r"""Replay (claim `replay`): a buffer of B facts is a second store of coding level 1/B, each fact in a slot of its own.

A write that must not move the readouts of the last B facts is the limit of many interleaved passes (the affine projection rule
of Ozeki and Umeda 1984). It holds B + 1 facts whole. Once a fact has left the buffer, each write multiplies its depth by 1 -
1/(N - B). The total is B + 1 + (N - B - 1) = N: rehearsal moves depth from old facts to buffered ones and adds none. Only a
reader that consults the buffer itself gains, B facts at the price of B keys and values. While the buffer holds every fact,
interleaving reaches min(M, N).
"""

from __future__ import annotations

import numpy as np
import sympy as sp

from theory.methods.setting import ISOTROPIC, LINEAR, account, state_quantities
from theory.proof.claim import Assumption, Claim, Quantity
from theory.proof.derivation import Derivation
from theory.proof.notation import B, M, N, age, depth, outputs


def responses(keys: np.ndarray, buffered: int) -> np.ndarray:
    """d(readout i)/d(target j) when a write of keys [M, N] leaves the readouts of the `held` facts before it: [M, M]."""
    count, size = keys.shape
    weights = np.zeros((size, count))
    for i, key in enumerate(keys):
        across = key.copy()
        basis = np.linalg.qr(keys[max(0, i - buffered) : i].T)[0]
        across -= basis @ (basis.T @ key)
        weights += np.outer(across, np.eye(count)[i] - key @ weights) / (across @ key)
    return keys @ weights


def derive() -> Derivation:
    """A fact in the buffer is a constraint; one that left it is hit by the random rest of each new key; the geometric sum."""
    proof = Derivation()
    k, loss = sp.Symbol("k", integer=True, positive=True), sp.Symbol("p", positive=True)
    proof.given(
        "A write moves w along v = Q x, Q the complement of the B buffered keys: their readouts stay, depth 1 up to age", B
    )
    proof.argued(
        "Let z = dw/dy of a fact that left the buffer. The buffered readouts do not depend on its target: z lies in the "
        "complement, of dimension N - B, and so does v, isotropic there. A write takes z to z - v <v, z>/|v|^2, on average z "
        "times",
        1 - 1 / (N - B),
    )
    kept = proof.given("A fact therefore keeps", (1 - 1 / (N - B)) ** sp.Max(0, age - B), law="retained_depth")
    rest = proof.equal("The facts that left the buffer keep together", sp.Sum((1 - loss) ** k, (k, 1, sp.oo)), (1 - loss) / loss)
    proof.equal(
        "Together with the B + 1 whole facts (the buffered ones and the newest), they keep",
        B + 1 + rest.subs(loss, 1 / (N - B)),
        N,
        law="store_ceiling",
    )
    proof.given(
        "A reader that looks facts up in the buffer needs no copy of them in the store: together at most", N + B, law="ceiling"
    )
    proof.given(
        "While the buffer holds all M facts, interleaving solves their least-squares problem", sp.Min(M, N), law="interleaved"
    )
    proof.solve(
        "The oldest of M facts keeps that depth up to",
        (M - 1 - B) * sp.log(1 - 1 / (N - B)) - sp.log(depth),
        M,
        law="length",
    )
    proof.equal("Without a buffer it is the delta rule at full strength", kept.subs(B, 0), (1 - 1 / N) ** age)
    proof.given("A reservoir holds each of M facts with probability", sp.Min(1, B / M), law="reservoir_share")
    account(proof, "A buffered fact is a key and a value for each output", N * outputs + B * (N + outputs))
    return proof


FITS = Assumption("B < N (more buffered facts than that leave no room for the next)", lambda B, N: B < N, "lower B")
LEFT = Assumption("B < N - 1", lambda B, N: B < N - 1, "lower B")

CLAIMS = (
    Claim(
        id="replay",
        title="Replay moves depth, its buffer adds facts",
        plain="Showing the facts of a buffer again keeps these facts whole, at the expense of all others: the network "
        "itself holds no more in all. What is gained is the buffer's own room.",
        statement="Rehearsing the last B facts at every write holds B + 1 facts whole and lets the others decay by 1 - 1/(N "
        "- B) a write: the total depth in the store is N, with or without rehearsal. It forgets whatever left the buffer, "
        "the faster the larger the buffer. Store and buffer together hold at most N + B facts; while the buffer holds all, "
        "interleaving reaches min(M, N).",
        assumptions=(
            LINEAR,
            ISOTROPIC,
            Assumption(
                "rehearsal to convergence: least change of w that leaves buffered readouts unmoved, B < N; first in, first out"
            ),
        ),
        status="proved under assumptions",
        source="this project; the rule is the affine projection algorithm (Ozeki and Umeda 1984)",
        evidence=(
            "derivation: theory.methods.replay.derive",
            "certificate: theory.certificates.methods",
            "attack: theory.attacks.methods",
            "property test: tests/theory/test_methods.py",
        ),
        derive=derive,
        quantities=(
            Quantity("ceiling", "facts that store and buffer hold, if the reader consults both", "facts", ("N", "B")),
            *state_quantities("N", "outputs", "B"),
            Quantity("length", "facts after which the oldest has this depth", "facts", ("N", "B", "depth"), (LEFT,)),
            Quantity("store_ceiling", "total depth in the store", "facts", ("N",)),
            Quantity("retained_depth", "mean depth of a fact of that age", "retained fraction", ("N", "B", "age"), (FITS,)),
            Quantity("interleaved", "facts held while the buffer holds all of them", "facts", ("N", "M")),
            Quantity("reservoir_share", "probability that a reservoir of B holds one of M facts", "fraction", ("B", "M")),
        ),
    ),
)
(CLAIM,) = CLAIMS
