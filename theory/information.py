r"""No system retains more bits than its whole persistent state holds (claim C5): Fano's inequality, with everything counted.

M independent facts, uniform over m alternatives, are read out of a state of S bits: parameters AND protective state (Fisher
matrices, bases, masks, buffers, optimizer moments). If a fact is read wrongly with probability `error`, on average over the
facts, reading it takes at least

    rho(m, error) = log2 m - h(error) - error log2(m - 1)   bits,   so that   M rho <= S,

for whatever code, decoder and interleaving. Cues that the reader brings along, and public random codes, cost nothing. Cues
that the system itself has to reproduce are facts, and they are counted. rho is Shannon's rate-distortion function of a uniform
source, so long blocks attain the law. N parameters of b bits, read with independent noise at a power SNR, pass at most N
min(b, (1/2) log2(1 + SNR)) bits of their state on.
"""

from __future__ import annotations

from functools import cache
from math import comb, factorial
from typing import Any

import numpy as np
import sympy as sp
from scipy.optimize import brentq
from scipy.special import xlogy

from theory.proof.claim import Assumption, Claim, Quantity
from theory.proof.compiled import compiled
from theory.proof.derivation import Derivation
from theory.proof.notation import M, N, S, b, cue, error, m, snr


def _processing_holds() -> tuple[bool, str]:
    """A random joint law of fact, cue and state: I(F; state | cue) <= H(state), and Fano for the best reader of each."""
    rng, worst = np.random.default_rng(0), 0.0
    for _ in range(200):
        alternatives, states = int(rng.integers(2, 6)), int(rng.integers(2, 5))
        writer = rng.dirichlet(np.full(states, 0.3), size=(3, alternatives))  # P(state | cue, fact), three cues
        joint = writer / (3 * alternatives)
        wrong = min(1 - float(np.sum(np.max(joint, axis=1))), 1 - 1 / alternatives)
        share = joint.sum(axis=1, keepdims=True)
        known = np.sum(xlogy(joint, joint / (share / alternatives + 1e-300))) / np.log(2)
        worst = max(worst, known / np.log2(states), fact_bits(alternatives, wrong) / max(known, 1e-12))
    return worst <= 1 + 1e-9, f"200 random stores with a cue: the ratios of the two inequalities reach {worst:.4f}"


def _rate_attained() -> tuple[bool, str]:
    """A channel whose wrong answers are equally likely spends exactly rho bits."""
    worst = 0.0
    for alternatives in (2, 3, 7):
        for wrong in (0.01, 0.1, 0.4):
            channel = np.full((alternatives, alternatives), wrong / (alternatives - 1))
            np.fill_diagonal(channel, 1 - wrong)
            spent = np.sum(xlogy(channel, channel * alternatives)) / alternatives / np.log(2)
            worst = max(worst, abs(spent - fact_bits(alternatives, wrong)))
    return worst < 1e-12, f"at 9 points the test channel spends rho, up to {worst:.1e}"


def _sets_are_counted() -> tuple[bool, str]:
    """binom(n, M) M! >= (n - M + 1)^M and binom(n, M) M^M >= n^M in integers."""
    cases = [(n, k) for n in range(1, 33) for k in range(1, n + 1)]
    ordered = all(comb(n, k) * factorial(k) >= (n - k + 1) ** k for n, k in cases)
    return ordered and all(comb(n, k) * k**k >= n**k for n, k in cases), f"in {len(cases)} cases, in integers"


