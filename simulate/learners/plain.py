"""The delta rule, fact by fact: what every other method is held against (claim finetuning).

`plain` writes at the one strength that keeps the oldest of T tasks of D facts deepest; `annealed` at N/(N + j) after j writes.
"""

import math
from dataclasses import replace
from functools import partial

import numpy as np
from jaxtyping import Array, Float

from simulate.backend import Scalar, jax, jnp
from simulate.system.learner import Learner, Setting
from simulate.system.learner_systems import isotropic, system_of
from simulate.system.system import Parameters
from theory.annealing import annealed_depth
from theory.methods.finetuning import CLAIM
from theory.retention import C2, largest_tasks, task_depth


def begin(setting: Setting) -> Float[Array, "N outputs"]:
    """Weights of zero."""
    return jnp.zeros((setting.N, setting.outputs))


def write(weights: Array, keys: Array, targets: Array, t: Scalar, setting: Setting, annealed: bool = False) -> Array:
    """Weights after the task's facts, one by one."""

    def fact(w: Array, one: tuple[Array, Array, Array]) -> tuple[Array, None]:
        u, y, j = one
        eta = setting.N / (setting.N + j) if annealed else setting.hyperparameters["eta"]
        return w + eta * jnp.outer(u, y - u @ w), None

    return jax.lax.scan(fact, weights, (keys, targets, t * setting.D + jnp.arange(setting.D)))[0]


def read(weights: Array, keys: Array, t: Scalar, setting: Setting) -> Array:
    """Readouts."""
    return keys @ weights


def numbers(setting: Setting) -> float:
    """N weights per output."""
    return float(setting.N * setting.outputs)


def best(setting: Setting, T: int) -> dict[str, float]:
    """The one strength that keeps the oldest of T tasks of D facts with isotropic keys deepest (C2)."""
    return {"eta": float(C2.value("best_eta", N=setting.N, T=T, D=setting.D).value)}


LEARNER = Learner(
    name="plain",
    description="delta rule at the one strength that is best for the stream's length",
    claim="finetuning",
    access="one pass",
    begin=begin,
    write=write,
    read=read,
    numbers=numbers,
    hyperparameters={"eta": 1.0},
    tune=best,
    linear=True,
)
ANNEALED = replace(
    LEARNER,
    name="annealed",
    description="delta rule at strength N/(N + j) after j writes",
    write=partial(write, annealed=True),
    hyperparameters={},
    tune=lambda setting, T: {},
)
LEARNERS = (LEARNER, ANNEALED)


def _law(p: Parameters, T: int) -> float:
    """Depth of the oldest of T tasks at one strength (C2)."""
    if not isotropic(p):
        return math.nan
    eta = C2.value("best_eta", N=p["N"], T=T, D=p["D"]).value if p["eta"] is None else p["eta"]
    return task_depth(np.full(p["N"], 1 / p["N"]), float(eta), T, p["D"])


def _annealed_law(p: Parameters, T: int) -> float:
    """The equal depth of all facts (C2)."""
    return float(annealed_depth(p["N"], T * p["D"])) if isotropic(p) else math.nan


SYSTEMS = (
    system_of(LEARNER, lambda p: largest_tasks(p["N"], p["D"], p["required"]), law=_law),
    system_of(
        ANNEALED,
        lambda p: CLAIM.value("annealed_length", N=p["N"], depth=p["required"]).value / p["D"],
        law=_annealed_law,
    ),
)
