"""Certificates of S3 and S3-one: counting in both stores, dominance, the list, one unit against two, rates, Gardner's load."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import sympy as sp

from theory.certificates import balls, exact, smt
from theory.certificates.certificate import Certificate, Verdict, all_of
from theory.controls import fits

# declared real, not positive: SymPy would drop a hypothesis such as C > 0, and the solver would never see it
held_per, c, T, M, S, F, p, q, L, D = sp.symbols("C c T M S F p q L D", real=True)
STATE = [held_per > 0, c > 0, T >= 1, M >= 0, S >= 0, F >= 0]


def load() -> Verdict:
    """M <= C S and c M/T <= F give M (T + c C) <= C T (S + F)."""
    return smt.follows([*STATE, held_per * S >= M, c * M <= T * F], M * (T + c * held_per) <= held_per * T * (S + F))


def uneven_tasks() -> Verdict:
    """The largest task D is at least M/T: the same ceiling holds if the tasks differ in size."""
    return smt.follows([*STATE, held_per * S >= M, c * D <= F, T * D >= M], M * (T + c * held_per) <= held_per * T * (S + F))


def load_awake() -> Verdict:
    """What the fast store holds at the end (K of M) need not be in the slow one; if c C >= 1, M (T - 1 + c C) <= C T (S + F)."""
    K = sp.Symbol("K", real=True)
    limits = [K >= 0, K <= M, held_per * S >= M - K, c * K <= F, c * D <= F, T * D >= M]
    return smt.follows([*STATE, c * held_per >= 1, *limits], M * (T - 1 + c * held_per) <= held_per * T * (S + F))


def many_passes() -> Verdict:
    """All labels in one store or the other: at most C (S + F) if c C >= 1; and with c C < 1 a fast store alone holds more."""
    K = sp.Symbol("K", real=True)
    limits = [K >= 0, K <= M, held_per * S >= M - K, c * K <= F]
    bounded = smt.follows([*STATE, c * held_per >= 1, *limits], held_per * (S + F) >= M)
    packed = smt.follows([*STATE, c * held_per <= 1, *limits], c * M <= S + F)
    return all_of([bounded, packed])


def straight_way() -> Verdict:
    """(1 - t) h + t h' > 0 if both margins are: no old answer changes on the way from old weights to new ones."""
    before, after, t = sp.symbols("h g t", real=True)
    return smt.follows([before > 0, after > 0, t >= 0, t <= 1], (1 - t) * before + t * after > 0)


def list_wins() -> Verdict:
    """C <= p_b: p_b (copies/C + c/T) + cue >= 1 + cue."""
    k = sp.Symbol("k", real=True)
    return smt.follows(
        [held_per > 0, held_per <= p, k >= 1, c > 0, T >= 1, q >= 0],
        p * (k * T + c * held_per) + q * held_per * T >= (1 + q) * held_per * T,
    )


def break_even() -> Verdict:
    """load > C_one exactly where T (1/C_one - 1/C) > c, if 0 < C_one < C."""
    kinds = [held_per > 0, c > 0, T >= 1, L > 0, held_per > L]
    beyond = smt.follows([*kinds, T * (held_per - L) > c * held_per * L], held_per * T > L * (T + c * held_per))
    before = smt.follows([*kinds, T * (held_per - L) <= c * held_per * L], held_per * T <= L * (T + c * held_per))
    return all_of([beyond, before])


def sparsity_adds() -> Verdict:
    """At equal C the gain over a fast store of c' >= c is at least 1 and at most 1 + C (c' - c)/T: of order 1/T."""
    other = sp.Symbol("d", real=True)
    kinds = [held_per > 0, c > 0, T >= 1, other >= c]
    least = smt.follows(kinds, T + other * held_per >= T + c * held_per)
    most = smt.follows(kinds, (T + other * held_per) * T <= (T + c * held_per) * (T + held_per * (other - c)))
    return all_of([least, most])


def one_shot_entry() -> Verdict:
    """Full retrieval: 2^(2H) - 1 >= 2 H ln 2, so a one-shot store holds at most 1/(2 ln 2) < 1 labels per synapse (C3)."""
    x = sp.Symbol("x", positive=True)  # x = 2 H ln 2 <= 2 ln 2
    below_one = balls.above_zero(2 * sp.log(2) - 1 + 0 * x, {x: (0, 1)})
    return all_of([balls.above_zero(sp.exp(x) - 1 - x, {x: (0, 2)}, contact=(x, sp.Integer(0))), below_one])


