r"""What a threshold unit holds when its patterns are rehearsed together, and what that gains once all is paid for (claim S2).

For binary outputs of coding level f, the largest load P/N that iterative learning can store with stability kappa is

    1/alpha = min_u { f A(kappa + u) + (1 - f) A(kappa - u) },    A(u) = (1 + u^2) Phi(u) + u phi(u);

At kappa = 0 the bits per synapse are alpha_G H(f). They are greatest at f = 1/2, namely 2, and fall to 1/(2 ln 2) = 0.7213 as
f -> 0, where one-shot storage (C3) ends up as well. At every f they exceed 1/(2 ln 2): the two curves never cross. Exactly,
Cover counts the dichotomies of P points in N dimensions that a hyperplane separates: half of all at P = 2N.

A dense store rehearses T tasks. A fast store of B_fast bits per cell holds one task while it is learned. `cue` bits per fact
and output are kept to rehearse from, in cells of b bits, and `copies` states of the slow store exist at once. Per cell, the
gain over one-shot storage is

    G_net = 2 ln 2 / ( copies/(alpha_G H) + 1/(T B_fast) + cue/(b H) ),    at most 4 ln 2 = 2.77,

where alpha_G H <= b and B_fast <= b, as no cell holds more bits than it has (C5): dense outputs take cells of two bits.

Sources: Gardner 1988, J. Phys. A 21, 257 (replica method); Cover 1965; passes: Novikoff 1962.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp
from scipy.optimize import brentq
from scipy.special import betainc

from theory.hebbian import binary_entropy
from theory.proof.claim import Assumption, Claim, Quantity
from theory.proof.compiled import compiled
from theory.proof.derivation import Derivation
from theory.proof.notation import N, T, b, copies, cue, f, fast, load, stability

ABOVE, BELOW = sp.symbols("u_+ u_-", real=True)
HALF = sp.Rational(1, 2)


def derive() -> Derivation:
    """Gardner's condition and its saddle point in the threshold; Cover's count; the balance of a store that rehearses."""
    proof = Derivation()
    z, u = sp.symbols("z u", real=True)
    density = sp.exp(-(z**2) / 2) / sp.sqrt(2 * sp.pi)
    tries = {u: (sp.Rational(-3, 2), sp.Rational(1, 3), 2)}
    proof.given(
        "Replica-symmetric volume (Gardner 1988): a field z short of the threshold costs (z + u)^2; on average A(u) =",
        sp.Integral((z + u) ** 2 * density, (z, -u, sp.oo)),
    )
    cost = proof.equal(
        "The integral is",
        sp.integrate((z + u) ** 2 * density, (z, -u, sp.oo)),
        (1 + u**2) * sp.erfc(-u / sp.sqrt(2)) / 2 + u * density.subs(z, u),
        samples=tries,
    )
    total = proof.given(
        "With a margin kappa on both sides of the threshold, 1/alpha is the least value, over u, of the same with u_+ = kappa + "
        "u and u_- = u - kappa,",
        f * cost.subs(u, ABOVE) + (1 - f) * cost.subs(u, -BELOW),
        law="inverse_load",
    )
    tries = {ABOVE: tries[u], BELOW: (-2, sp.Rational(1, 4), 1)}
    slope = proof.given(
        "That function of u is stationary where this vanishes", sp.diff(total, ABOVE) + sp.diff(total, BELOW), law="slope"
    )
    proof.holds(
        "It is strictly convex in u (its slope is 2 f Phi(u_+) + 2 (1 - f) Phi(-u_-)): one minimum",
        sp.diff(slope, ABOVE) + sp.diff(slope, BELOW) > 0,
        samples=tries,
    )
    dense = {f: HALF, ABOVE: stability, BELOW: -stability}
    proof.equal("At f = 1/2 it lies at u = 0", slope.subs(dense), sp.S.Zero)
    stable = proof.equal(
        "At f = 1/2 alpha is 1/A(kappa)", 1 / total.subs(dense), 1 / cost.subs(u, stability), law="stable_dense_load"
    )
    proof.equal("Without margin it is alpha_G = 2", stable.subs(stability, 0), sp.Integer(2))
    proof.given("Each output carries H(f) bits", binary_entropy(f), law="entropy")
    largest = proof.equal(
        "Against the one-shot ceiling 1/(2 ln 2) of C3, rehearsal gains up to",
        2 * (2 * sp.log(2)),
        4 * sp.log(2),
        law="largest_gain",
    )
    _count(proof)
    _passes(proof)
    _balance(proof, largest)
    return proof


def _count(proof: Derivation) -> None:
    """Cover's count at finite N."""
    n, k = sp.symbols("n k", integer=True, positive=True)
    proof.argued(
        "Cover 1965: a new point in general position doubles those dichotomies that some hyperplane through it can make, so "
        "C(P+1, N) = C(P, N) + C(P, N-1), C(1, N) = C(P, 1) = 2; this has the solution",
        sp.Sum(2 * sp.binomial(n - 1, k), (k, 0, sp.Symbol("N", integer=True) - 1)),
        _count_recurs,
    )
    proof.argued(
        "Of 2^P in all it is the chance of fewer than N heads in P - 1 throws; at P = 2N exactly half, as heads and tails are "
        "alike, for every N: a second derivation of alpha_G(1/2) = 2",
        None,
        lambda: (all(dichotomies(2 * size, size) * 2 == 2 ** (2 * size) for size in range(1, 60)), "in integers, N < 60"),
    )


