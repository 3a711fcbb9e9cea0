r"""One-shot additive storage (claim C3): what the covariance rule holds, at any coding level.

w = sum_mu y_mu xi_mu adds P independent, centred patterns; cue nu reads y_nu |xi_nu|^2 plus the crosstalk of the P - 1 others.
Power against power, counting the interferers only,

    SNR = N / (P - 1),    at every coding level,

Under Gaussian crosstalk the readouts, one by one and each by its matched filter, therefore hold (P/2) log2(1 + SNR) / N bits per
synapse, which tends to 1/(2 ln 2) = 0.7213 as P grows. That is a lower bound on what w tells of all targets at once (P <= N real
weights determine them all), and all that a reader of one cue at a time has. So read, one-shot storage has the ceiling d/(2 ln 2)
whatever the sparsity. It holds at every P >= 2 (N >= 3), and for every schedule of
decay that leaves no fact more than half the power. With the fact's own power counted as noise, the SNR adds up to N over all
ages.

At finite N the cue's own norm matters. Let inputs be active independently with probability a. Then N/(P - 1) is exactly the
mean over cues of the SNR of a reader that divides by |xi|^2. A reader of fixed gain sees the norm fluctuate, and has exactly
N/(P - 1 + 1/(a(1 - a)) - 4): a correction of order 1/(aP), which is 1/(aN) at P = N. Codes with exactly aN active inputs have
a constant norm and one dimension less: exactly (N - 1)/(P - 1). And no other additive rule does better: whatever vectors k are
written and whatever linear readers r look for them, the SNR is on average at most rank(E k k^T)/(P - 1) <= N/(P - 1). What a
threshold makes of the read is claim C3-threshold (`theory.threshold`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy
import sympy as sp
from scipy.optimize import brentq

from theory.proof.claim import Assumption, Claim, Quantity
from theory.proof.derivation import Derivation
from theory.proof.limits import fits
from theory.proof.notation import N, P, a, d, f


def binary_entropy(level: Any) -> Any:
    """Entropy in bits of a binary unit of that coding level (SymPy)."""
    return -(level * sp.log(level) + (1 - level) * sp.log(1 - level)) / sp.log(2)


def derive() -> Derivation:
    """C3 from the second moment of the crosstalk, then what finite sharing and finite N change."""
    proof = Derivation()
    v, power, x, load = sp.symbols("v y_2 x alpha", positive=True)
    signal = proof.given(
        "Entries of a pattern: independent, zero-mean, variance v; targets: mean square y_2. Signal power", power * (N * v) ** 2
    )
    crosstalk = proof.given(
        "Each other pattern adds y <xi, xi'>, a sum of N products of variance v^2. Crosstalk", (P - 1) * power * N * v**2
    )
    snr = proof.equal(
        "The variance v, and with it the coding level, cancels in the ratio", signal / crosstalk, N / (P - 1), law="snr"
    )
    bits = P / 2 * sp.log(1 + snr) / sp.log(2) / N
    proof.given("Gaussian crosstalk: (1/2) log2(1 + SNR) bits a pattern, in all and per synapse", bits, law="bits_per_synapse")
    per_synapse = proof.limit("The bits per synapse tend, for many patterns, to", bits, P, sp.oo)
    proof.equal("The ceiling is that number times d synapses", d * per_synapse, d / (2 * sp.log(2)), law="bits")
    counted = proof.equal(
        "With the own pattern counted in the noise, SNR = N/P = x: bits per synapse",
        bits.subs(snr, N / P).subs(P, N / x),
        sp.log(1 + x) / (2 * sp.log(2) * x),
    )
    proof.holds("These bits fall with x, as ln(1 + x) > x/(1 + x)", sp.diff(counted, x) < 0)
    proof.limit("Their supremum, at low SNR, is the ceiling", counted, x, sp.S.Zero)
    _at_finite_sharing(proof)
    _at_finite_size(proof, signal, crosstalk, v, power)
    needed = sp.Symbol("H", positive=True)
    full = proof.solve(
        "Full retrieval of outputs of entropy H: (1/2) log2(1 + 1/alpha) = H at the load alpha = P/N",
        1 + 1 / load - 2 ** (2 * needed),
        load,
    )
    level = proof.equal(
        "The load for outputs of coding level f is",
        full.subs(needed, binary_entropy(f)),
        1 / (2 ** (2 * binary_entropy(f)) - 1),
        law="load",
    )
    proof.given("At that load a synapse holds, in bits,", level * binary_entropy(f), law="full_retrieval")
    proof.limit("For sparse outputs, H -> 0, these bits tend to the same ceiling", full * needed, needed, sp.S.Zero)
    return proof


def _at_finite_sharing(proof: Derivation) -> None:
    """The ceiling at finite P and for unequal shares of the power, with the share beyond which it fails."""
    p = sp.Symbol("p", positive=True)
    slack = proof.given(
        "It holds at finite P as well. Weights with shares p_i of the power have SNR_i = N p_i/(1 - p_i); write h(p) for",
        N * p - sp.log(1 + N * p / (1 - p)),
        law="slack",
    )
    proof.equal(
        "The slack h is 0 at p = 0, and its slope is",
        sp.diff(slack, p),
        N * p * (N - 2 - (N - 1) * p) / ((1 - p) * (1 + (N - 1) * p)),
    )
    proof.argued(
        "The slope is positive up to p = (N - 2)/(N - 1) and negative beyond, where h falls to minus "
        "infinity. That point is at least 1/2 for N >= 3, so ln(1 + SNR_i) <= N p_i for p_i <= 1/2, and the "
        "bits are at most N/(2 ln 2). h has one zero p* in ((N - 2)/(N - 1), 1). At most one share exceeds "
        "1/2, and many small ones come as close as one likes to N p_i each: the ceiling holds for all "
        "schedules with shares <= p*, and fails for some with a share p > p*",
        sp.Le(sp.log(1 + N * p / (1 - p)), N * p),
        _schedules_end_at_the_largest_share,
    )
    shares = sp.symbols("p_1:5", positive=True)
    proof.equal(
        "With the own power counted, SNR_i = N p_i: over all ages (here four) it adds up to N, and ln(1 + N p) <= N p for all p",
        sum(N * share / sum(shares) for share in shares),
        N,
    )


def _schedules_end_at_the_largest_share() -> tuple[bool, str]:
    """A share just below p* among many small ones holds less than the ceiling, just above it more."""
    verdicts = []
    for size in (3.0, 10.0, 30.0):
        for factor, side in ((1 - 1e-3, -1), (1 + 1e-3, 1)):
            gap = (1 - largest_share(size)) / factor
            rest = np.full(10**6, gap / 10**6)
            total = np.log1p(size * (1 - gap) / gap) + np.sum(np.log1p(size * rest / (1 - rest)))
            verdicts.append(side * (total - size) > 0)
    return all(verdicts), f"{sum(verdicts)} of {len(verdicts)} schedules fall on the side that p* says"


def _at_finite_size(proof: Derivation, signal: Any, crosstalk: Any, v: Any, power: Any) -> None:
    """The cue's norm at finite N, for independent and for fixed activity."""
    K = sp.Symbol("K", positive=True)
    variance = a * (1 - a)
    fourth = proof.equal(
        "Finite N. An input is active with probability a: v = a(1 - a), and the fourth moment of a centred entry is",
        a * (1 - a) ** 4 + (1 - a) * a**4,
        variance * (1 - 3 * variance),
    )
    spread = proof.equal(
        "The norm |xi|^2, on average N v, has the relative variance",
        N * (fourth - variance**2) / (N * variance) ** 2,
        (1 - 2 * a) ** 2 / (N * variance),
        law="norm_variance",
    )
    fluctuation = power * (N * variance) ** 2 * spread
    proof.equal(
        "A reader of fixed gain sees y (|xi|^2 - N v) as noise beside the crosstalk: its SNR is exactly",
        signal.subs(v, variance) / (crosstalk.subs(v, variance) + fluctuation),
        N / (P - 1 + 1 / variance - 4),
        law="snr_fixed_gain",
    )
    norm = proof.equal(
        "A reader that divides by the norm of its cue, which it knows, has only crosstalk, of variance (P - 1) y_2 v |xi|^2: "
        "with K active inputs the norm is",
        K * (1 - a) ** 2 + (N - K) * a**2,
        K * (1 - 2 * a) + N * a**2,
        law="norm",
    )
    proof.equal(
        "The SNR is |xi|^2/(v (P - 1)); K has the mean aN, over which SNR averages to the law, exactly",
        (norm / (variance * (P - 1))).subs(K, a * N),
        N / (P - 1),
    )
    proof.equal(
        "With exactly aN active inputs the norm is constant and entries have the covariance -v/(N - 1), so that E<xi, xi'>^2 is",
        N * v**2 + N * (N - 1) * (v / (N - 1)) ** 2,
        N**2 * v**2 / (N - 1),
    )
    proof.equal(
        "The SNR of codes of fixed activity is exactly",
        (N * v) ** 2 / ((P - 1) * N**2 * v**2 / (N - 1)),
        (N - 1) / (P - 1),
        law="snr_fixed_activity",
    )
    proof.argued(
        "No additive rule does better. Facts with independent write vectors k, K = E k k^T, read by any r(k), have SNR = (r.k)^2 "
        "/ ((P - 1) r^T K r) <= k^T K^+ k / (P - 1) by Cauchy and Schwarz, and E k^T K^+ k = rank(K): on average at most",
        N / (P - 1),
        _no_rule_reads_better,
    )
    product = proof.equal(
        "How Gaussian: a product of two entries has the excess kurtosis (fourth moment over squared variance, less 3)",
        (fourth / variance**2) ** 2 - 3,
        (1 / variance - 3) ** 2 - 3,
    )
    proof.equal(
        "The excess kurtosis of the crosstalk of targets +-1, over all cues, follows from that and from the "
        "scatter of the cue's norm, which all terms share. The crosstalk is Gaussian once N is large against "
        "1/a, and for a given cue once (P - 1) N is large against 1/a^2",
        (3 + product / N) / (P - 1) + 3 * (P - 2) / (P - 1) * (1 + spread) - 3,
        ((1 / variance - 3) ** 2 - 3 + 3 * (P - 2) * (1 / variance - 4)) / (N * (P - 1)),
        law="excess_kurtosis",
    )


