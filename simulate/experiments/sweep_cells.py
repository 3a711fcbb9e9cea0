"""C2 for bounded synapses in tasks x depth x activity: overwritten b-bit cells with a real erasure code."""

from functools import partial
from pathlib import Path

import numpy as np

from simulate.backend import jax, jnp
from simulate.codes import active_cells
from simulate.grid import SEEDS, seed_keys, task_grid, task_sizes
from simulate.memories.bounded_cells import decoding_probability, oldest_task_decoded
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows
from theory import palimpsest

REQUIRED = 1.0
ACTIVITY = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
SIZES: dict[Preset, dict[str, int]] = {
    "quick": {"N": 512, "b": 2, "depths": 12},
    "paper": {"N": 1024, "b": 2, "depths": 12},
}

SMALLEST_TASK = 86
"""Bits of all cells over the bits of the smallest task: its ceiling is about 32 tasks, as 32 e = 87 (C2 for bounded cells)."""
SPARE = 32
"""Bits by which the largest task is smaller than all cells together, so that its ceiling is just above one task."""


def cells(preset: Preset) -> list[Cell]:
    """One cell per column of the sweep: one D and a; every T and seed in it. D runs from a ceiling of about 32 tasks to 1.

    No number in it is computed beyond whole ones: last digits differ between processors, and cells must not.
    """
    N, b, depths = (SIZES[preset][name] for name in ("N", "b", "depths"))
    bits = b * N
    columns = []
    for D in task_sizes(bits - SPARE, depths, smallest=bits / SMALLEST_TASK):
        T = task_grid(palimpsest.largest_tasks(N, b, D), preset)
        columns += [{"N": N, "b": b, "D": D, "a": a, "T": T, "required": REQUIRED, "seeds": list(SEEDS)} for a in ACTIVITY]
    return columns


@partial(jax.jit, static_argnums=(1, 2, 3))
def _decoded(keys: jax.Array, N: int, b: int, capacity: int, K: int, D: int, T: jax.Array) -> tuple[jax.Array, jax.Array]:
    """(fraction of D decoded [tasks, seeds], bits that survive [tasks, seeds])."""
    one = partial(oldest_task_decoded, N=N, b=b, capacity=capacity)
    return jax.lax.map(lambda tasks: jax.lax.map(lambda key: one(key, K=K, D=D, T=tasks), keys), T)


def run(cell: Cell, workspace: Path) -> Rows:
    """Fraction of the oldest task's bits that come back right, for every number of tasks and seed."""
    N, b, D, a = (cell[name] for name in ("N", "b", "D", "a"))
    keys = seed_keys(cell["seeds"], D, active_cells(N, a))
    tasks = np.array(cell["T"])
    ceiling, allowed = palimpsest.largest_tasks(N, b, D), (palimpsest.ceiling(N, b, tasks) / (tasks * D)).tolist()
    decoded, surviving = map(np.asarray, _decoded(keys, N, b, b * N, active_cells(N, a), D, jnp.array(cell["T"])))
    common = {"system": "cells", "N": N, "b": b, "D": D, "a": a, "required": cell["required"]}
    return [
        {**common, "T": T, "seed": seed, "depth": float(decoded[i, j]), "surviving_bits": int(surviving[i, j])}
        | {"ceiling_T": ceiling, "ceiling_depth": allowed[i]}
        | {"predicted_depth": decoding_probability(N, b, active_cells(N, a), D, T)}
        for i, T in enumerate(cell["T"])
        for j, seed in enumerate(cell["seeds"])
    ]


EXPERIMENT = Experiment(
    name="sweep_cells",
    question="Is tasks x bits per task bounded by the bits of the cells times (1 - 1/T)^(T-1), whatever the activity?",
    prediction="T D <= b N (1 - 1/T)^(T-1) wherever the oldest task comes back; reached, up to fluctuations of what survives, "
    "at activity 1/T with an erasure code.",
    falsifier="A cell that is decoded more often than expected surviving bits / D allows, beyond a simultaneous 95% interval.",
    controls="Activities from 1/32 to 1 at equal N, b and D; the bits are really coded, overwritten, solved for and compared.",
    columns={
        "system": Column("Memory that was swept: cells (bounded cells that later writes overwrite).", str),
        "N": Column("Number of cells.", int, unit="cells"),
        "b": Column("Bits per cell.", int, unit="bits"),
        "D": Column("Bits per task.", int, unit="bits"),
        "a": Column("Fraction of the cells that one task writes."),
        "required": Column("Fraction of the oldest task's bits that must come back right."),
        "T": Column("Tasks written.", int, unit="tasks"),
        "seed": Column("Seed of the written cells and the bits.", int),
        "depth": Column("Fraction of the oldest task's bits that are decoded right."),
        "surviving_bits": Column("Bits of the oldest task's code word that no later task has overwritten.", int, unit="bits"),
        "ceiling_T": Column("Largest number of tasks that fit, by the ceiling of C2 for bounded cells.", unit="tasks"),
        "ceiling_depth": Column("Bits that the same ceiling allows the oldest of T tasks, over D; may exceed 1."),
        "predicted_depth": Column("Probability that the erasure code decodes, exact."),
    },
    cells=cells,
    run=run,
)
