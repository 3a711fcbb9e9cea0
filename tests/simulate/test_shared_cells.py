"""Shared structure in bounded cells: layouts hold what they promise; either regime decodes below its ceiling and not above."""

import numpy as np
import pytest

from simulate.backend import jax, jnp
from simulate.grid import seed_keys
from simulate.memories import shared_cells
from simulate.memories.shared_cells import SPARE, activity, largest_tasks, layout, private_bits
from theory import separation

N, B, SEEDS = 512, 2, 8


def rate(regime, R, D_s, T, odds=1.0):
    points = [jnp.array([value]) for value in (T, *layout(regime, N, B, R, T, odds))]
    return float(np.mean(shared_cells._decoded(seed_keys(range(SEEDS)), N, B, (256, 384), R, D_s, *points)))


def allowed(regime, R, T):
    law = separation.single_ceiling if regime == "single" else separation.dual_ceiling
    return law(N, B, R, T) / T


@pytest.mark.parametrize("regime", ["single", "dual"])
@pytest.mark.parametrize(("R", "T"), [(0, 3), (64, 4), (256, 2), (256, 4)])
def test_threshold_at_the_ceiling(regime, R, T):
    # surviving cells fluctuate by about the root of their number; SPARE slots and their share are spent on margins
    D_s = allowed(regime, R, T)
    margin = 3 * B * np.sqrt(D_s / B) + 3 * SPARE
    if D_s > 1.5 * margin:
        assert rate(regime, R, int(D_s - margin), T) == 1
    assert rate(regime, R, int(D_s + margin), T) == 0


def test_two_regimes_return_what_one_cannot():
    R, T = 256, 4
    D_s = int((allowed("single", R, T) + allowed("dual", R, T)) / 2)
    assert rate("single", R, D_s, T) == 0
    assert rate("dual", R, D_s, T) == 1


@pytest.mark.parametrize("odds", [0.25, 1.0, 4.0])
@pytest.mark.parametrize("T", [1, 2, 5, 20])
@pytest.mark.parametrize("R", [0, 100, 512])
def test_layouts_have_room_for_the_shared_bits(T, R, odds):
    always_on, K, slots = layout("dual", N, B, R, T, odds)
    assert slots == B * always_on
    assert always_on + K <= N
    assert not R or R <= slots <= R + SPARE + B
    _, K, slots = layout("single", N, B, R, T, odds)
    assert K * slots / N >= min(R, B * K)
    assert B * K >= R
    assert slots <= B * N


def test_nothing_shared_means_one_layout():
    single, dual = (layout(regime, N, B, 0, 4) for regime in ("single", "dual"))
    assert single == dual


@pytest.mark.parametrize("regime", ["single", "dual"])
@pytest.mark.parametrize("R", [0, 100, 512])
def test_the_best_activity_is_at_even_odds_and_the_loss_beside_it_is_universal(regime, R):
    for T in (1, 2, 7, 40):
        best = private_bits(regime, N, B, R, T, activity(regime, N, B, R, T))
        assert best == pytest.approx(
            (separation.single_ceiling if regime == "single" else separation.dual_ceiling)(N, B, R, T) / T
        )
        for odds in (0.25, 0.5, 2.0, 4.0):
            kept = private_bits(regime, N, B, R, T, activity(regime, N, B, R, T, odds))
            assert kept == pytest.approx(best * odds * (T / (T - 1 + odds)) ** T, rel=1e-9)
            assert kept <= best * (1 + 1e-12)


def test_away_from_the_best_activity_fewer_tasks_fit():
    held = [largest_tasks("dual", N, B, 64, 32, odds) for odds in (0.25, 0.5, 1.0, 2.0, 4.0)]
    assert held[0] < held[1] < held[2] > held[3] > held[4]


@pytest.mark.parametrize(("regime", "odds"), [("single", 3.0), ("dual", 0.3), ("dual", 3.0)])
def test_threshold_away_from_the_best_activity(regime, odds):
    R, T = 64, 4
    D_s = private_bits(regime, N, B, R, T, activity(regime, N, B, R, T, odds))
    margin = 3 * B * np.sqrt(D_s / B) + 3 * SPARE
    assert rate(regime, R, int(D_s + margin), T, odds) == 0
    if D_s > 1.5 * margin:
        assert rate(regime, R, int(D_s - margin), T, odds) == 1


def test_supports_have_exactly_so_many_cells_of_those_allowed():
    among = jnp.arange(100) >= 30

    def supports(K):  # in one go: called key by key, each call is compiled anew
        return np.array(jax.vmap(lambda key: shared_cells._few(key, among, K))(seed_keys(range(200))))

    for K in (0, 1, 13, 70):
        drawn = supports(K)
        assert (drawn.sum(axis=1) == K).all()
        assert not drawn[:, :30].any()
    share = supports(13).mean(axis=0)[30:]
    assert abs(share - 13 / 70).max() < 5 * np.sqrt(13 / 70 * 57 / 70 / 200)
