"""The registry of what can be simulated.

Every file of `simulate/memories`, `simulate/networks` and `simulate/learners` that binds `SYSTEMS` is in it. To add a system, add
a file.
"""

import importlib
import inspect
import pkgutil
from functools import cache
from typing import Any

from simulate.codes import FAMILIES
from simulate.system.parameters import close, described
from simulate.system.system import System
from theory.errors import UserError

FOLDERS = {"memory": ("simulate.memories", "simulate.networks"), "learner": ("simulate.learners",)}


def modules() -> dict[str, tuple[str, str]]:
    """(kind, module) of every file that could bind systems: {module's last name: (memory or learner, module)}."""
    by_name = {}
    for kind, packages in FOLDERS.items():
        folders = {package: importlib.import_module(package).__path__ for package in packages}
        files = [(info.name, package) for package, path in folders.items() for info in pkgutil.iter_modules(path)]
        by_name |= {name: (kind, f"{package}.{name}") for name, package in sorted(files)}
    return by_name


@cache
def registry() -> dict[str, tuple[str, str, System]]:
    """All systems by name: (kind, module that binds it, system), memories first. Raises ValueError if two share a name."""
    bound: dict[str, tuple[str, str, System]] = {}
    for kind, module in modules().values():
        for system in getattr(importlib.import_module(module), "SYSTEMS", ()):
            if system.name in bound:
                raise ValueError(f"two systems are called {system.name}: in {bound[system.name][1]} and {module}")
            bound[system.name] = (kind, module, system)
    return bound


def listed() -> list[dict[str, Any]]:
    """Every system and code family: {kind, name, description, claim, unit of depth, parameters}; a parameter without a default is
    None.
    """  # fmt: skip
    known = [
        {"kind": kind, "name": name, "description": system.description, "claim": system.claim, "unit": system.unit}
        | {"parameters": {key: None if isinstance(value, type) else value for key, value in system.defaults.items()}}
        for name, (kind, _, system) in registry().items()
    ]
    return known + [
        {"kind": "codes", "name": name, "description": text, "claim": "I2", "unit": "", "parameters": {}}
        for name, text in FAMILIES.items()
    ]


def about(name: str) -> dict[str, Any]:
    """All about one system: what `listed` says, `meanings` {parameter: {unit, meaning}}, its file, and `text`, the file's own."""
    system = named(name)
    module = registry()[name][1]
    entry = next(entry for entry in listed() if entry["name"] == name)
    meanings = {key: {"unit": unit, "meaning": text} for key, (unit, text) in described(system).items()}
    text = inspect.getdoc(importlib.import_module(module)) or ""
    return {**entry, "meanings": meanings, "file": module.replace(".", "/") + ".py", "text": text}


def named(name: str) -> System:
    """The system of that name. Raises UserError for an unknown one."""
    if name not in registry():
        raise UserError(f"system {name!r}: there is none;{close(str(name), registry())} choose from {', '.join(registry())}")
    return registry()[name][2]
