r"""How much rehearsal, how often, at what rate: what a sleep can do for a store (claim S4).

A sleep presents the M facts stored so far to a store of N parameters, one at random at a time, by the delta rule at strength
eta. It lasts until each fact has been presented `sweeps` times on average. With K the Gram matrix of the unit keys, the depth
of the facts (d readout / d target, mean over the order) is on average exactly (1/M) tr[I - (I - eta K/M)^(M sweeps)]. For
independent isotropic keys and large stores that is

    depth = integral_0^(eta sweeps) e^(-(1+q)x) I_1(2x sqrt q) / (x sqrt q) dx,   q = M/N,

the probability that a busy period of an M/M/1 queue of load q has ended by eta sweeps. It saturates at min(1, N/M): rehearsal
spreads depth and creates none, and leaves each fact at most twice as deep as one annealed pass, N/(N+M). Below M = N what is
missing decays at rate eta (1 - sqrt q)^2 per sweep; at M = N only as 1/sqrt(pi eta sweeps). The squared error contracts per
presentation by 1 - eta(2 - eta) lambda_min/M (Strohmer and Vershynin 2009 at eta = 1), and no faster than (1 - eta
lambda_min/M)^2 for the worst facts. A sleep after every `hold` tasks that rehearses all that is held presents sweeps D T (T +
hold)/(2 hold) facts in all (hold dividing T; else the last sleep is a short one).
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import sympy as sp
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import ive

from theory.proof.claim import Assumption, Claim, Quantity
from theory.proof.derivation import Derivation
from theory.proof.notation import D, M, N, T, eps, eta, hold, price, sweeps

NODES, PER_ROOT, MOST_NODES = 64, 20, 400_000
"""Points of the trapezoid rule: the integrand varies over 1/sqrt(eta sweeps) near the lower edge of the spectrum."""
SMALL, TERMS_OF_SERIES = sp.Rational(3, 10), 36
"""Below sqrt(T D/N) = 0.3 a stream's presentations are evaluated by that many terms of their series, which end below 1e-18."""


def _deposited(N: float, M: float, eta: float, sweeps: float) -> float:
    """Mean depth after rehearsal: the mean of 1 - exp(-eta sweeps lambda) over the Marchenko-Pastur spectrum of K."""
    q, x = M / N, eta * sweeps
    size = min(MOST_NODES, int(NODES + PER_ROOT * np.sqrt(x * np.sqrt(q)) + PER_ROOT / (abs(1 - np.sqrt(q)) + 1e-2)))
    theta = np.pi * np.arange(1, size) / size
    spectrum = (1 - np.sqrt(q)) ** 2 + 4 * np.sqrt(q) * np.cos(theta / 2) ** 2
    return float(2 / size * np.sum(np.sin(theta) ** 2 * -np.expm1(-x * spectrum) / spectrum))


def _sweeps_for(N: float, M: float, eta: float, depth: float) -> float:
    """Sweeps after which the mean depth has reached `depth`."""
    low = high = depth / eta  # depth is deposited at rate eta a sweep at first, and slower later
    while _deposited(N, M, eta, high) < depth:
        low, high = high, 2 * high
    return float(brentq(lambda count: _deposited(N, M, eta, count) - depth, low, high)) if high > low else float(high)  # pyright: ignore[reportArgumentType]


def _break_even(N: Any, M: Any, eta: Any) -> Any:
    """Sweeps after which rehearsed facts are as deep as one annealed pass leaves them, N/(N + M)."""
    return np.vectorize(lambda size, facts, rate: _sweeps_for(size, facts, rate, size / (size + facts)))(N, M, eta)


