"""S3, H3: why two small stores hold less than the law says: each part measured alone, and the parts put together again.

First the one-shot store by itself, sparse (the labels of four units are one active cell of 16) and dense, from 48 to 768 numbers
a unit, against its law for large stores and against `theory.predictions.one_shot`, which keeps what is left out there.

Then the systems of `regimes` at its size. A fast store of F numbers holds M(F) facts in T tasks, a slow one of S numbers C S
facts. Put together they hold what both hold: M with N = F + M/C, which is S3's 1/load = 1/C + c/T with the c of a store of that
size. All loads are the largest number of facts of which at most 1% of the labels is read wrongly, seed by seed. `two stores` and
`equal sparsity` are divided as the parts, measured on other seeds, say; `as tuned` are the settings that `regimes` chose.
"""

from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from simulate import contenders
from simulate.backend import Scalar, jax
from simulate.contenders import OUTPUTS, Build, Hyperparameters, largest, most_facts
from simulate.experiments.regimes import DEFAULT, ERROR, TUNING, predicted
from simulate.grid import SEEDS, seed_keys
from simulate.labels import directions, labelled_facts
from simulate.memories.two_stores import cells_per_unit, numbers_per_label, one_shot_answers
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows
from theory.predictions.one_shot import facts_held

SIZES: dict[Preset, dict[str, Any]] = {
    "quick": {"alone": (24,), "N": 20, "T": (2,), "seeds": list(SEEDS)},
    "paper": {"alone": (48, 96, 192, 384, 768), "N": 64, "T": (2, 4, 8, 16), "seeds": list(range(500, 516))},
}
SPARSE, DENSE = 4, 1
"""Units whose labels are one active cell: the fast store that S3 speaks of, and the dense one."""
TUNED: dict[int, dict[str, Hyperparameters]] = {
    2: {"two": {"k": 4, "room": 1.2}, "equal": {"k": 1, "room": 0.9}, "one": {"share": 0.6, "target": 0.75}},
    4: {"two": {"k": 4, "room": 1.2}, "equal": {"k": 1, "room": 0.9}, "one": {"share": 1.5, "target": 0.75}},
    8: {"two": {"k": 2, "room": 1.0}, "equal": {"k": 1, "room": 0.8}, "one": {"share": 1.0, "target": 1.05}},
    16: {"two": {"k": 2, "room": 1.0}, "equal": {"k": 1, "room": 0.7}, "one": {"share": 1.0, "target": 1.05}},
}
"""Settings that the experiment regimes chose on its tuning seeds (column `hyperparameters` of its table), by number of tasks."""


def cells(preset: Preset) -> list[Cell]:
    """One cell per size and kind of a store alone, one per number of tasks of the systems."""
    size = SIZES[preset]
    common = {"seeds": size["seeds"], "tuning": list(TUNING), "error": ERROR}
    alone = [{**common, "part": "alone", "N": N, "k": k, "T": 1} for N in size["alone"] for k in (SPARSE, DENSE)]
    systems = [{**common, **DEFAULT, "part": "system", "axis": "T", "N": size["N"], "T": T, "value": float(T)} for T in size["T"]]
    return alone + systems


@partial(jax.jit, static_argnames=("most", "widest", "k"))
def _wrong(keys: jax.Array, M: jax.Array, T: Scalar, inputs: Scalar, most: int, widest: int, k: int) -> jax.Array:
    """Share of labels [seeds] that a one-shot store of so many inputs hands over wrongly, of M [seeds] facts in T tasks."""

    def one(key: jax.Array, M: jax.Array) -> jax.Array:
        facts = labelled_facts(key, M, T, widest, P_max=most, N=widest, outputs=OUTPUTS)
        answers = one_shot_answers(directions(facts.fast, inputs), facts.y, facts.task, k)
        used = (facts.task < T)[:, None]
        return (used & (answers * facts.y <= 0)).sum() / (used.sum() * OUTPUTS)

    return jax.vmap(one)(keys, M)


def fast_facts(keys: jax.Array, T: int, inputs: int, widest: int, most: int, k: int, error: float) -> np.ndarray:
    """Most facts [seeds] in T tasks that a one-shot store of `inputs` of `widest` inputs hands over, at most `most`."""

    def wrong(M: np.ndarray) -> np.ndarray:
        return np.asarray(_wrong(keys, np.asarray(M), T, inputs, most, widest, k))

    guess = max(1, round(T * inputs * cells_per_unit(k) / numbers_per_label(k, error)))
    return largest(wrong, len(keys), most, error, guess)


@lru_cache
def _finite(N: int, k: int, error: float) -> float:
    """Facts that a one-shot store of N numbers a unit holds in one task, with the terms of its size."""
    return facts_held(round(N / cells_per_unit(k)), k, 1, OUTPUTS, error)


def composed(fast: dict[int, float], C: float, N: int) -> tuple[float, int]:
    """(Facts, size of the fast store) at which both parts of N numbers hold as many.

    fast: facts that a fast store of that size hands over. C: facts per number of the slow store.
    """
    size = np.arange(1, N)
    both = np.minimum(np.interp(size, [0, *fast], [0, *fast.values()]), C * (N - size))
    best = int(np.argmax(both))
    return float(both[best]), int(size[best])


def _parts(cell: Cell, keys: jax.Array, k: int) -> dict[int, np.ndarray]:
    """Facts [seeds] by size of the fast store, in numbers a unit."""
    N, per_input = cell["N"], cells_per_unit(k)
    step = max(1, round(4 / per_input))
    sizes = {round(inputs * per_input): inputs for inputs in range(step, round(N / per_input), step)}
    return {
        size: fast_facts(keys, cell["T"], inputs, round(N / per_input), most_facts(N), k, cell["error"])
        for size, inputs in sizes.items()
    }


