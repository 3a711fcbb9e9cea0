"""Before a measurement: are its sizes possible, up to which number of tasks does it go, and does it fit into memory?

A plan takes almost no memory and no time. Nothing has been computed when it refuses.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulate.codes import LIMIT
from simulate.system.parameters import checked
from simulate.system.registry import named
from simulate.system.system import Parameters, System
from theory.errors import UserError


@dataclass(frozen=True)
class Plan:
    """A measurement that is possible: the system, all its parameters, theory's ceiling in tasks, T up to T_max, numbers held."""

    system: System
    p: Parameters
    ceiling_T: float
    T_max: int
    numbers: float


def most_tasks(ceiling: float) -> int:
    """Up to where T is sought: twice the ceiling."""
    return math.ceil(2 * ceiling) + 1


def planned(name: str, given: Mapping[str, Any], T_max: int | None = None) -> Plan:
    """Plan of a measurement of the system `name` up to T_max tasks, by default twice the ceiling.

    Raises UserError for an unknown system, for a parameter that is missing, unknown or impossible, where the ceiling of theory is
    not a finite number, and for a measurement that would not fit in memory.
    """
    system = named(name)
    p = checked(system, given)
    _fits(name, numbers_of(system, p, T_max or 1))  # one task at the least: some ceilings are sums over N terms
    ceiling = ceiling_of(system, p)
    if T_max is None and not math.isfinite(ceiling):
        raise UserError(f"{name}: the ceiling is {ceiling} at these sizes, so that T has no end to be sought up to; change them")
    T_max = most_tasks(ceiling) if T_max is None else T_max
    return Plan(system, p, ceiling, T_max, _fits(name, numbers_of(system, p, T_max)))


def ceiling_of(system: System, p: Parameters) -> float:
    """Theory's largest number of tasks, a real number. Raises UserError where it cannot be computed."""
    return _computed(system, p, "ceiling", lambda: system.ceiling(p))


def _computed(system: System, p: Parameters, quantity: str, law: Callable[[], float]) -> float:
    try:
        with np.errstate(all="ignore"):
            return float(law())
    except UserError:
        raise
    except (ArithmeticError, ValueError, MemoryError) as error:  # a size that no law foresaw: overflow, an empty bracket
        shown = ", ".join(f"{key}={value}" for key, value in p.items())
        raise UserError(f"{system.name}: its {quantity} has no value at {shown} ({error}); change them") from None


def numbers_of(system: System, p: Parameters, T_max: int) -> float:
    """About how many numbers a measurement up to T_max tasks holds at once.

    A system that knows better says so (`System.numbers`); else every seed holds all facts, each with all sizes of the system.
    """
    if system.numbers is not None:
        numbers = system.numbers
        return _computed(system, p, "size", lambda: numbers(p, T_max))
    apart = {"N", "D", "D_s", "seeds", "centred"}
    sizes = sum(value for name, value in p.items() if name not in apart and isinstance(value, int))
    facts = p.get("D", p.get("D_s", 1)) * max(T_max, p.get("b", 1))
    return float(p["seeds"] * facts * (p.get("N", 1) + sizes))


def _fits(name: str, numbers: float) -> float:
    if not numbers <= LIMIT:
        raise UserError(f"{name}: these sizes ask for {numbers:.1e} numbers at once, above {LIMIT:.1e}; lower N, D, T or seeds")
    return numbers
