r"""How features share the dimensions of an embedding: superposition at rest (claim U1).

An embedding W [dims, features] represents feature i by the column W_i; G = W^T W. The capacity of a feature (Scherlis et al.
2022; the feature dimensionality of Elhage et al. 2022 is the same number) is C_i = (W_i . W_i)^2 / sum_j (W_i . W_j)^2. It is at
most the leverage of the feature, so that

    PR(G)  <=  sum_i C_i  <=  rank W  <=  dims,     PR(G) = (tr G)^2 / tr G^2,

with equality on the right exactly if the features split into mutually orthogonal tight frames, and on the left exactly if C_i is
proportional to (G^2)_ii (for unit columns: if all capacities are equal). For unit columns the squared overlaps are on average
features/PR - 1 per feature (I1): per pair they tend to 1/dims when features abound, the law of loss that Liu et al. 2025 find.

The smallest model (Elhage et al.: ReLU(W^T W x + b), two features, one dimension, values uniform in [0, 1] and active with
probability p) gives up one feature, or stores both as an antipodal pair. With weights (1, -1) and no bias the pair wins below
p = 4 mu / (2 (1 + I) + 3 mu), mu = min(1, I). The best pair, with weights and biases of its own, wins up to a larger density
(`boundary`). The change is abrupt where the importances differ much. In a middle range (I = 0.6 ... 0.9) the dedicated
solution loses stability first, and the second weight grows continuously from 0 (`instability`). Near I = 1 a small jump
returns, and closer still (from about 0.99) a pair is best at every density.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp
from scipy.optimize import brentq, minimize

from theory.proof.claim import Assumption, Claim, Quantity
from theory.proof.derivation import Derivation
from theory.proof.notation import density, dims, features, importance


def capacities(W: Any) -> np.ndarray:
    """C_i of the columns of W [dims, features] -> [features]; in dimensions, 0 for a feature that is not represented."""
    gram = np.asarray(W, dtype=float)
    gram = gram.T @ gram
    own, shared = np.diag(gram) ** 2, np.sum(gram**2, axis=1)
    return np.divide(own, shared, out=np.zeros_like(own), where=shared > 0)


def dimensions_per_feature(W: Any) -> float:
    """dims/|W|_F^2 (Elhage et al. 2022): the mean capacity, where columns are of length 0 or 1 and form a tight frame."""
    return float(np.shape(W)[0] / np.sum(np.square(W)))


def toy_loss(weights: Any, bias: Any, density: float, importance: float) -> float:
    """Expected loss of ReLU(W^T W x + b) for two features in one dimension; weights (w_1, w_2), bias (b_1, b_2); exact."""
    return _loss_and_slope(np.array([*weights, *bias], dtype=float), density, importance)[0]


def _loss_and_slope(model: np.ndarray, p: float, importance: float) -> tuple[float, np.ndarray]:
    """Loss at [w_1, w_2, b_1, b_2] and its gradient."""
    (first, second), biases = model[:2], model[2:]
    total, slope = 0.0, np.zeros(4)
    for index, (own, other, worth) in enumerate(((first, second, 1.0), (second, first, importance))):
        missed, (by_gain, by_cross, by_bias) = _missed(own**2, own * other, biases[index], p)
        total += worth * missed
        slope[index] += worth * (2 * own * by_gain + other * by_cross)
        slope[1 - index] += worth * own * by_cross
        slope[2 + index] += worth * by_bias
    return total, slope


def _missed(gain: float, cross: float, bias: float, p: float) -> tuple[float, np.ndarray]:
    """E[(x - ReLU(gain x + cross y + bias))^2] for independent x and y (0, or with probability p uniform in [0, 1]); gradient."""
    found = np.array([p / 3, 0.0, 0.0, 0.0])
    for x_on, y_on in ((False, False), (False, True), (True, False), (True, True)):
        chance = (p if x_on else 1 - p) * (p if y_on else 1 - p)
        found += chance * _where_open(gain, cross, bias, x_on, y_on)
    return float(found[0]), found[1:]


def _where_open(gain: float, cross: float, bias: float, x_on: bool, y_on: bool) -> np.ndarray:
    """Integral of z^2 - 2 x z over z = gain x + cross y + bias > 0 and its gradient; x (y) runs over [0, 1], or is 0 if not on.

    The integral over y is a cubic in x between the points at which z = 0 meets y = 0 and y = 1: Gauss's rule is exact there.
    """
    x, weight = _pieces([bias, bias + cross] if y_on else [bias], gain) if x_on else (np.zeros(1), np.ones(1))
    level = gain * x + bias
    if y_on:
        with np.errstate(divide="ignore", invalid="ignore"):
            zero = np.clip(-level / cross, 0, 1) if cross else np.where(level > 0, 0.0, 1.0)
        low, high = (zero, np.ones_like(zero)) if cross >= 0 else (np.zeros_like(zero), zero)
        area, mean, square = ((high**k - low**k) / k for k in (1, 2, 3))
    else:
        area, mean, square = (level > 0).astype(float), 0.0, 0.0
    miss, miss_y = (level - x) * area + cross * mean, (level - x) * mean + cross * square
    value = level**2 * area + 2 * level * cross * mean + cross**2 * square - 2 * x * (level * area + cross * mean)
    return np.array([np.sum(weight * part) for part in (value, 2 * x * miss, 2 * miss_y, 2 * miss)])


def _pieces(levels: list[float], gain: float) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of Gauss's rule on the pieces of [0, 1] between the roots of gain x + level."""
    roots = [min(1.0, max(0.0, -level / gain)) for level in levels] if gain else []
    ends = np.sort([0.0, *roots, 1.0])
    width = np.diff(ends)[:, None]
    return (ends[:-1, None] + width * (GAUSS[0] + 1) / 2).ravel(), (width * GAUSS[1] / 2).ravel()


