r"""When a slow learner should stop rehearsing what a fast memory holds (claim C7-transfer).

A notebook replays P = alpha N examples of a linear teacher to a student of N weights until time t (gradient flow). Features have
variance 1/N, the teacher's part of a target has the power 1 and the noise 1/SNR. Along an eigenvector of X^T X with eigenvalue
lambda the squared error, in units of the teacher's power, is

    e(t) = exp(-2 lambda t) + (1 - exp(-lambda t))^2/(lambda SNR),

averaged over the Marchenko-Pastur law of edges (1 +- sqrt(alpha))^2 for large N. For any spectrum each direction is best
stopped at ln(1 + lambda SNR)/lambda < SNR, so that from t = SNR on the error only rises: transferring everything overfits
whenever the teacher is noisy. The best stopping time lies between ln(1 + lambda_+ SNR)/lambda_+ and SNR. No linear rule gets
below the mean of 1/(1 + lambda SNR), which optimal ridge regression reaches. With independent features, replaying for ever is
worse than not learning at all exactly when SNR |alpha - 1| < 1.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import sympy as sp
from scipy.optimize import minimize_scalar
from scipy.special import roots_legendre

from theory.proof.claim import Assumption, Claim, Quantity
from theory.proof.derivation import Derivation
from theory.proof.notation import alpha, t, teacher_snr

NODES = 500


@cache
def _rule(nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss and Legendre's nodes and weights on [-1, 1]."""
    return roots_legendre(nodes)


def marchenko_pastur(alpha: float, nodes: int = NODES) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues of X^T X as nodes [nodes] and weights that add up to min(1, alpha); the rest of the N are zero.

    Density sqrt((lambda_+ - lambda)(lambda - lambda_-))/(2 pi lambda), by Gauss and
    Legendre's rule in the angle (lambda = 1 + alpha + 2 sqrt(alpha) cos angle): to 1e-12, and to 3e-6 at |alpha - 1| < 0.01.
    Errors up to t = 1e6 are good to about 1e-9. Later the nodes miss the slowest modes of alpha near 1: at alpha = 1 the error
    is off by 2e-6 at t = 1e7, and by 0.6% at 1e8.
    """
    places, shares = _rule(nodes)
    angles = np.pi * (1 + places) / 2
    values = 1 + alpha + 2 * np.sqrt(alpha) * np.cos(angles)
    return values, alpha * np.sin(angles) ** 2 / values * shares


def mode_error(eigenvalue: Any, teacher_snr: Any, t: Any) -> Any:
    """Squared error along one eigenvector at time t, over the teacher's power; eigenvalues > 0."""
    left = np.exp(-eigenvalue * t)
    return left**2 + (1 - left) ** 2 / (eigenvalue * teacher_snr)


def _test_error(alpha: float, teacher_snr: float, t: float) -> float:
    values, weights = marchenko_pastur(alpha)
    return float(weights @ mode_error(values, teacher_snr, t) + max(0.0, 1 - alpha))


def _train_error(alpha: float, teacher_snr: float, t: float) -> float:
    values, weights = marchenko_pastur(alpha)
    fitted = weights @ (np.exp(-2 * values * t) * (values + 1 / teacher_snr)) / alpha
    return float(fitted + max(0.0, 1 - 1 / alpha) / teacher_snr)


def _stopping_time(alpha: float, teacher_snr: float) -> float:
    top = (1 + np.sqrt(alpha)) ** 2
    first, last = np.log(np.log1p(top * teacher_snr) / top), np.log(teacher_snr)
    grid = np.linspace(first, last, 40)
    errors = [_test_error(alpha, teacher_snr, np.exp(x)) for x in grid]
    best = int(np.argmin(errors))
    around = grid[max(best - 1, 0)], grid[min(best + 1, 39)]
    found = minimize_scalar(
        lambda x: _test_error(alpha, teacher_snr, np.exp(x)), bounds=around, method="bounded", options={"xatol": 1e-9}
    )
    return float(np.exp(found.x))


