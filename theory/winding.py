r"""Streams that keep more than N in all (claim C1-winding): the shortest loop, its writes, and the excess per fact.

Conservation (C1) bounds the total depth of writes in any order by 2N - 1. A loop of directions whose holonomy is -1 makes the
total approach that bound. The shortest such loop has
the Gram matrix P_{N-1}(cos(pi (i - j)/M)), P_n Legendre's polynomial, and the length pi sqrt(N (N - 1)/2) (N - 1 half circles:
pi (N - 1)). Its M writes, each of strength h, fall short of 2N - 1 by

    pi^2 N (N - 1) (2 - h)/(4 h M)

to leading order: a cap on the strength costs writes, not the bound. In the plane 2 + cos^M(pi/M) is the largest total of M
writes, exactly. The excess is spread thinly: at most (2N - 1)/M a fact on average; and a fact whose successor is written at the
angle delta from it keeps at most sin(delta) at full strength.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from theory.proof.claim import Assumption, Claim, Quantity
from theory.proof.derivation import Derivation
from theory.proof.limits import affordable, fits
from theory.proof.notation import M, N, drift, eta, shortfall


def winding_directions(N: int, M: int) -> np.ndarray:
    """M equally spaced directions of the shortest loop with holonomy -1: [M, N], Gram matrix P_{N-1}(cos(pi (i - j)/M))."""
    frequencies, weights = _frequencies(N)
    up = frequencies > 0
    angles = np.outer(np.arange(1, M + 1) / M, frequencies[up])
    waves = np.sqrt(2 * weights[up]) * np.stack([np.cos(angles), np.sin(angles)])
    axis = [np.full((M, 1), np.sqrt(weights[frequencies == 0].item()))] if N % 2 else []
    return np.concatenate([*waves, *axis], axis=1)


def _frequencies(N: int) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies pi (2j - n) of the loop and the weights on them, n = N - 1 (the discrete arcsine law): [N] each."""
    j = np.arange(N)
    halves = np.cumprod(np.append(1.0, 1 - 1 / (2 * j[1:])))  # binom(2j, j)/4^j
    return np.pi * (2 * j - N + 1), halves * halves[::-1]


def total(N: float, M: float, eta: float) -> float:
    """Total depth of M writes of strength eta along the loop: N + (-1)^N tr (D exp(-X/M))^M, D = I - eta u u^T, X diagonal."""
    fits(8 * N**2)
    affordable(N**3 * np.log2(M + 1) / 2)  # squarings of a complex matrix, by a fast library
    frequencies, weights = _frequencies(int(N))
    direction = np.sqrt(weights)
    step = (np.eye(int(N)) - eta * np.outer(direction, direction)) * np.exp(-1j * frequencies / M)
    return float(N + (-1) ** int(N) * np.trace(np.linalg.matrix_power(step, int(M))).real)


def _totals(N: Any, M: Any, eta: Any) -> Any:
    return np.vectorize(total, otypes=[float])(N, M, eta)


def derive() -> Derivation:
    """C1-winding: what lies between N and 2N - 1, in the plane, under a cap, along the shortest loop, and per fact."""
    proof = Derivation()
    _in_the_plane(proof)
    _under_a_cap(proof)
    _shortest_loop(proof)
    _spread(proof)
    return proof


def _weights(n: int) -> list[Any]:
    """The weights of `_frequencies`, exactly."""
    return [sp.binomial(2 * j, j) * sp.binomial(2 * n - 2 * j, n - j) / sp.Integer(4) ** n for j in range(n + 1)]


def _legendre(largest: int) -> tuple[bool, str]:
    """sum_j w_j cos((n - 2j) t) = P_n(cos t), as polynomials in cos t."""
    x = sp.Symbol("x")
    gaps = [
        sum(weight * sp.chebyshevt(abs(n - 2 * j), x) for j, weight in enumerate(_weights(n))) - sp.legendre(n, x)
        for n in range(1, largest + 1)
    ]
    return all(sp.expand(gap) == 0 for gap in gaps), f"as polynomials, for n = 1 ... {largest}"


