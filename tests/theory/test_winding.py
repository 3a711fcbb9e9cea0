"""C1-winding: Legendre's polynomials of SciPy, writes on the cone that encloses the solid angle pi, and an optimiser's search."""

import numpy as np
import pytest
from hypothesis import given, target
from hypothesis import strategies as st
from scipy.special import binom, eval_legendre

from theory.attacks.attack import run
from theory.attacks.winding import ATTACKS
from theory.conservation import depths, total_depth, turning_directions
from theory.ledger import claim
from theory.winding import winding_directions


def directions_of(rng, count, size):
    vectors = rng.normal(size=(count, size))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7, 40])
def test_winding_directions_have_a_legendre_kernel(size):
    count = 60
    writes = winding_directions(size, count)
    steps = np.arange(count)
    kernel = eval_legendre(size - 1, np.cos(np.pi * (steps[:, None] - steps) / count))
    np.testing.assert_allclose(writes @ writes.T, kernel, atol=1e-10)


@given(st.integers(1, 9), st.integers(1, 40), st.floats(0.01, 1))
def test_the_winding_total_is_what_the_writes_keep(size, count, eta):
    law = claim("C1-winding").value("winding_total", N=size, M=count, eta=eta).value
    assert law == pytest.approx(depths(winding_directions(size, count), eta).sum(), abs=1e-8)
    assert law < 2 * size - 1 + 1e-9


@pytest.mark.parametrize(("size", "eta"), [(2, 1.0), (2, 0.3), (3, 1.0), (5, 0.5), (10, 1.0)])
def test_the_winding_gap_is_the_leading_order(size, eta):
    counts = np.array([1, 2, 4]) * 200 * size**2 / eta
    exact = 2 * size - 1 - claim("C1-winding").value("winding_total", N=size, M=np.rint(counts), eta=eta).value
    lead = claim("C1-winding").value("winding_gap", N=size, M=np.rint(counts), eta=eta).value
    errors = np.abs(exact / lead - 1)
    assert errors[0] < 0.05
    np.testing.assert_allclose(errors[:-1] / errors[1:], 2, rtol=0.1)  # the next order is 1/M
    writes = claim("C1-winding").value("winding_writes", N=size, eta=eta, shortfall=lead[-1]).value
    assert writes == pytest.approx(np.rint(counts[-1]), rel=1e-9)


def test_a_cap_on_the_strength_costs_writes_and_not_the_bound():
    # repeating each write is one way: (1 - h)^k is left of the old value; winding more finely is a cheaper one
    fine, h, k = 300, 0.5, 4
    once = turning_directions(3, fine)
    repeated = depths(np.repeat(once, k, axis=0), h).sum()
    assert repeated == pytest.approx(depths(once, 1 - (1 - h) ** k).sum(), abs=1e-10)
    assert repeated < claim("C1-winding").value("winding_total", N=3, M=len(once) * k, eta=h).value < 5
    with_cap = claim("C1-winding").value("winding_total", N=3, M=10**5, eta=0.05).value
    assert 4.99 < with_cap < 5
    needed = claim("C1-winding").value("winding_writes", N=3, eta=np.array([0.1, 0.2]), shortfall=0.01).value
    assert needed[0] / needed[1] == pytest.approx((1.9 / 0.1) / (1.8 / 0.2))


