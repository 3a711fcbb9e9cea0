r"""Shared structure in finite, noisy and damaged stores: how robust the gain of two regimes is (claims S1-finite, S1-damage).

S1-finite. Each task writes K of n cells, all K-subsets being equally likely. S of the oldest task's cells survive T - 1 writes:

    E S = K q,  q = (1 - K/n)^(T-1),    E S(S-1) = K (K-1) ((n-K)(n-K-1) / (n(n-1)))^(T-1),

Per cell and for large n, Var S is therefore p (1 - q (1 + (T-1) a^2/(1-a))), with a = K/n and p = a q. At a = 1/T it is p (1 -
q (1 + 1/T)). A maximum-distance-separable code returns b m bits unless S < m. The largest m that fails with probability at
most delta lies within Cantelli's sigma sqrt(delta/(1-delta)) above and sigma sqrt((1-delta)/delta) + 1 below E S, and near E S
- z sigma. The backoff of two regimes falls as sqrt(T/N); in long streams it is z sqrt((e - 1) T/N) of the ceiling. The backoff
of one regime is z sigma/(E S) at K = a* N. At a fixed R/(bN) it grows exponentially in T, as (1 - R/(bN))^(-(T-1)/2). No code
of D bits succeeds more often than E min(1, 2^(bS - D)), because S cells take at most 2^(bS) values.

S1-damage. A cell that is erased at a read with probability p holds b (1 - p) bits, one whose bits flip with probability p
holds b (1 - H(p)): in both regimes b is replaced by that. Let always-on cells be written once, and each later task destroy a
share epsilon of them. Two regimes then need R/(b (1 - epsilon)^(T-1)) such cells. Against one regime, whose tasks renew the
structure, the gain falls to 1 at

    1 - epsilon* = (rho/(1 - (1 - rho)^T))^(1/(T-1)),   rho = R/(bN),

about ln(1/rho)/T: in long streams at a fixed r = R/D_s, where rho falls as 1/T, that is (ln T)/T. If every task renews the
always-on cells, T - 1 is replaced by 1, and they lose only beyond 1 - rho/(1 - (1 - rho)^T).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import scipy
import sympy as sp
from scipy.optimize import brentq
from scipy.special import entr, gammaln, ndtri

from theory import separation
from theory.errors import UserError
from theory.proof.claim import Assumption, Claim, Quantity
from theory.proof.derivation import Derivation
from theory.proof.limits import LOOP, affordable, fits
from theory.proof.notation import N, R, T, a, b, damage, erasure, flip
from theory.separation import FITS, WHOLE


@lru_cache(maxsize=256)
def survivors(n: int, K: int, T: int) -> np.ndarray:
    """Probabilities of S = 0 ... K: how many cells of a random K-subset of n are left by T - 1 further ones (exact chain)."""
    if not (0 <= K <= n and T >= 1):
        raise UserError(f"survivors: n = {n}, K = {K}, T = {T} violates '0 <= K <= n and T >= 1'; choose K in that range")
    fits(4 * (K + 1) ** 2 + n)
    affordable(_chain_operations(K, T))
    log_factorial = gammaln(np.arange(n + 1) + 1.0)
    before, after = np.arange(K + 1)[:, None], np.arange(K + 1)[None, :]
    hit, spared = before - after, n - before - K + before - after  # of the survivors; cells that are in neither set
    possible = (hit >= 0) & (spared >= 0)
    log = log_factorial[before] - log_factorial[after] - log_factorial[np.maximum(hit, 0)]
    log += log_factorial[n - before] - log_factorial[K - np.maximum(hit, 0)] - log_factorial[np.maximum(spared, 0)]
    log -= log_factorial[n] - log_factorial[K] - log_factorial[n - K]
    chain, law = np.where(possible, np.exp(np.where(possible, log, 0.0)), 0.0), np.eye(K + 1)[K]
    for _ in range(T - 1):
        law = law @ chain
    return law


def _chain_operations(K: int, T: int) -> float:
    """Operations that `survivors` takes: the transition matrix, then T - 1 products with it."""
    return (60.0 + T) * (K + 1.0) ** 2


def readable(n: int, K: int, T: int, delta: float) -> int:
    """Largest m with P(S < m) <= delta: the cells that a code may count on (S1-finite)."""
    below = np.concatenate([[0.0], np.cumsum(survivors(n, K, T))[:-1]])
    return int(np.flatnonzero(below <= delta * (1 + 1e-12))[-1])


def moments(n: int, K: int, T: int) -> tuple[float, float]:
    """Mean and standard deviation of the number of surviving cells (S1-finite)."""
    mean = K * (1 - K / n) ** (T - 1)
    if n == 1:
        return mean, 0.0
    pairs = K * (K - 1) * ((n - K) * (n - K - 1) / (n * (n - 1))) ** (T - 1)
    return mean, math.sqrt(max(0.0, pairs + mean - mean**2))


def code_bits(n: int, b: float, K: int, T: int, delta: float) -> float:
    """Most bits that any code, of private bits alone, returns with failure probability at most delta: a converse (S1-finite).

    The largest D with E min(1, 2^(bS - D)) >= 1 - delta. Maximum-distance-separable codes reach b * `readable`. Raises
    `UserError` unless 0 < delta < 1.
    """
    if not 0 < delta < 1:
        raise UserError(f"delta = {delta:g} violates '0 < delta < 1'; give the probability of failure that may be borne")
    law, counts = survivors(n, K, T), np.arange(K + 1)

    def spare(bits: float) -> float:
        return float(law @ np.exp2(np.minimum(0.0, b * counts - bits))) - (1 - delta)

    return brentq(spare, 0.0, b * K + 64.0 + math.log2(1 / (1 - delta)))  # pyright: ignore[reportReturnType]


def _best(n: int, T: int, delta: float, weight: Callable[[int], float]) -> float:
    """Largest weight(K) * `readable` over K: Cantelli's inequality orders the candidates and ends the search."""
    if n < 1:
        return 0.0
    operations = float(LOOP) * n
    affordable(operations)
    reach = math.sqrt(delta / (1 - delta))
    most = {}
    for K in range(1, n + 1):
        mean, sigma = moments(n, K, T)
        most[K] = max(0.0, weight(K)) * min(K, mean + sigma * reach)
    largest = 0.0
    for K in sorted(most, key=most.__getitem__, reverse=True):
        if most[K] <= largest:
            break
        operations += _chain_operations(K, T)
        affordable(operations)
        largest = max(largest, weight(K) * readable(n, K, T, delta))
    return largest