def derive() -> Derivation:
    """C5: processing, the chain rule and Fano; then what is attained, and what else has to be counted."""
    proof = Derivation()
    rate = proof.given(
        "F_1 ... F_M independent, uniform over m alternatives, independent of the cues C and of public randomness U; the state "
        "takes at most 2^S values; answer k is a function of state, C and U. A reader wrong with probability e_k knows, by "
        "Fano's inequality, I(F_k; answer k | C, U) >= log2 m - h(e_k) - e_k log2(m - 1) =",
        sp.log(m, 2) + (error * sp.log(error) + (1 - error) * sp.log(1 - error)) / sp.log(2) - error * sp.log(m - 1, 2),
        law="fact_bits",
    )
    slope = proof.equal("Its slope in e", sp.diff(rate, error), (sp.log(error) - sp.log(1 - error) - sp.log(m - 1)) / sp.log(2))
    guess = proof.solve("The slope of rho vanishes where the answer is a blind guess", error - (1 - error) * (m - 1), error)
    proof.equal("There rho itself is", rate.subs(error, guess), sp.S.Zero)
    proof.holds("It is convex: equal errors ask for the least, unequal ones for more", sp.diff(slope, error) > 0)
    proof.argued(
        "Hence sum_k I(F_k; answer k | C, U) >= M rho(mean e). The F_k are independent: the sum is at most I(F; state | C, U) "
        "<= H(state) <= S. So S is at least",
        M * rate,
        _processing_holds,
        law="least_state",
    )
    proof.argued(
        "As rho falls up to 1 - 1/m, the same holds for the largest error. Given S, the facts are at most",
        S / rate,
        law="ceiling",
    )
    proof.given("T tasks of D bits (m = 2): T D is at most", (S / rate).subs(m, 2), law="task_ceiling")
    proof.argued("Long blocks attain it: rho is the rate-distortion function of the source (Shannon 1959)", None, _rate_attained)
    proof.argued(
        "Cues to be reproduced: a set of M out of n = 2^c equally likely ones, in any order, is one of binom(n, M) >= (n - M + "
        "1)^M/M! and >= (n/M)^M sets; given the cues, the facts cost what they did. With cues S is at least",
        sp.Max(
            M * (cue + sp.log(1 - (M - 1) * sp.exp(-cue * sp.log(2)), 2)) - sp.loggamma(M + 1) / sp.log(2),
            M * (cue - sp.log(M, 2)),
        )
        + M * rate,
        _sets_are_counted,
        law="state_with_cues",
    )
    passed = proof.argued(
        "Noisy cells: facts -> N cells of b bits -> reads with independent Gaussian noise, of power SNR on average. A cell "
        "passes at most b bits, and at most the Gaussian capacity, concave in its power, so that equal powers pass most: S "
        "gives way to",
        N * sp.Min(b, sp.log(1 + snr, 2) / 2),
        law="read_bits",
    )
    proof.given("The facts are then at most", passed / rate, law="noisy_ceiling")
    return proof


@cache
def _law(name: str, parameters: tuple[str, ...]) -> Any:
    """A law of the derivation as a function of keyword arguments, with the limit 0 log 0 = 0 where no error is allowed."""
    function = compiled(C5.derivation.laws[name], parameters)

    def value(**given: Any) -> Any:
        given["error"] = np.maximum(given["error"], 1e-300)
        return function(*(given[parameter] for parameter in parameters))

    return value


def _quantity(name: str, meaning: str, unit: str, parameters: tuple[str, ...], *domain: Assumption) -> Quantity:
    return Quantity(name, meaning, unit, parameters, domain, solve=lambda **given: _law(name, parameters)(**given))


def _least_error(S: Any, M: Any, m: Any) -> Any:
    def root(bits: float, facts: float, alternatives: float) -> float:
        spare = [facts * fact_bits(alternatives, wrong) - bits for wrong in (0.0, 1 - 1 / alternatives)]
        if spare[0] <= 0 or spare[1] >= 0:
            return 0.0 if spare[0] <= 0 else 1 - 1 / alternatives
        return float(
            brentq(lambda wrong: facts * fact_bits(alternatives, wrong) - bits, 0.0, 1 - 1 / alternatives, xtol=1e-15)  # pyright: ignore[reportArgumentType]
        )

    return np.vectorize(root, otypes=[float])(S, M, m)


BETTER = Assumption(
    "error < 1 - 1/m (better than a blind guess)", lambda error, m: error < 1 - 1 / m, "lower the error, or raise m"
)
GUESS = Assumption(
    "error <= 1 - 1/m (at worst a blind guess)", lambda error, m: error <= 1 - 1 / m, "lower the error, or raise m"
)
BETTER_BIT = Assumption("error < 1/2 (better than a blind guess)", lambda error: error < 0.5, "lower the error")
DISTINCT = Assumption("M <= 2^cue (the cues are distinct)", lambda M, cue: cue >= np.log2(M), "give longer cues, or fewer facts")

