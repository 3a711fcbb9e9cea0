"""C2 for the delta rule. The second implementation writes facts for real along directions of a finite ensemble (exact Sigma)."""

import numpy as np
import pytest
from hypothesis import assume, given, target
from hypothesis import strategies as st

from theory.conservation import depths
from theory.errors import UserError
from theory.interference import spectrum_of_codes
from theory.ledger import claim
from theory.retention import (
    annealed_depth,
    annealed_rate,
    attainable_depth,
    best_eta,
    ceiling,
    largest_tasks,
    retained_depth,
    task_ceiling,
    task_depth,
)


def test_retained_and_task_depth_against_writing():
    rng, trials, T, D, eta = np.random.default_rng(0), 3000, 4, 3, 0.8
    atoms = rng.normal(size=(8, 5)) * np.array([3.0, 1.5, 1.0, 0.5, 0.3])
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    chances = rng.dirichlet(np.ones(8))
    spectrum = np.linalg.eigvalsh((atoms.T * chances) @ atoms)
    kept = np.array([depths(atoms[rng.choice(8, T * D, p=chances)], eta) for _ in range(trials)])
    error = kept.std(axis=0) / np.sqrt(trials)
    predicted = retained_depth(spectrum, eta, np.arange(T * D)[::-1])
    # the newest fact keeps exactly eta, without error
    assert np.max(np.abs(kept.mean(axis=0) - predicted)[:-1] / error[:-1]) < 5
    assert predicted[-1] == pytest.approx(eta)
    oldest = kept[:, :D].mean(axis=1)
    assert abs(oldest.mean() - task_depth(spectrum, eta, T, D)) < 5 * oldest.std() / np.sqrt(trials)


@given(
    st.integers(0, 10**6), st.integers(1, 20), st.floats(0.05, 100), st.floats(0.001, 1), st.integers(1, 30), st.integers(1, 12)
)
def test_no_spectrum_and_no_strength_exceeds_the_ceilings(seed, size, evenness, eta, T, D):
    spectrum = np.random.default_rng(seed).dirichlet(np.full(size, evenness))
    depth = task_depth(spectrum, eta, T, D)
    rank = np.sum(spectrum > 1e-12)
    target(T * D * depth / task_ceiling(size, T), label="T D d over the ceiling")
    assert T * D * depth <= task_ceiling(rank, T) * (1 + 1e-9)
    assert depth <= attainable_depth(size, T, D) * (1 + 1e-9)
    assert attainable_depth(size, T, D) * T * D <= task_ceiling(size, T) * (1 + 1e-9)


@given(st.integers(1, 200), st.integers(1, 60), st.integers(1, 40))
def test_isotropic_directions_attain_the_maximum_at_the_best_strength(size, T, D):
    law = claim("C2").value("best_eta", N=size, T=T, D=D).value
    isotropic = np.full(size, 1 / size)
    assert task_depth(isotropic, law, T, D) == pytest.approx(attainable_depth(size, T, D), rel=1e-9)
    assert claim("C2").value("isotropic_depth", N=size, T=T, D=D, eta=law).value == pytest.approx(
        task_depth(isotropic, law, T, D)
    )
    if law < 1:  # the strength is free: the ceiling itself is met
        assert T * D * attainable_depth(size, T, D) == pytest.approx(task_ceiling(size, T), rel=1e-9)


def test_depth_falls_on_both_sides_of_the_best_strength():
    size, T, D = 64, 20, 10
    law = claim("C2").value("best_eta", N=size, T=T, D=D).value
    assert law == pytest.approx(64 * (1 - 0.95**0.1))
    isotropic = np.full(size, 1 / size)
    peak = task_depth(isotropic, law, T, D)
    assert task_depth(isotropic, 0.8 * law, T, D) < peak > task_depth(isotropic, 1.25 * law, T, D)
    assert best_eta(isotropic, T, D) == pytest.approx(law, rel=1e-3)


@pytest.mark.parametrize(("T", "D"), [(2, 1), (8, 4), (40, 16)])
def test_the_best_strength_of_a_spectrum_by_brute_force(T, D):
    spectrum = spectrum_of_codes(64, 0.5, 0.8)
    found = best_eta(spectrum, T, D)
    scan = max(task_depth(spectrum, eta, T, D) for eta in np.linspace(1e-4, 1, 5001))
    assert task_depth(spectrum, found, T, D) >= scan - 1e-12
    assert task_depth(spectrum, found, T, D) < attainable_depth(64, T, D)


def test_named_limits():
    assert ceiling(100, 1) == 100
    assert ceiling(100, 1e9) == pytest.approx(100 / np.e, rel=1e-6)
    assert ceiling(100, 7) == task_ceiling(100, 7)
    assert attainable_depth(50, 1, 1) == pytest.approx(1.0)  # one fact, one task: it can be written in full
    assert attainable_depth(50, 10, 1) == pytest.approx((1 - 1 / 50) ** 9)  # fewer facts than directions
    assert retained_depth([1.0], 1.0, 0) == 1.0
    assert retained_depth([1.0], 1.0, 1) == 0.0
    assert claim("C2").value("retained_depth", N=64, eta=0.5, age=10).value == pytest.approx(
        retained_depth(np.full(64, 1 / 64), 0.5, 10)
    )


@given(st.integers(2, 300), st.integers(1, 30), st.floats(0.01, 1))
def test_largest_tasks_inverts_the_ceiling(size, D, depth):
    most = largest_tasks(size, D, depth)
    if attainable_depth(size, 1, D) < depth:
        assert most == 0
    else:
        assume(most > 1 + 1e-9)
        assert attainable_depth(size, most, D) == pytest.approx(depth, rel=1e-6)
        assert attainable_depth(size, most * 1.01, D) < depth < attainable_depth(size, 1 + (most - 1) * 0.99, D)


def isotropic_schedule(strengths, size):
    later = np.cumprod((1 - strengths / size)[::-1])[::-1]
    return strengths * np.append(later[1:], 1.0)


@given(st.integers(1, 50), st.integers(1, 60), st.integers(0, 10**6), st.floats(0, 0.5))
def test_annealed_writes_are_the_best_equal_depth(size, count, seed, noise):
    annealed = annealed_rate(size, np.arange(count))
    kept = isotropic_schedule(annealed, size)
    np.testing.assert_allclose(kept, annealed_depth(size, count), rtol=1e-9)
    assert kept.sum() <= size + 1e-9
    other = np.clip(annealed * np.exp(noise * np.random.default_rng(seed).normal(size=count)), 0, 1)
    least = isotropic_schedule(other, size).min()
    target(least / annealed_depth(size, count), label="least depth over the annealed one")
    assert least <= annealed_depth(size, count) * (1 + 1e-9)


def test_annealed_beats_fixed_and_fixed_beats_full_strength():
    size, count = 32, 500
    fixed = ceiling(size, count)
    assert count * annealed_depth(size, count) > 2.5 * fixed
    assert count * retained_depth(np.full(size, 1 / size), 1.0, count - 1) < fixed / 100


@pytest.mark.parametrize(
    ("spectrum", "eta", "word"), [([0.5, 0.4], 0.5, "add up to 1"), ([1.5, -0.5], 0.5, ">= 0"), ([1.0], 1.5, "eta")]
)
def test_what_is_no_spectrum_or_no_strength_is_refused(spectrum, eta, word):
    with pytest.raises(UserError, match=word):
        task_depth(spectrum, eta, 2, 2)