def _alone(cell: Cell) -> Rows:
    N, k, error = cell["N"], cell["k"], cell["error"]
    law, inputs = N / numbers_per_label(k, error), round(N / cells_per_unit(k))
    M = fast_facts(seed_keys(cell["seeds"]), 1, inputs, inputs, round(1.6 * law) + 8, k, error)
    system = "sparse fast store" if k == SPARSE else "dense fast store"
    finite = _finite(N, k, error)
    return [_row(cell, system, k, N, seed, int(m), law / N, finite / N) for seed, m in zip(cell["seeds"], M, strict=True)]


def _row(cell: Cell, system: str, k: int, size: int, seed: int, M: int, law: float, predicted: float) -> dict[str, Any]:
    load = M / size / (cell["T"] if "fast" in system else 1)
    own = {"part": cell["part"], "N": cell["N"], "T": cell["T"], "error": cell["error"], "system": system, "k": k, "size": size}
    return {**own, "seed": seed, "M": M, "load": load, "law": law, "predicted": predicted}


def _systems(cell: Cell) -> Rows:
    N, T, error, seeds = cell["N"], cell["T"], cell["error"], cell["seeds"]
    keys, other = seed_keys(seeds), seed_keys(cell["tuning"])
    half = {**cell, "N": N // 2}
    laws = predicted(cell)
    slow_law = 1 / (1 / laws["buffer as fast store", "one pass with sleep", False][1] - 1 / T)
    rows: list[dict[str, Any]] = []

    def hold(build: Build, where: Cell, chosen: Hyperparameters, keys: jax.Array, guess: float) -> np.ndarray:
        return largest(build(where, chosen, keys).error, len(keys), most_facts(where["N"]), error, max(1, round(guess)))

    def add(system: str, k: int, size: int, M: np.ndarray, law: float, expected: float) -> None:
        rows.extend(_row(cell, system, k, size, seed, int(m), law, expected) for seed, m in zip(seeds, M, strict=True))

    passes = contenders.one_store_with_passes
    C = float(hold(passes, half, {}, other, slow_law * N / 2).mean()) / (N // 2)
    add("slow store", 0, N // 2, hold(passes, half, {}, keys, C * N / 2), slow_law, C)
    for k, system, setting in ((SPARSE, "two stores", "two"), (DENSE, "equal sparsity", "equal")):
        control = "equal sparsity"
        law = laws[control, "one pass with sleep", False][0 if k == SPARSE else 1]
        alone = {size: float(M.mean()) for size, M in _parts(cell, other, k).items()}
        facts, size = composed(alone, C, N)
        for store, M in _parts(cell, keys, k).items():
            name = "sparse fast store" if k == SPARSE else "dense fast store"
            add(name, k, store, M, 1 / numbers_per_label(k, error), alone[store] / store / T)
        chosen = {"k": k, "room": size / (numbers_per_label(k, error) * facts / T)}
        add(system, k, N, hold(contenders.two_stores, cell, chosen, keys, facts), law, facts / N)
        tuned = TUNED[T][setting]
        add(f"{system} as tuned", tuned["k"], N, hold(contenders.two_stores, cell, tuned, keys, facts), law, facts / N)
    law = laws["one store", "one pass with sleep", False][1]
    add("one store", 0, N, hold(contenders.one_store, cell, TUNED[T]["one"], keys, law * N), law, law)
    return rows


def run(cell: Cell, workspace: Path) -> Rows:
    """One row per store and seed."""
    return _alone(cell) if cell["part"] == "alone" else _systems(cell)


EXPERIMENT = Experiment(
    name="diagnosis",
    question="Do two small stores hold less than S3 says because a small sparse store does, and one store more than S3-one?",
    prediction="A sparse one-shot store holds 0.69 of its law at 48 numbers a unit and 0.95 at 768, as the terms of its size "
    "say, a dense one 1.08 and 1.01: sparse holds less than dense at 48, more at 768. With the measured loads of both parts S3's "
    "composition gives the load of two stores, and with the measured load of one store it calls the winner where S3 did not.",
    falsifier="Loads that do not rise towards the law, or lie off the law with its terms of size; a sparse store that holds more "
    "than a dense one at 48 or less at 768; two stores off what their parts give; a winner that the parts call wrongly.",
    controls="The same criterion for parts and systems, seed by seed; stores divided by what the parts held on other seeds; the "
    "settings of regimes beside; seeds no run has used.",
    columns={
        "part": Column("alone: a fast store by itself; system: parts and systems at the size of regimes.", str),
        "N": Column("State per unit, of the store alone or of all stores together.", int, unit="numbers"),
        "T": Column("Tasks of the stream.", int, unit="tasks"),
        "error": Column("Share of labels that may be read wrongly."),
        "system": Column("Store or system measured.", str),
        "k": Column("Units whose labels are one active cell of 2^k; 1: dense; 0: no fast store.", int, unit="units"),
        "size": Column("Numbers per unit of what is measured.", int, unit="numbers"),
        "seed": Column("Seed of the facts.", int),
        "M": Column("Most facts held with at most the allowed error.", int, unit="facts"),
        "load": Column("Labels held per number of state, of a fast store those of one task."),
        "law": Column("That load by S3 or by the law of a large store."),
        "predicted": Column(
            "That load by the law with terms of size (a store alone), as measured on the tuning seeds (parts), by the "
            "composition of parts measured on the tuning seeds (two stores, equal sparsity), or by S3-one (one store)."
        ),
    },
    cells=cells,
    run=run,
)
