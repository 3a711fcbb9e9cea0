r"""What a schedule of strengths gains over one strength (claim C2-schedule).

Independent directions of one distribution are written at strengths fixed in advance, at most eta. EVERY one of T tasks of D
facts is to keep a mean depth of at least d. (The oldest alone could keep everything, if nothing were written after it.) Then

    D d <= N/(T - 1 + 1/(1 - (1 - eta/N)^D)),    for facts (D = 1):  d <= N/(N/eta + M - 1),

for every spectrum and every schedule. Annealed writes along isotropic directions attain it: eta_j = N/(N/eta + j) after j
facts. T D d tends to N in long streams, where that of one strength falls to N/e. It rests on the identity of C1 and Chebyshev's
sum inequality. Directions that are chosen, not drawn, can keep more (`theory.winding`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp
from scipy.special import xlog1py

from theory.proof.claim import Assumption, Claim, Quantity
from theory.proof.derivation import Derivation
from theory.proof.notation import D, M, N, T, age, eta
from theory.proof.quantity import Number
from theory.retention import C2


def derive() -> Derivation:
    """C2-schedule: what annealed writes keep, and the most that all tasks can keep under any schedule."""
    proof = Derivation()
    annealed = _annealed_writes(proof)
    _any_schedule(proof, annealed)
    return proof


def _annealed_writes(proof: Derivation) -> Any:
    """The depth that every fact keeps under annealed writes along isotropic directions, strengths N/(N + j)."""
    j, i = sp.Symbol("j", positive=True), sp.Symbol("i", integer=True, nonnegative=True)
    rate = proof.given("Annealed writes along isotropic directions: after j earlier writes, the strength", N / (N + j))
    proof.name("annealed_rate", rate.subs(j, age))
    left = proof.equal("A write of that strength leaves an older fact the fraction", 1 - rate / N, (N + j - 1) / (N + j))
    product = proof.equal(
        "The writes later than j, up to the last of M, together leave an older fact a product that telescopes",
        sp.Product(left.subs(j, i), (i, j + 1, M - 1)),
        (N + j) / (N + M - 1),
        samples={j: (1, 4, 2), M: (9, 20, 5)},
    )
    return proof.equal("Every fact, whenever it was written, keeps", rate * product, N / (N + M - 1), law="annealed_depth")


def _any_schedule(proof: Derivation, annealed: Any) -> None:
    """The most that all tasks can keep, for any spectrum and any schedule, and what it gains over one strength (C2)."""
    n, spent, depth = sp.symbols("n F d", positive=True)
    proof.given(
        "Any spectrum of n eigenvalues > 0, any schedule fixed in advance, eta_i <= eta, and T tasks that all keep a mean depth "
        "of at least d. Let the first task leave x_k of direction k, and all later ones Q_k. All depths add up (C1) to",
        sp.Eq(sp.Symbol("sum_i s_i"), sp.Symbol("n - sum_k x_k Q_k")),
    )
    proof.argued(
        "Of this total the first task keeps S = sum_k (1 - x_k) Q_k. 1 - x_k rises with lambda_k and Q_k "
        "falls with it: by Chebyshev's sum inequality n S <= F sum_k Q_k, F = sum_k (1 - x_k); and all "
        "together keep n - sum_k Q_k + S, at most",
        n - (n / spent - 1) * sp.Symbol("S"),
        _chebyshev,
    )
    proof.argued(
        "F <= n. It is concave in the lambda_k, which add up to 1, and grows with the strengths: F is at most",
        n * (1 - (1 - eta / n) ** D),
        _first_task_is_bounded,
    )
    root = proof.solve(
        "S >= D d, and all T tasks keep T D d in all. So d is at most the solution of",
        T * D * depth - n + (n / spent - 1) * D * depth,
        depth,
    )
    full = root.subs(spent, n * (1 - (1 - eta / n) ** D))
    law = proof.equal(
        "The solution grows with n, and n <= N: the bound is",
        full.subs(n, N),
        N / (D * (T - 1 + 1 / (1 - (1 - eta / N) ** D))),
    )
    g, t = sp.symbols("g t", positive=True)
    ratio = 1 - 1 / (t - 1 + g)
    proof.equal(
        "Attained: let task t leave 1 - 1/(t - 1 + g) of each of N equal directions, g = 1/(1 - (1 - eta/N)^D), the first at the "
        "largest strength. Written next to last or last, it keeps the same",
        ratio.subs(t, t + 1) / (t - 1 + g),
        1 / (t + g),
    )
    proof.argued("By induction all tasks keep as much as the last", law, _no_schedule_keeps_more, law="annealed_task_depth")
    proof.equal("Facts one by one (D = 1, T = M), no cap: annealed writes are the best", law.subs({D: 1, T: M, eta: 1}), annealed)
    proof.limit("The total T D d tends to", (T * D * law).subs({D: 1, eta: 1}), T, sp.oo)
    fixed = C2.derivation.laws["isotropic_depth"].subs(eta, C2.derivation.laws["best_eta"])
    proof.given("Over what one strength attains (C2), annealing gains the factor", law.subs(eta, 1) / fixed, law="annealed_gain")


def _chebyshev() -> tuple[bool, str]:
    """n sum a_k b_k <= sum a_k sum b_k for oppositely ordered a and b, as the sum over pairs it is."""
    rise, fall = sp.symbols("a1:4"), sp.symbols("b1:4")
    gap = sum(rise) * sum(fall) - 3 * sum(one * other for one, other in zip(rise, fall, strict=True))
    pairs = -sum((rise[i] - rise[j]) * (fall[i] - fall[j]) for i in range(3) for j in range(i))
    return sp.expand(gap - pairs) == 0, "as a sum over pairs of -(a_i - a_j)(b_i - b_j) >= 0, symbolically for n = 3"


def _first_task_is_bounded() -> tuple[bool, str]:
    """F against random spectra and strengths."""
    rng, worst = np.random.default_rng(2), 0.0
    for _ in range(300):
        size, facts, cap = int(rng.integers(1, 9)), int(rng.integers(1, 9)), rng.uniform(0.1, 1)
        spectrum = rng.dirichlet(np.full(size, 10 ** rng.uniform(-1, 2)))
        strengths = rng.uniform(0, cap, facts)
        spent = np.sum(1 - np.prod(1 - strengths[:, None] * spectrum, axis=0))
        worst = max(worst, spent / (size * (1 - (1 - cap / size) ** facts)))
    return worst <= 1 + 1e-12, f"300 random spectra and strengths reach at most {worst:.6f} of it"


def _no_schedule_keeps_more() -> tuple[bool, str]:
    """The law against random spectra and schedules near the annealed one, and the annealed one itself."""
    rng = np.random.default_rng(1)
    ratios, missed = [], []
    for _ in range(300):
        size, tasks, facts = (int(rng.integers(1, top)) for top in (7, 7, 5))
        cap = rng.uniform(0.2, 1)
        most = size / (facts * (tasks - 1 + 1 / (1 - (1 - cap / size) ** facts)))
        strengths = annealed_strengths(size, tasks, facts, cap)
        kept = schedule_depths(np.full(size, 1 / size), strengths).reshape(tasks, facts).mean(axis=1)
        missed.append(np.max(np.abs(kept / most - 1)))
        other = np.clip(strengths * np.exp(rng.uniform(0, 0.5) * rng.normal(size=len(strengths))), 1e-6, cap)
        spectrum = rng.dirichlet(np.full(size, 10 ** rng.uniform(0, 3)))
        ratios.append(np.min(schedule_depths(spectrum, other).reshape(tasks, facts).mean(axis=1)) / most)
    detail = (
        f"300 random spectra and schedules reach at most {max(ratios):.6f} of it, the annealed ones miss it by {max(missed):.0e}"
    )
    return max(ratios) <= 1 + 1e-12 and max(missed) < 1e-9, detail


CLAIMS = (
    Claim(
        id="C2-schedule",
        title="What a schedule of strengths gains",
        plain="If the strength of writing falls with time in the best possible way, all tasks can be kept equally well. "
        "Together they then keep up to N facts' worth, where one fixed strength stops at N/e.",
        statement="Independent directions of any spectrum are written at strengths fixed in advance, each at most eta, and every "
        "one of T tasks of D facts is to keep a mean depth d. Then D d <= N/(T - 1 + 1/(1 - (1 - eta/N)^D)), which annealed "
        "writes along isotropic directions attain. The total T D d tends to N, where one strength stops at N/e (C2).",
        assumptions=(
            Assumption("write directions are independent, of one distribution with Sigma = E[u u^T], tr Sigma = 1"),
            Assumption("depths are means over the directions"),
            Assumption("any schedule: strengths in [0, eta], fixed in advance, and EVERY task keeps d, not the oldest alone"),
        ),
        status="proved under assumptions",
        source="this project; it rests on conservation (C1) and Chebyshev's sum inequality",
        evidence=(
            "derivation: theory.annealing.derive",
            "certificate: theory.certificates.annealing",
            "attack: theory.attacks.annealing",
            "property test: tests/theory/test_annealing.py",
            "simulation: retention",
        ),
        derive=derive,
        quantities=(
            Quantity(
                "annealed_task_depth",
                "largest mean depth that all tasks can keep, any spectrum, any schedule up to eta",
                "retained fraction",
                ("N", "T", "D", "eta"),
                precise=True,
            ),
            Quantity(
                "annealed_gain",
                "largest depth that all tasks can keep (eta = 1), over what one strength attains",
                "ratio",
                ("N", "T", "D"),
                precise=True,
            ),
            Quantity("annealed_rate", "strength of the write that follows `age` earlier ones", "fraction", ("N", "age")),
            Quantity("annealed_depth", "depth of each of M facts under annealed writes", "retained fraction", ("N", "M")),
        ),
    ),
)
(C2_SCHEDULE,) = CLAIMS


def annealed_rate(N: Number, j: Number) -> Number:
    """Strength of the write that follows j earlier ones, N/(N + j): it keeps all facts equally deep (C2-schedule)."""
    return C2_SCHEDULE.value("annealed_rate", N=N, age=j).value


def annealed_depth(N: Number, M: Number) -> Number:
    """Depth of each of M facts under annealed writes, N/(N + M - 1): the best equal depth of isotropic directions."""
    return C2_SCHEDULE.value("annealed_depth", N=N, M=M).value


def annealed_task_depth(N: Number, T: Number, D: Number, eta: Number = 1.0) -> Number:
    """Largest mean depth that every one of T tasks of D facts can keep, any spectrum, any schedule of strengths <= eta (C2)."""
    return C2_SCHEDULE.value("annealed_task_depth", N=N, T=T, D=D, eta=eta).value


def annealed_strengths(N: int, T: int, D: int, eta: float = 1.0) -> np.ndarray:
    """Strengths [T * D], at most eta, with which isotropic directions keep all T tasks at `annealed_task_depth` (C2)."""
    lost = 1 / (np.arange(1, T) - 1 / np.expm1(xlog1py(D, -eta / N)))  # by a later task; the first is written at the cap
    return np.repeat(np.append(eta, -N * np.expm1(np.log1p(-lost) / D)), D)


def schedule_depths(spectrum: Any, strengths: Any) -> np.ndarray:
    """Mean depth of each fact of a stream, oldest first: eta_i sum_k lambda_k prod_{j>i} (1 - eta_j lambda_k); shape [M]."""
    eigenvalues, etas = np.asarray(spectrum, dtype=float), np.asarray(strengths, dtype=float)
    kept = np.cumprod((1 - np.outer(etas, eigenvalues))[::-1], axis=0)[::-1]
    later = np.vstack([kept[1:], np.ones_like(eigenvalues)])
    return etas * (later @ eigenvalues)