GAUSS = np.polynomial.legendre.leggauss(3)


def best_pair(density: float, importance: float) -> tuple[float, np.ndarray]:
    """(loss, [w_1, w_2, b_1, b_2]) of the best antipodal pair, w_1 > 0 > w_2; local searches from three pairs."""
    limits = [(FAINT, 3.0), (-3.0, -FAINT), (-1.0, 1.0), (-1.0, 1.0)]
    starts = ([1.0, -1.0, 0.05, 0.05], [1.0, -0.5, 0.05, 0.3], [0.5, -1.0, 0.3, 0.05])
    options = {"ftol": 1e-13, "gtol": 1e-9, "maxfun": 300}
    results = [
        minimize(_loss_and_slope, start, (density, importance), "TNC", jac=True, bounds=limits, options=options)
        for start in starts
    ]
    best = min(results, key=lambda result: result.fun)
    return float(best.fun), best.x


FAINT = 0.05
"""A pair's weights are at least this large; a smaller one counts as given up."""


def _one_feature(density: float, importance: float) -> float:
    return min(1.0, importance) * (density / 3 - density**2 / 4)


def _yield_cost(density: float) -> float:
    """Least importance at which giving the second feature a little weight pays: least cost to the first, over the variance."""
    p, centre = density, density / 2

    def slope(beta: float) -> float:
        own = 2 * beta - p - 1.5 * (beta - centre)
        return p * own + (1 - p) * (2 * (1 - p) * beta + p * beta**2)

    beta = float(brentq(slope, 0.0, 1.0))  # pyright: ignore[reportArgumentType]
    own = beta**2 - p * beta + p / 3 - 0.75 * (beta - centre) ** 2
    return (p * own + (1 - p) * ((1 - p) * beta**2 + p * beta**3 / 3)) / (p / 3 - centre**2)


def _instability(importance: float) -> float:
    """Density below which one dedicated feature is not even a local minimum; 1 at equal importance."""
    least = min(importance, 1 / importance)
    if least == 1:
        return 1.0
    return float(brentq(lambda p: _yield_cost(p) - least, least / 4, 1.0, xtol=1e-12))  # pyright: ignore[reportArgumentType]


def _boundary(importance: float) -> float:
    """Density above which one dedicated feature is best, stable and no pair better; 1 if a pair is best at every density."""
    least, stable = min(importance, 1 / importance), _instability(importance)

    def advantage(p: float) -> float:
        return _one_feature(p, least) - best_pair(p, least)[0]

    if stable == 1 or advantage(stable) <= 0:
        return stable
    if advantage(1.0) > 0:
        return 1.0
    return float(brentq(advantage, stable, 1.0, xtol=1e-6))  # pyright: ignore[reportArgumentType]


def _instability_in_the_loss() -> tuple[bool, str]:
    """The best model with second weight -1/500, found by search, against the dedicated feature, on both sides of the density."""
    gains = []
    for worth in (0.3, 0.8):
        for factor in (0.97, 1.03):
            p = factor * _instability(worth)
            start = np.array([1.0, -2e-3, 5e-4, p / 2])
            free = [(0.5, 2.0), (-2e-3, -2e-3), (-1.0, 1.0), (-1.0, 1.0)]
            options = {"ftol": 1e-16, "gtol": 1e-12}
            found = minimize(_loss_and_slope, start, (p, worth), "L-BFGS-B", jac=True, bounds=free, options=options)
            gains.append((_one_feature(p, worth) - found.fun) / 2e-3**2)
    return min(gains[::2]) > 0 > max(gains[1::2]), f"gain over squared weight: {', '.join(f'{gain:.4f}' for gain in gains)}"


