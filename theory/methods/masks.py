"""Parameter isolation by masks (claim `masks`): each task owns a share a of the parameters, and no other task writes them.

PackNet (Mallya and Lazebnik 2018) and, with hard gates on units, HAT (Serra et al. 2018). A task of a N independent facts
fills its share, so T <= 1/a and T D <= N: the ceiling of coordinated writes, up to e times that of random supports (C2) as T
grows. The reader has to be told the task, and the owner of each parameter is state.
"""

from __future__ import annotations

import numpy as np
import sympy as sp

from theory.methods.setting import IDENTITY, LINEAR
from theory.proof.claim import Assumption, Claim, Quantity
from theory.proof.derivation import Derivation
from theory.proof.notation import N, T, a, b, outputs


def responses(keys: np.ndarray, owners: np.ndarray) -> np.ndarray:
    """d(readout i)/d(target j), shape [M, M]: keys [T, D, N], least squares in the parameters owned, owners [N].

    A task reads the parameters of earlier tasks too, which stay as they are (PackNet).
    """
    tasks, facts, size = keys.shape
    weights, targets, readouts = np.zeros((size, tasks * facts)), np.eye(tasks * facts), []
    for task, rows in enumerate(keys):
        own, earlier = owners == task, owners < task
        residual = targets[task * facts : (task + 1) * facts] - rows[:, earlier] @ weights[earlier]
        weights[own] = np.linalg.lstsq(rows[:, own], residual, rcond=None)[0]
    for task, rows in enumerate(keys):
        known = owners <= task
        readouts.append(rows[:, known] @ weights[known])
    return np.concatenate(readouts)


def derive() -> Derivation:
    """Shares add up to 1, facts of a task to its share, and the owners are counted in bits."""
    proof = Derivation()
    proof.solve("Shares are disjoint: T of them add up to 1 at most at", T * a - 1, T, law="length")
    share = proof.given(
        "A task writes and reads its share alone (what earlier tasks own is a known constant): it holds up to",
        a * N,
        law="task_facts",
    )
    proof.equal(
        "Each mask holds that many independent facts at depth 1, for any later tasks; all tasks together",
        share / a,
        N,
        law="ceiling",
    )
    proof.holds(
        "That is T D <= N for T <= 1/a and D <= a N", N * T * a <= N, samples={T: (5, 2, 1), a: (sp.Rational(1, 10),) * 3}
    )
    random = proof.given(
        "Random supports of the same size, known to the reader, hold (C2) T D <=",
        N * (1 - 1 / T) ** (T - 1),
        law="random_ceiling",
    )
    proof.limit("Coordination therefore gains, for many tasks,", N / random, T, sp.oo)
    proof.given("Nothing but parameters is kept as a number", N * outputs, law="state")
    proof.given(
        "Masks shared by the outputs (HAT): the owner of each of N units among 1/a tasks, in bits",
        b * N * outputs - N * sp.log(a, 2),
        law="state_bits",
    )
    proof.equal(
        "Masks of single weights (PackNet) take an owner for each weight",
        b * N * outputs - N * outputs * sp.log(a, 2),
        N * outputs * (b - sp.log(a) / sp.log(2)),
        law="weight_state_bits",
    )
    return proof


CLAIMS = (
    Claim(
        id="masks",
        title="Masks divide the ceiling among tasks",
        plain="If each task owns its own share of the parameters, nothing is forgotten, and learning ends when all shares "
        "are given away. Tasks in all hold as many facts as there are parameters, if each share fits its task.",
        statement="Tasks that own a share a of the parameters each keep everything at depth 1: T <= 1/a tasks of D <= a N "
        "facts, T D <= N in all, up to e times what random supports hold, as T grows. It never forgets and stops learning when "
        "the shares are gone; a task that needs less than its share wastes the rest.",
        assumptions=(
            LINEAR,
            IDENTITY,
            Assumption(
                "shares are disjoint and fixed in advance; the keys of a task are linearly independent when restricted to its "
                "share (generic keys are)"
            ),
        ),
        status="proved",
        source="this project; method: Mallya and Lazebnik 2018 (PackNet), Serra et al. 2018 (HAT)",
        evidence=(
            "derivation: theory.methods.masks.derive",
            "certificate: theory.certificates.methods",
            "attack: theory.attacks.methods",
            "property test: tests/theory/test_methods.py",
        ),
        derive=derive,
        quantities=(
            Quantity("ceiling", "facts held whole by all tasks", "facts", ("N",)),
            Quantity("state", "numbers kept: the parameters", "numbers", ("N", "outputs")),
            Quantity(
                "state_bits", "bits kept: b for each parameter and the owner of each unit", "bits", ("b", "N", "outputs", "a")
            ),
            Quantity(
                "weight_state_bits",
                "bits kept: b for each parameter and the owner of each weight",
                "bits",
                ("b", "N", "outputs", "a"),
            ),
            Quantity("length", "tasks until no share is left", "tasks", ("a",)),
            Quantity("task_facts", "facts that one share holds", "facts", ("N", "a")),
            Quantity("random_ceiling", "largest T * D with random supports", "facts", ("N", "T")),
        ),
    ),
)
(CLAIM,) = CLAIMS