def _passes(proof: Derivation) -> None:
    """How much rehearsal a load takes."""
    R, gamma = sp.symbols("R gamma", positive=True)
    mistakes = proof.given("Novikoff 1962: the perceptron rule makes at most so many corrections", R**2 / gamma**2)
    proof.equal(
        "At f = 1/2 patterns have the norm R = sqrt N and lie kappa off the boundary; for each of P = alpha N patterns",
        (mistakes / (load * N)).subs({R: sp.sqrt(N), gamma: stability}),
        1 / (load * stability**2),
        law="corrections",
    )
    sweeps, j = sp.Symbol("sweeps", positive=True), sp.Symbol("j", positive=True, integer=True)
    tasks = sp.Symbol("n", positive=True, integer=True)
    proof.equal(
        "A sleep after each of n equal tasks goes through all tasks so far: on average over the facts, a number of passes",
        sp.simplify(sp.summation(sweeps * j / tasks, (j, 1, tasks))),
        sweeps * (tasks + 1) / 2,
    )
    proof.given("Per sweep", (T + 1) / 2, law="passes")


def _balance(proof: Derivation, largest: Any) -> None:
    """Cells of a slow store, a fast one and cues, per bit held."""
    bits_held, whole = sp.symbols("B H", positive=True)
    share = 1 / (T * fast)
    spent = proof.given(
        "A slow store of B = alpha_G H bits per cell, `copies` states of it, a fast store that holds one task of T at "
        "B_fast bits per cell, cues of so many bits per fact and output (of H bits) in cells of b bits: cells per bit held",
        copies / bits_held + share + cue / (b * whole),
    )
    net = proof.given("Against 2 ln 2 cells per bit of one-shot storage the gain is", 2 * sp.log(2) / spent, law="net_gain")
    dense = {bits_held: 2, whole: 1, copies: 1, cue: 0}
    proof.equal(
        "The fast store is smaller than the slow one by the ratio of the loads and by T; dense, with the best fast store,",
        (share * bits_held).subs(dense).subs(fast, 1 / (2 * sp.log(2))),
        4 * sp.log(2) / T,
    )
    limit = proof.limit("For long streams, without copies or cues, the gain tends to", net.subs(dense), T, sp.oo)
    proof.equal("This is the largest gain", limit, largest)
    proof.solve("Break-even: a gain of 1 takes so many tasks,", spent - 2 * sp.log(2), T, law="break_even")


def _count_recurs() -> tuple[bool, str]:
    """The recursion and its boundary values, in integers."""
    inner = all(
        dichotomies(count + 1, size) == dichotomies(count, size) + dichotomies(count, size - 1)
        for count in range(1, 30)
        for size in range(2, 30)
    )
    edges = all(dichotomies(1, size) == 2 == dichotomies(size, 1) for size in range(1, 30))
    return inner and edges, "in integers, P and N < 30"


