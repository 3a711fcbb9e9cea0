"""Sparse memory (claim `sparse_memory`): N slots, of which a fact writes a N and a reader reads many.

Slots chosen to be unused hold 1/a facts before the first collision (a N >= 1). If slots are chosen at random, a later fact
rewrites the share a of the slots of an earlier one. A fact then has depth (1 - a)^age, and the depths of all facts add up to
1/a. The oldest of M facts keeps most at a = 1/M, with the throughput of slotted ALOHA (C2-cells). The probability that a fact
is not touched at all is far smaller. Reading all slots and writing few is a dual regime (S1): the untouched slots carry what
is shared.
"""

from __future__ import annotations

from math import comb
from typing import Any

import numpy as np
import sympy as sp

from theory.methods.setting import LINEAR, account, log_falling, state_quantities
from theory.proof.claim import Assumption, Claim, Quantity
from theory.proof.derivation import Derivation
from theory.proof.notation import N, R, T, a, age, b, depth, outputs


def _counts(missed: Any, k: sp.Symbol) -> tuple[bool, str]:
    """The Gamma functions against binomial coefficients."""
    sizes = ((64, 4), (100, 10), (37, 18))
    worst = max(abs(float(missed.subs({N: n, k: few})) * comb(n, few) / comb(n - few, few) - 1) for n, few in sizes)
    return worst < 1e-9, f"against binomial coefficients at three sizes, relative error {worst:.1e}"


def derive() -> Derivation:
    """Count disjoint supports; then random ones, by survival of a slot, of a fact, and of the private bits beside shared ones."""
    proof = Derivation()
    n, k, s = sp.symbols("n k s", positive=True)
    m = sp.Symbol("m", integer=True, nonnegative=True)
    proof.solve("Disjoint supports of a N slots: M of them use up N slots at", n * a * N - N, n, law="ceiling")
    kept = proof.given(
        "Random supports: a slot survives a later fact with probability 1 - a. A value spread evenly over its slots keeps",
        (1 - a) ** age,
        law="retained_depth",
    )
    total = proof.equal("All facts together keep, in a long stream,", sp.Sum((1 - s) ** m, (m, 0, sp.oo)), 1 / s)
    proof.equal("This is the number of facts that disjoint supports hold", total.subs(s, a), 1 / a)
    proof.solve("The oldest has that depth up to", (n - 1) * sp.log(1 - a) - sp.log(depth), n, law="length")
    oldest = a * kept.subs(age, n - 1)
    slope = proof.equal(
        "In slots the oldest keeps a (1 - a)^(M-1) of N: the logarithm's slope",
        sp.diff(sp.log(oldest), a),
        1 / a - (n - 1) / (1 - a),
    )
    best = proof.solve("The slope vanishes at", slope, a)
    share = proof.equal(
        "There n facts (or tasks) hold, of N slots, the throughput of slotted ALOHA",
        n * oldest.subs(a, best),
        (1 - 1 / n) ** (n - 1),
    )
    proof.given("T tasks hold", share.subs(n, T), law="throughput")
    missed = sp.exp(2 * sp.loggamma(N - k + 1) - sp.loggamma(N - 2 * k + 1) - sp.loggamma(N + 1))
    untouched = proof.argued(
        "No slot of the fact's k = a N is among the k of a later one with probability C(N - k, k)/C(N, k), to the "
        "power of the age",
        missed**age,
        lambda: _counts(missed, k),
    )
    proof.given("In terms of a it is", untouched.subs(k, a * N), law="untouched")
    proof.given(
        "Reading all and writing a N: R shared bits take their part of every slot, and the oldest of T tasks keeps of the "
        "rest (S1)",
        (b * N - R) * a * (1 - a) ** (T - 1),
        law="private_bits",
    )
    account(
        proof,
        "Kept beside the values: a count of accesses for each slot, to choose those that other text does not use",
        N * outputs + N,
    )
    return proof


def _untouched(N: Any, a: Any, age: Any) -> Any:
    """The law `untouched` without the cancellation of its Gamma functions."""
    k = a * N
    return np.exp(age * (log_falling(N - k + 1, k) - log_falling(N + 1, k)))


HALF = Assumption("a <= 1/2 (two disjoint supports fit)", lambda a: a <= 0.5, "lower a")
THINNER = Assumption("a < 1", lambda a: a < 1, "lower a")
FITS = Assumption("R < b*N (the shared bits fit in the store)", lambda R, b, N: b * N > R, "lower R, or raise b or N")

CLAIMS = (
    Claim(
        id="sparse_memory",
        title="Sparse writes: collisions decide",
        plain="If each fact is written into a few slots chosen at random, it is lost when others happen to use the same "
        "slots. The older a fact, the more of its slots are gone. Choosing unused slots would hold up to e times as "
        "much.",
        statement="A memory of N slots holds 1/a facts of a N >= 1 slots each before supports collide. With random supports a "
        "fact of any age keeps (1 - a)^age: it forgets, never stops learning, and retains 1/a facts in all; the chance that "
        "not one of its slots was rewritten is at most (1 - a)^(a N age). For the oldest fact choosing unused slots is worth "
        "a factor of up to e; reading all slots and writing few is the dual regime of S1.",
        assumptions=(
            LINEAR,
            Assumption("a fact's value is spread evenly over its slots; a write overwrites them; keys and gates are frozen"),
            Assumption("random supports: of exactly a N slots, independent from fact to fact"),
        ),
        status="proved under assumptions",
        source="this project (C2, S1); the throughput: Roberts 1975; method: Berges et al. 2024, sparse memory finetuning 2025",
        evidence=(
            "derivation: theory.methods.sparse_memory.derive",
            "certificate: theory.certificates.methods",
            "attack: theory.attacks.methods",
            "property test: tests/theory/test_methods_structure.py",
        ),
        derive=derive,
        quantities=(
            Quantity("ceiling", "facts before supports collide, at best (a N >= 1)", "facts", ("a",)),
            *state_quantities("N", "outputs"),
            Quantity(
                "length", "facts on random supports after which the oldest has this depth", "facts", ("a", "depth"), (THINNER,)
            ),
            Quantity("retained_depth", "mean depth of a fact of that age, random supports", "retained fraction", ("a", "age")),
            Quantity("throughput", "share of N that the oldest of T tasks accounts for at a = 1/T", "fraction", ("T",)),
            Quantity(
                "untouched",
                "probability that no slot of a fact was rewritten",
                "fraction",
                ("N", "a", "age"),
                (HALF,),
                _untouched,
            ),
            Quantity(
                "private_bits", "bits the oldest task keeps beside R shared ones", "bits", ("N", "b", "R", "T", "a"), (FITS,)
            ),
        ),
    ),
)
(CLAIM,) = CLAIMS
