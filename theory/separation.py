r"""Shared structure in bounded cells: one regime against two (claim S1).

T tasks share R bits and have D_s private bits each. A reader uses only the cells active for its task; a write rewrites every
active cell; supports are random, a N of N cells of b bits. In ONE regime each active cell carries a share of the shared bits and
a share of private bits, the oldest task keeps D_s = (a b N - R)(1 - a)^(T-1), and at the best activity, exactly,

    T D_s = (1 - 1/T)^(T-1) (bN - R) (1 - R/(bN))^(T-1),    a* = 1/T + (1 - 1/T) R/(bN).

In TWO regimes an always-on population holds the shared bits and a sparse one the private: T D_s = (1 - 1/T)^(T-1) (bN - R). For
long streams at a given ratio r = R/D_s the first becomes bN/u with u (ln u - 1) = r, the second (bN - R)/e, and the gain is

    G = (1 - R/(bN)) exp(W(r/e)),  W Lambert's function:  1, 3.18, 13.96, 83.2 at r = 0, 10, 100, 1000 and R << bN.

Two regimes are the best of all partitions with separable codes. A cell of activity a that holds phi shared bits adds a phi to
R and (b - phi) a (1-a)^(T-1) to D_s. With g = (1/T)(1 - 1/T)^(T-1) every such pair has D_s/g + R <= b. So no division into
populations, of whatever activities, holds more than D_s = g (bN - R).

Keeping the shares separate costs nothing in that limit. Take ANY code that is the same for every task and blind to what a cell
held. The cells of the oldest task then betray at least D_s sum_t min(1, p_t/p_1) bits about all tasks, where p_t is the part
last written by task t (`any_code_bits`). That is the separable cost whenever a <= p_1 = (1 - a)^(T-1). At short T and large R
a dense regime that decodes its interferers does better: T = 2, R = bN/2 gives 0.309 bN, against 0.125 (separable) and 0.25
(two regimes).
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import sympy as sp
from scipy.optimize import linprog, minimize_scalar

from theory.errors import UserError
from theory.proof import inversion
from theory.proof.claim import Assumption, Claim, Quantity
from theory.proof.derivation import Derivation
from theory.proof.limits import affordable, fits
from theory.proof.notation import D_s, N, R, T, a, b, r

Regime = Literal["single", "dual"]


def _any_code_agrees() -> tuple[bool, str]:
    """`any_code_bits` is the separable law wherever a <= (1-a)^(T-1), and never less."""
    N, b, R = 1000.0, 1.0, 50.0
    gaps = []
    for tasks in (2, 5, 20):
        for activity in np.linspace(0.06, 0.9, 40):
            separable = (activity * b * N - R) * (1 - activity) ** (tasks - 1)
            gap = any_code_bits(N, b, R, tasks, activity) / separable - 1
            gaps.append(abs(gap) if activity <= (1 - activity) ** (tasks - 1) else max(0.0, -gap))
    return max(gaps) < 1e-9, f"120 activities, largest disagreement {max(gaps):.1e}"


def _no_partition_is_better() -> tuple[bool, str]:
    """The best partition as a linear program over 101 activities and two extreme contents of a cell, against the dual ceiling."""
    gaps = []
    for tasks, rho in ((2, 0.0), (5, 0.2), (10, 0.5), (20, 0.9)):
        activity = np.linspace(0, 1, 101)
        private = np.concatenate([activity * (1 - activity) ** (tasks - 1), 0 * activity])
        shared = np.concatenate([0 * activity, activity])
        found = linprog(-private, A_eq=[np.ones(202), shared], b_eq=[1.0, rho])
        gaps.append(-found.fun * tasks / ((1 - 1 / tasks) ** (tasks - 1) * (1 - rho)) - 1)
    return max(map(abs, gaps)) < 1e-9, f"4 linear programs, largest disagreement {max(map(abs, gaps)):.1e}"


def _two_regimes_with_any_code() -> tuple[bool, str]:
    """Over sizes of the always-on population and activities up to a = p_1: never more than separable two regimes."""
    worst = 0.0
    for tasks, rho in ((2, 0.2), (5, 0.5), (20, 0.9), (200, 0.01)):
        always, activity = np.meshgrid(np.linspace(0, 1, 401), np.geomspace(1e-4, 1, 2001))
        left = (1 - activity) ** (tasks - 1)
        kept = np.minimum(left * (always + activity * (1 - always) - rho), left * activity * (1 - always))
        most = (1 - 1 / tasks) ** (tasks - 1) / tasks * (1 - rho)
        worst = max(worst, float(np.max(kept[activity <= left])) / most)
    return worst <= 1 + 1e-9, f"4 streams, 401 sizes, 2001 activities: at most {worst:.6f} of g (bN - R)"


def derive() -> Derivation:
    """S1: maximise over the activity exactly, then pass to long streams."""
    proof = Derivation()
    u, tau, rho, v, phi = sp.symbols("u tau rho v phi", positive=True)
    fits = {R: (10, 60, 30), a: (sp.Rational(1, 5), sp.Rational(1, 3), sp.Rational(1, 2))}
    kept = proof.given(
        "One regime: the a N active cells hold R shared bits, which every write renews, and in what is left private bits, of "
        "which a share (1 - a)^(T-1) survives: the oldest task keeps",
        (a * b * N - R) * (1 - a) ** (T - 1),
        law="single_bits",
    )
    slope = b * N / (a * b * N - R) - (T - 1) / (1 - a)
    proof.equal("Its logarithm has the slope", sp.diff(sp.log(kept), a), slope, samples=fits)
    proof.holds("The logarithm is concave where a b N > R", sp.diff(slope, a) < 0, samples=fits)
    best = proof.solve("The private bits are therefore largest at the activity", slope, a)
    proof.equal("That is", best, 1 / T + (1 - 1 / T) * R / (b * N), law="single_activity")
    single = proof.equal(
        "At that activity T D_s is",
        T * kept.subs(a, best),
        (1 - 1 / T) ** (T - 1) * (b * N - R) * (1 - R / (b * N)) ** (T - 1),
        law="single_ceiling",
        samples=fits,
    )
    dual = proof.given(
        "Two regimes: R/b cells are always on; the others are overwritten at a = 1/T, as in C2, and hold T D_s =",
        (1 - 1 / T) ** (T - 1) * (b * N - R),
        law="dual_ceiling",
    )
    aloha = v * (1 - v) ** (T - 1)
    proof.equal(
        "With v = (a - rho)/(1 - rho), rho = R/(bN), one regime keeps (1 - rho)^T of what an unshared store keeps at activity v",
        kept.subs({R: rho * b * N, a: rho + (1 - rho) * v}),
        b * N * (1 - rho) ** T * aloha,
    )
    peak = (1 - 1 / T) ** (T - 1) / T
    content = (b - phi) * aloha.subs(v, a) / peak + a * phi
    proof.equal(
        "Any partition: a cell of activity a with phi shared bits adds a phi to R, (b - phi) a (1-a)^(T-1) to D_s. Let g be the "
        "peak of the latter's factor. Then D_s/g + R is affine in phi, with slope",
        sp.diff(content, phi),
        a - aloha.subs(v, a) / peak,
    )
    proof.argued(
        "At phi = 0 it is b times a ratio to the peak, at phi = b it is a b: never more than b. Summed over cells, D_s <= "
        "g (bN - R): no partition into populations of any activities holds more than two regimes",
        sp.Le(content, b),
        _no_partition_is_better,
    )
    proof.equal("At equal T and R the gain is", dual / single, (1 - R / (b * N)) ** (1 - T), law="gain_at_T")
    scaled = proof.equal(
        "Long streams: let R = tau bN/T. One regime then holds, per bit of store,",
        (single / (b * N)).subs(R, tau * b * N / T),
        (1 - 1 / T) ** (T - 1) * (1 - tau / T) ** T,
    )
    limit = proof.limit("For long streams this tends to", scaled, T, sp.oo)
    proof.equal("Write it 1/u; then tau = T R/(bN) = r/u, and ln u =", sp.expand_log(-sp.log(limit)).subs(tau, r / u), 1 + r / u)
    load = proof.solve("The solution is Lambert's function", u * (sp.log(u) - 1) - r, u, law="single_load")
    share = proof.limit("Two regimes hold, of bN - R, the share", (1 - 1 / T) ** (T - 1), T, sp.oo)
    ratio = (1 - R / (b * N)) * sp.exp(sp.LambertW(r / sp.E))
    gain = proof.equal("The gain at equal r is the ratio of the two", (1 - R / (b * N)) * share * load, ratio)
    proof.given("The gain in terms of R and D_s", gain.subs(r, R / D_s), law="gain")
    stretch = sp.log(1 / (1 - rho)) / rho
    sharper = proof.solve(
        "When rho = R/(bN) is not small, keep (1 - rho)^T: u = e (1 - rho)^(-T) with T = r/(u rho), so that r is stretched:",
        u * (sp.log(u) - 1) - r * stretch,
        u,
    )
    proof.given(
        "The gain becomes", ((1 - rho) * sharper / sp.E).subs(r, rho * b * N / D_s).subs(rho, R / (b * N)), law="gain_sharp"
    )
    proof.equal("The parts of the oldest support last written by each task add up to 1 (T = 5)",
                (1 - a) ** 4 + sum(a * (1 - a) ** (5 - t) for t in range(2, 6)), sp.S.One)  # fmt: skip
    proof.argued(
        "Any code: given the shared bits, tasks are independent, so R <= a b N - sum_t H(part last written by t). The mean "
        "entropy h(p) of a random fraction p of a task's cells is concave, h(0) = 0 (Han 1978), and h(p_1) >= D_s, p_1 = "
        "(1-a)^(T-1): the sum is at least D_s sum_t min(1, p_t/p_1), which is D_s/p_1, the separable cost, if a <= p_1; in "
        "long streams the best a falls below p_1",
        None,
        _any_code_agrees,
    )
    proof.argued(
        "Two regimes with any code: N_0 always-on cells, whose private bits only the last task finds, leave b N_0 more for R: "
        "while a <= p_1, D_s <= p_1 (b N_0 + a b N_1 - R), and D_s <= p_1 a b N_1. If b N_0 >= R the second, else the first, "
        "with R - b N_0 in the place of R, is at most g (bN - R): long streams leave two regimes what separable codes hold",
        None,
        _two_regimes_with_any_code,
    )
    return proof


FITS = Assumption("R < b*N (the shared bits fit in the store)", lambda R, b, N: b * N > R, "lower R, or raise b or N")
ACTIVE = Assumption(
    "R <= a*b*N (the shared bits fit in the active cells)", lambda R, a, b, N: a * b * N >= R, "raise a, or lower R"
)
ONE = Assumption("R + D_s < b*N (one task fits)", lambda R, D_s, b, N: b * N - R > D_s, "lower R or D_s, or raise b or N")
WHOLE = Assumption("T is a whole number", lambda T: np.mod(T, 1) == 0, "round T")


def _gain_exact(N: Any, b: Any, R: Any, D_s: Any) -> Any:
    def ratio(N: float, b: float, R: float, D_s: float) -> float:
        return largest_tasks(N, b, R, D_s, "dual") / largest_tasks(N, b, R, D_s, "single")

    return np.vectorize(ratio, otypes=[float])(N, b, R, D_s)


def _any_code_ceiling(N: Any, b: Any, R: Any, T: Any) -> Any:
    def best(N: float, b: float, R: float, T: float) -> float:
        fits(8 * T)
        affordable(500 * 10 * T)  # about so many activities are tried, and T tasks are added up for each
        grid = np.linspace(R / (b * N), 1.0, 401)
        found = [any_code_bits(N, b, R, int(T), a) for a in grid]
        peak = int(np.argmax(found))
        around = grid[max(peak - 1, 0)], grid[min(peak + 1, 400)]
        fine = minimize_scalar(
            lambda a: -any_code_bits(N, b, R, int(T), a), bounds=around, method="bounded", options={"xatol": 1e-12}
        )
        return T * max(found[peak], -float(fine.fun))

    return np.vectorize(best, otypes=[float])(N, b, R, T)


CLAIMS = (
    Claim(
        id="S1",
        title="Two regimes against one, with shared structure",
        plain="Tasks often share structure. If one memory rewrites the shared part with every task, it wastes room. If it "
        "keeps the shared part in cells that are always on and the rest in sparse cells, it holds more, and the "
        "gain grows with the amount shared. If nothing is shared there is no gain.",
        statement="In long streams, with R bits shared by all tasks and D_s private ones each, one regime holds T D_s <= bN/u, "
        "u = exp(1 + W(r/e)), and two regimes (bN - R)/e: the gain is G = (1 - R/(bN)) exp(W(r/e)), 1 if nothing is shared, "
        "growing as r/(e ln r). At equal T and R, with separable coding, it is exactly (1 - R/(bN))^-(T-1), and no partition "
        "into populations of any activities holds more than two regimes.",
        assumptions=(
            Assumption("a reader uses only its task's active cells; a write rewrites all of them, blind to what they held"),
            Assumption(
                "supports are random and known to the reader; all tasks use one code that survives T - 1 later writes; N is large"
            ),
            Assumption(
                "finite T: separable coding (shared and private shares of each cell); long streams at fixed r: any code in either"
            ),
        ),
        status="proved under assumptions",
        source="this project; Lambert's W: Corless et al. 1996",
        evidence=(
            "derivation: theory.separation.derive",
            "certificate: theory.certificates.separation",
            "attack: theory.attacks.separation",
            "decoding over a finite field: tests/theory/test_separation.py",
            "simulation: sweep_shared",
        ),
        derive=derive,
        quantities=(
            Quantity(
                "gain",
                "T * D_s of two regimes over that of one at equal r, long streams, R much smaller than b N",
                "ratio",
                ("N", "b", "R", "D_s"),
                (FITS,),
            ),
            Quantity(
                "gain_sharp",
                "T * D_s of two regimes over that of one at equal r, long streams, any R",
                "ratio",
                ("N", "b", "R", "D_s"),
                (FITS,),
            ),
            Quantity(
                "gain_exact",
                "largest T of two regimes over that of one, separable coding",
                "ratio",
                ("N", "b", "R", "D_s"),
                (FITS, ONE),
                solve=_gain_exact,
            ),
            Quantity("gain_at_T", "D_s of two regimes over that of one at equal T and R", "ratio", ("N", "b", "R", "T"), (FITS,)),
            Quantity("single_ceiling", "largest T * D_s of one regime, separable coding", "bits", ("N", "b", "R", "T"), (FITS,)),
            Quantity(
                "dual_ceiling",
                "largest T * D_s of any partition into populations (two regimes attain it), separable codes",
                "bits",
                ("N", "b", "R", "T"),
                (FITS,),
            ),
            Quantity(
                "single_activity", "best activity of one regime, separable coding", "fraction", ("N", "b", "R", "T"), (FITS,)
            ),
            Quantity(
                "single_bits", "private bits of the oldest task at activity a", "bits", ("N", "b", "R", "T", "a"), (FITS, ACTIVE)
            ),
            Quantity("single_load", "u = bN/(T D_s) of one regime, long streams", "ratio", ("r",)),
            Quantity(
                "single_ceiling_any_code",
                "largest T * D_s of one regime, whatever the code",
                "bits",
                ("N", "b", "R", "T"),
                (FITS, WHOLE),
                solve=_any_code_ceiling,
            ),
        ),
    ),
)
(S1,) = CLAIMS


def gain(N: Any, b: Any, R: Any, D_s: Any) -> Any:
    """G = (1 - R/(bN)) exp(W(r/e)), r = R/D_s: two regimes over one in T * D_s, long streams, R << bN (S1)."""
    return S1.value("gain", N=N, b=b, R=R, D_s=D_s).value


def single_ceiling(N: Any, b: Any, R: Any, T: Any) -> Any:
    """Largest T * D_s in bits of one regime at its best activity, separable coding (S1)."""
    return S1.value("single_ceiling", N=N, b=b, R=R, T=T).value


def dual_ceiling(N: Any, b: Any, R: Any, T: Any) -> Any:
    """T * D_s in bits of two regimes: always-on cells for the shared bits, sparse ones for the private (S1)."""
    return S1.value("dual_ceiling", N=N, b=b, R=R, T=T).value


def single_activity(N: Any, b: Any, R: Any, T: Any) -> Any:
    """Best activity of one regime: 1/T + (1 - 1/T) R/(bN) (S1)."""
    return S1.value("single_activity", N=N, b=b, R=R, T=T).value


def single_bits(N: Any, b: Any, R: Any, T: Any, a: Any) -> Any:
    """Private bits of the oldest of T tasks in one regime at activity a, separable coding (S1)."""
    return S1.value("single_bits", N=N, b=b, R=R, T=T, a=a).value


def any_code_bits(N: float, b: float, R: float, T: int, a: float) -> float:
    """Most private bits that the oldest of T tasks keeps in one regime at activity a, whatever the code (S1).

    It is the smaller of two numbers: what survives, a b N p_1, and what the active cells leave beside the R shared bits and
    the D_s sum_t min(1, p_t/p_1) bits that they betray about all tasks. Here p_1 = (1-a)^(T-1) and p_t = a (1-a)^(T-t).
    """
    if a >= 1:
        return float(b * N - R) if T == 1 else 0.0
    excess = np.log(a) - np.arange(1, T) * np.log1p(-a)  # ln(p_t/p_1) for t = 2 ... T
    betrayed = 1 + np.sum(np.exp(np.minimum(0.0, excess)))
    return float(max(0.0, min(a * b * N * (1 - a) ** (T - 1), (a * b * N - R) / betrayed)))


def largest_tasks(N: float, b: float, R: float, D_s: float, regime: Regime, a: float | None = None) -> float:
    """Largest T (a real number >= 1) of tasks with D_s private bits beside R shared ones; 0 if not one fits.

    a: activity of the single regime, or of the sparse population of the dual one; None: the best one for each T.
    """
    if regime not in ("single", "dual"):
        raise UserError(f"regime '{regime}' is not known; choose 'single' or 'dual'")

    def room(tasks: float) -> float:
        if a is None:
            return (single_ceiling if regime == "single" else dual_ceiling)(N, b, R, tasks) / tasks - D_s
        if regime == "dual":
            return (b * N - R) * a * (1 - a) ** (tasks - 1) - D_s
        return (single_bits(N, b, R, tasks, a) if a * b * N >= R else 0.0) - D_s

    return inversion.largest_tasks(room)
