"""C2 in tasks x depth x activity: delta-rule memory, every write at the one best eta, against rank(Sigma) (1 - 1/T)^(T-1)."""

from functools import partial
from pathlib import Path

import numpy as np

from simulate.backend import jax, jnp
from simulate.codes import Family, active_cells, draw, ensemble_spectrum, magnitude_exponent
from simulate.experiment import Cell, Experiment, Preset
from simulate.grid import SEEDS, depth_grid, task_grid
from simulate.interim import best_eta, spectral, tasks_ceiling, occupancy
from simulate.memories.delta_rule import oldest_task_depth
from simulate.store import Rows

C = 0.75
REQUIRED = 0.1
ACTIVITY = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
SIZES: dict[Preset, dict[str, int]] = {"quick": {"N": 64, "depths": 12}, "paper": {"N": 128, "depths": 14}}


def cells(preset: Preset) -> list[Cell]:
    """One cell a column of the sweep: one D, a and family; every T and seed in it. D reaches down to a ceiling of 2 tasks."""
    N, depths = SIZES[preset]["N"], SIZES[preset]["depths"]
    columns = []
    for D in depth_grid(N / (4 * REQUIRED), depths):
        tasks = task_grid(tasks_ceiling(N / REQUIRED, D), preset)
        columns += [
            {"N": N, "D": D, "a": a, "centred": centred, "T": tasks, "required": REQUIRED, "seeds": list(SEEDS)}
            for centred in (False, True)
            for a in ACTIVITY
        ]
    longest = max(cell["D"] * max(cell["T"]) for cell in columns)
    return [{**cell, "M_max": longest} for cell in columns]


@partial(jax.jit, static_argnums=(1, 2, 4))
def _depths(keys: jax.Array, M_max: int, N: int, K: int, family: Family, etas: jax.Array, T: jax.Array, D: int) -> jax.Array:
    """Mean depth of the oldest task [tasks, seeds]; the sequences of all T begin alike."""
    codes = jax.vmap(lambda key: draw(key, M_max, N, K, family, magnitude_exponent(C)))(keys)
    over_seeds = jax.vmap(oldest_task_depth, (0, None, None, None))
    return jax.lax.map(lambda point: over_seeds(codes, point[0], point[1], D), (etas, T))


def run(cell: Cell, workspace: Path) -> Rows:
    """Depth of the oldest task for every number of tasks and seed, at the eta that the spectral law calls best for it."""
    N, D, a, centred = (cell[name] for name in ("N", "D", "a", "centred"))
    family: Family = "mean_removed" if centred else "nonnegative"
    spectrum = ensemble_spectrum(N, a, family, C)
    etas = np.array([best_eta(spectrum, T, D) for T in cell["T"]])
    keys = jax.vmap(jax.random.key)(jnp.array(cell["seeds"]))
    depths = np.asarray(
        _depths(keys, cell["M_max"], N, active_cells(N, a, family, C), family, jnp.asarray(etas), jnp.array(cell["T"]), D)
    )
    common = {"system": "delta", "N": N, "b": 0, "D": D, "a": a, "centred": centred, "required": cell["required"]}
    ceiling = tasks_ceiling(N / cell["required"], D)
    return [
        {**common, "T": T, "seed": seed, "depth": float(depth), "ceiling_T": ceiling, "eta": float(eta)}
        | {"ceiling_depth": N * occupancy(T) / (T * D), "predicted_depth": spectral(spectrum, eta, T, D)}
        for T, eta, over_seeds in zip(cell["T"], etas, depths, strict=True)
        for seed, depth in zip(cell["seeds"], over_seeds, strict=True)
    ]


EXPERIMENT = Experiment(
    name="sweep_delta",
    question="Is tasks x depth bounded by the rank alone for a delta-rule memory with one fixed write strength?",
    prediction="T D depth <= N (1 - 1/T)^(T-1) in every cell. Codes without a mean reach it at every activity; non-negative codes "
    "fall below it as their common mode grows.",
    falsifier="A cell whose depth lies above the ceiling beyond a simultaneous 95% interval; a frontier of centred codes that "
    "depends on activity.",
    controls="The same supports with and without their mean; eta is the best one of the spectral law for each ensemble, T and D.",
    cells=cells,
    run=run,
)
