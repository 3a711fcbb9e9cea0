"""C1, C2: how a delta-rule memory spreads its depth over the ages of the facts, under two schedules."""

from functools import partial
from pathlib import Path

import numpy as np

from simulate.backend import jax, jnp
from simulate.codes import active_cells, draw, ensemble_spectrum, magnitude_exponent
from simulate.experiment import Cell, Experiment, Preset
from simulate.grid import SEEDS
from simulate.interim import best_eta
from simulate.memories.delta_rule import retained_depths, trace_depth
from simulate.store import Rows

C = 0.75
N_OF: dict[Preset, int] = {"quick": 64, "paper": 128}
LOADS = (0.5, 1, 2, 4, 8)
SCHEDULES = ("best", "full", "annealed")


def cells(preset: Preset) -> list[Cell]:
    """One cell an ensemble, number of facts and schedule: fixed at the best eta, fixed at eta = 1, annealed."""
    N = N_OF[preset]
    return [
        {"N": N, "M": round(load * N), "M_max": LOADS[-1] * N, "a": a, "centred": centred, "schedule": schedule, "seeds": list(SEEDS)}
        for a in (0.05, 0.2, 0.5)
        for centred in (False, True)
        for schedule in SCHEDULES
        for load in LOADS
    ]


@partial(jax.jit, static_argnums=(1, 2, 4))
def _depths(keys: jax.Array, M_max: int, N: int, K: int, family: str, etas: jax.Array) -> tuple[jax.Array, jax.Array]:
    """(depths [seeds, M_max], trace depth [seeds])."""

    def one(key: jax.Array) -> tuple[jax.Array, jax.Array]:
        codes = draw(key, M_max, N, K, family, magnitude_exponent(C))
        return retained_depths(codes, etas), trace_depth(codes, etas)

    return jax.vmap(one)(keys)


def schedule_of(cell: Cell, family: str) -> np.ndarray:
    """Write strengths [M_max]; zero after the first M. Annealed: N/(N + j), j = 1 .. M."""
    N, M = cell["N"], cell["M"]
    if cell["schedule"] == "annealed":
        eta = N / (N + np.arange(1, M + 1))
    elif cell["schedule"] == "full":
        eta = np.ones(M)
    else:
        eta = np.full(M, best_eta(ensemble_spectrum(N, cell["a"], family, C), M, 1))
    return np.pad(eta, (0, cell["M_max"] - M))


def run(cell: Cell, workspace: Path) -> Rows:
    """Depth at a geometric set of ages, and the two sides of the conservation law, per seed."""
    N, M, a, centred = (cell[name] for name in ("N", "M", "a", "centred"))
    family = "mean_removed" if centred else "nonnegative"
    etas = schedule_of(cell, family)
    keys = jax.vmap(jax.random.key)(jnp.array(cell["seeds"]))
    depths, traces = _depths(keys, cell["M_max"], N, active_cells(N, a, family, C), family, jnp.asarray(etas))
    ages = sorted({0, *(round(age) for age in np.geomspace(1, M - 1, 12))})
    return [
        {"N": N, "M": M, "a": a, "centred": centred, "seed": seed}
        | {"schedule": "annealed" if cell["schedule"] == "annealed" else "fixed", "eta": float(etas[0])}
        | {"age": age, "depth": float(s[M - 1 - age]), "total_depth": float(s.sum()), "trace_depth": float(trace)}
        for seed, s, trace in zip(cell["seeds"], np.asarray(depths), np.asarray(traces), strict=True)
        for age in ages
    ]


EXPERIMENT = Experiment(
    name="retention",
    question="Is the total retained depth of a delta-rule memory conserved, and how is it spread over age?",
    prediction="Total depth equals N - tr of the product of (I - eta u u^T), to rounding, for every schedule, and its mean is at "
    "most N. One fixed eta: geometric decay, the oldest of M facts at most N (1 - 1/M)^(M-1) / M. Annealed eta = N/(N + j) on "
    "centred codes: N/(N + M) at every age.",
    falsifier="The two sides of the identity differ by more than rounding; a mean total above N; an oldest fact above the ceiling.",
    controls="eta = 1; codes with and without their mean; an annealed schedule.",
    cells=cells,
    run=run,
)
