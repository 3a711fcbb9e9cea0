r"""One-shot additive storage (claim C3): what the covariance rule holds, at any coding level.

w = sum_mu y_mu xi_mu adds P independent, centred patterns; cue nu reads y_nu |xi_nu|^2 plus the crosstalk of the P - 1 others.
Power against power, counting the interferers only,

    SNR = N / (P - 1),    at every coding level,

so that under Gaussian crosstalk a synapse holds (P/2) log2(1 + SNR) / N bits, which tends to 1/(2 ln 2) = 0.7213 as P grows:
one-shot storage has the ceiling d/(2 ln 2) whatever the sparsity, at every P >= 2 (N >= 3) and for every schedule of decay that
leaves no fact more than half the power. With the fact's own power counted as noise, the SNR adds up to N over all ages.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from theory.claim import Assumption, Claim, Quantity
from theory.derivation import Derivation
from theory.notation import N, P, d, f


def entropy(level: Any) -> Any:
    """Entropy in bits of a binary unit of that coding level (SymPy)."""
    return -(level * sp.log(level) + (1 - level) * sp.log(1 - level)) / sp.log(2)


def _logarithm_is_below() -> tuple[bool, str]:
    """ln(1 + N p/(1 - p)) <= N p on a grid of 0 < p <= 1/2 and N >= 3; it fails at N = 2, p = 1/2."""
    size, share = np.meshgrid(np.geomspace(3, 1e4, 200), np.geomspace(1e-6, 0.5, 500))
    worst = np.max(np.log1p(size * share / (1 - share)) / (size * share))
    return bool(worst <= 1 and np.log(3) > 1), f"on 100000 points, the left side is at most {worst:.6f} of the right"


def derive() -> Derivation:
    """C3 from the second moment of the crosstalk."""
    proof = Derivation()
    v, power, x, load = sp.symbols("v y_2 x alpha", positive=True)
    signal = proof.given(
        "Entries of a pattern: independent, zero-mean, variance v; targets: mean square y_2. Signal power", power * (N * v) ** 2
    )
    crosstalk = proof.given(
        "Each other pattern adds y <xi, xi'>, a sum of N products of variance v^2. Crosstalk", (P - 1) * power * N * v**2
    )
    snr = proof.equal("v, and with it the coding level, cancels in the ratio", signal / crosstalk, N / (P - 1), law="snr")
    bits = P / 2 * sp.log(1 + snr) / sp.log(2) / N
    proof.given("Gaussian crosstalk: (1/2) log2(1 + SNR) bits a pattern, in all and per synapse", bits, law="bits_per_synapse")
    per_synapse = proof.limit("which tends, for many patterns, to", bits, P, sp.oo)
    proof.equal("times d synapses: the ceiling", d * per_synapse, d / (2 * sp.log(2)), law="bits")
    counted = proof.equal(
        "With the own pattern counted in the noise, SNR = N/P = x: bits per synapse",
        bits.subs(snr, N / P).subs(P, N / x),
        sp.log(1 + x) / (2 * sp.log(2) * x),
    )
    proof.holds("which falls with x, as ln(1 + x) > x/(1 + x)", sp.diff(counted, x) < 0)
    proof.limit("so that the ceiling is its supremum, at low SNR", counted, x, sp.S.Zero)
    p = sp.Symbol("p", positive=True)
    proof.argued(
        "It holds at finite P as well. Weights with shares p_i of the power have SNR_i = N p_i/(1 - p_i), and for N >= 3 and "
        "p <= 1/2 (the difference of the two sides starts at 0 with slope 0, is convex, then concave, and positive at 1/2)",
        sp.Le(sp.log(1 + N * p / (1 - p)), N * p),
        _logarithm_is_below,
    )
    shares = sp.symbols("p_1:5", positive=True)
    proof.equal(
        "Decaying weights of powers p_i have SNR_i = N p_i / sum p (own counted); over all ages (here four)",
        sum(N * share / sum(shares) for share in shares),
        N,
    )
    needed = sp.Symbol("H", positive=True)
    full = proof.solve(
        "Full retrieval of outputs of entropy H: (1/2) log2(1 + 1/alpha) = H at the load alpha = P/N",
        1 + 1 / load - 2 ** (2 * needed),
        load,
    )
    level = proof.equal(
        "for outputs of coding level f", full.subs(needed, entropy(f)), 1 / (2 ** (2 * entropy(f)) - 1), law="load"
    )
    proof.given("in bits per synapse", level * entropy(f), law="full_retrieval")
    proof.limit("which tends to the same ceiling for sparse outputs, H -> 0", full * needed, needed, sp.S.Zero)
    return proof


CLAIMS = (
    Claim(
        id="C3",
        title="The one-shot Hebbian ceiling",
        statement="Additive one-shot storage of P centred patterns reads with the power SNR N/(P - 1) at every coding level, "
        "and holds at most d/(2 ln 2) = 0.7213 d bits. Full retrieval at output coding level f: load P/N <= 1/(2^(2 "
        "H(f)) - 1).",
        assumptions=(
            Assumption(
                "patterns are independent, their entries independent and exactly centred (covariance rule); the cue is exact"
            ),
            Assumption("the power SNR counts interferers only; bits: Gaussian crosstalk, per-neuron readout, many patterns"),
        ),
        status="proved under assumptions",
        source="this project's form; covariance rules: Tsodyks and Feigelman 1988, Dayan and Willshaw 1991",
        evidence=(
            "derivation: theory.hebbian.derive",
            "Monte Carlo: tests/theory/test_hebbian.py",
            "simulation: hebbian, sweep_hebbian",
        ),
        derive=derive,
        quantities=(
            Quantity("bits", "ceiling on the bits held by d synapses", "bits", ("d",)),
            Quantity("snr", "power signal-to-noise ratio of a read, interferers only", "power ratio", ("N", "P")),
            Quantity("bits_per_synapse", "Gaussian information of P patterns over N synapses", "bits per synapse", ("N", "P")),
            Quantity("load", "largest P/N for full retrieval of outputs of coding level f", "patterns per synapse", ("f",)),
            Quantity("full_retrieval", "bits per synapse at that load", "bits per synapse", ("f",)),
        ),
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
