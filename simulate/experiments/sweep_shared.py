"""S1 in tasks x private bits x shared bits x activity: cells of one activity regime against two populations, really decoded."""

from functools import cache, partial
from pathlib import Path

import numpy as np

from simulate.backend import jax, jnp
from simulate.grid import SEEDS, seed_keys, task_grid, task_sizes
from simulate.memories.shared_cells import largest_tasks, layout, oldest_task_decoded, private_bits
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows

SIZES: dict[Preset, dict[str, int]] = {"quick": {"N": 1024, "b": 2, "depths": 4}, "paper": {"N": 2048, "b": 2, "depths": 12}}
SHARES: dict[Preset, tuple[float, ...]] = {"quick": (0.0, 1 / 16, 1 / 4), "paper": (0.0, 1 / 64, 1 / 16, 1 / 8, 1 / 4)}
PRIVATE = (1 / 128, 1 / 16)
ODDS: dict[Preset, tuple[float, ...]] = {"quick": (0.25, 0.5, 1.0, 1.5, 2.0, 4.0), "paper": (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0)}
"""Activities, as odds over those of the best one: on either side of it, and away from it."""


@cache
def _columns(preset: Preset) -> tuple[Cell, ...]:
    N, b, depths = (SIZES[preset][name] for name in ("N", "b", "depths"))
    bits = b * N
    columns = []
    for regime in ("single", "dual"):
        for R in (round(share * bits) for share in SHARES[preset]):
            for D_s in task_sizes(PRIVATE[1] * bits, depths, PRIVATE[0] * bits):
                for odds in ODDS[preset]:
                    ceiling = largest_tasks(regime, N, b, R, D_s, odds)
                    T = task_grid(ceiling, preset)
                    layouts = [layout(regime, N, b, R, tasks, odds) for tasks in T]
                    a = [K / (N - common) for common, K, _ in layouts]
                    allowed = [private_bits(regime, N, b, R, *point) / D_s for point in zip(T, a, strict=True)]
                    config = {"regime": regime, "N": N, "b": b, "R": R, "D_s": D_s, "odds": odds, "T": T, "layout": layouts}
                    config |= {"ceiling_T": ceiling, "ceiling_depth": allowed}
                    columns.append({**config, "seeds": list(SEEDS)})
    return tuple(columns)


def cells(preset: Preset) -> list[Cell]:
    """One cell per regime, R, D_s and activity; every T and seed in it. The ceilings are those at the activity of the cell."""
    return list(_columns(preset))


_decoded = partial(jax.jit, static_argnums=(1, 2, 3))(oldest_task_decoded)


def _capacity(bits: int) -> tuple[int, int]:
    return round(max(SHARES["paper"]) * bits), round(max(PRIVATE) * bits)


def run(cell: Cell, workspace: Path) -> Rows:
    """Whether the oldest task comes back whole, for every number of tasks and seed."""
    N, b, R, D_s, regime, odds = (cell[name] for name in ("N", "b", "R", "D_s", "regime", "odds"))
    points = np.column_stack([cell["T"], cell["layout"]])
    keys = seed_keys(cell["seeds"], R, D_s, regime == "dual", round(100 * odds))
    decoded = np.asarray(_decoded(keys, N, b, _capacity(b * N), R, D_s, *map(jnp.asarray, points.T)))
    common = {"regime": regime, "N": N, "b": b, "R": R, "D_s": D_s, "odds": odds, "ceiling_T": cell["ceiling_T"]}
    return [
        {**common, "T": int(T), "a": float(K / (N - always_on)), "seed": seed, "decoded": bool(decoded[i, j])}
        | {"ceiling_depth": cell["ceiling_depth"][i]}
        for i, (T, always_on, K, _) in enumerate(points)
        for j, seed in enumerate(cell["seeds"])
    ]


EXPERIMENT = Experiment(
    name="sweep_shared",
    question="When tasks share R bits, do two populations of different activity hold more tasks than any single activity?",
    prediction="One regime, at its best activity: T D_s = (1-1/T)^(T-1) (bN - R) (1 - R/(bN))^(T-1). Two: without the last "
    "factor. No gain at R = 0. At an activity of m times the best odds either keeps m (T/(T-1+m))^T of that.",
    falsifier="Everything comes back more often than the expected surviving private bits / D_s allow, beyond a simultaneous 95% "
    "interval; two populations hold no more than one where R > 0; an activity away from the best holds more than the best.",
    controls="R = 0; equal cells, bits and code in both; both regimes at the best activity for every T and on either side.",
    columns={
        "regime": Column("single (all cells share one activity) or dual (one population always active, one sparse).", str),
        "N": Column("Number of cells.", int, unit="cells"),
        "b": Column("Bits per cell.", int, unit="bits"),
        "R": Column("Bits of shared structure that every task must find again.", int, unit="bits"),
        "D_s": Column("Private bits per task.", int, unit="bits"),
        "odds": Column("Odds of the activity used, relative to the odds of the best activity."),
        "ceiling_T": Column("Largest number of tasks that S1 allows in this regime at this activity.", unit="tasks"),
        "T": Column("Tasks written.", int, unit="tasks"),
        "a": Column("Fraction of the sparsely active cells that one task writes."),
        "seed": Column("Seed of the written cells and the bits.", int),
        "decoded": Column("Whether the oldest task comes back whole.", bool),
        "ceiling_depth": Column("Private bits that S1 allows the oldest of T tasks, over D_s; may exceed 1."),
    },
    cells=cells,
    run=run,
)
