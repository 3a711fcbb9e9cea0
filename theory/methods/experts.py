"""Mixture of experts (claim `experts`): an input-conditional choice among E stores of N/E parameters, and no consolidation.

Each fact is routed to one expert. A later write meets an earlier fact with probability 1/E and then costs it eta E/N: on
average exactly what it costs in one store of N. Experts that protect what they hold fill up one by one, and an uneven load
wastes room: of N facts about sqrt(N (E - 1)/(2 pi)) find their expert full.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy
import sympy as sp

from theory.methods.setting import ISOTROPIC, LINEAR, WIDE, account, state_quantities
from theory.proof.claim import Assumption, Claim, Quantity
from theory.proof.derivation import Derivation
from theory.proof.limits import fits
from theory.proof.notation import M, N, age, depth, eta, experts, outputs


def held(N: float, experts: float, M: float) -> float:
    """Expected facts held whole by experts that protect them: E E[min(K, N/E)], K ~ Binomial(M, 1/E)."""
    fits(8 * N / experts)
    room = int(N / experts)
    loads = np.arange(room)
    short = np.sum((room - loads) * scipy.stats.binom.pmf(loads, np.floor(M), 1 / experts))
    return float(experts * (room - short))


def _averaged(later: int, met: Any, left: Any) -> Any:
    """Mean of left^k over the number k of `later` facts that come to the same expert, each with probability `met`."""
    return sum(sp.binomial(later, k) * met**k * (1 - met) ** (later - k) * left**k for k in range(later + 1))


def derive() -> Derivation:
    """The binomial theorem makes routing invisible to the mean; the spread of the load does not average out."""
    proof = Derivation()
    proof.equal("Experts of equal size hold, together,", experts * (N / experts), N, law="ceiling")
    met, cost = 1 / experts, eta * experts / N
    later = proof.given("A later fact comes to the same expert with probability 1/E and then leaves", 1 - cost)
    mean = proof.argued(
        "A later fact of the same expert leaves that share of the depth (C2 in N/E dimensions). Over the "
        "routing, age later facts leave on average, by the binomial theorem,",
        (1 - eta / N) ** age,
        lambda: (sp.simplify(_averaged(4, met, later) - (1 - eta / N) ** 4) == 0, "symbolically, for four later facts"),
    )
    proof.given("A fact therefore keeps what it would in one store of N", eta * mean, law="retained_depth")
    proof.solve("The length of the sequence is the same", (M - 1) * sp.log(1 - 1 / N) - sp.log(depth), M, law="length")
    variance = proof.given(
        "Protecting experts: at M = N an expert is sent a binomial number of facts, of mean N/E and variance",
        N / experts * (1 - 1 / experts),
    )
    z = sp.Symbol("z", real=True)
    excess = proof.equal(
        "A normal variable exceeds its mean on average by",
        sp.integrate(z * sp.exp(-(z**2) / 2), (z, 0, sp.oo)) / sp.sqrt(2 * sp.pi),
        1 / sp.sqrt(2 * sp.pi),
    )
    proof.equal(
        "It exceeds it by that many standard deviations, so the experts together turn away",
        experts * sp.sqrt(variance) * excess,
        sp.sqrt(N * (experts - 1) / (2 * sp.pi)),
        law="imbalance",
    )
    account(proof, "Kept beside the experts: a routing vector for each, of their keys' width N/E", N * outputs + N)
    return proof


WHOLE = Assumption(
    "N/experts and M are whole numbers",
    lambda N, experts, M: (np.abs(np.mod(N / experts + 0.5, 1) - 0.5) < 1e-9) & (np.mod(M, 1) == 0),
    "round N to a multiple of experts",
)
FEW = Assumption("experts <= N", lambda experts, N: experts <= N, "lower experts")


def _held(N: Any, experts: Any, M: Any) -> Any:
    return np.vectorize(held, otypes=[float])(N, experts, M)


CLAIMS = (
    Claim(
        id="experts",
        title="Routing divides the store and keeps its law",
        plain="Sending each fact to one of several experts splits the memory into parts, and each part obeys the same "
        "ceiling. On average nothing is gained or lost, and chance makes some experts full before others.",
        statement="Facts routed at random to E experts of N/E parameters are retained on average exactly as in one store of "
        "N: the ceiling is the sum over experts, and without protection it forgets at the same rate. Experts that protect "
        "what they hold stop learning one by one; of N facts about sqrt(N (E - 1)/(2 pi)) are turned away because loads are "
        "uneven.",
        assumptions=(
            LINEAR,
            ISOTROPIC,
            Assumption("one expert for each fact, chosen by the input alone, equally often and independently; no consolidation"),
            Assumption("imbalance: normal approximation to the load, N/E large"),
        ),
        status="proved under assumptions",
        source="this project (C2)",
        evidence=(
            "derivation: theory.methods.experts.derive",
            "certificate: theory.certificates.methods",
            "attack: theory.attacks.methods",
            "property test: tests/theory/test_methods_structure.py",
        ),
        derive=derive,
        quantities=(
            Quantity("ceiling", "facts that all experts hold", "facts", ("N",)),
            *state_quantities("N", "outputs"),
            Quantity("length", "facts after which the oldest has this depth, eta = 1", "facts", ("N", "depth"), (WIDE,)),
            Quantity("retained_depth", "mean depth of a fact of that age", "retained fraction", ("N", "eta", "age")),
            Quantity(
                "held",
                "facts of M held whole by experts that protect them",
                "facts",
                ("N", "experts", "M"),
                (WHOLE,),
                solve=_held,
            ),
            Quantity(
                "imbalance",
                "facts of N turned away by full experts, normal approximation",
                "facts",
                ("N", "experts"),
                (FEW,),
            ),
        ),
    ),
)
(CLAIM,) = CLAIMS
