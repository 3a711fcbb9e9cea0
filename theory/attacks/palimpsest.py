"""C2-cells under attack: the activity, the number of tasks, and activities that vary are free."""

from __future__ import annotations

import numpy as np

from theory.attacks.attack import Attack, Witness
from theory.palimpsest import C2_CELLS

N, B, TASKS = 100.0, 2.0, 10


def _owners(activities: list[float]) -> np.ndarray:
    """Chance that a cell was last written by each task, updated task after task: [T]."""
    owned = np.zeros(0)
    for activity in activities:
        owned = np.append(owned * (1 - activity), activity)
    return owned


def _fixed(point: np.ndarray) -> Witness:
    return {"activity": float(point[0]), "T": int(np.rint(point[1]))}


def _over_ceiling(witness: Witness) -> float:
    """T times the bits in the surviving cells of the oldest task, over the ceiling of one activity."""
    kept = B * N * _owners([witness["activity"]] * witness["T"])[0]
    return float(witness["T"] * kept / C2_CELLS.value("cells_ceiling", b=B, N=N, T=witness["T"]).value)


def _varying(point: np.ndarray) -> Witness:
    return {"activities": point.tolist()}


def _over_all(witness: Witness) -> float:
    """T times the bits of the task that keeps fewest, over bN."""
    owned = _owners(witness["activities"])
    return float(len(owned) * B * N * owned.min() / C2_CELLS.value("cells_annealed", b=B, N=N).value)


ATTACKS = (
    Attack(
        claim="C2-cells",
        name="one activity",
        text="any activity, any T up to 200: T D of the oldest task over b N (1 - 1/T)^(T-1)",
        bounds=((1e-4, 1.0), (1.0, 200.0)),
        decode=_fixed,
        ratio=_over_ceiling,
        starts=((0.1, 10.0),),
    ),
    Attack(
        claim="C2-cells",
        name="activities",
        text=f"any activities of {TASKS} tasks, fixed in advance: T times the bits of the worst task over b N",
        bounds=((0.0, 1.0),) * TASKS,
        decode=_varying,
        ratio=_over_all,
        starts=(tuple(1 / np.arange(1, TASKS + 1)), (0.1,) * TASKS),
    ),
)
