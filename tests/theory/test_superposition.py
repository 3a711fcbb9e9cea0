"""U1. Polytopes with known dimensionalities, leverages by pseudo-inverse, sampled toy models, optima over all models."""

import numpy as np
import pytest
from hypothesis import given, target
from hypothesis import strategies as st
from scipy.optimize import minimize

from theory.attacks import superposition as attacks
from theory.attacks.attack import Attack, run
from theory.errors import UserError
from theory.literature.superposition import antiprism
from theory.statistics import mean_interference, participation_ratio
from theory.superposition import FAINT, U1, best_pair, capacities, dimensions_per_feature, toy_loss


def polygon(corners):
    angles = 2 * np.pi * np.arange(corners) / corners
    return np.array([np.cos(angles), np.sin(angles)])


POLYTOPES = (
    ("digon (antipodal pair)", np.array([[1.0, -1.0]]), 1 / 2),
    ("triangle", polygon(3), 2 / 3),
    ("tetrahedron", np.array([[1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]]) / np.sqrt(3), 3 / 4),
    ("pentagon", polygon(5), 2 / 5),
    ("square antiprism", antiprism(), 3 / 8),
)


def test_every_step_of_the_derivation_holds():
    failed = [check for check in U1.check() if not check.passed]
    assert not failed


@pytest.mark.parametrize(("name", "corners", "share"), POLYTOPES, ids=[name for name, *_ in POLYTOPES])
def test_dimensionality_of_polytopes(name, corners, share):
    np.testing.assert_allclose(capacities(corners), share, atol=1e-12)
    dims, features = corners.shape
    assert U1.capacity(features=features, dims=dims) == pytest.approx(share, rel=1e-12)
    assert dimensions_per_feature(corners) == pytest.approx(share, rel=1e-12)


@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(1, 9))
def test_capacities_lie_below_leverages_and_their_sum_between_participation_and_rank(seed, dims, features):
    rng = np.random.default_rng(seed)
    W = rng.normal(size=(dims, features)) * np.exp(rng.normal(size=features))
    found, leverage = capacities(W), np.diag(np.linalg.pinv(W) @ W)
    unit = W / np.linalg.norm(W, axis=0)
    direct = [W[:, i] @ W[:, i] / np.sum((unit[:, i] @ W) ** 2) for i in range(features)]  # as Elhage et al. write it
    np.testing.assert_allclose(found, direct, rtol=1e-9)
    assert np.all(found <= leverage * (1 + 1e-9))
    total = found.sum()
    target(total / min(dims, features), label="capacity over rank")
    assert participation_ratio(W.T @ W) <= total * (1 + 1e-9)
    assert total <= min(dims, features) * (1 + 1e-9)


def test_equality_takes_orthogonal_tight_frames_and_equal_norms_for_the_participation_ratio():
    pair_and_triangle = np.zeros((3, 5))
    pair_and_triangle[0, :2] = [2.0, -1.0]
    pair_and_triangle[1:, 2:] = POLYTOPES[1][1]
    assert capacities(pair_and_triangle).sum() == pytest.approx(3, rel=1e-12)
    tilted = pair_and_triangle.copy()
    tilted[1, 0] = 0.1
    assert capacities(tilted).sum() < 3 - 1e-4
    orthogonal = np.diag([1.0, 3.0])
    np.testing.assert_allclose(capacities(orthogonal), 1)  # equal capacities, unequal norms: PR is smaller than their sum
    assert participation_ratio(orthogonal.T @ orthogonal) == pytest.approx(100 / 82)
    unit = POLYTOPES[3][1]
    assert participation_ratio(unit.T @ unit) == pytest.approx(capacities(unit).sum(), rel=1e-12)
    np.testing.assert_array_equal(capacities(np.array([[1.0, 0.0], [0.0, 0.0]])), [1.0, 0.0])


@given(st.integers(2, 40), st.integers(1, 40))
def test_overlaps(features, dims):
    if features > dims:
        rng = np.random.default_rng(features * 100 + dims)
        frame = rng.normal(size=(dims, features))
        frame /= np.linalg.norm(frame, axis=0)
        found = mean_interference(frame.T @ frame) / (features - 1)
        assert found >= U1.overlap_floor(features=features, dims=dims) * (1 - 1e-9)
    else:
        assert U1.overlap_floor(features=features, dims=dims) == 0
    assert U1.overlap_floor(features=1e9, dims=dims) == pytest.approx(U1.random_overlap(dims=dims), rel=1e-6)


def test_the_floor_of_overlaps_is_reached_by_the_tetrahedron_and_domains():
    corners = POLYTOPES[2][1]
    assert U1.overlap_floor(features=4, dims=3) == pytest.approx((corners[:, 0] @ corners[:, 1]) ** 2, rel=1e-12)
    with pytest.raises(UserError, match="two features"):
        U1.overlap_floor(features=1, dims=1)


def sampled(weights, bias, density, importance, rng, count=200_000):
    x = rng.random((count, 2)) * (rng.random((count, 2)) < density)
    losses = (x - np.maximum(np.outer(x @ weights, weights) + bias, 0)) ** 2 @ np.array([1, importance])
    return losses.mean(), losses.std() / np.sqrt(count)