def _mean_of_orders_is_a_power() -> tuple[bool, str]:
    """All orders of four presentations of three facts, averaged, against I - (I - eta K/M)^4."""
    rng, worst = np.random.default_rng(0), 0.0
    for rate in (0.3, 1.0):
        keys = rng.normal(size=(3, 4))
        keys /= np.linalg.norm(keys, axis=1, keepdims=True)
        mean = np.zeros((3, 3))
        for order in itertools.product(range(3), repeat=4):
            weights = np.zeros((4, 3))  # the parameters, linear in the three targets
            for fact in order:
                weights += rate * np.outer(keys[fact], np.eye(3)[fact] - keys[fact] @ weights)
            mean += keys @ weights / 3**4
        power = np.linalg.matrix_power(np.eye(3) - rate * keys @ keys.T / 3, 4)
        worst = max(worst, float(np.max(np.abs(mean - (np.eye(3) - power)))))
    return worst < 1e-13, f"81 orders, two rates: largest difference {worst:.1e}"


def _busy_period() -> tuple[bool, str]:
    """The Bessel integral against the mean over the spectrum, at three loads."""
    worst = 0.0
    for q, x in ((0.25, 3.0), (1.0, 5.0), (2.0, 0.7)):

        def density(s: float, root: float = np.sqrt(q)) -> float:
            return np.exp(-((1 - root) ** 2) * s) * ive(1, 2 * root * s) / (root * s)

        worst = max(worst, abs(quad(density, 0, x)[0] - _deposited(1, q, 1, x)))
    return worst < 1e-9, f"largest difference {worst:.1e}"


def _critical_decay() -> tuple[bool, str]:
    """At M = N: the missing depth is e^(-2x) (I_0(2x) + I_1(2x)), and approaches 1/sqrt(pi x)."""
    exact = max(abs(1 - _deposited(1, 1, 1, x) - ive(0, 2 * x) - ive(1, 2 * x)) for x in (0.5, 5.0, 500.0))
    far = [(1 - _deposited(1, 1, 1, x)) * np.sqrt(np.pi * x) - 1 for x in (1e2, 1e4)]
    return exact < 1e-9 and abs(far[1]) < abs(
        far[0]
    ) < 1e-2, f"difference {exact:.1e}; from 1/sqrt(pi x) {far[0]:.1e}, {far[1]:.1e}"


def _mean_sweeps() -> tuple[bool, str]:
    """The integral of the missing depth over x, against 1/(1 - q)."""
    areas = [quad(lambda x, q=q: 1 - _deposited(1, q, 1, x), 0, np.inf, limit=200)[0] * (1 - q) for q in (0.1, 0.5)]
    return bool(np.allclose(areas, 1, rtol=1e-6)), f"integral times 1 - q: {areas[0]:.9f}, {areas[1]:.9f}"


def derive() -> Derivation:
    """S4: mean depth after a rehearsal, sweeps that a squared error takes, presentations that a stream takes."""
    proof = Derivation()
    _depth(proof)
    _error(proof)
    _stream(proof)
    return proof