def single_finite(N: int, b: float, R: float, T: int, delta: float) -> float:
    """T * D_s in bits of one regime, failing with probability <= delta, separable MDS codes, best K (S1-finite)."""
    return T * _best(N, T, delta, lambda K: b - R / K)


def dual_finite(N: int, b: float, R: float, T: int, delta: float) -> float:
    """T * D_s in bits of ceil(R/b) always-on cells and a sparse store, failing with probability <= delta (S1-finite)."""
    return T * _best(N - math.ceil(R / b - 1e-12), T, delta, lambda K: b)


def _cantelli_and_pairs() -> tuple[bool, str]:
    """Moments of the exact chain against the closed forms; the quantile against Cantelli's limits."""
    worst, outside = 0.0, 0
    for n, K, tasks in ((12, 3, 4), (60, 12, 5), (150, 8, 20), (90, 45, 2)):
        law, counts = survivors(n, K, tasks), np.arange(K + 1)
        mean, sigma = moments(n, K, tasks)
        worst = max(worst, abs(law @ counts - mean), abs(law @ counts**2 - mean**2 - sigma**2))
        for delta in (0.01, 0.1, 0.5):
            m = readable(n, K, tasks, delta)
            low = mean - sigma * math.sqrt((1 - delta) / delta) - 1
            outside += not low <= m <= mean + sigma * math.sqrt(delta / (1 - delta)) + 1e-12
    return bool(worst < 1e-9 and outside == 0), f"moments agree to {worst:.1e}; 12 quantiles, {outside} outside the limits"


