r"""Elastic weight consolidation (claim `ewc`): a quadratic penalty that holds the parameters where old facts need them.

With the exact Hessian, H = sum of x x^T, each write minimises the squared error of the new fact plus the quadratic form of H
around the last optimum: recursive least squares. It ends in the least-squares solution of all facts, whatever their order:
total depth min(M, N), spread evenly, at the price of N (N + 1)/2 numbers that all outputs share.

With the diagonal of H a write is an oblique delta rule of strength q/(1 + q), q = x^T diag(H)^-1 x. Dense keys that are
rotated against the axes make diag(H) uniform, so the penalty is blind to the spectrum and becomes an annealed rate N/(N + j)
for all directions alike. Isotropic keys: every fact keeps N/(N + M - 1); the total tends to N as for the exact Hessian, but
with crosstalk already below M = N, where least squares has none. Keys of rank n < N: the oldest fact decays with the exponent
N/n, as (N/(N + M))^(N/n); on the axes the same keys keep n/(n + M - 1), and the exact Hessian n/M. The preconditioner changes
from write to write, so that in an adverse order the diagonal's total may exceed N. Sources: Kirkpatrick et al. 2017 (method),
Huszar 2018 (one penalty, centred at the last optimum).
"""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import Any

import numpy as np
import sympy as sp
from scipy.special import expi

from theory.methods.setting import ISOTROPIC, LINEAR, account, log_falling, state_quantities
from theory.proof.claim import Assumption, Claim, Quantity
from theory.proof.derivation import Derivation
from theory.proof.notation import M, N, depth, outputs, rank


def responses(keys: np.ndarray, ridge: float, diagonal: bool = False) -> np.ndarray:
    """d(readout i)/d(target j) after writing keys [M, N] one by one under the penalty: shape [M, M].

    ridge: Hessian before the first fact, times the identity. Exact Hessian by the recursion itself, or its diagonal.
    """
    count, size = keys.shape
    weights, hessian = np.zeros((size, count)), ridge * np.eye(size)
    for i, key in enumerate(keys):
        moved = key / np.diag(hessian) if diagonal else np.linalg.solve(hessian, key)
        weights += np.outer(moved, np.eye(count)[i] - key @ weights) / (1 + key @ moved)
        hessian += np.outer(key, key)
    return keys @ weights


def _recursion_is_batch() -> tuple[bool, str]:
    rng, worst = np.random.default_rng(0), 0.0
    for _ in range(20):
        keys = rng.normal(size=(int(rng.integers(1, 12)), 5))
        batch = keys @ np.linalg.solve(0.3 * np.eye(5) + keys.T @ keys, keys.T)
        worst = max(worst, float(np.max(np.abs(responses(keys, 0.3) - batch))))
    return worst < 1e-9, f"20 random sequences: recursion and batch solution differ by at most {worst:.1e}"


def snr_of_oldest(u: Any) -> Any:
    """SNR of the oldest fact under the annealed rate N/(N + j), N large, as an expression in u = 1 + M/N."""
    return sp.exp(1 / u) / (u * sp.exp(1 / u) - sp.Ei(1 / u) - sp.E + sp.Ei(1))


def _oldest_snr(N: Any, M: Any) -> Any:
    """`snr_of_oldest` as a number."""
    u = sp.Symbol("u", positive=True)
    return sp.lambdify(u, snr_of_oldest(u), modules=[{"Ei": expi}, "numpy"])(1 + np.asarray(M, dtype=float) / N)


def _rotated(N: Any, rank: Any, M: Any) -> Any:
    """The law `rotated_depth` without the cancellation of its Gamma functions."""
    by_rank = log_falling(N + 1, N / rank) - log_falling(N + M, N / rank)
    by_facts = log_falling(N + M - N / rank, M - 1) - log_falling(N + M, M - 1)
    return np.exp(np.where(N / rank > M - 1, by_facts, by_rank))


def _telescopes(kept: Any) -> tuple[bool, str]:
    """The closed product against exact fractions."""
    worst = 0.0
    for size, low, count in ((64, 4, 150), (100, 10, 20), (37, 37, 56)):
        exact = prod((1 - Fraction(size, (size + later) * low) for later in range(1, count)), start=Fraction(1))
        worst = max(worst, abs(float(kept.subs({N: size, rank: low, M: count})) / float(exact) - 1))
    return worst < 1e-9, f"against exact fractions at three sizes, relative error {worst:.1e}"


