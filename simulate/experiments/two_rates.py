"""C4 and S3: who enters the region that is closed to one rate, at equal total state, and is it sparsity or the second rate?"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from simulate.backend import jax, jnp
from simulate.grid import REPORTED, seed_keys
from simulate.learners.replay import shared_error
from simulate.learners.two_regimes import KEEP, predicted_errors
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.fingerprint import code_fingerprint
from simulate.runs.store import Rows
from simulate.system.learner import Learner, Setting
from simulate.system.learner_systems import catalogue
from simulate.tasks import Stream, TaskFamily, stream
from theory.ledger import claim

OUTPUTS, PROBES, SLOWEST, OWN_SLOWEST = 32, 4, 0.05, 0.2
HALF: dict[Preset, int] = {"quick": 32, "paper": 64}
"""Numbers per output of either of two stores; one store has as many as both, and the keys that they hold, together."""
RATES: dict[Preset, tuple[float, ...]] = {"quick": (SLOWEST, 0.2, 0.7), "paper": (SLOWEST, 0.1, 0.2, 0.4, 0.7)}
FAMILIES: dict[Preset, tuple[tuple[TaskFamily, float, float, int], ...]] = {
    "quick": (("teacher", 1.0, 1.0, 1), ("teacher", 0.5, 1.0, 1)),
    "paper": (("teacher", 1.0, 1.0, 1), ("teacher", 0.5, 1.0, 1), ("similar", 0.5, 0.5, 4)),
}
"""Family, sigma, rho, facts per task. Streams with one teacher per task fill memory: they are short, at rates from OWN_SLOWEST.
"""
LEARNERS = ("plain", "two_regimes", "two_equal", "two_rules", "label_buffer")
ALONE = ("annealed", "two_rules_averaged", "replay")
READ_AT = (2, 4, 8, 16)
"""Where learners without a rate are read: after that many times N facts."""
AGES = (0, 1, 2, 4, 8, 16, 32)


def cells(preset: Preset) -> list[Cell]:
    """One cell per learner, family, and set of sizes; every rate and seed in it. Fresh seeds for every family."""
    listed = []
    for number, (family, sigma, rho, D) in enumerate(FAMILIES[preset]):
        seeds = [number * len(REPORTED[preset]) + seed for seed in REPORTED[preset]]
        common = {"family": family, "sigma": sigma, "rho": rho, "D": D, "outputs": OUTPUTS, "seeds": seeds}
        sizes: list[tuple[str, dict[str, int]]] = [(learner, {}) for learner in LEARNERS]
        sizes += [(learner, {}) for learner in ALONE] if D == 1 else []
        sizes += [("two_regimes", {"hold": 4, "sweeps": 4})] if D == 1 and preset == "paper" else []
        for learner, own in sizes:
            N, whole = _shapes(_learner(learner), HALF["quick" if D > 1 else preset], D, own)
            code = code_fingerprint(catalogue()[learner][1])  # found at run time: the experiment's own follows imports
            listed.append(
                {**common, "learner": learner, "code": code, "N": N, "sizes": whole, **_schedule(_learner(learner), N, D, preset)}
            )
    return listed


@cache
def _learner(name: str) -> Learner:
    return catalogue()[name][0]


def _shapes(learner: Learner, half: int, D: int, own: Mapping[str, int]) -> tuple[int, dict[str, int]]:
    """N and the learner's sizes at a total state of (2 outputs + D) half + 1 numbers.

    That is two stores of `half` numbers per output, the keys of one task, and a count. Fast codes are active in an eighth of
    their cells. A list takes what the store leaves.
    """
    state = (2 * OUTPUTS + D) * half + 1
    sizes = {**learner.sizes, **own}
    if "B" in sizes:
        sizes["B"] = (state - half * OUTPUTS) // (half + OUTPUTS)
    for N in range(half if learner.sizes else state // OUTPUTS, 1, -1):
        sizes |= {"F": N} if "F" in sizes else {}
        sizes |= {"active": max(1, N // 8)} if "active" in sizes else {}
        if learner.numbers(Setting(N, OUTPUTS, D, 1, tuple(sizes.items()))) <= state:
            return N, sizes
    raise ValueError(f"{learner.name}: {state} numbers are too few")


def _schedule(learner: Learner, N: int, D: int, preset: Preset) -> dict[str, Any]:
    """Rates, tasks before each window of reading (until what was left of the start has fallen by e^10), its tasks, and the
    tasks of the stream, the same for all learners of that N.
    """  # fmt: skip
    slowest, span = OWN_SLOWEST if D > 1 else SLOWEST, 256
    settled = round(10 * float(claim("C4").value("relaxation_writes", N=N, eta=slowest).value) / D)
    room = {"room": settled + span + PROBES}
    if "eta" in learner.hyperparameters:
        return {"eta": [eta for eta in RATES[preset] if eta >= slowest], "starts": [settled], "span": span, **room}
    if learner.name == "replay":
        return {"eta": [1.0], "starts": [20 * N], "span": span, **room}
    return {"eta": [0.0], "starts": [times * N for times in READ_AT], "span": N // 2, **room}


@partial(jax.jit, static_argnums=(1, 2, 3, 4, 5))
def _streams(keys: jax.Array, family: TaskFamily, N: int, O: int, T: int, D: int, sigma: float, rho: float) -> Stream:
    """One stream per seed, isotropic codes."""
    return jax.vmap(lambda key: stream(key, family, N, O, T, D, "gaussian", N, 0.0, sigma, rho))(keys)


@partial(jax.jit, static_argnums=(0, 1))
def _measured(
    name: str, span: int, setting: Setting, streams: Stream, etas: jax.Array, starts: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """J [seeds, rates, windows], at keys of tasks to come; depth [seeds, rates, windows, AGES] of the last fact of earlier tasks:
    the slope of its answer on its private part.
    """  # fmt: skip
    learner, ages = _learner(name), jnp.array(AGES)

    def run(facts: Stream, eta: jax.Array) -> tuple[jax.Array, jax.Array]:
        one = replace(setting, hyperparameters={**setting.hyperparameters, "eta": eta})

        def write(t: jax.Array, state: Any) -> Any:
            return learner.write(state, facts.codes[t], facts.targets[t], t, one)

        def step(carry: tuple[Any, jax.Array], _: None) -> tuple[tuple[Any, jax.Array], tuple[jax.Array, ...]]:
            state, t = carry
            state, numbers = write(t, state), jnp.concatenate([t - ages, t + 1 + jnp.arange(PROBES)])
            cues = facts.codes[numbers, -1]
            shared = cues @ facts.shared
            off = learner.read(state, cues, t, one) - shared
            private = facts.targets[numbers, -1][: len(AGES)] - shared[: len(AGES)]
            own = jnp.sum(off[: len(AGES)] * private, axis=-1)
            return (state, t + 1), (jnp.mean(off[len(AGES) :] ** 2), own, jnp.sum(private**2, axis=-1))

        def window(carry: tuple[Any, jax.Array], start: jax.Array) -> tuple[Any, tuple[jax.Array, jax.Array]]:
            state = jax.lax.fori_loop(carry[1], start, write, carry[0])
            carry, (error, own, power) = jax.lax.scan(step, (state, start), None, span)
            return carry, (jnp.mean(error), jnp.sum(own, axis=0) / jnp.sum(power, axis=0))

        return jax.lax.scan(window, (learner.begin(one), jnp.zeros((), starts.dtype)), starts)[1]

    return jax.vmap(jax.vmap(run, (None, 0)), (0, None))(streams, etas)


def predicted(cell: Cell, eta: float, window: int, private: float) -> tuple[float, float]:
    """(J, depth of the fact just written) of the cell's learner, averaged over a window; private: variance of a fact's own part.

    One fact per sleep: exact means (`two_regimes.predicted_errors`). Several facts per sleep: to leading order in their number
    over N and F, the slow rate being 1 - (1 - eta)^sweeps. Replay: `replay.shared_error`.
    """
    N, D, sizes, name = cell["N"], cell["D"], cell["sizes"], cell["learner"]
    start, span = cell["starts"][window] * D, cell["span"] * D
    if name == "replay":
        return shared_error(N, sizes["B"], private), 1.0
    rates = np.full(start + span, 1 - (1 - eta) ** sizes.get("sweeps", 1))
    if name in ("annealed", "two_rules_averaged"):
        rates = N / (N + np.arange(start + span))
    F = {"two_regimes": N, "two_equal": N, "two_rules": N, "two_rules_averaged": N}.get(name, 0)
    together = sizes.get("hold", 1) * D
    if together > 1 and F:
        slow = float(claim("C4").value("J", eta=rates[0], sigma=private**0.5).value)
        return slow + _crosstalk(N, together, D, float(rates[0]), private + slow), 1.0
    path = np.array(list(predicted_errors(N, F, rates, KEEP, private**0.5, name.startswith("two_rules"))))[start:]
    return float(path[:, 0].mean()), 1.0 if name == "label_buffer" else float(path[:, 1].mean())


def _crosstalk(F: int, together: int, D: int, eta: float, power: float) -> float:
    """|v|^2/F, mean over the tasks of a period of `held` facts that ends with a sleep, to leading order in held/F."""
    asleep = together * (1 - eta) ** 2 * power / (1 - KEEP**2)
    levels = [KEEP**2 * asleep + facts * power for facts in range(D, together, D)] + [asleep]
    return float(np.mean(levels)) / F


def run(cell: Cell, workspace: Path) -> Rows:
    """Error on the shared teacher and depth of private parts by age, per rate (or time of reading) and seed."""
    N, D, name = cell["N"], cell["D"], cell["learner"]
    setting = Setting(N, cell["outputs"], D, cell["room"], tuple(cell["sizes"].items()), {"keep": KEEP})
    keys = seed_keys(cell["seeds"])
    streams = _streams(keys, cell["family"], N, cell["outputs"], cell["room"], D, cell["sigma"], cell["rho"])
    measured = _measured(name, cell["span"], setting, streams, jnp.array(cell["eta"]), jnp.array(cell["starts"]))
    J, depth = map(np.asarray, measured)
    private = cell["sigma"] ** 2 + (1 - cell["rho"])
    about = {key: cell[key] for key in ("learner", "family", "sigma", "rho", "D", "N")}
    about |= {"private": private, "state": _learner(name).numbers(setting), "hold": cell["sizes"].get("hold", 1)}
    about |= {"sweeps": cell["sizes"].get("sweeps", 1), "ages": [float(age * D) for age in AGES]}
    rows = []
    for i, eta in enumerate(cell["eta"]):
        for window, start in enumerate(cell["starts"]):
            expected_J, expected_depth = predicted(cell, eta, window, private)
            dial = cell["sizes"]["B"] if name == "replay" else eta if eta else N / (N + start)
            rows += [
                {**about, "dial": float(dial), "seed": seed, "J": float(J[j, i, window]), "depth": float(depth[j, i, window, 0])}
                | {"predicted_J": expected_J, "predicted_depth": expected_depth}
                | {"depth_by_age": depth[j, i, window].tolist()}
                for j, seed in enumerate(cell["seeds"])
            ]
    return rows


EXPERIMENT = Experiment(
    name="two_rates",
    question="At equal total state, which learners are both accurate on what tasks share and deep on what a fact has of its own, "
    "and is it the sparsity of a second store, its rate, or its rule that takes them there?",
    prediction="One rate, fixed, annealed, or with rehearsal of a buffer, stays on or below depth = 2J/(sigma^2 + J). A second "
    "store takes any learner above it, at depth 1: J is eta sigma^2/(2 - eta) plus the crosstalk of the fast store, which "
    "depends on its size, not its activity; two rules on the same dense keys add at most 2 h (1 - eta)J/((1 - keep)N) at "
    "h facts per sleep, a list nothing.",
    falsifier="A learner of one rate in the closed region beyond its interval; a learner of two that stays out of it, or an "
    "error J off the prediction by a tenth; two rules of equal sparsity whose error exceeds that of two sparsities by a tenth.",
    controls="All learners hold the same number of numbers, keys of held facts and lists included. Sparse against dense codes of "
    "the fast store; one key for both stores; a list of labels; two private variances; teachers of cosine 1/2 from task to task.",
    columns={
        "learner": Column("Learner, as `cwb simulate systems` names it.", str),
        "family": Column("Task family: teacher (one for the stream) or similar (one per task, at cosine rho).", str),
        "sigma": Column("Standard deviation of a fact's private part."),
        "rho": Column("Cosine of the teachers of two tasks; 1 means one teacher."),
        "D": Column("Facts per task.", int, unit="facts"),
        "N": Column("Weights per output of the slow store.", int, unit="weights"),
        "private": Column("Variance of what a fact does not share with the others."),
        "state": Column("Total state, keys of held facts and lists included.", unit="numbers"),
        "hold": Column("Tasks between two sleeps.", int, unit="tasks"),
        "sweeps": Column("Presentations per held fact and sleep.", int),
        "ages": Column("Ages at which depth_by_age is measured.", list, unit="facts"),
        "dial": Column("Write strength; for replay the size of its buffer, for learners without a rate N/(N + facts written)."),
        "seed": Column("Seed of the stream.", int),
        "J": Column("Squared error on the shared teacher, at keys of tasks to come."),
        "depth": Column("Retained depth of the private part of the fact just written."),
        "predicted_J": Column("J by the laws of C4 and S3."),
        "predicted_depth": Column("Depth by the same laws."),
        "depth_by_age": Column("Retained depth of the private part at each of `ages`.", list),
    },
    cells=cells,
    run=run,
)
