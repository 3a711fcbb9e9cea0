"""C2 in tasks x depth x activity: delta-rule memory, every write at the one best eta, against rank(Sigma) (1 - 1/T)^(T-1)."""

from functools import partial
from pathlib import Path

import numpy as np

from simulate.backend import jax, jnp
from simulate.codes import Family, active_cells, draw_active, ensemble_spectrum, magnitude_exponent
from simulate.grid import SEEDS, seed_keys, task_grid, task_sizes
from simulate.memories.delta_rule import oldest_task_depth, room
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows
from theory.retention import C2, attainable_depth, largest_tasks, task_depth

C = 0.75
REQUIRED = 0.1
ACTIVITY: dict[Preset, tuple[float, ...]] = {
    "quick": (0.02, 0.05, 0.1, 0.2, 0.4, 0.8),
    "paper": (0.02, 0.05, 0.1, 0.15, 0.2, 0.4, 0.6, 0.8),
}
SIZES: dict[Preset, dict[str, int]] = {"quick": {"N": 64, "depths": 12}, "paper": {"N": 128, "depths": 12}}

LARGEST_TASK = 4.4
"""At D = N/(4 required) facts per task the ceiling C2 is two tasks. The largest task is a tenth smaller."""


def cells(preset: Preset) -> list[Cell]:
    """One cell per column of the sweep: one D, a and family; every T and seed in it. D reaches down to a ceiling near 2.

    No number in it is computed beyond whole ones: last digits differ between processors, and cells must not.
    """
    N, depths = SIZES[preset]["N"], SIZES[preset]["depths"]
    columns = []
    for D in task_sizes(N / (LARGEST_TASK * REQUIRED), depths):
        for centred in (False, True):
            T = task_grid(largest_tasks(N - centred, D, REQUIRED), preset)
            common = {"N": N, "D": D, "centred": centred, "T": T, "required": REQUIRED, "seeds": list(SEEDS)}
            columns += [{**common, "a": a} for a in ACTIVITY[preset]]
    return [{**cell, "M_max": room(cell["D"] * max(cell["T"]))} for cell in columns]


def _family(centred: bool) -> Family:
    return "mean_removed" if centred else "nonnegative"


def _best_eta(N: int, a: float, centred: bool, T: np.ndarray, D: int) -> list[float]:
    """For every T the eta that keeps most in the directions other than the common mode, which are all alike."""
    rest = ensemble_spectrum(N, a, _family(centred), C)[-1]
    return C2.value("best_eta", N=1 / rest, T=T, D=D).value.tolist()


@partial(jax.jit, static_argnums=(1, 2, 4))
def _depths(keys: jax.Array, M_max: int, N: int, K: int, family: Family, etas: jax.Array, T: jax.Array, D: int) -> jax.Array:
    """Mean depth of the oldest task [seeds, tasks]; the sequences of all T begin alike. Seed by seed: it bounds the memory."""

    def one(key: jax.Array) -> jax.Array:
        return oldest_task_depth(draw_active(key, M_max, N, K, family, magnitude_exponent(C)), etas, T, D)

    return jax.lax.map(one, keys)


def run(cell: Cell, workspace: Path) -> Rows:
    """Depth of the oldest task for every number of tasks and seed, at the eta that the spectral law calls best for it."""
    N, D, a, centred = (cell[name] for name in ("N", "D", "a", "centred"))
    family, T, rank = _family(centred), cell["T"], N - centred
    eta = _best_eta(N, a, centred, np.array(T), D)
    ceiling, allowed = largest_tasks(rank, D, cell["required"]), attainable_depth(rank, np.array(T), D).tolist()
    spectrum = ensemble_spectrum(N, a, family, C)
    keys = seed_keys(cell["seeds"], D, round(1000 * a))
    depths = np.asarray(_depths(keys, cell["M_max"], N, active_cells(N, a, family, C), family, jnp.array(eta), jnp.array(T), D))
    common = {"system": "delta", "N": N, "b": 0, "D": D, "a": a, "centred": centred, "required": cell["required"]}
    return [
        {**common, "T": T[i], "seed": seed, "depth": float(depth), "eta": eta[i], "ceiling_T": ceiling}
        | {"ceiling_depth": allowed[i], "predicted_depth": task_depth(spectrum, eta[i], T[i], D)}
        for i, over_seeds in enumerate(depths.T)
        for seed, depth in zip(cell["seeds"], over_seeds, strict=True)
    ]


EXPERIMENT = Experiment(
    name="sweep_delta",
    question="Is tasks x depth bounded by the rank alone for a delta-rule memory with one fixed write strength?",
    prediction="T D depth <= rank(Sigma) (1 - 1/T)^(T-1) in every cell. Codes without a mean reach it at every activity; "
    "non-negative codes, at their own best eta, lose the common direction only, one of N.",
    falsifier="A cell whose depth lies above the ceiling beyond a simultaneous 95% interval; a frontier of centred codes that "
    "depends on activity.",
    controls="The same supports with and without their mean; eta is the best of the spectral law for every ensemble, T and D.",
    columns={
        "system": Column("Memory that was swept: delta.", str),
        "N": Column("Weights per output.", int, unit="weights"),
        "b": Column("Bits per bounded cell; 0 because weights are real numbers.", int, unit="bits"),
        "D": Column("Facts per task.", int, unit="facts"),
        "a": Column("Fraction of cells that are active in each code."),
        "centred": Column("Whether the mean was removed from the codes.", bool),
        "required": Column("Depth that the oldest task must keep for the tasks to count as held."),
        "T": Column("Tasks written.", int, unit="tasks"),
        "seed": Column("Seed of the random codes.", int),
        "depth": Column("Mean retained depth of the facts of the oldest task after T tasks."),
        "eta": Column("Strength of every write: the best one for this T by C2."),
        "ceiling_T": Column("Largest number of tasks that keep the required depth, by the ceiling C2.", unit="tasks"),
        "ceiling_depth": Column("Largest depth of the oldest of T tasks, by the ceiling C2."),
        "predicted_depth": Column("Depth of the oldest task that the spectral law C2 gives at this eta."),
    },
    cells=cells,
    run=run,
)
