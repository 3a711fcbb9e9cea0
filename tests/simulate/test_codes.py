"""Code ensembles against their definition and against exact second moments; tolerance: five standard errors of the mean."""

import numpy as np
import pytest

from simulate.backend import jax
from simulate.codes import FAMILIES, active_cells, draw_active, ensemble_spectrum, magnitude_exponent
from theory.errors import UserError

N, M = 40, 3000


def codes(family, a, c=0.6, seed=0):
    return np.asarray(draw_active(jax.random.key(seed), M, N, active_cells(N, a, family, c), family, magnitude_exponent(c)))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("a", [0.05, 0.3, 1.0])
def test_unit_codes_with_exactly_the_active_cells(family, a):
    u = codes(family, a)
    assert u.dtype == np.float64
    np.testing.assert_allclose(np.linalg.norm(u, axis=1), 1, atol=1e-12)
    if family != "mean_removed":
        assert (np.count_nonzero(u, axis=1) == round(a * N)).all()
    else:
        np.testing.assert_allclose(u.sum(axis=1), 0, atol=1e-12)


@pytest.mark.parametrize("c", [0.3, 0.5, 0.75, 1.0])
def test_magnitudes_have_the_ratio_c(c):
    k = magnitude_exponent(c)
    u = np.linspace(0, 1, 200_001)[1:]
    assert np.mean(u**k) ** 2 / np.mean(u ** (2 * k)) == pytest.approx(c, rel=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_mean_square_overlap_is_the_square_sum_of_the_spectrum(family):
    # E[kappa^2] = tr Sigma^2 for independent codes; disjoint pairs are independent draws of kappa. c = 1: the spectrum is exact.
    u = codes(family, 0.2, c=1.0)
    squares = np.sum(u[::2] * u[1::2], axis=1) ** 2
    error = squares.std() / np.sqrt(len(squares))
    assert abs(squares.mean() - np.sum(ensemble_spectrum(N, 0.2, family, 1.0) ** 2)) < 5 * error


@pytest.mark.parametrize("family", FAMILIES)
def test_spectrum_sums_to_one_and_matches_the_codes(family):
    spectrum = ensemble_spectrum(N, 0.5, family, 1.0)
    assert spectrum.sum() == pytest.approx(1)
    common = np.sum(codes(family, 0.5, c=1.0), axis=1) ** 2 / N
    assert abs(common.mean() - spectrum[0]) <= 5 * common.std() / np.sqrt(M) + 1e-12


def test_families_differ_in_sign_only_where_they_should():
    plain, signed = codes("nonnegative", 0.2), codes("signed", 0.2)
    np.testing.assert_allclose(np.abs(signed), plain, atol=1e-15)
    assert (plain >= 0).all()
    assert (signed < 0).any()


@pytest.mark.parametrize(("family", "a", "c"), [("purple", 0.1, 1), ("signed", 0, 1), ("signed", 1.1, 1), ("mean_removed", 1, 1)])
def test_impossible_ensembles_are_refused(family, a, c):
    with pytest.raises(UserError):
        active_cells(N, a, family, c)
