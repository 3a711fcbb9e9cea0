r"""How deep one write goes fixes how well shared structure can be compressed (claim C4).

A store learns y = <w*, x> + xi by the delta rule at one strength eta: w* is shared structure, xi the private part of a fact
(mean 0, variance sigma^2), x an isotropic unit direction. The steady mean-square error on the shared part is

    J = eta sigma^2 / (2 - eta),    that is    eta = 2 J / (sigma^2 + J),

and eta is also the depth at which a fact's private part has just been written. One regime cannot be accurate on the
structure (small J) and deep on every fact (large eta). The relation is the misadjustment of normalised LMS (Widrow and Hoff 1960;
Haykin, Adaptive Filter Theory), read as a limit on memory. What is claimed here is that no schedule of strengths that never rise
enters the region, and what rare deep writes cost.

A schedule may write few facts deep and anneal in between. One deep write after annealing adds less than sigma^2/N to J. If a
share q of the writes, in the long run, reaches a depth, then for every choice of the other strengths and any N

    limsup J >= sigma^2 depth sqrt(q) / (1 + (1 - depth) sqrt(q)),    mean J >= q depth sigma^2 / (2 - depth):

the first is approached by spacing deep writes evenly (large N), the second by long blocks of deep and of annealed writes.
Both are the steady error again at q = 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from theory.proof.claim import Assumption, Claim, Quantity
from theory.proof.derivation import Derivation
from theory.proof.notation import J as error
from theory.proof.notation import N, depth, eta, share, sigma


def _annealing_stays_above() -> tuple[bool, str]:
    """The recursion of J under random strengths that never rise, against the steady error of each strength."""
    rng, least = np.random.default_rng(0), np.inf
    for _ in range(200):
        size, strengths = rng.uniform(1, 50), np.sort(rng.uniform(0, 1, 300))[::-1]
        steady = strengths / (2 - strengths)
        energy = steady[0]
        for rate, floor in zip(strengths, steady, strict=True):
            energy += rate * (2 - rate) / size * (floor - energy)
            least = min(least, energy / floor)
    return bool(least >= 1 - 1e-12), f"200 schedules of 300 writes: J is at least {least:.9f} of it"


def _greedy(size: float, delta: float, deep: np.ndarray) -> np.ndarray:
    """Errors under the strengths that lower J most at every write, those of deep writes at least that depth; sigma = 1."""
    energy, errors = delta / (2 - delta), np.empty(len(deep))
    for write, is_deep in enumerate(deep):
        rate = max(delta if is_deep else 0.0, energy / (1 + energy))
        energy += (rate**2 * (1 + energy) - 2 * rate * energy) / size
        errors[write] = energy
    return errors


def _peaks() -> tuple[bool, str]:
    """The largest error under the best schedules: random orders stay above the bound, even spacing comes near it."""
    rng, ratios = np.random.default_rng(0), []
    for _ in range(20):
        delta, q, size = rng.uniform(0.1, 1), rng.uniform(0.05, 1), rng.uniform(1, 20)
        deep = rng.random(4000) < q
        bound = delta * np.sqrt(deep[2000:].mean()) / (1 + (1 - delta) * np.sqrt(deep[2000:].mean()))
        ratios.append(np.max(_greedy(size, delta, deep)[2000:]) / bound)
    even = np.max(_greedy(200, 0.5, np.arange(20000) % 4 == 0)[10000:]) / 0.2  # q = 1/4: depth sqrt q = 1/4 over 1 + 1/4
    return bool(min(ratios) >= 1 and 1 < even < 1.01), f"random orders: at least {min(ratios):.4f} of it; even spacing {even:.4f}"


def _means() -> tuple[bool, str]:
    """The mean error under the best schedules: random orders stay above the bound, long blocks come near it."""
    rng, ratios = np.random.default_rng(0), []
    for _ in range(20):
        delta, size, deep = rng.uniform(0.1, 1), rng.uniform(1, 20), rng.random(4000) < rng.uniform(0.05, 1)
        ratios.append(np.mean(_greedy(size, delta, deep)[1000:]) / (deep[1000:].mean() * delta / (2 - delta)))
    blocks = np.mean(_greedy(1, 0.5, np.arange(40000) % 20000 < 5000)[20000:]) * 12  # q = 1/4: 1/4 * 1/3
    return bool(min(ratios) >= 1 and 1 < blocks < 1.01), f"random orders: at least {min(ratios):.4f} of it; blocks {blocks:.4f}"


def derive() -> Derivation:
    """C4: steady errors, then schedules."""
    proof = Derivation()
    _schedules(proof, _steady(proof))
    return proof


def _steady(proof: Derivation) -> Any:
    """The recursion of the squared error, its steady state, its inverse; returns N times the mean change of J in one write."""
    q, noise = sp.symbols("q xi", real=True)
    energy = sp.Symbol("E", positive=True)
    after = proof.given(
        "Let e = w - w*. A write with |x| = 1 moves e along x only; its component q = <e, x> becomes", (1 - eta) * q + eta * noise
    )
    change = proof.equal(
        "The write changes |e|^2 by",
        after**2 - q**2,
        -eta * (2 - eta) * q**2 + 2 * eta * (1 - eta) * q * noise + eta**2 * noise**2,
    )
    mean = proof.equal(
        "On average (E q^2 = E/N with E = E|e|^2 for isotropic x; xi of mean 0, independent) the change is",
        change.coeff(q, 2) * energy / N + change.coeff(noise, 2) * sigma**2,
        eta**2 * sigma**2 - eta * (2 - eta) * energy / N,
    )
    steady = proof.solve("That change vanishes at", mean, energy)
    misadjustment = proof.equal(
        "The error on the shared part is then E<e, x>^2 =", steady / N, eta * sigma**2 / (2 - eta), law="J"
    )
    strength = proof.solve("The strength that leaves an error J is", misadjustment - error, eta)
    proof.equal("That is", strength, 2 * error / (sigma**2 + error), law="eta")
    proof.holds("J grows with eta: deeper writes, worse structure", sp.diff(misadjustment, eta) > 0)
    proof.argued(
        "Annealing does not help: J after a write lies between J before it and the steady error of its eta, so if eta never "
        "rises and J starts above the steady error, it stays above the steady error of the current eta",
        sp.Ge(sp.Function("J")(sp.Symbol("t")), misadjustment),
        _annealing_stays_above,
    )
    proof.equal(
        "A fact just written keeps the fraction eta of its private part, so one strength that writes facts to `depth` costs at "
        "least the steady error",
        misadjustment.subs(eta, depth),
        depth * sigma**2 / (2 - depth),
        law="J_min",
    )
    proof.equal(
        "The squared error falls by e, to leading order in 1/N, in the number of writes",
        -1 / sp.diff(mean, energy),
        N / (eta * (2 - eta)),
        law="relaxation_writes",
    )
    return mean.subs(energy, N * error)


def _schedules(proof: Derivation, change: Any) -> None:
    """What a share of deep writes costs, whatever the strengths of the others."""
    fall = error**2 / (sigma**2 + error)
    step = proof.equal(
        "Any schedule fixed in advance: one write changes N J by",
        change,
        (eta * (sigma**2 + error) - error) ** 2 / (sigma**2 + error) - fall,
    )
    proof.equal(
        "A write of that depth after annealing to J therefore leaves",
        error + change.subs(eta, depth) / N,
        error + (depth**2 * (sigma**2 + error) - 2 * depth * error) / N,
        law="J_after",
    )
    rise = proof.equal(
        "A write lowers J by J^2/(N (sigma^2 + J)) at most: 1/J rises by at most",
        1 / (error - fall / N) - 1 / error,
        1 / (N * sigma**2 + (N - 1) * error),
    )
    proof.holds("That is, by no more than 1/(N sigma^2)", rise <= 1 / (N * sigma**2))
    proof.given(
        "From the error sigma^2 of writes at full depth down to J takes at least", N * (sigma**2 / error - 1), law="least_writes"
    )
    excess = proof.equal(
        "A write with eta >= depth, where J <= depth (sigma^2 + J), falls short of the largest fall at least by",
        step.subs(eta, depth) + fall,
        (depth * sigma**2 - (1 - depth) * error) ** 2 / (sigma**2 + error),
    )
    proof.holds(
        "This shortfall falls with J",
        sp.diff(excess, error) < 0,
        samples={error: (sp.Rational(1, 20), sp.Rational(1, 30), 1)},
    )
    proof.holds("The largest possible fall rises with J", sp.diff(fall, error) > 0)
    balance = sp.sqrt(share) * (depth * sigma**2 - (1 - depth) * error) - error
    peak = proof.solve(
        "In the long run J does not drift: with a share q of such writes and J at most its largest value J_peak, "
        "q * excess(J_peak) <= fall(J_peak), an equality at",
        balance,
        error,
    )
    proof.argued(
        "The largest error is therefore at least this; even spacing and large N approach it", peak, _peaks, law="J_peak_min"
    )
    proof.solve("The share of deep writes that an error J allows is at most", balance, share)
    proof.name("share_max", (error / (depth * sigma**2 - (1 - depth) * error)) ** 2)
    floor = depth * sigma**2 / (2 - depth)
    proof.holds(
        "For the mean, let J <= J_min(depth): lowering J now lowers it ever after, and the strength that lowers it most is "
        "depth for a deep write and J/(sigma^2 + J) <= depth/2 for others. Then J + (2/depth) N dJ >= 0 at any write",
        error - 2 * fall / depth >= 0,
        samples={error: (sp.Rational(1, 50), sp.Rational(1, 30), 3)},
    )
    potential = error + 2 * (depth**2 * (sigma**2 + error) - 2 * depth * error) / depth
    proof.equal("At deep ones it exceeds J_min(depth) by", potential - floor, (3 - 2 * depth) * (floor - error))
    proof.argued(
        "Averaged over a long stream: the mean error is at least the share of deep writes times J_min(depth); long blocks of "
        "deep and of annealed writes approach it",
        share * floor,
        _means,
        law="J_mean_min",
    )


ROOM = Assumption(
    "J <= J_min(depth) (beyond it every write may be deep)",
    lambda J, depth, sigma: (2 - depth) * J <= depth * sigma**2 * (1 + 1e-12),
    "lower J, or raise depth",
)
REACHABLE = Assumption("J <= sigma^2 (eta <= 1)", lambda J, sigma: sigma**2 >= J, "lower J to at most sigma^2, or raise sigma")

CLAIMS = (
    Claim(
        id="C4",
        title="Compression against writability",
        plain="One strength of writing cannot serve two ends. A strong write stores a new fact but disturbs what all "
        "facts have in common, and a weak write does the reverse. The law gives the smallest error on what is "
        "common for facts that are stored to a given depth.",
        statement="One strength eta for shared structure and private facts: the steady error on the structure is J = eta "
        "sigma^2/(2 - eta), so eta = 2J/(sigma^2 + J): small J together with deep writes is out of reach of one regime, annealed "
        "(eta never rising) or not. Schedules escape only by making deep writes rare: if a share of the writes reaches a "
        "depth, the largest error is at least sigma^2 depth sqrt(share)/(1 + (1 - depth) sqrt(share)) and the mean error at "
        "least share depth sigma^2/(2 - depth), whatever the other strengths; both bounds are tight.",
        assumptions=(
            Assumption("delta rule, features are independent isotropic unit vectors"),
            Assumption("private parts are independent of the features, of mean 0 and variance sigma^2"),
            Assumption("strengths are fixed in advance; errors are steady, or (schedules) taken over a long stream"),
        ),
        status="proved under assumptions",
        source="misadjustment of LMS: Widrow and Hoff 1960; Haykin, Adaptive Filter Theory; schedules: this project",
        evidence=(
            "derivation: theory.tradeoff.derive",
            "certificate: theory.certificates.tradeoff",
            "attack: theory.attacks.tradeoff",
            "property test: tests/theory/test_tradeoff.py",
            "simulation: tradeoff",
        ),
        derive=derive,
        quantities=(
            Quantity("eta", "strength that leaves the error J on the shared part", "fraction", ("J", "sigma"), (REACHABLE,)),
            Quantity("J", "steady mean-square error on the shared part", "target units^2", ("eta", "sigma")),
            Quantity(
                "J_min",
                "least steady error of one strength that writes facts to the given depth",
                "target units^2",
                ("depth", "sigma"),
            ),
            Quantity(
                "J_peak_min",
                "least value of the largest error, if the share `share` of the writes reaches the given depth",
                "target units^2",
                ("depth", "share", "sigma"),
            ),
            Quantity(
                "J_mean_min",
                "least mean error, if the share `share` of the writes reaches the given depth",
                "target units^2",
                ("depth", "share", "sigma"),
            ),
            Quantity(
                "share_max",
                "largest share of writes of the given depth that leaves the largest error at J",
                "fraction",
                ("depth", "J", "sigma"),
                (ROOM,),
            ),
            Quantity(
                "J_after", "error after one write of the given depth at error J", "target units^2", ("N", "depth", "J", "sigma")
            ),
            Quantity(
                "least_writes",
                "least number of writes from the error sigma^2 down to J",
                "facts",
                ("N", "J", "sigma"),
                (REACHABLE,),
            ),
            Quantity(
                "relaxation_writes",
                "number of writes in which the squared error falls by a factor e, large N",
                "facts",
                ("N", "eta"),
            ),
        ),
    ),
)
(C4,) = CLAIMS


def J(eta: Any, sigma: Any) -> Any:
    """Steady mean-square error on shared structure at write strength eta and private variance sigma^2 (C4)."""
    return C4.value("J", eta=eta, sigma=sigma).value


def strength(J: Any, sigma: Any) -> Any:
    """Write strength that leaves the error J, 2J/(sigma^2 + J): also the depth of a fact just written (C4)."""
    return C4.value("eta", J=J, sigma=sigma).value


def J_min(depth: Any, sigma: Any) -> Any:
    """Least steady error of one strength that writes facts to that depth: the edge of the forbidden region (C4)."""
    return C4.value("J_min", depth=depth, sigma=sigma).value


def J_peak_min(depth: Any, share: Any, sigma: Any) -> Any:
    """Least peak error on shared structure when that share of the writes is that deep (C4)."""
    return C4.value("J_peak_min", depth=depth, share=share, sigma=sigma).value


def J_mean_min(depth: Any, share: Any, sigma: Any) -> Any:
    """Least mean error on shared structure when that share of the writes is that deep (C4)."""
    return C4.value("J_mean_min", depth=depth, share=share, sigma=sigma).value
