"""C2 under attack: spectra, strengths, and numbers of tasks and of facts are free."""

from __future__ import annotations

import numpy as np

from theory.attacks.attack import Attack, Witness
from theory.retention import attainable_depth, task_ceiling

N = 5


def spectrum_of(logits: np.ndarray) -> list[float]:
    """A spectrum of trace 1."""
    weights = np.exp(logits - logits.max())
    return (weights / weights.sum()).tolist()


def _fixed(point: np.ndarray) -> Witness:
    return {
        "spectrum": spectrum_of(point[:N]),
        "eta": float(point[N]),
        "T": int(np.rint(point[N + 1])),
        "D": int(np.rint(point[N + 2])),
    }


def task_depths(spectrum: list[float], strengths: list[float], tasks: int) -> np.ndarray:
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
    return float(task_depths(witness["spectrum"], strengths, witness["T"])[0])


def _over_ceiling(witness: Witness) -> float:
    return witness["T"] * witness["D"] * _oldest(witness) / task_ceiling(N, witness["T"])


def _over_attainable(witness: Witness) -> float:
    return _oldest(witness) / attainable_depth(N, witness["T"], witness["D"])


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
)
