r"""Two stores with consolidation against their controls: what decides the third hypothesis (claim S3).

A slow store holds C labels per number of its state, when what it holds is rehearsed together; a fast store takes c numbers per
label and is free again after each sleep. There are T tasks of equal size, each fact is seen once, and rehearsal happens
between tasks only. The fast store has room for one task, the slow one for all. Per number of its state the system holds

    load = 1 / (1/C + c/T)      (1 / ((1 - 1/T)/C + c/T) if the last task may stay in the fast store).

The larger T, the less the fast store matters, whatever it is made of. What is gained over one store that holds C_one under the
same rule is load/C_one, and two stores win for T > c / (1/C_one - 1/C). A sparse fast store (c = 2 ln 2 at best, C3) beats a
dense one-shot store (c = 3) by (3 - 2 ln 2)/T numbers per label. It loses to a list of labels (c = 1, or 1/p_b if all p_b bits
are used). In bits nothing beats the list: C5 gives C <= p_b.

Many passes. One dense store needs no fast store. The weights that answer all stored facts form a convex cone. Along the
segment from any of them to weights that also answer the new facts, no old answer changes. So the store can rehearse its own
answers without keeping a copy of the labels. Two units of S and F weights that divide the facts between them are dominated by
one unit of S + F weights: for random facts it succeeds at least as often, at every size. By Cover's count P(M facts fit N
weights) = P(Bin(M - 1, 1/2) <= N - 1), and Bin(M1 - 1) + Bin(M2 - 1) + 1 dominates Bin(M1 + M2 - 1). Systems of threshold
units that answer jointly may hold more (the parity machine about 4 per weight: Barkai, Hansel and Kanter 1990). With another
kind of fast store the condition is c C >= 1: a list packed into bits violates it, and then the list alone is better still.

Rates. In the plane of C4 a slow rate for the structure and a fast one for the facts leave the forbidden region, by the factor
depth (2 - eta)/(eta (2 - depth)), whatever the codes. Two learning rules suffice.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import comb
from typing import Any, Literal

import numpy as np
import scipy
import sympy as sp

from theory import sleep, tradeoff
from theory.errors import UserError
from theory.proof.claim import Assumption, Claim, Quantity
from theory.proof.derivation import Derivation
from theory.proof.notation import TERMS, C_one, C_other, C_slow, N, T, c_fast, c_other, copies, cue, depth, eta, outputs, p_b

Access = Literal["many passes", "one pass with sleep", "one pass"]
Unit = Literal["numbers", "bits"]
ACCESS: tuple[Access, ...] = ("many passes", "one pass with sleep", "one pass")
CONTROLS = ("one store", "equal sparsity", "second-order state", "buffer as fast store", "list alone")
M = TERMS["M"].symbol


def fits(M: int, N: int) -> Fraction:
    """Probability that N weights can answer M random binary facts in general position, exactly (Cover 1965)."""
    if M < 1 or N < 0:
        raise UserError(f"fits: M = {M}, N = {N} violates 'M >= 1 and N >= 0'; choose M and N in that range")
    return Fraction(sum(comb(M - 1, k) for k in range(min(N, M))), 2 ** (M - 1))


def _one_unit_dominates() -> tuple[bool, str]:
    """Exact counts: S + F weights against S and F apart, all sizes up to 6 and up to 12 facts each."""
    cases = [(s, f, one, two) for s in range(1, 7) for f in range(1, 7) for one in range(1, 13) for two in range(1, 13)]
    short = sum(fits(one + two, s + f) < fits(one, s) * fits(two, f) for s, f, one, two in cases)
    return short == 0, f"{len(cases)} divisions, {short} of them hold more often than one unit"


def _the_way_keeps_old_answers() -> tuple[bool, str]:
    """Perceptrons of 40 facts, then of 50: answers to the 40 along the straight way between the two."""
    rng, flips = np.random.default_rng(0), 0
    for _ in range(10):
        cues, labels = rng.normal(size=(50, 40)), rng.choice([-1.0, 1.0], 50)
        signed = cues * labels[:, None]
        old, new = (_perceptron(signed[:count]) for count in (40, 50))
        path = np.linspace(0, 1, 101)[:, None]
        flips += int(np.sum(signed[:40] @ ((1 - path) * old + path * new).T <= 0))
    return flips == 0, f"10 streams, 101 points of the way each: {flips} old answers wrong"


def _perceptron(signed: np.ndarray) -> np.ndarray:
    """Weights with signed @ w > 0, by the perceptron rule."""
    weights = signed.sum(axis=0)
    for _ in range(100_000):
        worst = int(np.argmin(signed @ weights))
        if signed[worst] @ weights > 0:
            return weights
        weights = weights + signed[worst]
    raise ArithmeticError("the perceptron did not converge")


def derive() -> Derivation:
    """S3: counting for one pass with sleep, convexity for many passes, rates for the plane."""
    proof = Derivation()
    whole, slow, quick = sp.symbols("n S F", positive=True)
    need_slow = proof.given("One pass with sleep. After the last sleep the slow store holds all M labels: S =", M / C_slow)
    need_fast = proof.given("Before each sleep the fast store holds one task of M/T labels: F =", c_fast * M / T)
    labels = proof.solve("All numbers of the state, n = S + F, allow M labels", need_slow + need_fast - whole, M)
    base = proof.equal("That is, per number,", labels / whole, 1 / (1 / C_slow + c_fast / T), law="load")
    proof.limit("For long streams (C = 2) it tends to C, whatever the fast store", base.subs({C_slow: 2, c_fast: 3}), T, sp.oo)
    awake = proof.solve(
        "If the last task stays in the fast store, the slow one holds a share 1 - 1/T of them:",
        (1 - 1 / T) * M / C_slow + need_fast - whole,
        M,
    )
    proof.equal("Per number of its state", awake / whole, 1 / ((1 - 1 / T) / C_slow + c_fast / T), law="load_awake")
    proof.given(
        "Rehearsal from a frozen copy makes S count twice, a stored cue adds its bits to every label; with p_b bits a number",
        1 / (p_b * (copies / C_slow + c_fast / T) + cue),
        law="load_bits",
    )
    proof.given("A list takes one bit a label, and the same cues", 1 / (1 + cue), law="list_bits")
    proof.equal(
        "Against one store that holds C_one the gain is",
        base / C_one,
        1 / (C_one * (1 / C_slow + c_fast / T)),
        law="gain_over_single",
    )
    even = proof.solve("The gain is 1 at", base - C_one, T)
    proof.equal("That is", even, c_fast / (1 / C_one - 1 / C_slow), law="break_even_T")
    other = base.subs({C_slow: C_other, c_fast: c_other})
    gain = proof.equal(
        "Against two stores of other kinds, each system divided as it is best",
        base / other,
        (1 / C_other + c_other / T) / (1 / C_slow + c_fast / T),
        law="gain_over_equal_sparsity",
    )
    proof.limit("A fast store's kind ceases to matter in long streams (C = 2, c = 7/5 and 3)",
                gain.subs({C_slow: 2, C_other: 2, c_fast: sp.Rational(7, 5), c_other: 3}), T, sp.oo)  # fmt: skip
    rate = proof.given("Rehearsal also between facts: the fast store holds one fact, c numbers of N", C_slow * (N - c_fast) / N)
    proof.name("load_between_facts", rate)
    proof.argued(
        "Many passes. {w: y w.x > 0 for all held facts} is a convex cone, and the one with the new facts lies inside it. On the "
        "straight way into the latter no old answer changes: the old labels are the store's own answers, no copy is needed",
        None,
        _the_way_keeps_old_answers,
    )
    proof.argued(
        "Cover 1965: N weights fit M random facts with P(Bin(M-1, 1/2) <= N-1). Bin(M1-1) <= S-1 and Bin(M2-1) <= F-1 imply "
        "Bin(M1+M2-1) <= S+F-1, one more toss included: one unit of S + F weights fits both at least as often",
        None,
        _one_unit_dominates,
    )
    proof.equal(
        "Another kind of fast store, all labels in one or the other: C S + F/c exceeds C (S + F) by",
        C_slow * slow + quick / c_fast - C_slow * (slow + quick),
        quick * (1 - c_fast * C_slow) / c_fast,
    )
    proof.given(
        "Second-order state: recursive least squares holds one label per weight in one pass, N(N+1)/2 numbers being shared",
        1 / (1 + (N + 1) / (2 * outputs)),
        law="second_order_load",
    )
    share, z = sp.Symbol("h", positive=True), sp.Symbol("z", positive=True)
    beyond = proof.solve(
        "With M > N facts least squares leaves a residual: a fact's own weight in its answer is h = N/M on average, the others "
        "add noise of variance h - h^2, and the sign is wrong with probability Q(sqrt(h/(1 - h))). With z = Q^-1(error)",
        share / (1 - share) - z**2,
        share,
    )
    spare = proof.equal("Read by sign the store holds more labels by the factor 1/h", 1 / beyond, 1 + 1 / z**2)
    proof.given("Per number of its state", spare / (1 + (N + 1) / (2 * outputs)), law="second_order_read_by_sign")
    small = N / T
    deflated = proof.given(
        "D = N/T directions that no older cue touches suffice: a D x N basis and D(D+1)/2 numbers",
        1 / (1 + (N * small + small * (small + 1) / 2) / (N * outputs)),
    )
    proof.name("deflated_load", deflated)
    error, least = (tradeoff.C4.derivation.laws[name] for name in ("J", "J_min"))
    proof.equal(
        "Rates. In C4 the structure's error is that of the slow store's rate eta, the depth that of the fast store's; one rate "
        "would need an error larger by the factor",
        sp.simplify(least / error),
        depth * (2 - eta) / (eta * (2 - depth)),
        law="plane_gain",
    )
    return proof


LESS = Assumption("C_one < C_slow (otherwise one store wins at every T)", lambda C_one, C_slow: C_one < C_slow, "lower C_one")
KNOWN = Assumption(
    "C_slow <= p_b (C5: no number holds more labels than bits)", lambda C_slow, p_b: C_slow <= p_b, "raise p_b, or lower C_slow"
)
ROOM = Assumption("c_fast <= N (one label fits in the fast store)", lambda c_fast, N: c_fast <= N, "raise N")
DIVIDED = Assumption("T <= N (a task has at least one label)", lambda T, N: T <= N, "lower T, or raise N")
COUNTS = Assumption(
    "M and N are whole numbers, M >= 1", lambda M, N: (np.mod(M, 1) == 0) & (np.mod(N, 1) == 0) & (M >= 1), "round them"
)


def _read_by_sign(N: Any, outputs: Any, error: Any) -> Any:
    law, symbols = S3.derivation.laws["second_order_read_by_sign"], (TERMS["N"].symbol, TERMS["outputs"].symbol)
    return sp.lambdify([*symbols, sp.Symbol("z", positive=True)], law)(N, outputs, scipy.stats.norm.isf(error))


def _fit(M: Any, N: Any) -> Any:
    return scipy.stats.binom.cdf(np.asarray(N) - 1, np.asarray(M) - 1, 0.5)


CLAIMS = (
    Claim(
        id="S3",
        title="What decides whether two stores win",
        plain="With rehearsal between tasks, a fast and a slow memory together hold more than the best single memory known, "
        "if each fact is seen once. But sparsity is not the reason: its share vanishes as the tasks become many, a "
        "plain list of the facts is the better fast memory, and with many repetitions one dense memory is enough.",
        statement="With each fact seen once and rehearsal between tasks, a fast store of c numbers per label and a slow one of "
        "C labels per number hold 1/(1/C + c/T) labels per number. What sparsity adds falls as 1/T, and a list of labels is the "
        "better fast store. With many passes one dense store dominates if c C >= 1; with rehearsal between facts it ties as N "
        "grows (S3-one). Least squares holds at most one label per weight without residual, and shares its second-order state. "
        "In bits a list alone is never beaten. Two rates leave the plane of C4 as two sparsities do.",
        assumptions=(
            Assumption("labels are one bit each; cues are regenerated from a seed, or their bits counted"),
            Assumption("tasks are of equal size; C and c do not depend on the size of a store (large stores)"),
            Assumption("many passes: threshold units; rehearsal finds weights that answer all facts if there are any"),
            Assumption(
                "against one store under sleep: C_one is the most that it is known to hold (S3-one); no converse is known"
            ),
        ),
        status="proved under assumptions",
        source="this project; Cover 1965; Roxin and Fusi 2013 for partitioned stores",
        evidence=(
            "derivation: theory.controls.derive",
            "certificate: theory.certificates.controls",
            "attack: theory.attacks.controls",
            "property test: tests/theory/test_controls.py",
        ),
        derive=derive,
        quantities=(
            Quantity("load", "labels per number of state, two stores with sleep", "labels per number", ("T", "C_slow", "c_fast")),
            Quantity(
                "load_awake", "labels per number, last task not consolidated", "labels per number", ("T", "C_slow", "c_fast")
            ),
            Quantity(
                "load_bits",
                "labels per bit, two stores with sleep",
                "labels per bit",
                ("T", "C_slow", "c_fast", "p_b", "copies", "cue"),
                (KNOWN,),
            ),
            Quantity("list_bits", "labels per bit of a list", "labels per bit", ("cue",)),
            Quantity(
                "gain_over_single", "labels per number over those of one store", "ratio", ("T", "C_slow", "c_fast", "C_one")
            ),
            Quantity(
                "break_even_T", "T beyond which two stores hold more than one", "tasks", ("C_slow", "c_fast", "C_one"), (LESS,)
            ),
            Quantity(
                "gain_over_equal_sparsity",
                "load over that of two other stores",
                "ratio",
                ("T", "C_slow", "c_fast", "C_other", "c_other"),
            ),
            Quantity(
                "load_between_facts",
                "labels per number, rehearsal also between facts",
                "labels per number",
                ("N", "C_slow", "c_fast"),
                (ROOM,),
            ),
            Quantity("fits", "probability that N weights fit M random facts", "fraction", ("M", "N"), (COUNTS,), _fit),
            Quantity(
                "second_order_load",
                "labels per number of recursive least squares, without residual",
                "labels per number",
                ("N", "outputs"),
            ),
            Quantity(
                "second_order_read_by_sign",
                "labels per number of least squares read by sign",
                "labels per number",
                ("N", "outputs", "error"),
                (sleep.LIKELY,),
                _read_by_sign,
            ),
            Quantity(
                "deflated_load",
                "second_order_load on N/T free directions",
                "labels per number",
                ("N", "T", "outputs"),
                (DIVIDED,),
            ),
            Quantity("plane_gain", "least error of one rate over that of two rates", "ratio", ("depth", "eta")),
        ),
    ),
)
(S3,) = CLAIMS


@dataclass(frozen=True)
class Outcome:
    """One cell of the truth table: loads of the two stores and of the control (labels per number, or per bit), and who wins.

    control: one of CONTROLS. access: one of ACCESS. winner: "two stores", "control" or "tie". status: how far it is proved.
    """

    control: str
    access: str
    two: float
    other: float
    winner: str
    status: str
    reason: str


REASONS = {
    ("one store", "many passes"): (
        "proved (threshold units)",
        "old labels are the store's own answers; the fast store's numbers hold more in the dense store",
    ),
    ("one store", "one pass with sleep"): (
        "conditional: best known single store (corrective writes, S3-one), no converse",
        "one-shot writes use up the margin of what is held: loss sqrt(1/T) against 1/T; the gain is rehearsal of a held task",
    ),
    ("one store", "one pass"): (
        "proved for N -> infinity, if rehearsal finds the largest stability",
        "one fact moves a field by 1/sqrt(N), less than the margin that rehearsal keeps",
    ),
    ("equal sparsity", "many passes"): ("proved", "equal sizes, and both fast stores are idle"),
    ("equal sparsity", "one pass with sleep"): ("proved", "sparsity saves (c_other - c_fast)/T numbers per label"),
    ("equal sparsity", "one pass"): ("proved", "the fast stores hold one fact"),
    ("second-order state", "many passes"): (
        "proved for least squares",
        "one label per weight without residual, and shared state",
    ),
    ("second-order state", "one pass with sleep"): (
        "proved for least squares",
        "no fast store, at most one label per weight without residual",
    ),
    ("second-order state", "one pass"): ("proved for least squares", "at most one label per weight without residual"),
    ("buffer as fast store", "many passes"): ("proved", "equal sizes, and both fast stores are idle"),
    ("buffer as fast store", "one pass with sleep"): (
        "proved (C5 in bits, C3 in numbers)",
        "a list takes less per label than one-shot stores",
    ),
    ("buffer as fast store", "one pass"): ("proved", "the fast stores hold one fact"),
    ("list alone", "many passes"): ("proved (C5)", "a label takes one bit, or one whole number"),
    ("list alone", "one pass with sleep"): ("proved (C5)", "a label takes one bit, or one whole number"),
    ("list alone", "one pass"): ("proved (C5)", "a label takes one bit, or one whole number"),
}


def outcomes(
    T: float = 20,
    C_slow: float = 2.0,
    c_fast: float = 2 * np.log(2),
    c_other: float = 3.0,
    N: float = 10_000,
    outputs: float = 1000,
    p_b: float = 16,
    error: float = 0.01,
    unit: Unit = "numbers",
    tie: float = 0.01,
) -> tuple[Outcome, ...]:
    """The predicted winner for every control under every access rule (S3).

    T tasks; a slow store of C_slow labels per number; a fast one of c_fast numbers per label (2 ln 2: the limit of sparse
    one-shot storage, C3), a dense fast store of c_other (3: one-shot, full retrieval at coding level 1/2). N weights a unit,
    `outputs` units that share second-order state, p_b bits a number; `error`: what one dense store, or least squares read by
    sign, may get wrong. unit: what is held equal, "numbers" or "bits" (a buffer then takes one bit a label, instead of one
    number). Loads within a fraction `tie` of each other are a tie.
    """
    if unit not in ("numbers", "bits"):
        raise UserError(f"outcomes: unit '{unit}' is not known; choose 'numbers' or 'bits'")
    scale, entry = (1.0, 1.0) if unit == "numbers" else (p_b, 1 / p_b)  # numbers per label of a list

    def load(passes: Access, fast: float) -> float:
        if passes == "one pass":
            return S3.value("load_between_facts", N=N, C_slow=C_slow, c_fast=fast).value / scale
        return S3.value("load", T=T, C_slow=C_slow, c_fast=fast).value / scale

    one_shot = max(1 / c_fast, 1 / c_other, sleep.margin_load(T, error), sleep.corrective_load(T, error))
    second = max(
        S3.value("second_order_read_by_sign", N=N, outputs=outputs, error=error).value,
        S3.value("deflated_load", N=N, T=min(T, N), outputs=outputs).value,
    )
    table = []
    for access in ACCESS:
        two = load(access, c_fast)
        other = {
            "one store": (one_shot if access == "one pass with sleep" else C_slow) / scale,
            "equal sparsity": two if access == "many passes" else load(access, c_other),
            "second-order state": second / scale,
            "buffer as fast store": two if access == "many passes" else load(access, entry),
            "list alone": 1 / (entry * scale),
        }
        for control in CONTROLS:
            ratio = two / other[control]
            winner = "tie" if abs(ratio - 1) <= tie else "two stores" if ratio > 1 else "control"
            table.append(Outcome(control, access, two, other[control], winner, *REASONS[control, access]))
    return tuple(table)


def load(T: Any, C_slow: Any, c_fast: Any) -> Any:
    """Labels per number of state of two stores with sleep: 1/(1/C_slow + c_fast/T) (S3)."""
    return S3.value("load", T=T, C_slow=C_slow, c_fast=c_fast).value


def break_even_T(C_slow: Any, c_fast: Any, C_one: Any) -> Any:
    """Number of tasks beyond which two stores hold more than one that holds C_one labels per number (S3)."""
    return S3.value("break_even_T", C_slow=C_slow, c_fast=c_fast, C_one=C_one).value
