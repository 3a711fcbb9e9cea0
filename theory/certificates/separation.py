"""Certificates of S1: the two optima, the best partition, the gain, its inverse, the concave step for any code, finite stores."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations, product
from math import comb

import sympy as sp

from theory.certificates import balls, exact, smt
from theory.certificates.certificate import Certificate, Verdict, all_of

T, rho, y, u, s, w = sp.symbols("T rho y u s w", positive=True)
REAL = {
    name: sp.Symbol(name, real=True)
    for name in ("T", "a", "phi", "rho", "y", "u", "s", "w", "h", "x", "L", "q_1", "z", "e", "f", "g")
}
"""For the solver: SymPy would drop a hypothesis such as y > 0 on a symbol that is declared positive."""
Fractions = dict[int, Fraction]


def aloha() -> Verdict:
    """y ((T - y)/(T - 1))^(T-1) <= 1: minus its logarithm and the slope vanish at y = 1, and it is convex."""
    cost = -sp.log(y) - (T - 1) * sp.log((T - y) / (T - 1))
    value = exact.vanishes(sp.expand_log(cost.subs(y, 1), force=True), "the logarithm at a = 1/T")
    slope = exact.vanishes(sp.diff(cost, y).subs(y, 1), "its slope there")
    written = exact.vanishes(
        sp.diff(cost, y, 2) - ((T - y) ** 2 + (T - 1) * y**2) / (y**2 * (T - y) ** 2), "the second derivative"
    )
    tasks, ratio = REAL["T"], REAL["y"]
    convex = smt.follows([tasks > 1, ratio > 0, ratio < tasks], (tasks - ratio) ** 2 + (tasks - 1) * ratio**2 > 0)
    return all_of([value, slope, written, convex])


def single_optimum() -> Verdict:
    """The margin of the single regime in logarithms, with T - 1 = n, by balls: it touches zero at the best activity."""
    n = sp.Symbol("n", positive=True)
    v = sp.Symbol("v", positive=True)  # v = (a - rho)/(1 - rho)
    margin = -sp.log(v * (n + 1)) - n * sp.log((1 - v) * (n + 1) / n)
    box = {v: (sp.Rational(1, 200), sp.Rational(199, 200)), n: (1, 100)}
    written = exact.vanishes((1 - (rho + (1 - rho) * v)) - (1 - rho) * (1 - v), "1 - a")
    kept = exact.vanishes((rho + (1 - rho) * v) - rho - (1 - rho) * v, "a - rho")
    return all_of([written, kept, balls.above_zero(margin, box, contact=(v, 1 / (n + 1)))])


def partition() -> Verdict:
    """With h = a (1-a)^(T-1)/g <= 1 (previous certificate): (1 - phi) h + a phi <= 1, so D_s/g + R <= b for every cell."""
    h, a, phi = REAL["h"], REAL["a"], REAL["phi"]
    return smt.follows([h >= 0, h <= 1, a >= 0, a <= 1, phi >= 0, phi <= 1], (1 - phi) * h + a * phi <= 1)


def gain_at_T() -> Verdict:
    """-(T - 1) ln(1 - rho) >= 0."""
    tasks, log = REAL["T"], REAL["L"]
    product_of = smt.follows([tasks >= 1, log >= 0], (tasks - 1) * log >= 0)
    box = {rho: (0, 1 - sp.Rational(1, 2**20))}
    return all_of([product_of, balls.above_zero(-sp.log(1 - rho), box)])


def inverse_is_unique() -> Verdict:
    """s e^s is the slope, in s = ln u, of u (ln u - 1); it is below 0 up to s = 1 and rises beyond."""
    left = sp.exp(s) * (s - 1)
    slope = exact.vanishes(sp.expand(sp.diff(left, s) - s * sp.exp(s)), "the slope in ln u")
    log, root = REAL["s"], REAL["u"]
    rises = smt.follows([log >= 1, root > 0], log * root > 0)
    below = smt.follows([log < 1, root > 0], root * (log - 1) < 0)
    at_one = exact.vanishes(left.subs(s, 1), "u (ln u - 1) at u = e")
    return all_of([slope, rises, below, at_one])


def gain_in_r() -> Verdict:
    """With w = W(r/e), r = w e^(w+1): e^w rises with w and dr/dw = (1 + w) e^(w+1) > 0; and e^w <= 1 + r/e."""
    r = w * sp.exp(w + 1)
    written = exact.vanishes(sp.expand(sp.diff(r, w) - (1 + w) * sp.exp(w + 1)), "dr/dw")
    rising = smt.follows([REAL["w"] >= 0, REAL["u"] > 0], (1 + REAL["w"]) * REAL["u"] > 0)
    upper = balls.above_zero(1 + r / sp.E - sp.exp(w), {w: (0, 20)}, contact=(w, sp.Integer(0)))
    return all_of([written, rising, upper])


def long_streams_gain() -> Verdict:
    """The sharp gain (1-rho) u/e is at least 1 if e D_s <= bN - R: u (ln u - 1) at e/(1-rho) against r ln(1/(1-rho))/rho."""
    load, log, part = REAL["x"], REAL["L"], REAL["rho"]  # x = r/e; L = ln(1/(1-rho)) >= 0
    return all_of(
        [
            smt.follows([part > 0, part < 1, log >= 0, load * (1 - part) >= part], load * log * (1 - part) >= part * log),
            balls.above_zero(-sp.log(1 - rho), {rho: (0, 1 - sp.Rational(1, 2**20))}),
        ]
    )


def concave_step() -> Verdict:
    """F''(q) of F(q) = sum_S q^|S| (1-q)^(n-|S|) f(S) is the mean of the second differences of f, for n = 2 ... 5, any f."""
    q = sp.Symbol("q")
    verdicts = []
    for n in range(2, 6):
        value = {tuple(c): sp.Symbol("f" + "".join(map(str, c))) for k in range(n + 1) for c in combinations(range(n), k)}

        def chance(size: int, of: int) -> sp.Expr:
            return q**size * (1 - q) ** (of - size)

        mean = sum(chance(len(c), n) * f for c, f in value.items())
        differences = sp.Integer(0)
        for i, j in combinations(range(n), 2):
            rest = [k for k in range(n) if k not in (i, j)]
            for size in range(n - 1):
                for c in combinations(rest, size):
                    second = [value[tuple(sorted((*c, *more)))] for more in ((i, j), (i,), (j,), ())]
                    differences += 2 * chance(size, n - 2) * (second[0] - second[1] - second[2] + second[3])
        verdicts.append(exact.vanishes(sp.expand(sp.diff(mean, q, 2) - differences), f"n = {n}: F'' less the second differences"))
    return all_of(verdicts)


def any_code_is_separable_when_sparse() -> Verdict:
    """sum_j q_j = 1 for T = 2 ... 12, and a <= q_1 gives q_j <= q_1 because (1-a)^(T-j) <= 1."""
    a, q1, power = REAL["a"], REAL["q_1"], REAL["z"]
    sums = [
        exact.vanishes(
            (1 - a) ** (tasks - 1) + sum(a * (1 - a) ** (tasks - j) for j in range(2, tasks + 1)) - 1, "sum of q_j less 1"
        )
        for tasks in range(2, 13)
    ]
    return all_of([*sums, smt.follows([a >= 0, power >= 0, power <= 1, a <= q1], a * power <= q1)])


def survivors(n: int, K: int, tasks: int) -> Fractions:
    """Exact law of the number of survivors, by inclusion and exclusion over the cells that survive."""
    law = {}
    for left in range(K + 1):
        total = Fraction(0)
        for more in range(K - left + 1):
            escaped = Fraction(comb(n - left - more, K), comb(n, K)) ** (tasks - 1)
            total += (-1) ** more * comb(K - left, more) * escaped
        law[left] = comb(K, left) * total
    return law


def _moments() -> Iterator[tuple[str, bool]]:
    for n, tasks in product(range(2, 9), range(1, 6)):
        for K in range(1, n + 1):
            law = survivors(n, K, tasks)
            mean = K * Fraction(n - K, n) ** (tasks - 1)
            pairs = K * (K - 1) * Fraction((n - K) * (n - K - 1), n * (n - 1)) ** (tasks - 1)
            right = sum(law.values()) == 1 and sum(k * p for k, p in law.items()) == mean
            yield f"n = {n}, K = {K}, T = {tasks}", right and sum(k * (k - 1) * p for k, p in law.items()) == pairs


def moments() -> Verdict:
    """Mean and second factorial moment of the exact law against the closed forms, in fractions."""
    return exact.in_all(_moments(), "moments of the number of surviving cells")


def _tiny_codes() -> Iterator[tuple[str, bool]]:
    """Every encoder of m messages into K binary cells: success against E min(1, 2^S/m), S by inclusion and exclusion."""
    for n, K, tasks, messages in ((3, 2, 2, 2), (3, 2, 2, 3), (4, 2, 3, 2), (4, 3, 2, 4), (5, 3, 2, 5), (4, 3, 3, 3)):
        bound = sum(p * min(Fraction(1), Fraction(2**k, messages)) for k, p in survivors(n, K, tasks).items())
        law = survivors(n, K, tasks)
        words = list(product((0, 1), repeat=K))
        subsets = {k: list(combinations(range(K), k)) for k in range(K + 1)}  # by symmetry, each S-subset is equally likely
        best = Fraction(0)
        for code in product(words, repeat=messages):
            success = Fraction(0)
            for k, chosen in subsets.items():
                seen = sum(len({tuple(word[cell] for cell in cells) for word in code}) for cells in chosen)
                success += law[k] * Fraction(seen, messages * len(chosen))
            best = max(best, success)
        yield f"n = {n}, K = {K}, T = {tasks}, {messages} messages", best <= bound


def tiny_codes() -> Verdict:
    """All deterministic codes of tiny stores (a random code is a mixture of them) under the converse."""
    return exact.in_all(_tiny_codes(), "best of all codes against the converse")


def damage_borne() -> Verdict:
    """1 - (1-rho)^T >= rho, so that the damage borne is not negative; the gain falls with the damage."""
    rho, e, left, lost = (
        REAL[name] for name in ("rho", "e", "f", "g")
    )  # e = (1-rho)^(T-1) <= 1; f, g: intact shares at two damages
    exists = smt.follows([rho >= 0, rho <= 1, e >= 0, e <= 1], 1 - (1 - rho) * e >= rho)
    falls = smt.follows([rho > 0, lost > 0, left > lost, left <= 1], (left - rho) * lost > (lost - rho) * left)
    meets = exact.vanishes(1 - rho / (rho / (1 - (1 - rho) * e)) - (1 - rho) * e, "1 - rho/x - (1 - rho)^T at the damage borne")
    return all_of([exists, falls, meets])


EVERY = "T > 1, 0 < rho < 1, all of it (polynomial after taking logarithms)"
CERTIFICATES = (
    Certificate("S1", "T a (1-a)^(T-1) <= (1 - 1/T)^(T-1), equality at a = 1/T", "all T > 1 and 0 < a < 1", "smt", aloha),
    Certificate(
        "S1",
        "one regime: (a - rho)(1-a)^(T-1) <= (1-rho)^T (1 - 1/T)^(T-1)/T, touching at a*",
        "a = rho + (1-rho) v, v in [0.005, 0.995], T - 1 in [1, 100], any rho",
        "balls",
        single_optimum,
    ),
    Certificate(
        "S1",
        "no partition holds more than two regimes: every cell has D_s/g + R <= b",
        "all contents, 0 <= a <= 1",
        "smt",
        partition,
    ),
    Certificate(
        "S1", "the gain at equal T and R, (1-rho)^(-(T-1)), is at least 1", "T >= 1, 0 <= rho <= 1 - 2^-20", "balls", gain_at_T
    ),
    Certificate(
        "S1", "u (ln u - 1) = r has exactly one root u >= e, and none below e for r > 0", "all r >= 0", "smt", inverse_is_unique
    ),
    Certificate(
        "S1",
        "exp(W(r/e)) rises with r, and is at most 1 + r/e",
        "all r >= 0; the upper bound: W(r/e) <= 20 (r < 2.6e10)",
        "balls",
        gain_in_r,
    ),
    Certificate(
        "S1",
        "the sharp gain is at least 1 where two regimes hold one task",
        "0 < rho <= 1 - 2^-20, e D_s <= bN - R",
        "smt",
        long_streams_gain,
    ),
    Certificate(
        "S1",
        "the mean entropy of a random part is concave: its second derivative is the mean of second differences",
        "every set function on 2 to 5 cells, every q",
        "exact",
        concave_step,
    ),
    Certificate(
        "S1",
        "sum_j q_j = 1, and q_j <= q_1 if a <= q_1",
        "T = 2 ... 12 (sum), all T (order)",
        "exact",
        any_code_is_separable_when_sparse,
    ),
    Certificate("S1-finite", "E S and E S(S-1) of the surviving cells", "n = 2 ... 8, all K, T = 1 ... 5", "exact", moments),
    Certificate(
        "S1-finite",
        "no code succeeds more often than E min(1, 2^S/m)",
        "all codes of m messages in six stores of 3 to 5 binary cells, T = 2 or 3",
        "exact",
        tiny_codes,
    ),
    Certificate(
        "S1-damage", "the damage borne exists, is not negative, and the gain falls with damage", EVERY, "smt", damage_borne
    ),
)