def _depth(proof: Derivation) -> None:
    lam, x, q = sp.symbols("lambda x q", positive=True)
    theta = sp.Symbol("theta", positive=True)
    t, j = sp.Symbol("t", integer=True, positive=True), sp.Symbol("j", integer=True, nonnegative=True)
    proof.argued(
        "A random fact is presented: the vector v of the M readouts moves on average by (eta/M) K (y - v), linear in the "
        "targets y. Presentations are independent, so after t of them E[v] depends on y through I - (I - eta K/M)^t",
        verify=_mean_of_orders_is_a_power,
    )
    along = proof.equal(
        "Along an eigendirection of K, eigenvalue lambda, the t presentations deposit",
        sp.Sum(eta * lam / M * (1 - eta * lam / M) ** j, (j, 0, t - 1)).doit(),
        1 - (1 - eta * lam / M) ** t,
        samples={t: (2, 5, 9)},
    )
    rank = sp.Min(N, M)
    ceiling = proof.given(
        "K has trace M and rank at most r = min(N, M). 1 - (1 - eta lambda/M)^t is concave in lambda <= M and 0 at 0, so "
        "(Jensen) the mean depth is largest when r eigenvalues equal M/r (orthogonal keys, tight frames): for any keys, at most",
        rank / M * along.subs({lam: M / rank, t: sweeps * M}),
        law="depth_ceiling",
    )
    proof.given(
        "Many sweeps: this tends to the share of facts that fit. Unequal chances p or changing rates do not raise it: the maps "
        "I - eta K diag(p) commute, have eigenvalues in [0, 1], and leave all but r directions alone",
        rank / M,
        law="depth_limit",
    )
    proof.holds("The depth never exceeds this limit", ceiling <= rank / M)
    gain = proof.equal(
        "One annealed pass leaves N/(N + M) (claim C2, large N): rehearsal can deepen a fact at most by",
        rank / M / (N / (N + M)),
        (1 + M / N) * sp.Min(1, N / M),
        law="replay_gain",
    )
    proof.holds("The ratio is never more than two, and it is two only at M = N", gain <= 2)
    proof.limit("Sweeps of a large set: what is left along an eigendirection", (1 - eta * lam / M) ** (sweeps * M), M, sp.oo)
    edge = 1 + q + 2 * sp.sqrt(q) * sp.cos(theta)
    root = sp.sqrt(4 * q - (lam - 1 - q) ** 2)
    proof.equal(
        "Independent isotropic keys, q = M/N: K's spectrum is Marchenko and Pastur's (1967), supported on (1 -+ sqrt q)^2; with "
        "lambda = 1 + q + 2 sqrt(q) cos theta its density is",
        root.subs(lam, edge) / (2 * sp.pi * q * edge) * 2 * sp.sqrt(q) * sp.sin(theta),
        2 * sp.sin(theta) ** 2 / (sp.pi * edge),
    )
    rate = sp.exp(-(1 + q) * x) * sp.besseli(1, 2 * x * sp.sqrt(q)) / (x * sp.sqrt(q))
    proof.argued(
        "Depth is therefore deposited, per x = eta * sweeps, at the mean of lambda exp(-x lambda), an "
        "integral of Bessel's. It is the density of the busy period of an M/M/1 queue of load q: it adds up "
        "to min(1, 1/q)",
        rate,
        _busy_period,
    )
    proof.argued(
        "At M = N the missing depth is e^(-2x) (I_0(2x) + I_1(2x)): it falls as a power of the sweeps only, to leading order as",
        1 / sp.sqrt(sp.pi * eta * sweeps),
        _critical_decay,
        law="critical_missing",
    )
    proof.argued(
        "Below M = N depth arrives after, on average (mean of 1/lambda over eta), the number of sweeps",
        N / (eta * (N - M)),
        _mean_sweeps,
        law="mean_sweeps",
    )


def _error(proof: Derivation) -> None:
    lam, x = sp.symbols("lambda x", positive=True)
    component = sp.Symbol("p", real=True)
    drop = proof.equal(
        "Targets that one weight vector fits (M <= N): e = w - w* lies in the span of the keys. A presentation changes |e|^2 by",
        ((1 - eta) * component) ** 2 - component**2,
        -eta * (2 - eta) * component**2,
    )
    left = proof.given(
        "The mean of <k_i, e>^2 over the facts is at least lambda_min |e|^2/M: a presentation leaves at most the fraction",
        1 + drop.coeff(component, 2) * lam / M,
    )
    best = proof.solve("The rate that contracts it most is", sp.diff(left, eta), eta)
    proof.equal("The fraction left is", left.subs(eta, best), 1 - lam / M)
    proof.holds("It is at most exp(-eta (2 - eta) lambda/M)", left <= sp.exp(-eta * (2 - eta) * lam / M))
    smallest = proof.given("Random isotropic keys, large N: lambda_min (Bai and Yin 1993)", (1 - sp.sqrt(M / N)) ** 2)
    proof.solve(
        "A share eps of the squared error is left no later than after the sweeps", eps - sp.exp(-eta * (2 - eta) * lam * x), x
    )
    proof.given(
        "That is, after",
        sp.log(1 / eps) / (eta * (2 - eta) * smallest),
        law="sweeps_enough",
    )
    proof.given(
        "E|e|^2 >= |E e|^2, and E e shrinks along the worst eigendirection by 1 - eta lambda_min/M a presentation: targets "
        "that lie there need (large M)",
        sp.log(1 / eps) / (2 * eta * smallest),
        law="sweeps_least",
    )


