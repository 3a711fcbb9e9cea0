"""Attacks on S1-finite and S1-damage: codebooks, supports and layouts are free; survivors are counted and streams followed."""

from __future__ import annotations

import math

import numpy as np

from theory.attacks.attack import Attack, Witness
from theory.damage import DAMAGED, damage_borne, dual_finite, survivors
from theory.separation import single_ceiling

CELLS, WORDS, LARGEST, POPULATIONS = 5, 8, 24, 6
STORE = 1000.0


def _escaped(n: int, K: int, T: int) -> list[float]:
    """Probabilities that S = 0 ... K cells of a K-subset of n are in none of T - 1 further ones, by inclusion and exclusion."""
    spared = [(math.comb(n - left, K) / math.comb(n, K)) ** (T - 1) for left in range(K + 1)]
    return [
        math.comb(K, left) * sum((-1) ** i * math.comb(K - left, i) * spared[left + i] for i in range(K - left + 1))
        for left in range(K + 1)
    ]


def _codebook(point: np.ndarray) -> Witness:
    """n cells, T tasks, bits in a cell, and codewords on CELLS cells: numbers whose digits are the cells' contents."""
    bits, count = round(float(point[2])), round(float(point[3]))
    most = 2 ** (bits * CELLS)
    words = [min(int(share * most), most - 1) for share in point[4 : 4 + count]]
    return {"cells": round(float(point[0])), "tasks": round(float(point[1])), "bits": bits, "words": words}


def decoded(witness: Witness) -> float:
    """How often the best reader names the right word: over all sets of surviving cells, the distinct contents that they show."""
    bits, words = witness["bits"], witness["words"]
    law, success = _escaped(witness["cells"], CELLS, witness["tasks"]), 0.0
    for chosen in range(2**CELLS):
        shown = sum((2**bits - 1) << bits * cell for cell in range(CELLS) if chosen >> cell & 1)
        count = chosen.bit_count()
        success += law[count] / math.comb(CELLS, count) * len({word & shown for word in words}) / len(words)
    return success


def _over_converse(witness: Witness) -> float:
    law = survivors(witness["cells"], CELLS, witness["tasks"])
    most = law @ np.minimum(1.0, 2.0 ** (witness["bits"] * np.arange(CELLS + 1)) / len(witness["words"]))
    return decoded(witness) / float(most)


def _support(point: np.ndarray) -> Witness:
    """A store of whole cells, the structure's part, tasks, failure probability; always-on cells to spare and cells written."""
    cells, always = round(float(point[0])), round(float(point[1] * point[0]))
    always = min(always, cells - 1)
    extra = math.floor(point[4] * (cells - always - 1))
    rest = cells - always - extra
    return {
        "cells": cells,
        "structure": always,
        "tasks": round(float(point[2])),
        "delta": float(point[3]),
        "spare": extra,
        "written": min(rest, 1 + math.floor(point[5] * rest)),
    }


def _over_finite(witness: Witness) -> float:
    """T times the cells that an MDS code may count on, over `dual_finite`; cells of one bit."""
    rest, tasks, delta = witness["cells"] - witness["structure"] - witness["spare"], witness["tasks"], witness["delta"]
    fails, counted = 0.0, 0
    for count, probability in enumerate(_escaped(rest, witness["written"], tasks)[:-1]):
        fails += probability
        if fails > delta:
            break
        counted = count + 1
    most = dual_finite(witness["cells"], 1.0, witness["structure"], tasks, delta)
    return tasks * counted / most if most > 0 else (np.inf if counted else 0.0)


def _layout(point: np.ndarray) -> Witness:
    """Tasks, damage, and per population: size (normalised), activity, part of a cell that holds structure for good."""
    tasks, damage = round(float(point[0])), float(point[1])
    sizes, activity, shared = point[2:].reshape(3, POPULATIONS)
    total = sizes.sum()
    sizes = np.full(POPULATIONS, 1 / POPULATIONS) if total <= 0 else sizes / total
    return {
        "tasks": tasks,
        "damage": damage,
        "cells": (STORE * sizes).tolist(),
        "activity": activity.tolist(),
        "shared_bits_per_cell": shared.tolist(),
    }


