r"""How much memory a synapse with finitely many states can hold, and for how long (claim C6).

N synapses have M_s states each. An event potentiates a synapse (b = 1, with probability f) or depresses it (b = -1), by the
stochastic matrix M+ or M-. Events come at a rate, and w(state) is read later. The signal-to-noise ratio of an event that is
`age` events old is that of the overlap of the b with the w of now,

    SNR(age) = sqrt(N) Cov(b, w)/sd(w) = sqrt(N) 2 f (1-f) pi (M+ - M-) Q^age w / sd(w),   Q = f M+ + (1-f) M-,  pi Q = pi.

Three bounds hold for every model, whatever its states and rules: SNR <= sqrt(N) (Cauchy and Schwarz). The powers of all ages
add up to sum SNR^2 <= N (Bessel: the b of different events are independent). This is the law of additive storage (C3), with
equality for linear synapses at f = 1/2 (`theory.chain`). The area under the curve is at most sqrt(N) (M_s - 1)/rate (Lahiri
and Ganguli 2013; the proof here cuts the states in the order of their remaining signal). A reader that knows f and counts b in
units of its own deviation gains the factor 1/(2 sqrt(f (1-f))). The first two bounds stay. The bound on the area grows by that
factor, and two states then attain it. If the curve is log-convex, as every mixture of decaying exponentials is, tangents turn
the bounds into an envelope: with x = rate t,

    SNR(t) <= sqrt(N) max_q min(1, sqrt(2q), (M_s - 1) q) exp(-q x):  sqrt(N/(e x)),  then  sqrt(N) (M_s - 1)/(e x),

and M SNR^2 of the oldest of M events is at most N (1 - 1/M)^(M-1), the ceiling of one fixed regime (C2). The bound is not tight
in the middle: the piece sqrt(2q) lies pi^2/8 = 1.234 above that of the numerical envelope of Lahiri and Ganguli, which has
(sqrt(128)/pi^2) sqrt(q) instead and no proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import sympy as sp
from scipy.linalg import expm, solve_discrete_lyapunov

from theory.errors import UserError
from theory.proof.claim import Assumption, Claim, Quantity
from theory.proof.derivation import Derivation
from theory.proof.notation import M, M_s, N, rate, t


@dataclass(frozen=True)
class Synapse:
    """M+ (up) and M- (down), row-stochastic [M_s, M_s]; weights w [M_s]; f, the share of events that potentiate."""

    up: np.ndarray
    down: np.ndarray
    weights: np.ndarray
    f: float = 0.5

    def __post_init__(self) -> None:
        states = len(self.weights)
        for matrix in (self.up, self.down):
            stochastic = np.shape(matrix) == (states, states) and np.all(matrix >= 0) and np.allclose(np.sum(matrix, axis=1), 1)
            if not stochastic:
                raise UserError(f"a transition matrix of {states} states has rows >= 0 that add up to 1; mend the matrix")
        if not 0 < self.f < 1:
            raise UserError(f"f = {self.f:g} violates '0 < f < 1'; let some events potentiate and some depress")

    @property
    def forget(self) -> np.ndarray:
        """Q = f M+ + (1-f) M-, what one later event does to the states on average; [M_s, M_s]."""
        return self.f * self.up + (1 - self.f) * self.down

    @property
    def equilibrium(self) -> np.ndarray:
        """pi with pi Q = pi, [M_s]; `UserError` if there is more than one."""
        kept = self.forget.T - np.eye(len(self.weights))
        if np.linalg.matrix_rank(kept) < len(kept) - 1:
            raise UserError("the states fall into classes that no event leaves; give one class")
        return np.linalg.lstsq(np.vstack([kept, np.ones(len(kept))]), np.append(np.zeros(len(kept)), 1.0), rcond=None)[0]

    def parts(self) -> tuple[np.ndarray, np.ndarray]:
        """Covariance of b with the occupation of every state after the event, and w standardised; each [M_s]."""
        pi = self.equilibrium
        centred = self.weights - pi @ self.weights
        deviation = np.sqrt(pi @ centred**2)
        if deviation <= 1e-12 * np.abs(self.weights).max():  # equal weights differ by the rounding of pi
            raise UserError("all occupied states have one weight; give at least two")
        return 2 * self.f * (1 - self.f) * pi @ (self.up - self.down), centred / deviation


def serial(states: int, leave: float = 1.0) -> Synapse:
    """States in a row, moved one up or down by each event, leaving an end with probability `leave`; w = -1 below, 1 above."""
    if states < 2 or not 0 < leave <= 1:
        raise UserError(f"states = {states}, leave = {leave:g}: give at least 2 states and 0 < leave <= 1")
    up = np.eye(states, k=1)
    up[-1, -1] = 1.0
    up[0, 0], up[0, 1] = 1 - leave, leave
    return Synapse(up, up[::-1, ::-1], np.sign(np.arange(states) - (states - 1) / 2))


def binary(switch: float) -> Synapse:
    """Two states, w = -1 and 1, switched by an event with that probability."""
    return serial(2, switch)


def cascade(levels: int, ratio: float = 0.5) -> Synapse:
    """The cascade of Fusi, Drew and Abbott 2005: 2 * levels states, plasticity falling as ratio^level, equally occupied."""
    if levels < 1 or not 0 < ratio <= 0.5:
        raise UserError(f"levels = {levels}, ratio = {ratio:g}: give at least one level and 0 < ratio <= 1/2")
    depths = np.arange(levels)
    switch = ratio ** depths.astype(float)
    deepen = ratio ** (depths + 1.0) / (1 - ratio)
    if levels > 1:
        switch[-1] /= 1 - ratio
    up = np.zeros((2 * levels, 2 * levels))
    weak, strong = levels - 1 - depths, levels + depths  # level 0 of both strengths in the middle
    up[weak, strong[0]] = switch
    up[weak, weak] = 1 - switch
    up[strong[:-1], strong[1:]] = deepen[:-1]
    up[strong[:-1], strong[:-1]] = 1 - deepen[:-1]
    up[strong[-1], strong[-1]] = 1.0
    return Synapse(up, up[::-1, ::-1], np.repeat([-1.0, 1.0], levels))


def curve(synapse: Synapse, x: Any) -> np.ndarray:
    """SNR(t)/sqrt(N) at x = rate t >= 0, events at random times; shape of x."""
    change, weight = synapse.parts()
    flow = synapse.forget - np.eye(len(weight))
    return change @ expm(np.asarray(x, dtype=float)[..., None, None] * flow) @ weight


def by_age(synapse: Synapse, ages: int) -> np.ndarray:
    """SNR/sqrt(N) of events 0, 1, ..., ages - 1 events old, [ages]."""
    change, weight = synapse.parts()
    forget, snr = synapse.forget, np.empty(ages)
    for age in range(ages):
        snr[age] = change @ weight
        weight = forget @ weight
    return snr


def power(synapse: Synapse) -> float:
    """Sum of SNR^2/N over all ages, by Lyapunov's equation."""
    change, weight = synapse.parts()
    decaying = synapse.forget - synapse.equilibrium
    return float(change @ solve_discrete_lyapunov(decaying, np.outer(weight, weight)) @ change)