def derive() -> Derivation:
    """S1-finite: the moments of the number of survivors, their large-N form, and the backoff."""
    proof = Derivation()
    n, K, z = sp.symbols("n K z", positive=True)
    one = proof.given("A cell escapes a later task with probability 1 - K/n: E S =", K * (1 - K / n) ** (T - 1))
    both = proof.equal(
        "Two given cells escape a K-subset with probability",
        (1 - K / n) * (1 - K / (n - 1)),
        (n - K) * (n - K - 1) / (n * (n - 1)),
    )
    pairs = proof.given("Therefore E S(S-1) =", K * (K - 1) * both ** (T - 1))
    variance = proof.given("The variance is", pairs + one - one**2)
    inverse, q = sp.Symbol("h", positive=True), (1 - a) ** (T - 1)
    ratio = proof.equal(
        "With K = a n and h = 1/n a pair escapes with probability",
        both.subs(K, a * n).subs(n, 1 / inverse),
        (1 - a) * (1 - a - inverse) / (1 - inverse),
        samples={inverse: (sp.Rational(1, 200), sp.Rational(1, 90), sp.Rational(1, 35))},
    )
    slope = proof.equal(
        "The power T - 1 of that probability has, in h at h = 0, the logarithmic slope",
        ((T - 1) * sp.diff(sp.log(ratio), inverse)).subs(inverse, 0),
        -(T - 1) * a / (1 - a),
    )
    large = a * q * (1 - q * (1 + (T - 1) * a**2 / (1 - a)))
    per_cell = proof.equal(
        "The variance per cell, n (a (a - h) q^2 (1 + slope h) + h a q - a^2 q^2), tends to",
        sp.expand(a**2 * q**2 * slope - a * q**2 + a * q),
        large,
    )
    proof.limit("The exact variance tends to the same (a = 1/4, T = 5)", (variance / n).subs({K: n / 4, T: 5}), n, sp.oo)
    at_best = proof.equal(
        "At a = 1/T, where p = a q,",
        per_cell.subs(a, 1 / T),
        (1 - 1 / T) ** (T - 1) / T * (1 - (1 - 1 / T) ** (T - 1) * (1 + 1 / T)),
    )
    mean = (1 - 1 / T) ** (T - 1) / T
    relative = proof.equal(
        "Relative variance, times N:",
        at_best / mean**2,
        T * (1 - 1 / T) ** (1 - T) - T - 1,
    )
    proof.limit("This is (e - 1) T in long streams: divided by T it tends to", relative / T, T, sp.oo)
    proof.name("relative_variance", relative / (N - R / b))
    proof.argued(
        "An MDS code fails if S < m. Cantelli's inequality: P(S >= E S + x) <= V/(V + x^2), and the same below, encloses the "
        "largest m; the central limit theorem puts it, z being the normal quantile of 1 - delta, near E S - z sigma =",
        K * (1 - K / n) ** (T - 1) - z * sp.sqrt(sp.Symbol("V")),
        _cantelli_and_pairs,
    )
    proof.argued(
        "Any code: given W_0 and the supports, a reader of S surviving cells makes at most 2^(bS) different guesses, so that it "
        "is right with probability at most E min(1, 2^(bS - D))"
    )
    return proof


def derive_damage() -> Derivation:
    """S1-damage: capacity factors, damage that accumulates, and the damage at which the gain is 1."""
    proof = Derivation()
    rho, beta = sp.symbols("rho beta", positive=True)
    fits = {R: (10, 60, 30), damage: (sp.Rational(1, 1000), sp.Rational(1, 50), sp.Rational(1, 30))}
    peak = (1 - 1 / T) ** (T - 1)
    single = peak * (b * N - R) * (1 - R / (b * N)) ** (T - 1)
    erased = proof.given("A cell that is erased at a read with probability p has the capacity", b * (1 - erasure))
    proof.given(
        "One whose bits are flipped (binary symmetric channel) has the capacity b times",
        1 + (flip * sp.log(flip) + (1 - flip) * sp.log(1 - flip)) / sp.log(2),
    )
    gain = proof.equal(
        "Both regimes then hold what cells of that many bits hold: the gain at T becomes",
        (peak * (beta * N - R) / single.subs(b, beta)).subs(beta, erased),
        (1 - R / (b * N * (1 - erasure))) ** (1 - T),
        law="gain_erased",
        samples={R: (10, 60, 20), erasure: (sp.Rational(1, 10), sp.Rational(1, 100), sp.Rational(1, 5))},
    )
    proof.holds("The gain is larger than without noise: the structure takes a larger part of the store",
                gain > (1 - R / (b * N)) ** (1 - T), samples={R: (10, 60, 20)})  # fmt: skip
    intact = proof.given(
        "Always-on cells are written once, and each later task destroys a share: intact", (1 - damage) ** (T - 1)
    )
    dual = proof.given(
        "R/(b intact) of them are therefore needed, and two regimes hold", peak * (b * N - R / intact), law="dual_damaged"
    )
    ratio = proof.equal(
        "Against one regime, whose tasks renew the structure, the gain is",
        dual / single,
        (b * N - R * (1 - damage) ** (1 - T)) / (b * N - R) * (1 - R / (b * N)) ** (1 - T),
        law="gain_damaged",
        samples=fits,
    )
    proof.holds("It falls with the damage", sp.diff(ratio, damage) < 0, samples=fits)
    zero = sp.Symbol("x", positive=True)
    root = proof.solve(
        "The gain is 1 where x = (1 - epsilon)^(T-1) solves 1 - rho/x = (1 - rho)^T", 1 - rho / zero - (1 - rho) ** T, zero
    )
    proof.equal("That is", root, rho / (1 - (1 - rho) ** T))
    limit = proof.given("The damage that two regimes bear is therefore", 1 - (rho / (1 - (1 - rho) ** T)) ** (1 / (T - 1)))
    proof.name("damage_borne", limit.subs(rho, R / (b * N)))
    proof.equal(
        "Always-on cells that every task renews have one task's damage at a read: R/(b (1 - epsilon)) of them are needed, and at "
        "epsilon = 1 - rho/(1 - (1 - rho)^T) two regimes hold, over one,",
        (1 - rho / (1 - damage)).subs(damage, 1 - rho / (1 - (1 - rho) ** T)) / (1 - rho) ** T,
        sp.S.One,
    )
    tau = sp.Symbol("tau", positive=True)
    proof.limit(
        "In long streams, rho = tau/T, the logarithm of x is -ln T + ln(tau/(1 - e^(-tau))): x T tends to (tau = 2)",
        (T * root.subs(rho, tau / T)).subs(tau, 2),
        T,
        sp.oo,
    )
    proof.given(
        "Each task sees the structure through a channel that flips bits. A blind always-on cell keeps the last view, wrong with "
        "that probability at every T; a counter of T views takes log2(T + 1) bits, with which two regimes hold",
        peak * (b * N - R * sp.log(T + 1) / sp.log(2)),
        law="dual_counted",
    )
    return proof


