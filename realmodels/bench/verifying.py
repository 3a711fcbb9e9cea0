"""Verify an entry: run some of its streams again, drawn by whoever verifies, and compare every row.

On the machine and versions that made it the rows have to be the same. Elsewhere the last digits differ, and training magnifies
that; then the bits at the end may differ by SHARE of what the entry says, and a little more where they are few.
"""

import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realmodels.bench.entry import Entry, read_entry
from realmodels.bench.levels import level
from realmodels.bench.memories.own import maker
from realmodels.bench.running import machine
from realmodels.bench.streams import ORDERS, held, rows_of
from realmodels.bench.system import TABLE, ModelSystem, OwnSystem, System, table_system
from realmodels.writing.methods.checks import whole
from simulate.runs.fingerprint import code_fingerprint
from theory.errors import UserError

SHARE, FEW = 0.15, 64.0  # of the bits that an entry says, and bits, by which those of another machine may differ
SAME = 1e-6  # relative difference of rows that count as the same


@dataclass(frozen=True)
class Verified:
    """What was run again. exact: whether the rows had to be the same, and were. streams: (order, seed, bits said, bits found)."""

    name: str
    exact: bool
    why: str
    streams: tuple[tuple[str, int, float, float], ...]
    draw: int

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        streams = [dict(zip(("order", "seed", "said", "found"), one, strict=True)) for one in self.streams]
        return {"name": self.name, "exact": self.exact, "why": self.why, "streams": streams, "draw": self.draw}

    def show(self) -> str:
        """A line per stream."""
        lines = [f"{order}, seed {seed}: {said:.1f} bits said, {found:.1f} found" for order, seed, said, found in self.streams]
        held_up = "every row is the same" if self.exact else f"within {SHARE:.0%} or {FEW:g} bits ({self.why})"
        return "\n".join([*lines, f"{self.name} holds: {held_up}. Drawn with --draw {self.draw}."])


def verify(
    path: str | Path,
    *,
    streams: int = 1,
    draw: int | None = None,
    model: str | None = None,
    memory: str | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Verified:
    """Run `streams` streams of the entry again, drawn by the number `draw` (anew without one).

    model: where the entry's model lies here, if elsewhere than it says. memory: FILE.py:NAME of an entry's own memory. Raises
    UserError if a row differs, naming it; if the entry is damaged; or if model or memory are not those of the entry.
    """
    entry = read_entry(path)
    whole("streams", streams, most=len(entry.seeds) * len(ORDERS))
    draw = secrets.randbelow(10**6) if draw is None else draw
    system = _system(entry, model, memory)
    exact, why = _exact(entry)
    jobs = [(order, seed) for order in ORDERS for seed in entry.seeds]
    done = []
    for order, seed in random.Random(draw).sample(jobs, streams):
        say(f"running again: {order}, seed {seed}")
        done.append((order, seed, *_again(entry, system, order, seed, exact, Path(path))))
    return Verified(entry.name, exact, why, tuple(done), draw)


def _again(entry: Entry, system: System, order: str, seed: int, exact: bool, path: Path) -> tuple[float, float]:
    """(bits said, bits found) of one stream. Raises UserError where they differ too much."""
    said = [row for row in entry.rows if row["order"] == order and row["seed"] == seed]
    rate = entry.learning_rates.get(order) or 1.0
    found, about = rows_of(system, entry.kind, level(entry.level), seed, order, rate, entry.steps)
    place = f"{path}: {order}, seed {seed}"
    for name in ("parameters", "written"):
        if about[name] != entry.memory.get(name):
            raise UserError(
                f"{place}: the entry says {name} {entry.memory.get(name)}, and there are {about[name]}: it is not valid"
            )
    if about["state_bits"] is not None and about["state_bits"] > (entry.memory.get("state_bits") or 0) * (1 + SAME):
        raise UserError(f"{place}: the memory keeps more than the entry's state_bits, {about['state_bits']:g}: it is not valid")
    if exact:
        _same(said, found, place)
    a, b = held(said, order), held(found, order)
    if abs(a - b) > max(SHARE * max(a, b), FEW):
        raise UserError(f"{place}: the entry says {a:.1f} bits at the end, and a run gives {b:.1f}: it is not valid")
    return a, b


def _same(said: list[dict[str, Any]], found: list[dict[str, Any]], place: str) -> None:
    """Raise UserError unless all rows are the same."""
    by_place = {(row["written"], row["task"]): row for row in said}
    for row in found:
        other = by_place[row["written"], row["task"]]
        for name in ("bits", "answered_bits", "right"):
            if abs(row[name] - other[name]) > SAME * max(1.0, abs(row[name])):
                where = f"{place}, task {row['task']} after {row['written']}"
                raise UserError(f"{where}: the entry says {name} {other[name]:g}, and a run gives {row[name]:g}: it is not valid")


def _exact(entry: Entry) -> tuple[bool, str]:
    """(whether rows have to be the same, why not)."""
    now, made = machine(), entry.made
    other = [name for name, value in now.items() if name != "project" and made.get(name) != value]
    if entry.hashes.get("code") != code_fingerprint("realmodels.bench.running"):
        other.append("code of the benchmark")
    return (False, f"made with another {', another '.join(other)}") if other else (True, "")


def _system(entry: Entry, model: str | None, memory: str | None) -> System:
    """The system of the entry. Raises UserError if it is not there, or another."""
    if "memory" in entry.system:
        if entry.system["memory"] == TABLE:
            return table_system()
        if memory is None:
            raise UserError(f"entry {entry.name} has a memory of its own, {entry.system['memory']}: give its file with --memory")
        make, sha256 = maker(memory)
        if sha256 != entry.hashes.get("memory"):
            raise UserError(f"{memory} is another file than the one that made entry {entry.name}: give that one")
        return OwnSystem(make, memory, sha256)
    kinds = {"model": str, "width": int | None, "method": str, "options": dict}
    if not all(isinstance(entry.system.get(name), kind) for name, kind in kinds.items()):
        raise UserError(f"entry {entry.name} does not say which model and method it is about: make it again")
    system = ModelSystem(**{**{name: entry.system[name] for name in kinds}, "model": model or entry.system["model"]})
    if system.hashes(entry.kind)["model"] != entry.hashes.get("model"):
        raise UserError(f"{system.model} is another model than the one that made entry {entry.name}: give that one with --model")
    return system
