r"""Depth of any learner (claim C1-any): its degrees of freedom, what bounds them, and what does not.

A learner turns the targets y of M facts into its outputs f(y) for them. Its total depth is the trace of df/dy: the trace of the
smoother matrix if it is linear in the targets (a projection: its rank; ridge: sum mu/(mu + lambda)), else a property of the
learner at y. Under Gaussian noise of variance sigma^2 on the targets its mean is the generalised degrees of freedom,

    E tr df/dy = sum_i Cov(f_i, y_i)/sigma^2    (Stein's lemma; Ye 1998; Efron 2004),

for learners without jumps; with jumps the covariance counts those as well. Let the outputs depend smoothly on N numbers, and
these smoothly on the targets. Then tr df/dy <= N |df/dy|. That is at most N if the learner does not expand distances (ridge,
projections, the lasso and every fit with a convex penalty), and more for others (C1: up to 2N - 1 in N weights). Selection
breaks any bound by the number of fitted parameters (Janson, Fithian and Hastie 2015). The best single one of N orthonormal
features has E max_k z_k^2 degrees of freedom: 1 + 2/pi for N = 2, though one coefficient is fitted. A learner that chooses one
of two constants has an unbounded number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sympy as sp
from scipy.integrate import quad
from scipy.special import erf, erfc

from theory.errors import UserError
from theory.proof.claim import Assumption, Claim, Quantity
from theory.proof.derivation import Derivation
from theory.proof.notation import N, gain, jump


def _best_of_two() -> tuple[bool, str]:
    """The integral of the tail for one and two features."""
    one, two = best_feature_freedom([1, 2])
    return abs(one - 1) + abs(two - 1 - 2 / np.pi) < 1e-9, f"numerically: {one:.12f} for one, {two:.12f} for two"


def _trace_below_norms() -> tuple[bool, str]:
    """tr H <= rank H * |H| on random matrices of low rank."""
    rng, worst = np.random.default_rng(0), 0.0
    for _ in range(200):
        size, rank = 12, int(rng.integers(1, 12))
        left, right = rng.normal(size=(size, rank)), rng.normal(size=(size, rank))
        matrix = left @ (right + rng.uniform(0, 3) * left).T
        worst = max(worst, np.trace(matrix) / (rank * np.linalg.norm(matrix, 2)))
    return worst <= 1, f"200 random matrices reach at most {worst:.4f} of it"


def derive() -> Derivation:
    """C1-any: the bound for smooth learners, the covariance form, and the two counterexamples."""
    proof = Derivation()
    n = sp.Symbol("n", integer=True, positive=True)
    z, t, height = sp.symbols("z t L", positive=True)
    proof.given(
        "A learner's total depth is the sum of d(output of i)/d(target of i), the trace of its Jacobian", sp.Symbol("tr J")
    )
    penalty, mu = sp.symbols("penalty mu", positive=True)
    ridge = proof.given("Ridge regression shrinks each direction of the inputs, mu the eigenvalue, by", mu / (mu + penalty))
    proof.holds("Each is below 1: the total is at most the rank, and equals it for no penalty (a projection)", ridge < 1)
    proof.argued(
        "If the outputs depend smoothly on N numbers, and these on the targets, J has rank at most N by the chain rule; each of "
        "its at most N singular values is at most |J| = gain, and the trace is at most their sum",
        N * gain,
        _trace_below_norms,
        law="bound",
    )
    smooth = sp.exp(-(t**2) / 2) / sp.sqrt(2 * sp.pi)
    proof.equal(
        "The covariance form: with standard Gaussian noise, E[z g(z)] = E[g'(z)] by parts (Stein), since the density satisfies",
        sp.diff(smooth, t),
        -t * smooth,
    )
    proof.argued(
        "A learner that does not expand distances (gain 1) keeps at most N; one with a larger gain may keep more: the stream of "
        "C1 is linear in its targets, lives in N weights, and nears",
        2 * N - 1,
        _streams_expand,
    )
    tail = proof.equal(
        "Counterexample 1: the best single one of n orthonormal features, noise alone. Its fit is z_k of the largest |z_k|, and "
        "Cov(fit, target) adds up to E max z_k^2. All |z_k| lie below root t with probability",
        (2 * sp.Integral(smooth.subs(t, z), (z, 0, sp.sqrt(t)))).doit() ** n,
        sp.erf(sp.sqrt(t / 2)) ** n,
    )
    proof.argued(
        "The mean of the largest is the integral of the rest over t, which is 1 for n = 1 (no choice) and grows with n",
        sp.Integral(1 - tail, (t, 0, sp.oo)),
        _best_of_two,
    )
    angle = sp.Symbol("theta", positive=True)
    proof.equal(
        "Two features, in polar coordinates: E r^2 = 2 times the mean of max(cos^2, sin^2), more than the one fitted:",
        sp.Integer(2) * 4 / sp.pi * sp.integrate(sp.cos(angle) ** 2, (angle, 0, sp.pi / 4)),
        1 + 2 / sp.pi,
    )
    step = proof.equal(
        "Counterexample 2: a learner that answers L/2 to a positive and -L/2 to a negative target has one binary parameter, "
        "derivative zero almost everywhere, and E[z f(z)] =",
        2 * sp.Integral(z * height / 2 * smooth.subs(t, z), (z, 0, sp.oo)).doit(),
        height / sp.sqrt(2 * sp.pi),
    )
    proof.given(
        "With L in units of the noise this is L/sqrt(2 pi): no number of parameters bounds it",
        step.subs(height, jump),
        law="switch",
    )
    return proof


def _streams_expand() -> tuple[bool, str]:
    """The smoother of a winding stream: trace above N, rank N, and the norm that pays for it."""
    from theory.winding import winding_directions

    directions = winding_directions(3, 60)

    def learner(targets: np.ndarray) -> np.ndarray:
        weights = np.zeros(3)
        for direction, target in zip(directions, targets, strict=True):
            weights = weights + direction * (target - direction @ weights)
        return directions @ weights

    matrix = smoother(learner, 60)
    trace, norm, rank = np.trace(matrix), np.linalg.norm(matrix, 2), np.linalg.matrix_rank(matrix)
    return bool(3 < trace < 5 and rank == 3 and trace <= 3 * norm), f"N = 3: trace {trace:.3f}, rank {rank}, norm {norm:.2f}"


WHOLE = Assumption("N is a whole number", lambda N: np.mod(N, 1) == 0, "round N")

CLAIMS = (
    Claim(
        id="C1-any",
        title="The depth of any learner",
        plain="For any way of learning, how much is kept in all equals the number of degrees of freedom of the fit. A "
        "learner with N parameters that never amplifies differences between targets keeps at most N. Without that "
        "condition N is no limit.",
        statement="The total depth of a learner is its degrees of freedom, the trace of d(outputs)/d(targets). If the outputs "
        "depend smoothly on N numbers and these on the targets, it is at most N times the operator norm of that map: at most N "
        "for learners that do not expand distances. Without the condition on the norm it may exceed N (C1), and for "
        "learners that select, in the covariance form, no number of parameters bounds it.",
        assumptions=(
            Assumption("bound: the learner is differentiable in its targets at the point where depth is measured"),
            Assumption(
                "covariance form: independent Gaussian noise on the targets; equal to the mean trace if there are no jumps"
            ),
        ),
        status="proved under assumptions",
        source="Hastie and Tibshirani 1990; Ye 1998; Efron 2004; counterexamples after Janson, Fithian and Hastie 2015",
        evidence=(
            "derivation: theory.freedom.derive",
            "certificate: theory.certificates.freedom",
            "attack: theory.attacks.freedom",
            "property test: tests/theory/test_freedom.py",
        ),
        derive=derive,
        quantities=(
            Quantity(
                "bound",
                "largest total depth of a smooth learner whose map from targets to outputs has the norm `gain`",
                "facts",
                ("N", "gain"),
            ),
            Quantity(
                "best_feature",
                "degrees of freedom of the best single one of N orthonormal features, noise alone",
                "facts",
                ("N",),
                (WHOLE,),
                lambda N: best_feature_freedom(N),
            ),
            Quantity("switch", "degrees of freedom of a choice between two constants", "facts", ("jump",)),
        ),
    ),
)
(C1_ANY,) = CLAIMS

Learner = Callable[[np.ndarray], Any]


def freedom(learner: Learner, targets: Any, step: float = 1e-4) -> float:
    """Total depth of a black box at `targets` [M]: sum_i of central differences of output i by target i.

    learner: targets [M] -> outputs [M], deterministic (fix its seeds). Exact for learners that are affine or quadratic in their
    targets, up to rounding (a large step is then best); error of order step^2 for smooth ones; blind to jumps. 2M calls.
    """
    targets = np.asarray(targets, dtype=float)
    return float(sum(_slope(learner, targets, i, step)[i] for i in range(len(targets))))


def smoother(learner: Learner, M: int) -> np.ndarray:
    """Matrix [M, M] of a learner that is affine in its targets: column i is what the outputs owe to target i."""
    return np.stack([_slope(learner, np.zeros(M), i, 1.0) for i in range(M)], axis=1)


def covariance_freedom(learner: Learner, targets: Any, sigma: float, trials: int, seed: int = 0) -> tuple[float, float]:
    """Generalised degrees of freedom sum_i Cov(f_i, y_i)/sigma^2 around `targets` [M] by Monte Carlo: (mean, standard error)."""
    targets, rng = np.asarray(targets, dtype=float), np.random.default_rng(seed)
    products = np.empty(trials)
    for trial in range(trials):
        noise = sigma * rng.normal(size=len(targets))
        # antithetic: f(y + noise) - f(y - noise) has the same covariance and no constant part
        products[trial] = noise @ (_answers(learner, targets + noise) - _answers(learner, targets - noise)) / (2 * sigma**2)
    return float(products.mean()), float(products.std(ddof=1) / np.sqrt(trials))


def ridge_freedom(spectrum: Any, penalty: float) -> float:
    """Degrees of freedom of ridge regression, sum mu/(mu + penalty) over the eigenvalues mu of X^T X; the rank at penalty 0."""
    values = np.asarray(spectrum, dtype=float)
    if penalty < 0 or np.any(values < 0):
        raise UserError("ridge: penalty and eigenvalues have to be >= 0; give the eigenvalues of X^T X")
    kept = values[values > 0]
    return float(np.sum(kept / (kept + penalty)))


def best_feature_freedom(N: Any) -> Any:
    """E max of N squared standard Gaussians: what the best single one of N orthonormal features keeps of noise alone."""

    def one(count: float) -> float:
        # 1 - (1 - q)^N without cancellation, q the probability that one square exceeds x^2
        def tail(x: float) -> float:
            q = erfc(x / np.sqrt(2))
            return -2 * x * np.expm1(count * np.log1p(-q)) if q < 0.5 else 2 * x * (1 - erf(x / np.sqrt(2)) ** count)

        return quad(tail, 0, 40, limit=200, points=[1.0, 3.0, 6.0])[0]

    return np.vectorize(one, otypes=[float])(N)


def _slope(learner: Learner, targets: np.ndarray, i: int, step: float) -> np.ndarray:
    """d(outputs)/d(target i), a central difference [M]."""
    nudge = step * np.eye(len(targets))[i]
    return (_answers(learner, targets + nudge) - _answers(learner, targets - nudge)) / (2 * step)


def _answers(learner: Learner, targets: np.ndarray) -> np.ndarray:
    """The learner's outputs [M], checked."""
    outputs = np.asarray(learner(targets), dtype=float)
    if outputs.shape != targets.shape:
        raise UserError(f"learner: {targets.shape} targets gave {outputs.shape} outputs; return one output for each target")
    return outputs
