"""C3 in tasks x depth x activity: power SNR of the oldest task of a one-shot Hebbian memory, against N/(T D - 1)."""

from functools import partial
from pathlib import Path

import numpy as np

from simulate.backend import jax, jnp
from simulate.codes import active_cells
from simulate.experiment import Cell, Experiment, Preset
from simulate.grid import SEEDS, depth_grid, task_grid
from simulate.memories.hebbian import oldest_task_snr
from simulate.store import Rows

REQUIRED = 1.0
ACTIVITY = (0.03, 0.05, 0.1, 0.2, 0.3, 0.5)
SIZES: dict[Preset, dict[str, int]] = {"quick": {"N": 128, "depths": 12}, "paper": {"N": 256, "depths": 14}}
OUTPUTS = 64


def ceiling_tasks(N: int, D: int, required: float) -> float:
    """Largest T with N/(T D - 1) >= required: only the other T D - 1 facts interfere."""
    return (1 + N / required) / D


def cells(preset: Preset) -> list[Cell]:
    """One cell a column of the sweep: one D and a; every T and seed in it. D reaches down to a ceiling of 2 tasks."""
    N, depths = SIZES[preset]["N"], SIZES[preset]["depths"]
    columns = [
        {"N": N, "D": D, "a": a, "T": task_grid(ceiling_tasks(N, D, REQUIRED), preset), "required": REQUIRED, "seeds": list(SEEDS)}
        for D in depth_grid(N / (2 * REQUIRED), depths)
        for a in ACTIVITY
    ]
    size = {"P_max": max(cell["D"] * max(cell["T"]) for cell in columns), "D_max": max(cell["D"] for cell in columns)}
    return [{**cell, **size, "outputs": OUTPUTS} for cell in columns]


@partial(jax.jit, static_argnums=(1, 2, 3, 4))
def _snr(keys: jax.Array, P_max: int, N: int, outputs: int, D_max: int, K: int, T: jax.Array, D: int) -> jax.Array:
    """Power SNR of the oldest task [tasks, seeds]."""
    one = partial(oldest_task_snr, P_max=P_max, N=N, outputs=outputs, D_max=D_max)
    return jax.lax.map(lambda key: jax.lax.map(lambda tasks: one(key, K=K, T=tasks, D=D), T), keys).T


def run(cell: Cell, workspace: Path) -> Rows:
    """Power SNR of the oldest task for every number of tasks and seed."""
    N, D, a = cell["N"], cell["D"], cell["a"]
    keys = jax.vmap(jax.random.key)(jnp.array(cell["seeds"]))
    snr = np.asarray(
        _snr(keys, cell["P_max"], N, cell["outputs"], cell["D_max"], active_cells(N, a), jnp.array(cell["T"]), D)
    )
    common = {"system": "hebbian", "N": N, "b": 0, "D": D, "a": a, "required": cell["required"]}
    ceiling = ceiling_tasks(N, D, cell["required"])
    return [
        {**common, "T": T, "seed": seed, "depth": float(value), "ceiling_T": ceiling}
        | {"ceiling_depth": N / (T * D - 1) if T * D > 1 else float("inf")}
        for T, over_seeds in zip(cell["T"], snr, strict=True)
        for seed, value in zip(cell["seeds"], over_seeds, strict=True)
    ]


EXPERIMENT = Experiment(
    name="sweep_hebbian",
    question="Is tasks x depth of a one-shot Hebbian memory bounded by N alone, at every coding level?",
    prediction="The oldest task keeps a power SNR of N/(T D - 1) at every coding level, to (N - 1)/N: the frontier is T D = 1 + N/SNR.",
    falsifier="A cell whose SNR lies above N/(T D - 1) beyond a simultaneous 95% interval; a frontier that depends on activity.",
    controls="Coding levels from 0.03 to 0.5 at equal N, T and D; every pattern is really stored and read back.",
    cells=cells,
    run=run,
)
