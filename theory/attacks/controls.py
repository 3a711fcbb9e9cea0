"""Attacks on S3: how numbers are divided between two stores, what is consolidated when, and one unit against two."""

from __future__ import annotations

import numpy as np
from scipy.stats import binom

from theory.attacks.attack import Attack, Witness
from theory.controls import S3
from theory.controls import load as steady_load

TASKS = 10


def _stream(point: np.ndarray) -> Witness:
    """Share of the fast store, C, c (with c C >= 1), and per task its size and the part of the held labels consolidated next."""
    tasks = round(float(point[0]))
    sizes = point[4 : 4 + tasks]
    total = sizes.sum()
    return {
        "fast_share": float(point[1]),
        "labels_per_slow_number": float(point[2]),
        "numbers_per_fast_label": float(point[3] / point[2]),
        "task_sizes": (sizes / total if total > 0 else np.full(tasks, 1 / tasks)).tolist(),
        "consolidated": point[4 + TASKS : 4 + TASKS + tasks].tolist(),
    }


def _held(witness: Witness, all_consolidated: bool) -> float:
    """Labels per number: the tasks are gone through, and the tighter store decides how far the stream can be scaled up."""
    labels = moved = peak = 0.0
    parts = list(witness["consolidated"])
    if all_consolidated:
        parts[-1] = 1.0
    for size, part in zip(witness["task_sizes"], parts, strict=True):
        labels += size
        peak = max(peak, labels)
        moved, labels = moved + part * labels, labels - part * labels
    fast, slow = witness["fast_share"], 1 - witness["fast_share"]
    room_fast = fast / (witness["numbers_per_fast_label"] * peak)
    return min(room_fast, slow * witness["labels_per_slow_number"] / moved) if moved > 0 else room_fast


def _kinds(witness: Witness) -> dict[str, float]:
    return {
        "T": float(len(witness["task_sizes"])),
        "C_slow": witness["labels_per_slow_number"],
        "c_fast": witness["numbers_per_fast_label"],
    }


def _asleep(witness: Witness) -> float:
    """Load with every label in the slow store at the end, over `load`."""
    return _held(witness, True) / float(steady_load(**_kinds(witness)))


def _awake(witness: Witness) -> float:
    """Load with labels left in either store, over `load_awake`."""
    return _held(witness, False) / S3.value("load_awake", **_kinds(witness)).value


def _optimum(tasks: int, capacity: float, product: float, last: float) -> list[float]:
    """The best division for tasks of equal size; last: part of the last task that is consolidated."""
    cost = product / capacity
    moved = 1 - (1 - last) / tasks
    share = cost / tasks / (cost / tasks + moved / capacity)
    return [tasks, share, capacity, product, *[1.0] * TASKS, *[1.0] * (tasks - 1), last, *[1.0] * (TASKS - tasks)]


def _sizes(point: np.ndarray) -> Witness:
    slow, fast, first, second = (round(float(value)) for value in point)
    return {"weights": [slow, fast], "facts": [slow + first, fast + second]}  # no more facts than weights always fit


def _two_units(witness: Witness) -> float:
    """Probability that two units hold their facts over the probability that one unit of as many weights holds all."""
    (slow, fast), (first, second) = witness["weights"], witness["facts"]
    apart = binom.logcdf(slow - 1, first - 1, 0.5) + binom.logcdf(fast - 1, second - 1, 0.5)
    return float(np.exp(apart - binom.logcdf(slow + fast - 1, first + second - 1, 0.5)))


STREAM = ((1, TASKS), (0.0, 1.0), (0.2, 4.0), (1.0, 8.0), *[(0.0, 1.0)] * (2 * TASKS))
ATTACKS = (
    Attack(
        claim="S3",
        name="asleep",
        text="division of the numbers, unequal tasks, partial consolidation, everything consolidated in the end: load",
        bounds=STREAM,
        decode=_stream,
        ratio=_asleep,
        starts=(_optimum(6, 2.0, 3.0, 1.0),),
    ),
    Attack(
        claim="S3",
        name="awake",
        text="the same, labels left in either store: load_awake",
        bounds=STREAM,
        decode=_stream,
        ratio=_awake,
        starts=(_optimum(6, 2.0, 3.0, 0.0),),
    ),
    Attack(
        claim="S3",
        name="one unit",
        text="two units of S and F weights with M1 and M2 random facts against one unit of S + F: probability that all fit",
        bounds=((1, 200), (1, 200), (1, 200), (1, 200)),
        decode=_sizes,
        ratio=_two_units,
        starts=([50, 50, 50, 50], [100, 3, 90, 2]),
    ),
)
