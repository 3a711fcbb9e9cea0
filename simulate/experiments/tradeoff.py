"""C4: with one learning rate, how deep one write goes fixes how well shared structure is learnt; two stores escape."""

from functools import partial
from pathlib import Path

import numpy as np

from simulate.backend import jax, jnp
from simulate.experiment import Cell, Experiment, Preset
from simulate.grid import SEEDS, seed_keys
from simulate.memories.lms import steady_state
from simulate.store import Rows

SIZES: dict[Preset, dict[str, int]] = {
    "quick": {"N": 64, "steps": 20_000, "active": 4},
    "paper": {"N": 128, "steps": 80_000, "active": 8},
}
ETAS = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0)


def cells(preset: Preset) -> list[Cell]:
    """One cell a regime and private variance; every rate and seed in it. The system scales with sigma: fresh seeds for each."""
    return [
        {**SIZES[preset], "regime": regime, "sigma": sigma, "eta": list(ETAS), "seeds": [first + seed for seed in SEEDS]}
        for regime in ("single", "dual")
        for sigma, first in ((0.5, 0), (1.0, len(SEEDS)))
    ]


@partial(jax.jit, static_argnums=(1, 2, 3))
def _steady(keys: jax.Array, N: int, steps: int, active: int, eta: jax.Array, sigma: float, fast: float) -> jax.Array:
    """(J, depth) [2][rates, seeds]."""
    over_seeds = jax.vmap(lambda key, rate: steady_state(key, N, steps, active, rate, sigma, fast), (0, None))
    return jax.vmap(over_seeds, (None, 0))(keys, eta)


def run(cell: Cell, workspace: Path) -> Rows:
    """Steady-state error on shared structure and depth of the fact just written, per rate and seed."""
    keys = seed_keys(cell["seeds"])
    fast = float(cell["regime"] == "dual")
    N, steps, active, sigma = (cell[name] for name in ("N", "steps", "active", "sigma"))
    J, depth = map(np.asarray, _steady(keys, N, steps, active, jnp.array(cell["eta"]), sigma, fast))
    return [
        {
            "N": N,
            "eta": eta,
            "sigma": sigma,
            "regime": cell["regime"],
            "seed": seed,
            "J": float(J[i, j]),
            "depth": float(depth[i, j]),
        }
        | {"weights": N * (2 if cell["regime"] == "dual" else 1)}
        for i, eta in enumerate(cell["eta"])
        for j, seed in enumerate(cell["seeds"])
    ]


EXPERIMENT = Experiment(
    name="tradeoff",
    question="Can one learning rate both write a private fact deeply and keep shared structure precise?",
    prediction="No: on one line, depth = eta = 2 J / (sigma^2 + J). A slow store with a fast sparse one for what it leaves over "
    "has depth 1 at J = eta sigma^2/(2 - eta) plus the fast store's crosstalk, which falls as 1/N: in the forbidden region.",
    falsifier="A point of the single regime off the line beyond its interval, or a dual system that does not leave the region.",
    controls="Two private variances. The dual system has 2 N weights; the line of the single one does not depend on N.",
    cells=cells,
    run=run,
)
