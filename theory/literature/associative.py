"""Associative memories: Hopfield, Tsodyks and Feigelman, Willshaw, Palm, and linear ones with graded outputs.

The covariance rule J_ij = (1/N v) sum_mu (eta_i - f)(eta_j - f), v = f(1 - f), units V in {0, 1} with one threshold, at zero
temperature. With x_1, x_0 the mean fields of units that should be on and off, less the threshold, in standard deviations of the
noise, and P_i = Phi(x_i), the replica-symmetric equations (Amit, Gutfreund and Sompolinsky 1987; Tsodyks and Feigelman 1988) are

    m = sqrt(v)(P_1 - P_0),  q = <(V - f)^2>,  s^2 = alpha q/(1 - U)^2,  U = (f phi(x_1) + (1 - f) phi(x_0))/s,
    x_1 - x_0 = m/(s sqrt(v)),

so that every pair (x_1, x_0) is a solution at the load alpha = ((P_1 - P_0)/(x_1 - x_0) - f phi(x_1) - (1 - f) phi(x_0))^2 / q.
The capacity is its maximum. The reaction of a unit upon itself shifts all thresholds alike and drops out (Shiino and Fukai 1993).
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from scipy.optimize import brentq, minimize, minimize_scalar
from scipy.special import gammaln, log_ndtr, ndtr, xlogy

from theory.hebbian import C3
from theory.literature.agreement import Agreement

LN2 = float(np.log(2))
FAR = 5e4
AGS = "Amit, Gutfreund and Sompolinsky 1987, Ann. Phys. 173, 30"


def _scaled_load(rarity: float, on: float, off: float) -> float:
    """alpha f of the mean-field solution (x_1, x_0) = (on, off) at f = exp(-rarity), which may lie below the smallest float."""
    f = np.exp(-rarity)
    reaction = (f * np.exp(-(on**2) / 2) + (1 - f) * np.exp(-(off**2) / 2)) / np.sqrt(2 * np.pi)
    amplitude = (ndtr(on) - ndtr(off)) / (on - off) - reaction
    activity = (1 - 2 * f) * (ndtr(on) + (1 - f) * np.exp(min(log_ndtr(off) + rarity, 700.0))) + f  # q/f
    return float(amplitude**2 / activity) if amplitude > 0 else 0.0


@cache
def capacity(rarity: float) -> tuple[float, float]:
    """Largest alpha f of the covariance rule at coding level f = exp(-rarity), and the overlap P_1 - P_0 there."""
    deep = -np.sqrt(2 * rarity)
    tries = [
        minimize(
            lambda x: -_scaled_load(rarity, x[0], min(x[1], x[0] - 1e-3)),
            [on, deep - 0.3],
            method="Nelder-Mead",
            bounds=[(0.0, 8.0), (deep - 4.0, deep + 4.0)],
            options={"xatol": 1e-9, "fatol": 1e-15, "maxiter": 2000},
        )
        for on in (1.0, 3.0)
    ]
    best = min(tries, key=lambda results: results.fun)
    return -float(best.fun), float(ndtr(best.x[0]) - ndtr(best.x[1]))


def sparse_ratio(rarity: float) -> float:
    """Capacity over 1/(2 f |ln f|) at f = exp(-rarity)."""
    return capacity(rarity)[0] * 2 * rarity


def willshaw_bits(doublings: float) -> float:
    """Bits per binary synapse of n = 2^doublings units, K = log2 n of them active, half of the synapses on.

    P patterns set a synapse with probability 1 - (1 - K^2/n^2)^P = 1/2, so that P K^2/n^2 = ln 2. A silent unit is then on
    wrongly with probability 2^-K = 1/n: one unit in all. Each pattern is one of binom(n, K) = n^K/K! (to a share K^2/n).
    """
    K = doublings
    return float(LN2 * (K * doublings - gammaln(K + 1) / LN2) / K**2)


@cache
def palm_bits(units: float) -> float:
    """Most information per binary synapse of so many units, over the activity K and the load, wrong units allowed.

    The answer is a binary asymmetric channel without misses whose silent units are wrongly on with probability p^K.
    """

    def kept(log_on: float, K: int) -> float:
        on, level, wrong = np.exp(log_on), K / units, np.exp(K * log_on)
        sum_on = level + (1 - level) * wrong
        bits = level * np.log(1 / sum_on) + (1 - level) * (
            xlogy(wrong, wrong / sum_on) + (1 - wrong) * (np.log1p(-wrong) - np.log1p(-sum_on))
        )
        return float(np.log1p(-on) / np.log1p(-(level**2)) * bits / units / LN2)

    results: Any = (
        minimize_scalar(lambda x, K=K: -kept(x, K), bounds=(np.log(0.01), np.log(0.99)), method="bounded") for K in range(2, 41)
    )
    return -min(float(each.fun) for each in results)


def recalled_bits(inputs: float) -> float:
    """p log2 p over d^2 for the most pairs p that d = inputs synapses per readout and d readouts can tell apart, by C3's SNR.

    One fact is one of p targets of d numbers. Its d readouts are Gaussian channels of the power SNR d/(p - 1), and hold
    (d/2) log2(1 + SNR) bits together; random targets can be told apart up to that number (Shannon 1948), and no further.
    """

    def spare(log_pairs: float) -> float:
        snr = float(C3.snr(N=inputs, P=np.exp(log_pairs)))
        return inputs / 2 * float(np.log1p(snr)) - log_pairs

    log_pairs = float(brentq(spare, np.log(inputs), 3 * np.log(inputs)))
    return float(np.exp(log_pairs) * log_pairs / LN2 / inputs**2)


AGREEMENTS = (
    Agreement(
        name="Hopfield capacity",
        claim="C3",
        quantity="largest load P/N of an attractor network, f = 1/2 (patterns per unit)",
        theirs=0.138,
        source=AGS,
        provenance="recalled from the print, not read again",
        how="the model's mean-field equations at zero temperature, solved here (no law of the ledger), the largest load",
        tolerance=5e-4,
        why="three digits in print",
        ours=lambda: 2 * capacity(LN2)[0],
    ),
    Agreement(
        name="Hopfield overlap at capacity",
        claim="C3",
        quantity="overlap with the stored pattern at the largest load, f = 1/2",
        theirs=0.967,
        source=AGS,
        provenance="quoted from a secondary source",
        how="the same solution of the model's equations, found here: P_1 - P_0",
        tolerance=5e-4,
        why="three digits in print",
        ours=lambda: capacity(LN2)[1],
    ),
    Agreement(
        name="sparse attractor capacity",
        claim="C3",
        quantity="2 f |ln f| times the largest load, f -> 0 (at f = exp(-50000))",
        theirs=1.0,
        source="Tsodyks and Feigelman 1988, Europhys. Lett. 6, 101",
        provenance="their formula, evaluated here",
        how="the same mean-field equations, solved here, in ln f (0.41 at f = 0.01 is far from the limit)",
        tolerance=0.03,
        why="finite ln f: the distance to the limit falls as 1.4 sqrt(ln L/L), L = |ln f|, here 0.020",
        ours=lambda: sparse_ratio(FAR),
    ),
    Agreement(
        name="Willshaw capacity",
        claim="C3",
        quantity="bits per binary synapse, no unit wrong, n -> infinity (at n = 2^100000)",
        theirs=0.693,
        source="Willshaw, Buneman and Longuet-Higgins 1969, Nature 222, 960",
        provenance="recalled from the print, not read again",
        how="the model's finite formula, evaluated here: half of the synapses on, log2 n units active (0.59 at n = 2^20)",
        tolerance=7e-4,
        why="three digits in print, and log2(K!)/K^2 left at K = 100000",
        ours=lambda: willshaw_bits(1e5),
    ),
    Agreement(
        name="Palm capacity",
        claim="C3",
        quantity="most bits per binary synapse of hetero-association",
        theirs=0.69,
        source="Palm 1980, Biol. Cybern. 36, 19",
        provenance="quoted from a secondary source",
        how="the model, solved here: information of the asymmetric channel, n = 10^6, the most over activity (2 to 40) and load",
        tolerance=5e-3,
        why="two digits in print",
        ours=lambda: palm_bits(1e6),
    ),
    Agreement(
        name="optimal linear associative memory",
        claim="C3",
        quantity="p log2 p/d^2, bits per weight of a d x d matrix that tells each of p targets from all others (at d = 10^8)",
        theirs=1 / (2 * LN2),
        source="Giorlandino, Goldt and Maillard 2026, arXiv 2605.10795, abstract: p log p/d^2 = 1/2 at capacity; the same is "
        "conjectured, as d^2 ~ 2 n log n, by Barnfield, Kim, Nichani, Lee and Lu 2026, arXiv 2605.05189, abstract",
        provenance="printed value, of which the abstracts were read; log taken as natural, as in the extreme of p normal scores, "
        "(2 ln p)^(1/2), and turned into bits here: 1/(2 ln 2)",
        how="largest p whose log2 p bits fit into the d readouts of one fact, each of the SNR d/(p - 1) of C3",
        tolerance=1e-6,
        why="finite d: log(1 + SNR) falls short of SNR by a share SNR/2, about ln(p)/d = 4e-7",
        ours=lambda: recalled_bits(1e8),
    ),
)