def _least_error(alpha: float, teacher_snr: float) -> float:
    return _test_error(alpha, teacher_snr, _stopping_time(alpha, teacher_snr))


def _overfitting(alpha: float, teacher_snr: float) -> float:
    return float(final_error(alpha, teacher_snr)) - _least_error(alpha, teacher_snr)


def _best_of_modes() -> tuple[bool, str]:
    """Random linear rules on random designs against the mean of 1/(1 + lambda SNR)."""
    rng, ratios = np.random.default_rng(0), []
    for _ in range(300):
        size, examples = rng.integers(1, 6, 2)
        X, snr = rng.normal(size=(examples, size)), 10 ** rng.uniform(-1, 2)
        rule = np.linalg.solve(X.T @ X + np.eye(size) / snr, X.T) + 10 ** rng.uniform(-4, 0) * rng.normal(size=(size, examples))
        error = np.sum((np.eye(size) - rule @ X) ** 2) + np.sum(rule**2) / snr
        ratios.append(np.sum(1 / (1 + snr * np.linalg.eigvalsh(X.T @ X))) / error)
    return max(ratios) <= 1 + 1e-12, f"300 random rules: bound over error at most {max(ratios):.6f}"


def _moments() -> tuple[bool, str]:
    """The quadrature's resolvent against the root, and its first moments against alpha and alpha (1 + alpha)."""
    gaps = []
    for load in (0.3, 1.0, 2.5):
        values, weights = marchenko_pastur(load)
        root = (1 - load - 0.2 + np.sqrt((load - 1 + 0.2) ** 2 + 0.8)) / 0.4
        gaps.append(abs(weights @ (1 / (values + 0.2)) + max(0.0, 1 - load) / 0.2 - root))
        gaps += [abs(weights @ values - load), abs(weights @ values**2 - load * (1 + load))]
    return max(gaps) < 1e-9, f"largest gap {max(gaps):.1e}"


