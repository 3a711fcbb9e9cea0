"""Certificates of C7: the window of T tasks, what equal cosines do to forgetting, and the formula in print as an identity."""

from __future__ import annotations

import sympy as sp

from theory.certificates import balls, exact, smt
from theory.certificates.certificate import Certificate, Verdict, all_of

T_MOST = 24


def _window() -> Verdict:
    """T x (1-x)^(T-1) <= (1 - 1/T)^(T-1) for the share x = D/N in [0, 1]: equality at x = 1/T."""
    x = sp.Symbol("x", positive=True)
    verdicts = [balls.above_zero(1 - x, {x: (0, 1)})]
    for tasks in range(2, T_MOST + 1):
        margin = sp.Rational(tasks - 1, tasks) ** (tasks - 1) - tasks * x * (1 - x) ** (tasks - 1)
        verdicts.append(balls.above_zero(margin, {x: (0, 1)}, contact=(x, sp.Rational(1, tasks))))
    return all_of(verdicts)


def _schedules() -> Verdict:
    """Shares x_t of any schedule: least of x_t prod_{later}(1 - x_j) is at most 1/T."""
    x = sp.symbols("x_1:6", real=True)
    verdicts = []
    for tasks in range(2, 6):
        left, depths = sp.S.One, []
        for share in reversed(x[:tasks]):
            depths.append(share * left)
            left *= 1 - share
        telescoped = exact.vanishes(sum(depths) - 1 + left, "sum of depths - 1 + product")
        # with depths d_t and what is left of the start as variables, the constraint is linear
        d, rest = sp.symbols(f"d_1:{tasks + 1}", real=True), sp.Symbol("rest", real=True)
        level = sp.Symbol("level", real=True)
        verdicts += [
            telescoped,
            smt.follows([rest >= 0, sp.Eq(sum(d) + rest, 1), *(each >= level for each in d)], tasks * level <= 1),
        ]
    return all_of(verdicts)


def _in_print() -> Verdict:
    """Forgetting by the recursion minus the formula of Lin et al., identically in all distances, norms, the noise and q."""
    q, noise = sp.symbols("q v", positive=True)
    verdicts = []
    for tasks in range(2, 7):
        norms = sp.symbols(f"n_1:{tasks + 1}", positive=True)
        apart = [[sp.S.Zero if i == j else sp.Symbol(f"d_{min(i, j)}_{max(i, j)}") for j in range(tasks)] for i in range(tasks)]
        errors = [list(norms)]
        for t in range(tasks):
            errors.append([q * e + (1 - q) * (gap + noise) for e, gap in zip(errors[-1], apart[t], strict=True)])
        ours = sum(errors[tasks][i] - errors[i + 1][i] for i in range(tasks - 1))
        print_ = sum((q**tasks - q**i) * norms[i - 1] + noise * (q**i - q**tasks) for i in range(1, tasks))
        for i in range(1, tasks):
            for j in range(i + 1, tasks + 1):
                weight = (1 - q) * (q ** (tasks - i) - q ** (j - i) + q ** (tasks - j))
                print_ += weight * apart[i - 1][j - 1]
        verdicts.append(exact.vanishes(ours - print_, f"T = {tasks}: recursion minus formula"))
    return all_of(verdicts)


def _dissimilar_is_worse() -> Verdict:
    """Equal cosines: sum_i (q^i - q^T) + (1-q)(1 - q^(T-i)) >= 0, the weight of delta in the forgetting, on 0 <= q <= 1."""
    q = sp.Symbol("q", positive=True)
    verdicts = []
    for tasks in range(2, 13):
        terms = (q**i - q**tasks + (1 - q) * (1 - q ** (tasks - i)) for i in range(1, tasks))
        bracket = sp.cancel(sum(terms) / (1 - q))  # the factor 1 - q >= 0 is taken out exactly
        verdicts.append(balls.above_zero(bracket, {q: (0, 1)}))
    return all_of(verdicts)


CERTIFICATES = (
    Certificate(
        "C7",
        "T D (1 - D/N)^(T-1) <= N (1 - 1/T)^(T-1)",
        f"every 0 <= D/N <= 1, each whole T in 2 ... {T_MOST}",
        "balls",
        _window,
    ),
    Certificate(
        "C7",
        "under any schedule of D_1 ... D_T the least depth D_t prod_{j > t} (1 - D_j/N) is at most N/T",
        "all 0 <= D_t/N <= 1, T = 2 ... 5 (telescoping as an identity, the rest is linear)",
        "smt",
        _schedules,
    ),
    Certificate(
        "C7",
        "the recursion gives the forgetting formula of Lin et al. 2023, with c_ij = (1-q)(q^(T-i) - q^(j-i) + q^(T-j))",
        "identically in q, the noise, all norms and all pairwise distances, T = 2 ... 6",
        "exact",
        _in_print,
    ),
    Certificate(
        "C7",
        "at equal pairwise cosines forgetting never falls as tasks become less similar",
        "all 0 <= D/N <= 1, each whole T in 2 ... 12",
        "balls",
        _dissimilar_is_worse,
    ),
)
