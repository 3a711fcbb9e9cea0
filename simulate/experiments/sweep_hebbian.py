"""C3 in tasks x depth x activity: power SNR of T D facts in a one-shot Hebbian memory, against N/(T D - 1).

The rule adds, and sums do not depend on the order: the oldest task is like every other, and all of them are judged.
"""

from functools import partial
from pathlib import Path

import numpy as np

from simulate.backend import jax, jnp
from simulate.codes import active_cells
from simulate.grid import SEEDS, seed_keys, task_grid, task_sizes
from simulate.memories.hebbian import stored_snr
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows
from theory.hebbian import largest_patterns, snr

REQUIRED = 1.0
ACTIVITY = (0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
SIZES: dict[Preset, dict[str, int]] = {"quick": {"N": 128, "depths": 12}, "paper": {"N": 256, "depths": 12}}
OUTPUTS = 64

LARGEST_TASK = 2.2
"""At D = N/(2 required) facts per task the ceiling C3 is two tasks. The largest task is a tenth smaller."""


def cells(preset: Preset) -> list[Cell]:
    """One cell per column of the sweep: one D and a; every T and seed in it. D reaches down to a ceiling near 2."""
    N, depths = SIZES[preset]["N"], SIZES[preset]["depths"]
    columns = []
    for D in task_sizes(N / (LARGEST_TASK * REQUIRED), depths):
        ceiling = largest_patterns(N, REQUIRED) / D
        T = task_grid(ceiling, preset)
        predicted = {"ceiling_T": ceiling, "ceiling_depth": snr(N, np.array(T) * D).tolist()}
        columns += [{"N": N, "D": D, "a": a, "T": T, "required": REQUIRED, **predicted, "seeds": list(SEEDS)} for a in ACTIVITY]
    largest = max(cell["D"] * max(cell["T"]) for cell in columns)
    return [{**cell, "P_max": largest, "outputs": OUTPUTS} for cell in columns]


@partial(jax.jit, static_argnums=(1, 2, 3))
def _snr(keys: jax.Array, P_max: int, N: int, outputs: int, K: int, P: jax.Array) -> jax.Array:
    """Power SNR [loads, seeds] of P of the same P_max patterns."""
    return jax.lax.map(lambda key: stored_snr(key, P_max, N, outputs, K, P), keys).T


def run(cell: Cell, workspace: Path) -> Rows:
    """Power SNR for every number of tasks and seed."""
    N, D, a = cell["N"], cell["D"], cell["a"]
    keys = seed_keys(cell["seeds"], D, active_cells(N, a))
    P = jnp.array(cell["T"]) * D
    measured = np.asarray(_snr(keys, cell["P_max"], N, cell["outputs"], active_cells(N, a), P))
    common = {"system": "hebbian", "N": N, "b": 0, "D": D, "a": a, "required": cell["required"]}
    return [
        {**common, "T": T, "seed": seed, "depth": float(value), "ceiling_T": cell["ceiling_T"], "ceiling_depth": allowed}
        for T, allowed, over_seeds in zip(cell["T"], cell["ceiling_depth"], measured, strict=True)
        for seed, value in zip(cell["seeds"], over_seeds, strict=True)
    ]


EXPERIMENT = Experiment(
    name="sweep_hebbian",
    question="Is tasks x depth of a one-shot Hebbian memory bounded by N alone, at every coding level?",
    prediction="A power SNR of N/(T D - 1) at every coding level, to a factor (N - 1)/N: the frontier is T D = 1 + N/SNR.",
    falsifier="A cell whose SNR lies above N/(T D - 1) beyond a simultaneous 95% interval; a frontier that depends on activity.",
    controls="Coding levels from 0.05 to 0.5 at equal N, T and D; every pattern is really stored and read back.",
    columns={
        "system": Column("Memory that was swept: hebbian.", str),
        "N": Column("Weights per output.", int, unit="weights"),
        "b": Column("Bits per bounded cell; 0 because weights are real numbers.", int, unit="bits"),
        "D": Column("Facts per task.", int, unit="facts"),
        "a": Column("Fraction of cells that are active in each code."),
        "required": Column("Power signal-to-noise ratio that must be kept for the tasks to count as held."),
        "T": Column("Tasks written.", int, unit="tasks"),
        "seed": Column("Seed of codes and targets.", int),
        "depth": Column("Power signal-to-noise ratio of the readouts of all T D facts."),
        "ceiling_T": Column("Largest number of tasks at the required ratio, by C3.", unit="tasks"),
        "ceiling_depth": Column("Power signal-to-noise ratio N/(T D - 1) that C3 allows for T tasks."),
    },
    cells=cells,
    run=run,
)
