r"""Closed-form knowledge editing (claim `editing`): one matrix, preconditioned by the second moment C of its keys.

ROME (Meng et al. 2022) writes W <- W + (v - W k) (C^-1 k)^T/(k^T C^-1 k): a delta rule of strength 1 along an oblique
projector. One fixed C is a change of basis, u ~ C^(-1/2) k, so the identity of C1 holds with N = width of the keys. By C2 the
oldest edit keeps a depth for 1 + ln(depth)/ln(1 - 1/N) edits, about N ln(1/depth). Edits whose whitened keys fill only n
dimensions have n for N. MEMIT (Meng et al. 2023) solves with C + K K^T: strength q/(1 + q), q = k^T C^-1 k.

MEMIT does not read the residual v - W k from the matrix: it optimises, for each edit anew, the increment that makes the model
say the new fact. Such a write is additive. The depth of an edit never decays and C1 does not apply, but the crosstalk of M
edits grows linearly: the power SNR is N/(M - 1), the law of one-shot Hebbian storage (C3).

AlphaEdit (Fang et al. 2024) projects onto the null space of preserved keys (rank n_0, fixed) and keeps sum k k^T of all edits.
This is least squares in N - n_0 dimensions: exact EWC, not a null space that shrinks. All edits share N - n_0 evenly.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from theory import retention
from theory.methods.setting import LINEAR, WIDE, account, state_quantities
from theory.proof import inversion
from theory.proof.claim import Assumption, Claim, Quantity
from theory.proof.derivation import Derivation
from theory.proof.notation import M, N, age, depth, outputs, rank, snr


def delta_responses(keys: np.ndarray, moment: np.ndarray) -> np.ndarray:
    """d(readout i)/d(target j) after ROME edits with keys [M, N] and second moment [N, N], in order: shape [M, M]."""
    count, size = keys.shape
    weights, moved = np.zeros((size, count)), np.linalg.solve(moment, keys.T).T
    for i, key in enumerate(keys):
        weights += np.outer(moved[i] / (key @ moved[i]), np.eye(count)[i] - key @ weights)
    return keys @ weights


def additive_responses(keys: np.ndarray, moment: np.ndarray) -> np.ndarray:
    """d(readout i)/d(increment j) when each edit adds the increment optimised for it: shape [M, M]."""
    moved = np.linalg.solve(moment, keys.T)
    return keys @ (moved / np.sum(keys.T * moved, axis=0))


def null_space_responses(keys: np.ndarray, preserved: np.ndarray, ridge: float) -> np.ndarray:
    """d(readout i)/d(target j) after AlphaEdit's update, edit by edit; preserved keys [n_0, N]: shape [M, M]."""
    count, size = keys.shape
    across = np.eye(size) - preserved.T @ np.linalg.pinv(preserved.T)
    weights, edited = np.zeros((count, size)), np.zeros((size, size))
    for i, key in enumerate(keys):
        solved = np.linalg.inv((edited + np.outer(key, key)) @ across + ridge * np.eye(size))
        weights += np.outer(np.eye(count)[i] - weights @ key, key) @ across @ solved
        edited += np.outer(key, key)
    return keys @ weights.T


def _a_change_of_basis() -> tuple[bool, str]:
    rng = np.random.default_rng(0)
    keys, mixing = rng.normal(size=(9, 4)), rng.normal(size=(4, 4))
    moment = mixing @ mixing.T + 0.1 * np.eye(4)
    white = keys @ np.linalg.inv(np.linalg.cholesky(moment)).T
    gap = np.max(np.abs(np.diag(delta_responses(keys, moment)) - np.diag(delta_responses(white, np.eye(4)))))
    return bool(gap < 1e-9), f"9 edits in 4 dimensions, with C and whitened: depths differ by at most {gap:.1e}"


def derive() -> Derivation:
    """Delta-rule edits by a change of basis; additive edits by counting overlaps; null-space edits as least squares."""
    proof = Derivation()
    kappa, q = sp.symbols("kappa_2 q", positive=True)
    proof.argued(
        "P = C^-1 k k^T/(k^T C^-1 k) is C^(-1/2) u u^T C^(1/2) with u ~ C^(-1/2) k a unit vector: one change of basis for "
        "all edits",
        None,
        _a_change_of_basis,
    )
    proof.given("C1 therefore holds: independent edits keep at most, on average and all together,", N, law="ceiling")
    proof.equal("Edits in any order keep less than", N - (-(N - 1)), 2 * N - 1, law="supremum")
    proof.given(
        "Whitened keys are isotropic, u with E[u u^T] = I/N: an edit keeps (C2, strength 1)",
        (1 - 1 / N) ** age,
        law="retained_depth",
    )
    length = proof.solve("The oldest keeps that depth up to", (M - 1) * sp.log(1 - 1 / N) - sp.log(depth), M, law="length")
    half = length.subs(depth, sp.Rational(1, 2)) / N
    proof.limit("This is N ln(1/depth) for wide keys; at depth 1/2, per dimension,", half, N, sp.oo)
    proof.given("MEMIT's least squares with C + k k^T has the strength", q / (1 + q))
    proof.given(
        "Additive edits: an increment is read by its own key at full depth for ever, by another key by the overlap kappa. M "
        "- 1 independent increments of unit power add the crosstalk",
        (M - 1) * kappa,
    )
    ratio = proof.equal(
        "With E[kappa^2] = 1/N the power SNR is", 1 / ((M - 1) * kappa.subs(kappa, 1 / N)), N / (M - 1), law="additive_snr"
    )
    proof.solve("The edits have that SNR up to", ratio - snr, M, law="additive_length")
    room = proof.given(
        "Null space of n_0 preserved directions, with the second moment of all edits: least squares in",
        N - rank,
        law="null_space_ceiling",
    )
    shared = proof.given(
        "The projected keys fill that many dimensions (ridge -> 0), which all edits share evenly",
        sp.Min(1, room / M),
        law="null_space_depth",
    )
    proof.solve("The edits keep that depth up to", room / M - depth, M, law="null_space_length")
    proof.equal("The depth is 1 while the space is not full (M = n)", shared.subs(M, room), sp.S.One)
    account(proof, "Kept beside the matrix: the symmetric second moment of the keys", N * outputs + N * (N + 1) / 2)
    proof.given(
        "Null-space editing keeps a projector and the moment of the edits", N * outputs + N * (N + 1), law="null_space_state"
    )
    return proof


