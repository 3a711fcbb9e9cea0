"""Run the benchmark: learning rates are chosen on the development stream; then each reported stream is learned in both orders."""

import platform
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from joblib import Parallel, delayed

from realmodels.bench.entry import Entry
from realmodels.bench.kinds import known
from realmodels.bench.levels import DEVELOPMENT, Level
from realmodels.bench.levels import level as level_named
from realmodels.bench.memories.language_model import LanguageModel
from realmodels.bench.memories.own import maker
from realmodels.bench.streams import ORDERS, Row, held, rows_of
from realmodels.bench.system import TABLE, ModelSystem, OwnSystem, System, model_system, table_system
from realmodels.writing.learning_rate import checked_learning_rate
from realmodels.writing.methods.checks import whole
from realmodels.writing.methods.writer import ADAMW_RATES
from simulate.runs.fingerprint import code_fingerprint
from theory.errors import UserError

STEPS = 100  # gradient steps per task, and so readings of each item
STEPS_MOST = 100_000
FACTOR = 4.0  # between learning rates that are tried
Job = tuple[str, int, float, bool]
"""(order, seed, learning rate, whether to ask at the end alone)"""
Say = Callable[[str], None]


def run(
    model: str | None = None,
    method: str = "full",
    options: Mapping[str, Any] | None = None,
    *,
    memory: "str | type | Callable[[], Any] | None" = None,
    kind: str = "strings",
    level: str = "small",
    width: int | None = None,
    learning_rate: float | None = None,
    steps: int = STEPS,
    name: str | None = None,
    workers: int = 1,
    say: Say = lambda line: None,
) -> Entry:
    """The entry of a system at a level.

    model: an architecture of `cwb models` (a new model is made of it, `width` wide), or what `realmodels.load` takes. method,
    options: a writing method. memory: instead of a model, a class with write(task) and answer(prompt), where it lies
    (FILE.py:NAME), or "table". learning_rate: of sequential writes; without one the best of powers of 4 on the development
    stream, by the bits that are held at its end. That of joint training is always chosen so. steps: per task. workers: processes.
    Raises UserError for what does not exist or does not go together.
    """
    of_level = level_named(level)
    known(kind)
    whole("steps per task", steps, most=STEPS_MOST)
    whole("workers", workers, most=1024)
    system = _system(model, method, options or {}, memory, width, of_level)
    return measured(system, kind, of_level, steps, learning_rate, name, workers, say)


def measured(
    system: System,
    kind: str,
    of_level: Level,
    steps: int,
    learning_rate: float | None = None,
    name: str | None = None,
    workers: int = 1,
    say: Say = lambda line: None,
) -> Entry:
    """The entry of this system; arguments as in `run`, which checks them."""
    start = time.monotonic()
    rates, ends = _rates(system, kind, of_level, steps, learning_rate, workers, say)
    jobs: list[Job] = [(order, seed, rates[order] or 1.0, False) for seed in of_level.seeds for order in ORDERS]
    found = _done(system, kind, of_level, steps, jobs, workers, say)
    rows = [row for of_job, _ in found for row in of_job]
    abouts = [about for (order, *_), (_, about) in zip(jobs, found, strict=True) if order == "sequential"]
    return Entry(
        name=name or system.name,
        level=of_level.name,
        kind=kind,
        system=system.to_json(),
        steps=steps,
        learning_rates=rates,
        at_grid_end=ends,
        seeds=list(of_level.seeds),
        memory={key: _largest([about[key] for about in abouts]) for key in ("parameters", "written", "state_bits")},
        hashes={**system.hashes(kind), "code": code_fingerprint("realmodels.bench.running")},
        made={**machine(), "seconds": round(time.monotonic() - start, 1), "workers": workers},
        rows=rows,
    )


def machine() -> dict[str, str]:
    """What decides the last digits: versions and kind of processor."""
    own = {"project": version("compression-writability"), "python": platform.python_version()}
    return {**own, "torch": torch.__version__, "numpy": np.__version__, "processor": processor()}