def area(synapse: Synapse) -> float:
    """Area under SNR/sqrt(N) against rate t, which is also its sum over ages."""
    change, weight = synapse.parts()
    settled = np.eye(len(weight)) - synapse.forget + synapse.equilibrium
    return float(change @ np.linalg.solve(settled, weight))


@cache
def _samples(count: int = 200) -> tuple[Synapse, ...]:
    """Random models of 2 to 6 states, from dense to nearly deterministic."""
    rng = np.random.default_rng(0)
    models = []
    for _ in range(count):
        states, spread = int(rng.integers(2, 7)), 10 ** rng.uniform(-1, 0.7)
        up, down = (rng.dirichlet(np.full(states, spread), size=states) + 1e-6 for _ in range(2))
        up, down = (matrix / matrix.sum(axis=1, keepdims=True) for matrix in (up, down))
        models.append(Synapse(up, down, rng.normal(size=states), rng.uniform(0.05, 0.95)))
    return tuple(models)


def _tried(ratio: Any, what: str) -> tuple[bool, str]:
    worst = max(ratio(model) for model in _samples())
    return bool(worst <= 1 + 1e-9), f"{what} in 200 random models: at most {worst:.6f} of the bound"


def _cuts(synapse: Synapse) -> float:
    """The largest ratio of flux times gap to what the cut allows, and of the area to the sum over the cuts."""
    weight = synapse.parts()[1]
    pi, Q = synapse.equilibrium, synapse.forget
    left = np.linalg.solve(np.eye(len(weight)) - Q + pi, weight)
    order = np.argsort(left)
    pi, Q, left, weight = pi[order], Q[np.ix_(order, order)], left[order], weight[order]
    flows = pi[:, None] * Q
    ratios, total = [], 0.0
    for k in range(1, len(weight)):
        flux, allowed = flows[:k, k:].sum(), -pi[:k] @ weight[:k]
        ratios.append(max(flux * (left[k] - left[k - 1]) / allowed, allowed / 0.5))
        total += 2 * flux * (left[k] - left[k - 1])
    return max(*ratios, area(synapse) / total)