def _over_damaged(witness: Witness) -> float:
    """T * D_s over `dual_damaged` at the same R, following the stream task by task; b = 1."""
    cells, activity, shared = (np.array(witness[key]) for key in ("cells", "activity", "shared_bits_per_cell"))
    structure, private = cells * shared, cells * (1 - shared) * activity
    for _ in range(witness["tasks"] - 1):
        structure = structure - structure * witness["damage"]
        private = private - private * activity
    if np.sum(cells * shared) >= STORE * (1 - 1e-9):
        return 0.0
    store = {"N": STORE, "b": 1.0, "R": float(structure.sum()), "T": witness["tasks"], "damage": witness["damage"]}
    return float(witness["tasks"] * private.sum() / DAMAGED.value("dual_damaged", **store).value)


def _crossing(point: np.ndarray) -> Witness:
    """The structure's share of the store, tasks, damage (a part of what leaves the structure intact), the loser's activity."""
    share, tasks = float(point[0]), round(float(point[1]))
    return {
        "shared_bits": STORE * share,
        "tasks": tasks,
        "damage": float(point[2] * (1 - share ** (1 / (tasks - 1)))) * (1 - 1e-9),
        "activity": float(point[3]),
    }


def _loser_over_winner(witness: Witness) -> float:
    """What the losing regime holds at that activity over the other's ceiling: which one loses is `damage_borne`'s to say."""
    R, tasks, damage, activity = (witness[key] for key in ("shared_bits", "tasks", "damage", "activity"))
    if damage >= damage_borne(STORE, 1.0, R, tasks):
        always = R
        for _ in range(tasks - 1):
            always /= 1 - damage
        kept, most = (STORE - always) * activity, single_ceiling(STORE, 1.0, R, tasks)
    else:
        store = {"N": STORE, "b": 1.0, "R": R, "T": tasks, "damage": damage}
        kept, most = STORE * activity - R, DAMAGED.value("dual_damaged", **store).value
    for _ in range(tasks - 1):
        kept -= kept * activity
    return float(tasks * kept / most)


_PARITY = [10, 4, 1, WORDS, *((word + 0.5) / 2**CELLS for word in (0, 3, 5, 9, 17, 6, 10, 24))]
_REPEATED = [12, 6, 1, 2, 0.5 / 32, 31.5 / 32, *[0.5] * (WORDS - 2)]
_EMPTY = [0.0] * (POPULATIONS - 2)

ATTACKS = (
    Attack(
        claim="S1-finite",
        name="codebook",
        text=f"up to {WORDS} codewords on {CELLS} cells, N, T: words decoded over E min(1, 2^(bS - D))",
        bounds=((CELLS, LARGEST), (1, 12), (1, 2), (2, WORDS), *[(0.0, 1.0)] * WORDS),
        decode=_codebook,
        ratio=_over_converse,
        starts=(_REPEATED, _PARITY),
    ),
    Attack(
        claim="S1-finite",
        name="support",
        text="cells written, always-on cells to spare, N, R, T, delta: T * D_s of two regimes over dual_finite",
        bounds=((2, LARGEST), (0.0, 0.9), (1, 8), (0.01, 0.9), (0.0, 1.0), (0.0, 1.0)),
        decode=_support,
        ratio=_over_finite,
        starts=([20, 0.2, 3, 0.1, 0.0, 0.35],),
    ),
    Attack(
        claim="S1-damage",
        name="layout",
        text="six populations of any sizes, activities and parts for structure written once: T * D_s over dual_damaged",
        bounds=((2, 40), (0.0, 0.3), *[(0.0, 1.0)] * (3 * POPULATIONS)),
        decode=_layout,
        ratio=_over_damaged,
        starts=([8, 0.02, 0.3, 0.7, *_EMPTY, 0, 1 / 8, *_EMPTY, 1, 0, *_EMPTY],),
    ),
    Attack(
        claim="S1-damage",
        name="crossing",
        text="R, T, damage, activity: the regime that loses by damage_borne over the ceiling of the other",
        bounds=((0.01, 0.9), (2, 40), (0.0, 1.0), (0.001, 0.999)),
        decode=_crossing,
        ratio=_loser_over_winner,
        starts=([0.2, 5, 0.7894, 0.2], [0.2, 5, 0.789, 0.36]),  # either side of damage_borne
    ),
)
