r"""Self-rehearsal (claim `self_rehearsal`): before each sleep the store answers the cues of old facts, and relearns them.

If every cue is rehearsed to convergence, together with the new facts, nothing is lost. The normal equations of the old facts,
X^T X w = X^T y, hold for the store's own answers as they do for the labels. So the result is joint least squares: exactly EWC
with the exact Hessian, for which the frozen copy and the cues stand in. What it costs is a second copy of the store (answers
recomputed while it changes pull nowhere: their error is 0) and the cues, free only if they can be regenerated.

Errors compound. An answer wrong by noise of variance v is learnt as it is: after n sleeps a fact is off by n v min(1, N/M) in
mean square. A fact whose cue is left out is hit by the new ones: a sleep of D new facts and B rehearsed cues leaves it 1 -
D/(N - B). Robins 1995 (pseudorehearsal) is the method's origin.
"""

from __future__ import annotations

import numpy as np
import sympy as sp

from theory.methods.setting import ISOTROPIC, LINEAR, account, state_quantities
from theory.proof.claim import Assumption, Claim, Quantity
from theory.proof.derivation import Derivation
from theory.proof.notation import B, D, M, N, copies, depth, noise, outputs, sleeps, snr


def responses(tasks: list[np.ndarray]) -> np.ndarray:
    """d(readout i)/d(target j) after sleeps that fit the store's own answers to all old cues and the new facts: shape [M, M]."""
    cues = np.concatenate(tasks)
    weights, seen, targets = np.zeros((cues.shape[1], len(cues))), 0, np.eye(len(cues))
    for new in tasks:
        answers = cues[:seen] @ weights
        seen += len(new)
        answers_to_fit = np.concatenate([answers, targets[seen - len(new) : seen]])
        weights = np.linalg.lstsq(cues[:seen], answers_to_fit, rcond=None)[0]
    return cues @ weights


def sleep(weights: np.ndarray, rehearsed: np.ndarray, new: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Least change of weights [N, K] that keeps the answers to cues [B, N] and learns new keys [D, N], targets [D, K]."""
    cues = np.concatenate([rehearsed, new])
    answers_to_fit = np.concatenate([np.zeros((len(rehearsed), weights.shape[1])), targets - new @ weights])
    return weights + np.linalg.pinv(cues) @ answers_to_fit


def _as_if_labelled() -> tuple[bool, str]:
    rng, worst = np.random.default_rng(0), 0.0
    for count in (4, 12):  # below and above N = 6
        tasks = [rng.normal(size=(count, 6)) for _ in range(3)]
        cues = np.concatenate(tasks)
        worst = max(worst, float(np.max(np.abs(responses(tasks) - cues @ np.linalg.pinv(cues)))))
    return worst < 1e-9, f"three sleeps, fewer and more facts than N: off joint least squares by at most {worst:.1e}"


def derive() -> Derivation:
    """All cues: the normal equations. Noisy answers: a projector at every sleep. Missing cues: the trace of a projector."""
    proof = Derivation()
    proof.argued(
        "All cues: the answers are X w with X^T X w = X^T y, so fitting them together with new facts has the normal "
        "equations of the labels: joint least squares after any number of sleeps, of total depth at most",
        N,
        _as_if_labelled,
        law="ceiling",
    )
    shared = proof.given("The facts share this depth evenly", sp.Min(1, N / M), law="retained_depth")
    proof.solve("The facts keep that depth up to", N / M - depth, M, law="length")
    error = proof.given(
        "Answers with independent errors of variance v pass through the projector on the M cues, whose diagonal is min(1, "
        "N/M); the next sleep rehearses them as they are. After n sleeps a fact is off in mean square by",
        sleeps * noise * shared,
        law="drift",
    )
    power = sp.Symbol("p", positive=True)
    proof.equal("After one sleep it is", error.subs(sleeps, 1), noise * shared)
    proof.solve("While M <= N a fact of unit power has that SNR up to", 1 / (power * noise) - snr, power, law="sleeps_to_snr")
    proof.argued(
        "Left out: before the first sleep a fact of an interpolated store (M <= N) has dw/dy orthogonal to all other cues. "
        "The new facts write in the complement of B rehearsed cues, N - B dimensions, with a projector of rank D: on average "
        "there stays",
        1 - D / (N - B),
        law="unrehearsed",
    )
    account(proof, "Kept at the peak: the copies of the store and the cues, N numbers each", copies * N * outputs + M * N)
    proof.given("With cues that can be regenerated", copies * N * outputs, law="seeded_state")
    return proof


ROOM = Assumption("B + D <= N (what is rehearsed leaves room for the new facts)", lambda B, D, N: B + D <= N, "lower B or D")
NOISY = Assumption("noise > 0", lambda noise: noise > 0, "give a positive noise")

CLAIMS = (
    Claim(
        id="self_rehearsal",
        title="A store can teach itself, if it has the cues and a copy",
        plain="A network can rehearse old facts from its own answers as well as from the true ones, if it keeps the "
        "questions and a frozen copy of itself. Errors in its answers add up with each rehearsal.",
        statement="Rehearsing every old cue with the store's own answers is as good as the true labels: joint least squares, "
        "min(1, N/M) for each fact, at the price of a frozen copy and the cues. It fades like exact EWC. Errors of answers "
        "add up from sleep to sleep, to n v min(1, N/M) after n; a fact whose cue is left out keeps 1 - D/(N - B) of its "
        "depth over a sleep.",
        assumptions=(
            LINEAR,
            ISOTROPIC,
            Assumption(
                "rehearsal to convergence, from answers given before the sleep (a frozen copy, or a list: that is replay)"
            ),
            Assumption(
                "drift: all cues rehearsed, errors independent, no new facts; left-out cues: the store interpolates, M <= N"
            ),
        ),
        status="proved under assumptions",
        source="this project; method: Robins 1995 (pseudorehearsal)",
        evidence=(
            "derivation: theory.methods.self_rehearsal.derive",
            "certificate: theory.certificates.methods",
            "attack: theory.attacks.methods",
            "property test: tests/theory/test_methods_structure.py",
        ),
        derive=derive,
        quantities=(
            Quantity("ceiling", "largest total depth", "facts", ("N",)),
            *state_quantities("N", "outputs", "copies", "M"),
            Quantity("length", "facts that all keep this depth", "facts", ("N", "depth")),
            Quantity("seeded_state", "numbers kept if cues are regenerated", "numbers", ("N", "outputs", "copies")),
            Quantity("retained_depth", "mean depth of every fact", "retained fraction", ("N", "M")),
            Quantity("drift", "mean-square error of a fact after n sleeps", "target units^2", ("N", "M", "noise", "sleeps")),
            Quantity(
                "sleeps_to_snr", "sleeps until a fact of unit power has this SNR, M <= N", "sleeps", ("noise", "snr"), (NOISY,)
            ),
            Quantity(
                "unrehearsed",
                "depth that a sleep leaves a fact whose cue is left out",
                "retained fraction",
                ("N", "B", "D"),
                (ROOM,),
            ),
        ),
    ),
)
(CLAIM,) = CLAIMS
