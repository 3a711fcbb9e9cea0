"""The registry of what can be simulated, and the frontier of one system measured on demand.

Every file of `simulate/memories`, `simulate/networks` and `simulate/learners` that binds `SYSTEMS` is in it. To add a system, add
a file.
`frontier` finds the largest number of tasks whose worst-kept one keeps the depth asked for, by bisection over T, every T
measured over fresh memories with the same seeds, and puts theory's ceiling beside it.
"""

import importlib
import inspect
import math
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from simulate.codes import FAMILIES, active_cells
from simulate.system.system import Measure, System
from theory.errors import UserError

LIMIT = 2**28
"""Most numbers that one measurement may hold in memory."""
SHARES = {"fraction", "fraction of bits", "fraction of seeds"}
"""Units in which no depth exceeds 1."""
FOLDERS = {"memory": ("simulate.memories", "simulate.networks"), "learner": ("simulate.learners",)}


def modules() -> dict[str, tuple[str, str]]:
    """(kind, module) of every file that could bind systems: {module's last name: (memory or learner, module)}."""
    found = {}
    for kind, packages in FOLDERS.items():
        folders = {package: importlib.import_module(package).__path__ for package in packages}
        files = [(info.name, package) for package, path in folders.items() for info in pkgutil.iter_modules(path)]
        found |= {name: (kind, f"{package}.{name}") for name, package in sorted(files)}
    return found


@cache
def registry() -> dict[str, tuple[str, str, System]]:
    """All systems by name: (kind, module that binds it, system), memories first. Raises ValueError if two share a name."""
    found: dict[str, tuple[str, str, System]] = {}
    for kind, module in modules().values():
        for system in getattr(importlib.import_module(module), "SYSTEMS", ()):
            if system.name in found:
                raise ValueError(f"two systems are called {system.name}: in {found[system.name][1]} and {module}")
            found[system.name] = (kind, module, system)
    return found


def systems() -> list[dict[str, Any]]:
    """Every system and code family: {kind, name, description, claim, parameters}; a parameter without a default is None."""
    known = [
        {"kind": kind, "name": name, "description": system.description, "claim": system.claim}
        | {"parameters": {key: None if isinstance(value, type) else value for key, value in system.defaults.items()}}
        for name, (kind, _, system) in registry().items()
    ]
    return known + [
        {"kind": "codes", "name": name, "description": text, "claim": "I2", "parameters": {}} for name, text in FAMILIES.items()
    ]


def about(name: str) -> dict[str, Any]:
    """All about one system: what `systems` says, its unit, its file, and `text`, what the file says of itself."""
    named(name)
    _, module, system = registry()[name]
    entry = next(entry for entry in systems() if entry["name"] == name)
    text = inspect.getdoc(importlib.import_module(module)) or ""
    return {**entry, "unit": system.unit, "file": module.replace(".", "/") + ".py", "text": text}


def named(name: str) -> System:
    """The system of that name. Raises UserError for an unknown one."""
    if name not in registry():
        raise UserError(f"system {name!r}: no frontier is defined for it; choose from {', '.join(registry())}")
    return registry()[name][2]


def _whole(default: Any) -> bool:
    """Whether a parameter is a whole number: its default is one, or the type int."""
    return default is int or (isinstance(default, int) and not isinstance(default, bool))


def checked(system: System, given: Mapping[str, float]) -> dict[str, Any]:
    """Parameters of a system, complete and of the right type. Raises UserError."""
    for name, value in given.items():
        if name not in system.defaults:
            raise UserError(f"{system.name} has no parameter {name!r}: it takes {', '.join(system.defaults)}")
        if _whole(system.defaults[name]) and value != int(value):
            raise UserError(f"{system.name}: {name}={value} is not a whole number; round it")
    p: dict[str, Any] = {**system.defaults, **given}
    for name, value in p.items():
        if isinstance(value, type):
            raise UserError(f"{system.name}: {name} is missing; give {name}=...")
        if _whole(system.defaults[name]):
            p[name] = int(value)
            least = 2 if name in ("N", "seeds") else 1 if system.defaults[name] is int and name != "R" else 0
            if p[name] < least:
                raise UserError(f"{system.name}: {name}={value} is too small; give at least {least}")
        elif value is not None and not (math.isfinite(value) and value >= 0):
            raise UserError(f"{system.name}: {name}={value} is not a possible value; give a number of at least 0")
    if not p["required"] > 0 or (system.unit in SHARES and p["required"] > 1):
        raise UserError(f"{system.name}: required={p['required']} is not a possible depth ({system.unit})")
    if p.get("a") is not None and "N" in p:
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


def most_tasks(ceiling: float) -> int:
    """Up to where T is sought: twice the ceiling."""
    return math.ceil(2 * ceiling) + 1


def frontier(name: str, **given: float) -> dict[str, Any]:
    """Largest T that the system `name` holds, measured, beside its ceiling.

    Returns the parameters and {system, claim, unit, measured_T, depth (mean at measured_T), ceiling_T, tightness (their ratio,
    None if the ceiling is 0)}. T is sought up to twice the ceiling. Raises UserError for a parameter that is missing, unknown or
    impossible, and for a measurement that would not fit in memory.
    """
    system = named(name)
    p = checked(system, given)
    ceiling = system.ceiling(p)
    if not math.isfinite(ceiling):
        raise UserError(f"{name}: the ceiling is {ceiling} at these sizes, so that T has no end to be sought up to; change them")
    T_max = most_tasks(ceiling)
    size = p.get("N", 1) * p["seeds"] * p.get("D", p.get("D_s", 1)) * max(T_max, p.get("b", 1))
    if size > LIMIT:
        raise UserError(f"{name}: N, D and seeds ask for {size:.1e} numbers at once, above {LIMIT:.1e}; lower N or seeds")
    held, depth = largest_held(system.measure(p, T_max), p["required"], T_max)
    answer = {"system": name, **p, "claim": system.claim, "unit": system.unit}
    answer |= {"measured_T": held, "depth": depth, "ceiling_T": ceiling}
    return answer | {"tightness": held / ceiling if ceiling > 0 else None}
