"""Low-rank adapters (claim `lora`; Hu et al. 2022): W + B A with inner dimension `rank`, for N inputs and `outputs` outputs.

An adapter is rank (N + outputs) numbers and rank (N + outputs - rank) degrees of freedom. Values of D independent facts are
an arbitrary outputs x D matrix, and B A K has rank at most `rank`: below full rank an adapter holds only `rank` generic facts
whole, however many numbers it has. Merged one after another, adapters are full finetuning with tasks of that size; stored one
for each task, they are a progressive network that needs the task's identity.
"""

from __future__ import annotations

import sympy as sp

from theory.methods.setting import IDENTITY, ISOTROPIC, LINEAR, account, state_quantities
from theory.proof.claim import Assumption, Claim, Quantity
from theory.proof.derivation import Derivation
from theory.proof.notation import N, T, depth, outputs, rank


def derive() -> Derivation:
    """Count numbers, redundancy and ranks; then the block delta rule of C2."""
    proof = Derivation()
    numbers = proof.given("B (outputs x rank) and A (rank x N) hold", rank * (N + outputs), law="adapter")
    freedom = proof.equal(
        "An adapter has that many numbers. B G and G^-1 A are the same update for every invertible G: of "
        "these rank^2 say nothing",
        numbers - rank**2,
        rank * (N + outputs - rank),
        law="freedom",
    )
    proof.equal("At full rank they are those of the matrix", freedom.subs(rank, outputs), N * outputs)
    full = N * outputs - freedom
    proof.equal("Below, what is missing is", full, (N - rank) * (outputs - rank))
    proof.given(
        "D independent keys: the update has to be (Y - W K) K^+ on their span; for generic values its rank is min(D, "
        "outputs), so an adapter below full rank writes whole at most",
        sp.Piecewise((rank, rank < outputs), (N, True)),
        law="ceiling",
    )
    proof.given(
        "That many facts fit. Merged adapters: a task of `rank` facts is written whole by a projector of that"
        " rank, E[P] = (rank/N) I; T - 1 later ones leave",
        (1 - rank / N) ** (T - 1),
        law="retained_depth",
    )
    proof.solve("The oldest task has that depth after", (T - 1) * sp.log(1 - rank / N) - sp.log(depth), T, law="length")
    j = sp.Symbol("j", integer=True, positive=True)
    total = sp.Sum(rank * (1 - rank / N) ** j, (j, 0, T - 1))
    whole = proof.equal(
        "All tasks together keep", total, N * (1 - (1 - rank / N) ** T), samples={N: (64, 100, 37), rank: (4, 10, 2)}
    )
    proof.given("This is never more than full finetuning keeps, N", whole, law="merged_total")
    proof.given("Adapters stored for each task, T of them, hold", T * rank, law="stored_ceiling")
    proof.given("The total state is", N * outputs + T * numbers, law="stored_state")
    account(proof, "Merged: the matrix and one adapter", N * outputs + numbers)
    return proof


THIN = Assumption("rank <= N and rank <= outputs", lambda rank, N, outputs: (rank <= N) & (rank <= outputs), "lower the rank")
LOW = Assumption("rank < N", lambda rank, N: rank < N, "lower the rank")

CLAIMS = (
    Claim(
        id="lora",
        title="A low-rank adapter holds as many facts as its rank",
        plain="A low-rank adapter holds as many facts as its rank. If adapters are merged one after another, they "
        "overwrite each other like plain finetuning. If each is stored, nothing is forgotten, and the memory grows "
        "with every task.",
        statement="An adapter of rank r below full rank has r (N + outputs - r) degrees of freedom and holds r generic facts "
        "whole. Merged one after another, adapters are finetuning with tasks of r facts: the oldest of T keeps (1 - "
        "r/N)^(T-1), the total never exceeds N, and it forgets. Stored for each task they hold T r facts, forget nothing, "
        "and the state grows with T.",
        assumptions=(
            LINEAR,
            ISOTROPIC,
            IDENTITY,
            Assumption(
                "values are generic (no low-rank structure that facts share); merged: each task writes its facts by least change"
            ),
        ),
        status="proved under assumptions",
        source="this project; method: Hu et al. 2022 (LoRA)",
        evidence=(
            "derivation: theory.methods.lora.derive",
            "certificate: theory.certificates.methods",
            "attack: theory.attacks.methods",
            "property test: tests/theory/test_methods_structure.py",
            "literature values: theory.literature.methods",
        ),
        derive=derive,
        quantities=(
            Quantity("ceiling", "generic facts that one adapter writes whole", "facts", ("N", "outputs", "rank"), (THIN,)),
            *state_quantities("N", "outputs", "rank"),
            Quantity(
                "length",
                "merged tasks of `rank` facts after which the oldest has this depth",
                "tasks",
                ("N", "rank", "depth"),
                (LOW,),
            ),
            Quantity(
                "retained_depth",
                "mean depth of the oldest of T merged tasks of `rank` facts",
                "retained fraction",
                ("N", "rank", "T"),
                (LOW,),
            ),
            Quantity("merged_total", "total depth of T merged tasks of `rank` facts", "facts", ("N", "rank", "T"), (LOW,)),
            Quantity("adapter", "numbers of one adapter", "numbers", ("N", "outputs", "rank"), (THIN,)),
            Quantity("freedom", "degrees of freedom of one adapter's update", "numbers", ("N", "outputs", "rank"), (THIN,)),
            Quantity("stored_ceiling", "facts that T stored adapters hold", "facts", ("T", "rank")),
            Quantity("stored_state", "numbers kept with T stored adapters", "numbers", ("N", "outputs", "rank", "T"), (THIN,)),
        ),
    ),
)
(CLAIM,) = CLAIMS
