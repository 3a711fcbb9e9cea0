"""C7: a linear network that fits regressions in turn: error, forgetting and retained depth against their closed laws."""

from functools import partial
from itertools import product
from pathlib import Path

import numpy as np

from simulate.backend import jax, jnp
from simulate.grid import REPORTED, seed_keys
from simulate.networks.linear_network import errors, oldest_depths, task_depths
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows
from theory.linear_networks import C7, expected_errors
from theory.literature.linear import WEIGHTS

SIZES: dict[Preset, dict[str, int]] = {
    "quick": {"N": 40, "streams": 128, "jacobians": 16},
    "paper": {"N": 80, "streams": 160, "jacobians": 24},
}
TASKS = (2, 8, 20)
RHO = (0.0, 0.5, 0.9)
SIGMA = (0.1, 0.5)


def cells(preset: Preset) -> list[Cell]:
    """One cell per number of examples D, every T, rho, sigma and seed in it; D = N/T for each T, so that the ceiling is met."""
    size = SIZES[preset]
    common = {**size, "seeds": list(REPORTED[preset])}
    equal = [{**common, "D": size["N"] // T, "T": list(TASKS), "rho": list(RHO), "sigma": list(SIGMA)} for T in TASKS]
    # the size and the unequal tasks of `theory.literature.linear`, where Lin et al.'s printed sums are evaluated
    return [*equal, {**common, "N": 40, "D": 8, "T": [len(WEIGHTS)], "rho": [-1.0], "sigma": [0.1, 0.2, 0.3, 0.4, 0.5, 1.0]}]


def teachers(T: int, rho: float) -> np.ndarray:
    """True weights [T, T] of T tasks of norm 1 and pairwise cosine rho."""
    values, vectors = np.linalg.eigh((1 - rho) * np.eye(T) + rho)
    return vectors * np.sqrt(np.clip(values, 0, None))


@partial(jax.jit, static_argnums=(2, 3, 6))
def _errors(keys: jax.Array, true: jax.Array, N: int, D_max: int, D: int, sigma: jax.Array, streams: int) -> jax.Array:
    """Errors [seeds, settings, T + 1, T], means over streams."""

    def one(key: jax.Array) -> jax.Array:
        over_streams = jax.vmap(lambda key: errors(key, true, N, D_max, D, sigma))
        return jnp.mean(over_streams(jax.random.split(key, streams)), axis=0)

    return jax.lax.map(one, keys)


@partial(jax.jit, static_argnums=(1, 2, 4, 5))
def _depths(keys: jax.Array, N: int, D_max: int, D: int, T: int, streams: int) -> tuple[jax.Array, ...]:
    """Depths of all tasks [seeds, T], the trace [seeds], depth of the oldest after 1 ... T tasks [seeds, T]."""

    def one(key: jax.Array) -> tuple[jax.Array, ...]:
        there = (jnp.arange(D_max) < D).astype(float)[:, None]
        features = there * jax.random.normal(key, (streams, T, D_max, N))
        depths, trace = jax.vmap(task_depths)(features)
        return jnp.mean(depths, axis=0), jnp.mean(trace), jnp.mean(jax.vmap(oldest_depths)(features), axis=0)

    return jax.lax.map(one, keys)


def settings(cell: Cell) -> tuple[np.ndarray, list[float], list[float]]:
    """True weights [settings, T, T], their cosine (-1: the unequal tasks, then tasks of zeros) and sigma, of each setting."""
    longest = max(TASKS)
    pairs = list(product(cell["rho"], cell["sigma"]))
    unequal = np.zeros((longest, longest))
    unequal[: len(WEIGHTS), : WEIGHTS.shape[1]] = WEIGHTS
    return np.array([unequal if rho < 0 else teachers(longest, rho) for rho, _ in pairs]), *map(list, zip(*pairs, strict=True))


def judged(table: np.ndarray, T: int) -> dict[str, float]:
    """Error averaged over the first T tasks after the T-th, and its mean rise since their own turn; table [> T, >= T]."""
    last, own = table[T, :T], np.diagonal(table[1:])[:T]
    return {"error": float(last.mean()), "forgetting": float((last - own)[:-1].mean())}


def run(cell: Cell, workspace: Path) -> Rows:
    """Measured and expected quantity, and the scale by which their difference is judged, per seed.

    error, forgetting: for every T, rho, sigma (rho -1: the unequal tasks); scale: the expected error. depth: of the task of that
    `age` among the largest T; total: of all; trace: N - tr prod (I - P). oldest: T times the depth of the oldest of T tasks;
    scale: its ceiling.
    """
    N, D, D_max, longest = cell["N"], cell["D"], cell["N"] // min(TASKS), max(TASKS)
    true, rho, sigma = settings(cell)
    keys = seed_keys(cell["seeds"], D)
    measured = np.asarray(_errors(keys, jnp.array(true), N, D_max, D, jnp.array(sigma), cell["streams"]))
    common = {"N": N, "D": D}
    rows = []
    for weights, cosine, noise, by_seed in zip(true, rho, sigma, np.swapaxes(measured, 0, 1), strict=True):
        expected = expected_errors(weights, N, D, noise)
        for T in cell["T"]:
            law = judged(expected, T)
            for seed, table in zip(cell["seeds"], by_seed, strict=True):
                setting = {**common, "T": T, "rho": cosine, "sigma": noise, "age": 0, "seed": seed}
                rows += [
                    {**setting, "quantity": quantity, "measured": value, "predicted": law[quantity], "scale": law["error"]}
                    for quantity, value in judged(table, T).items()
                ]
    ages, counts = np.arange(longest), np.arange(2, longest + 1)
    kept = C7.value("retained_depth", N=N, D=D, age=ages).value
    total = float(C7.value("total_depth", N=N, D=D, T=longest).value)
    oldest_law, ceiling = (C7.value("oldest_depth", N=N, D=D, T=counts).value, C7.value("ceiling", N=N, T=counts).value)
    keys = jax.vmap(partial(jax.random.fold_in, data=1))(keys)
    for seed, depths, trace, oldest in zip(
        cell["seeds"], *map(np.asarray, _depths(keys, N, D_max, D, longest, cell["jacobians"])), strict=True
    ):
        setting = {**common, "T": longest, "rho": 0.0, "sigma": 0.0, "age": 0, "seed": seed}
        rows += [
            {**setting, "age": int(age), "quantity": "depth", "measured": float(depths[longest - 1 - age])}
            | {"predicted": float(kept[age]), "scale": float(kept[age])}
            for age in ages
        ]
        rows += [
            {**setting, "quantity": quantity, "measured": float(value), "predicted": total, "scale": float(N)}
            for quantity, value in (("total", depths.sum()), ("trace", trace))
        ]
        rows += [
            {**setting, "T": int(T), "age": int(T - 1), "quantity": "oldest", "measured": float(T * oldest[T - 1])}
            | {"predicted": float(oldest_law[T - 2]), "scale": float(ceiling[T - 2])}
            for T in counts
        ]
    return rows


EXPERIMENT = Experiment(
    name="regressions",
    question="Does a linear network that fits regressions in turn err, forget and retain as the closed laws of C7 say?",
    prediction="Error and forgetting as the recursion of expected squared errors has them, for unrelated, related and unequal "
    "tasks, with little and much noise. Depth of a task D (1 - D/N)^age; all depths together N (1 - (1 - D/N)^T), in "
    "every run N - tr of the product of (I - P); T times the depth of the oldest at most N (1 - 1/T)^(T-1), reached at D = N/T.",
    falsifier="A mean error or forgetting off by more than 5% of the expected error, or a depth by more than 5%, beyond a "
    "simultaneous 95% interval; a product above the ceiling.",
    controls="The same features for all similarities and noises; depth from the exact Jacobian of readouts by targets, not from "
    "errors; the unequal tasks at N = 40, D = 8, T = 4 for which the printed sums of Lin et al. are evaluated.",
    columns={
        "N": Column("Weights of the linear network.", int, unit="weights"),
        "D": Column("Examples per task.", int, unit="facts"),
        "T": Column("Tasks fitted.", int, unit="tasks"),
        "rho": Column("Cosine between the true weights of two tasks; -1 marks the four unequal tasks from the literature."),
        "sigma": Column("Standard deviation of the noise on targets."),
        "age": Column("Tasks fitted after the judged one; 0 for quantities of all tasks.", int, unit="tasks"),
        "seed": Column("Seed of features and noise.", int),
        "quantity": Column("What is measured: error, forgetting, depth, total, trace (equal to total) or oldest.", str),
        "measured": Column("Measured value: a squared error, a depth in facts, or T times the oldest depth."),
        "predicted": Column("The same by the laws of C7."),
        "scale": Column("Size that a difference is judged by: expected error, depth, N, or the ceiling."),
    },
    cells=cells,
    run=run,
)
