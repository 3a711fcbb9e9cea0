"""S1: bounded cells whose tasks share structure, one activity regime against two populations, really decoded."""

from functools import partial
from pathlib import Path

import numpy as np

from simulate.backend import jax, jnp
from simulate.experiment import Cell, Experiment, Preset
from simulate.grid import SEEDS, task_grid
from simulate.interim import shared_single, tasks_ceiling
from simulate.memories.shared_cells import dual_layout, oldest_task_decoded, single_layout
from simulate.store import Rows

SIZES: dict[Preset, dict[str, int]] = {"quick": {"N": 256, "b": 4}, "paper": {"N": 512, "b": 4}}
SHARES = (0.0, 1 / 32, 1 / 8, 1 / 4, 1 / 2)
PRIVATE = (1 / 128, 1 / 64, 1 / 32, 1 / 16, 1 / 8)


def ceiling_tasks(regime: str, bits: int, R: int, D_s: int) -> float:
    """Largest T that the law allows."""
    return shared_single(bits, R, D_s) if regime == "single" else tasks_ceiling(bits - R, D_s)


def cells(preset: Preset) -> list[Cell]:
    """One cell a regime, R and D_s; every T and seed in it."""
    N, b = SIZES[preset]["N"], SIZES[preset]["b"]
    columns = []
    for regime in ("single", "dual"):
        for R in (round(share * b * N) for share in SHARES):
            for D_s in (round(share * b * N) for share in PRIVATE):
                tasks = task_grid(ceiling_tasks(regime, b * N, R, D_s), preset)
                columns.append({"regime": regime, "N": N, "b": b, "R": R, "D_s": D_s, "T": tasks, "seeds": list(SEEDS)})
    return columns


@partial(jax.jit, static_argnums=(1, 2, 3))
def _decoded(
    keys: jax.Array, N: int, b: int, capacity: int, R: int, D_s: int, T: jax.Array, layout: tuple[jax.Array, ...]
) -> jax.Array:
    """Whether everything came back [tasks, seeds]."""

    def point(args: tuple[jax.Array, ...]) -> jax.Array:
        tasks, always_on, K, shared_slots = args
        one = partial(oldest_task_decoded, N=N, b=b, capacity=capacity, R=R, D_s=D_s, T=tasks, always_on=always_on, K=K)
        return jax.lax.map(lambda key: one(key, shared_slots=shared_slots), keys)

    return jax.lax.map(point, (T, *layout))


def layout_of(cell: Cell, T: int) -> tuple[int, int, int]:
    """(always-on cells, active cells among the others, shared slots) at the best activity for T tasks."""
    N, b, R = cell["N"], cell["b"], cell["R"]
    if cell["regime"] == "dual":
        always_on, _, K = dual_layout(N, b, R, T)
        return always_on, K, always_on * b
    K, shared_slots = single_layout(N, b, R, (b * N + (T - 1) * R) / (T * b * N))
    return 0, K, shared_slots


def run(cell: Cell, workspace: Path) -> Rows:
    """Whether the oldest task comes back whole, for every number of tasks and seed."""
    N, b, R, D_s, regime = (cell[name] for name in ("N", "b", "R", "D_s", "regime"))
    layouts = np.array([layout_of(cell, T) for T in cell["T"]]).T
    keys = jax.vmap(jax.random.key)(jnp.array(cell["seeds"]))
    decoded = np.asarray(_decoded(keys, N, b, b * N // 2, R, D_s, jnp.array(cell["T"]), tuple(map(jnp.asarray, layouts))))
    ceiling = ceiling_tasks(regime, b * N, R, D_s)
    return [
        {"regime": regime, "N": N, "b": b, "R": R, "D_s": D_s, "T": T, "a": float(layouts[1, i] / N), "seed": seed}
        | {"decoded": bool(decoded[i, j]), "ceiling_T": ceiling}
        for i, T in enumerate(cell["T"])
        for j, seed in enumerate(cell["seeds"])
    ]


EXPERIMENT = Experiment(
    name="sweep_shared",
    question="When tasks share R bits, do two populations of different activity hold more tasks than the best single activity?",
    prediction="One regime: T D_s = (1-1/T)^(T-1) (bN - R) (1 - R/(bN))^(T-1). Two: T D_s = (1-1/T)^(T-1) (bN - R). No gain at R = 0.",
    falsifier="Everything comes back more often than the expected surviving private bits / D_s allow, beyond a simultaneous 95% "
    "interval; or two populations hold no more than one where R > 0.",
    controls="R = 0; equal cells, bits and code in both; the single regime at its own best activity for every T.",
    cells=cells,
    run=run,
)