INTACT = Assumption(
    "R <= b*N*(1 - damage)^(T-1) (enough always-on cells stay intact)",
    lambda R, b, N, T, damage: b * N * (1 - damage) ** (T - 1) >= R,
    "lower R, T or damage, or raise b or N",
)
LEFT = Assumption(
    "R < b*N*(1 - erasure) (the shared bits fit in what is read)",
    lambda R, b, N, erasure: b * N * (1 - erasure) > R,
    "lower R or erasure, or raise b or N",
)
COUNTED = Assumption(
    "R*log2(T + 1) <= b*N (the counters fit)", lambda R, b, N, T: b * N >= R * np.log2(T + 1), "lower R or T, or raise b or N"
)
CELLS = Assumption("N is a whole number", lambda N: np.mod(N, 1) == 0, "round N")
STREAM = Assumption("T >= 2 (there is a later task)", lambda T: T >= 2, "raise T")
SHARED = Assumption("R > 0 (something is shared)", lambda R: R > 0, "raise R")
ODD = Assumption("T is an odd whole number (no ties in a vote)", lambda T: np.mod(T, 2) == 1, "choose an odd T")


def _whole(law: Callable[[int, float, float, int, float], float]) -> Callable[..., Any]:
    return np.vectorize(lambda N, b, R, T, delta: law(round(N), float(b), float(R), round(T), float(delta)), otypes=[float])


def _backoff(N: Any, b: Any, R: Any, T: Any, delta: Any) -> Any:
    law = sp.lambdify((separation.N, separation.b, separation.R, separation.T), FINITE.derivation.laws["relative_variance"])
    return ndtri(1 - np.asarray(delta)) * np.sqrt(law(N, b, R, T))


def _gain_finite(N: int, b: float, R: float, T: int, delta: float) -> float:
    one = single_finite(N, b, R, T, delta)
    if one <= 0:
        raise UserError(
            f"S1-finite gain_finite: one regime holds nothing at N = {N}, R = {R:g}, T = {T}; raise N or delta, or lower R or T"
        )
    return dual_finite(N, b, R, T, delta) / one


def _binary_capacity(flip: Any) -> Any:
    return 1 - (entr(flip) + entr(1 - np.asarray(flip))) / np.log(2)


