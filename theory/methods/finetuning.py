"""Full finetuning (claim `finetuning`): the plain delta rule, one strength for all facts, nothing protected.

It is claim C2 itself. With isotropic keys at strength eta, a fact of that age keeps eta (1 - eta/N)^age. The oldest of M facts
keeps at most N (1 - 1/M)^(M-1)/M, reached at eta = N/M if M >= N. While M < N, eta = 1 is best and the oldest keeps (1 -
1/N)^(M-1). It forgets at an unchanged rate and never stops learning. Strengths that fall as N/(N + j) keep all facts at N/(N +
M - 1) and stop learning instead.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from theory import retention
from theory.methods.setting import ISOTROPIC, LINEAR, WIDE, account, state_quantities
from theory.proof.claim import Claim, Quantity
from theory.proof.derivation import Derivation
from theory.proof.notation import M, N, age, depth, eta, outputs


def derive() -> Derivation:
    """The law of C2 for isotropic keys, solved for the length of the sequence."""
    proof = Derivation()
    kept = proof.given(
        "Isotropic independent keys at one strength (C2): a fact keeps", eta * (1 - eta / N) ** age, law="retained_depth"
    )
    oldest = kept.subs(age, M - 1)
    best = proof.solve("The oldest of M is deepest where the logarithm's slope vanishes", 1 / eta - (M - 1) / (N - eta), eta)
    proof.equal("(the slope)", sp.diff(sp.log(oldest), eta), 1 / eta - (M - 1) / (N - eta))
    ceiling = proof.equal("M times its depth is then", M * oldest.subs(eta, best), N * (1 - 1 / M) ** (M - 1), law="ceiling")
    proof.limit("The ceiling falls to", ceiling, M, sp.oo)
    proof.equal(
        "While M <= N that strength would exceed 1; at eta = 1 the oldest keeps", oldest.subs(eta, 1), (1 - 1 / N) ** (M - 1)
    )
    proof.solve(
        "The oldest fact still has that depth after",
        (M - 1) * sp.log(1 - 1 / N) - sp.log(depth),
        M,
        law="length_at_full_strength",
    )
    proof.solve(
        "Strengths N/(N + j) keep every fact at N/(N + M - 1) (C2), that depth up to",
        N / (N + M - 1) - depth,
        M,
        law="annealed_length",
    )
    account(proof, "Nothing is kept but the parameters", N * outputs)
    return proof


def _length(N: Any, depth: Any) -> Any:
    return np.vectorize(lambda size, least: retention.largest_tasks(size, 1, least), otypes=[float])(N, depth)


CLAIMS = (
    Claim(
        id="finetuning",
        title="Full finetuning is the fixed regime",
        plain="Training on, fact by fact, always at the same rate, is the plain case of C2. It keeps learning and keeps "
        "forgetting: the oldest of M facts keeps at most about N/(e M) of what was written.",
        statement="The plain delta rule with one strength keeps the oldest of M facts at a depth d with M d <= N (1 - "
        "1/M)^(M-1), which falls to N/e. It forgets, at a rate that does not change, and never stops learning; with "
        "strengths N/(N + j) all M facts keep N/(N + M - 1), and it stops learning instead.",
        assumptions=(LINEAR, ISOTROPIC),
        status="proved under assumptions",
        source="this project (C2)",
        evidence=(
            "derivation: theory.methods.finetuning.derive",
            "certificate: theory.certificates.methods",
            "attack: theory.attacks.methods",
            "property test: tests/theory/test_methods.py",
        ),
        derive=derive,
        quantities=(
            Quantity("ceiling", "upper bound on M * depth of the oldest of M facts (attained for M >= N)", "facts", ("N", "M")),
            *state_quantities("N", "outputs"),
            Quantity(
                "length",
                "number of facts after which even the best strength leaves the oldest this depth",
                "facts",
                ("N", "depth"),
                solve=_length,
            ),
            Quantity(
                "length_at_full_strength",
                "number of facts after which the strength eta = 1 leaves the oldest this depth",
                "facts",
                ("N", "depth"),
                (WIDE,),
            ),
            Quantity("annealed_length", "facts that all keep this depth under strengths N/(N + j)", "facts", ("N", "depth")),
            Quantity("retained_depth", "mean depth of a fact of that age", "retained fraction", ("N", "eta", "age")),
        ),
    ),
)
(CLAIM,) = CLAIMS