def derive() -> Derivation:
    """C6: three inequalities for any model, and what tangents make of them."""
    proof = Derivation()
    f, q, y, p = sp.symbols("f q y p", positive=True)
    root = sp.sqrt(N)
    proof.given(
        "A covariance of b with w is at most sd(b) sd(w), so SNR = sqrt(N) Cov(b, w)/sd(w) is at most sqrt(N)"
        " sd(b). As sd(b) <= 1 this is at most",
        root,
        law="initial",
    )
    proof.equal("Here b is 1 with probability f and else -1, so its variance is", 1 - (2 * f - 1) ** 2, 4 * f * (1 - f))
    proof.holds("The variance of b is at most 1", sp.Le(4 * f * (1 - f), 1))
    proof.argued(
        "The bound sqrt(N) holds at every age, in particular at the start",
        sp.Le(sp.Symbol("SNR"), root),
        lambda: _tried(lambda model: np.max(np.abs(by_age(model, 40))), "all ages"),
    )
    proof.argued(
        "The standardised b of different events are orthonormal. The squared correlations of w with them add "
        "up to at most 1 (Bessel), and to exactly 1 if w is linear in them. Over all ages the powers "
        "therefore add up to at most",
        sp.Le(sp.Symbol("sum_SNR2"), N),
        lambda: _tried(power, "sum of squares"),
    )
    proof.name("power_sum", N)
    proof.argued(
        "Area. As (1-f) pi M- = pi - f pi M+, it is 2 sqrt(N)/(rate sd(w)) times f pi (M+ - I) eta, where (I - Q) eta = w - pi w."
        " Sort the states by eta. f M+ moves no more up than Q does, so f pi (M+ - I) eta <= sum_k Phi_k (eta_(k+1) - eta_k), "
        "Phi_k the flux of pi through the cut after k, equal in both directions. Adding up pi_i ((I - Q) eta)_i over the first k "
        "states leaves -Phi_k times (mean eta where flux arrives above minus that where it arrives below): with 1_k the "
        "indicator of these states, Phi_k (eta_(k+1) - eta_k) <= -Cov(1_k, w)",
        None,
        lambda: _tried(_cuts, "every cut"),
    )
    proof.holds(
        "By Cauchy and Schwarz that covariance is at most sd(w) times the deviation of an indicator of "
        "probability p, which is at most 1/2",
        sp.Le(sp.sqrt(p * (1 - p)), sp.Rational(1, 2)),
    )
    proof.given(
        "There are M_s - 1 cuts, each worth at most 2 sqrt(N)/rate times 1/2: the area is at most",
        root * (M_s - 1) / rate,
        law="area",
    )
    x = sp.Symbol("x", positive=True)
    s = sp.Symbol("s", positive=True)
    proof.argued(
        "A log-convex curve lies above its exponential tangent at x = rate t: SNR(s) >= SNR(x) exp(-q (s - x)) for some q >= 0. "
        "Its area, power and start therefore bound it by those of exp(-q s)"
    )
    one = proof.equal(
        "By the area, the tangent of slope q allows at x at most",
        root * (M_s - 1) * sp.exp(-q * x) / sp.Integral(sp.exp(-q * s), (s, 0, sp.oo)),
        root * (M_s - 1) * q * sp.exp(-q * x),
    )
    slowest = proof.solve("That is largest at the slope", sp.diff(sp.log(one), q), q)
    proof.equal(
        "At time t the area allows at most",
        one.subs(q, slowest).subs(x, rate * t),
        root * (M_s - 1) / (sp.E * rate * t),
        law="late_envelope",
    )
    two = proof.equal(
        "By the power, as rate times the integral of SNR^2 is at most N (events at random times: Jensen)",
        sp.sqrt(N) * sp.exp(-q * x) / sp.sqrt(sp.Integral(sp.exp(-2 * q * s), (s, 0, sp.oo))),
        sp.sqrt(2 * N * q) * sp.exp(-q * x),
    )
    middle = proof.solve("That is largest at the slope", sp.diff(sp.log(two), q), q)
    proof.equal(
        "At time t the power allows at most",
        two.subs(q, middle).subs(x, rate * t),
        sp.sqrt(N / (sp.E * rate * t)),
        law="power_envelope",
    )
    start = sp.Piecewise(
        (root * sp.exp(-rate * t / (M_s - 1)), rate * t <= M_s - 1), (root * (M_s - 1) / (sp.E * rate * t), True)
    )
    proof.given(
        "Start and area alone: q <= 1/(M_s - 1) as long as x <= M_s - 1, the two regimes in print", start, law="two_regimes"
    )
    oldest = proof.given(
        "By ages: a tangent of ratio sqrt(y) leaves an event that M - 1 others have followed the power",
        N * (1 - y) * y ** (M - 1),
    )
    best = proof.solve("The oldest event's power is largest at", sp.diff(sp.log(oldest), y), y)
    proof.equal(
        "M times that power is at most the ceiling of one fixed regime, with power in place of depth",
        sp.expand_power_base(M * oldest.subs(y, best)),
        N * (1 - 1 / M) ** (M - 1),
        law="power_ceiling",
    )
    lasts = proof.solve("SNR = 1 is reached by the area at the latest after rate t =", root * (M_s - 1) / (sp.E * x) - 1, x)
    longest = proof.solve("By the power SNR = 1 is reached at the latest after", N / (sp.E * x) - 1, x)
    r = M_s - 1
    corner = proof.solve(
        "Both together: q = 2/(M_s - 1)^2, where area and power allow the same height, reaches SNR = 1 after",
        sp.log(root * 2 / r) - 2 * x / r**2,
        x,
    )
    proof.equal("This is the area's time while 1/x <= q, up to M_s - 1 =", corner.subs(M_s, 1 + 2 * root / sp.E),
                lasts.subs(M_s, 1 + 2 * root / sp.E))  # fmt: skip
    proof.equal("It is the power's time from 1/(2x) >= q on, M_s - 1 =", corner.subs(M_s, 1 + 2 * sp.sqrt(N / sp.E)), longest)
    proof.given(
        "A memory therefore lasts at most so many events",
        sp.Piecewise((lasts, r <= 2 * root / sp.E), (corner, r <= 2 * sp.sqrt(N / sp.E)), (longest, True)),
        law="lifetime",
    )
    proof.given("More states than these raise it no further", 1 + 2 * sp.sqrt(N / sp.E), law="useful_states")
    return proof


