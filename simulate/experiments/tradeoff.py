"""C4: with one learning rate, how deep one write goes fixes how well shared structure is learnt; two stores escape."""

from functools import partial
from pathlib import Path

import numpy as np

from simulate.backend import jax, jnp
from simulate.grid import SEEDS, seed_keys
from simulate.memories.lms import predicted_error, steady_state
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows

SIZES: dict[Preset, dict[str, int]] = {"quick": {"N": 64, "steps": 20_000}, "paper": {"N": 128, "steps": 40_000}}
ETAS = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0)
FAST_ACTIVITY = {"single": 0.0, "dual": 1 / 16, "dual_dense": 1.0}
"""Activity of the fast store's codes under each regime; 0: there is no fast store."""


def cells(preset: Preset) -> list[Cell]:
    """One cell per regime and private variance; every rate and seed in it. The system scales with sigma: fresh seeds for each."""
    return [
        {**SIZES[preset], "regime": regime, "sigma": sigma, "eta": list(ETAS), "seeds": [first + seed for seed in SEEDS]}
        for regime in FAST_ACTIVITY
        for sigma, first in ((0.5, 0), (1.0, len(SEEDS)))
    ]


@partial(jax.jit, static_argnums=(1, 2))
def _steady(
    keys: jax.Array, N: int, steps: int, active: int, eta: jax.Array, sigma: float, fast: float
) -> tuple[jax.Array, jax.Array]:
    """(J [rates, seeds], depth [rates, seeds])."""
    over_seeds = jax.vmap(lambda key, rate: steady_state(key, N, steps, active, rate, sigma, fast), (0, None))
    return jax.vmap(over_seeds, (None, 0))(keys, eta)


def run(cell: Cell, workspace: Path) -> Rows:
    """Steady-state error on shared structure and depth of the fact just written, per rate and seed."""
    N, steps, sigma, regime = (cell[name] for name in ("N", "steps", "sigma", "regime"))
    active = round(FAST_ACTIVITY[regime] * N)
    keys, rates = seed_keys(cell["seeds"]), jnp.array(cell["eta"])
    J, depth = map(np.asarray, _steady(keys, N, steps, max(active, 1), rates, sigma, float(active > 0)))
    common = {"N": N, "sigma": sigma, "regime": regime, "weights": N * (2 if active else 1)}
    return [
        {**common, "eta": eta, "seed": seed, "J": float(J[i, j]), "depth": float(depth[i, j])}
        | {"predicted_J": predicted_error(N, eta, sigma, active > 0)}
        for i, eta in enumerate(cell["eta"])
        for j, seed in enumerate(cell["seeds"])
    ]


EXPERIMENT = Experiment(
    name="tradeoff",
    question="Can one learning rate both write a private fact deeply and keep shared structure precise?",
    prediction="No: on one line, depth = eta = 2 J / (sigma^2 + J). A slow store with a fast sparse one for what it leaves over "
    "has depth 1 at J = eta sigma^2/(2 - eta) plus the fast store's crosstalk, which falls as 1/N: in the forbidden region. "
    "Centred codes interfere alike at every activity, so a dense fast store escapes as well.",
    falsifier="A point of the single regime off the line beyond its interval, or a dual system that does not leave the region.",
    controls="Two private variances; a fast store with dense codes, which tells sparsity from a second rate. Two stores have 2 N "
    "weights; the line of the single one does not depend on N.",
    columns={
        "N": Column("Weights per output of one store.", int, unit="weights"),
        "sigma": Column("Standard deviation of the private part of each fact's target; the shared part has variance 1."),
        "regime": Column("single (one store), dual (and a fast one of sparse codes) or dual_dense (of dense codes).", str),
        "weights": Column("Weights per output of all stores together.", int, unit="weights"),
        "eta": Column("Learning rate of the slow store: share of the error at a fact that one write removes."),
        "seed": Column("Seed of the stream.", int),
        "J": Column("Steady-state mean squared error of the readout at new inputs; the shared part has variance 1."),
        "depth": Column("Retained depth of the private part of the fact just written."),
        "predicted_J": Column("J by the law of C4, with the crosstalk of the fast store where there is one."),
    },
    cells=cells,
    run=run,
)