def derive() -> Derivation:
    """Exact: normal equations and their trace. Diagonal: the strength it amounts to, what that retains, and its crosstalk."""
    proof = Derivation()
    mu, ridge, h, q, j, ell, u = sp.symbols("mu delta h q j l u", positive=True)
    proof.argued(
        "Exact: the write leaves (H + x x^T) w = H w_old + y x. By induction H w = sum of y x: after M facts w solves their "
        "joint least-squares problem (ridge delta, the Hessian before the first), in whatever order they came",
        None,
        _recursion_is_batch,
    )
    share = proof.given(
        "Its readouts respond to the targets by X (X^T X + delta)^-1 X^T, whose eigenvalues are", mu / (mu + ridge)
    )
    proof.holds("Each is below 1, and at most min(M, N) of them are not 0", share < 1)
    proof.limit("As delta falls each of them tends to", share, ridge, 0)
    proof.argued("The total depth is their sum, at most", N, law="ceiling")
    proof.given("Exchangeable keys share it evenly, old and new alike", sp.Min(1, N / M), law="retained_depth")
    proof.solve("The facts keep that depth up to", N / M - depth, M, law="length")
    proof.given("A projector has sum_j h_ij^2 = h_ii: the power of the crosstalk of a fact of depth h", h - h**2)
    proof.equal("At h = N/M < 1 the power SNR is", (h**2 / (h - h**2)).subs(h, N / M), N / (M - N), law="snr")
    account(proof, "The symmetric Hessian is kept beside the parameters", N * outputs + N * (N + 1) / 2)

    strength = proof.given("Diagonal: the write is oblique along P = D^-1 x x^T/q, q = x^T D^-1 x, and of strength", q / (1 + q))
    rate = proof.equal(
        "Dense rotated keys, j of them before: D = (j/N) I, q = N/j, whatever the spectrum", strength.subs(q, N / j), N / (N + j)
    )
    decay = 1 - rate.subs(j, ell) / rank
    kept = sp.exp(
        sp.loggamma(N + M - N / rank) + sp.loggamma(N + 1) - sp.loggamma(N + 1 - N / rank) - sp.loggamma(N + M)
    )  # logarithms, since the Gamma functions of a long sequence overflow
    proof.argued(
        "Isotropic keys of rank n, rotated: the oldest fact, written at strength 1, keeps the product of l = 1 ... M - 1 of",
        sp.Eq(sp.Product(decay, (ell, 1, M - 1)), kept, evaluate=False),
        lambda: _telescopes(kept),
    )
    proof.name("rotated_depth", kept)
    uniform = proof.equal(
        "Full rank: as every other fact (C2: N/(N + j) is the annealed rate) it keeps",
        sp.expand_func(sp.gamma(N + M - 1) / sp.gamma(N + M) * sp.gamma(N + 1) / sp.gamma(N)),
        N / (N + M - 1),
        law="diagonal_depth",
    )
    proof.solve("The facts keep that depth up to", uniform - depth, M, law="diagonal_length")
    proof.limit("The total tends to that of the exact Hessian", M * uniform, M, sp.oo)
    proof.equal(
        "On the axes D is uniform over the n coordinates in use: n takes the place of N",
        uniform.subs(N, rank),
        rank / (rank + M - 1),
        law="aligned_depth",
    )
    proof.given("Crosstalk: with unit targets and u = 1 + j/N, N large, |w|^2/N obeys dv/du = -(2/u - 1/u^2) v + 1/u^2")
    power = 1 / (u**2 * snr_of_oldest(u))
    proof.equal("The solution from v(1) = 0 is", sp.diff(u**2 * sp.exp(1 / u) * power, u), sp.exp(1 / u), samples={u: (2, 3, 5)})
    proof.equal("At the start, v(1) is", power.subs(u, 1), sp.S.Zero)
    proof.argued(
        "The oldest fact keeps depth 1/u, and the crosstalk it reads has the power v of a random readout: its SNR is",
        snr_of_oldest(u),
        lambda: (abs(_oldest_snr(1e6, 1e12) * 1e6 - 1) < 1e-3, "tends to N/M for long sequences"),
    )
    kept_width = N * (1 - depth)
    proof.solve(
        "At equal total state the annealed rate alone (width N) keeps N (1 - depth)/depth facts that deep, exact EWC as many "
        "if its width is N (1 - depth); with N^2/2 for the Hessian that is affordable up to the width",
        outputs * kept_width + kept_width**2 / 2 - outputs * N,
        N,
        law="break_even",
        pick=lambda root: root != 0,
    )
    proof.given("Only the diagonal is kept beside the parameters", N * outputs + N, law="diagonal_state")
    return proof