@lru_cache(maxsize=1)
def _laws() -> dict[str, Any]:
    """The laws of the derivation as NumPy functions of (f, u_+, u_-)."""
    laws = S2.derivation.laws
    return {
        name: sp.lambdify([f, ABOVE, BELOW], laws[name], modules=["scipy", "numpy"])
        for name in ("inverse_load", "slope", "entropy")
    }


def _stable_load(f: Any, stability: Any) -> Any:
    def least(level: float, margin: float) -> float:
        reach = 40.0 + margin
        u = brentq(lambda u: _laws()["slope"](level, margin + u, u - margin), -reach, reach, xtol=1e-13)
        return 1.0 / float(_laws()["inverse_load"](level, margin + u, u - margin))  # pyright: ignore[reportOperatorIssue]

    return np.vectorize(least, otypes=[float])(f, stability)


def _load(f: Any) -> Any:
    return _stable_load(f, 0.0)


def _entropy(f: Any) -> Any:
    return _laws()["entropy"](f, 0.0, 0.0)


def _bits(f: Any) -> Any:
    return _load(f) * _entropy(f)


def _corrections(load: Any) -> Any:
    """Novikoff's bound at the largest stability that the load leaves room for, f = 1/2."""

    def most(share: float) -> float:
        margin = brentq(lambda margin: 1 / _stable_load(0.5, margin) - 1 / share, 0.0, 10 + 2 / np.sqrt(share), xtol=1e-14)
        return float(compiled(S2.derivation.laws["corrections"], ("load", "stability"))(share, margin))

    return np.vectorize(most, otypes=[float])(load)


def _balanced(law: str, *names: str) -> Any:
    """A law of the balance with B and H of the coding level put in."""
    expression = S2.derivation.laws[law]
    bits_held, whole = sp.symbols("B H", positive=True)
    symbols = {"T": T, "cue": cue, "fast": fast, "copies": copies, "b": b}
    return sp.lambdify([bits_held, whole, *(symbols[name] for name in names)], expression)


def _net_gain(f: Any, T: Any, cue: Any, fast: Any, copies: Any, b: Any) -> Any:
    return _balanced("net_gain", "T", "cue", "fast", "copies", "b")(_bits(f), _entropy(f), T, cue, fast, copies, b)


def _break_even(f: Any, cue: Any, fast: Any, copies: Any, b: Any) -> Any:
    return _balanced("break_even", "cue", "fast", "copies", "b")(_bits(f), _entropy(f), cue, fast, copies, b)


def _separable(N: Any, P: Any) -> Any:
    """I_{1/2}(P - N, N), the binomial tail; 1 where P <= N."""
    return np.where(P > N, betainc(np.maximum(P - N, 1e-300), N, 0.5), 1.0)


ROOM = Assumption("load < 2 (the patterns can be stored)", lambda load: load < 2, "lower the load")
PAYS = Assumption(
    "copies/(alpha_G H(f)) + cue/(b H(f)) < 2 ln 2 (rehearsal pays for long streams)",
    lambda copies, cue, b, f: copies / _bits(f) + cue / (b * _entropy(f)) < 2 * np.log(2),
    "keep fewer copies or shorter cues, or choose f nearer 1/2",
)
FULL = Assumption(
    "alpha_G H(f) <= b and fast <= b (C5: no cell holds more bits than it has)",
    lambda f, fast, b: (_bits(f) <= b * (1 + 1e-12)) & (np.asarray(fast) <= b),
    "raise b, lower fast, or choose f further from 1/2",
)