@pytest.mark.parametrize(
    ("weights", "bias"),
    [
        ((1.0, -1.0), (0.0, 0.0)),
        ((1.1, -0.6), (0.2, -0.1)),
        ((0.5, 0.9), (-0.2, 0.1)),
        ((-1.0, 0.0), (0.05, 0.4)),
        ((0.0, 0.0), (0.3, -0.3)),
        ((1.0, 1e-7), (0.0, 0.3)),
    ],
)
def test_the_exact_loss_of_toy_models(weights, bias):
    mean, error = sampled(np.array(weights), np.array(bias), 0.6, 0.4, np.random.default_rng(0))
    assert abs(toy_loss(weights, bias, 0.6, 0.4) - mean) < 5 * error


@given(st.floats(0.01, 1), st.floats(0.05, 20))
def test_losses_of_the_two_kinds_and_where_they_tie(density, importance):
    single, pair = (getattr(U1, name)(density=density, importance=importance) for name in ("loss_single", "loss_unit_pair"))
    kept_first = toy_loss((1, 0), (0, density / 2), density, importance)
    kept_second = toy_loss((0, 1), (density / 2, 0), density, importance)
    assert single == pytest.approx(min(kept_first, kept_second), rel=1e-9)
    assert pair == pytest.approx(toy_loss((1, -1), (0, 0), density, importance), rel=1e-9)
    border = U1.boundary_unit(importance=importance)
    target(-abs(density - border), label="closeness to the boundary")
    if abs(density - border) > 1e-9:
        assert (pair < single) == (density < border)


def test_the_boundary_at_equal_importance_and_its_symmetry():
    assert U1.boundary_unit(importance=1) == pytest.approx(4 / 7, rel=1e-12)
    assert U1.boundary_unit(importance=0.25) == pytest.approx(U1.boundary_unit(importance=4.0), rel=1e-12)
    assert U1.instability(importance=0.25) == pytest.approx(U1.instability(importance=4.0), rel=1e-9)
    assert U1.instability(importance=1) == 1


def best_model(density, importance, rng, starts=12):
    """Least loss over all weights and biases by simplex searches from random models; (loss, |w_1 w_2|)."""
    points = [*rng.uniform(-1.2, 1.2, (starts, 4)), [1, 0, 0, density / 2], [1, -0.8, 0.05, 0.1]]
    options = {"xatol": 1e-7, "fatol": 1e-12, "maxfev": 700}
    found = [
        minimize(lambda z: toy_loss(z[:2], z[2:], density, importance), point, method="Nelder-Mead", options=options)
        for point in points
    ]
    best = min(found, key=lambda result: result.fun)
    return best.fun, abs(best.x[0] * best.x[1])


def test_an_abrupt_change_of_phase_where_importances_differ():
    border, rng = U1.boundary(importance=0.3), np.random.default_rng(1)
    assert border > U1.instability(importance=0.3)
    assert border > U1.boundary_unit(importance=0.3)
    loss, product = best_model(0.96 * border, 0.3, rng, starts=2)
    assert loss == pytest.approx(U1.loss_pair(density=0.96 * border, importance=0.3), rel=1e-4)
    assert product > 0.6
    loss, product = best_model(1.04 * border, 0.3, rng, starts=2)
    assert loss == pytest.approx(U1.loss_single(density=1.04 * border, importance=0.3), rel=1e-5)
    assert product < 0.02


def test_a_continuous_change_where_importances_are_close():
    border = U1.boundary(importance=0.8)
    assert border == U1.instability(importance=0.8)
    weights = [abs(best_pair(share * border, 0.8)[1][1]) for share in (0.8, 0.9, 0.97)]
    assert weights[0] > weights[1] > weights[2]
    assert weights[2] < 0.25  # the second weight shrinks towards 0 before it is given up
    assert U1.loss_pair(density=0.97 * border, importance=0.8) < U1.loss_single(density=0.97 * border, importance=0.8)


def test_near_equal_importance_a_pair_is_best_at_every_density():
    for importance in (0.99, 0.999, 1.001, 1):
        assert U1.boundary(importance=importance) == 1
        assert U1.loss_pair(density=1, importance=importance) < U1.loss_single(density=1, importance=importance)
    for importance in (0.95, 0.98):  # a small jump: past the loss of stability a pair is still better
        stable, border = U1.instability(importance=importance), U1.boundary(importance=importance)
        assert stable < border < 1
        middle = (stable + border) / 2
        gain = U1.loss_single(density=middle, importance=importance) - U1.loss_pair(density=middle, importance=importance)
        assert gain > 1e-7
        assert abs(best_pair(middle, importance)[1][1]) > 1.1 * FAINT  # its second weight is its own, not the least allowed


@pytest.mark.parametrize("attack", attacks.ATTACKS, ids=lambda attack: attack.name)
def test_attacks_reach_their_bounds_and_break_weaker_ones(attack):
    weaker = Attack(**{**vars(attack), "ratio": lambda witness: attack.ratio(witness) / 0.9})
    outcome = run(weaker, tries=500)
    assert outcome.broken
    assert weaker.ratio(outcome.witness) == pytest.approx(outcome.ratio, rel=1e-12)
    assert attack.ratio(outcome.witness) <= 1 + 1e-9
