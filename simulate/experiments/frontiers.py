"""The frontier of every system: how many tasks it holds at each depth, found by search, beside the ceiling of theory."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.fingerprint import code_fingerprint
from simulate.runs.store import Rows
from simulate.system.parameters import checked
from simulate.system.plan import most_tasks
from simulate.system.registry import named, registry
from simulate.system.system import Measure
from simulate.tables import interval


def cells(preset: Preset) -> Sequence[Cell]:
    """One cell per system and setting. The registry is read at run time, so each cell carries the fingerprint of its code."""
    return [
        {"system": name, "kind": kind, "point": point, "parameters": checked(system, given)}
        | {"seeds": list(range(checked(system, given)["seeds"])), "code": code_fingerprint(module)}
        for name, (kind, module, system) in registry().items()
        for point, given in enumerate(system.points[preset])
    ]


def search(measure: Measure, required: float, T_max: int, also: Sequence[int]) -> dict[int, np.ndarray]:
    """Depths [seeds] at every T that was asked for: three bisections over 1 .. T_max, one for the mean over seeds and one for
    either end of its 95% interval, each down to one task; and at the T of `also`.
    """  # fmt: skip
    depths: dict[int, np.ndarray] = {}

    def at(T: int) -> np.ndarray:
        if T not in depths:
            depths[T] = np.asarray(measure(T), dtype=float)
            if not np.isfinite(depths[T]).all():
                raise FloatingPointError(f"depth at T={T} is {depths[T]}")
        return depths[T]

    ends: tuple[Callable[[np.ndarray], float], ...] = (np.mean, lambda x: interval(x)[0], lambda x: interval(x)[1])
    for end in ends:
        held, lost = 0, T_max + 1
        while lost - held > 1:
            T = (held + lost) // 2
            held, lost = (T, lost) if end(at(T)) >= required else (held, T)
    for T in also:
        at(T)
    return depths


def run(cell: Cell, workspace: Path) -> Rows:
    """Depth of the worst-kept task for every T that the search asked for, and seed."""
    system, p = named(cell["system"]), cell["parameters"]
    ceiling = float(system.ceiling(p))
    T_max = most_tasks(ceiling)
    allowed = math.floor(ceiling + 1e-9)
    depths = search(system.measure(p, T_max), p["required"], T_max, [min(allowed + 1, T_max), max(1, allowed)])
    common = {"kind": cell["kind"], "system": system.name, "claim": system.claim, "unit": system.unit, "point": cell["point"]}
    common |= {"N": p.get("N", 0), "D": p.get("D", p.get("D_s", 1)), "required": p["required"], "ceiling_T": ceiling}
    return [
        {**common, "T": T, "seed": seed, "depth": float(depth)}
        for T in sorted(depths)
        for seed, depth in zip(cell["seeds"], depths[T], strict=True)
    ]


EXPERIMENT = Experiment(
    name="frontiers",
    question="How many tasks does each memory and each learner hold, and how far below its ceiling does it stay?",
    prediction="None holds one task more than the ceiling of its claim allows, whatever it is made of; those whose claim is said "
    "to be tight come within the width that their size gives to the step.",
    falsifier="A system whose worst-kept task keeps the depth asked for at one task more than the ceiling, beyond a 95% bound "
    "that is simultaneous over all systems and settings.",
    controls="All systems by one search, each at settings written in its own file before the run; T is sought up to twice the "
    "ceiling, so that a system could hold too much; depths are means over 8 seeds.",
    columns={
        "kind": Column("memory or learner.", str),
        "system": Column("System, as `cwb simulate systems` names it.", str),
        "claim": Column("Claim of the theory that gives its ceiling.", str),
        "unit": Column("Unit of depth and of what is required.", str),
        "point": Column("Number of the setting among those that the system's file lists.", int),
        "N": Column("Size of the system, as its own file defines it; 0 where it has none of that name.", int),
        "D": Column("Facts (or bits) per task.", int),
        "required": Column("Depth that the worst-kept task must keep, in the column `unit`."),
        "ceiling_T": Column("Largest number of tasks that the claim allows.", unit="tasks"),
        "T": Column("Tasks written.", int, unit="tasks"),
        "seed": Column("Seed of the run.", int),
        "depth": Column("Depth of the worst-kept task after T tasks, in the column `unit`."),
    },
    cells=cells,
    run=run,
)
