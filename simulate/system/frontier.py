"""The frontier of one system: the largest number of tasks whose worst-kept one keeps the depth asked for.

It is found by bisection over T, every T measured over fresh memories with the same seeds, and theory's ceiling is put beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from simulate.backend import exact
from simulate.runs.answer import Answer, field, plain
from simulate.system.measured import depths
from simulate.system.parameters import described
from simulate.system.plan import planned
from simulate.system.registry import named
from simulate.system.system import Measure


@dataclass(frozen=True)
class Frontier(Answer):
    """How many tasks a system holds, beside how many theory allows."""

    curves: ClassVar[tuple[str, ...]] = ("measured_T", "ceiling_T")

    system: str = field("", "Memory or learner that was measured.")
    settings: Mapping[str, Any] = field("", "Its parameters.")
    claim: str = field("", "Claim of the theory whose ceiling it is (`cwb theory show`).")
    unit: str = field("", "Unit of depth.")
    measured_T: int = field(
        "tasks", "Largest number of tasks whose worst-kept one kept the required depth, in the mean over seeds."
    )
    depth: float = field("", "Mean depth of the worst-kept task at that number (at one task if none was held).")
    ceiling_T: float = field("tasks", "Largest number of tasks at which theory allows the required depth.")
    tightness: float | None = field("", "measured_T / ceiling_T; none where the ceiling is 0.")

    def units(self) -> dict[str, str]:
        """{name: unit} of the fields and of the parameters."""
        own = {name: unit for name, (unit, _) in described(named(self.system)).items() if unit}
        return {**super().units(), **own, "depth": self.unit, "required": self.unit}

    def lines(self) -> list[tuple[str, Any, str, str]]:
        """As `Answer.lines`, each parameter on a line of its own."""
        own = [(name, self.settings[name], unit, text) for name, (unit, text) in described(named(self.system)).items()]
        rest = [line for line in super().lines() if line[0] not in ("settings", "unit")]
        return [rest[0], *own, *rest[1:]]

    def to_dict(self) -> dict[str, Any]:
        """As `Answer.to_dict`, the parameters under their own names as well."""
        return {**plain(self.settings), **super().to_dict()}


def largest_held(measure: Measure, required: float, T_max: int) -> tuple[int, float]:
    """(largest T in 1 .. T_max whose mean depth is at least `required`, that depth), by bisection; (0, depth at 1) if none is.

    Depth falls with T; near the frontier, chance decides.
    """
    depth = {1: float(np.mean(measure(1)))}
    if depth[1] < required:
        return 0, depth[1]
    least, most = 1, T_max + 1  # held, and not held
    while most - least > 1:
        T = (least + most) // 2
        depth[T] = float(np.mean(measure(T)))
        least, most = (T, most) if depth[T] >= required else (least, T)
    return least, depth[least]


def frontier(system: str, /, **parameters: float) -> Frontier:
    """Measure the largest T that a system holds, beside its ceiling: `frontier("ewc", N=64, D=8)`.

    T is sought up to twice the ceiling. JAX is set to float64 meanwhile, and set back. Raises UserError for an unknown system,
    for a parameter that is missing, unknown or impossible, for a measurement that would not fit in memory, and where the depth
    comes out as no finite number.
    """
    plan = planned(system, parameters)
    with exact():
        count, depth = largest_held(depths(plan), plan.p["required"], plan.T_max)
    tightness = count / plan.ceiling_T if plan.ceiling_T > 0 else None
    return Frontier(system, plan.p, plan.system.claim, plan.system.unit, count, depth, plan.ceiling_T, tightness)
