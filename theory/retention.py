r"""What a store with one fixed way of writing retains (claim C2), for any spectrum of write directions.

Independent directions with Sigma = E[u u^T] (trace 1, eigenvalues lambda_k) are written by the delta rule at one strength eta. A
fact of age m keeps eta sum_k lambda_k (1 - eta lambda_k)^m. Of T tasks of D facts, written one fact at a time, the oldest
keeps, on average over its facts, a depth d with

    D d = sum_k x_k^(T-1) (1 - x_k),   x_k = (1 - eta lambda_k)^D,   hence   T D d <= rank(Sigma) (1 - 1/T)^(T-1),

with equality exactly when every x_k = 1 - 1/T; M = T, D = 1 is the ceiling on facts. Bounded cells obey the same law
(`theory.palimpsest`). The ceiling asks for eta lambda_k near 1/(T D), which eta <= 1 grants only once T D >= N or so; the sharp
maximum over all spectra and all eta <= 1 is `attainable_depth`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp
from scipy.optimize import brentq, minimize_scalar

from theory import palimpsest
from theory.claim import Assumption, Claim, Derivation, Quantity
from theory.errors import UserError
from theory.notation import D, M, N, T, age, eta, lam


def derive() -> Derivation:
    """C2 by maximising what one direction keeps, and summing over directions."""
    proof = Derivation()
    x = sp.Symbol("x", positive=True)
    i = sp.Symbol("i", integer=True, nonnegative=True)
    proof.given(
        "Later directions are independent of the fact's own, so E[A] = (I - eta Sigma)^m and, per eigendirection of Sigma, a fact of "
        "age m keeps",
        eta * lam * (1 - eta * lam) ** age,
    )
    kept = eta * lam * (1 - eta * lam) ** age
    proof.law("retained_depth", proof.equal("Isotropic directions (lambda_k = 1/N): summed over k", N * kept.subs(lam, 1 / N),
                                            eta * (1 - eta / N) ** age))  # fmt: skip
    base = sp.Symbol("q", positive=True)
    ages = sp.Sum((1 - base) * base ** ((T - 1) * D + i), (i, 0, D - 1))
    proof.equal(
        "The D facts of the oldest of T tasks have ages (T-1)D ... TD-1; with q = 1 - eta lambda their depths add up to",
        ages,
        base ** ((T - 1) * D) * (1 - base**D),
        samples={D: (3, 1, 8), T: (5, 20, 7)},
    )
    share = x ** (T - 1) * (1 - x)
    proof.equal("that is, with x = q^D", (base ** ((T - 1) * D) * (1 - base**D)).subs(base, x ** (1 / D)), share)
    best = proof.solve("It is largest where its derivative in x vanishes", sp.diff(share, x), x)
    proof.holds("a maximum: the second derivative is negative there (T > 1)", sp.diff(share, x, 2).subs(x, best) < 0)
    peak = proof.equal("where one direction contributes", share.subs(x, best), (1 - 1 / T) ** (T - 1) / T)
    task = proof.law("task_ceiling", proof.equal("N directions, times T: the ceiling on T D d", N * T * peak, N * (1 - 1 / T) ** (T - 1)))
    proof.law("ceiling", proof.equal("One fact a task (D = 1, T = M): the ceiling on M d", task.subs(T, M), N * (1 - 1 / M) ** (M - 1)))
    proof.limit("For long streams it falls to", task, T, sp.oo)
    strength = proof.solve("Isotropic directions reach it, x = (1 - eta/N)^D = 1 - 1/T, at", 1 - eta / N - best ** (1 / D), eta)
    proof.law("best_eta", proof.equal("or, where that exceeds 1, at the largest strength there is", sp.Min(1, strength),
                                      sp.Min(1, N * (1 - (1 - 1 / T) ** (1 / D)))))  # fmt: skip
    at_strength = N / D * share.subs(x, (1 - eta / N) ** D)
    proof.law("isotropic_depth", proof.given("At strength eta isotropic directions keep the mean depth", at_strength))
    proof.law(
        "attainable_depth",
        proof.given(
            "Per direction, y = eta lambda contributes F(y) = q^(D(T-1)) - q^(DT), q = 1 - y, concave up to its peak y* and below the peak "
            "beyond it; with sum_k y_k = eta <= 1, Jensen (or the tangent at 1/N) gives sum_k F(y_k) <= N F(min(1/N, y*)): the exact maximum",
            at_strength.subs(eta, sp.Min(1, strength)),
        ),
    )
    j = sp.Symbol("j", positive=True)
    rate = N / (N + j)
    telescoped = sp.simplify(rate * (N + j) / (N + M - 1))
    proof.equal("Annealed writes, eta_j = N/(N + j) after j earlier ones: a later write leaves 1 - eta_j/N =", 1 - rate / N,
                (N + j - 1) / (N + j))  # fmt: skip
    proof.law("annealed_rate", rate.subs(j, age))
    proof.law("annealed_depth", proof.equal("whose product telescopes: every one of M facts keeps", telescoped, N / (N + M - 1)))
    palimpsest.derive(proof)
    return proof


CLAIMS = (
    Claim(
        id="C2",
        title="The ceiling of one fixed regime",
        statement="Delta-rule writes of one strength eta along independent directions of one spectrum: the oldest of T tasks of D facts keeps a "
        "mean depth d with T D d <= rank(Sigma) (1 - 1/T)^(T-1), tight when (1 - eta lambda_k)^D = 1 - 1/T for all k; facts one by one "
        "(D = 1): M d <= N (1 - 1/M)^(M-1) -> N/e. Bounded cells overwritten on random supports obey the same law in bits: "
        "T D <= b N (1 - 1/T)^(T-1), best at a = 1/T.",
        assumptions=(
            Assumption("write directions are independent, of one distribution with Sigma = E[u u^T], tr Sigma = 1"),
            Assumption("every write has the same strength eta in (0, 1]; depths are means over the directions"),
            Assumption("cells: a task rewrites every cell of its random support; its code corrects erasures; N is large"),
        ),
        status="proved under assumptions",
        source="this project; the function of T is the throughput of slotted ALOHA (Roberts 1975)",
        evidence=("derivation: theory.retention.derive", "property test: tests/theory/test_retention.py",
                  "simulation: retention, sweep_delta, sweep_cells"),  # fmt: skip
        derive=derive,
        quantities=(
            Quantity("ceiling", "largest M * depth of the oldest of M facts", "facts", ("N", "M")),
            Quantity("task_ceiling", "largest T * D * depth of the oldest of T tasks", "facts", ("N", "T")),
            Quantity("attainable_depth", "largest mean depth of the oldest task, over all spectra and eta <= 1", "retained fraction",
                     ("N", "T", "D")),
            Quantity("retained_depth", "mean depth of a fact of that age, isotropic directions", "retained fraction", ("N", "eta", "age")),
            Quantity("isotropic_depth", "mean depth of the oldest task, isotropic directions", "retained fraction", ("N", "eta", "T", "D")),
            Quantity("best_eta", "write strength that keeps most of the oldest task, isotropic directions", "fraction", ("N", "T", "D")),
            Quantity("annealed_rate", "strength of a write made after `age` earlier ones", "fraction", ("N", "age")),
            Quantity("annealed_depth", "depth of each of M facts under annealed writes", "retained fraction", ("N", "M")),
            *palimpsest.QUANTITIES,
        ),
    ),
)  # fmt: skip
(C2,) = CLAIMS


def _checked(spectrum: Any, strength: float) -> np.ndarray:
    """The spectrum as floats; `UserError` unless it is one of a trace-1 second moment and the strength lies in (0, 1]."""
    spectrum = np.asarray(spectrum, dtype=float)
    if np.any(spectrum < -1e-12) or not np.isclose(spectrum.sum(), 1.0, rtol=1e-6):
        raise UserError(f"spectrum: eigenvalues of Sigma are non-negative and sum to 1, these sum to {spectrum.sum():g}; divide by their sum")
    if not 0 < strength <= 1:
        raise UserError(f"eta = {strength:g} violates '0 < eta <= 1'; choose a write strength in that range")
    return np.clip(spectrum, 0.0, 1.0)


def retained_depth(spectrum: Any, eta: float, age: Any) -> Any:
    """Mean depth of a fact `age` writes old: eta sum_k lambda_k (1 - eta lambda_k)^age. Retained fraction; shape of `age`."""
    spectrum = _checked(spectrum, eta)
    ages = np.asarray(age, dtype=float)
    depth = eta * np.sum(spectrum * (1 - eta * spectrum) ** ages[..., None], axis=-1)
    return depth if ages.ndim else float(depth)


def task_depth(spectrum: Any, eta: float, T: int, D: int) -> float:
    """Mean depth over the D facts of the oldest of T tasks: (1/D) sum_k x_k^(T-1) (1 - x_k), x_k = (1 - eta lambda_k)^D."""
    kept = (1 - eta * _checked(spectrum, eta)) ** D
    return float(np.sum(kept ** (T - 1) * (1 - kept)) / D)


def best_eta(spectrum: Any, T: int, D: int) -> float:
    """The strength in (0, 1] that maximises `task_depth` for this spectrum (scan in log eta, then Brent)."""
    grid = np.geomspace(1e-6, 1.0, 400)
    depths = [task_depth(spectrum, eta, T, D) for eta in grid]
    best = int(np.argmax(depths))
    low, high = np.log(grid[max(best - 1, 0)]), np.log(grid[min(best + 1, len(grid) - 1)])
    found = minimize_scalar(lambda log_eta: -task_depth(spectrum, np.exp(log_eta), T, D), bounds=(low, high), method="bounded",
                            options={"xatol": 1e-10})  # fmt: skip
    return float(np.exp(found.x)) if -found.fun > depths[best] else float(grid[best])


def ceiling(N: Any, M: Any) -> Any:
    """Ceiling on M * depth of the oldest of M facts (C2), in facts: N (1 - 1/M)^(M-1)."""
    return C2.value("ceiling", N=N, M=M).value


def task_ceiling(N: Any, T: Any) -> Any:
    """Ceiling on T * D * depth of the oldest of T tasks (C2), in facts: N (1 - 1/T)^(T-1)."""
    return C2.value("task_ceiling", N=N, T=T).value


def attainable_depth(N: Any, T: Any, D: Any) -> Any:
    """Largest mean depth of the oldest of T tasks of D facts, over every spectrum on N directions and every eta <= 1."""
    return C2.value("attainable_depth", N=N, T=T, D=D).value


def annealed_rate(N: Any, j: Any) -> Any:
    """Strength of the write that follows j earlier ones, N/(N + j): it keeps all facts equally deep."""
    return C2.value("annealed_rate", N=N, age=j).value


def annealed_depth(N: Any, M: Any) -> Any:
    """Depth of each of M facts under annealed writes, N/(N + M - 1) (the best equal depth for isotropic directions)."""
    return C2.value("annealed_depth", N=N, M=M).value


def largest_tasks(N: float, D: float, depth: float) -> float:
    """Largest T (a real number >= 1) at which the oldest of T tasks of D facts can keep that mean depth; 0 if not even T = 1 can."""
    if attainable_depth(N, 1, D) < depth:
        return 0.0
    high = 2.0
    while attainable_depth(N, high, D) >= depth:
        high *= 2
    return float(brentq(lambda tasks: attainable_depth(N, tasks, D) - depth, 1.0, high))
