"""Progressive networks (claim `progressive`; Rusu et al. 2016): a new column of parameters for each task.

The ceiling is raised, not broken: N facts for each column of N parameters for an output, at any number of tasks. Connections
from every earlier column are parameters too: with keys as wide as all columns so far, state and ceiling both grow with the
square of T. At a fixed budget it is a mask that was drawn in advance.
"""

from __future__ import annotations

import sympy as sp

from theory.methods.setting import IDENTITY, LINEAR, account, state_quantities
from theory.proof.claim import Claim, Quantity
from theory.proof.derivation import Derivation
from theory.proof.notation import N, T, d, outputs


def derive() -> Derivation:
    """Add columns, then their lateral connections, and divide."""
    proof = Derivation()
    t = sp.Symbol("t", integer=True, positive=True)
    facts = proof.given("Each column holds N facts, and no later task writes it", N * T, law="ceiling")
    account(proof, "T columns are", T * N * outputs)
    proof.equal(
        "The columns hold that many facts for each parameter: as many as at T = 1",
        facts / (T * N * outputs),
        1 / outputs,
        law="facts_per_parameter",
    )
    proof.solve("A budget of d parameters is spent after", T * N * outputs - d, T, law="length")
    lateral = proof.equal(
        "With connections from all earlier columns, column t has keys of width N t; together",
        sp.Sum(N * t, (t, 1, T)),
        N * T * (T + 1) / 2,
        law="lateral_ceiling",
        samples={T: (5, 20, 7)},
    )
    numbers = proof.given(
        "The columns hold that many facts in as many parameters for each output", lateral * outputs, law="lateral_state"
    )
    proof.equal("This is the same number for each parameter", lateral / numbers, 1 / outputs)
    return proof


CLAIMS = (
    Claim(
        id="progressive",
        title="Progressive networks raise the ceiling with the state",
        plain="Adding a new column of parameters for each task forgets nothing. It does not use parameters any better: "
        "the number of facts per parameter stays the same, and the network grows with every task.",
        statement="A column of N parameters for each task holds T N facts in T N parameters for each output: facts for each "
        "parameter are constant in T, with lateral connections too. It never forgets; it stops learning when the budget of "
        "parameters is spent, after d/(N outputs) tasks.",
        assumptions=(LINEAR, IDENTITY),
        status="proved",
        source="this project; method: Rusu et al. 2016",
        evidence=(
            "derivation: theory.methods.progressive.derive",
            "certificate: theory.certificates.methods",
            "attack: theory.attacks.methods",
            "property test: tests/theory/test_methods_structure.py",
        ),
        derive=derive,
        quantities=(
            Quantity("ceiling", "facts held by T columns", "facts", ("N", "T")),
            *state_quantities("N", "outputs", "T"),
            Quantity("length", "tasks until a budget of d parameters is spent", "tasks", ("d", "N", "outputs")),
            Quantity("facts_per_parameter", "facts held for each parameter", "facts per parameter", ("outputs",)),
            Quantity("lateral_ceiling", "facts held by T columns with lateral connections", "facts", ("N", "T")),
            Quantity("lateral_state", "numbers kept with lateral connections", "numbers", ("N", "outputs", "T")),
        ),
    ),
)
(CLAIM,) = CLAIMS
