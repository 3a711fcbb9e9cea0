"""C4. The second implementation runs LMS for real; the fixed point of the scalar recursion is found by iterating it."""

import numpy as np
import pytest
from hypothesis import given, target
from hypothesis import strategies as st

from theory.errors import UserError
from theory.ledger import claim
from theory.tradeoff import J, J_min, strength


@pytest.mark.parametrize(("eta", "sigma"), [(0.1, 1.0), (0.5, 0.5), (1.0, 2.0)])
def test_the_steady_error_of_lms(eta, sigma):
    rng, size, replicas = np.random.default_rng(0), 8, 400
    error = np.zeros((replicas, size))
    burn = int(8 * claim("C4").value("relaxation_writes", N=size, eta=eta).value)
    samples = []
    for step in range(3 * burn):
        x = rng.normal(size=(replicas, size))
        x /= np.linalg.norm(x, axis=1, keepdims=True)
        residual = sigma * rng.normal(size=replicas) - np.sum(error * x, axis=1)
        error += eta * residual[:, None] * x
        if step >= burn:
            samples.append(np.sum(error**2, axis=1) / size)
    per_replica = np.mean(samples, axis=0)
    assert abs(per_replica.mean() - J(eta, sigma)) < 5 * per_replica.std() / np.sqrt(replicas)


@given(st.floats(1e-3, 1), st.floats(0.01, 100))
def test_error_and_strength_are_inverses_and_a_fixed_point(eta, sigma):
    error = J(eta, sigma)
    assert strength(error, sigma) == pytest.approx(eta, rel=1e-9)
    size, energy = 5.0, 0.0
    for _ in range(int(60 * size / eta)):
        energy += eta**2 * sigma**2 - eta * (2 - eta) * energy / size
    assert energy / size == pytest.approx(error, rel=1e-6)
    excess = energy  # start at twice the fixed point: what one write leaves of the excess
    left = (2 * energy + eta**2 * sigma**2 - eta * (2 - eta) * 2 * energy / size - energy) / excess
    assert left == pytest.approx(1 - 1 / claim("C4").value("relaxation_writes", N=size, eta=eta).value, abs=1e-5)


@given(st.integers(0, 10**6), st.floats(2, 50))
def test_no_annealed_schedule_enters_the_forbidden_region(seed, size):
    strengths = np.sort(np.random.default_rng(seed).uniform(0.01, 1, 60))[::-1]
    energy, margins = size * J(strengths[0], 1.0), []
    for eta in strengths:
        energy += eta**2 - eta * (2 - eta) * energy / size
        margins.append(energy / size / J_min(eta, 1.0))
    target(-max(margins), label="closeness to the edge")
    assert min(margins) >= 1 - 1e-12
    energy += 1 - energy / size  # a sudden rise to eta = 1 does enter it
    assert energy / size < J_min(1.0, 1.0)


@given(st.floats(1e-3, 1), st.floats(1e-3, 1), st.floats(0.1, 10))
def test_no_strength_enters_the_forbidden_region(eta, depth, sigma):
    if eta >= depth:  # deep enough
        target(J_min(depth, sigma) / J(eta, sigma), label="edge over error")
        assert J(eta, sigma) >= J_min(depth, sigma) * (1 - 1e-12)
    else:
        assert J(eta, sigma) < J_min(depth, sigma)


def test_named_limits():
    assert J(1.0, 3.0) == 9.0
    assert strength(9.0, 3.0) == 1.0
    assert J(1e-6, 1.0) == pytest.approx(5e-7, rel=1e-5)
    assert strength(1 / 3, 1.0) == pytest.approx(0.5)
    with pytest.raises(UserError, match="lower J"):
        strength(1.01, 1.0)