def processor() -> str:
    """Architecture and vector instructions."""
    return f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}"


def _system(
    model: str | None, method: str, options: Mapping[str, Any], memory: Any, width: int | None, of_level: Level
) -> System:
    """The system that the arguments name. Raises UserError for none, or for two."""
    if (model is None) == (memory is None):
        raise UserError("give a model or a memory, one of them")
    if model is not None:
        return model_system(model, width, method, options, of_level.width)
    if memory == TABLE:
        return table_system()
    if isinstance(memory, str):
        make, sha256 = maker(memory)
        return OwnSystem(make, memory, sha256)
    if not callable(memory):
        raise UserError(f"a memory is a class, or FILE.py:NAME, not a {type(memory).__name__}: give one of these")
    return OwnSystem(memory, getattr(memory, "__name__", type(memory).__name__))


def _rates(
    system: System, kind: str, of_level: Level, steps: int, given: float | None, workers: int, say: Say
) -> tuple[Mapping[str, float | None], dict[str, bool]]:
    """({order: learning rate}, {order: whether it is an end of the range that was tried}); none for a memory of one's own."""
    if not isinstance(system, ModelSystem):
        if given is not None:
            raise UserError("a learning rate belongs to a model: a memory of one's own learns as it does")
        return dict.fromkeys(ORDERS), dict.fromkeys(ORDERS, False)
    least, most = _bound(system, kind, steps).writer.rates
    grids = {"sequential": _grid(least, most), "joint": _grid(*ADAMW_RATES)}
    if given is not None:
        grids["sequential"] = [checked_learning_rate(given)]
    jobs: list[Job] = [(o, DEVELOPMENT, rate, True) for o in ORDERS for rate in grids[o] if len(grids[o]) > 1]
    found = _done(system, kind, of_level, steps, jobs, workers, say)
    bits = {(order, rate): held(rows, order) for (order, _, rate, _), (rows, _) in zip(jobs, found, strict=True)}
    best = {o: max(grids[o], key=lambda rate, o=o: (bits.get((o, rate), 0.0), -rate)) for o in ORDERS}
    return best, {o: len(grids[o]) > 1 and best[o] in (grids[o][0], grids[o][-1]) for o in ORDERS}


def _bound(system: ModelSystem, kind: str, steps: int) -> LanguageModel:
    """The system once, so that what does not go together is said before any work."""
    return system.memory(kind, DEVELOPMENT, 1.0, steps)


def _grid(least: float, most: float) -> list[float]:
    """Powers of FACTOR times the least, up to the most."""
    count = round(np.log(most / least) / np.log(FACTOR)) + 1
    return [float(least * FACTOR**n) for n in range(count)]


def _done(
    system: System, kind: str, of_level: Level, steps: int, jobs: Sequence[Job], workers: int, say: Say
) -> list[tuple[list[Row], dict[str, Any]]]:
    """What each job gave, in order; says a line as each ends. A memory of one's own is run in this process."""
    calls = [delayed(rows_of)(system, kind, of_level, seed, order, rate, steps, last) for order, seed, rate, last in jobs]
    own = isinstance(system, OwnSystem)
    found = []
    parallel = Parallel(n_jobs=1 if own else min(workers, max(1, len(jobs))), return_as="generator")
    for (order, seed, rate, last), result in zip(jobs, parallel(calls) or (), strict=True):
        about = f"development stream, learning rate {rate:g}" if last else f"seed {seed}"
        end = "lost" if result[1]["diverged"] else f"{held(result[0], order):.0f} bits at the end"
        say(f"{system.name}, {order}, {about}: {end}")
        found.append(result)
    return found


def _largest(values: Sequence[float | None]) -> float | int | None:
    """The largest of the values that are there."""
    there = [value for value in values if value is not None]
    return max(there) if there else None