def _vote_error(T: Any, flip: Any) -> Any:
    return scipy.stats.binom.sf(np.asarray(T) // 2, T, flip)


FINITE_STORE = (FITS, CELLS, WHOLE)
STORE, WITH_DELTA = ("N", "b", "R", "T"), ("N", "b", "R", "T", "delta")
CLAIMS = (
    Claim(
        id="S1-finite",
        title="Two regimes in a finite store",
        plain="In a memory of finite size chance decides which cells survive, so that one must hold a little less to be "
        "safe. Two regimes need a small safety margin, and one regime needs one that grows quickly with the number "
        "of tasks.",
        statement="Of the K cells that the oldest of T tasks wrote among N, S survive, with exactly known mean and variance. A "
        "separable MDS code holds b (E S - z sigma) bits to leading order: the backoff of two regimes from the ceiling of S1 "
        "falls as sqrt(T/N), and is z sqrt((e - 1) T/N) of it in long streams; that of one regime is z sigma/(E S) at K = a* N, "
        "which grows exponentially in T at a fixed R/(bN). No code of D bits is decoded more often than E min(1, 2^(bS - D)).",
        assumptions=(
            Assumption("every task writes K cells, all K-subsets equally likely; the reader knows the supports"),
            Assumption("bits held: separable MDS codes (an alphabet of at least N symbols), the structure spread evenly"),
        ),
        status="proved under assumptions",
        source="this project; converse of the erasure channel: Polyanskiy, Poor and Verdu 2010",
        evidence=(
            "derivation: theory.damage.derive",
            "certificate: theory.certificates.separation",
            "attack: theory.attacks.damage",
            "property test: tests/theory/test_damage.py",
        ),
        derive=derive,
        quantities=(
            Quantity(
                "gain_finite", "D_s of two regimes over that of one", "ratio", WITH_DELTA, FINITE_STORE, _whole(_gain_finite)
            ),
            Quantity("dual_finite", "T * D_s of two regimes", "bits", WITH_DELTA, FINITE_STORE, _whole(dual_finite)),
            Quantity("single_finite", "T * D_s of one regime", "bits", WITH_DELTA, FINITE_STORE, _whole(single_finite)),
            Quantity("backoff", "share that two regimes give up, large N", "fraction", WITH_DELTA, (FITS, STREAM), _backoff),
        ),
    ),
    Claim(
        id="S1-damage",
        title="Two regimes under noise and damage",
        plain="Two regimes win by more if cells are read with noise. But if the cells that are always on are written only "
        "once, and each task destroys some of them, beyond a small rate of damage one regime wins. If they are "
        "renewed by every task, they bear much more damage.",
        statement="Reads that lose cells or flip bits leave both regimes what cells of fewer bits hold: at equal T the gain "
        "rises. "
        "Always-on cells that are written once and of which each task destroys a share epsilon lose to one regime beyond "
        "epsilon* = 1 - (rho/(1 - (1 - rho)^T))^(1/(T-1)), about ln(1/rho)/T, which is (ln T)/T in long streams at a fixed r. "
        "Renewed by every task they lose only beyond 1 - rho/(1 - (1 - rho)^T).",
        assumptions=(
            Assumption("separable codes, random supports known to the reader, N is large, as in S1"),
            Assumption("losses are independent of what a cell holds; the reader knows which cells are destroyed or erased"),
        ),
        status="proved under assumptions",
        source="this project; capacities of the erasure and the binary symmetric channel: Cover and Thomas 2006",
        evidence=(
            "derivation: theory.damage.derive_damage",
            "certificate: theory.certificates.separation",
            "attack: theory.attacks.damage",
            "Monte Carlo: tests/theory/test_damage.py",
        ),
        derive=derive_damage,
        quantities=(
            Quantity("damage_borne", "damage per task at which the gain is 1", "fraction", STORE, (FITS, STREAM, SHARED)),
            Quantity("gain_damaged", "D_s of two regimes over one, cells destroyed", "ratio", (*STORE, "damage"), (FITS, INTACT)),
            Quantity("dual_damaged", "T * D_s of two regimes, cells destroyed", "bits", (*STORE, "damage"), (INTACT,)),
            Quantity("gain_erased", "D_s of two regimes over one, cells erased", "ratio", (*STORE, "erasure"), (LEFT,)),
            Quantity("capacity_factor", "share of b bits that flips leave", "fraction", ("flip",), solve=_binary_capacity),
            Quantity(
                "vote_error", "error of a majority of T views of a shared bit", "fraction", ("T", "flip"), (ODD,), _vote_error
            ),
            Quantity("dual_counted", "T * D_s of two regimes that count views", "bits", STORE, (COUNTED,)),
        ),
    ),
)
FINITE, DAMAGED = CLAIMS


def damage_borne(N: Any, b: Any, R: Any, T: Any) -> Any:
    """Share of the always-on cells that each task may destroy before one regime is as good (S1-damage)."""
    return DAMAGED.value("damage_borne", N=N, b=b, R=R, T=T).value


def gain_damaged(N: Any, b: Any, R: Any, T: Any, damage: Any) -> Any:
    """Two regimes over one at equal T and R, if each task destroys that share of the always-on cells (S1-damage)."""
    return DAMAGED.value("gain_damaged", N=N, b=b, R=R, T=T, damage=damage).value
