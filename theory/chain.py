r"""A chain of coupled variables inside each synapse, and what any linear synapse keeps (claim C6-chain).

A linear synapse reads w = sum_age h(age) b(age), the writes b filtered by a kernel h. Signal h(age)^2 against the noise that the
same kernel makes of all writes gives SNR^2 = N h(age)^2 / sum h^2, so that

    sum over ages of SNR^2 = N      for EVERY square-summable kernel:

linear synapses only choose how N is spread over the ages (Bessel's inequality of C6 with equality, the decay schedules of C3).
As sum_{age < t} 1/(age + 1) = H_t, none keeps (age + 1) SNR^2 above N/H_t at all of the first t ages, and h^2 = 1/(age + 1)
does just that. The chain of Benna and Fusi 2016 comes close with few variables. Its beakers have the capacities C_k = 2^(k-1)
and are coupled by g_(k,k+1) ~ 2^-k. They are uniform diffusion seen on a logarithmic grid, whose kernel falls as t^(-1/2) up
to t ~ 4^beakers. Each doubling of the age gets about N/(2 beakers) of the power, and memories last about N/ln N events.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp
from scipy.linalg import svd
from scipy.optimize import brentq

from theory.errors import UserError
from theory.proof.claim import Assumption, Claim, Quantity
from theory.proof.derivation import Derivation
from theory.proof.notation import N, age, beakers, t

COUPLING = 0.125
Modes = tuple[np.ndarray, np.ndarray]


def modes(capacities: Any, couplings: Any) -> Modes:
    """Rates q [m] and amplitudes a [m] of the kernel h(t) = sum a exp(-q t), h(0) = 1, of the first of m beakers.

    capacities [m] and couplings [m]: C_k du_k/dt = g_(k-1) (u_(k-1) - u_k) + g_k (u_(k+1) - u_k), the last one leaking to 0.
    """
    C, g = np.asarray(capacities, dtype=float), np.asarray(couplings, dtype=float)
    if C.ndim != 1 or C.shape != g.shape or not (np.all(C > 0) and np.all(g > 0)):
        raise UserError("a chain needs as many couplings as capacities, all positive; the last coupling is the leak")
    # In units of capacity the flow is -B^T B with B bidiagonal, whose singular values QR iteration finds to relative accuracy,
    # however slow; eigenvalues of the flow itself would be lost below 1e-16 of the fastest.
    bidiagonal = np.diag(np.sqrt(g / C)) - np.diag(np.sqrt(g[:-1] / C[1:]), 1)
    _, singular, vectors = svd(bidiagonal, lapack_driver="gesvd")
    return singular[::-1] ** 2, vectors[::-1, 0] ** 2


def geometric(count: int, ratio: float = 2.0, coupling: float = COUPLING) -> Modes:
    """Modes of the chain with C_k = ratio^(k-1) and g_k = coupling ratio^(1-k); Benna and Fusi 2016: ratio 2, coupling 1/8."""
    if count < 1 or ratio <= 1 or coupling <= 0:
        raise UserError(f"count = {count}, ratio = {ratio:g}, coupling = {coupling:g}: need count >= 1, ratio > 1, coupling > 0")
    steps = float(ratio) ** np.arange(count)
    return modes(steps, coupling / steps)


def kernel(chain: Modes, t: Any) -> np.ndarray:
    """h(t) = sum a exp(-q t): what is left of a write in the visible variable after t events; shape of t."""
    rates, amplitudes = chain
    return np.exp(-np.asarray(t, dtype=float)[..., None] * rates) @ amplitudes


def kernel_power(chain: Modes) -> float:
    """Sum of h^2 over the ages 0, 1, 2, ...: geometric series of every pair of modes."""
    rates, amplitudes = chain
    return float(amplitudes @ (1 / -np.expm1(-(rates[:, None] + rates))) @ amplitudes)


def snr_power(N: Any, beakers: Any, age: Any) -> Any:
    """SNR^2 = N h(age)^2 / sum h^2 of N chains of that many beakers, exactly."""

    def single(size: float, count: float, age: float) -> float:
        chain = geometric(int(count))
        return size * float(kernel(chain, age)) ** 2 / kernel_power(chain)

    return np.vectorize(single, otypes=[float])(N, beakers, age)


def _lifetime(N: Any, beakers: Any) -> Any:
    def single(size: float, count: float) -> float:
        chain = geometric(int(count))
        level = np.sqrt(kernel_power(chain) / size)
        last = np.log(1 / level) / chain[0][0] if level < 1 else 0.0  # h <= exp(-q_1 t), q_1 the slowest rate
        if level >= 1:
            return 0.0
        root: Any = brentq(lambda z: float(kernel(chain, np.expm1(z))) - level, 0.0, np.log1p(last + 1.0))
        return float(np.expm1(root))

    return np.vectorize(single, otypes=[float])(N, beakers)


def _slope() -> tuple[bool, str]:
    """The fitted exponent of long chains between their shortest and longest times, as the grid is refined."""
    slopes = []
    for ratio, count in ((2.0, 14), (1.4142135623730951, 28), (1.1892071150027210, 56)):
        times = np.geomspace(1e3, 1e6, 400)
        slopes.append(np.polyfit(np.log(times), np.log(kernel(geometric(count, ratio), times)), 1)[0])
    return max(abs(slope + 0.5) for slope in slopes) < 0.005, f"exponents {', '.join(f'{slope:.5f}' for slope in slopes)}"


def _amplitude() -> tuple[bool, str]:
    """h sqrt(pi kappa t) -> 1 as the ratio of neighbouring capacities tends to 1."""
    gaps = []
    for halvings in (1, 2, 3):
        ratio = 2.0 ** (1 / 2**halvings)
        chain = geometric(14 * 2**halvings, ratio, 1.0)
        diffusion = (1 + ratio) / 2  # g_k times the distance (C_k + C_(k+1))/2 between the centres
        gaps.append(abs(float(kernel(chain, 1e5)) * np.sqrt(np.pi * diffusion * 1e5) - 1))
    return bool(gaps[2] < gaps[1] < gaps[0] and gaps[2] < 0.01), f"relative gaps {', '.join(f'{gap:.4f}' for gap in gaps)}"


def derive() -> Derivation:
    """C6-chain: the identity for kernels, the best spread, and diffusion on a logarithmic grid."""
    proof = Derivation()
    h = sp.symbols("h_1:6", positive=True)
    x, y, kappa = sp.symbols("x y kappa", positive=True)
    harmonic = sp.digamma(t + 1) + sp.EulerGamma
    noise = sum(each**2 for each in h)
    proof.equal(
        "The weight w = sum h b with independent b = +-1 has Cov(b, w) = h and variance sum h^2; over all "
        "ages (here five) SNR^2 adds up to",
        sum(N * each**2 / noise for each in h),
        N,
    )
    proof.name("power_sum", N)
    proof.argued(
        "So if (age + 1) SNR^2 >= c at the first t ages, c H_t <= N with H_t = sum 1/(age + 1) = psi(t + 1) + gamma; "
        "h^2 = 1/(age + 1) gives equality",
        sp.Le(sp.Symbol("c") * harmonic, N),
        lambda: (abs(float(harmonic.subs(t, 50)) - sum(1 / k for k in range(1, 51))) < 1e-12, "H_50 by addition"),
    )
    proof.given("The best level of (age + 1) SNR^2 that lasts for t events is", N / harmonic, law="best_level")
    grid = sp.Function("U")
    inner = sp.exp(-x) * sp.diff(kappa * sp.exp(-x) * sp.diff(grid(sp.exp(x)), x), x)
    proof.argued(
        "A chain with C = e^x and g = kappa e^-x obeys du/dt = (1/C) d/dx (g du/dx): in the volume y = e^x this is d^2/dy^2",
        inner,
        lambda: (
            sp.simplify((inner - kappa * sp.exp(0) * sp.diff(grid(y), y, 2).subs(y, sp.exp(x)).doit()).subs(grid, sp.sin).doit())
            == 0
            and sp.simplify((inner - kappa * sp.diff(grid(y), y, 2).subs(y, sp.exp(x)).doit()).subs(grid, sp.exp).doit()) == 0,
            "for U = sin and U = exp",
        ),
    )
    heat = sp.exp(-(y**2) / (4 * kappa * t)) / sp.sqrt(sp.pi * kappa * t)
    proof.equal(
        "Far along, this is uniform diffusion, solved by", sp.diff(heat, t), kappa * sp.diff(heat, y, 2), samples={y: (1, 2, 3)}
    )
    proof.equal("The solution keeps one unit that is written at y = 0", sp.Integral(heat, (y, 0, sp.oo)), 1)
    proof.argued("At y = 0 it leaves", heat.subs(y, 0), _amplitude, law="diffusion_kernel")
    proof.name("diffusion_kernel", heat.subs({y: 0, kappa: sp.Rational(3, 16)}))
    proof.argued("On the grid of ratio 2 the exponent is the same, up to a ripple of period 4 in t", -sp.Rational(1, 2), _slope)
    octave = proof.equal(
        "Power 1/t: a doubling of the age holds", sp.Integral(1 / x, (x, age, 2 * age)), sp.log(2), samples={age: (1, 3, 10)}
    )
    whole = proof.equal(
        "All ages up to the diffusion time 4^beakers of the whole chain hold",
        sp.Integral(1 / x, (x, 1, 4**beakers)),
        2 * beakers * sp.log(2),
    )
    proof.equal("A long chain therefore gives each doubling", N * octave / whole, N / (2 * beakers), law="per_octave")
    return proof


WHOLE = Assumption(
    "beakers is a whole number of at most 250 (4^beakers must be a float)",
    lambda beakers: (np.mod(beakers, 1) == 0) & (np.asarray(beakers) <= 250),
    "round beakers, or lower it",
)
SPREAD = Assumption(
    "t >= 16/(3 pi) (before that the continuous kernel exceeds 1)", lambda t: 3 * np.pi * np.asarray(t) >= 16, "raise t"
)
EVENT = Assumption("t >= 1 (at least one event)", lambda t: np.asarray(t) >= 1, "raise t")

CLAIMS = (
    Claim(
        id="C6-chain",
        title="Linear synapses share out one power, and a chain does it evenly",
        plain="Every linear synapse, however complex inside, has the same total signal to spread over the ages of its "
        "memories. A chain of ever slower variables spreads it almost evenly, so that memories fade about as slowly "
        "as is possible.",
        statement="Every linear synapse has a sum over ages of SNR^2 of exactly N, whatever its square-summable kernel. None "
        "keeps (age + 1) SNR^2 above N/H_t for t events (H_t the harmonic number). A chain of beakers of geometric capacities is "
        "diffusion on a logarithmic grid: its kernel falls as t^(-1/2) up to t of order 4^beakers, so each doubling of the age "
        "gets about N/(2 beakers), within a logarithm of the envelope N/(e t) of C6.",
        assumptions=(
            Assumption(
                "writes are independent, +1 or -1 with equal chances, added to the first variable; the dynamics is linear"
            ),
            Assumption("t^(-1/2) and equal shares: between the times of the first and the last beaker, up to a small ripple"),
        ),
        status="proved under assumptions",
        source="chain: Benna and Fusi 2016 (Nature Neuroscience 19, 1697); identity and best level: this project",
        evidence=(
            "derivation: theory.chain.derive",
            "certificate: theory.certificates.chain",
            "attack: theory.attacks.chain",
            "property test: tests/theory/test_chain.py",
        ),
        derive=derive,
        quantities=(
            Quantity(
                "snr_power", "exact SNR^2 of a fact of the given age", "power ratio", ("N", "beakers", "age"), (WHOLE,), snr_power
            ),
            Quantity(
                "lifetime",
                "age at which SNR falls to 1, 0 if it never reaches it",
                "events",
                ("N", "beakers"),
                (WHOLE,),
                _lifetime,
            ),
            Quantity("per_octave", "power per doubling of the age, long chains", "power ratio", ("N", "beakers"), (WHOLE,)),
            Quantity(
                "best_level",
                "largest level of (age + 1) SNR^2 for t events, any linear synapse",
                "power ratio",
                ("N", "t"),
                (EVENT,),
            ),
            Quantity("power_sum", "sum over ages of SNR^2, any linear synapse", "power ratio", ("N",)),
            Quantity("diffusion_kernel", "kernel of the continuous chain", "fraction", ("t",), (SPREAD,)),
        ),
    ),
)
(C6_CHAIN,) = CLAIMS
