"""Depth against the number of tasks: what a system keeps of its worst-kept task, beside the law and the ceiling of theory."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar

import numpy as np

from simulate.backend import exact
from simulate.runs.answer import Answer, field
from simulate.system.measured import depths
from simulate.system.parameters import SHARES, described
from simulate.system.plan import ceiling_of, planned
from simulate.system.registry import named
from simulate.system.system import Parameters, System
from simulate.tables import interval, share_interval
from theory.errors import UserError

POINTS = 16
"""Numbers of tasks on a curve whose T is not given."""
MOST_POINTS = 4096
"""Most numbers of tasks on one curve."""


@dataclass(frozen=True)
class Curve(Answer):
    """Mean depth of the worst-kept task at every number of tasks T."""

    x: ClassVar[str] = "T"
    curves: ClassVar[tuple[str, ...]] = ("depth", "law", "ceiling")
    band: ClassVar[tuple[str, str] | None] = ("low", "high")

    system: str = field("", "Memory or learner that was measured.")
    settings: Mapping[str, Any] = field("", "Its parameters.")
    claim: str = field("", "Claim of the theory that the ceiling is of (`cwb theory show`).")
    unit: str = field("", "Unit of depth.")
    ceiling_T: float = field("tasks", "Largest number of tasks at which theory allows the required depth.")
    T: tuple[int, ...] = field("tasks", "Number of tasks written, one after another.", column=True)
    depth: tuple[float, ...] = field("", "Depth of the worst-kept task, mean over seeds.", column=True)
    low: tuple[float | None, ...] = field("", "Lower end of the 95% interval of that mean over seeds.", column=True)
    high: tuple[float | None, ...] = field("", "Upper end of the same interval.", column=True)
    law: tuple[float | None, ...] = field(
        "", "Depth that theory predicts, nothing fitted; empty where it has no law.", column=True
    )
    ceiling: tuple[float | None, ...] = field("", "Largest depth that theory allows; empty where it says nothing.", column=True)

    def units(self) -> dict[str, str]:
        """{name: unit} of the fields and of the parameters."""
        own = {name: unit for name, (unit, _) in described(named(self.system)).items() if unit}
        depth = dict.fromkeys(("required", "depth", "low", "high", "law", "ceiling"), self.unit)
        return {**super().units(), **own, **depth}

    def lines(self) -> list[tuple[str, Any, str, str]]:
        """As `Answer.lines`, each parameter on a line of its own."""
        own = [(name, self.settings[name], unit, text) for name, (unit, text) in described(named(self.system)).items()]
        rest = [line for line in super().lines() if line[0] not in ("settings", "unit")]
        return [rest[0], *own, *rest[1:]]


def task_numbers(T: Iterable[float] | float, most: int = MOST_POINTS) -> tuple[int, ...]:
    """Numbers of tasks, distinct and in order. Raises UserError unless they are whole, at least 1, and not more than `most`."""
    values: set[int] = set()
    for value in [T] if isinstance(T, Real) else T:
        if not isinstance(value, Real) or not 1 <= value < 2**40 or value != math.floor(value):
            raise UserError(f"T={value!r}: a number of tasks is a whole number of at least 1; give for instance T=range(1, 60)")
        values.add(int(value))
        if len(values) > most:
            raise UserError(f"T has more than {most} values; give fewer")
    if not values:
        raise UserError("T is empty; give at least one number of tasks, for instance T=range(1, 60)")
    return tuple(sorted(values))


def spread_out(T_max: int, points: int = POINTS) -> tuple[int, ...]:
    """About so many numbers of tasks from 1 to T_max, evenly in the logarithm."""
    return tuple(sorted({round(T) for T in np.geomspace(1, T_max, points)}))


def allowed_depth(system: System, p: Parameters, T: int, most: float | None = None) -> float | None:
    """Largest depth that theory allows the worst-kept of T tasks, at most `most`; None where it says nothing.

    Where the system states no bound, it is the largest `required` at which its ceiling is at least T, by bisection.
    """
    top = 1.0 if system.unit in SHARES else 1e12
    if system.bound is not None:
        bound = float(system.bound(p, T))
        return min(bound, top) if math.isfinite(bound) else None

    def allowed(required: float) -> bool:
        try:
            return ceiling_of(system, {**p, "required": required}) >= T
        except UserError:  # no ceiling is known at that depth
            return False

    high = top if most is None else most
    if allowed(high):
        return high if system.unit in SHARES or most is not None else None
    low = 1e-6
    if not allowed(low):
        return None
    while high / low > 1 + 1e-5:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if allowed(middle) else (low, middle)
    return high


def curve(system: str, /, T: Iterable[float] | float | None = None, **parameters: float) -> Curve:
    """Measure depth against the number of tasks: `curve("delta", T=range(1, 60), N=256, D=8)`.

    T: numbers of tasks; if left out, some from 1 to twice the ceiling. The interval is Student's over seeds, or Clopper and
    Pearson's where a seed returns all or nothing. JAX is set to float64 meanwhile, and set back. Raises UserError as `frontier`
    does.
    """
    tasks = None if T is None else task_numbers(T)
    plan = planned(system, parameters, tasks[-1] if tasks else None)
    tasks = tasks or spread_out(plan.T_max)
    known, p = plan.system, plan.p
    with exact():
        measure = depths(plan)
        measured = [measure(T) for T in tasks]
    ends = [_interval(known.unit, depth) for depth in measured]
    ceilings: list[float | None] = []
    for T in tasks:
        ceilings.append(allowed_depth(known, p, T, ceilings[-1] if ceilings else None))
    return Curve(
        known.name,
        p,
        known.claim,
        known.unit,
        plan.ceiling_T,
        tasks,
        tuple(float(np.mean(depth)) for depth in measured),
        tuple(low for low, _ in ends),
        tuple(high for _, high in ends),
        tuple(_predicted(known, p, T) for T in tasks),
        tuple(ceilings),
    )


def _interval(unit: str, depth: np.ndarray) -> tuple[float | None, float | None]:
    if unit == "fraction of seeds":
        return share_interval(int(np.sum(depth)), len(depth))
    low, high = interval(depth)
    return (max(low, 0.0), min(high, 1.0)) if unit in SHARES else (low, high)


def _predicted(system: System, p: Parameters, T: int) -> float | None:
    if system.law is None:
        return None
    try:
        depth = float(system.law(p, T))
    except UserError:  # outside the law's domain
        return None
    return depth if math.isfinite(depth) else None