def _envelope(N: Any, M_s: Any, rate: Any, t: Any) -> Any:
    """sqrt(N) max_q min(1, sqrt(2q), (M_s - 1) q) exp(-q rate t): the best q of each of the three pieces."""
    reach, x = np.asarray(M_s, dtype=float) - 1, np.maximum(np.asarray(rate * t, dtype=float), 1e-300)
    first = np.minimum(2 / reach**2, 1 / reach)  # where the area stops to bind
    last = np.maximum(0.5, first)  # from where on the start binds
    slow, mid = np.minimum(1 / x, first), np.clip(1 / (2 * x), first, last)
    pieces = [reach * slow * np.exp(-slow * x), np.minimum(1, np.sqrt(2 * mid)) * np.exp(-mid * x)]
    return np.sqrt(N) * np.maximum(*pieces)


LATER = Assumption("t > 0 (the late envelope is above sqrt(N) at once)", lambda t: np.asarray(t) > 0, "raise t")
CONVEX = "envelopes, ceiling and lifetime: the memory curve is log-convex, as every mixture of decaying exponentials is"

CLAIMS = (
    Claim(
        id="C6",
        title="Bounds on memory in synapses with finitely many states",
        plain="Synapses that can take only a few values forget by nature. Whatever the rule by which they change, the "
        "signal of an old memory stays below fixed bounds, which more states per synapse raise only up to a point.",
        statement="N synapses of M_s states under any plasticity rule: SNR <= sqrt(N), the sum over ages of SNR^2 is at most N, "
        "and the area under the SNR curve at most sqrt(N) (M_s - 1)/rate. Log-convex curves stay below sqrt(N/(e rate t)) and "
        "below sqrt(N) (M_s - 1)/(e rate t); M SNR^2 of the oldest of M events is at most N (1 - 1/M)^(M-1) -> N/e, and states "
        "beyond 1 + 2 sqrt(N/e) raise no bound on the lifetime.",
        assumptions=(
            Assumption("synapses and events are independent, statistics stationary; the ideal reader knows each event's b"),
            Assumption("noise is the deviation of w in equilibrium, the event's own share included; b = 1 or -1 is not rescaled"),
            Assumption(CONVEX),
        ),
        status="proved under assumptions",
        source="area, envelope: Lahiri and Ganguli 2013 (NeurIPS); its proof, the power sum and its envelope: this project",
        evidence=(
            "derivation: theory.envelope.derive",
            "certificate: theory.certificates.envelope",
            "attack: theory.attacks.envelope",
            "property test: tests/theory/test_envelope.py",
        ),
        derive=derive,
        quantities=(
            Quantity(
                "envelope",
                "upper bound on the SNR at time t, the least of all three bounds, for log-convex curves",
                "SNR",
                ("N", "M_s", "rate", "t"),
                (),
                _envelope,
            ),
            Quantity(
                "late_envelope",
                "upper bound on the SNR at time t from the area alone: the late part of the envelope",
                "SNR",
                ("N", "M_s", "rate", "t"),
                (LATER,),
            ),
            Quantity("power_envelope", "upper bound on SNR at time t by the power alone", "SNR", ("N", "rate", "t"), (LATER,)),
            Quantity(
                "two_regimes",
                "upper bound on the SNR at time t from start and area: the envelope in print",
                "SNR",
                ("N", "M_s", "rate", "t"),
                (LATER,),
            ),
            Quantity("initial", "upper bound on SNR of the newest event", "SNR", ("N",)),
            Quantity("area", "upper bound on the area under the SNR curve", "SNR time units", ("N", "M_s", "rate")),
            Quantity("power_sum", "upper bound on the sum of SNR^2 over all ages", "power ratio", ("N",)),
            Quantity(
                "power_ceiling",
                "upper bound on M * SNR^2 of the oldest of M events, log-convex",
                "power ratio",
                ("N", "M"),
            ),
            Quantity("lifetime", "upper bound on the age at SNR 1, log-convex", "events", ("N", "M_s")),
            Quantity("useful_states", "number of states beyond which the bound on the lifetime does not rise", "states", ("N",)),
        ),
    ),
)
(C6,) = CLAIMS


def envelope(N: Any, M_s: Any, rate: Any, t: Any) -> Any:
    """Upper bound on the SNR at time t of N synapses of M_s states with a log-convex memory curve (C6)."""
    return C6.value("envelope", N=N, M_s=M_s, rate=rate, t=t).value


def power_ceiling(N: Any, M: Any) -> Any:
    """Upper bound on M * SNR^2 of the oldest of M events for a log-convex curve: N (1 - 1/M)^(M-1) (C6)."""
    return C6.value("power_ceiling", N=N, M=M).value