def _no_rule_reads_better() -> tuple[bool, str]:
    """Random discrete codes: the mean SNR times P - 1 of random readers, and of the best, against the rank."""
    rng, gaps, worst = np.random.default_rng(0), [], 0.0
    for _ in range(200):
        count, size = int(rng.integers(2, 9)), int(rng.integers(1, 6))
        codes, share = rng.normal(size=(count, size)), rng.dirichlet(np.full(count, 0.5))
        second = codes.T @ (share[:, None] * codes)
        for readers in (rng.normal(size=codes.shape), codes, codes @ np.linalg.pinv(second)):
            signal, noise = np.sum(readers * codes, axis=1) ** 2, np.einsum("ki,ij,kj->k", readers, second, readers)
            mean = float(share @ (signal / noise)) / min(count, size)
            worst = max(worst, mean)
        gaps.append(abs(mean - 1))
    return worst <= 1 + 1e-6 and max(gaps) < 1e-6, f"600 readers reach at most {worst:.6f} of the rank, the best reader all of it"


def _largest_share(N: Any) -> Any:
    """p* by a search in ln(1 - p*), which is about -N."""

    def root(size: float) -> float:
        def slack(gap: float) -> float:  # h at p = 1 - exp(gap)
            left = -np.expm1(gap)
            return size * left - np.logaddexp(gap, np.log(size * left)) + gap

        gap: Any = brentq(slack, -2 * size - 10, -np.log(size - 1))
        return float(-np.expm1(gap))

    return np.vectorize(root, otypes=[float])(N)