def _interlaced(largest: int) -> tuple[bool, str]:
    """sum_j w_j/(z - (2j - n)) has its zeros half way between its poles; the integral of the proof, exactly."""
    z, x, gaps = sp.Symbol("z"), sp.Symbol("x"), []
    for n in range(1, largest + 1):
        poles = [2 * j - n for j in range(n + 1)]
        numerator = sum(
            weight * sp.prod(z - other for other in poles if other != pole)
            for pole, weight in zip(poles, _weights(n), strict=True)
        )
        gaps.append(sp.expand(numerator - sp.prod(z - (pole + 1) for pole in poles[:-1])))
        gaps += [
            sp.integrate(sp.expand(sp.legendre(n, x) * sp.chebyshevu(abs(pole + 1) - 1, x)), (x, -1, 1))
            for pole in poles[:-1]
            if pole != -1 and n <= 5
        ]
    return all(gap == 0 for gap in gaps), f"as polynomials, for n = 1 ... {largest}"


def _comes_back() -> tuple[bool, str]:
    """exp(X) exp(-H) is -1 on the frame, u comes back to (-1)^n u: N = 2 ... 9, matrices multiplied out."""
    worst = 0.0
    for size in range(2, 10):
        frequencies, weights = _frequencies(size)
        direction = np.sqrt(weights)
        rest = np.eye(size) - np.outer(direction, direction)
        values, axes = np.linalg.eigh(rest * frequencies @ rest)
        back = (axes * np.exp(1j * values)) @ axes.T
        frame = np.exp(1j * frequencies)[:, None] * back.conj()
        sign = (-1) ** (size - 1)
        worst = max(worst, np.max(np.abs(frame - sign * np.outer(direction, direction) + rest)))
    return bool(worst < 1e-9), f"N = 2 ... 9: the frame misses -1 by {worst:.0e}"


def _written(directions: np.ndarray, eta: float) -> float:
    """N - tr prod (I - eta P), multiplied out."""
    product = np.eye(directions.shape[1])
    for direction in directions:
        product = product - eta * np.outer(direction, direction @ product)
    return float(directions.shape[1] - np.trace(product))


def _winds() -> tuple[bool, str]:
    """The trace of the winding writes against the writes themselves, and its shortfall against the leading order."""
    direct = _written(winding_directions(4, 50), 0.6)
    gap = 7 - float(total(4, 4000, 0.6))
    lead = float(np.pi**2 * 12 * 1.4 / (4 * 0.6 * 4000))
    passed = abs(direct - total(4, 50, 0.6)) < 1e-10 and abs(gap / lead - 1) < 0.02
    return bool(passed), f"N = 4, eta = 0.6: 50 writes keep {direct:.6f}, 4000 fall short by {gap:.5f} (leading order {lead:.5f})"


def _in_the_plane(proof: Derivation) -> None:
    """The largest total of M writes, N = 2."""
    x, y = sp.symbols("delta x", positive=True)
    concave = {
        x: (sp.Rational(1, 10), sp.Rational(1), sp.Rational(3, 2)),
        y: (sp.Rational(1), sp.Rational(1, 5), sp.Rational(4, 3)),
    }
    proof.holds(
        "By C1 the total is N - tr A_1, and tr A_1 is least where every strength is 0 or 1. In the plane A_1 then has rank one "
        "and tr A_1 is the product of the cosines of the angles "
        "between successive directions, once around; taken in (-pi/2, pi/2] they add up to k pi, and the product is negative "
        "for odd k alone. ln cos is concave, so its tangent at delta = pi/M lies above it:",
        sp.log(sp.cos(y)) <= sp.log(sp.cos(x)) - sp.tan(x) * (y - x),
        samples=concave,
    )
    proof.argued(
        "Added up over M angles of sum at least pi, -tr A_1 <= cos^M(pi/M), which grows with M (a write of strength 0 is one "
        "write fewer): M writes in the plane keep at most the following, and equal angles keep it",
        2 + sp.cos(sp.pi / M) ** M,
        lambda: (abs(_written(winding_directions(2, 7), 1.0) - 2 - np.cos(np.pi / 7) ** 7) < 1e-12, "7 writes, equal angles"),
        law="planar_total",
    )


