r"""How much the directions of stored facts overlap, and what sparsity has to do with it (claims I1 and I2).

I1, an identity. For M unit vectors with Gram matrix K and participation ratio PR(K) = (tr K)^2 / tr K^2,

    mean_i sum_{j != i} kappa_ij^2 = M / PR(K) - 1  >=  M/N - 1,

with equality exactly for tight frames (Welch 1974; Benedetto and Fickus 2003).

I2, the coding-level law. For independent codes v with activity a and magnitudes g, c = E[g]^2 / E[g^2],

    E<v, v'>^2 / (E|v|^2)^2 = 1/N + (1 - 1/N) (a c)^2,

exactly; for codes normalised one by one it is the leading order in 1/(aN). Sparsity acts through the mean direction alone, and
stops mattering below a* = 1/(c sqrt N). Centred codes have c = 0 and interfere as random directions do, at every a.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from theory.claim import Assumption, Claim, Derivation, Quantity
from theory.notation import M, N, a, c


def derive_identity() -> Derivation:
    """I1 from the traces of the Gram matrix."""
    proof = Derivation()
    n, k = sp.Symbol("n", integer=True, positive=True), sp.Symbol("k", integer=True)
    trace, squares, ratio = sp.symbols("tr_K tr_K2 PR", positive=True)
    mu = sp.IndexedBase("mu")
    proof.given("K is the Gram matrix of M unit vectors: its diagonal is 1, so its trace is M", sp.Eq(trace, M))
    proof.given("its squared entries sum to tr K^2, and PR is by definition", sp.Eq(ratio, trace**2 / squares))
    mean = (squares - M) / M
    proof.given("Leaving out the M diagonal ones, a fact meets on average the squared overlap", mean)
    on_ratio = mean.subs(squares, sp.solve(sp.Eq(ratio, M**2 / squares), squares)[0])
    identity = proof.equal("which in terms of PR is", on_ratio, M / ratio - 1)
    spread = sp.Sum((mu[k] - M / n) ** 2, (k, 1, n))
    linear, square = sp.Sum(mu[k], (k, 1, n)), sp.Sum(mu[k] ** 2, (k, 1, n))
    size = 4
    entries = {mu[index]: sp.Symbol(f"mu_{index}", positive=True) for index in range(1, size + 1)}
    proof.equal(
        "Let mu_1..mu_n be the non-zero eigenvalues of K, n = rank K. The spread about M/n (here for n = 4, M left free)",
        sp.expand(spread.subs(n, size).doit().subs(entries)),
        sp.expand((square - 2 * M / n * linear + M**2 / n).subs(n, size).doit().subs(entries)),
    )
    slack = (square - 2 * M / n * linear + M**2 / n).subs({square: squares, linear: M})
    proof.equal("is, since the eigenvalues sum to M", slack, squares - M**2 / n)
    proof.given(
        "A sum of squares is not negative: tr K^2 >= M^2/n (Cauchy-Schwarz), so PR <= n = rank K <= N, with equality exactly when "
        "K is M/N times a projector (a tight frame)",
        sp.Le(ratio, N),
    )
    floor = proof.equal("At PR = N the mean squared interference is the Welch floor", identity.subs(ratio, N), M / N - 1)
    proof.law("floor", sp.Max(floor, 0))
    coherence = proof.equal("Spread over the M - 1 others, the largest overlap is at least", floor / (M - 1), (M - N) / (N * (M - 1)))
    proof.law("coherence_floor", sp.sqrt(sp.Max(coherence, 0)))
    return proof


def derive_codes() -> Derivation:
    """I2 from the second moments of independent codes."""
    proof = Derivation()
    p1, p2, p4 = sp.symbols("p_1 p_2 p_4", positive=True)
    g1, g2 = sp.symbols("g_1 g_2", positive=True)
    proof.given("A unit is active with probability a, with magnitude g: its first two moments", sp.Eq(p1, a * g1))
    proof.given("", sp.Eq(p2, a * g2))
    proof.given("c compares the magnitudes' squared mean with their mean square", sp.Eq(c, g1**2 / g2))
    common, rest = p2 - p1**2 + N * p1**2, p2 - p1**2
    proof.equal(
        "E[v v^T] = (p2 - p1^2) I + p1^2 1 1^T has one eigenvalue along the mean direction and N - 1 equal ones; they sum to E|v|^2",
        common + (N - 1) * rest,
        N * p2,
    )
    law = 1 / N + (1 - 1 / N) * (a * c) ** 2
    moments = {p1: a * g1, p2: a * g2}
    on_c = {g1: sp.sqrt(c * g2)}
    lambda_common = sp.simplify((common / (N * p2)).subs(moments).subs(on_c))
    lambda_rest = sp.simplify((rest / (N * p2)).subs(moments).subs(on_c))
    proof.law("lambda_common", proof.equal("Divided by that sum, the common mode weighs", lambda_common, (1 + (N - 1) * a * c) / N))
    proof.law("lambda_rest", proof.equal("and each other direction", lambda_rest, (1 - a * c) / N))
    square = proof.equal(
        "Independent codes: E<v,v'>^2 = tr E[vv^T]^2, so relative to (E|v|^2)^2 the mean squared overlap is",
        lambda_common**2 + (N - 1) * lambda_rest**2,
        law,
    )
    proof.law("mean_square_overlap", square)
    proof.law("participation_ratio", proof.equal("with participation ratio", 1 / square, N / (1 + (N - 1) * a**2 * c**2)))
    share = sp.simplify((lambda_common**2 - 1 / N**2) / square)
    proof.law("mean_overlap", proof.equal("The mean overlap is E<v,v'>/E|v|^2", sp.simplify((p1**2 / p2).subs(moments).subs(on_c)), a * c))
    star = proof.solve("Its square meets the floor 1/N of random directions at", (a * c) ** 2 - 1 / N, a)
    proof.law("a_star", star)
    proof.law("common_mode_share", proof.equal("Above the floor, the excess is the common mode's: its share of E[kappa^2] is",
                                               (square - 1 / N) / square, 1 - 1 / (N * law)))  # fmt: skip
    del share
    proof.given("Signed, zero-mean magnitudes of modulus 1 (c = 0): second and fourth moment of an entry", sp.Eq(p4, a))
    fourth = (N * p4**2 + 3 * N * (N - 1) * p2**4) / (N * p2**2) ** 2
    kurtosis = proof.equal(
        "The overlap is a sum of N independent products, so its kurtosis exceeds the Gaussian 3 by: floor in the mean, tails in the few",
        sp.simplify(fourth.subs({p4: a, p2: a}) - 3),
        (1 / a**2 - 3) / N,
    )
    proof.law("excess_kurtosis", kurtosis)
    return proof


NON_TRIVIAL = Assumption("M > 1 (an overlap needs two facts)", lambda M: M > 1, "give at least two facts")
NON_NEGATIVE = Assumption("c > 0 (without a mean there is no common mode to saturate)", lambda c: c > 0,
                          "give non-negative codes, c in (0, 1]")  # fmt: skip

CLAIMS = (
    Claim(
        id="I1",
        title="Interference is counted by the participation ratio",
        statement="For any M unit write directions, the mean squared interference of a fact with all others is M/PR(K) - 1, which is at "
        "least M/N - 1; equality holds exactly for tight frames.",
        assumptions=(Assumption("the M write directions are unit vectors of R^N"),),
        status="proved",
        source="Welch 1974 (lower bounds on cross correlation); Benedetto and Fickus 2003 (frame potential)",
        evidence=("derivation: theory.interference.derive_identity", "property test: tests/theory/test_interference.py"),
        derive=derive_identity,
        quantities=(
            Quantity("floor", "least mean squared interference of a fact with all the others", "squared overlap", ("M", "N")),
            Quantity("coherence_floor", "least possible largest |kappa| (Welch)", "overlap", ("M", "N"), (NON_TRIVIAL,)),
        ),
    ),
    Claim(
        id="I2",
        title="Sparsity acts through the common mode only",
        statement="Independent codes of activity a and magnitude ratio c overlap by E[kappa^2] = 1/N + (1 - 1/N)(a c)^2. The normalised "
        "interference falls with sparsity only through the mean direction and saturates below a* = 1/(c sqrt N); centred codes "
        "interfere equally at every a, but their overlaps grow heavy tails below a = 1/sqrt N.",
        assumptions=(
            Assumption("codes are independent of each other; units within a code are independent and identically distributed"),
            Assumption("overlaps are relative to the mean squared norm; for codes normalised one by one, leading order in 1/(a N)"),
        ),
        status="proved under assumptions",
        source="second moments of independent codes; cf. Tsodyks and Feigelman 1988 for the role of the mean",
        evidence=("derivation: theory.interference.derive_codes", "Monte Carlo: tests/theory/test_interference.py",
                  "simulation: interference"),  # fmt: skip
        derive=derive_codes,
        quantities=(
            Quantity("mean_square_overlap", "E[kappa^2] of two codes", "squared overlap", ("N", "a", "c")),
            Quantity("mean_overlap", "E[kappa] of two codes", "overlap", ("a", "c")),
            Quantity("participation_ratio", "of Sigma, 1/sum lambda_k^2", "directions", ("N", "a", "c")),
            Quantity("common_mode_share", "share of E[kappa^2] above the floor 1/N", "fraction", ("N", "a", "c")),
            Quantity("a_star", "activity below which sparser codes interfere no less", "fraction", ("N", "c"), (NON_NEGATIVE,)),
            Quantity("lambda_common", "eigenvalue of Sigma along the mean direction", "fraction", ("N", "a", "c")),
            Quantity("lambda_rest", "each of the other N - 1 eigenvalues of Sigma", "fraction", ("N", "a", "c")),
            Quantity("excess_kurtosis", "of the overlap of centred codes of modulus 1", "ratio", ("N", "a")),
        ),
    ),
)
I1, I2 = CLAIMS


def interference_floor(M: Any, N: Any) -> Any:
    """Welch floor on mean_i sum_{j != i} kappa_ij^2 for M unit vectors in N dimensions (I1): M/N - 1, at least 0."""
    return I1.value(M=M, N=N).value


def mean_square_overlap(N: Any, a: Any, c: Any) -> Any:
    """E[kappa^2] of two independent codes of activity a and magnitude ratio c in N units (I2)."""
    return I2.value(N=N, a=a, c=c).value


def saturation_activity(N: Any, c: Any) -> Any:
    """a* = 1/(c sqrt N), below which sparser codes interfere no less (I2); above 1 where sparsity never mattered."""
    return I2.value("a_star", N=N, c=c).value


def spectrum_of_codes(N: int, a: float, c: float) -> np.ndarray:
    """Spectrum of Sigma for the code ensemble of I2: shape [N], trace 1, the common mode first."""
    rest = np.full(N, I2.value("lambda_rest", N=N, a=a, c=c).value)
    rest[0] = I2.value("lambda_common", N=N, a=a, c=c).value
    return rest


def participation_ratio(spectrum: Any) -> float:
    """PR = (sum mu)^2 / sum mu^2 of a spectrum [n] or of a symmetric matrix [n, n] (K or Sigma, of any scale)."""
    spectrum = np.asarray(spectrum, dtype=float)
    if spectrum.ndim == 2:
        return float(np.trace(spectrum) ** 2 / np.sum(spectrum**2))
    return float(np.sum(spectrum) ** 2 / np.sum(spectrum**2))


def mean_interference(gram: Any) -> float:
    """mean_i sum_{j != i} kappa_ij^2 of a Gram matrix [M, M] of unit vectors: the left side of I1, summed directly."""
    gram = np.asarray(gram, dtype=float)
    return float(np.mean(np.sum(gram**2, axis=1) - np.diag(gram) ** 2))


def common_mode_share(gram: Any) -> float:
    """Share of the mean squared overlap that is due to the mean overlap: mean(kappa)^2 / mean(kappa^2), off the diagonal.

    1 when all facts overlap equally, 0 when overlaps average out; centring the codes removes exactly this part of I2's law.
    """
    gram = np.asarray(gram, dtype=float)
    off = gram[~np.eye(len(gram), dtype=bool)]
    return float(np.mean(off) ** 2 / np.mean(off**2))