MORE = Assumption("M > N (below, least squares has no crosstalk)", lambda M, N: M > N, "give more facts than dimensions")
PARTIAL = Assumption("depth < 1", lambda depth: depth < 1, "lower the depth")
LOW = Assumption("rank <= N", lambda rank, N: rank <= N, "lower the rank")

CLAIMS = (
    Claim(
        id="ewc",
        title="EWC: exact least squares, or a diagonal that cannot see rotation",
        plain="Elastic weight consolidation protects weights that mattered. With exact importance it loses nothing until "
        "there are as many facts as parameters, and then all facts fade together. The usual diagonal importance "
        "cannot see facts that lie oblique to the weights, and acts like a learning rate that falls.",
        statement="With the exact Hessian EWC is recursive least squares: total depth min(M, N), min(1, N/M) for every fact "
        "in any order, nothing lost below M = N and everything fading together above; learning slows as N/M. With the "
        "diagonal, dense rotated keys turn it into an annealed rate N/(N + j): isotropic keys keep N/(N + M - 1) each, with "
        "crosstalk at every length, and of keys of rank n the oldest decays as (N/(N + M))^(N/n), against n/M for the exact "
        "Hessian.",
        assumptions=(
            LINEAR,
            ISOTROPIC,
            Assumption("one quadratic penalty, centred at the last optimum; Hessian before the first fact -> 0"),
            Assumption(
                "diagonal: dense keys rotated at random against the axes, diag(H) = (j/N) I (its fluctuations vanish as N "
                "and rank grow, and last longest in the crosstalk of the first few facts)"
            ),
        ),
        status="proved under assumptions",
        source="this project; method: Kirkpatrick et al. 2017, Huszar 2018",
        evidence=(
            "derivation: theory.methods.ewc.derive",
            "certificate: theory.certificates.methods",
            "attack: theory.attacks.methods",
            "property test: tests/theory/test_methods.py",
        ),
        derive=derive,
        quantities=(
            Quantity("ceiling", "largest total depth", "facts", ("N",)),
            *state_quantities("N", "outputs"),
            Quantity("length", "facts that all keep this depth, exact Hessian", "facts", ("N", "depth")),
            Quantity("retained_depth", "mean depth of every fact, exact Hessian", "retained fraction", ("N", "M")),
            Quantity("snr", "signal to crosstalk of a fact of mean depth, exact Hessian", "power ratio", ("N", "M"), (MORE,)),
            Quantity(
                "break_even",
                "width of an unprotected store above which its annealed rate outlasts exact EWC at equal total state",
                "parameters",
                ("outputs", "depth"),
                (PARTIAL,),
            ),
            Quantity("diagonal_state", "numbers kept with the diagonal", "numbers", ("N", "outputs")),
            Quantity("diagonal_length", "facts that all keep this depth, diagonal", "facts", ("N", "depth")),
            Quantity("diagonal_depth", "depth of every fact, diagonal, full rank", "retained fraction", ("N", "M")),
            Quantity(
                "diagonal_snr",
                "signal to crosstalk of the oldest, uniform diagonal, full rank, large N",
                "power ratio",
                ("N", "M"),
                solve=_oldest_snr,
            ),
            Quantity(
                "rotated_depth",
                "depth of the oldest, diagonal, rotated keys of that rank",
                "retained fraction",
                ("N", "rank", "M"),
                (LOW,),
                _rotated,
            ),
            Quantity(
                "aligned_depth", "depth of the oldest, diagonal, keys that lie along the axes", "retained fraction", ("rank", "M")
            ),
        ),
    ),
)
(CLAIM,) = CLAIMS