def _under_a_cap(proof: Derivation) -> None:
    """Strengths at most h < 1."""
    k = sp.Symbol("k", integer=True, positive=True)
    projector, direction = sp.Matrix([[1, 0], [0, 0]]), sp.eye(2)
    proof.argued(
        "A cap on the strength, eta_i <= h < 1: k writes of one direction are one write of the strength 1 - (1 - h)^k, since",
        sp.Eq(sp.Symbol("(I - h P)^k"), sp.Symbol("I - (1 - (1 - h)^k) P")),
        lambda: (
            all(
                sp.expand((direction - eta * projector) ** count - (direction - (1 - (1 - eta) ** count) * projector))
                == sp.zeros(2)
                for count in range(1, 6)
            ),
            "symbolically, for k = 1 ... 5, on the direction and beside it",
        ),
    )
    strength = 1 - (1 - eta) ** k
    proof.limit("With k writes the strength is as close to 1 as one likes:", strength.subs(eta, sp.Rational(1, 2)), k, sp.oo)
    proof.argued(
        "The total is a polynomial in the strengths, hence continuous: its least upper bound is 2N - 1 under every cap h > 0, "
        "and for N >= 2 no finite stream attains it",
        None,
        lambda: (
            bool(2.9 < total(2, 4000, 0.1) < 3),
            f"N = 2, h = 0.1: 4000 writes keep {total(2, 4000, 0.1):.4f}",
        ),
    )


def _shortest_loop(proof: Derivation) -> None:
    """The loop that approaches 2N - 1 with fewest writes, at any strength."""
    n, slope, delta, root = sp.symbols("n P_n'(1) delta mu", positive=True)
    proof.given(
        "A closed loop of directions u(t) = exp(t X) u, with its frame carried along: A_1 tends to exp(X) exp(-H) on the frame, "
        "H the part of X that leaves u alone. Let u spread over the frequencies pi (2j - n) of X, j = 0 ... n, n = N - 1, with "
        "the weights",
        sp.binomial(2 * sp.Symbol("j"), sp.Symbol("j")) * sp.binomial(2 * (n - sp.Symbol("j")), n - sp.Symbol("j")) / 4**n,
    )
    proof.argued(
        "(they add up to 1): then <u(s), u(t)> = P_n(cos(pi (s - t))), Legendre's polynomial, of which they are the classical "
        "Fourier coefficients, for every n (its generating function is the product of two binomial series)",
        None,
        lambda: _legendre(8),
    )
    j, t, z = sp.symbols("j t z")
    weight = sp.Function("w")(j)
    proof.argued(
        "The frequencies of H are the zeros of the sum of weight/(z - frequency), in units of pi: z = 2i - 1 - n, i = 1 ... n. "
        "For 2j - n - z is odd there, so each term is an integral of exp(i (2j - n - z) t) over half a circle, and their sum",
        sp.Eq(
            -2 * sp.I * sp.Sum(weight / (z - 2 * j + n), (j, 0, n)),
            sp.Integral(sp.Function("P_n")(sp.cos(t)) * sp.exp(-sp.I * z * t), (t, 0, sp.pi)),
            evaluate=False,
        ),
        lambda: _interlaced(8),
    )
    proof.argued(
        "Its cosine part vanishes by t -> pi - t, z being n - 1 modulo 2; its sine part is, up to the sign, the integral of "
        "P_n U_{|z|-1} over [-1, 1], U_k Chebyshev's polynomials of the second kind, of a degree |z| - 1 <= n - 2: 0 by "
        "orthogonality. A numerator of degree n has no other zeros. One of X and H has odd multiples of pi only, the other even "
        "ones: exp(X) exp(-H) = -1 on the frame, and u comes back to +-u",
        None,
        _comes_back,
    )
    turn = proof.solve("The squared length is pi^2 P_n'(1), by Legendre's equation at 1", n * (n + 1) - 2 * slope, slope)
    length = proof.equal("That is", (sp.pi**2 * turn).subs(n, N - 1), sp.pi**2 * N * (N - 1) / 2)
    proof.argued(
        "No smooth loop with holonomy -1 is shorter: a shortest one has the frame exp(t X) exp(-t H) for some X (horizontal "
        "fields and their first brackets span all directions, step 2, so that Goh's condition leaves no strictly abnormal "
        "minimiser (Agrachev and Sarychev 1996): shortest curves are normal extremals), the frequencies of X are distinct "
        "multiples of pi of one parity, strictly interlaced with those of H, of the other parity; the squared length is half "
        "the difference of the sums of their squares, least when both run through consecutive multiples",
        None,
        lambda: (
            abs(float(length.subs(N, 3)) - 3 * np.pi**2) < 1e-12,
            "N = 3: the circle that encloses the area pi, sqrt(3) pi long",
        ),
    )
    square = proof.given(
        "The loss. In a frame that turns along, a step of angle delta at strength eta multiplies the moving direction and u by a "
        "matrix with the eigenvalues mu",
        root**2 - (2 - eta) * sp.cos(delta) * root + 1 - eta,
    )
    slow = next(item for item in sp.solve(square, root) if sp.simplify(item.subs(delta, 0) - 1) == 0)
    loss = proof.limit("The larger of the two is 1 less delta^2 times", (1 - slow) / delta**2, delta, 0)
    gap = proof.equal(
        "M steps of the loop fall short of 2N - 1 by, to leading order in 1/M,",
        M * length / M**2 * loss,
        sp.pi**2 * N * (N - 1) * (2 - eta) / (4 * eta * M),
        law="winding_gap",
    )
    proof.solve("To come as near as that takes the number of writes", gap - shortfall, M, law="winding_writes")
    proof.argued("Exactly, the total is N + (-1)^N tr (D exp(-X/M))^M with D = I - eta u u^T", None, _winds)