def _chain() -> tuple[bool, str]:
    """PR <= sum of capacities <= rank for random embeddings, and leverages above capacities one by one."""
    rng, slack, share = np.random.default_rng(0), -np.inf, -np.inf
    for _ in range(200):
        rows, columns = rng.integers(1, 6), rng.integers(1, 12)
        W = rng.normal(size=(rows, columns)) * np.exp(rng.normal(size=columns))
        gram, found = W.T @ W, capacities(W)
        leverage = np.diag(np.linalg.pinv(W) @ W)
        slack = max(slack, float(np.max(found - leverage)), float(np.trace(gram) ** 2 / np.sum(gram**2) - found.sum()))
        share = max(share, found.sum() / min(rows, columns))
    return bool(
        slack < 1e-9 and share <= 1 + 1e-9
    ), f"200 embeddings: violated by at most {slack:.1e}; sum over rank at most {share:.4f}"


def _pairs_against_sampling() -> tuple[bool, str]:
    """The exact loss against a million samples."""
    rng, worst = np.random.default_rng(0), 0.0
    x = rng.random((10**5, 2)) * (rng.random((10**5, 2)) < 0.6)
    for weights, bias in (((1.0, -1.0), (0.0, 0.0)), ((0.9, -1.1), (0.1, -0.05)), ((0.7, 0.5), (-0.1, 0.2))):
        output = np.maximum(np.outer(x @ np.array(weights), weights) + np.array(bias), 0)
        losses = (x - output) ** 2 @ np.array([1.0, 0.5])
        worst = max(worst, abs(losses.mean() - toy_loss(weights, bias, 0.6, 0.5)) / losses.std() * np.sqrt(len(x)))
    return worst < 5, f"three models: {worst:.1f} standard errors apart at most"


def derive() -> Derivation:
    """U1: capacities are bounded by leverages; two features in one dimension."""
    proof = Derivation()
    _capacity(proof)
    _toy(proof)
    return proof


def _capacity(proof: Derivation) -> None:
    norm, squares, trace, total = sp.symbols("w s t q", positive=True)
    proof.equal(
        "Feature dimensionality |W_i|^2 / sum_j (W_i/|W_i| . W_j)^2 and capacity are one number (norm w, sum of squares s)",
        norm**2 / (squares / norm**2),
        (norm**2) ** 2 / squares,
    )
    proof.argued(
        "P = projector on the row space of W, G = W^T W = P G: G_ii = <P e_i, G e_i> <= (P_ii)^(1/2) ((G^2)_ii)^(1/2), so C_i = "
        "G_ii^2/(G^2)_ii <= P_ii, the leverage. Their sum is rank W. Equality for all i: G e_i ~ P e_i, so every W_i is an "
        "eigenvector of W W^T: orthogonal tight frames. And tr G = sum_i (C_i (G^2)_ii)^(1/2) <= (sum C_i)^(1/2) (tr G^2)^(1/2)",
        sp.Le(trace**2 / total, dims),
        _chain,
        samples={trace: (2, 3, 2), total: (4, 5, 9)},
    )
    proof.given(
        "Unit columns, a tight frame (or orthogonal, features <= dims): all capacities are",
        sp.Min(1, dims / features),
        law="capacity",
    )
    proof.given("Unit columns, random: the mean squared overlap of a pair", 1 / dims, law="random_overlap")
    floor = proof.equal(
        "The least one (I1: features/PR - 1 per feature, PR = dims)",
        (features / dims - 1) / (features - 1),
        (features - dims) / (dims * (features - 1)),
    )
    proof.given("0 where all fit", sp.Max(0, floor), law="overlap_floor")
    proof.limit(
        "The ratio is the same when features abound: in strong superposition interference falls as 1/dims", floor, features, sp.oo
    )