MORE = Assumption("M > 1 (one edit meets no other)", lambda M: M > 1, "give at least two edits")
ROOM = Assumption("rank < N (the preserved keys leave room)", lambda rank, N: rank < N, "lower the rank")

CLAIMS = (
    Claim(
        id="editing",
        title="Knowledge editing obeys conservation",
        plain="Editing facts directly in the weights obeys the same laws as training: each edit erases a little of the "
        "earlier ones. Half of the oldest edit is gone after about 0.69 N edits, N being the number of dimensions "
        "that the edits use.",
        statement="ROME-like edits are delta-rule writes in whitened keys: they obey C1 exactly, and the oldest of M edits "
        "keeps (1 - 1/N)^(M-1), half of it after 0.69 N edits (N the dimension that whitened edit keys fill). Additive "
        "edits, whose increments are optimised anew, never lose depth, and drown in crosstalk: SNR N/(M - 1). Null-space "
        "editing of AlphaEdit's kind is least squares beside rank n_0 preserved keys: whole up to N - n_0 edits, then (N - "
        "n_0)/M each.",
        assumptions=(
            LINEAR,
            Assumption("the keys of edits do not move when the matrix does, and edits are to different facts"),
            Assumption(
                "C is fixed; whitened keys of edits are independent and isotropic in N dimensions (fewer: their number for N)"
            ),
            Assumption("additive: whitened keys of equal length"),
            Assumption("null space: ridge small against the edits' keys, preserved keys of exact rank n_0"),
        ),
        status="proved under assumptions",
        source="this project; methods: Meng et al. 2022, 2023; Fang et al. 2024 (AlphaEdit)",
        evidence=(
            "derivation: theory.methods.editing.derive",
            "certificate: theory.certificates.methods",
            "attack: theory.attacks.methods",
            "property test: tests/theory/test_methods_editing.py",
        ),
        derive=derive,
        quantities=(
            Quantity("ceiling", "largest expected total depth of independent delta-rule edits", "facts", ("N",)),
            *state_quantities("N", "outputs"),
            Quantity("length", "delta-rule edits after which the oldest has this depth", "facts", ("N", "depth"), (WIDE,)),
            Quantity("retained_depth", "mean depth of a delta-rule edit of that age", "retained fraction", ("N", "age")),
            Quantity("supremum", "least upper bound on the total depth of edits in any order", "facts", ("N",)),
            Quantity("additive_snr", "signal to crosstalk after M additive edits", "power ratio", ("N", "M"), (MORE,)),
            Quantity("additive_length", "additive edits until the signal to crosstalk falls to snr", "facts", ("N", "snr")),
            Quantity(
                "null_space_ceiling", "edits held whole beside preserved keys of that rank", "facts", ("N", "rank"), (ROOM,)
            ),
            Quantity("null_space_depth", "mean depth of M null-space edits", "retained fraction", ("N", "rank", "M"), (ROOM,)),
            Quantity("null_space_length", "null-space edits that all keep this depth", "facts", ("N", "rank", "depth"), (ROOM,)),
            Quantity("null_space_state", "numbers kept by null-space editing", "numbers", ("N", "outputs")),
        ),
    ),
)
(CLAIM,) = CLAIMS


def edits_until(spectrum: Any, depth: float) -> float:
    """Delta-rule edits after which the oldest keeps this depth on average, for a measured spectrum of whitened edit keys.

    spectrum [n]: eigenvalues of E[u u^T], u the whitened keys of unit length; they add up to 1. Facts, a real number >= 1.
    """
    return inversion.largest_tasks(lambda edits: retention.retained_depth(spectrum, 1.0, edits - 1) - depth)


def additive_snr(spectrum: Any, M: Any) -> Any:
    """Power SNR of M additive edits: participation ratio of that spectrum over M - 1; shape of M."""
    shares = np.asarray(spectrum, dtype=float)
    return CLAIM.value("additive_snr", N=np.sum(shares) ** 2 / np.sum(shares**2), M=M).value
