"""C2 under attack: spectra, strengths, numbers of tasks and of facts, and whole schedules are free."""

from __future__ import annotations

import numpy as np

from theory.annealing import annealed_strengths, annealed_task_depth
from theory.attacks.attack import Attack, Witness
from theory.retention import attainable_depth, task_ceiling

N, TASKS, FACTS = 5, 4, 2


def _spectrum(logits: np.ndarray) -> list[float]:
    """A spectrum of trace 1."""
    weights = np.exp(logits - logits.max())
    return (weights / weights.sum()).tolist()


def _fixed(point: np.ndarray) -> Witness:
    return {
        "spectrum": _spectrum(point[:N]),
        "eta": float(point[N]),
        "T": int(np.rint(point[N + 1])),
        "D": int(np.rint(point[N + 2])),
    }


def _task_depths(spectrum: list[float], strengths: list[float], tasks: int) -> np.ndarray:
    """Mean depth of each task, oldest first: the expected readouts of the facts, write after write.

    Along eigendirection k the expected weight that a fact of target 1 leaves starts at eta lambda_k, and each later write
    shrinks it by 1 - eta lambda_k; the readout of an independent draw adds up the eigendirections.
    """
    eigenvalues = np.array(spectrum)
    left = np.zeros((0, len(eigenvalues)))
    for strength in strengths:
        left = np.vstack([left * (1 - strength * eigenvalues), strength * eigenvalues])
    return left.sum(axis=1).reshape(tasks, -1).mean(axis=1)


def _oldest(witness: Witness) -> float:
    strengths = [witness["eta"]] * (witness["T"] * witness["D"])
    return float(_task_depths(witness["spectrum"], strengths, witness["T"])[0])


def _over_ceiling(witness: Witness) -> float:
    return witness["T"] * witness["D"] * _oldest(witness) / task_ceiling(N, witness["T"])


def _over_attainable(witness: Witness) -> float:
    return _oldest(witness) / attainable_depth(N, witness["T"], witness["D"])


def _schedule(point: np.ndarray) -> Witness:
    """Strengths are shares of the cap, so that none exceeds it."""
    cap = float(point[N])
    return {"spectrum": _spectrum(point[:N]), "cap": cap, "strengths": (cap * point[N + 1 :]).tolist()}


def _over_annealed(witness: Witness) -> float:
    """The worst task's depth over the bound for every schedule."""
    kept = _task_depths(witness["spectrum"], witness["strengths"], TASKS)
    return float(kept.min()) / annealed_task_depth(N, TASKS, FACTS, witness["cap"])


FREE = ((-6.0, 6.0),) * N + ((0.01, 1.0), (2.0, 12.0), (1.0, 4.0))
ATTACKS = (
    Attack(
        claim="C2",
        name="one strength",
        text=f"any spectrum on {N} directions, strength, T, D: T D d of the oldest task over N (1 - 1/T)^(T-1)",
        bounds=FREE,
        decode=_fixed,
        ratio=_over_ceiling,
        starts=((*(0.0,) * N, N * (1 - (1 - 1 / 8) ** (1 / 3)), 8.0, 3.0),),
    ),
    Attack(
        claim="C2",
        name="attainable",
        text=f"any spectrum on {N} directions, strength, T, D: the oldest task's depth over the largest attainable",
        bounds=FREE,
        decode=_fixed,
        ratio=_over_attainable,
        starts=((*(0.0,) * N, 1.0, 3.0, 1.0),),
    ),
    Attack(
        claim="C2",
        name="schedules",
        text=f"any spectrum on {N} directions, any schedule of {TASKS} tasks of {FACTS} facts below any cap: depth of the worst "
        "task over the bound",
        bounds=((-6.0, 6.0),) * N + ((0.05, 1.0),) + ((0.0, 1.0),) * (TASKS * FACTS),
        decode=_schedule,
        ratio=_over_annealed,
        starts=((*(0.0,) * N, 0.8, *(annealed_strengths(N, TASKS, FACTS, 0.8) / 0.8)),),
    ),
)
