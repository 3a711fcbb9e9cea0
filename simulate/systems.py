"""The registry of what can be simulated, and the frontier of one system measured on demand.

`frontier` brackets the largest number of tasks whose oldest one keeps the depth asked for, by bisection over T, every T
measured over fresh memories with the same seeds, and puts theory's ceiling beside it.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from simulate.backend import jax, jnp
from simulate.codes import FAMILIES, Family, active_cells, draw, ensemble_spectrum, magnitude_exponent
from simulate.grid import seed_keys
from simulate.memories import bounded_cells, delta_rule, hebbian, shared_cells
from theory import palimpsest, retention, separation
from theory.errors import UserError
from theory.hebbian import largest_patterns
from theory.retention import C2

LIMIT = 2**28
"""Most numbers that one measurement may hold in memory."""

Parameters = Mapping[str, Any]
Measure = Callable[[int], np.ndarray]


@dataclass(frozen=True)
class System:
    """A memory whose frontier can be measured.

    defaults: its parameters; those without a default (None) that are not `a` must be given. whole: which of them are whole
    numbers. ceiling(p): theory's largest T. measure(p, T_max): a function from T <= T_max to the depths [seeds].
    """

    description: str
    unit: str
    defaults: Mapping[str, float | None]
    ceiling: Callable[[Parameters], float]
    measure: Callable[[Parameters, int], Measure]


def _delta(p: Parameters, T_max: int) -> Measure:
    N, D, a, c = p["N"], p["D"], p["a"], p["c"]
    family: Family = "mean_removed" if p["centred"] else "nonnegative"
    K, rest = active_cells(N, a, family, c), ensemble_spectrum(N, a, family, c)[-1]
    over_seeds = jax.vmap(partial(draw, M=D * T_max, N=N, K=K, family=family, exponent=magnitude_exponent(c)))
    codes = jax.jit(over_seeds)(seed_keys(range(p["seeds"])))
    depths = jax.jit(jax.vmap(delta_rule.oldest_task_depth, (0, None, None, None)))
    return lambda T: np.asarray(depths(codes, C2.value("best_eta", N=1 / rest, T=T, D=D).value, T, D))


def _hebbian(p: Parameters, T_max: int) -> Measure:
    N, D, keys = p["N"], p["D"], seed_keys(range(p["seeds"]))
    one = partial(hebbian.stored_snr, P_max=D * T_max, N=N, outputs=p["outputs"], K=active_cells(N, p["a"]))
    snr = jax.jit(lambda P: jax.lax.map(lambda key: one(key, P=P), keys))
    return lambda T: np.asarray(snr(jnp.array([T * D])))[:, 0]


def _cells(p: Parameters, T_max: int) -> Measure:
    N, b, D, keys = p["N"], p["b"], p["D"], seed_keys(range(p["seeds"]))
    one = partial(bounded_cells.oldest_task_decoded, N=N, b=b, capacity=D, D=D)
    decoded = jax.jit(lambda K, T: jax.lax.map(lambda key: one(key, K=K, T=T)[0], keys))
    return lambda T: np.asarray(decoded(active_cells(N, p["a"] or palimpsest.best_activity(T)), T))


def _shared(regime: separation.Regime, p: Parameters, T_max: int) -> Measure:
    N, b, R, D_s, keys = p["N"], p["b"], p["R"], p["D_s"], seed_keys(range(p["seeds"]))
    one = partial(shared_cells.oldest_task_decoded, N=N, b=b, capacity=(max(R, 1), D_s), R=R, D_s=D_s)

    @jax.jit
    def decoded(T: jax.Array, always_on: jax.Array, K: jax.Array, slots: jax.Array) -> jax.Array:
        return jax.lax.map(lambda key: one(key, T=T, always_on=always_on, K=K, shared_slots=slots), keys)

    return lambda T: np.asarray(decoded(T, *shared_cells.layout(regime, N, b, R, T)), dtype=float)


def _shared_ceiling(regime: separation.Regime, p: Parameters) -> float:
    return separation.largest_tasks(p["N"], p["b"], p["R"], p["D_s"], regime)


SHARED: dict[str, float | None] = {"N": None, "b": 1, "R": None, "D_s": None, "required": 1.0, "seeds": 8}

MEMORIES: dict[str, System] = {
    "delta": System(
        "delta-rule memory of N weights, one fixed eta; depth: retained fraction of a fact",
        "fraction",
        {"N": None, "D": None, "a": 0.1, "c": 0.75, "centred": 1, "required": 0.1, "seeds": 8},
        lambda p: retention.largest_tasks(p["N"] - bool(p["centred"]), p["D"], p["required"]),
        _delta,
    ),
    "hebbian": System(
        "one-shot covariance rule, N inputs a neuron, exact cue; depth: power signal-to-noise ratio of a fact",
        "power SNR",
        {"N": None, "D": None, "a": 0.1, "outputs": 64, "required": 1.0, "seeds": 8},
        lambda p: largest_patterns(p["N"], p["required"]) / p["D"],
        _hebbian,
    ),
    "cells": System(
        "N cells of b bits, each task overwrites a N of them (a = 1/T if not given); depth: share of its bits decoded",
        "fraction of bits",
        {"N": None, "D": None, "a": None, "b": 1, "required": 1.0, "seeds": 8},
        lambda p: palimpsest.largest_tasks(p["b"], p["N"], p["D"] * p["required"]),
        _cells,
    ),
    "shared_single": System(
        "N cells of b bits, tasks share R bits, one activity regime; depth: share of seeds in which all R + D_s bits return",
        "fraction of seeds",
        SHARED,
        partial(_shared_ceiling, "single"),
        partial(_shared, "single"),
    ),
    "shared_dual": System(
        "the same cells as an always-on population for the R shared bits and a sparse one for the private ones",
        "fraction of seeds",
        SHARED,
        partial(_shared_ceiling, "dual"),
        partial(_shared, "dual"),
    ),
}
OTHER_MEMORIES = {
    "lms": "one learning rate for shared structure and private facts, or two stores (experiment tradeoff; no frontier in T)",
}


def systems() -> list[dict[str, str]]:
    """Every memory and code family: {kind, name, description}."""
    memories = {name: system.description for name, system in MEMORIES.items()} | OTHER_MEMORIES
    return [
        {"kind": kind, "name": name, "description": text}
        for kind, known in (("memory", memories), ("codes", FAMILIES))
        for name, text in known.items()
    ]


def _checked(system: str, given: Mapping[str, float]) -> dict[str, Any]:
    """Parameters of a system, complete and of the right type. Raises UserError."""
    if system not in MEMORIES:
        raise UserError(f"system {system!r}: no frontier is defined for it; choose from {', '.join(MEMORIES)}")
    defaults = MEMORIES[system].defaults
    for name, value in given.items():
        if name not in defaults:
            raise UserError(f"{system} has no parameter {name!r}: it takes {', '.join(defaults)}")
        if name not in ("a", "c", "required") and value != int(value):
            raise UserError(f"{system}: {name}={value} is not a whole number; round it")
    p: dict[str, Any] = {**defaults, **given}
    for name, value in p.items():
        if value is None and not (name == "a"):
            raise UserError(f"{system}: {name} is missing; give {name}=...")
        if value is not None and name not in ("a", "c", "required"):
            p[name] = int(value)
            if p[name] < (0 if name in ("R", "centred") else 2 if name in ("N", "seeds") else 1):
                raise UserError(f"{system}: {name}={value} is too small; give a larger one")
    if not p["required"] > 0 or (MEMORIES[system].unit != "power SNR" and p["required"] > 1):
        raise UserError(f"{system}: required={p['required']} is not a possible depth ({MEMORIES[system].unit})")
    if p.get("a") is not None:
        active_cells(p["N"], p["a"], "nonnegative", p.get("c", 1.0))
    return p


def largest_held(measure: Measure, required: float, T_max: int) -> tuple[int, float]:
    """(largest T in 1 .. T_max whose mean depth is at least `required`, that depth), by bisection; (0, depth at 1) if none is.

    Depth falls with T; near the frontier, chance decides.
    """
    depth = {1: float(np.mean(measure(1)))}
    if depth[1] < required:
        return 0, depth[1]
    held, lost = 1, T_max + 1
    while lost - held > 1:
        T = (held + lost) // 2
        depth[T] = float(np.mean(measure(T)))
        held, lost = (T, lost) if depth[T] >= required else (held, T)
    return held, depth[held]


def frontier(system: str, **given: float) -> dict[str, Any]:
    """Largest T that `system` holds, measured, beside its ceiling: see MEMORIES for the parameters of each.

    Returns the parameters and {system, unit, measured_T, depth (mean at measured_T), ceiling_T, tightness (their ratio, None if
    the ceiling is 0)}. T is sought up to twice the ceiling. Raises UserError for a parameter that is missing, unknown or
    impossible, and for a measurement that would not fit in memory.
    """
    p = _checked(system, given)
    entry = MEMORIES[system]
    ceiling = entry.ceiling(p)
    T_max = math.ceil(2 * ceiling) + 1
    size = p["N"] * p["seeds"] * p.get("D", p.get("D_s", 1)) * max(T_max, p.get("b", 1))
    if size > LIMIT:
        raise UserError(f"{system}: N, D and seeds ask for {size:.1e} numbers at once, above {LIMIT:.1e}; lower N or seeds")
    held, depth = largest_held(entry.measure(p, T_max), p["required"], T_max)
    answer = {"system": system, **p, "unit": entry.unit, "measured_T": held, "depth": depth, "ceiling_T": ceiling}
    return answer | {"tightness": held / ceiling if ceiling > 0 else None}