def _stream(proof: Derivation) -> None:
    j, n = sp.Symbol("j", integer=True, positive=True), sp.Symbol("n", integer=True, positive=True)
    v, s = sp.symbols("v s", positive=True)
    before = proof.equal(
        "There are n sleeps, one after every `hold` tasks: the n - 1 before the last rehearse in all, per sweep,",
        sp.Sum(D * hold * j, (j, 1, n - 1)).doit(),
        D * hold * n * (n - 1) / 2,
        samples={n: (2, 5, 9)},
    )
    count = proof.given("The number of sleeps is", sp.ceiling(T / hold), law="sleeps")
    whole = proof.given(
        "The last sleep rehearses all D T facts. The presentations in all are",
        sweeps * (before + D * T).subs(n, count),
        law="presentations",
    )
    proof.name("passes", whole / (D * T))
    even = proof.equal(
        "When `hold` divides T", sweeps * (before + D * T).subs(n, T / hold), sweeps * D * T * (T + hold) / (2 * hold)
    )
    proof.equal(
        "(facts held) x (passes per fact) is half the facts, plus half of those held, times the sweeps",
        D * hold * even / (D * T),
        sweeps * (D * T + D * hold) / 2,
    )
    cost = even + price * hold
    best = proof.solve("Presentations plus `price` for room for each held task cost least at", sp.diff(cost, hold), hold)
    best = proof.equal("That is", best, T * sp.sqrt(sweeps * D / (2 * price)))
    proof.holds("There the cost is convex in `hold`: it is a minimum", sp.diff(cost, hold, 2) > 0)
    proof.equal(
        "The least cost is", cost.subs(hold, best), sweeps * D * T / 2 + T * sp.sqrt(2 * price * sweeps * D), law="least_cost"
    )
    proof.given("A fast store holds from 1 to T tasks", sp.Min(T, sp.Max(1, best)), law="best_hold")
    load, k = sp.sqrt(T * D / N), sp.Symbol("k", integer=True, nonnegative=True)
    growth = 2 * (1 / v + 3 * sp.log(v) - 3 * v + v**2 / 2 + sp.Rational(3, 2))
    proof.equal(
        "Each sleep as long as the error at its load takes: it rehearses m facts for ln(1/eps)/(eta (2 - eta) (1 - s)^2) sweeps, "
        "s^2 = m/N. The sum over m = D hold, 2 D hold, ... is (small `hold`) an integral over 2 s^3/(1 - s)^2, with v = 1 - s",
        -sp.diff(growth, v).subs(v, 1 - s),
        2 * s**3 / (1 - s) ** 2,
    )
    scale = N**2 / (D * hold) * sp.log(1 / eps) / (eta * (2 - eta))
    far = proof.given("The stream therefore takes the presentations", scale * growth.subs(v, 1 - load))
    series = sum(sp.Rational(2 * (j + 1), j + 4) * s**j for j in range(TERMS_OF_SERIES)) * s**4
    proof.argued(
        "The last factor is evaluated by its series in s below s = 0.3, where the closed form cancels",
        sp.Sum(2 * (k + 1) * s ** (k + 4) / (k + 4), (k, 0, sp.oo)),
        lambda: _close(growth.subs(v, 1 - s), series, s),
    )
    proof.name("stream_presentations", sp.Piecewise((scale * sp.horner(series).subs(s, load), load < SMALL), (far, True)))


