"""S3: two stores with consolidation against five controls of equal state, under three access rules; every system tuned alike.

The load of a system is the number of labels that it holds per number of state. At most 1% of them may be read wrongly after the
last sleep. A system's hyperparameters are those that hold most facts on the seeds TUNING. Its load is measured on other seeds.

Access rules. One pass: each fact is seen once, with a rehearsal after each. One pass with sleep: each fact is seen once, with a
rehearsal after each task. Many passes: the labels of a task are there until the sleep that learns them.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import brentq

from simulate import contenders
from simulate.contenders import LAYER, Build, Counts, Hyperparameters, largest
from simulate.grid import seed_keys
from simulate.memories import label_list
from simulate.memories.two_stores import cells_per_unit, numbers_per_label
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows
from theory import controls
from theory.ledger import claim

# Seeds on which hyperparameters are chosen.
TUNING = (100, 101, 102, 103)
# Seeds that are reported. Pilots of sizes and hyperparameters used 0 .. 7 and 104 .. 107; a run before the last correction of the
# code used 200 .. 207.
REPORTED = tuple(range(300, 308))
# Share of labels that may be read wrongly: that of S3.
ERROR = 0.01
# Labels in one number of a list whose bits are all used: half of a single-precision number's.
PACKED = 16
# State per unit (N) and numbers of tasks on the main axis. Rehearsal after every fact (N_facts) and the further axes (N_lines)
# take longer, so that their stores are smaller.
SIZES: dict[Preset, dict[str, Any]] = {
    "quick": {"N": 32, "N_facts": 32, "N_lines": 32, "T": (2, 8)},
    "paper": {"N": 64, "N_facts": 48, "N_lines": 32, "T": (2, 4, 8, 16)},
}
# Further axes and their values: passes per sleep, share of labels rehearsed wrongly, share of labels that follow one teacher,
# coding level of the fast store, and state per unit.
LINES: dict[Preset, dict[str, tuple[float, ...]]] = {
    "quick": {"sweeps": (3,), "flip": (0.001,), "shared": (0.5,)},
    "paper": {
        "sweeps": (3, 100),
        "flip": (0.0005, 0.002),
        "shared": (0.5,),
        "a_fast": (1 / 2, 1 / 4, 1 / 16),
        "N": (48, 96, 192),
    },
}
# What the further axes vary around: 30 passes per sleep, no wrong rehearsal, independent labels, 8 tasks.
DEFAULT = {"sweeps": 30, "flip": 0.0, "shared": 0.0}
LINE_T = 8
# Tasks on the axis N. Few, so that the fast store is a large part of the state, where a small N would show most.
SIZE_T = 2

# Twelve settings of each system that has hyperparameters, in ranges inside which pilots had found the best one.
# Sparse fast store: k labels are one active cell of 2^k; room is its size over the size that C3 asks for.
SPARSE = [{"k": k, "room": room} for k, room in product((2, 4), (0.7, 0.85, 1.0, 1.2, 1.5, 1.9))]
# Dense fast store, of equal sparsity: k = 1.
DENSE = [{"k": 1, "room": room} for room in (0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 1.0, 1.1, 1.25, 1.5)]
# One store: share of Gardner's stability that a sleep trains for, and target of a write over the best one of S3-one.
MARGIN = [{"share": share, "target": target} for share, target in product((0.6, 1.0, 1.5), (0.5, 0.75, 1.05, 1.5))]
# The same with rehearsal after every fact. Targets are lower: a fact need only be right until the next rehearsal.
MARGIN_FACTS = [{"share": share, "target": target} for share, target in product((0.7, 1.0, 1.4, 2.0), (0.01, 0.1, 0.4))]
# Ridge of the second-order store, from 1e-8 (in effect none) to 1.
RIDGE = [{"ridge": ridge} for ridge in (1e-8, 1e-6, 1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0)]
# Coding levels tried with rehearsal after every fact: the fast store holds one fact in one input, so there is no room to choose.
SPARSE_FACTS, DENSE_FACTS = [{"k": 2}, {"k": 4}], [{"k": 1}]
# The next setting is tried at this multiple of the best number of facts so far: smaller gains are not worth their search.
GAIN = 1.03
# Ends between which a reachable load is sought: S2's bound on corrections is finite below Gardner's load of 2.
LOAD_ENDS = (1e-3, 1.999)


def cells(preset: Preset) -> list[Cell]:
    """One cell per number of tasks (0: as many as facts), and one per value of every further axis."""
    size = SIZES[preset]
    common = {**DEFAULT, "N": size["N"], "axis": "T", "seeds": list(REPORTED), "tuning": list(TUNING), "error": ERROR}
    grid = [{**common, "T": T, "value": float(T)} for T in size["T"]]
    grid.append({**common, "T": 0, "value": 0.0, "N": size["N_facts"]})
    for axis, value in ((axis, value) for axis, values in LINES[preset].items() for value in values):
        changed = {axis: value} if axis in DEFAULT else {"N": value, "T": SIZE_T} if axis == "N" else {}
        grid.append({**common, "N": size["N_lines"], "T": LINE_T, "axis": axis, "value": float(value), **changed})
    return grid


@lru_cache
def reachable_load(sweeps: float) -> float:
    """Labels per weight that so many passes per sleep are sure to learn: Novikoff's bound on the corrections of a fact (S2)."""

    def excess(load: float) -> float:
        return claim("S2").value("corrections", load=load).value - sweeps

    return float(brentq(excess, *LOAD_ENDS))  # pyright: ignore[reportArgumentType]


