"""Axes of the sweeps."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from simulate.backend import jax
from simulate.grid import FRACTIONS, seed_keys, task_grid, task_sizes


@pytest.mark.parametrize("preset", FRACTIONS)
@given(ceiling=st.floats(0, 500))
def test_tasks_are_distinct_and_straddle_the_ceiling(preset, ceiling):
    tasks = task_grid(ceiling, preset)
    assert len(set(tasks)) == len(FRACTIONS[preset]) >= 12
    assert tasks == sorted(tasks)
    assert tasks[0] >= 1
    assert tasks[0] <= max(1, 0.35 * ceiling)
    assert tasks[-1] >= 1.5 * ceiling
    if ceiling >= 1:
        assert int(ceiling) in tasks


@given(largest=st.integers(12, 2000), smallest=st.floats(1, 5))
def test_depths_are_distinct(largest, smallest):
    depths = task_sizes(largest, 8, smallest)
    assert len(set(depths)) == 8
    assert depths[-1] == largest
    assert depths[0] == round(smallest)


def test_keys_depend_on_seed_and_salt():
    table = {tuple(np.asarray(jax.random.key_data(key))) for salt in (0, 1) for key in seed_keys(range(3), salt)}
    assert len(table) == 6
