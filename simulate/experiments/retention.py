"""C1, C2, C2-schedule: how a delta-rule memory spreads its depth over the ages of the facts, under two schedules."""

from functools import partial
from pathlib import Path

import numpy as np

from simulate.backend import jax, jnp
from simulate.codes import Family, active_cells, draw_active, ensemble_spectrum, magnitude_exponent
from simulate.grid import SEEDS, seed_keys
from simulate.memories.delta_rule import retained_depths, trace_depth
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows
from theory.annealing import annealed_rate, schedule_depths
from theory.retention import best_eta

C = 0.75
N_OF: dict[Preset, int] = {"quick": 64, "paper": 128}
LOADS = (0.5, 1, 2, 4, 8)
SCHEDULES = ("best", "full", "annealed")


def cells(preset: Preset) -> list[Cell]:
    """One cell per ensemble, number of facts and schedule: fixed at the best eta, fixed at eta = 1, annealed."""
    N = N_OF[preset]
    return [
        {
            "N": N,
            "M": round(load * N),
            "M_max": LOADS[-1] * N,
            "a": a,
            "centred": centred,
            "schedule": schedule,
            "seeds": list(SEEDS),
        }
        for a in (0.05, 0.2, 0.5)
        for centred in (False, True)
        for schedule in SCHEDULES
        for load in LOADS
    ]


@partial(jax.jit, static_argnums=(1, 2, 4))
def _depths(keys: jax.Array, M_max: int, N: int, K: int, family: Family, etas: jax.Array) -> tuple[jax.Array, jax.Array]:
    """(depths [seeds, M_max], trace depth [seeds])."""

    def one(key: jax.Array) -> tuple[jax.Array, jax.Array]:
        codes = draw_active(key, M_max, N, K, family, magnitude_exponent(C))
        return retained_depths(codes, etas), trace_depth(codes, etas)

    return jax.vmap(one)(keys)


def strengths(schedule: str, spectrum: np.ndarray, M: int) -> np.ndarray:
    """Write strengths [M] of a schedule, the first write first."""
    if schedule == "annealed":
        return annealed_rate(len(spectrum), np.arange(M))
    return np.ones(M) if schedule == "full" else np.full(M, best_eta(spectrum, M, 1))


def run(cell: Cell, workspace: Path) -> Rows:
    """Depth at a geometric set of ages, and the two sides of the conservation law, per seed."""
    N, M, a, centred = (cell[name] for name in ("N", "M", "a", "centred"))
    family: Family = "mean_removed" if centred else "nonnegative"
    spectrum = ensemble_spectrum(N, a, family, C)
    etas = strengths(cell["schedule"], spectrum, M)
    predicted = schedule_depths(spectrum, etas)
    padded = jnp.asarray(np.pad(etas, (0, cell["M_max"] - M)))
    keys = seed_keys(cell["seeds"], round(1000 * a), centred)
    depths, traces = _depths(keys, cell["M_max"], N, active_cells(N, a, family, C), family, padded)
    ages = sorted({0, *(round(age) for age in np.geomspace(1, M - 1, 12))})
    return [
        {"N": N, "M": M, "a": a, "centred": centred, "seed": seed}
        | {"schedule": "annealed" if cell["schedule"] == "annealed" else "fixed", "eta": float(etas[0])}
        | {"age": age, "depth": float(s[M - 1 - age]), "predicted_depth": float(predicted[M - 1 - age])}
        | {"total_depth": float(s.sum()), "trace_depth": float(trace)}
        for seed, s, trace in zip(cell["seeds"], np.asarray(depths), np.asarray(traces), strict=True)
        for age in ages
    ]


EXPERIMENT = Experiment(
    name="retention",
    question="Is the total retained depth of a delta-rule memory conserved, and how is it spread over age?",
    prediction="Total depth equals N - tr of the product of (I - eta u u^T), to rounding, for every schedule, and its mean is at "
    "most N. One fixed eta: geometric decay, the oldest of M facts at most N (1 - 1/M)^(M-1) / M. Annealed eta = N/(N + j) "
    "after j writes, centred codes: N/(N + M - 1) at every age.",
    falsifier="The two sides of the identity differ by more than rounding; a mean total above N; an oldest fact above it.",
    controls="eta = 1; codes with and without their mean; an annealed schedule.",
    columns={
        "N": Column("Weights per output.", int, unit="weights"),
        "M": Column("Facts written.", int, unit="facts"),
        "a": Column("Fraction of cells that are active in each code."),
        "centred": Column("Whether the mean was removed from the codes.", bool),
        "seed": Column("Seed of the random codes.", int),
        "schedule": Column("Write strength over time: fixed, or annealed: N/(N + j) after j facts.", str),
        "eta": Column("Strength of the first write: share of the error at the written fact that one write removes."),
        "age": Column("Number of facts written after this one.", int, unit="facts"),
        "depth": Column("Retained depth of the fact: derivative of its readout by its target at the end."),
        "predicted_depth": Column("Expected depth from the spectrum of the codes' second moment (C2)."),
        "total_depth": Column("Sum of the depths of all M facts.", unit="facts"),
        "trace_depth": Column("N less the trace of the product of all writes; equals total_depth (C1).", unit="facts"),
    },
    cells=cells,
    run=run,
)