def _divisions() -> Iterator[tuple[str, bool]]:
    chances = {(m, n): fits(m, n) for m in range(1, 33) for n in range(1, 17)}
    for s, f in product(range(1, 9), repeat=2):
        for one, two in product(range(1, 17), repeat=2):
            together = chances[one + two, s + f]
            yield f"S = {s}, F = {f}, M1 = {one}, M2 = {two}", together >= chances[one, s] * chances[two, f]


def one_unit() -> Verdict:
    """Cover's counts in fractions: one unit against two, every division."""
    return exact.in_all(_divisions(), "one unit of S + F weights fits at least as often as S and F apart")


def plane_gain() -> Verdict:
    """depth (2 - eta) >= eta (2 - depth) exactly where depth >= eta."""
    depth, eta = sp.symbols("depth eta", real=True)
    rates = [depth > 0, depth <= 1, eta > 0, eta <= 1]
    above = smt.follows([*rates, depth > eta], depth * (2 - eta) > eta * (2 - depth))
    below = smt.follows([*rates, depth <= eta], depth * (2 - eta) <= eta * (2 - depth))
    return all_of([above, below])


def gardner_falls() -> Verdict:
    """The slope of 1/alpha, 2 (kappa Phi(kappa) + phi(kappa)), is positive; alpha <= 2."""
    k = sp.Symbol("k", positive=True)
    phi = sp.exp(-(k**2) / 2) / sp.sqrt(2 * sp.pi)
    Phi = 1 - sp.erfc(k / sp.sqrt(2)) / 2
    inverse = (1 + k**2) * Phi + k * phi
    written = exact.vanishes(sp.expand(sp.diff(inverse, k) - 2 * (k * Phi + phi)), "the slope of 1/alpha")
    box = {k: (0, 12)}
    half = balls.above_zero(Phi - sp.Rational(1, 2), {k: (sp.Rational(1, 1000), 12)})
    return all_of([written, balls.above_zero(k * Phi + phi, box), half])


ALL = "all C, c > 0, T >= 1, all sizes of the stores"
CERTIFICATES = (
    Certificate("S3", "labels per number <= 1/(1/C + c/T), everything in the slow store after sleep", ALL, "smt", load),
    Certificate("S3", "the same if tasks differ in size", ALL, "smt", uneven_tasks),
    Certificate(
        "S3",
        "labels per number <= 1/((1 - 1/T)/C + c/T), whatever is left in the fast store",
        ALL + ", c C >= 1",
        "smt",
        load_awake,
    ),
    Certificate("S3", "two stores hold at most C (S + F) labels if c C >= 1, (S + F)/c else", ALL, "smt", many_passes),
    Certificate("S3", "no old answer changes on the straight way to weights for all facts", "all margins", "smt", straight_way),
    Certificate(
        "S3", "no load per bit exceeds that of a list with the same cues", "all C <= p_b, copies >= 1, cue >= 0", "smt", list_wins
    ),
    Certificate("S3", "two stores hold more than C_one exactly beyond break_even_T", ALL + ", C_one < C", "smt", break_even),
    Certificate("S3", "1 <= gain over a costlier fast store <= 1 + C (c' - c)/T", ALL + ", c' >= c", "smt", sparsity_adds),
    Certificate(
        "S3",
        "one-shot full retrieval holds less than one label per synapse: a list is the better fast store",
        "0 <= H <= 1 bit",
        "balls",
        one_shot_entry,
    ),
    Certificate(
        "S3",
        "one unit of S + F weights fits M1 + M2 random facts at least as often as two units do",
        "S, F = 1 ... 8, M1, M2 = 1 ... 16",
        "exact",
        one_unit,
    ),
    Certificate(
        "S3", "two rates leave the plane of C4 exactly if the fast one is larger", "0 < eta, depth <= 1", "smt", plane_gain
    ),
    Certificate("S3-one", "Gardner's load falls with the stability", "0 <= kappa <= 12", "balls", gardner_falls),
)