def _finite_bits(N: Any, P: Any, a: Any) -> Any:
    def mean(size: float, count: float, level: float) -> float:
        fits(8 * size)
        active = np.arange(size + 1)
        norms = active * (1 - 2 * level) + size * level**2
        ratio = norms / (level * (1 - level) * (count - 1))
        return float(count / size * np.sum(scipy.stats.binom.pmf(active, size, level) * np.log2(1 + ratio)) / 2)

    return np.vectorize(mean, otypes=[float])(N, P, a)


PARTLY = Assumption("a < 1 (some inputs are silent)", lambda a: a < 1, "lower a")
WHOLE = Assumption("N is a whole number", lambda N: np.mod(N, 1) == 0, "round N")
THREE = Assumption("N >= 3 (below, a share of one half may hold more)", lambda N: N >= 3, "give at least three inputs")
TWO = Assumption("P >= 2 (there is crosstalk)", lambda P: P >= 2, "give at least two patterns")

CLAIMS = (
    Claim(
        id="C3",
        title="The one-shot Hebbian ceiling",
        plain="If facts are simply added into one memory, each seen once, all the others are noise when one of them is "
        "read. Such a memory holds at most 0.72 bits per parameter, whether the facts are sparse or dense.",
        statement="Additive one-shot storage of P centred patterns reads with the power SNR N/(P - 1) at every coding level, "
        "the largest mean SNR of any additive rule with independent codes and linear readers of the own cue, and holds at most "
        "d/(2 ln 2) = 0.7213 d bits under every schedule of decay that leaves no fact more than half the power. At finite N a "
        "reader of fixed gain has exactly N/(P - 1 + 1/(a(1-a)) - 4), and codes of fixed activity (N - 1)/(P - 1). Full "
        "retrieval at output coding level f needs a load P/N <= 1/(2^(2 H(f)) - 1).",
        assumptions=(
            Assumption(
                "patterns are independent, their entries independent and exactly centred (covariance rule); the cue is exact"
            ),
            Assumption("the power SNR counts interferers only; bits: Gaussian crosstalk, per-neuron readout, many patterns"),
            Assumption("ceiling at finite P: N >= 3 and no fact holds more than half of the power"),
        ),
        status="proved under assumptions",
        source="this project's form; covariance rules: Tsodyks and Feigelman 1988, Dayan and Willshaw 1991",
        evidence=(
            "derivation: theory.hebbian.derive",
            "certificate: theory.certificates.hebbian",
            "attack: theory.attacks.hebbian",
            "property test: tests/theory/test_hebbian.py",
            "simulation: hebbian, sweep_hebbian",
        ),
        derive=derive,
        quantities=(
            Quantity("bits", "ceiling on the bits held by d synapses", "bits", ("d",)),
            Quantity("snr", "power signal-to-noise ratio of a read, interferers only", "power ratio", ("N", "P")),
            Quantity(
                "bits_per_synapse",
                "Gaussian information of P patterns over N synapses",
                "bits per synapse",
                ("N", "P"),
                (THREE, TWO),
            ),
            Quantity("load", "largest P/N for full retrieval of outputs of coding level f", "patterns per synapse", ("f",)),
            Quantity(
                "full_retrieval",
                "bits per synapse at the largest load for full retrieval, outputs of coding level f",
                "bits per synapse",
                ("f",),
            ),
            Quantity(
                "snr_fixed_gain",
                "power SNR of a reader of fixed gain, inputs active independently",
                "power ratio",
                ("N", "P", "a"),
                (PARTLY,),
            ),
            Quantity(
                "snr_fixed_activity", "power SNR of codes with exactly aN active inputs, 0 < aN < N", "power ratio", ("N", "P")
            ),
            Quantity("norm_variance", "relative variance of |xi|^2, inputs active independently", "ratio", ("N", "a"), (PARTLY,)),
            Quantity(
                "excess_kurtosis",
                "excess kurtosis of the crosstalk of targets +-1, over all cues",
                "ratio",
                ("N", "P", "a"),
                (PARTLY,),
            ),
            Quantity(
                "finite_bits",
                "Gaussian information where each cue's own norm sets its SNR",
                "bits per synapse",
                ("N", "P", "a"),
                (PARTLY, WHOLE),
                solve=_finite_bits,
            ),
            Quantity(
                "largest_share",
                "largest share of the power that one fact may hold under the ceiling",
                "fraction",
                ("N",),
                (THREE,),
                solve=_largest_share,
            ),
        ),
        successors=("threshold",),
    ),
)
(C3,) = CLAIMS


def snr(N: Any, P: Any) -> Any:
    """Power SNR of reading one of P patterns from N synapses: N/(P - 1), at every coding level (C3)."""
    return C3.value("snr", N=N, P=P).value


def bits_per_synapse(N: Any, P: Any) -> Any:
    """(P/2) log2(1 + SNR) / N with SNR = N/(P - 1): information of P patterns under Gaussian crosstalk (C3)."""
    return C3.value("bits_per_synapse", N=N, P=P).value


def largest_patterns(N: Any, snr: Any) -> Any:
    """Largest P at which each pattern reads with at least that power SNR: C3 inverted, 1 + N/snr."""
    return 1 + N / snr


def largest_share(N: Any) -> Any:
    """Largest share p* of the power that one fact may hold if all together are to stay below N/(2 ln 2) bits (C3), N >= 3."""
    return C3.value("largest_share", N=N).value