def test_the_shortest_loop_is_the_circle_of_area_pi():
    # Gauss and Bonnet: holonomy -1 on the sphere takes the area pi; the cone of half-angle 60 degrees, length 2 pi sin 60
    count = 1000
    phases = 2 * np.pi * np.arange(count) / count
    cone = np.stack([np.sqrt(3) / 2 * np.cos(phases), np.sqrt(3) / 2 * np.sin(phases), np.full(count, 0.5)], axis=1)
    writes = winding_directions(3, count)
    np.testing.assert_allclose(cone @ cone.T, writes @ writes.T, atol=1e-9)
    # half circles are longer: 2 pi against sqrt(3) pi, and the gaps are as the squares
    half, best = (2 * 3 - 1 - depths(stream, 1.0).sum() for stream in (turning_directions(3, count // 2), writes))
    assert half / best == pytest.approx(4 / 3, rel=0.01)


@given(st.integers(1, 12), st.integers(0, 10**6), st.floats(0, 1))
def test_nothing_in_the_plane_exceeds_equal_angles(count, seed, noise):
    rng = np.random.default_rng(seed)
    angles = np.pi * np.arange(1, count + 1) / count + noise * rng.normal(size=count)
    strengths = np.clip(1 - noise * rng.random(count), 0, 1)
    most = claim("C1-winding").value("planar_total", M=count).value
    total = total_depth(np.stack([np.cos(angles), np.sin(angles)], axis=1), strengths)
    target(total / most, label="planar total over the largest")
    assert total <= most + 1e-9
    assert depths(turning_directions(2, count), 1.0).sum() == pytest.approx(most, abs=1e-9)


@given(st.integers(0, 10**6), st.integers(2, 12), st.integers(2, 5), st.floats(0, 1.5), st.floats(0.05, 1))
def test_a_near_successor_leaves_little(seed, count, size, drift, eta):
    rng = np.random.default_rng(seed)
    writes = directions_of(rng, count, size)
    aside = rng.normal(size=size)
    aside -= aside @ writes[0] * writes[0]
    writes[1] = np.cos(drift) * writes[0] + np.sin(drift) * aside / np.linalg.norm(aside)
    kept = depths(writes, eta)[0]
    bound = claim("C1-winding").value("drift_depth", eta=eta, drift=drift).value
    rounding = 4 * np.sqrt(np.finfo(float).eps)  # of a square root of 1 less cosines that are nearly 1
    assert abs(kept) <= bound + rounding
    length = np.linalg.norm(writes[0] - eta * np.cos(drift) * writes[1])
    assert bound == pytest.approx(eta * length, abs=rounding)
    assert claim("C1-winding").value("drift_depth", eta=1, drift=drift).value == pytest.approx(np.sin(drift), abs=rounding)


def test_the_mean_depth_of_a_fact():
    assert claim("C1-winding").value("mean_depth", N=3, M=np.array([2.0, 5.0, 100.0])).value.tolist() == [1.0, 1.0, 0.05]
    assert depths(winding_directions(3, 1000), 1.0).mean() == pytest.approx(0.005, rel=0.01)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_the_attack_breaks_a_bound_that_is_too_low(attack):
    found = run(attack, tries=400)
    assert 0.9 < found.ratio <= 1 + 1e-9  # nine tenths of the bound would be broken
    assert attack.ratio(found.witness) == found.ratio


def test_the_attack_on_loops_starts_from_the_shortest():
    for size in (2, 3, 4):
        attack = next(attack for attack in ATTACKS if attack.name == f"loops in {size} dimensions")
        total = claim("C1-winding").winding_total(N=size, M=400, eta=1)
        assert attack.ratio(attack.decode(np.array(attack.starts[0]))) == pytest.approx(total / (2 * size - 1), rel=1e-9)


@pytest.mark.parametrize("n", [1, 2, 5, 12, 25])
def test_frequencies_of_the_frame_lie_half_way_by_orthogonality(n):
    # -2i sum_j w_j/(z - (2j - n)) is the integral of P_n(cos t) exp(-izt) over [0, pi], which vanishes at z = 2i - 1 - n
    nodes, weights = np.polynomial.legendre.leggauss(80)
    angles = np.pi * (nodes + 1) / 2
    shares = np.array([binom(2 * j, j) * binom(2 * n - 2 * j, n - j) / 4.0**n for j in range(n + 1)])
    for z in [*(2 * np.arange(1, n + 1) - 1 - n).tolist(), n + 1]:
        integral = np.pi / 2 * np.sum(weights * eval_legendre(n, np.cos(angles)) * np.exp(-1j * z * angles))
        assert integral == pytest.approx(-2j * np.sum(shares / (z - 2 * np.arange(n + 1) + n)), abs=1e-12)
        assert (abs(integral) < 1e-12) == (z <= n)