CLAIMS = (
    Claim(
        id="C5",
        title="The information ceiling",
        plain="Whatever the learning rule, a system cannot give back more information than its whole state can hold. "
        "Every cue, buffer or importance weight that it keeps counts as part of that state.",
        statement="A system that answers M independent facts of m alternatives with mean error probability e has a persistent "
        "state of at least M (log2 m - h(e) - e log2(m-1)) bits, protective state included, whatever its code, its reader and "
        "its side information. Cues that it has to reproduce are counted as facts; noisy cells of b bits count as min(b, (1/2) "
        "log2(1 + SNR)). Long blocks attain the law.",
        assumptions=(
            Assumption("facts are independent, uniform, and independent of cues and public randomness known to the reader"),
            Assumption("all that persists between writing and reading is counted in S, at its true number of bits"),
            Assumption("noisy cells: one read, noise independent of the cells and from cell to cell, Gaussian, mean power fixed"),
        ),
        status="proved",
        source="Fano 1961; rate-distortion: Shannon 1959; used as a ceiling on memories in this project",
        evidence=(
            "derivation: theory.information.derive",
            "certificate: theory.certificates.information",
            "attack: theory.attacks.information",
            "property test: tests/theory/test_information.py",
        ),
        derive=derive,
        quantities=(
            _quantity(
                "ceiling", "largest number of facts that a state of S bits can answer", "facts", ("S", "m", "error"), BETTER
            ),
            _quantity("least_state", "smallest state that can answer M facts", "bits", ("M", "m", "error"), GUESS),
            Quantity(
                "least_error",
                "smallest mean error with which a state of S bits answers M facts",
                "fraction",
                ("S", "M", "m"),
                solve=_least_error,
            ),
            _quantity("fact_bits", "least number of bits that one fact takes", "bits", ("m", "error"), GUESS),
            _quantity(
                "task_ceiling",
                "largest number of bits, T tasks of D bits, that a state can hold",
                "bits",
                ("S", "error"),
                BETTER_BIT,
            ),
            _quantity(
                "state_with_cues",
                "smallest state that answers M facts and reproduces the set of their cues",
                "bits",
                ("M", "m", "error", "cue"),
                GUESS,
                DISTINCT,
            ),
            Quantity("read_bits", "bits that N noisy cells of b bits pass on", "bits", ("N", "b", "snr")),
            _quantity(
                "noisy_ceiling",
                "largest number of facts that N noisy cells can answer",
                "facts",
                ("N", "b", "snr", "m", "error"),
                BETTER,
            ),
        ),
    ),
)
(C5,) = CLAIMS


def fact_bits(m: Any, error: Any) -> Any:
    """rho(m, error) = log2 m - h(error) - error log2(m - 1): bits that one fact takes, error <= 1 - 1/m (C5)."""
    return C5.value("fact_bits", m=m, error=error).value


def ceiling(S: Any, m: Any, error: Any) -> Any:
    """Largest number of facts of m alternatives that a state of S bits answers with that mean error (C5)."""
    return C5.value("ceiling", S=S, m=m, error=error).value


def least_state(M: Any, m: Any, error: Any) -> Any:
    """Smallest persistent state, in bits, that answers M facts of m alternatives with that mean error (C5)."""
    return C5.value("least_state", M=M, m=m, error=error).value


def least_error(S: Any, M: Any, m: Any) -> Any:
    """Smallest mean error with which a state of S bits answers M facts of m alternatives (C5)."""
    return C5.value("least_error", S=S, M=M, m=m).value


def task_ceiling(S: Any, error: Any) -> Any:
    """Largest T * D, in bits, of T tasks of D bits read with that mean error out of S bits (C5)."""
    return C5.value("task_ceiling", S=S, error=error).value
