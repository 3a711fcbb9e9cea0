"""C2-schedule under attack: spectra, the cap on the strengths, and whole schedules are free."""

from __future__ import annotations

import numpy as np

from theory.annealing import annealed_strengths, annealed_task_depth
from theory.attacks.attack import Attack, Witness
from theory.attacks.retention import spectrum_of, task_depths

N, TASKS, FACTS = 5, 4, 2


def _schedule(point: np.ndarray) -> Witness:
    """Strengths are shares of the cap, so that none exceeds it."""
    cap = float(point[N])
    return {"spectrum": spectrum_of(point[:N]), "cap": cap, "strengths": (cap * point[N + 1 :]).tolist()}


def _over_annealed(witness: Witness) -> float:
    """The worst task's depth over the bound for every schedule."""
    kept = task_depths(witness["spectrum"], witness["strengths"], TASKS)
    return float(kept.min() / annealed_task_depth(N, TASKS, FACTS, witness["cap"]))


ATTACKS = (
    Attack(
        claim="C2-schedule",
        name="schedules",
        text=f"any spectrum on {N} directions, any schedule of {TASKS} tasks of {FACTS} facts below any cap: depth of the worst "
        "task over the bound",
        bounds=((-6.0, 6.0),) * N + ((0.05, 1.0),) + ((0.0, 1.0),) * (TASKS * FACTS),
        decode=_schedule,
        ratio=_over_annealed,
        starts=((*(0.0,) * N, 0.8, *(annealed_strengths(N, TASKS, FACTS, 0.8) / 0.8)),),
    ),
)
