"""S3: two stores with consolidation against five controls of equal state, under three access rules; every system tuned alike.

Loads are labels held per number of state, at most 1% of them read wrongly after the last sleep. A system's dials are those that
hold most on the seeds TUNING; its load is measured on others.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import brentq

from simulate.backend import jax, jnp
from simulate.grid import seed_keys
from simulate.memories import label_list, second_order, single_store, two_stores
from simulate.memories.two_stores import numbers_per_label
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows
from theory import controls
from theory.ledger import claim

TUNING = (100, 101, 102, 103)
REPORTED = tuple(range(300, 308))  # pilots of sizes and dials: 0 .. 7, 104 .. 107; a run before the last correction: 200 .. 207
ERROR = 0.01
OUTPUTS, LAYER = 16, 1000
PACKED = 16
SIZES: dict[Preset, dict[str, Any]] = {
    "quick": {"N": 32, "N_facts": 32, "N_lines": 32, "T": (2, 8)},
    "paper": {"N": 64, "N_facts": 48, "N_lines": 32, "T": (2, 4, 8, 16)},
}
LINES: dict[Preset, dict[str, tuple[float, ...]]] = {
    "quick": {"sweeps": (3,), "flip": (0.001,), "shared": (0.5,)},
    "paper": {
        **{"sweeps": (3, 100), "flip": (0.0005, 0.002), "shared": (0.5,)},
        **{"a_fast": (1 / 2, 1 / 4, 1 / 16), "N": (48, 96, 192)},
    },
}
DEFAULT = {"sweeps": 30, "flip": 0.0, "shared": 0.0}
LINE_T = 8

SPARSE = [{"k": k, "room": room} for k, room in product((2, 4), (0.7, 0.85, 1.0, 1.2, 1.5, 1.9))]
DENSE = [{"k": 1, "room": room} for room in (0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 1.0, 1.1, 1.25, 1.5)]
MARGIN = [{"share": share, "target": target} for share, target in product((0.6, 1.0, 1.5), (0.5, 0.75, 1.05, 1.5))]
MARGIN_FACTS = [{"share": share, "target": target} for share, target in product((0.7, 1.0, 1.4, 2.0), (0.01, 0.1, 0.4))]
RIDGE = [{"ridge": ridge} for ridge in (1e-8, 1e-6, 1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0)]
"""Twelve dial values of each system that has dials, in ranges inside which pilots found the best (except where smaller is the
limit of none): coding level 2^-k and room of the fast store, in units of what theory says that it needs; stability asked for at
sleep, in units of Gardner's, and target of a write, in units of S3-one's best (less between facts, where a fact need only be
right until it is rehearsed); ridge of least squares."""


def cells(preset: Preset) -> list[Cell]:
    """A cell a number of tasks (0: as many as facts), and one a value of every other axis."""
    size = SIZES[preset]
    common = {**DEFAULT, "N": size["N"], "axis": "T", "seeds": list(REPORTED), "tuning": list(TUNING), "error": ERROR}
    grid = [{**common, "T": T, "value": float(T)} for T in size["T"]]
    grid.append({**common, "T": 0, "value": 0.0, "N": size["N_facts"]})
    for axis, value in ((axis, value) for axis, values in LINES[preset].items() for value in values):
        asked = {axis: value} if axis in DEFAULT else {"N": value, "T": 2} if axis == "N" else {}
        grid.append({**common, "N": size["N_lines"], "T": LINE_T, "axis": axis, "value": float(value), **asked})
    return grid


@lru_cache
def reachable_load(sweeps: float) -> float:
    """Labels per weight that so many passes a sleep are sure to learn: Novikoff's bound on the corrections of a fact (S2)."""

    def excess(load: float) -> float:
        return claim("S2").value("corrections", load=load).value - sweeps

    return float(brentq(excess, 1e-3, 1.999))  # pyright: ignore[reportArgumentType]


