"""Learners as systems whose frontier can be measured: a stream of T tasks with random keys and targets, and the worst-kept task.

A learner's file binds LEARNERS, and SYSTEMS = the `system_of` of each. Keys are those of the delta-rule memory: activity a,
magnitudes with E[g]^2/E[g^2] = c, centred (random signs) or not; by default dense and isotropic. Targets are independent.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import ceil, log2
from typing import Any

import numpy as np

from simulate.backend import Scalar, jax, jnp
from simulate.codes import Family, active_cells, draw_active, magnitude_exponent
from simulate.grid import seed_keys
from simulate.runs.experiment import Preset
from simulate.system.freedom import depths, worst_kept
from simulate.system.learner import Learner, Setting
from simulate.system.system import Measure, Parameters, System
from theory.errors import UserError

COMMON: Mapping[str, Any] = {"outputs": 16, "required": 0.5, "seeds": 8, "a": 1.0, "c": 1.0, "centred": 1}


def points(**more: Any) -> dict[Preset, list[dict[str, Any]]]:
    """Settings at which the paper measures a learner's frontier: N = 64 and five D, quick N = 32 and two; `more` in all."""
    return {
        "quick": [{"N": 32, "D": D, **more} for D in (4, 8)],
        "paper": [{"N": 64, "D": D, **more} for D in (2, 4, 8, 16, 32)],
    }


def catalogue() -> dict[str, tuple[Learner, str]]:
    """Every learner by name, with the name of the module that binds it in LEARNERS. Raises ValueError for a name used twice."""
    learners: dict[str, tuple[Learner, str]] = {}
    package = importlib.import_module("simulate.learners")
    for info in pkgutil.iter_modules(package.__path__, "simulate.learners."):
        for learner in importlib.import_module(info.name).LEARNERS:
            if learner.name in learners:
                raise ValueError(f"learner {learner.name!r} is bound in {learners[learner.name][1]} and in {info.name}")
            learners[learner.name] = learner, info.name
    return learners


def setting_of(learner: Learner, p: Parameters, T: int, tuned_for: int | None = None) -> Setting:
    """Setting with room for T tasks, its sizes and hyperparameters taken from p.

    Where p leaves a hyperparameter open (None), the learner's tuning chooses it for a stream of `tuned_for` tasks (default: T).
    """
    sizes = tuple((name, int(p.get(name, size))) for name, size in learner.sizes.items())
    plain = Setting(p["N"], p["outputs"], p["D"], T, sizes, {})
    chosen = {**learner.hyperparameters, **learner.tune(plain, T if tuned_for is None else tuned_for)}
    given = {name: p[name] for name in chosen if p.get(name) is not None}
    return Setting(p["N"], p["outputs"], p["D"], T, sizes, {name: float(value) for name, value in {**chosen, **given}.items()})


def system_of(
    learner: Learner,
    ceiling: Callable[[Parameters], float],
    points: Mapping[Preset, Sequence[Mapping[str, Any]]] = points(),
    defaults: Mapping[str, Any] = {},
    most: Mapping[str, Callable[[Parameters], int]] = {},
    law: Callable[[Parameters, int], float] | None = None,
    meanings: Mapping[str, tuple[str, str]] = {},
) -> System:
    """The learner as a system with parameters N, D, those of COMMON, and its own sizes and hyperparameters.

    Depth: mean over the D facts and the outputs of the worst-kept of T tasks (`freedom.worst_kept`), fraction of the target.
    A hyperparameter that the learner's `tune` sets is chosen anew for every T unless it is given. defaults replaces default
    values; most gives the largest values of sizes that depend on others. law and meanings are those of `System`. The ceiling
    raises UserError for a size that does not fit.
    """

    def fitting(p: Parameters) -> float:
        for name in ("outputs", *learner.sizes):
            least, largest = int(name != "B"), most[name](p) if name in most else np.inf  # a buffer may be empty
            if not least <= p[name] <= largest:
                upto = f" to {largest}" if name in most else " at least"
                raise UserError(f"{learner.name}: {name}={p[name]} does not fit the other sizes: give {least}{upto}")
        return ceiling(p)

    tuned = set(learner.tune(Setting(64, 16, 1, 64, tuple(learner.sizes.items())), 64))
    hyperparameters = {name: None if name in tuned else value for name, value in learner.hyperparameters.items()}
    return System(
        name=learner.name,
        description=f"{learner.description}; depth: retained fraction of the worst-kept task",
        claim=learner.claim,
        unit="fraction",
        defaults={"N": int, "D": int, **COMMON, **learner.sizes, **hyperparameters, **defaults},
        ceiling=fitting,
        measure=partial(_measure, learner),
        points=points,
        law=law,
        numbers=partial(_numbers, learner),
        meanings=meanings,
    )


def isotropic(p: Parameters) -> bool:
    """Whether the keys of these parameters have no direction in common, as the laws of most learners ask."""
    return bool(p["centred"])


def _numbers(learner: Learner, p: Parameters, T_max: int) -> float:
    """Numbers held for all seeds at once: keys, answers and the state; a linear learner has an output for each fact."""
    facts = T_max * p["D"]
    outputs = facts if learner.linear else p["outputs"]
    sizes = tuple((name, int(p.get(name, size))) for name, size in learner.sizes.items())
    state = learner.numbers(Setting(p["N"], outputs, p["D"], T_max, sizes))
    return p["seeds"] * (2.0 * facts * p["N"] + facts * outputs + state)


@partial(jax.jit, static_argnums=(1, 2, 4))
def _codes(keys: jax.Array, M: int, N: int, K: Scalar, family: Family, exponent: Scalar) -> jax.Array:
    return jax.vmap(lambda key: draw_active(key, M, N, K, family, exponent))(keys)


def _measure(learner: Learner, p: Parameters, T_max: int) -> Measure:
    """Depth of the worst-kept of T tasks [seeds]; one compilation for all T <= T_max."""
    N, outputs, D, seeds = p["N"], p["outputs"], p["D"], p["seeds"]
    family: Family = "signed" if p["centred"] else "nonnegative"
    room = 2 ** ceil(log2(T_max * D))  # few shapes: drawing takes longer to compile than the learner
    exponent = magnitude_exponent(p["c"])
    codes = _codes(seed_keys(range(seeds)), room, N, active_cells(N, p["a"], family, p["c"]), family, exponent)
    codes = codes[:, : T_max * D].reshape(seeds, T_max, D, N)
    target_keys, probe_keys = seed_keys(range(seeds), 1), seed_keys(range(seeds), 2)

    @jax.jit
    def measured(setting: Setting, T: jax.Array) -> jax.Array:
        def seed(keys: jax.Array, target_key: jax.Array, probe_key: jax.Array) -> jax.Array:
            targets = jax.random.normal(target_key, (T_max, D, outputs))
            return jnp.mean(depths(learner, setting, keys, targets, T, probe_key), axis=1)

        return worst_kept(jax.vmap(seed)(codes, target_keys, probe_keys), T)

    return lambda T: np.asarray(measured(setting_of(learner, p, T_max, T), jnp.asarray(T)))
