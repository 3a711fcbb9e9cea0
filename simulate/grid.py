"""The axes of the sweeps: numbers of tasks on both sides of a predicted ceiling, sizes of a task, and the seeds."""

import math
from collections.abc import Iterable

import numpy as np

from simulate.backend import jax, jnp
from simulate.runs.experiment import Preset

SEEDS = tuple(range(8))
REPORTED: dict[Preset, tuple[int, ...]] = {"quick": SEEDS, "paper": tuple(range(200, 208))}
"""Seeds of experiments that had pilots. Pilots and the quick preset use SEEDS; the paper reports seeds that no pilot saw."""

FRACTIONS: dict[Preset, tuple[float, ...]] = {
    "quick": (0.3, 0.5, 0.7, 0.8, 0.85, 0.9, 0.94, 0.97, 1.0, 1.03, 1.07, 1.15, 1.3, 1.6),
    "paper": (0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.88, 0.91, 0.94, 0.97, 1.0, 1.03, 1.06, 1.1, 1.15, 1.25, 1.4, 1.6),
}
"""Task numbers as multiples of the predicted ceiling: a factor five around it, fine near it."""


def seed_keys(seeds: Iterable[int], *salts: int) -> jax.Array:
    """One random key per seed, folded with `salts` (so that the columns of a sweep are independent)."""

    def key(seed: jax.Array) -> jax.Array:
        folded = jax.random.key(seed)
        for salt in salts:
            folded = jax.random.fold_in(folded, salt)
        return folded

    return jax.vmap(key)(jnp.array(list(seeds)))


def task_grid(ceiling: float, preset: Preset) -> list[int]:
    """As many distinct numbers of tasks >= 1 as FRACTIONS has, straddling the real-valued `ceiling`; at 1 its floor.

    Where the ceiling is too low for that many multiples, the smallest missing integers are taken as well.
    """
    fractions = FRACTIONS[preset]
    tasks = {max(1, math.floor(ceiling)), *(max(1, round(fraction * ceiling)) for fraction in fractions if fraction != 1)}
    extra = iter(n for n in range(1, 2 * len(fractions) + 1) if n not in tasks)
    while len(tasks) < len(fractions):
        tasks.add(next(extra))
    return sorted(tasks)


def task_sizes(largest: float, count: int, smallest: float = 1) -> list[int]:
    """`count` distinct sizes of a task (facts or bits per task), geometric from `smallest` to `largest`."""
    sizes = {round(size) for size in np.geomspace(smallest, largest, count)}
    extra = iter(n for n in range(round(smallest), round(largest) + 1) if n not in sizes)
    while len(sizes) < count:
        sizes.add(next(extra))
    return sorted(sizes)
