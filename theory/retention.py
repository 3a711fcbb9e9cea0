r"""What a store with one fixed way of writing retains (claim C2), for any spectrum of write directions.

Independent directions with Sigma = E[u u^T] (trace 1, eigenvalues lambda_k) are written by the delta rule at one strength eta.
A fact of age m keeps eta sum_k lambda_k (1 - eta lambda_k)^m. The D facts of the oldest of T tasks keep a mean depth d with

    D d = sum_k x_k^(T-1) (1 - x_k),   x_k = (1 - eta lambda_k)^D,   hence   T D d <= rank(Sigma) (1 - 1/T)^(T-1),

with equality exactly when every x_k = 1 - 1/T. It is Gibbs' inequality: a direction keeps (1/T)(1 - 1/T)^(T-1) exp(-T KL), KL
the relative entropy of 1/T and 1 - x_k. With D = 1 and T = M it is the ceiling on facts, which falls from N to N/e. To reach the
ceiling takes eta lambda_k near 1/(TD), which eta <= 1 allows once T D is about N; `attainable_depth` is the exact maximum over
all spectra and all eta <= 1. Two claims go with it: what a schedule gains over one strength (C2-schedule, `theory.annealing`),
and the same law in bits for bounded cells that are overwritten (C2-cells, `theory.palimpsest`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy
import sympy as sp

from theory.errors import UserError
from theory.proof import inversion
from theory.proof.claim import Assumption, Claim, Quantity
from theory.proof.derivation import Derivation
from theory.proof.notation import D, M, N, T, age, eta, lam


def _no_spectrum_keeps_more() -> tuple[bool, str]:
    """`attainable_depth` against random spectra and strengths."""
    rng = np.random.default_rng(0)
    ratios = []
    for _ in range(300):
        size, tasks, facts = (int(rng.integers(1, top)) for top in (9, 12, 6))
        spectrum = rng.dirichlet(np.full(size, 10 ** rng.uniform(-1, 2)))
        ratios.append(task_depth(spectrum, rng.uniform(0, 1), tasks, facts) / attainable_depth(size, tasks, facts))
    return max(ratios) <= 1 + 1e-12, f"300 random spectra and strengths reach at most {max(ratios):.6f} of it"


def derive() -> Derivation:
    """C2: what one direction keeps is maximised, and summed over the directions."""
    proof = Derivation()
    q, x = sp.symbols("q x", positive=True)
    i = sp.Symbol("i", integer=True, nonnegative=True)
    kept = proof.given(
        "Later directions are independent of the fact's own: E[A] = (I - eta Sigma)^age, and along an eigendirection a fact "
        "keeps",
        eta * lam * (1 - eta * lam) ** age,
    )
    proof.equal(
        "Isotropic directions, all lambda = 1/N", N * kept.subs(lam, 1 / N), eta * (1 - eta / N) ** age, law="retained_depth"
    )
    last, first = q ** (T * D), q ** ((T - 1) * D)
    proof.equal(
        "The D facts of the oldest of T tasks have ages (T-1)D ... TD-1; with q = 1 - eta lambda their depths add up to",
        sp.Sum((1 - q) * q ** ((T - 1) * D + i), (i, 0, D - 1)),
        first - last,
    )
    share = proof.equal("With x = q^D that is", (first - last).subs(q, x ** (1 / D)), x ** (T - 1) * (1 - x))
    best = proof.solve("The share that one direction keeps is stationary at", sp.diff(share, x), x)
    proof.holds("There the second derivative is negative (T > 1): it is a maximum", sp.diff(share, x, 2).subs(x, best) < 0)
    relative = (sp.log((1 / T) / (1 - x)) + (T - 1) * sp.log((1 - 1 / T) / x)) / T
    proof.equal(
        "Elsewhere it falls short of that by the factor exp(-T KL), KL the relative entropy of (1/T, 1 - 1/T) and (1 - x, x), "
        "which is never negative (Gibbs)",
        share / share.subs(x, best),
        sp.exp(-T * relative),
    )
    task = proof.equal(
        "N directions, T tasks: T D d is at most", N * T * share.subs(x, best), N * (1 - 1 / T) ** (T - 1), law="task_ceiling"
    )
    proof.equal("One fact a task: M d is at most", task.subs(T, M), N * (1 - 1 / M) ** (M - 1), law="ceiling")
    proof.limit("For long streams the ceiling falls to", task, T, sp.oo)
    strength = proof.solve("Isotropic directions reach x = 1 - 1/T at the strength", (1 - eta / N) - best ** (1 / D), eta)
    strength = proof.equal("That is", strength, N * (1 - (1 - 1 / T) ** (1 / D)))
    proof.given("Where that exceeds 1, the largest strength there is keeps most", sp.Min(1, strength), law="best_eta")
    mean = proof.given("Their mean depth in the oldest task is", N / D * share.subs(x, (1 - eta / N) ** D), law="isotropic_depth")
    proof.given(
        "Their mean depth is the ceiling times the efficiency",
        (share / share.subs(x, sp.expand(best))).subs(x, (1 - eta / N) ** D),
        law="efficiency",
    )
    proof.argued(
        "No spectrum does better. A direction with y = eta lambda contributes F(y) = (1-y)^(D(T-1)) - (1-y)^(DT), which is "
        "concave up to its peak y* and lower beyond, while sum_k y_k = eta <= 1. If y* <= 1/N bound each term by the peak, "
        "else by the tangent at 1/N, which lies above F and rises: in both cases isotropic directions attain the bound",
        mean.subs(eta, sp.Min(1, strength)),
        _no_spectrum_keeps_more,
        law="attainable_depth",
    )
    return proof


LATER = Assumption("T > 1 (a task can be disturbed)", lambda T: T > 1, "give at least two tasks")

CLAIMS = (
    Claim(
        id="C2",
        title="The ceiling of one fixed regime",
        plain="Write task after task into one memory, always with the same strength. The number of tasks times the number "
        "of facts in a task times the fraction kept of the oldest task cannot exceed a ceiling. The ceiling falls "
        "from N towards N/e, 37% of N, as tasks are added.",
        statement="Delta-rule writes of one strength along independent directions of one spectrum: the oldest of T tasks of D "
        "facts keeps a mean depth d with T D d <= rank(Sigma) (1 - 1/T)^(T-1), tight when all (1 - eta lambda_k)^D "
        "= 1 - 1/T; fact by fact, M d <= N (1 - 1/M)^(M-1) -> N/e.",
        assumptions=(
            Assumption("write directions are independent, of one distribution with Sigma = E[u u^T], tr Sigma = 1"),
            Assumption("depths are means over the directions; one fixed regime: every write has the same strength 0 < eta <= 1"),
        ),
        status="proved under assumptions",
        source="this project; the function of T is the throughput of slotted ALOHA (Roberts 1975)",
        evidence=(
            "derivation: theory.retention.derive",
            "certificate: theory.certificates.retention",
            "attack: theory.attacks.retention",
            "property test: tests/theory/test_retention.py",
            "simulation: retention, sweep_delta",
        ),
        derive=derive,
        quantities=(
            Quantity("ceiling", "largest M * depth of the oldest of M facts", "facts", ("N", "M")),
            Quantity("task_ceiling", "largest T * D * depth of the oldest of T tasks", "facts", ("N", "T")),
            Quantity(
                "attainable_depth",
                "largest mean depth of the oldest of T tasks, over all spectra and strengths",
                "retained fraction",
                ("N", "T", "D"),
                precise=True,
            ),
            Quantity(
                "retained_depth",
                "mean depth of a fact that is `age` writes old, isotropic directions",
                "retained fraction",
                ("N", "eta", "age"),
            ),
            Quantity(
                "isotropic_depth",
                "mean depth of the oldest of T tasks, isotropic directions",
                "retained fraction",
                ("N", "eta", "T", "D"),
                precise=True,
            ),
            Quantity(
                "best_eta",
                "strength that keeps most of the oldest of T tasks, isotropic directions",
                "fraction",
                ("N", "T", "D"),
                precise=True,
            ),
            Quantity(
                "efficiency",
                "share of the ceiling that isotropic directions keep at the strength eta",
                "fraction",
                ("N", "eta", "T", "D"),
                (LATER,),
                precise=True,
            ),
        ),
        successors=("annealing", "palimpsest"),
    ),
)
(C2,) = CLAIMS


def retained_depth(spectrum: Any, eta: float, age: Any) -> Any:
    """Mean depth of a fact `age` writes old: eta sum_k lambda_k (1 - eta lambda_k)^age; retained fraction, shape of `age`."""
    shares = _shares(spectrum, eta)
    depth = np.sum(shares * (1 - shares) ** np.asarray(age, dtype=float)[..., None], axis=-1)
    return depth if np.ndim(age) else float(depth)


def task_depth(spectrum: Any, eta: float, T: int, D: int) -> float:
    """Mean depth of the D facts of the oldest of T tasks: (1/D) sum_k x_k^(T-1) (1 - x_k), x_k = (1 - eta lambda_k)^D."""
    shares = _shares(spectrum, eta)
    return float(np.sum(np.exp(scipy.special.xlog1py(D * (T - 1), -shares)) * -np.expm1(scipy.special.xlog1py(D, -shares))) / D)


def best_eta(spectrum: Any, T: int, D: int) -> float:
    """The strength in (0, 1] that maximises `task_depth` for this spectrum: a scan in log eta, then Brent's method."""
    # below this strength every direction keeps the more the higher it is: the largest eigenvalue is where 1 - 1/T is left
    least = -np.expm1(scipy.special.xlog1py(1 / D, -1 / T)) / np.max(spectrum)
    grid = np.geomspace(min(1.0, least), 1.0, 400)
    depths = [task_depth(spectrum, eta, T, D) for eta in grid]
    peak = int(np.argmax(depths))
    around = np.log(grid[max(peak - 1, 0)]), np.log(grid[min(peak + 1, len(grid) - 1)])
    result = scipy.optimize.minimize_scalar(
        lambda log_eta: -task_depth(spectrum, np.exp(log_eta), T, D), bounds=around, method="bounded", options={"xatol": 1e-10}
    )
    return float(np.exp(result.x)) if -result.fun > depths[peak] else float(grid[peak])