def derive() -> Derivation:
    """C7-transfer: one eigenvector, any spectrum, then the law of large random ones."""
    proof = Derivation()
    lam, z, m, mu, p, g, x = sp.symbols("lambda z m mu p g x", positive=True)
    S = teacher_snr
    off = -sp.exp(-lam * t) + (1 - sp.exp(-lam * t)) * z
    proof.equal(
        "Gradient flow from 0 towards the fit, which is off by z: the deviation from a unit teacher obeys",
        sp.diff(off, t),
        -lam * (off - z),
        samples={lam: (1, 2, 3), z: (1, 2, 3), t: (1, 2, 3)},
    )
    one = proof.given(
        "Teacher and noise are independent, and z has the variance 1/(lambda SNR): the mean square is",
        sp.exp(-2 * lam * t) + (1 - sp.exp(-lam * t)) ** 2 / (lam * S),
    )
    proof.equal(
        "It changes at the rate",
        sp.diff(one, t),
        2 * sp.exp(-2 * lam * t) * ((sp.exp(lam * t) - 1) / S - lam),
        samples={lam: (1, 2, 3), t: (1, 2, 3)},
    )
    stop = proof.solve("The error of a direction falls until", (sp.exp(lam * t) - 1) / S - lam, t)
    proof.equal("At that time the error is", sp.simplify(one.subs(t, stop)), 1 / (1 + lam * S), samples={lam: (1, 2, 3)})
    proof.holds(
        "The stopping time ln(1 + p)/p falls with p = lambda SNR: the largest eigenvalue stops first",
        sp.diff(sp.log(1 + p) / p, p) < 0,
    )
    proof.limit("None stops later than SNR, for any spectrum: from then on every seen direction gets worse", stop, lam, sp.S.Zero)
    proof.name("latest_stop", S)
    top = proof.given("Marchenko and Pastur: the eigenvalues of X^T X end at", (1 + sp.sqrt(alpha)) ** 2, law="upper_edge")
    proof.name("lower_edge", (1 - sp.sqrt(alpha)) ** 2)
    proof.equal("No one should therefore stop before", stop.subs(lam, top), sp.log(1 + top * S) / top, law="earliest_stop")
    proof.equal(
        "A linear rule that recovers the share g of a direction errs by (1-g)^2 + g^2/p more than 1/(1 + p) by a square",
        (1 - g) ** 2 + g**2 / p - 1 / (1 + p),
        (1 + p) / p * (g - p / (1 + p)) ** 2,
    )
    proof.argued(
        "No linear rule therefore does better than the mean of 1/(1 + lambda SNR); ridge regression with "
        "penalty 1/SNR does as well",
        None,
        _best_of_modes,
    )
    resolvent = proof.solve(
        "The mean m of 1/(lambda + mu) solves m (mu + alpha/(1 + m)) = 1",
        mu * m**2 + (mu + alpha - 1) * m - 1,
        m,
        pick=lambda root: float(root.subs({mu: 1, alpha: 1})) > 0,
    )
    proof.argued("The spectral density confirms it", resolvent, _moments)
    proof.equal(
        "The error of optimal ridge regression is m/SNR at mu = 1/SNR",
        resolvent.subs(mu, 1 / S) / S,
        (1 - alpha - 1 / S + sp.sqrt((alpha - 1 + 1 / S) ** 2 + 4 / S)) / 2,
    )
    above = alpha - 1 + 1 / S
    root = sp.sqrt(above**2 + 4 / S)
    stable = proof.equal("Without cancellation where alpha - 1 + 1/SNR > 0,", (root - above) / 2, 2 / (S * (above + root)))
    proof.name("ridge_error", sp.Piecewise((stable, above > 0), ((root - above) / 2, True)))
    many = proof.limit(
        "More examples than weights, alpha = 1 + x: the mean of 1/lambda is", resolvent.subs(alpha, 1 + x), mu, sp.S.Zero
    )
    over = proof.equal("Replaying for ever therefore leaves", (many / S).subs(x, alpha - 1), 1 / (S * (alpha - 1)))
    few = proof.limit(
        "Fewer, alpha = 1 - x: what is left of the resolvent without the unseen part x/mu is",
        sp.simplify(resolvent.subs(alpha, 1 - x) - x / mu),
        mu,
        sp.S.Zero,
    )
    under = proof.equal(
        "Replaying for ever therefore leaves",
        1 - alpha + (few / S).subs(x, 1 - alpha),
        1 - alpha + alpha / (S * (1 - alpha)),
        samples={alpha: (sp.Rational(1, 2), sp.Rational(1, 5), sp.Rational(4, 5))},
    )
    proof.name("final_error", sp.Piecewise((over, alpha > 1), (under, True)))
    proof.equal(
        "With more examples than weights this is less than 1, the error of not learning, by",
        1 - over,
        (S * (alpha - 1) - 1) / (S * (alpha - 1)),
    )
    proof.equal(
        "With fewer examples than weights it is less than 1 by", 1 - under, alpha * (S * (1 - alpha) - 1) / (S * (1 - alpha))
    )
    proof.name("worthless_below", 1 / sp.Abs(alpha - 1))
    return proof


APART = Assumption("alpha != 1 (at alpha = 1 the error diverges)", lambda alpha: np.asarray(alpha) != 1, "move alpha off 1")


def _over(function: Any) -> Any:
    """The function of numbers, for arrays."""
    return np.vectorize(function, otypes=[float])


