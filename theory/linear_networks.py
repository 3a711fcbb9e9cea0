r"""What a linear network forgets when it fits one small task after another (claim C7).

N parameters; each of T tasks brings D < N - 1 examples with independent Gaussian features and targets of noise sigma, and is
fitted exactly by the solution closest to where training stood. P_t projects on the span of the features of task t:

    w_t - w*_i = (I - P_t)(w_{t-1} - w*_i) + P_t (w*_t - w*_i) + X_t^+ z_t,    E P_t = (D/N) I,

so that every squared error obeys one exact linear recursion with the factor q = 1 - D/N. It is the delta rule with projectors
of rank D and strength 1. The depths D q^age add up to N (1 - q^T) = N - tr E prod_t (I - P_t) (C1). T times what the oldest
task keeps is T D q^(T-1) <= N (1 - 1/T)^(T-1), best at D = N/T (C2): a window of N/D tasks.

Depth is not error: interference adds the other tasks' weights. In long streams, unrelated tasks of norm 1 without noise leave
the error 2 (1 - s) on a task of depth share s = (D/N) q^age. That is more than the error 1 of zero weights unless s > 1/2.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from theory.errors import UserError
from theory.proof.claim import Assumption, Claim, Quantity
from theory.proof.derivation import Derivation
from theory.proof.notation import D, N, T, age, energy, rho, sigma


def _haar_mean() -> tuple[bool, str]:
    """E P and E ||X^+ z||^2 of Gaussian features, by Monte Carlo: N = 9, D = 3, 4000 draws, five standard errors."""
    rng, size, facts, draws = np.random.default_rng(0), 9, 3, 4000
    inverse = np.linalg.pinv(rng.normal(size=(draws, facts, size)))
    moved = np.einsum("knd,kd->kn", inverse, rng.normal(size=(draws, facts)))
    powers = np.sum(moved**2, axis=1)
    basis = np.linalg.qr(inverse)[0]
    entries = np.einsum("knd,kmd->knm", basis, basis)
    apart = np.abs(entries.mean(axis=0) - facts / size * np.eye(size)) / (entries.std(axis=0) / np.sqrt(draws))
    off = abs(powers.mean() - facts / (size - facts - 1)) / (powers.std() / np.sqrt(draws))
    return bool(max(apart.max(), off) < 5), f"largest deviation {max(apart.max(), off):.1f} standard errors over {draws} draws"


def derive() -> Derivation:
    """C7: one linear recursion, solved for tasks of equal norm and equal pairwise cosine."""
    proof = Derivation()
    q, x, k = sp.symbols("q x k", positive=True)
    i, e = sp.Symbol("i", integer=True, positive=True), sp.Symbol("e", positive=True)
    freedom, far, drift = sp.symbols("nu delta v", positive=True)
    ratio = 1 - D / N
    degrees = {freedom: (3, 5, 8)}
    proof.argued(
        "The span of Gaussian features has no preferred direction, so E P is a multiple of I of trace D",
        sp.Eq(sp.Symbol("EP"), D / N, evaluate=False),
        _haar_mean,
    )
    inverse = proof.equal(
        "A diagonal entry of (X X^T)^-1 is the inverse of what is left of a row outside the span of the other D - 1 rows, a "
        "chi-square variable of nu = N - D + 1 degrees of freedom, so that it has the mean",
        sp.Integral(x ** (freedom / 2 - 2) * sp.exp(-x / 2) / (2 ** (freedom / 2) * sp.gamma(freedom / 2)), (x, 0, sp.oo)),
        1 / (freedom - 2),
        samples=degrees,
    )
    added = proof.equal(
        "Fitting the noise moves the weights by E ||X^+ z||^2 = sigma^2 E tr (X X^T)^-1 =",
        sigma**2 * D * inverse.subs(freedom, N - D + 1),
        sigma**2 * D / (N - D - 1),
    )
    proof.given(
        "The three terms of the recursion are orthogonal in the mean: the expected error e on a task at squared distance delta "
        "from the one just fitted becomes",
        ratio * e + D / N * far + added,
    )
    settled = proof.equal(
        "Noise alone settles at v (1 - q^t), where v =", added / (1 - ratio), sigma**2 * N / (N - D - 1), law="noise_error"
    )
    distance = proof.equal("Equal squared norms and cosines: delta =", energy + energy - 2 * energy * rho, 2 * energy * (1 - rho))
    after = q**T * energy + (1 - q**T) * (far + drift) - (1 - q) * far * q**age
    proof.equal(
        "Iterating from w = 0, with distance 0 at the task's own turn, T - age: the error after T tasks is",
        q ** (age + 1) * (q ** (T - age - 1) * energy + (1 - q ** (T - age - 1)) * (far + drift))
        + q**age * (1 - q) * drift
        + (1 - q**age) * (far + drift),
        after,
    )
    values = {drift: settled, far: distance}
    proof.name("task_error", after.subs(values).subs(q, ratio))
    proof.equal("The ages 0 ... T-1 average q^age to", sp.Sum(q**i, (i, 0, T - 1)) / T, (1 - q**T) / ((1 - q) * T))
    mean = proof.equal(
        "The error averaged over the tasks, the generalisation error, is",
        after.subs(q**age, (1 - q**T) / ((1 - q) * T)),
        q**T * energy + (1 - q**T) * (far * (1 - 1 / T) + drift),
    )
    proof.name("generalisation_error", mean.subs(values).subs(q, ratio))
    gone = proof.equal(
        "Task i has gained since its own turn", after.subs(age, T - k) - after.subs({age: 0, T: k}),
        (q**k - q**T) * (far + drift - energy) + (1 - q) * far * (1 - q ** (T - k)),
        samples={k: (2, 3, 1)},
    )  # fmt: skip
    average = q * (1 - q ** (T - 1)) / ((1 - q) * (T - 1))
    proof.equal("The first T - 1 tasks average q^i, and q^(T-i), to", sp.Sum(q**i, (i, 1, T - 1)) / (T - 1), average)
    forgotten = proof.equal(
        "The forgetting averaged over the tasks is",
        gone.subs({q ** (T - k): average, q**k: average}),
        (average - q**T) * (far + drift - energy) + (1 - q) * far * (1 - average),
    )
    proof.name("forgetting", forgotten.subs(values).subs(q, ratio))
    proof.limit("Long streams: the error on a task of that age tends to", after.subs(q, x / (1 + x)), T, sp.oo)
    steady = far + drift - (1 - q) * far * q**age
    proof.name("steady_error", steady.subs(values).subs(q, ratio))
    depth_share = sp.Symbol("s", positive=True)
    proof.equal(
        "Unrelated tasks: the error is what depth s leaves of the task, and the depths of all tasks, which are written over it",
        after.subs(far, 2 * energy),
        (energy * (1 - 2 * depth_share) + energy * (1 - q**T) + drift * (1 - q**T)).subs(depth_share, (1 - q) * q**age),
    )
    unrelated = proof.equal(
        "For unrelated tasks without noise the steady error is",
        steady.subs({far: 2 * energy, drift: 0}),
        2 * energy * (1 - (1 - q) * q**age),
    )
    proof.equal(
        "It exceeds the error of zero weights by", unrelated - energy, 2 * energy * (sp.Rational(1, 2) - (1 - q) * q**age)
    )
    kept = proof.given("Depth: later tasks leave D tr(E P)/N of D facts the fraction q^age each, in all", D * q**age)
    proof.name("retained_depth", kept.subs(q, ratio))
    whole = proof.equal(
        "It adds up, over all ages, to N minus the trace of what T tasks leave of the start",
        sp.Sum(D * ratio**i, (i, 0, T - 1)),
        N * (1 - ratio**T),
        law="total_depth",
    )
    proof.limit("The depths add up at most to", whole.subs(D, N * x / (1 + x)), T, sp.oo)
    oldest = proof.given("The oldest of T tasks keeps, times T", T * D * ratio ** (T - 1), law="oldest_depth")
    best = proof.solve("T times the depth of the oldest task is largest at", sp.diff(sp.log(oldest), D), D)
    proof.name("best_D", best)
    proof.equal("There it is the ceiling of one fixed regime", oldest.subs(D, best), N * (1 - 1 / T) ** (T - 1), law="ceiling")
    proof.given("The depth falls by e in a window of so many tasks", -1 / sp.log(ratio), law="window")
    return proof


ROOM = Assumption("D <= N - 2 (fewer examples than parameters)", lambda D, N: N - 2 >= D, "lower D, or raise N")
SPLIT = Assumption(
    "N/(N - 2) <= T <= N (N/T examples a task are at least one and leave room)",
    lambda N, T: (np.asarray(T) <= N) & (T * (np.asarray(N) - 2) >= N),
    "choose T between N/(N - 2) and N",
)
TWO = Assumption("T >= 2 (something can be forgotten)", lambda T: np.asarray(T) >= 2, "raise T")
YOUNG = Assumption("age <= T - 1 (the task has been seen)", lambda age, T: np.less_equal(age, np.asarray(T) - 1), "lower age")

CLAIMS = (
    Claim(
        id="C7",
        title="Forgetting in linear networks",
        plain="A linear network that fits one task after another exactly remembers about the last N/D tasks, N being its "
        "parameters and D the examples of a task. Beyond that window old tasks are lost, and in long streams of "
        "unrelated tasks the network can err more than one that has learned nothing.",
        statement="T regressions of D examples with Gaussian features are fitted one after another in N > D + 1 parameters, each "
        "by the nearest exact solution. Expected errors obey one linear recursion with q = 1 - D/N, for any tasks and any noise. "
        "Depths D q^age add up to N (1 - q^T), and T times what the oldest of T tasks keeps is T D q^(T-1) <= N (1 - "
        "1/T)^(T-1): a window of about N/D tasks. In long streams of unrelated tasks of equal norm without noise the error is "
        "2 (1 - s) times that of zero weights, s = (D/N) q^age: it exceeds that of zero weights unless D q^age > N/2.",
        assumptions=(
            Assumption("features are independent standard Gaussian vectors, noise has mean 0 and variance sigma^2"),
            Assumption("training starts at zero weights and ends each task in the nearest exact solution"),
            Assumption("closed forms: tasks of equal norm and equal pairwise cosine; `expected_errors`: any tasks"),
        ),
        status="proved under assumptions",
        source="Lin, Ju, Liang and Shroff 2023 (ICML), theorem on expected forgetting; depth and window: this project",
        evidence=(
            "derivation: theory.linear_networks.derive",
            "certificate: theory.certificates.linear_networks",
            "attack: theory.attacks.linear_networks",
            "Monte Carlo: tests/theory/test_linear_networks.py",
        ),
        derive=derive,
        quantities=(
            Quantity(
                "generalisation_error",
                "expected ||w_T - w*_i||^2, averaged over the T tasks",
                "target units^2",
                ("N", "D", "T", "energy", "rho", "sigma"),
                (ROOM,),
            ),
            Quantity(
                "forgetting",
                "expected rise of a task's error since its own turn, averaged over all but the last",
                "target units^2",
                ("N", "D", "T", "energy", "rho", "sigma"),
                (ROOM, TWO),
            ),
            Quantity(
                "task_error",
                "expected error after T tasks on the task that is `age` tasks old",
                "target units^2",
                ("N", "D", "T", "age", "energy", "rho", "sigma"),
                (ROOM, YOUNG),
            ),
            Quantity(
                "steady_error",
                "expected error in long streams on the task that is `age` tasks old",
                "target units^2",
                ("N", "D", "age", "energy", "rho", "sigma"),
                (ROOM,),
            ),
            Quantity(
                "noise_error", "error that noise alone leaves in long streams", "target units^2", ("N", "D", "sigma"), (ROOM,)
            ),
            Quantity(
                "retained_depth",
                "depth that the D facts of a task of the given age keep together",
                "facts",
                ("N", "D", "age"),
                (ROOM,),
            ),
            Quantity("total_depth", "depth of T tasks together", "facts", ("N", "D", "T"), (ROOM,)),
            Quantity("oldest_depth", "T times the depth of the oldest task", "facts", ("N", "D", "T"), (ROOM,)),
            Quantity("ceiling", "upper bound on T times the depth of the oldest task (attained at D = N/T)", "facts", ("N", "T")),
            Quantity("best_D", "number of examples per task at which the oldest task keeps most", "facts", ("N", "T"), (SPLIT,)),
            Quantity("window", "tasks after which depth has fallen by e", "tasks", ("N", "D"), (ROOM,)),
        ),
    ),
)
(C7,) = CLAIMS


def expected_errors(weights: Any, N: int, D: int, sigma: float) -> np.ndarray:
    """E ||w_t - w*_i||^2 after t = 0 ... T tasks, [T + 1, T], for true weights [T, any number of coordinates up to N] (C7)."""
    weights = np.asarray(weights, dtype=float)
    if weights.ndim != 2 or weights.shape[1] > N or not N - 2 >= D >= 1:
        raise UserError(f"weights {weights.shape}, N = {N}, D = {D}: give [T, n] with n <= N, and 1 <= D <= N - 2")
    distances = np.sum((weights[:, None] - weights) ** 2, axis=-1)
    errors = [np.sum(weights**2, axis=1)]
    for distance in distances:
        errors.append((1 - D / N) * errors[-1] + D / N * distance + sigma**2 * D / (N - D - 1))
    return np.array(errors)


def expected_forgetting(weights: Any, N: int, D: int, sigma: float) -> float:
    """Rise of the expected error of a task from its own turn to the end, averaged over all tasks but the last (C7)."""
    errors = expected_errors(weights, N, D, sigma)
    return float(np.mean(errors[-1, :-1] - np.diag(errors[1:])[:-1]))


def generalisation_error(N: Any, D: Any, T: Any, energy: Any, rho: Any, sigma: Any) -> Any:
    """Expected error averaged over T tasks of equal norm and pairwise cosine, after the last (C7)."""
    return C7.value("generalisation_error", N=N, D=D, T=T, energy=energy, rho=rho, sigma=sigma).value


def forgetting(N: Any, D: Any, T: Any, energy: Any, rho: Any, sigma: Any) -> Any:
    """Expected forgetting of T tasks of equal norm and pairwise cosine; negative where later tasks help (C7)."""
    return C7.value("forgetting", N=N, D=D, T=T, energy=energy, rho=rho, sigma=sigma).value