def _toy(proof: Derivation) -> None:
    x, y = sp.symbols("x y", positive=True)
    lost = proof.equal(
        "Two features, one dimension. A feature that is given up is answered by its mean: the error is its variance",
        density * sp.integrate(x**2, (x, 0, 1)) - (density * sp.integrate(x, (x, 0, 1))) ** 2,
        density / 3 - density**2 / 4,
    )
    proof.given("One feature dedicated, W = (1, 0) or (0, 1)", sp.Min(1, importance) * lost, law="loss_single")
    both = sp.integrate(sp.integrate(y**2, (y, 0, x)) + sp.integrate(x**2, (y, x, 1)), (x, 0, 1))
    pair = proof.equal(
        "Antipodal pair W = (1, -1), b = 0: no error unless both are active; then each output misses min(x, y)",
        density**2 * (1 + importance) * both,
        density**2 * (1 + importance) / 6,
        law="loss_unit_pair",
    )
    least = sp.Symbol("mu", positive=True)
    border = proof.solve("They tie (mu = min(1, I)) at the density", (pair - least * lost) / density, density)
    border = proof.equal("That is", border, 4 * least / (2 * (1 + importance) + 3 * least))
    proof.given("The pair wins below the density", border.subs(least, sp.Min(1, importance)), law="boundary_unit")
    proof.equal("Equal importance", border.subs({least: 1, importance: 1}), sp.Rational(4, 7))
    bias = sp.Symbol("b", positive=True)
    proof.equal(
        "A small bias b > 0 improves the pair: if both are active and x > y, x - y misses y; this error changes at the rate",
        sp.diff(sp.integrate(sp.integrate((y - bias) ** 2, (y, 0, x)), (x, 0, 1)), bias).subs(bias, 0),
        -sp.Rational(1, 3),
    )
    proof.argued(
        "The best pair therefore has biases (and weights) of its own; its loss is exact and piecewise "
        "rational in them, and minimised numerically",
        verify=_pairs_against_sampling,
    )
    proof.argued(
        "Is W = (1, 0) stable? Let (w_1, w_2) = (1 + eps delta/2, -eps), I <= 1. To order eps^2 feature 2 gains I eps^2 Var; "
        "feature 1 loses eps^2 times the least, over beta and delta, of p E(delta x + beta - y)^2 + (1 - p) E(beta - y)_+^2. "
        "Below the density at which the two tie, one dedicated feature is no local minimum",
        verify=_instability_in_the_loss,
    )


SUPERPOSED = Assumption("features > 1 (an overlap takes two)", lambda features: features > 1, "give at least two features")

CLAIMS = (
    Claim(
        id="U1",
        title="Superposition at rest",
        plain="An embedding can represent more features than it has dimensions, if they share dimensions. The shares of "
        "all features together never exceed the number of dimensions. Two features share one dimension only if they "
        "are rarely active together.",
        statement="The capacities C_i = (W_i . W_i)^2 / sum_j (W_i . W_j)^2 of the features of an embedding (its feature "
        "dimensionalities) obey PR(W^T W) <= sum C_i <= rank W <= dims; the sum is the rank exactly for mutually orthogonal "
        "tight frames. Among unit directions the mean squared overlap of a pair is at least (features - dims)/(dims (features "
        "- 1)), which tends to 1/dims. Two features share one dimension as an antipodal pair below a density of at least "
        "4 mu/(2 (1 + I) + 3 mu), mu = min(1, I).",
        assumptions=(
            Assumption("capacities: any real W; overlaps: unit columns"),
            Assumption("toy model: ReLU(W^T W x + b), independent features, uniform in [0, 1] when active, squared error"),
            Assumption("phase boundary: between the two kinds of solution, pairs searched numerically; no third kind was found"),
        ),
        status="proved under assumptions",
        source="Elhage et al. 2022; Scherlis et al. 2022; Liu et al. 2025; Welch 1974; the left inequality: this project",
        evidence=(
            "derivation: theory.superposition.derive",
            "certificate: theory.certificates.superposition",
            "attack: theory.attacks.superposition",
            "property test: tests/theory/test_superposition.py",
        ),
        derive=derive,
        quantities=(
            Quantity("capacity", "capacity of each feature of a unit-norm tight frame", "dimensions", ("features", "dims")),
            Quantity(
                "overlap_floor",
                "least mean squared overlap of a pair of unit directions",
                "ratio",
                ("features", "dims"),
                (SUPERPOSED,),
            ),
            Quantity("random_overlap", "mean squared overlap of a pair of random directions", "ratio", ("dims",)),
            Quantity("loss_single", "toy model: loss with one dedicated feature", "loss", ("density", "importance")),
            Quantity("loss_unit_pair", "toy model: loss of the pair (1, -1), no bias", "loss", ("density", "importance")),
            Quantity(
                "loss_pair",
                "toy model: loss of the best antipodal pair",
                "loss",
                ("density", "importance"),
                solve=np.vectorize(lambda density, importance: best_pair(density, importance)[0]),
            ),
            Quantity("boundary_unit", "density below which the pair (1, -1) beats one feature", "fraction", ("importance",)),
            Quantity(
                "instability",
                "density below which one feature is not a local minimum",
                "fraction",
                ("importance",),
                solve=np.vectorize(_instability),
            ),
            Quantity(
                "boundary",
                "density above which one dedicated feature is best; 1 if a pair is best at every density",
                "fraction",
                ("importance",),
                solve=np.vectorize(_boundary),
            ),
        ),
    ),
)
(U1,) = CLAIMS
