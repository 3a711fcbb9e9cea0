"""U1: the toy model of superposition at rest (phases of two features, capacities of many) and under a sequence of tasks."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from simulate.backend import jax, jnp
from simulate.grid import REPORTED, seed_keys
from simulate.networks.toy_superposition import (
    Model,
    errors,
    inputs,
    pairs,
    sequence,
    task_capacities,
    task_features,
    uniform_models,
)
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows
from theory.ledger import claim
from theory.statistics import participation_ratio
from theory.superposition import FAINT, capacities, toy_loss

IMPORTANCE: dict[Preset, tuple[float, ...]] = {
    "quick": (0.2, 0.5, 1.0, 2.0, 5.0),
    "paper": (0.1, 0.2, 0.4, 0.5, 0.8, 1.0, 1.25, 2.0, 2.5, 5.0, 10.0),
}
DENSITY: dict[Preset, tuple[float, ...]] = {
    "quick": (0.05, 0.12, 0.22, 0.4, 0.65, 0.95),
    "paper": (0.03, 0.05, 0.08, 0.12, 0.18, 0.25, 0.35, 0.45, 0.55, 0.65, 0.78, 0.92),
}
PAIRS: dict[Preset, dict[str, int]] = {
    "quick": {"starts": 6, "steps": 500, "samples": 16},
    "paper": {"starts": 8, "steps": 1000, "samples": 16},
}
SPARSITIES: dict[Preset, tuple[float, ...]] = {  # 1/density
    "quick": (1, 3, 10, 30, 100),
    "paper": (1, 1.5, 2, 3, 4.5, 6, 8, 12, 18, 30, 55, 100),
}
MANY: dict[Preset, dict[str, int]] = {
    "quick": {"dims": 10, "features": 60, "steps": 1000, "samples": 64},
    "paper": {"dims": 20, "features": 120, "steps": 1500, "samples": 64},
}
SEQUENCE: dict[Preset, dict[str, Any]] = {
    "quick": {"dims": 8, "D": 4, "T": 6, "steps": 300, "samples": 32, "density": 0.1},
    "paper": {"dims": 12, "D": 6, "T": 8, "steps": 400, "samples": 32, "density": 0.1},
}
JUDGED = 4096
"""Inputs on which a loss that has no closed form is judged."""
HELD = 0.5
"""Length of a column of W from which its feature counts as represented."""


def cells(preset: Preset) -> list[Cell]:
    """One cell per importance of two features, a sparsity of many, and a kind of sequence."""
    seeds = list(REPORTED[preset])
    two = {"part": "phase", "density": list(DENSITY[preset]), **PAIRS[preset]}
    listed = [{**two, "importance": importance, "seeds": seeds} for importance in IMPORTANCE[preset]]
    listed += [{"part": "geometry", "density": 1 / s, **MANY[preset], "seeds": seeds} for s in SPARSITIES[preset]]
    for kind in ("disjoint", "overlapping", "interleaved"):
        listed.append({"part": "sequence", "kind": kind, **SEQUENCE[preset], "seeds": seeds})
    return listed


def _row(W: np.ndarray, seed: int, **rest: Any) -> dict[str, Any]:
    """What every part reports of one embedding [dims, features]."""
    capacity, norms = capacities(W), np.sum(W**2, axis=0)
    row = {"dims": W.shape[0], "features": W.shape[1], "seed": seed, "rank": int(np.linalg.matrix_rank(W))}
    row |= {"total_capacity": float(capacity.sum()), "participation_ratio": participation_ratio(W.T @ W)}
    row |= {"squared_norm": float(norms.sum()), "represented": int(np.sum(norms > HELD**2)), "capacities": capacity.tolist()}
    return row | {"D": 0, "t": 0, "importance": 1.0, "kind": "", "expected": "", "boundary": 0.0} | rest


def _kind(weights: np.ndarray) -> str:
    """Which solution two weights are: one feature alone, an antipodal pair, two that point the same way, or nothing."""
    least, most = np.sort(np.abs(weights))
    if least < FAINT:
        return "one" if most >= FAINT else "none"
    return "pair" if weights[0] * weights[1] < 0 else "same"


def _phase(cell: Cell) -> Iterator[dict[str, Any]]:
    """Of several starts the solution with the least exact loss, for every density and seed, beside what U1 says is best."""
    importance, density = cell["importance"], np.array(cell["density"])
    keys = seed_keys(cell["seeds"], round(1000 * importance))
    worth = jnp.full(len(density), importance)
    solutions = pairs(keys, cell["starts"], jnp.array(density), worth, cell["steps"], cell["samples"])
    W, b = np.asarray(solutions.W), np.asarray(solutions.b)
    border = _law("boundary", importance)
    for point, p in enumerate(density):
        least = min(_law(law, importance, density=float(p)) for law in ("loss_single", "loss_pair"))
        for place, seed in enumerate(cell["seeds"]):
            starts = range(cell["starts"])
            losses = [toy_loss(W[place, point, start, 0], b[place, point, start], p, importance) for start in starts]
            best = W[place, point, int(np.argmin(losses))]
            rest = {"part": "phase", "density": float(p), "importance": importance, "kind": _kind(best[0]), "boundary": border}
            rest |= {"expected": "pair" if p < border else "one", "loss": min(losses), "reference_loss": least}
            yield _row(best, seed, **rest)


def _law(name: str, importance: float, **density: float) -> float:
    """A law of U1 at an importance above 1 is that at its inverse, the features exchanged; a loss is larger by that factor."""
    value = _below_one(name, round(min(importance, 1 / importance), 12), **density)
    return value * max(1.0, importance) if name.startswith("loss") else value


@cache
def _below_one(name: str, importance: float, **density: float) -> float:
    return float(claim("U1").value(name, importance=importance, **density).value)


def _blind(density: float, features: int) -> float:
    """Loss of answering each feature by its mean: its variance."""
    return features * (density / 3 - density**2 / 4)


def _judge(model: Model, density: float, active: np.ndarray, seed: int) -> float:
    """Mean loss on fresh inputs that activate these features."""
    x = inputs(jax.random.fold_in(jax.random.key(seed), 1), JUDGED, density, jnp.array(active))
    return float(jnp.mean(errors(model, x, 1.0)))


def _geometry(cell: Cell) -> Iterator[dict[str, Any]]:
    """Embeddings of many equally important features at one density."""
    density, features = cell["density"], cell["features"]
    keys = seed_keys(cell["seeds"], round(1 / density * 10))
    models = uniform_models(keys, cell["dims"], features, density, cell["steps"], cell["samples"])
    for place, seed in enumerate(cell["seeds"]):
        model = Model(models.W[place], models.b[place])
        loss = _judge(model, density, np.ones(features, dtype=bool), seed)
        rest = {"part": "geometry", "density": density, "loss": loss, "reference_loss": _blind(density, features)}
        yield _row(np.asarray(model.W), seed, **rest)


def _sequence(cell: Cell) -> Iterator[dict[str, Any]]:
    """After every task: capacity per feature of each task, and the loss on inputs of the first task."""
    density, D, T = cell["density"], cell["D"], cell["T"]
    tasks = task_features(T, D, D // 2 if cell["kind"] == "overlapping" else D)
    keys, mixed = seed_keys(cell["seeds"]), cell["kind"] == "interleaved"
    models = sequence(keys, cell["dims"], jnp.array(tasks), cell["steps"], cell["samples"], density, mixed)
    for place, seed in enumerate(cell["seeds"]):
        for t in range(T):
            model = Model(models.W[place, t], models.b[place, t])
            rest = {"part": "sequence", "kind": cell["kind"], "density": density, "D": D, "t": t + 1}
            rest |= {"loss": _judge(model, density, tasks[0], seed), "reference_loss": _blind(density, D)}
            W = np.asarray(model.W)
            yield _row(W, seed, **rest, capacities=task_capacities(W, tasks).tolist())


def run(cell: Cell, workspace: Path) -> Rows:
    """Rows of one cell; `capacities` are those of the features, in a sequence the mean per feature of every task."""
    return list({"phase": _phase, "geometry": _geometry, "sequence": _sequence}[cell["part"]](cell))


EXPERIMENT = Experiment(
    name="superposition",
    question="Do trained embeddings obey the capacity law at rest, and what does a sequence of tasks do to the features that "
    "are held already?",
    prediction="Two features in one dimension are stored as an antipodal pair below the density of U1 and singly above it, and "
    "no trained model has a smaller loss than the better of the two. In every embedding PR <= sum of capacities <= rank; sparse "
    "features fill the dimensions. Under a sequence of tasks the sum stays bounded by the dimensions, so that new features "
    "displace old ones: once tasks ask for more features than there are dimensions, the oldest of t tasks of D features keeps "
    "no more than the equal share dims/(tD) per feature.",
    falsifier="A grid point away from the boundary on the wrong side of it, a loss below the law's, a sum of capacities above "
    "the rank, or an oldest task that keeps more than its equal share while newer ones go without.",
    controls="Best of several starts by the exact loss; the same tasks interleaved instead of one after another; tasks that "
    "share half of their features with the next; features that no task has shown yet begin at next to nothing.",
    columns={
        "dims": Column("Hidden dimensions of the toy model.", int, unit="dimensions"),
        "features": Column("Input features.", int, unit="features"),
        "seed": Column("Seed of starts, inputs and judged inputs.", int),
        "rank": Column("Rank of the embedding.", int, unit="dimensions"),
        "total_capacity": Column("Sum of the capacities of all features.", unit="dimensions"),
        "participation_ratio": Column("Participation ratio of the embedding's Gram matrix."),
        "squared_norm": Column("Sum of the squared lengths of all feature directions."),
        "represented": Column("Features whose direction is longer than 1/2.", int, unit="features"),
        "capacities": Column("Capacity of each feature; in a sequence, the mean per feature of every task.", list),
        "D": Column("Features per task; 0 outside a sequence.", int, unit="features"),
        "t": Column("Tasks trained so far; 0 outside a sequence.", int, unit="tasks"),
        "importance": Column("Importance of the second of two features relative to the first; 1 elsewhere."),
        "kind": Column("Solution (pair, one, same, none) or kind of sequence; empty in geometry.", str),
        "expected": Column("Solution that U1 expects (pair or one); empty outside the phase diagram.", str),
        "boundary": Column("Density at which U1 puts the change from pair to one; 0 outside the phase diagram."),
        "part": Column("Part of the experiment: phase, geometry or sequence.", str),
        "density": Column("Probability that a feature is active in an input."),
        "loss": Column("Mean weighted squared error per input; in a sequence, on inputs of the first task."),
        "reference_loss": Column("The least loss by U1 (phase), or the loss of answering each feature by its mean."),
    },
    cells=cells,
    run=run,
)
