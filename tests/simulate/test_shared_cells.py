"""Shared structure in bounded cells: layouts hold what they promise; either regime decodes below its ceiling and not above."""

from functools import partial

import numpy as np
import pytest

from simulate.backend import jax
from simulate.grid import seed_keys
from simulate.memories.shared_cells import SPARE, layout, oldest_task_decoded
from theory import separation

N, B, SEEDS = 512, 2, 8


@partial(jax.jit, static_argnums=0)
def measure(capacity, keys, R, D_s, T, always_on, K, slots):
    one = partial(
        oldest_task_decoded, N=N, b=B, capacity=capacity, R=R, D_s=D_s, T=T, always_on=always_on, K=K, shared_slots=slots
    )
    return jax.lax.map(one, keys)


def rate(regime, R, D_s, T):
    return float(np.mean(measure((256, 384), seed_keys(range(SEEDS)), R, D_s, T, *layout(regime, N, B, R, T))))


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


@pytest.mark.parametrize("T", [1, 2, 5, 20])
@pytest.mark.parametrize("R", [0, 100, 512])
def test_layouts_have_room_for_the_shared_bits(T, R):
    always_on, K, slots = layout("dual", N, B, R, T)
    assert slots == B * always_on
    assert always_on + K <= N
    assert not R or R <= slots <= R + SPARE + B
    _, K, slots = layout("single", N, B, R, T)
    assert K * slots / N >= R
    assert slots <= B * N


def test_nothing_shared_means_one_layout():
    single, dual = (layout(regime, N, B, 0, 4) for regime in ("single", "dual"))
    assert single == dual
