"""C2-cells. 1/e is the throughput of slotted ALOHA (Roberts 1975); maxima by brute force over the activity."""

import numpy as np
import pytest
from hypothesis import given, target
from hypothesis import strategies as st

from theory import palimpsest, retention
from theory.attacks.attack import run
from theory.attacks.palimpsest import ATTACKS


@given(st.floats(0.5, 8), st.integers(10, 1000), st.integers(1, 200), st.floats(0.001, 1))
def test_no_activity_exceeds_the_ceiling(b, cells, T, a):
    kept = T * palimpsest.bits(cells, b, T, a)
    most = palimpsest.ceiling(cells, b, T)
    target(kept / most, label="bits over the ceiling")
    assert kept <= most * (1 + 1e-12)
    assert T * palimpsest.bits(cells, b, T, palimpsest.best_activity(T)) == pytest.approx(most)


@pytest.mark.parametrize("T", [2, 5, 50])
def test_the_best_activity_by_brute_force(T):
    grid = np.linspace(1e-3, 1, 100_000)
    survive = grid * (1 - grid) ** (T - 1)
    assert grid[np.argmax(survive)] == pytest.approx(1 / T, abs=2e-5)
    assert palimpsest.bits(100, 1, T, 0.8 / T) < palimpsest.bits(100, 1, T, 1 / T) > palimpsest.bits(100, 1, T, 1.25 / T)


def test_survivors_of_real_overwriting():
    rng, cells, T, a, trials = np.random.default_rng(0), 400, 6, 0.2, 500
    counts = []
    for _ in range(trials):
        owner = np.full(cells, -1)
        for task in range(T):
            owner[rng.permutation(cells)[: int(a * cells)]] = task
        counts.append(np.sum(owner == 0))
    error = np.std(counts) / np.sqrt(trials)
    assert abs(np.mean(counts) - palimpsest.bits(cells, 1, T, a)) < 5 * error


def test_the_limits_and_the_kinship_with_the_delta_rule():
    assert palimpsest.ceiling(100, 2, 1) == 200
    assert palimpsest.ceiling(1, 1, 1e8) == pytest.approx(1 / np.e, rel=1e-6)
    assert palimpsest.ceiling(64, 1, 9) == retention.task_ceiling(64, 9)
    assert palimpsest.bits(10, 1, 1, 1) == 10
    assert palimpsest.bits(10, 1, 2, 1) == 0


@given(st.floats(0.5, 8), st.integers(10, 1000), st.floats(1, 50), st.sampled_from([None, 0.05, 0.3]))
def test_largest_tasks_inverts_the_law(b, cells, D, a):
    most = palimpsest.largest_tasks(cells, b, D, a)

    def held(T):
        return palimpsest.ceiling(cells, b, T) / T if a is None else palimpsest.bits(cells, b, T, a)

    if held(1) < D:
        assert most == 0
    else:
        assert held(most) == pytest.approx(D, rel=1e-6)
        assert held(most * 1.01 + 1e-6) < D


def shares(activities):
    return np.array([a * np.prod(1 - np.array(activities[t + 1 :])) for t, a in enumerate(activities)])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_activities_that_vary_keep_one_store_at_most(activities):
    kept = shares(activities)
    assert kept.sum() == pytest.approx(1 - np.prod(1 - np.array(activities)), abs=1e-12)
    most = palimpsest.C2_CELLS.value("cells_annealed", b=3, N=40).value
    assert len(kept) * 3 * 40 * kept.min() <= most * (1 + 1e-9)


@pytest.mark.parametrize("T", [1, 2, 9])
def test_falling_activities_keep_all_tasks_equally(T):
    most = palimpsest.C2_CELLS.value("cells_annealed", b=3, N=40).value
    np.testing.assert_allclose(3 * 40 * shares(1 / np.arange(1, T + 1)), most / T)
    assert most >= palimpsest.ceiling(40, 3, T)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_the_attacks_meet_their_bounds_and_no_more(attack):
    blunted = type(attack)(**{**vars(attack), "starts": (np.array(attack.starts[0]) + 0.02,)})
    found = run(blunted, tries=2500)
    assert 0.9 < found.ratio <= 1 + 1e-9  # nine tenths of the bound would be broken
    assert attack.ratio(found.witness) == found.ratio
