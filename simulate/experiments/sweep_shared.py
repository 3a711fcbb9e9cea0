"""S1: bounded cells whose tasks share structure, one activity regime against two populations, really decoded."""

from functools import partial
from pathlib import Path

import numpy as np

from simulate.backend import jax, jnp
from simulate.experiment import Cell, Experiment, Preset
from simulate.grid import SEEDS, seed_keys, task_grid
from simulate.memories.shared_cells import layout, oldest_task_decoded
from simulate.store import Rows
from theory import separation

SIZES: dict[Preset, dict[str, int]] = {"quick": {"N": 1024, "b": 2}, "paper": {"N": 2048, "b": 2}}
SHARES = (0.0, 1 / 64, 1 / 16, 1 / 8, 1 / 4)
PRIVATE = (1 / 128, 1 / 64, 1 / 32, 1 / 16)


def cells(preset: Preset) -> list[Cell]:
    """One cell a regime, R and D_s; every T and seed in it."""
    N, b = SIZES[preset]["N"], SIZES[preset]["b"]
    columns = []
    for regime in ("single", "dual"):
        for R in (round(share * b * N) for share in SHARES):
            for D_s in (round(share * b * N) for share in PRIVATE):
                ceiling = separation.largest_tasks(N, b, R, D_s, regime)
                T = np.array(task_grid(ceiling, preset))
                allowed = (separation.single_ceiling if regime == "single" else separation.dual_ceiling)(N, b, R, T) / (T * D_s)
                layouts = [layout(regime, N, b, R, tasks) for tasks in T.tolist()]
                config = {"regime": regime, "N": N, "b": b, "R": R, "D_s": D_s, "T": T.tolist(), "layout": layouts}
                columns.append({**config, "ceiling_T": ceiling, "ceiling_depth": allowed.tolist(), "seeds": list(SEEDS)})
    return columns


@partial(jax.jit, static_argnums=(1, 2, 3))
def _decoded(
    keys: jax.Array, N: int, b: int, capacity: tuple[int, int], R: int, D_s: int, T: jax.Array, layouts: tuple[jax.Array, ...]
) -> jax.Array:
    """Whether everything came back [tasks, seeds]."""

    def point(args: tuple[jax.Array, ...]) -> jax.Array:
        tasks, always_on, K, shared_slots = args
        one = partial(oldest_task_decoded, N=N, b=b, capacity=capacity, R=R, D_s=D_s, T=tasks, always_on=always_on, K=K)
        return jax.lax.map(lambda key: one(key, shared_slots=shared_slots), keys)

    return jax.lax.map(point, (T, *layouts))


def _capacity(bits: int) -> tuple[int, int]:
    return round(max(SHARES) * bits), round(max(PRIVATE) * bits)


def run(cell: Cell, workspace: Path) -> Rows:
    """Whether the oldest task comes back whole, for every number of tasks and seed."""
    N, b, R, D_s, regime = (cell[name] for name in ("N", "b", "R", "D_s", "regime"))
    layouts = np.array(cell["layout"]).T
    keys = seed_keys(cell["seeds"], R, D_s, regime == "dual")
    decoded = np.asarray(_decoded(keys, N, b, _capacity(b * N), R, D_s, jnp.array(cell["T"]), tuple(map(jnp.asarray, layouts))))
    return [
        {"regime": regime, "N": N, "b": b, "R": R, "D_s": D_s, "T": T, "a": float(layouts[1, i] / N), "seed": seed}
        | {"decoded": bool(decoded[i, j]), "ceiling_T": cell["ceiling_T"], "ceiling_depth": cell["ceiling_depth"][i]}
        for i, T in enumerate(cell["T"])
        for j, seed in enumerate(cell["seeds"])
    ]


EXPERIMENT = Experiment(
    name="sweep_shared",
    question="When tasks share R bits, do two populations of different activity hold more tasks than the best single activity?",
    prediction="One regime: T D_s = (1-1/T)^(T-1) (bN - R) (1 - R/(bN))^(T-1). Two: without the last factor. No gain at R = 0.",
    falsifier="Everything comes back more often than the expected surviving private bits / D_s allow, beyond a simultaneous 95% "
    "interval; or two populations hold no more than one where R > 0.",
    controls="R = 0; equal cells, bits and code in both; the single regime at its own best activity for every T.",
    cells=cells,
    run=run,
)