def ceiling(N: Any, M: Any) -> Any:
    """Ceiling on M * depth of the oldest of M facts, in facts: N (1 - 1/M)^(M-1) (C2)."""
    return C2.value("ceiling", N=N, M=M).value


def task_ceiling(N: Any, T: Any) -> Any:
    """Ceiling on T * D * depth of the oldest of T tasks, in facts: N (1 - 1/T)^(T-1) (C2)."""
    return C2.value("task_ceiling", N=N, T=T).value


def attainable_depth(N: Any, T: Any, D: Any) -> Any:
    """Largest mean depth of the oldest of T tasks of D facts, over every spectrum on N directions and every eta <= 1 (C2)."""
    return C2.value("attainable_depth", N=N, T=T, D=D).value


def largest_tasks(N: float, D: float, depth: float) -> float:
    """Largest T (a real number >= 1) at which the oldest of T tasks of D facts can keep that mean depth; 0 if none can."""
    return inversion.largest_tasks(lambda tasks: attainable_depth(N, tasks, D) - depth)


def _shares(spectrum: Any, eta: float) -> np.ndarray:
    """eta * lambda_k; `UserError` unless the spectrum is that of a second moment of trace 1 and 0 < eta <= 1."""
    values = np.asarray(spectrum, dtype=float)
    if not (np.all(values > -1e-9) and abs(values.sum() - 1) < 1e-6):
        raise UserError(
            f"spectrum: eigenvalues of Sigma are >= 0 and add up to 1, these to {values.sum():g}; divide them by their sum"
        )
    if not 0 < eta <= 1:
        raise UserError(f"eta = {eta:g} violates 'eta in (0, 1]'; choose a write strength in that range")
    return eta * np.clip(values, 0.0, 1.0)
