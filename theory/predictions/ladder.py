r"""The rungs of the capacity ladder: systems that hold binary labels in real synapses, and what theory says they hold.

For P facts in N synapses per output, `predicted` gives means over facts: bits of a graded read, bits after a threshold, the
probability of error, and the retained depth. The threshold may depend on the age of the fact, which the reader knows. No
constant is fitted:

* one-shot: the covariance rule, power SNR N/(P - 1) (C3), each cue divided by its own norm;
* delta, annealed: `theory.predictions.crosstalk.stream` at the strength best for the oldest of P facts, min(1, N/P), and at
N/(N + j) (C2);
* least squares: SNR = N/(P - N) above P = N (claims ewc, S3), which recursive least squares ends in whatever the order;
* interleaved: all labels up to Gardner's load, without error (S2);
* two stores: 1/(1/C + c/T) labels per synapse (S3), with the error that the fast store passes on.

The one-shot rungs are dense (f = 1/2) and sparse (outputs active with f = 1/64, inputs with a = 1/8).
"""

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr
from scipy.stats import binom

from theory.controls import load as two_store_load
from theory.interleaving import gardner_load
from theory.ledger import claim
from theory.predictions import crosstalk
from theory.predictions.bits import channel_bits, expected

ALLOWED = 0.02
"""Errors allowed, as a share of those of a guess without a read, min(f, 1 - f): 1% of the answers at f = 1/2."""


@dataclass(frozen=True)
class Rung:
    """halvings: log2 of 1/a, a the coding level of the inputs. f: that of the labels. claim: the law's id in the ledger."""

    title: str
    halvings: int
    f: float
    claim: str

    @property
    def a(self) -> float:
        """Coding level of the inputs."""
        return 0.5**self.halvings

    @property
    def allowed(self) -> float:
        """Largest probability of error at "1% error"."""
        return ALLOWED * min(self.f, 1 - self.f)


RUNGS = {
    "dense": Rung("dense one-shot", 1, 1 / 2, "C3"),
    "sparse": Rung("sparse one-shot", 3, 1 / 64, "C3"),
    "delta": Rung("delta rule", 1, 1 / 2, "C2"),
    "annealed": Rung("annealed delta", 1, 1 / 2, "C2"),
    "least_squares": Rung("least squares", 1, 1 / 2, "ewc"),
    "interleaved": Rung("interleaved", 1, 1 / 2, "S2"),
    "two": Rung("two stores", 1, 1 / 2, "S3"),
}
REFERENCE = {"dense": 1.0, "sparse": 2.0, "delta": 2.0, "annealed": 2.0, "least_squares": 1.5, "interleaved": 1.8}
"""Load at which every size of a rung is compared with every other."""

SYMBOLS = 16
"""Outputs of the fast store that stand for log2(16) = 4 labels, one of them active: its coding level is 1/16."""


class Holding(NamedTuple):
    """Mean over facts: bits of a graded read and after a threshold, per synapse; errors; retained depth of a fact."""

    graded: float
    hard: float
    error: float
    depth: float


def strengths(system: str, N: int, P: int) -> np.ndarray:
    """Write strengths [P] of the delta rule: the best one for the oldest of P facts, or the annealed N/(N + j) (C2)."""
    if system == "delta":
        return np.full(P, min(1.0, N / P))
    return N / (N + np.arange(P)) if system == "annealed" else np.ones(P)


@cache
def reads(system: str, N: int, P: int) -> crosstalk.Read:
    """Depth and power SNR of every fact of a linear rung [P], inputs of norm 1."""
    if system in ("delta", "annealed"):
        return crosstalk.stream(strengths(system, N, P), N)
    return crosstalk.least_squares(P, N) if system == "least_squares" else crosstalk.additive(P, N)


def predicted(system: str, N: int, P: int) -> Holding:
    """What theory expects of P facts in N synapses per output; interleaved: up to P = 2N, beyond it nothing is predicted."""
    load, rung = P / N, RUNGS[system]
    if system == "interleaved":
        return Holding(min(load, gardner_load(0.5)), min(load, gardner_load(0.5)), 0.0, 1.0)
    read = reads(system, N, P)
    snr, weight = read.snr, np.full(P, 1 / P)
    if system == "sparse":  # each cue's norm sets its SNR; the number of active inputs is binomial
        active = np.arange(N + 1)
        norms = (active * (1 - 2 * rung.a) + N * rung.a**2) / (N * rung.a * (1 - rung.a))
        snr, weight = read.snr[0] * norms, binom.pmf(active, N, rung.a)
    mean = expected(snr, rung.f)
    return Holding(
        load * float(weight @ mean.graded),
        load * float(weight @ mean.hard),
        float(weight @ mean.error),
        float(read.depth.mean()),
    )