CLAIMS = (
    Claim(
        id="S2",
        title="Rehearsed storage",
        plain="If facts can be shown again and again, a memory holds up to 2 bits per synapse, against 0.72 if each is "
        "added once. The gain shrinks or vanishes when the room for the cues, copies and buffers that rehearsal "
        "needs is counted as well.",
        statement="Iterative, interleaved learning stores, without error, up to alpha_G(f) H(f) bits per synapse: 2 at f = 1/2, "
        "falling to 0.7213 as f -> 0, above the one-shot ceiling at every f. The best one-shot store is sparse and the best "
        "rehearsed store dense; limit against limit, rehearsal gains up to 4 ln 2 = 2.77. With the fast store, cues and copies "
        "paid for the gain is G_net = 2 ln 2/(copies/(alpha_G H) + 1/(T B_fast) + cue/(b H)): stored cues beyond 2 ln 2 - 1/2 = "
        "0.886 b bits per output and fact end it, in cells of b >= 2 bits.",
        assumptions=(
            Assumption("binary outputs, independent patterns, real synapses, threshold readout, N -> infinity"),
            Assumption("replica symmetry (rigorous for f = 1/2: Cover 1965; Shcherbina and Tirozzi 2003)"),
            Assumption("G_net: many passes over what is held, equal tasks, the fast store holds one task at a time"),
        ),
        status="conditional",
        source="Gardner 1988, J. Phys. A 21, 257; Cover 1965; Novikoff 1962; the balance: this project",
        evidence=(
            "derivation: theory.interleaving.derive",
            "certificate: theory.certificates.interleaving",
            "attack: theory.attacks.interleaving",
            "property test: tests/theory/test_interleaving.py",
        ),
        derive=derive,
        quantities=(
            Quantity(
                "gardner_bits", "bits per synapse at Gardner's capacity, without error", "bits per synapse", ("f",), solve=_bits
            ),
            Quantity("gardner_load", "largest load P/N without error", "patterns per synapse", ("f",), solve=_load),
            Quantity(
                "largest_gain",
                "bits per synapse of the best rehearsed store (dense) over those of the best one-shot store (sparse)",
                "ratio",
                (),
            ),
            Quantity(
                "net_gain",
                "bits per cell over those of one-shot storage, with the fast store, cues and copies paid for",
                "ratio",
                ("f", "T", "cue", "fast", "copies", "b"),
                (FULL,),
                solve=_net_gain,
            ),
            Quantity(
                "break_even",
                "number of tasks at which rehearsal with all its costs holds as much as one-shot storage",
                "tasks",
                ("f", "cue", "fast", "copies", "b"),
                (FULL, PAYS),
                solve=_break_even,
            ),
            Quantity("passes", "mean passes over a fact per sweep, a sleep after each of T tasks", "passes", ("T",)),
            Quantity(
                "corrections",
                "bound on the perceptron's corrections per pattern, from scratch, f = 1/2",
                "corrections",
                ("load",),
                (ROOM,),
                solve=_corrections,
            ),
            Quantity(
                "stable_load",
                "largest load P/N at which every pattern has the margin `stability`, without error",
                "patterns per synapse",
                ("f", "stability"),
                solve=_stable_load,
            ),
            Quantity(
                "separable",
                "share of the dichotomies of P points that N weights can make",
                "fraction",
                ("N", "P"),
                solve=_separable,
            ),
        ),
    ),
)
(S2,) = CLAIMS


def gardner_bits(f: Any) -> Any:
    """Bits per synapse of error-free rehearsed storage at output coding level f (S2)."""
    return S2.value("gardner_bits", f=f).value


def gardner_load(f: Any) -> Any:
    """Most patterns per synapse of error-free rehearsed storage at output coding level f (S2)."""
    return S2.value("gardner_load", f=f).value


def stable_load(f: Any, stability: Any) -> Any:
    """Most patterns per synapse that rehearsed storage holds with that stability at output coding level f (S2)."""
    return S2.value("stable_load", f=f, stability=stability).value


def net_gain(f: Any, T: Any, cue: Any, fast: Any, copies: Any, b: Any) -> Any:
    """G_net: bits per cell of a rehearsed store over one-shot storage, with fast store, cues and copies paid for (S2).

    fast: bits per cell of the fast store (1/(2 ln 2) one-shot, b for a plain list); cue: stored bits per fact and output.
    """
    return S2.value("net_gain", f=f, T=T, cue=cue, fast=fast, copies=copies, b=b).value


def dichotomies(points: int, weights: int) -> int:
    """Cover's count C(P, N) = 2 sum_{k<N} binom(P-1, k) of linearly separable dichotomies, exactly; 0 without weights (S2)."""
    term, total = 1, 0
    for k in range(min(weights, points)):
        total += term
        term = term * (points - 1 - k) // (k + 1)
    return 2 * total