def predicted(cell: Cell) -> dict[tuple[str, str, bool], tuple[float, float]]:
    """Loads of S3 by (control, access, whether lists are packed): (two stores', the control's), in labels per number."""
    N, after_every_fact = cell["N"], cell["T"] == 0
    level = 2 if after_every_fact else 4  # labels per active cell of the fast store that S3 speaks of
    if cell["axis"] == "a_fast":
        level = round(-np.log2(cell["value"]))
    sparse, dense = (cells_per_unit(k) if after_every_fact else numbers_per_label(k, cell["error"]) for k in (level, 1))
    table = {}
    for packed, unit in ((False, "numbers"), (True, "bits")):
        outcomes = controls.outcomes(
            T=max(cell["T"], 1),
            C_slow=reachable_load(cell["sweeps"]),
            c_fast=sparse,
            c_other=dense,
            N=N,
            outputs=LAYER,
            p_b=PACKED,
            error=cell["error"],
            unit=unit,
        )
        scale = PACKED if packed else 1
        table |= {(row.control, row.access, packed): (row.two * scale, row.other * scale) for row in outcomes}
    return table


class Chosen(NamedTuple):
    """Hyperparameters, and how many facts they held on the tuning seeds; None where there is nothing to tune."""

    values: Hyperparameters
    facts: int | None


UNTUNED = Chosen({}, None)