CLAIMS = (
    Claim(
        id="C7-transfer",
        title="When to stop transferring to a slow learner",
        plain="A slow learner that is taught from a notebook of noisy examples should stop in time. Early transfer brings "
        "the signal, late transfer the noise. The law says when to stop, from the ratio of signal to noise.",
        statement="A student of N weights learns by gradient flow from alpha N replayed examples of a linear teacher of power "
        "signal-to-noise ratio SNR. For any spectrum its error only rises from t = SNR on: transferring everything overfits "
        "whenever the teacher is noisy; with independent features it is worse than nothing if SNR |alpha - 1| < 1. The best "
        "stop lies between ln(1 + lambda_+ SNR)/lambda_+ and SNR; no linear rule beats the mean of 1/(1 + lambda SNR), which "
        "ridge attains.",
        assumptions=(
            Assumption("teacher weights and noise are independent, of mean 0 and equal variances; the notebook recalls exactly"),
            Assumption(
                "bounds: any features, with SNR the variance of a teacher weight over that of the noise (the power ratio if "
                "features have mean power 1) and test inputs isotropic"
            ),
            Assumption("`worthless_below`, error curves and edges: independent features of variance 1/N, N and P large"),
            Assumption("errors are over the teacher's power and leave out the noise of a test target"),
        ),
        status="proved under assumptions",
        source="curves: Advani and Saxe 2020 (Neural Networks 132, 428), Sun et al. 2023 (Nature Neuroscience 26, 1438), Hastie "
        "et al. 2022 (Annals of Statistics 50, 949); bounds on the stopping time: this project",
        evidence=(
            "derivation: theory.generalisation.derive",
            "certificate: theory.certificates.generalisation",
            "attack: theory.attacks.generalisation",
            "random matrices: tests/theory/test_generalisation.py",
        ),
        derive=derive,
        quantities=(
            Quantity(
                "test_error",
                "error on new inputs at time t",
                "signal power",
                ("alpha", "teacher_snr", "t"),
                (),
                _over(_test_error),
            ),
            Quantity(
                "train_error",
                "error on the replayed targets",
                "signal power",
                ("alpha", "teacher_snr", "t"),
                (),
                _over(_train_error),
            ),
            Quantity(
                "stopping_time", "time of the least test error", "time units", ("alpha", "teacher_snr"), (), _over(_stopping_time)
            ),
            Quantity(
                "least_error",
                "test error at the best stopping time",
                "signal power",
                ("alpha", "teacher_snr"),
                (),
                _over(_least_error),
            ),
            Quantity("final_error", "test error of transferring everything", "signal power", ("alpha", "teacher_snr"), (APART,)),
            Quantity(
                "overfitting",
                "test error of transferring everything, less that at the best stopping time",
                "signal power",
                ("alpha", "teacher_snr"),
                (APART,),
                _over(_overfitting),
            ),
            Quantity("ridge_error", "least test error of any linear rule", "signal power", ("alpha", "teacher_snr")),
            Quantity("earliest_stop", "lower bound on the best stopping time", "time units", ("alpha", "teacher_snr")),
            Quantity("latest_stop", "upper bound on the best stopping time, for any spectrum", "time units", ("teacher_snr",)),
            Quantity(
                "worthless_below",
                "SNR below which transferring everything is worse than learning nothing",
                "power ratio",
                ("alpha",),
                (APART,),
            ),
            Quantity("upper_edge", "largest eigenvalue of X^T X", "ratio", ("alpha",)),
            Quantity("lower_edge", "least eigenvalue of X^T X that is not 0", "ratio", ("alpha",)),
        ),
    ),
)
(C7_TRANSFER,) = CLAIMS


def error_at(alpha: Any, teacher_snr: Any, t: Any) -> Any:
    """Error on new inputs after gradient flow up to time t, over the teacher's power, without test noise (C7-transfer)."""
    return C7_TRANSFER.value("test_error", alpha=alpha, teacher_snr=teacher_snr, t=t).value


def final_error(alpha: Any, teacher_snr: Any) -> Any:
    """The same after training for ever: 1/(SNR (alpha - 1)), or 1 - alpha + alpha/(SNR (1 - alpha)) (C7-transfer)."""
    return C7_TRANSFER.value("final_error", alpha=alpha, teacher_snr=teacher_snr).value