@cache
def limit(system: str) -> tuple[float, float, float]:
    """Most bits per synapse over all loads: (graded, hard, with 1% errors), for large N (delta rules: N = 512, off by 1/N).

    Interleaved: without error; what more a store of 1% errors holds is not known to the ledger. Two stores: T = 16.
    """
    if system == "interleaved":
        return gardner_load(0.5), gardner_load(0.5), gardner_load(0.5)
    if system == "two":
        best, at_allowed = two_stores_limit(16)
        return best, best, at_allowed
    N = 512
    if system in ("dense", "sparse"):
        graded, hard = claim("C3").bits(d=1), claim("C3-threshold").hard_ceiling(f=RUNGS[system].f)
    else:
        loads = np.geomspace(1.02 if system == "least_squares" else 0.5, 16, 40)
        all_of_them = [predicted(system, N, round(load * N)) for load in loads]
        graded, hard = max(each.graded for each in all_of_them), max(each.hard for each in all_of_them)
    P = round(critical_load(system, N) * N)
    return float(graded), float(hard), predicted(system, N, P).hard


@cache
def critical_load(system: str, N: int) -> float:
    """Predicted largest load with at most the errors of `Rung.allowed`."""
    rung = RUNGS[system]
    if system in ("dense", "sparse"):
        return float(claim("C3-threshold").load_at_error(f=rung.f, error=rung.allowed))
    if system == "interleaved":
        return gardner_load(0.5)
    lowest = 1.02 if system == "least_squares" else 0.05
    return float(brentq(lambda load: predicted(system, N, round(load * N)).error - rung.allowed, lowest, 2.0, xtol=2 / N))


@cache
def fast_error(inputs: float, D: int | None = None) -> float:
    """Probability that a label is wrong in the fast store: of the reads of SYMBOLS cells the largest is not the right one.

    `inputs` per fact, D facts (None: many). The right cell is read 1 higher than the rest. A cell that n of the other facts
    activate has noise of variance n/(inputs D). What the covariance rule subtracts is the same for all cells and changes no
    comparison, so f = 1/SYMBOLS takes the place of C3's f(1 - f). n is binomial; for many facts its scatter vanishes. A wrong
    symbol has a given label wrong in n/2 of n - 1 cases.
    """
    f = 1 / SYMBOLS
    if D is None:
        share, chance = np.array([f]), np.ones(1)
    else:
        n = np.arange(*binom.interval(1 - 1e-12, D - 1, f) + np.array([0, 1]))
        share, chance = n / D, binom.pmf(n, D - 1, f)
    noise = np.maximum(np.sqrt(share / inputs), 1e-9)
    z = np.linspace(-9, 9, 601)
    best = ndtr((1 + z[:, None, None] * noise[:, None]) / noise) @ chance  # [z, n of the right cell]
    weight = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) * (z[1] - z[0])
    right = float(weight @ best ** (SYMBOLS - 1) @ chance)
    return (1 - right) * (SYMBOLS / 2) / (SYMBOLS - 1)


def fast_inputs(error: float, D: int | None = None) -> float:
    """Inputs of the fast store per fact at which labels are wrong so often."""
    return float(brentq(lambda inputs: fast_error(inputs, D) - error, 0.1, 20.0, xtol=1e-6))


def two_stores(T: int, slow: float, inputs: float, D: int | None = None) -> Holding:
    """Bits per synapse of T tasks of D facts (None: many) through a fast store, `inputs` per fact, into a slow one.

    slow: facts per slow synapse, at most 2. A label takes c = inputs SYMBOLS/log2(SYMBOLS) synapses of the fast store (S3).
    """
    error = fast_error(inputs, D)
    bits = float(two_store_load(T, slow, inputs * SYMBOLS / np.log2(SYMBOLS)) * channel_bits(error, error, 0.5))
    return Holding(bits, bits, error, 1 - 2 * error)


@cache
def two_stores_limit(T: int) -> tuple[float, float]:
    """Most bits per synapse of two large stores, the slow one at Gardner's load, over the fast store's size: (any errors, 1%)."""
    best = max(two_stores(T, gardner_load(0.5), inputs).hard for inputs in np.geomspace(0.3, 3.0, 47))
    return best, two_stores(T, gardner_load(0.5), fast_inputs(RUNGS["two"].allowed)).hard
