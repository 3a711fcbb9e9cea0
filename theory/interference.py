r"""How much the directions of stored facts overlap, and what sparsity has to do with it (claims I1 and I2).

I1, an identity. For M unit vectors with Gram matrix K and participation ratio PR(K) = (tr K)^2 / tr K^2,

    mean_i sum_{j != i} kappa_ij^2 = M / PR(K) - 1  >=  M/N - 1,

with equality exactly for tight frames (Welch 1974; Benedetto and Fickus 2003).

I2, the coding-level law. For independent codes v of activity a and magnitudes g, with c = E[g]^2 / E[g^2],

    E<v, v'>^2 / (E|v|^2)^2 = 1/N + (1 - 1/N) (a c)^2,

exactly; for codes that are normalised one by one it is the leading order in 1/(aN). Sparsity acts through the mean
direction alone, and stops mattering below a* = 1/(c sqrt N). Centred codes have c = 0: they interfere, on average, as random
directions do at every a, but below a = 1/sqrt N the same interference falls on few pairs (heavy tails).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from theory.proof.claim import Assumption, Claim, Quantity
from theory.proof.derivation import Derivation
from theory.proof.notation import M, N, a, c


def derive_identity() -> Derivation:
    """I1 from the trace and the squared trace of the Gram matrix."""
    proof = Derivation()
    trace, squares, ratio = sp.symbols("tr_K tr_K2 PR", positive=True)
    proof.given("K is the Gram matrix of M unit vectors: its diagonal is 1, so its trace is M", sp.Eq(trace, M))
    proof.given("Its squared entries add up to tr K^2, and PR is by definition", sp.Eq(ratio, trace**2 / squares))
    mean = proof.given("Without the M ones of the diagonal, a fact meets on average the squared overlap", (squares - M) / M)
    identity = proof.equal("In terms of the participation ratio PR this is", mean.subs(squares, M**2 / ratio), M / ratio - 1)
    n, k = sp.Symbol("n", integer=True, positive=True), sp.Symbol("k", integer=True)
    mu: Any = sp.IndexedBase("mu")
    spread = sp.Sum((mu[k] - M / n) ** 2, (k, 1, n))
    expanded = sp.Sum(mu[k] ** 2, (k, 1, n)) - 2 * M / n * sp.Sum(mu[k], (k, 1, n)) + M**2 / n
    four: Any = {n: 4} | {mu[index]: sp.Symbol(f"mu_{index}", positive=True) for index in range(1, 5)}
    proof.argued(
        "Let mu_1 ... mu_n be the non-zero eigenvalues of K, n = rank K. Their spread about M/n is",
        sp.Eq(spread, expanded),
        lambda: (sp.expand((spread - expanded).subs(n, 4).doit().subs(four)) == 0, "symbolically, for n = 4"),
    )
    slack = expanded.subs({sp.Sum(mu[k] ** 2, (k, 1, n)): squares, sp.Sum(mu[k], (k, 1, n)): trace}).subs(trace, M)
    proof.equal("That is, since the eigenvalues add up to M,", slack, squares - M**2 / n)
    proof.argued(
        "A sum of squares is not negative: tr K^2 >= M^2/n (Cauchy-Schwarz), so PR <= n = rank K <= N, with equality exactly "
        "when K is M/N times a projector (a tight frame)",
        sp.Le(ratio, N),
    )
    floor = proof.equal("At PR = N the interference is least: the Welch floor", identity.subs(ratio, N), M / N - 1)
    coherence = proof.equal("Its mean over the M - 1 others bounds the largest", floor / (M - 1), (M - N) / (N * (M - 1)))
    proof.given("Below M = N the floor is 0", sp.Max(floor, 0), law="floor")
    proof.given("The largest |kappa| is at least", sp.sqrt(sp.Max(coherence, 0)), law="coherence_floor")
    return proof


def _no_code_meets_less() -> tuple[bool, str]:
    """The floor 1/N against random finite ensembles of codes, normalised one by one."""
    rng, least = np.random.default_rng(0), np.inf
    for _ in range(200):
        size, count = int(rng.integers(1, 8)), int(rng.integers(1, 30))
        codes = rng.normal(size=(count, size)) * (rng.random((count, size)) < rng.uniform(0.1, 1)) + 1e-9
        codes /= np.linalg.norm(codes, axis=1, keepdims=True)
        chances = rng.dirichlet(np.ones(count))
        least = min(least, size * chances @ (codes @ codes.T) ** 2 @ chances)
    return least >= 1 - 1e-12, f"200 random ensembles overlap by at least {least:.4f} of it"


def derive_codes() -> Derivation:
    """I2 from the moments of independent codes."""
    proof = Derivation()
    p1, p2, g1, g2 = sp.symbols("p_1 p_2 g_1 g_2", positive=True)
    proof.given(
        "A unit is active with probability a, with magnitude g, E[g] = g_1, E[g^2] = g_2: its first moment", sp.Eq(p1, a * g1)
    )
    proof.given("The second moment is", sp.Eq(p2, a * g2))
    proof.given("The constant c compares the squared mean of the magnitudes with their mean square", sp.Eq(c, g1**2 / g2))
    common, rest = p2 + (N - 1) * p1**2, p2 - p1**2
    proof.equal(
        "E[v v^T] = (p2 - p1^2) I + p1^2 1 1^T has one eigenvalue along the mean direction and N - 1 equal ones; they add up "
        "to E|v|^2",
        common + (N - 1) * rest,
        N * p2,
    )
    moments = {p1: a * sp.sqrt(c * g2), p2: a * g2}
    lambda_common = proof.equal(
        "Relative to that, the mean direction has the eigenvalue",
        (common / (N * p2)).subs(moments),
        (1 + (N - 1) * a * c) / N,
        law="lambda_common",
    )
    lambda_rest = proof.equal(
        "Each other direction has the eigenvalue", (rest / (N * p2)).subs(moments), (1 - a * c) / N, law="lambda_rest"
    )
    square = proof.equal(
        "Independent codes have E<v,v'>^2 = tr E[vv^T]^2, so the mean squared overlap is",
        lambda_common**2 + (N - 1) * lambda_rest**2,
        1 / N + (1 - 1 / N) * (a * c) ** 2,
        law="mean_square_overlap",
    )
    proof.argued(
        "No code of any kind does better than 1/N: tr Sigma = 1 is spread over N eigenvalues, so tr Sigma^2 >= 1/N "
        "(Cauchy-Schwarz), for independent codes of any one distribution, relative to the mean squared norm or normalised one by "
        "one",
        1 / N,
        _no_code_meets_less,
        law="least",
    )
    proof.equal("The participation ratio is", 1 / square, N / (1 + (N - 1) * (a * c) ** 2), law="participation_ratio")
    mean = proof.equal("The mean overlap is E<v,v'>/E|v|^2 =", (p1**2 / p2).subs(moments), a * c, law="mean_overlap")
    proof.solve("Its square meets the floor 1/N of random directions at", mean**2 - 1 / N, a, law="a_star")
    excess = (N - 1) * (a * c) ** 2
    proof.equal(
        "What exceeds the floor is the common mode's; its share is",
        1 - 1 / (N * square),
        excess / (1 + excess),
        law="common_mode_share",
    )
    total, active = sp.symbols("q k", positive=True)
    proof.given(
        "Codes normalised one by one, exchangeable units: E[u u^T] has the diagonal 1/N and an off-diagonal q; 1^T u squared "
        "is on average",
        1 + N * (N - 1) * total,
    )
    entry = proof.solve("With exactly k equal active units 1^T u = sqrt k, so q is", 1 + N * (N - 1) * total - active, total)
    proof.equal(
        "The product a c gives way to (aN - 1)/(N - 1): the exact law of binary codes with a N active units",
        (N * (1 / N**2 - entry**2) + N**2 * entry**2).subs(active, a * N),
        1 / N + (1 - 1 / N) * ((a * N - 1) / (N - 1)) ** 2,
        law="mean_square_overlap_binary",
    )
    p4 = proof.given("Signed zero-mean entries of modulus 0 or 1 (c = 0) have second and fourth moment", a)
    fourth = (N * p4**2 + 3 * N * (N - 1) * a**4) / (N * a**2) ** 2
    proof.equal(
        "The overlap is a sum of N independent products; its kurtosis exceeds the Gaussian 3 by",
        fourth - 3,
        (1 / a**2 - 3) / N,
        law="excess_kurtosis",
    )
    return proof


TWO = Assumption("M > 1 (an overlap takes two facts)", lambda M: M > 1, "give at least two facts")
MEAN = Assumption(
    "c > 0 (without a mean no common mode can saturate)", lambda c: c > 0, "give codes that have a mean, 0 < c <= 1"
)
ACTIVE = Assumption(
    "N >= 2 and a*N are whole numbers, a*N >= 1 (units that are active)",
    lambda a, N: (np.mod(N, 1) == 0) & (N >= 2) & (np.rint(a * N) >= 1) & (np.abs(a * N - np.rint(a * N)) <= 1e-15 * N),
    "give N and a = k/N, k = 1 ... N",
)

CLAIMS = (
    Claim(
        id="I1",
        title="The participation ratio counts interference",
        plain="Store M facts, each along its own direction in N dimensions. On average a fact overlaps with all the "
        "others together by at least M/N - 1, however the directions are chosen. One number of the set, its "
        "participation ratio, gives the exact value.",
        statement="For any M unit write directions, a fact's squared overlaps with all the others add up, on average, to "
        "M/PR(K) - 1, which is at least M/N - 1, with equality exactly for tight frames.",
        assumptions=(Assumption("the M write directions are unit vectors of R^N"),),
        status="proved",
        source="Welch 1974 (cross-correlation bound); Benedetto and Fickus 2003 (frame potential)",
        evidence=(
            "derivation: theory.interference.derive_identity",
            "certificate: theory.certificates.interference",
            "attack: theory.attacks.interference",
            "property test: tests/theory/test_interference.py",
            "simulation: interference",
        ),
        derive=derive_identity,
        quantities=(
            Quantity(
                "floor",
                "least possible sum of a fact's squared overlaps with all the others, on average over the facts",
                "squared overlap",
                ("M", "N"),
            ),
            Quantity(
                "coherence_floor",
                "least possible value of the largest overlap of two facts (Welch bound)",
                "overlap",
                ("M", "N"),
                (TWO,),
            ),
        ),
    ),
    Claim(
        id="I2",
        title="Sparsity acts through the common mode only",
        plain="Making codes sparser lowers the overlap of two facts only because it shrinks the mean that all codes "
        "share. Codes without such a mean overlap equally on average at every sparsity, and no choice of sparsity "
        "does better than 1/N.",
        statement="Independent codes of activity a and magnitude ratio c overlap by E[kappa^2] = 1/N + (1 - 1/N)(a c)^2: "
        "normalised interference falls with sparsity only through the mean direction, and saturates below a* = 1/(c "
        "sqrt N). Centred codes interfere equally, on average, at every a, and no code interferes less (1/N); "
        "below a = 1/sqrt N their overlaps grow heavy tails.",
        assumptions=(
            Assumption("codes are independent of each other, and so are the units of a code, all of one distribution"),
            Assumption("overlaps are relative to the mean squared norm; codes normalised one by one: leading order in 1/(a N)"),
        ),
        status="proved under assumptions",
        source="this project; the role of the mean is that of the covariance rule (Tsodyks and Feigelman 1988)",
        evidence=(
            "derivation: theory.interference.derive_codes",
            "certificate: theory.certificates.interference",
            "attack: theory.attacks.interference",
            "Monte Carlo: tests/theory/test_interference.py",
            "simulation: interference",
        ),
        derive=derive_codes,
        quantities=(
            Quantity("mean_square_overlap", "mean squared overlap E[kappa^2] of two codes", "squared overlap", ("N", "a", "c")),
            Quantity(
                "mean_square_overlap_binary",
                "mean squared overlap E[kappa^2] of two codes with exactly a N equal active units",
                "squared overlap",
                ("N", "a"),
                (ACTIVE,),
            ),
            Quantity(
                "least", "least mean squared overlap E[kappa^2] of independent codes of any kind", "squared overlap", ("N",)
            ),
            Quantity("mean_overlap", "mean overlap E[kappa] of two codes", "overlap", ("a", "c")),
            Quantity("participation_ratio", "participation ratio of Sigma, 1/sum lambda_k^2", "directions", ("N", "a", "c")),
            Quantity(
                "common_mode_share", "share of the mean squared overlap that exceeds the floor 1/N", "fraction", ("N", "a", "c")
            ),
            Quantity("a_star", "activity below which sparser codes interfere no less", "fraction", ("N", "c"), (MEAN,)),
            Quantity("lambda_common", "eigenvalue of Sigma along the mean direction", "fraction", ("N", "a", "c")),
            Quantity("lambda_rest", "each of the other N - 1 eigenvalues of Sigma", "fraction", ("N", "a", "c")),
            Quantity(
                "excess_kurtosis",
                "excess kurtosis of the overlap of signed codes (c = 0) with entries of modulus 0 or 1",
                "ratio",
                ("N", "a"),
            ),
        ),
    ),
)
I1, I2 = CLAIMS


def interference_floor(M: Any, N: Any) -> Any:
    """Floor of mean_i sum_{j != i} kappa_ij^2 for M unit vectors in N dimensions (I1): M/N - 1, at least 0."""
    return I1.value(M=M, N=N).value


def mean_square_overlap(N: Any, a: Any, c: Any) -> Any:
    """E[kappa^2] of two independent codes of activity a and magnitude ratio c in N units (I2)."""
    return I2.value(N=N, a=a, c=c).value


def saturation_activity(N: Any, c: Any) -> Any:
    """a* = 1/(c sqrt N), below which sparser codes interfere no less (I2); above 1 where sparsity never mattered."""
    return I2.value("a_star", N=N, c=c).value


def spectrum_of_codes(N: int, a: float, c: float) -> np.ndarray:
    """Spectrum of Sigma for the codes of I2: shape [N], trace 1, the common mode first."""
    spectrum = np.full(N, I2.value("lambda_rest", N=N, a=a, c=c).value)
    spectrum[0] = I2.value("lambda_common", N=N, a=a, c=c).value
    return spectrum