def _spread(proof: Derivation) -> None:
    """What one fact keeps of a total above N."""
    proof.given("A fact keeps on average at most", sp.Min(1, (2 * N - 1) / M), law="mean_depth")
    along, across = (1 - eta) * sp.cos(drift), sp.sin(drift)
    proof.equal(
        "A fact whose successor lies at the angle drift has s_i = eta <u, A_{i+2} (I - eta P) u> <= eta |(I - eta P) u|, for "
        "a norm below 1 of A: at most eta times the root of",
        along**2 + across**2,
        1 - eta * (2 - eta) * sp.cos(drift) ** 2,
    )
    proof.given("That is", eta * sp.sqrt(1 - eta * (2 - eta) * sp.cos(drift) ** 2), law="drift_depth")


COUNT = Assumption("M is a whole number", lambda M: np.mod(M, 1) == 0, "round M")
COUNTS = Assumption("N and M are whole numbers", lambda N, M: (np.mod(N, 1) == 0) & (np.mod(M, 1) == 0), "round N and M")

CLAIMS = (
    Claim(
        id="C1-winding",
        title="Orders that keep more than N in all",
        plain="A store can keep more than N facts' worth in all if each fact lies close to the one before it. Directions "
        "that turn slowly come as close to the limit 2N - 1 as one likes, but each single fact is then kept only a "
        "little.",
        statement="Directions that wind slowly approach the least upper bound 2N - 1 of C1, for every N and under every cap "
        "eta_i <= h on the strengths. M writes of strength h along the shortest loop fall short of it by "
        "pi^2 N (N-1) (2-h)/(4 h M), to leading order in 1/M. In the plane M writes keep at most 2 + cos^M(pi/M). On average a "
        "fact keeps at most min(1, (2N - 1)/M), and at most sin(delta) where its successor is written at the angle delta from it "
        "at full strength.",
        assumptions=(
            Assumption("linear readout, delta-rule writes; orthogonal projectors, 0 <= eta_i <= 1"),
            Assumption("the gap is the shortest loop's, to leading order in 1/M; for N >= 3 the best of M writes is not known"),
        ),
        status="proved",
        source="this project; no strictly abnormal minimisers: Agrachev and Sarychev 1996",
        evidence=(
            "derivation: theory.winding.derive",
            "certificate: theory.certificates.winding",
            "attack: theory.attacks.winding",
            "property test: tests/theory/test_winding.py",
        ),
        derive=derive,
        quantities=(
            Quantity(
                "winding_total",
                "total depth of M writes of one strength along the shortest loop",
                "facts",
                ("N", "M", "eta"),
                (COUNTS,),
                _totals,
            ),
            Quantity("planar_total", "largest total depth of M writes in the plane (N = 2)", "facts", ("M",), (COUNT,)),
            Quantity(
                "winding_gap",
                "facts by which M writes along the shortest loop fall short of 2N - 1, to leading order in 1/M",
                "facts",
                ("N", "M", "eta"),
            ),
            Quantity(
                "winding_writes",
                "writes along the shortest loop that fall short of 2N - 1 by `shortfall`, to leading order",
                "facts",
                ("N", "eta", "shortfall"),
            ),
            Quantity("mean_depth", "upper bound on the mean depth of M facts in any order", "retained fraction", ("N", "M")),
            Quantity(
                "drift_depth",
                "upper bound on the depth of a fact whose successor is written at the angle `drift` from it",
                "retained fraction",
                ("eta", "drift"),
            ),
        ),
    ),
)
(C1_WINDING,) = CLAIMS