def predicted(cell: Cell) -> dict[tuple[str, str, bool], tuple[float, float]]:
    """Loads of S3, labels per number, of two stores and of a control by (control, access, whether lists are packed into bits)."""
    N, facts = cell["N"], cell["T"] == 0
    level = round(-np.log2(cell["value"])) if cell["axis"] == "a_fast" else 2 if facts else 4
    sparse, dense = (two_stores.cells_a_unit(k) if facts else numbers_per_label(k, cell["error"]) for k in (level, 1))
    table = {}
    for packed, unit in ((False, "numbers"), (True, "bits")):
        known = controls.outcomes(
            T=max(cell["T"], 1), C_slow=reachable_load(cell["sweeps"]), c_fast=sparse, c_other=dense, N=N, outputs=LAYER,
            p_b=PACKED, error=cell["error"], unit=unit,
        )  # fmt: skip
        scale = PACKED if packed else 1
        table |= {(row.control, row.access, packed): (row.two * scale, row.other * scale) for row in known}
    return table


def largest(error: Callable[[np.ndarray], np.ndarray], seeds: int, top: int, wrong: float, guess: int) -> np.ndarray:
    """Most facts M [seeds] in 0 .. top of which at most a share `wrong` is lost, for every seed by itself.

    error(M [seeds]): that share [seeds]. From the guess by steps that double, until the threshold is passed, then by bisection.
    """
    M = np.full(seeds, min(max(guess, 1), top))
    held, lost, step = np.zeros(seeds, int), np.full(seeds, top + 1), max(1, guess // 16)
    while np.any(lost - held > 1):
        good = np.asarray(error(M)) <= wrong
        held, lost = np.where(good, M, held), np.where(good, np.maximum(lost, M + 1), np.minimum(lost, M))
        middle = np.maximum((held + lost) // 2, 1)
        M = np.where(lost > top, np.minimum(held + step, top), np.where(held == 0, np.maximum(lost - step, 1), middle))
        step *= 2
    return held


def _by_seed(keys: jax.Array, one: Callable[[jax.Array, int], Any]) -> Callable[[np.ndarray], np.ndarray]:
    """error(M [seeds]) [seeds] from one(key, M). Seeds one by one: each stops as soon as it has learned."""
    return lambda M: np.array([float(one(key, int(m))) for key, m in zip(keys, M, strict=True)])


def _slow(cell: Cell, inputs: Callable[[Any], Any], fast: Callable[[Any], Any], k: int, keys: jax.Array) -> Callable:
    """error(M [seeds]) [seeds] of a fast store of `fast(D)` numbers, `inputs(D)` inputs, beside a slow one of all others."""

    def error(key: jax.Array, M: int) -> Any:
        T = cell["T"] or M
        D = -(-M // T)
        room, width = int(fast(D)), inputs(D)
        if room >= cell["N"]:
            return 1.0
        stream = _facts(cell, key, M, T, cell["N"] - room)
        told = stream.y if width is None else two_stores.heard(stream, int(width), k)
        return two_stores.stream_error(stream, told, T, cell["sweeps"], cell["flip"])

    return _by_seed(keys, error)


def _facts(cell: Cell, key: jax.Array, M: int, T: int, S: int) -> two_stores.Facts:
    """Facts of one seed, with cues of S entries."""
    top, N = _top(cell["N"]), cell["N"]
    return two_stores.facts(key, M, T, S, P_max=top, N=N, outputs=OUTPUTS, shared=cell["shared"])


def _top(N: int) -> int:
    """Facts at most: above Gardner's load."""
    return round(2.2 * N)


def _two(cell: Cell, dials: dict[str, Any], keys: jax.Array, idle: bool = False) -> tuple[Callable, Callable]:
    """Of a system, as of all below: its error(M [seeds]) [seeds] on M facts, and the numbers of its fast store for D facts."""
    k, a_unit = dials["k"], two_stores.cells_a_unit(dials["k"])
    each = 0.0 if cell["T"] == 0 else dials["room"] * numbers_per_label(k, cell["error"])  # one fact takes one input

    def inputs(D: Any) -> Any:
        return np.maximum(1, np.rint(each * D / a_unit)).astype(int)

    def fast(D: Any) -> Any:
        return inputs(D) * a_unit

    return _slow(cell, (lambda D: None) if idle else inputs, fast, k, keys), fast


def _buffer(cell: Cell, dials: dict[str, Any], keys: jax.Array, packed: int = 1) -> tuple[Callable, Callable]:
    def fast(D: Any) -> Any:
        return label_list.numbers(jnp.asarray(D), packed)

    return _slow(cell, lambda D: None, fast, 1, keys), fast


def _one(cell: Cell, dials: dict[str, Any], keys: jax.Array, passes: bool = False) -> tuple[Callable, Callable]:
    if passes:  # the labels of the task at hand are there: no write by day, no fast store
        return _slow(cell, lambda D: None, lambda D: 0 * D, 1, keys), lambda D: 0 * D
    N, top = cell["N"], _top(cell["N"])
    stabilities = jnp.asarray(dials["share"] * single_store.largest_stability(np.arange(1, top + 1) / N))

    def error(key: jax.Array, M: int) -> Any:
        T = cell["T"] or M
        target, stream = dials["target"] * float(single_store.best_target(T)), _facts(cell, key, M, T, N)
        return single_store.stream_error(stream, T, target, stabilities, cell["sweeps"], cell["flip"])

    return _by_seed(keys, error), lambda D: 0 * D


def _second(cell: Cell, dials: dict[str, Any], keys: jax.Array) -> tuple[Callable, Callable]:
    N = second_order.width(cell["N"], LAYER)  # the other columns are zeros, which the ridge leaves without weight

    def error(key: jax.Array, M: int) -> Any:
        T = cell["T"] or M
        return second_order.stream_error(_facts(cell, key, M, T, N), T, dials["ridge"])

    return _by_seed(keys, error), lambda D: 0 * D


def _tuned(cell: Cell, system: Callable, choices: list[dict[str, Any]]) -> tuple[dict[str, Any], int]:
    """The dials that hold most facts on the tuning seeds, at most a share `error` wrong on all of them, and how many.

    A choice is tried at 3% (at least one fact) more than the best before it holds, and measured if it holds them.
    """
    keys, top = seed_keys(cell["tuning"]), _top(cell["N"])
    best, most = choices[0], 0
    for dials in choices:
        error = system(cell, dials, keys)[0]

        def pooled(M: np.ndarray, error: Callable = error) -> np.ndarray:
            return np.mean(error(np.repeat(M, len(keys))), keepdims=True)

        more = max(most + 1, round(1.03 * most))
        if more <= top and (not most or float(pooled(np.array([more]))[0]) <= cell["error"]):
            best, most = dials, int(largest(pooled, 1, top, cell["error"], more if most else cell["N"] // 2)[0])
    return best, most


Chosen = tuple[dict[str, Any], int | None]
"""Dials, and how many facts they held on the tuning seeds; None if there are none to tune."""


def _systems(cell: Cell) -> list[tuple[str, str, bool, Callable, Chosen]]:
    """(system, access, packed, how it is run, its dials) of one cell."""
    if cell["axis"] == "a_fast":
        k = round(-np.log2(cell["value"]))
        choices = [dials for dials in SPARSE + DENSE if dials["k"] == k]
        return [("two stores", "one pass with sleep", False, _two, _tuned(cell, _two, choices))]
    access, none = "one pass" if cell["T"] == 0 else "one pass with sleep", ({}, None)
    once = [{"k": 2}, {"k": 4}] if cell["T"] == 0 else SPARSE  # one fact leaves the coding level as the only dial
    two, dense = _tuned(cell, _two, once), _tuned(cell, _two, [{"k": 1}] if cell["T"] == 0 else DENSE)
    one = _tuned(cell, _one, MARGIN_FACTS if cell["T"] == 0 else MARGIN)
    found = [
        ("two stores", access, False, _two, two),
        ("equal sparsity", access, False, _two, dense),
        ("one store", access, False, _one, one),
    ]
    if cell["axis"] == "N":
        return found
    found.append(("buffer as fast store", access, False, _buffer, none))
    if cell["axis"] != "T":
        return found
    second = _tuned(cell, _second, RIDGE)
    found += [
        ("second-order state", access, False, _second, second),
        ("buffer as fast store", access, True, partial(_buffer, packed=PACKED), none),
    ]
    if cell["T"] > 0:
        found += [
            ("two stores", "many passes", False, partial(_two, idle=True), two),
            ("one store", "many passes", False, partial(_one, passes=True), none),
            ("second-order state", "many passes", False, _second, second),
        ]
    return found


def run(cell: Cell, workspace: Path) -> Rows:
    """Load of every system, per access rule and seed."""
    keys, law = seed_keys(cell["seeds"]), predicted(cell)
    rows: list[dict[str, Any]] = []
    common = {"axis": cell["axis"], "value": cell["value"], "T": cell["T"], "N": cell["N"], "error": cell["error"]}

    def row(system: str, access: str, packed: bool, seed: int, M: int, fast: float, dials: dict[str, Any]) -> dict[str, Any]:
        two, other = law["one store" if system == "two stores" else system, access, packed]
        return {
            **common, "system": system, "access": access, "packed": packed, "seed": seed, "M": M, "load": M / cell["N"],
            "fast_share": fast / cell["N"], "predicted": two if system == "two stores" else other,
            "dials": " ".join(f"{name}={value:g}" for name, value in dials.items()),
        }  # fmt: skip

    for system, access, packed, how, (dials, held) in _systems(cell):
        error, fast = how(cell, dials, keys)
        M = largest(error, len(keys), _top(cell["N"]), cell["error"], cell["N"] if held is None else held)
        share = np.asarray(fast(np.minimum(M, 1) if cell["T"] == 0 else -(-M // cell["T"])))
        rows += [
            row(system, access, packed, seed, int(m), float(s), dials) for seed, m, s in zip(cell["seeds"], M, share, strict=True)
        ]
    if cell["axis"] == "T":
        accesses = ["one pass"] if cell["T"] == 0 else ["many passes", "one pass with sleep"]
        for access, packed, seed in product(accesses, (False, True), cell["seeds"]):
            rows.append(row("list alone", access, packed, seed, label_list.held(cell["N"], PACKED if packed else 1), 0.0, {}))
    return rows


EXPERIMENT = Experiment(
    name="regimes",
    question="At equal state, when do a sparse one-shot store and a dense store that rehearses hold more labels than one "
    "store, two equally sparse ones, second-order state, a list of labels beside the dense store, or a list alone?",
    prediction="Loads 1/(1/C + c/T), C the load that the passes of a sleep are sure to learn (S2), c that of C3 at 1% error. "
    "With sleep, two stores beat one, beat equal sparsity by a gain that falls as 1/T, lose to a list beside the dense store, "
    "and beat second-order state and, in numbers, the list alone only beyond their break-even T. With many passes one store "
    "wins; with rehearsal between facts two and one tie; in bits the list wins.",
    falsifier="An interval of the ratio of loads on the other side of 1 (for a tie: outside its band) than the law puts it.",
    controls="All five of S3, at equal numbers and, for lists, bits; twelve dial values each where there are dials, chosen "
    "on other seeds; the same seeds for all; state counted between sleeps, the second-order matrix shared by a layer of 1000.",
    columns={
        "axis": Column("Parameter that this row varies: T, sweeps, flip, shared, a_fast or N.", str),
        "value": Column("Value of that parameter, in its own unit."),
        "T": Column("Tasks; 0 means that every fact is a task of its own.", int, unit="tasks"),
        "N": Column("State per unit, all stores together.", int, unit="numbers"),
        "error": Column("Share of labels that may be read wrongly."),
        "system": Column("System measured: two stores or one of the five controls of S3.", str),
        "access": Column("When facts may be seen again: one pass, one pass with sleep, or many passes.", str),
        "packed": Column("Whether a list keeps 16 labels in one number.", bool),
        "seed": Column("Seed of the facts.", int),
        "M": Column("Most facts held with at most the allowed error.", int, unit="facts"),
        "load": Column("Labels held per number of state: M/N."),
        "fast_share": Column("Share of the state that the fast store takes."),
        "predicted": Column("Load that S3 gives for this system and access."),
        "dials": Column("Hyperparameters chosen on the tuning seeds, as name=value; empty for a system without any.", str),
    },
    cells=cells,
    run=run,
)
