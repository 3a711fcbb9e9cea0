"""S2, Gardner's capacity. 2 at f = 1/2 is Cover's theorem (1965), checked here from his exact count; other levels against a
minimisation of the integral itself by quadrature; 1/(2 ln 2) is Gardner's (1988) sparse limit in bits."""

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from theory.interleaving import gardner_bits, gardner_load
from theory.ledger import claim


def test_cover():
    assert gardner_load(0.5) == pytest.approx(2.0, rel=1e-12)
    for size in (5, 20, 60):  # at P = 2N exactly half of all dichotomies are linearly separable
        separable = sum(comb(2 * size - 1, k) for k in range(size)) / 2 ** (2 * size - 1)
        assert separable == pytest.approx(0.5)


@pytest.mark.parametrize("f", [0.3, 0.05, 0.001])
def test_against_a_minimisation_of_the_integral(f):
    def cost(u):
        return quad(lambda z: (z + u) ** 2 * norm.pdf(z), -u, 12, epsabs=1e-14, epsrel=1e-12, limit=200)[0]

    def total(u):
        return f * cost(u) + (1 - f) * cost(-u)

    least = minimize_scalar(total, bounds=(-1, 6), method="bounded", options={"xatol": 1e-7}).fun
    assert gardner_load(f) == pytest.approx(1 / least, rel=1e-8)


def test_values_and_limits():
    levels = np.array([0.5, 0.3, 0.1, 0.05, 0.01, 0.001])
    np.testing.assert_allclose(gardner_bits(levels), [2.0, 1.971, 1.835, 1.742, 1.551, 1.356], atol=6e-4)
    sparse = gardner_bits(np.array([1e-6, 1e-30, 1e-200]))
    assert np.all(np.diff(sparse) < 0)
    assert sparse[-1] == pytest.approx(1 / (2 * np.log(2)), rel=0.05)  # the limit is approached only as 1/ln(1/f)
    assert claim("S2").value("largest_gain").value == pytest.approx(4 * np.log(2))


@given(st.floats(1e-5, 0.5))
def test_rehearsal_beats_one_shot_at_every_level_by_no_more_than_the_largest_gain_of_the_best(f):
    rehearsed, one_shot = gardner_bits(f), claim("C3").value("full_retrieval", f=f).value
    assert gardner_load(1 - f) == pytest.approx(gardner_load(f), rel=1e-7)
    assert one_shot < rehearsed <= 2.0 + 1e-12
    assert rehearsed / claim("C3").value(d=1).value <= claim("S2").value("largest_gain").value + 1e-12
