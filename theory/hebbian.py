r"""One-shot additive storage (claim C3): what the covariance rule holds, at any coding level.

w = sum_mu y_mu xi_mu adds P independent, centred patterns; cue nu reads y_nu |xi_nu|^2 plus the crosstalk of the P - 1 others. In power,

    SNR = N / (P - 1),    at every coding level,

so that, with Gaussian crosstalk, a synapse holds (P/2) log2(1 + SNR) / N bits, which tends to 1/(2 ln 2) = 0.7213 as P grows: one-shot
storage has a ceiling of d/(2 ln 2) bits whatever the sparsity. Counting a fact's own power as noise too (SNR = N/P, the same limit)
the ceiling is approached from below; the sum of that SNR over all ages is N for every decay schedule.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from theory.claim import Assumption, Claim, Derivation, Quantity
from theory.notation import N, P, d, f


def entropy(level: sp.Expr) -> sp.Expr:
    """Entropy of a binary unit of that coding level, in bits."""
    return -(level * sp.log(level) + (1 - level) * sp.log(1 - level)) / sp.log(2)


def derive() -> Derivation:
    """C3 from the moments of the crosstalk."""
    proof = Derivation()
    v, y2 = sp.symbols("v y_2", positive=True)
    proof.given("Entries of a pattern are independent, zero-mean, of variance v = v(a); targets have mean square y2. Signal power", y2 * (N * v) ** 2)
    signal, crosstalk = y2 * (N * v) ** 2, (P - 1) * y2 * N * v**2
    proof.given("Each of the P - 1 others adds y <xi, xi'>, a sum of N products of variance v^2: crosstalk power", crosstalk)
    snr = proof.law("snr", proof.equal("v, and with it the coding level, cancels", signal / crosstalk, N / (P - 1)))
    bits = P / 2 * sp.log(1 + snr) / sp.log(2) / N
    proof.law("bits_per_synapse", proof.given("Gaussian crosstalk: (1/2) log2(1 + SNR) bits a pattern, per synapse", bits))
    per_synapse = proof.limit("which for many patterns tends to", bits, P, sp.oo)
    proof.law("bits", proof.equal("times d synapses: the ceiling in bits", d * per_synapse, d / (2 * sp.log(2))))
    x = sp.Symbol("x", positive=True)
    total = sp.log(1 + x) / x
    proof.equal("With the own pattern's power counted as noise, SNR = N/P = x: bits per synapse log2(1 + x)/(2x)",
                (P / 2 * sp.log(1 + N / P) / N).subs(P, N / x), total / 2)  # fmt: skip
    proof.holds("which falls with x (ln(1 + x) > x/(1 + x)): the ceiling is a supremum, approached at low SNR",
                sp.diff(total, x) < 0, samples={x: (sp.Rational(1, 10), 1, 10)})  # fmt: skip
    proof.limit("Its value at x = 0", total / 2 / sp.log(2), x, sp.S.Zero)
    shares = sp.symbols("p_1:5", positive=True)
    power = sum(shares)
    proof.equal("Decaying weights with powers p_i: SNR_i = N p_i / sum p (own power counted) adds up to (four facts, any powers)",
                sum(N * share / power for share in shares), N)  # fmt: skip
    load = sp.Symbol("alpha", positive=True)
    needed = sp.log(1 + 1 / load) / (2 * sp.log(2)) - entropy(f)
    proof.given("To recover outputs of coding level f in full, each pattern must carry H(f) bits: at load alpha = P/N", sp.Eq(needed, 0))
    full = proof.equal("that is, at a load of at most", sp.solve(sp.Eq(1 + 1 / load, x), load)[0].subs(x, 2 ** (2 * entropy(f))),
                       1 / (2 ** (2 * entropy(f)) - 1))  # fmt: skip
    proof.law("load", full)
    proof.law("full_retrieval", full * entropy(f))
    proof.limit("whose bits per synapse tend, for sparse outputs, to the same ceiling", full * entropy(f), f, sp.S.Zero, rate=1e-3)
    return proof


CLAIMS = (
    Claim(
        id="C3",
        title="The one-shot Hebbian ceiling",
        statement="Additive one-shot storage of P centred patterns reads with a power SNR of N/(P - 1) at every coding level, and holds at most "
        "d/(2 ln 2) = 0.7213 d bits. Full retrieval at output coding level f: load P/N <= 1/(2^(2 H(f)) - 1).",
        assumptions=(
            Assumption("patterns are independent with independent, exactly centred entries (covariance rule); the cue is exact"),
            Assumption("crosstalk is Gaussian and the readout works per neuron; the power SNR counts interferers only"),
        ),
        status="proved under assumptions",
        source="this project's form; capacity of covariance rules: Tsodyks and Feigelman 1988, Dayan and Willshaw 1991",
        evidence=("derivation: theory.hebbian.derive", "Monte Carlo: tests/theory/test_hebbian.py", "simulation: hebbian, sweep_hebbian"),
        derive=derive,
        quantities=(
            Quantity("bits", "ceiling on the bits held by d synapses", "bits", ("d",)),
            Quantity("snr", "power signal-to-noise ratio of a read (interferers only)", "power ratio", ("N", "P")),
            Quantity("bits_per_synapse", "Gaussian information of all P patterns over N synapses", "bits per synapse", ("N", "P")),
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
    """(P/2) log2(1 + SNR) / N for SNR = N/(P - 1): information of P patterns under Gaussian crosstalk (C3)."""
    return C3.value("bits_per_synapse", N=N, P=P).value


def largest_patterns(N: Any, snr: Any) -> Any:
    """Largest P at which each pattern reads with that power SNR: 1 + N/snr (C3 inverted)."""
    return 1 + N / snr
