"""Numbers quoted on the toy model of superposition."""

import numpy as np

from figures.estimate import estimate
from figures.numbers.estimates import Tree, level_over_seeds, over_seeds, plain
from figures.results import Results
from figures.verdicts.superposition import bounds, filled, oldest, phases

NEAR = 0.03
"""A capacity so near to a polytope's counts as on its plateau."""


def superposition(results: Results) -> Tree:
    """Grid and right points of the phase diagram; plateaus and bounds of capacities; the oldest of the last number of tasks."""
    frame = results.table("superposition", "part", "kind", "density", "dims", "features", "D", "t", "seed", "capacities", "loss")
    judged, tasks = phases(results), frame[frame["part"] == "sequence"]
    many = frame[frame["part"] == "geometry"]
    below, above = bounds(results)
    last = tasks[tasks["t"] == tasks["t"].max()].assign(
        first=tasks["capacities"].map(lambda values: values[0]),
        total=tasks["total_capacity"] / tasks["dims"],
        lost=tasks["loss"] / tasks["reference_loss"],
    )
    pooled = many.assign(held=many["capacities"].map(lambda values: float(np.mean(np.asarray(values) > 0.1))))
    pooled = pooled.assign(pairs=many["capacities"].map(_on_half))
    pairs = pooled.groupby("density")["pairs"].mean()
    found: Tree = {"seeds": frame["seed"].nunique(), "points": judged.groupby(["importance", "density"]).ngroups}
    found |= {"least_excess": float(judged["excess"].min()), "embeddings": len(frame), "largest_excess": max(above, below)}
    found |= {"features": int(many["features"].iloc[0]), "dims": int(many["dims"].iloc[0])}
    paired = pooled[pooled["density"] == pairs.idxmax()]
    found |= {"pairs_density": float(pairs.idxmax()), "pairs": level_over_seeds(paired, "pairs")}
    found |= {"filled": level_over_seeds(filled(results), "share")}
    found |= {"tasks": int(tasks["t"].max()), "D": int(tasks["D"].iloc[0])}
    found |= {"task_dims": int(tasks["dims"].iloc[0])}
    for kind, part in last.groupby("kind"):
        found[str(kind)] = {name: level_over_seeds(part, name) for name in ("first", "total")}
        found[str(kind)]["lost"] = over_seeds(part, "lost", "log")  # a ratio of losses: above 1 where tasks are learned in turn
        ratio = oldest(results, str(kind))
        found[str(kind)]["ratio"] = plain(estimate(ratio[ratio["t"] == ratio["t"].max()]["ratio"], scale="log"))
    return found


def _on_half(values: list[float]) -> float:
    """Share of the represented features that lie on the plateau of antipodal pairs."""
    held = np.asarray(values, dtype=float)
    held = held[held > 0.1]
    return float(np.mean(np.abs(held - 0.5) < NEAR)) if held.size else 0.0