def _close(growth: Any, series: Any, s: sp.Symbol) -> tuple[bool, str]:
    """The two forms of the growth of a stream, to forty digits up to s = 0.3."""
    worst = max(abs(sp.N((growth / series - 1).subs(s, point), 40)) for point in (sp.Rational(1, 50), sp.Rational(1, 10), SMALL))
    return bool(worst < 1e-17), f"s = 0.02, 0.1, 0.3: relative difference at most {float(worst):.0e}"


FITS = Assumption("M < N (fewer facts than parameters)", lambda N, M: M < N, "hold fewer facts, or enlarge N")
STREAM_FITS = Assumption("T*D < N (fewer facts than parameters)", lambda N, T, D: T * D < N, "lower T or D, or enlarge N")
HELD = Assumption("hold <= T", lambda T, hold: hold <= T, "lower hold to at most T")
MANY = Assumption("hold <= T/10 (at least ten sleeps)", lambda T, hold: 10 * hold <= T, "lower hold to at most T/10, or raise T")
RESOLVED = Assumption(
    "M >= 1e-9 N (with fewer facts the depth of one annealed pass is 1 to nine digits)",
    lambda N, M: M >= 1e-9 * N,
    "raise M, or lower N",
)
COUNTABLE = Assumption(
    "eta * sweeps <= 1e8 (as far as the spectrum is resolved)",
    lambda eta, sweeps: eta * sweeps <= 1e8,
    "lower sweeps, or ask for depth_limit or critical_missing",
)
REACHED = Assumption(
    "depth <= 0.999 min(1, N/M) (the limit itself takes infinitely many sweeps)",
    lambda N, M, depth: depth <= 0.999 * np.minimum(1, N / M),
    "lower depth",
)
PRESENTED = Assumption("M*sweeps >= 1 (one presentation)", lambda M, sweeps: M * sweeps >= 1 - 1e-12, "raise sweeps")
LATE = Assumption("eta * sweeps >= 1 (leading order)", lambda eta, sweeps: eta * sweeps >= 1, "raise sweeps")

