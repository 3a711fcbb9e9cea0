"""C2 for the delta rule. The second implementation writes facts for real along directions of a finite ensemble (exact Sigma)."""

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given, target
from hypothesis import strategies as st

from theory.attacks.attack import run
from theory.attacks.retention import ATTACKS
from theory.conservation import depths
from theory.errors import UserError
from theory.interference import spectrum_of_codes
from theory.ledger import claim
from theory.retention import (
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


@pytest.mark.parametrize(("T", "D"), [(10**6, 100), (1, 3), (2, 1), (10**4, 10**5)])
def test_the_best_strength_of_a_long_stream(T, D):
    # one direction keeps most at x = 1 - 1/T; several equal ones at a strength that is as many times larger
    exact = float(-mpmath.expm1(mpmath.log1p(-mpmath.mpf(1) / T) / D)) if T > 1 else 1.0
    assert task_depth([1.0], best_eta([1.0], T, D), T, D) == pytest.approx(task_depth([1.0], exact, T, D), rel=1e-9)
    assert best_eta([1.0], T, D) == pytest.approx(exact, rel=1e-4)
    assert best_eta(np.full(4, 0.25), T, D) == pytest.approx(min(1, 4 * exact), rel=1e-4)


@pytest.mark.parametrize(
    ("N", "T", "D"), [(10**10, 10, 3), (10**18, 10, 3), (10**18, 10**9, 10**9), (10**12, 10**7, 3), (1, 1, 1)]
)
def test_large_stores_lose_no_digits(N, T, D):
    with mpmath.workdps(60):
        size, tasks = mpmath.mpf(N), mpmath.mpf(T)
        strength = min(mpmath.mpf(1), size * (1 - (1 - 1 / tasks) ** (mpmath.mpf(1) / D)))
        left = (1 - strength / size) ** D
        depth = size / D * left ** (T - 1) * (1 - left)
        most = size * (1 - 1 / tasks) ** (T - 1)
        half = (1 - 1 / (2 * size)) ** D
        at_half = size / D * half ** (T - 1) * (1 - half)
    C2 = claim("C2")
    assert C2.best_eta(N=N, T=T, D=D) == pytest.approx(float(strength), rel=1e-12)
    assert attainable_depth(N, T, D) == pytest.approx(float(depth), rel=1e-12)
    assert C2.isotropic_depth(N=N, eta=0.5, T=T, D=D) == pytest.approx(float(at_half), rel=1e-12)
    if T > 1:
        assert C2.efficiency(N=N, eta=0.5, T=T, D=D) == pytest.approx(float(T * D * at_half / most), rel=1e-7)


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


@pytest.mark.parametrize(
    ("spectrum", "eta", "word"), [([0.5, 0.4], 0.5, "add up to 1"), ([1.5, -0.5], 0.5, ">= 0"), ([1.0], 1.5, "eta")]
)
def test_what_is_no_spectrum_or_no_strength_is_refused(spectrum, eta, word):
    with pytest.raises(UserError, match=word):
        task_depth(spectrum, eta, 2, 2)


@given(st.integers(2, 60), st.floats(0.01, 1), st.integers(2, 30), st.integers(1, 10))
def test_efficiency_is_a_relative_entropy(size, eta, T, D):
    y, t = 1 - (1 - eta / size) ** D, 1 / T
    divergence = t * np.log(t / y) + (1 - t) * np.log((1 - t) / (1 - y))
    efficiency = claim("C2").value("efficiency", N=size, eta=eta, T=T, D=D).value
    assert efficiency == pytest.approx(np.exp(-T * divergence), rel=1e-6, abs=1e-300)
    isotropic = np.full(size, 1 / size)
    assert efficiency * task_ceiling(size, T) == pytest.approx(T * D * task_depth(isotropic, eta, T, D), rel=1e-6, abs=1e-300)


def test_efficiency_needs_a_second_task():
    with pytest.raises(UserError, match="T > 1"):
        claim("C2").value("efficiency", N=10, eta=0.5, T=1, D=1)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_the_attacks_meet_their_bounds_and_no_more(attack):
    # the start is moved away from the optimum, which has to be found again
    blunted = type(attack)(**{**vars(attack), "starts": (np.array(attack.starts[0]) + 0.02,)})
    found = run(blunted, tries=1500)
    assert 0.9 < found.ratio <= 1 + 1e-9  # nine tenths of the bound would be broken
    assert attack.ratio(found.witness) == found.ratio
