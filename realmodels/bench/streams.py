"""One stream through one memory: what it holds of every task after 1, 2, 4, 8 ... tasks, or after all tasks at once.

A row has: seed; order, "sequential" or "joint"; written, tasks that were learned by then; task, which is asked, from 0; bits,
code bits if the memory gives probabilities, else answered bits; answered_bits; right, items answered without a fault.
A memory that is lost holds nothing from there on.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from realmodels.bench.bits import answered_bits, code_bits
from realmodels.bench.item import Item
from realmodels.bench.kinds import stream
from realmodels.bench.levels import Level
from realmodels.bench.memories.language_model import LanguageModel
from realmodels.bench.memories.memory import Memory, Told
from realmodels.bench.system import System
from realmodels.training.loop import one_thread
from realmodels.writing.methods.writer import Diverged

Row = dict[str, Any]
ORDERS = ("sequential", "joint")


def evaluated(tasks: int) -> list[int]:
    """Numbers of tasks after which all are asked: powers of two, and the last."""
    return sorted({2**n for n in range(tasks.bit_length()) if 2**n <= tasks} | {tasks})


def rows_of(
    system: System, kind: str, level: Level, seed: int, order: str, learning_rate: float, steps: int, last_only: bool = False
) -> tuple[list[Row], dict[str, Any]]:
    """(rows of one stream, {"parameters", "written", "state_bits", "diverged"} of the memory at its end).

    last_only: ask at the end alone, as for the choice of a learning rate. Deterministic, on one thread.
    """
    tasks = stream(kind, level.length(kind), level.per_task, seed)
    with one_thread():
        memory = system.memory(kind, seed, learning_rate, steps)
        rows: list[Row] = []
        moments = [len(tasks)] if order == "joint" or last_only else evaluated(len(tasks))
        diverged = False
        for begin, end in zip([0, *moments], moments, strict=False):
            diverged = diverged or not _learned(memory, tasks, begin, end, order, seed)
            told = [None if diverged else memory.ask(task) for task in tasks[:end]]
            rows += [_row(seed, order, end, task, tasks[task], answer) for task, answer in enumerate(told)]
    about = {name: getattr(memory, name) for name in ("parameters", "written", "state_bits")}
    return rows, {**about, "diverged": diverged}


def _learned(memory: Memory, tasks: Sequence[Sequence[Item]], begin: int, end: int, order: str, seed: int) -> bool:
    """Learn the tasks from `begin` to `end`; whether the memory outlived it."""
    try:
        if order == "sequential":
            for task in tasks[begin:end]:
                memory.write(task)
        elif isinstance(memory, LanguageModel):
            memory.learn_at_once(tasks, seed)
        else:
            memory.write([item for task in tasks for item in task])
    except Diverged:
        return False
    return True


def _row(seed: int, order: str, written: int, task: int, items: Sequence[Item], told: Told | None) -> Row:
    """What is held of one task."""
    own = {"seed": seed, "order": order, "written": written, "task": task}
    if told is None or (told.probability is not None and not np.isfinite(told.probability).all()):
        return {**own, "bits": 0.0, "answered_bits": 0.0, "right": 0}
    choices = len(items[0].alphabet)
    answered = answered_bits(told.right.ravel(), choices)
    bits = answered if told.probability is None else code_bits(told.probability.ravel(), choices)
    return {**own, "bits": bits, "answered_bits": answered, "right": int(told.right.all(1).sum())}


def held(rows: Sequence[Row], order: str = "sequential") -> float:
    """Bits at the end of the stream, of all tasks together; of all seeds that the rows have, the sum."""
    last = max((row["written"] for row in rows if row["order"] == order), default=0)
    return math.fsum(row["bits"] for row in rows if row["order"] == order and row["written"] == last)