def _tuned(cell: Cell, build: Build, choices: Sequence[Hyperparameters]) -> Chosen:
    """The choice that holds most facts on the tuning seeds, with at most a share `error` wrong on all of them together.

    A choice is tried at GAIN times (at least one fact more than) what the best before it holds, and measured if it holds them.
    """
    keys, top = seed_keys(cell["tuning"]), contenders.most_facts(cell["N"])
    best, most = choices[0], 0
    for choice in choices:
        error = build(cell, choice, keys).error

        def pooled(M: Counts, error: Callable = error) -> np.ndarray:
            return np.mean(error(np.repeat(M, len(keys))), keepdims=True)

        more = max(most + 1, round(GAIN * most))
        if more <= top and (not most or float(pooled(np.array([more]))[0]) <= cell["error"]):
            best, most = choice, int(largest(pooled, 1, top, cell["error"], more if most else cell["N"] // 2)[0])
    return Chosen(best, most)


class Entry(NamedTuple):
    """One line of a cell's comparison: a system under an access rule; packed: whether its list uses all bits of a number."""

    system: str
    access: str
    packed: bool
    build: Build
    chosen: Chosen


def _entries(cell: Cell) -> list[Entry]:
    """The systems that a cell compares, tuned."""
    if cell["axis"] == "a_fast":
        k = round(-np.log2(cell["value"]))
        choices = [choice for choice in SPARSE + DENSE if choice["k"] == k]
        two = _tuned(cell, contenders.two_stores, choices)
        return [Entry("two stores", "one pass with sleep", False, contenders.two_stores, two)]
    after_every_fact = cell["T"] == 0
    access = "one pass" if after_every_fact else "one pass with sleep"
    two = _tuned(cell, contenders.two_stores, SPARSE_FACTS if after_every_fact else SPARSE)
    dense = _tuned(cell, contenders.two_stores, DENSE_FACTS if after_every_fact else DENSE)
    one = _tuned(cell, contenders.one_store, MARGIN_FACTS if after_every_fact else MARGIN)
    entries = [
        Entry("two stores", access, False, contenders.two_stores, two),
        Entry("equal sparsity", access, False, contenders.two_stores, dense),
        Entry("one store", access, False, contenders.one_store, one),
    ]
    if cell["axis"] == "N":
        return entries
    entries.append(Entry("buffer as fast store", access, False, contenders.buffer, UNTUNED))
    if cell["axis"] != "T":
        return entries
    second = _tuned(cell, contenders.second_order, RIDGE)
    entries += [
        Entry("second-order state", access, False, contenders.second_order, second),
        Entry("buffer as fast store", access, True, partial(contenders.buffer, packed=PACKED), UNTUNED),
    ]
    if not after_every_fact:
        entries += [
            Entry("two stores", "many passes", False, partial(contenders.two_stores, idle=True), two),
            Entry("one store", "many passes", False, contenders.one_store_with_passes, UNTUNED),
            Entry("second-order state", "many passes", False, contenders.second_order, second),
        ]
    return entries


def run(cell: Cell, workspace: Path) -> Rows:
    """Load of every system, per access rule and seed."""
    keys, law = seed_keys(cell["seeds"]), predicted(cell)
    rows: list[dict[str, Any]] = []
    common = {"axis": cell["axis"], "value": cell["value"], "T": cell["T"], "N": cell["N"], "error": cell["error"]}

    def row(system: str, access: str, packed: bool, seed: int, M: int, fast: float, chosen: Hyperparameters) -> dict[str, Any]:
        two, other = law["one store" if system == "two stores" else system, access, packed]
        return {
            **common,
            "system": system,
            "access": access,
            "packed": packed,
            "seed": seed,
            "M": M,
            "load": M / cell["N"],
            "fast_share": fast / cell["N"],
            "predicted": two if system == "two stores" else other,
            "hyperparameters": " ".join(f"{name}={value:g}" for name, value in chosen.items()),
        }

    for system, access, packed, build, chosen in _entries(cell):
        contender = build(cell, chosen.values, keys)
        guess = cell["N"] if chosen.facts is None else chosen.facts
        M = largest(contender.error, len(keys), contenders.most_facts(cell["N"]), cell["error"], guess)
        largest_task = np.minimum(M, 1) if cell["T"] == 0 else -(-M // cell["T"])
        share = np.asarray(contender.fast(largest_task))
        for seed, m, s in zip(cell["seeds"], M, share, strict=True):
            rows.append(row(system, access, packed, seed, int(m), float(s), chosen.values))
    if cell["axis"] == "T":
        accesses = ["one pass"] if cell["T"] == 0 else ["many passes", "one pass with sleep"]
        for access, packed, seed in product(accesses, (False, True), cell["seeds"]):
            M = label_list.capacity(cell["N"], PACKED if packed else 1)
            rows.append(row("list alone", access, packed, seed, M, 0.0, {}))
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
    controls="All five of S3, at equal numbers and, for lists, bits; twelve settings each where there are hyperparameters, "
    "chosen on other seeds; the same seeds for all; state counted between sleeps; the second-order matrix shared by 1000 units.",
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
        "hyperparameters": Column("Those chosen on the tuning seeds, as name=value; empty for a system without any.", str),
    },
    cells=cells,
    run=run,
)