CLAIMS = (
    Claim(
        id="S4",
        title="How much rehearsal, how often, at what rate",
        plain="Rehearsal costs time. The law says how often each fact must be shown, at which strength, to keep it to a "
        "given depth, and how a fast memory that collects several tasks before each rehearsal lowers the cost.",
        statement="Random rehearsal of M facts of isotropic keys deposits depth as the busy period of an M/M/1 queue of load M/N "
        "ends: it saturates at min(1, N/M), at most twice the depth of one annealed pass. To leave a share eps of the squared "
        "error, the worst targets take between L/(2 eta) and L/(eta (2 - eta)) sweeps, L = ln(1/eps)/(1 - sqrt(M/N))^2; at M = N "
        "the missing depth falls as 1/sqrt(pi eta sweeps). To rehearse all that is held at each sleep costs sweeps D T (T + "
        "hold)/(2 hold) presentations (hold dividing T; else the last sleep is a short one): a fast store that holds more "
        "tasks buys computation.",
        assumptions=(
            Assumption(
                "each presentation draws one of the M held facts at random, with its true target; delta rule of one strength"
            ),
            Assumption("depth is the mean over orders; its scatter vanishes only where the facts fit (M < N)"),
            Assumption("laws in M/N: independent isotropic unit keys, N and M both large; the ceilings hold for any unit keys"),
            Assumption("presentations: every sleep rehearses all facts held so far, new and old, with that many sweeps"),
        ),
        status="proved under assumptions",
        source="this project; Marchenko and Pastur 1967 (spectrum); Strohmer and Vershynin 2009 (contraction)",
        evidence=(
            "derivation: theory.consolidation.derive",
            "certificate: theory.certificates.consolidation",
            "attack: theory.attacks.consolidation",
            "property test: tests/theory/test_consolidation.py",
        ),
        derive=derive,
        quantities=(
            Quantity(
                "replay_depth",
                "mean depth of M facts after so many sweeps, isotropic keys",
                "retained fraction",
                ("N", "M", "eta", "sweeps"),
                (COUNTABLE,),
                np.vectorize(_deposited),
            ),
            Quantity(
                "depth_ceiling",
                "largest mean depth after so many sweeps, any keys",
                "retained fraction",
                ("N", "M", "eta", "sweeps"),
                (PRESENTED,),
            ),
            Quantity("depth_limit", "mean depth after infinitely many sweeps", "retained fraction", ("N", "M")),
            Quantity("replay_gain", "largest ratio of rehearsed depth to that of one annealed pass", "ratio", ("N", "M")),
            Quantity(
                "break_even_sweeps",
                "sweeps that make facts as deep as one annealed pass does, N/(N + M)",
                "passes",
                ("N", "M", "eta"),
                (RESOLVED,),
                _break_even,
            ),
            Quantity(
                "sweeps_to_depth",
                "sweeps that bring the mean depth to `depth`",
                "passes",
                ("N", "M", "eta", "depth"),
                (REACHED,),
                solve=np.vectorize(_sweeps_for),
            ),
            Quantity(
                "critical_missing", "missing depth at M = N, leading order", "retained fraction", ("eta", "sweeps"), (LATE,)
            ),
            Quantity("mean_sweeps", "mean number of sweeps after which depth arrives", "passes", ("N", "M", "eta"), (FITS,)),
            Quantity("sweeps_enough", "sweeps that suffice to leave a share eps", "passes", ("N", "M", "eta", "eps"), (FITS,)),
            Quantity("sweeps_least", "sweeps that the worst targets need at least", "passes", ("N", "M", "eta", "eps"), (FITS,)),
            Quantity("sleeps", "sleeps in a stream of T tasks", "sleeps", ("T", "hold"), (HELD,)),
            Quantity("presentations", "facts presented in all sleeps", "presentations", ("T", "D", "hold", "sweeps"), (HELD,)),
            Quantity("passes", "presentations per fact in all sleeps", "passes", ("T", "D", "hold", "sweeps"), (HELD,)),
            Quantity("best_hold", "tasks held that cost least", "tasks", ("T", "D", "sweeps", "price")),
            Quantity("least_cost", "least cost, at best_hold where 1 <= it <= T", "presentations", ("T", "D", "sweeps", "price")),
            Quantity(
                "stream_presentations",
                "presentations when each sleep lasts as long as its load takes (an integral: half the last sleep below the sum)",
                "presentations",
                ("N", "T", "D", "hold", "eta", "eps"),
                (STREAM_FITS, MANY),
            ),
        ),
    ),
)
(S4,) = CLAIMS


def replay_depth(N: Any, M: Any, eta: Any, sweeps: Any) -> Any:
    """Mean depth of M facts with isotropic keys after that many sweeps of random rehearsal; retained fraction (S4)."""
    return S4.value("replay_depth", N=N, M=M, eta=eta, sweeps=sweeps).value


def sweeps_enough(N: Any, M: Any, eta: Any, eps: Any) -> Any:
    """Sweeps that suffice to leave a share eps of the squared error: ln(1/eps)/(eta (2 - eta) (1 - sqrt(M/N))^2) (S4)."""
    return S4.value("sweeps_enough", N=N, M=M, eta=eta, eps=eps).value


def presentations(T: Any, D: Any, hold: Any, sweeps: Any) -> Any:
    """Facts presented in all sleeps of a stream of T tasks of D facts, one sleep after every `hold` tasks (S4)."""
    return S4.value("presentations", T=T, D=D, hold=hold, sweeps=sweeps).value


def best_hold(T: Any, D: Any, sweeps: Any, price: Any) -> Any:
    """Tasks that the fast store should hold: T sqrt(sweeps D/(2 price)), from 1 to T (S4)."""
    return S4.value("best_hold", T=T, D=D, sweeps=sweeps, price=price).value
