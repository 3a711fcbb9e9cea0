r"""Shared structure in bounded cells: one regime against two (claim S1).

T tasks share R bits and have D_s private bits each. A reader uses only the cells active for its task; a write rewrites every active
cell; supports are random, a N of N cells of b bits. In ONE regime every active cell carries a share of the shared bits and a share of
private bits, so that the oldest task keeps D_s = (a b N - R)(1 - a)^(T-1), and at the best activity, exactly,

    T D_s = (1 - 1/T)^(T-1) (b N - R) (1 - R/(bN))^(T-1),    a* = 1/T + (1 - 1/T) R/(bN).

In TWO regimes an always-on population holds the shared bits and a sparse one the private bits: T D_s = (1 - 1/T)^(T-1) (b N - R). For long
streams at a given ratio r = R/D_s the first becomes bN/u with u (ln u - 1) = r, the second (bN - R)/e, and the gain is

    G = (1 - R/(bN)) exp(W(r/e)),    W Lambert's function:  1, 3.18, 13.96, 83.2 at r = 0, 10, 100, 1000 and R << bN.

That shares are separate is no loss: for ANY code of the cells (same for every task, blind to what a cell held) the overlapped cells of
a stream betray at least D_s sum_t min(1, p_t/p_1) bits about other tasks (`any_code_bits`), which is the separable cost
whenever a <= (1 - a)^(T-1), hence in the limit of long streams; at short T, dense regimes can beat the separable form.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import sympy as sp
from scipy.optimize import brentq

from theory.claim import Assumption, Claim, Derivation, Quantity
from theory.errors import UserError
from theory.notation import D_s, N, R, T, a, b, r

Regime = Literal["single", "dual"]


def derive() -> Derivation:
    """S1: maximise over the activity exactly, then pass to long streams."""
    proof = Derivation()
    u, tau, rho = sp.symbols("u tau rho", positive=True)
    kept = (a * b * N - R) * (1 - a) ** (T - 1)
    fits = {R: (10, 60, 30), a: (sp.Rational(1, 5), sp.Rational(1, 3), sp.Rational(1, 2)), rho: [sp.Rational(1, 10)] * 3}
    proof.law("single_bits", proof.given("One regime: the a N active cells hold R shared bits (every write renews them) and, in what is left, "
                                         "private bits of which a share (1 - a)^(T-1) survives", kept))  # fmt: skip
    slope = sp.diff(sp.log(kept), a)
    best = proof.solve("The private bits are most where the logarithm's derivative in a vanishes (a < 1)", slope, a, pick=lambda root: root.has(R))
    proof.law("single_activity", best)
    proof.holds("a maximum: the logarithm is concave where a b N > R", sp.diff(sp.log(kept), a, 2) < 0, samples=fits)
    single = proof.equal(
        "There T D_s is",
        T * kept.subs(a, best),
        (1 - 1 / T) ** (T - 1) * (b * N - R) * (1 - R / (b * N)) ** (T - 1),
        samples=fits,
    )
    proof.law("single_ceiling", single)
    dual = (1 - 1 / T) ** (T - 1) * (b * N - R)
    proof.law("dual_ceiling", proof.given("Two regimes: R/b cells always on; the others are overwritten at a = 1/T as in C2, and give T D_s =", dual))
    proof.law("gain_at_T", proof.equal("At equal T and R the gain is", dual / single, (1 - R / (b * N)) ** (1 - T), samples=fits))
    long_stream = (single / (b * N)).subs(R, tau * b * N / T)
    limit = proof.limit("Long streams, R = tau b N/T: the single regime tends to b N times", sp.simplify(long_stream), T, sp.oo)
    load = proof.solve("Write T D_s = b N/u; then tau = T R/(b N) = r/u, and u obeys (limit = 1/u)", u * (sp.log(u) - 1) - r, u)
    proof.equal("since -ln(limit) = ln u reads", sp.expand_log(-sp.log(limit)).subs(tau, r / u), 1 + r / u)
    proof.law("single_load", proof.equal("by Lambert's function", load, sp.exp(1 + sp.LambertW(r / sp.E))))
    dual_long = proof.limit("while the dual regime's share of b N - R tends to", (1 - 1 / T) ** (T - 1), T, sp.oo)
    gain = proof.equal("The ratio of the two, at equal r", (1 - R / (b * N)) * dual_long * load, (1 - R / (b * N)) * sp.exp(sp.LambertW(r / sp.E)))
    proof.law("gain", gain.subs(r, R / D_s))
    scale = sp.log(1 / (1 - rho)) / rho
    sharper = proof.solve(
        "When R is no small part of b N (rho = R/(bN)), keep (1 - rho)^T as it is: u = e (1 - rho)^(-T) with T = r/(u rho), so that",
        u * (sp.log(u) - 1) - r * scale, u)  # fmt: skip
    sharp = (1 - rho) * sharper / sp.E
    proof.equal("the gain has r ln(1/(1 - rho))/rho in place of r", sharp, (1 - rho) * sp.exp(sp.LambertW(r * scale / sp.E)))
    proof.law("gain_sharp", (1 - R / (b * N)) * sp.exp(sp.LambertW(b * N / D_s * sp.log(1 / (1 - R / (b * N))) / sp.E)))
    proof.given(
        "Any code: given the shared bits, tasks are independent, so R <= a b N - sum_t H(cells of the oldest support last written by t). For each "
        "task the entropy h(p) of a random fraction p of its cells is concave with h(0) = 0 (Han 1978) and h(p_1) >= D_s, p_1 = (1-a)^(T-1): "
        "the sum is at least D_s sum_t min(1, p_t/p_1), p_t = a (1-a)^(T-t), which is D_s/p_1 (the separable cost) if a <= p_1"
    )
    p = [(1 - a) ** 4, *(a * (1 - a) ** (5 - t) for t in range(2, 6))]
    proof.equal("because the fractions p_t add up to 1 (T = 5)", sum(p), sp.S.One)
    return proof


FITS = Assumption("R < b*N (the shared bits fit in the store)", lambda R, b, N: R < b * N, "lower R, or raise b or N")
ACTIVE = Assumption("R <= a*b*N (the shared bits fit in the active cells)", lambda R, a, b, N: R <= a * b * N, "raise a, or lower R")
WHOLE = Assumption("T is a whole number", lambda T: np.mod(T, 1) == 0, "round T")


def _load(values: np.ndarray, regime: Regime) -> float:
    N, b, R, D_s = values
    return largest_tasks(N, b, R, D_s, regime)


def _gain_exact(N: Any, b: Any, R: Any, D_s: Any) -> Any:
    stacked = np.stack(np.broadcast_arrays(*(np.asarray(value, dtype=float) for value in (N, b, R, D_s))), axis=-1)
    return np.apply_along_axis(lambda row: _load(row, "dual") / _load(row, "single"), -1, stacked)


def _any_code_ceiling(N: Any, b: Any, R: Any, T: Any) -> Any:
    def best(N: float, b: float, R: float, T: float) -> float:
        grid = np.linspace(R / (b * N), 1.0, 4001)[1:]
        return T * max(any_code_bits(N, b, R, int(T), a) for a in grid)

    return np.vectorize(best, otypes=[float])(N, b, R, T)


FITS_ONE_TASK = Assumption("D_s + R <= b*N (one task fits)", lambda D_s, R, b, N: D_s + R <= b * N, "lower D_s or R, or raise b or N")

CLAIMS = (
    Claim(
        id="S1",
        title="Two regimes against one, with shared structure",
        statement="With R bits shared by all tasks and D_s private ones each, one regime holds T D_s <= bN/u, u = exp(1 + W(r/e)), and two regimes "
        "(bN - R)/e: the gain is G = (1 - R/(bN)) exp(W(r/e)), 1 if nothing is shared and growing like r/ln r. At equal T and R it is exactly "
        "(1 - R/(bN))^-(T-1).",
        assumptions=(
            Assumption("a reader uses only its task's active cells; a write rewrites all of them, blind to what they held"),
            Assumption("supports are random and known to the reader; tasks share one code, made to survive T - 1 later writes; N is large"),
            Assumption("finite T: separable coding (shared and private shares of each cell); T -> infinity at fixed r: any code"),
        ),
        status="proved under assumptions",
        source="this project; Lambert's W as in Corless et al. 1996",
        evidence=("derivation: theory.separation.derive", "exact decoding over a finite field: tests/theory/test_separation.py",
                  "simulation: sweep_shared"),  # fmt: skip
        derive=derive,
        quantities=(
            Quantity("gain", "two regimes over one in T * D_s, at equal r, long streams, R << bN", "ratio", ("N", "b", "R", "D_s"), (FITS,)),
            Quantity("gain_sharp", "the same when R is a sizeable part of bN", "ratio", ("N", "b", "R", "D_s"), (FITS,)),
            Quantity("gain_exact", "the largest T of two regimes over that of one, separable coding, finite N", "ratio",
                     ("N", "b", "R", "D_s"), (FITS, FITS_ONE_TASK), solve=_gain_exact),
            Quantity("gain_at_T", "two regimes over one in D_s, at equal T and R", "ratio", ("N", "b", "R", "T"), (FITS,)),
            Quantity("single_ceiling", "largest T * D_s of one regime (separable coding)", "bits", ("N", "b", "R", "T"), (FITS,)),
            Quantity("dual_ceiling", "largest T * D_s of two regimes", "bits", ("N", "b", "R", "T"), (FITS,)),
            Quantity("single_activity", "best activity of one regime", "fraction", ("N", "b", "R", "T"), (FITS,)),
            Quantity("single_bits", "private bits of the oldest task at activity a (separable coding)", "bits", ("N", "b", "R", "T", "a"),
                     (FITS, ACTIVE)),
            Quantity("single_load", "u = bN/(T D_s) of one regime, long streams", "ratio", ("r",)),
            Quantity("single_ceiling_any_code", "largest T * D_s of one regime, any code", "bits", ("N", "b", "R", "T"), (FITS, WHOLE),
                     solve=_any_code_ceiling),
        ),
    ),
)  # fmt: skip
(S1,) = CLAIMS


def gain(N: Any, b: Any, R: Any, D_s: Any) -> Any:
    """G = (1 - R/(bN)) exp(W(r/e)), r = R/D_s: two regimes over one, long streams and R << bN (S1)."""
    return S1.value("gain", N=N, b=b, R=R, D_s=D_s).value


def single_ceiling(N: Any, b: Any, R: Any, T: Any) -> Any:
    """Largest T * D_s in bits of one regime at its best activity, separable coding (S1)."""
    return S1.value("single_ceiling", N=N, b=b, R=R, T=T).value


def dual_ceiling(N: Any, b: Any, R: Any, T: Any) -> Any:
    """Largest T * D_s in bits of two regimes: always-on cells for the shared bits, sparse ones for the private (S1)."""
    return S1.value("dual_ceiling", N=N, b=b, R=R, T=T).value


def single_activity(N: Any, b: Any, R: Any, T: Any) -> Any:
    """Best activity of one regime: 1/T + (1 - 1/T) R/(bN) (S1)."""
    return S1.value("single_activity", N=N, b=b, R=R, T=T).value


def single_bits(N: Any, b: Any, R: Any, T: Any, a: Any) -> Any:
    """Private bits of the oldest of T tasks in one regime at activity a, separable coding (S1)."""
    return S1.value("single_bits", N=N, b=b, R=R, T=T, a=a).value


def any_code_bits(N: float, b: float, R: float, T: int, a: float) -> float:
    """Most private bits of the oldest of T tasks in one regime at activity a, whatever the code: the smaller of two counts.

    What survives, b a N p_1 with p_1 = (1-a)^(T-1); and what the active cells leave beside the R shared bits and the
    D_s sum_t min(1, p_t/p_1) bits that they betray about all tasks, p_t = a (1-a)^(T-t) being the part last written by task t.
    """
    if a >= 1:
        return float(b * N - R) if T == 1 else 0.0
    later = a * (1 - a) ** np.arange(T - 1)
    survive = (1 - a) ** (T - 1)
    betrayed = 1 + np.sum(np.minimum(1.0, later / survive))
    return float(max(0.0, min(b * a * N * survive, (a * b * N - R) / betrayed)))


def largest_tasks(N: float, b: float, R: float, D_s: float, regime: Regime, a: float | None = None) -> float:
    """Largest T (a real number >= 1) for D_s private bits a task, beside R shared ones; 0 if one task does not fit.

    regime: "single" or "dual"; a: activity of the single regime, or of the dual one's sparse population (None: the best one for each T).
    """
    if regime not in ("single", "dual"):
        raise UserError(f"regime '{regime}' is not known; choose 'single' or 'dual'")
    cells = N - R / b

    def room(tasks: float) -> float:
        if a is None:
            most = (single_ceiling if regime == "single" else dual_ceiling)(N, b, R, tasks) / tasks
        elif regime == "single":
            most = single_bits(N, b, R, tasks, a) if a * b * N >= R else 0.0
        else:
            most = b * cells * a * (1 - a) ** (tasks - 1)
        return most - D_s

    if room(1.0) < 0:
        return 0.0
    high = 2.0
    while room(high) >= 0:
        high *= 2
    return float(brentq(room, 1.0, high))
