"""Numbers quoted on bits of random strings, one task after another and all at once."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from figures.continual_bits import SYSTEMS, shown
from figures.estimate import Estimate, estimate
from figures.numbers.estimates import Tree, plain
from figures.results import Results
from figures.verdicts.continual_bits import (
    ARCHITECTURES,
    ONE_MATRIX,
    SPARSE,
    bits,
    growth,
    of_dense,
    of_joint,
    of_store,
    per_weight,
    stored,
)

FOUND: dict[str, tuple[tuple[str, ...], Callable[[pd.DataFrame], Mapping[str, Estimate]]]] = {
    "of_joint": (ARCHITECTURES, of_joint),
    "growth": (ARCHITECTURES, growth),
    "sparse": (("dense", *SPARSE), lambda table: of_dense(table, SPARSE)),
    "replay": (("dense", "replay"), lambda table: of_dense(table, ("replay",))),
    "store": (("dense", "replay"), of_store),
    "penalty": (("dense", "ewc"), lambda table: of_dense(table, ("ewc",))),
    "weight": (ONE_MATRIX, per_weight),
}
"""{name: (systems that are needed, what is compared)}."""


def continual_bits(results: Results) -> Tree:
    """What each system holds, and the comparisons that the text quotes; None where a system was not run."""
    table = results.table("continual_bits")
    first, names = table.iloc[0], shown(table)
    return {
        "tasks": int(first["tasks"]),
        "per_task": int(first["per_task"]),
        "offered": float(first["offered"]),
        "steps": int(first["steps"]),
        "parameters": int(table.loc[table["system"] == "dense", "parameters"].iloc[0]),
        "seeds": int(table["seed"].nunique()),
        "stored": stored(table),
        "dense": {order: plain(estimate(bits(table, "dense", order))) for order in ("sequential", "joint")},
        **{
            name: {one: plain(value) for one, value in found(table).items()}
            if set(needed) <= set(names)
            else dict.fromkeys(one for one in needed if one != "dense" or name in ("of_joint", "growth"))
            for name, (needed, found) in FOUND.items()
        },
        "rows": [_row(table, name) for name in names],
    }


def _row(table: pd.DataFrame, name: str) -> dict[str, Any]:
    """A system's row of the table."""
    rows = table[table["system"] == name]
    first = rows.iloc[0]
    rates = {order: float(part["learning_rate"].iloc[0]) for order, part in rows.groupby("order")}
    ends = rows[(rows["order"] == "sequential") & (rows["written"] == rows["tasks"])]
    newest = ends[ends["task"] == ends["tasks"] - 1].groupby("seed")["bits"].sum()
    held, joint = bits(table, name), bits(table, name, "joint")
    return {
        "title": SYSTEMS[name].label,
        "rate": rates["sequential"],
        "held": plain(estimate(held)),
        "newest": float((newest / held.where(held > 0)).mean()) if (held > 0).any() else 0.0,
        "joint": plain(estimate(joint)),
        "per_parameter": float(held.mean() / first["parameters"]),
        "joint_per_parameter": float(joint.mean() / first["parameters"]),
        "per_state_bit": float(held.mean() / first["state_bits"]),
        "answered": float(ends.groupby("seed")["answered_bits"].sum().mean()),
    }
