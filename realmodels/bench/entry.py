"""An entry: what was tested, how, and every row of what it held, in one JSON file with a digest.

    {"format": "continual bits 1", "name": ..., "level": "small", "kind": "strings", "system": {...}, "steps": 100,
     "learning_rates": {"sequential": 0.004, "joint": 0.016}, "at_grid_end": {...}, "seeds": [1, 2, 3, 4, 5],
     "memory": {"parameters": ..., "written": ..., "state_bits": ...}, "hashes": {...}, "made": {...}, "rows": [...],
     "sha256": digest of all the rest}

The digest tells damage from what was meant. It is no proof: whoever forges a row computes it anew. The proof is to run a part of
the entry again (`realmodels.bench.verifying`).
"""

import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realmodels.bench.kinds import KINDS, stream
from realmodels.bench.levels import LEVELS, Level, level
from realmodels.bench.streams import ORDERS, Row, evaluated, held
from simulate.runs.files import atomic, digest, read_json
from theory.errors import UserError

FORMAT = "continual bits 1"
MEND = "make it again with cwb bench run"
FIELDS: dict[str, type | tuple[type, ...]] = {
    "name": str, "level": str, "kind": str, "system": dict, "steps": int, "learning_rates": dict, "at_grid_end": dict,
    "seeds": list, "memory": dict, "hashes": dict, "made": dict, "rows": list,
}  # fmt: skip
NUMBERS = {"seed": int, "written": int, "task": int, "bits": float, "answered_bits": float, "right": int}


@dataclass(frozen=True)
class Entry:
    """One entry; the fields are those of the file."""

    name: str
    level: str
    kind: str
    system: Mapping[str, Any]
    steps: int
    learning_rates: Mapping[str, float | None]
    at_grid_end: Mapping[str, bool]
    seeds: Sequence[int]
    memory: Mapping[str, Any]
    hashes: Mapping[str, str]
    made: Mapping[str, Any]
    rows: Sequence[Row]

    @property
    def offered(self) -> float:
        """Bits that there are to know in a stream."""
        return offered(self.kind, level(self.level))

    def held(self, order: str = "sequential") -> list[float]:
        """Bits at the end of the stream, for each seed."""
        return [held([row for row in self.rows if row["seed"] == seed], order) for seed in self.seeds]

    def to_json(self) -> dict[str, Any]:
        """As in the file, digest included."""
        values = {name: getattr(self, name) for name in FIELDS}
        values = {"format": FORMAT, **values, "rows": [dict(row) for row in self.rows]}
        return {**values, "sha256": digest(values)}

    def save(self, path: str | Path) -> None:
        """Write the file, atomically: a row on a line."""
        values = self.to_json()
        rows = ",\n  ".join(json.dumps(row) for row in values.pop("rows"))
        sha256 = values.pop("sha256")
        text = json.dumps(values, indent=1)
        with atomic(Path(path)) as temporary:
            temporary.write_text(f'{text[:-2]},\n "rows": [\n  {rows}\n ],\n "sha256": "{sha256}"\n}}\n', encoding="utf-8")


def offered(kind: str, of_level: Level) -> float:
    """Bits that there are to know in a stream of this kind and level."""
    return stream(kind, 1, of_level.per_task, 0)[0][0].bits * of_level.per_task * of_level.length(kind)


def file_name(name: str) -> str:
    """Name of the file of an entry of this name: what may not stand in file names becomes a dash."""
    return re.sub(r"[^A-Za-z0-9._=-]+", "-", name).strip(".-")[:100] + ".json"


def read_entry(path: str | Path) -> Entry:
    """The entry in a file. Raises UserError in a line if it is damaged, or says what no run can have measured."""
    path = Path(path)
    values = read_json(path, MEND)
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise UserError(f"{path} is no entry of this benchmark (format {FORMAT!r}): {MEND}")
    for name, kind in FIELDS.items():
        if not isinstance(values.get(name), kind) or isinstance(values.get(name), bool):
            raise UserError(f"{path}: {name} is missing or of another kind: {MEND}")
    said = values.pop("sha256", None)
    if said != digest(values):
        raise UserError(f"{path} was changed after it was made: its digest is another one: {MEND}")
    entry = Entry(**{name: values[name] for name in FIELDS})
    _check(entry, path)
    return entry


def _check(entry: Entry, path: Path) -> None:
    """Raise UserError unless the rows are those of a whole run, with numbers that can be."""
    if entry.level not in LEVELS or entry.kind not in KINDS:
        raise UserError(f"{path}: there is no level {entry.level!r} or no kind {entry.kind!r}: {MEND}")
    of_level = LEVELS[entry.level]
    rates = [entry.learning_rates.get(order) for order in ORDERS]
    if not all(rate is None or (_number(rate, float) and rate > 0) for rate in rates) or entry.steps < 1:
        raise UserError(f"{path}: steps {entry.steps} or learning rates {rates} are no numbers above 0: {MEND}")
    if list(entry.seeds) != list(of_level.seeds):
        raise UserError(f"{path}: level {entry.level} has the seeds {list(of_level.seeds)}, not {list(entry.seeds)}: {MEND}")
    per_task = entry.offered / of_level.length(entry.kind)
    for number, row in enumerate(entry.rows, 1):
        whole = isinstance(row, dict) and set(row) == {*NUMBERS, "order"} and row["order"] in ORDERS
        if not whole or not all(_number(row[name], kind) for name, kind in NUMBERS.items()):
            raise UserError(f"{path}, row {number}: a number is missing or none: {MEND}")
        if not (0 <= row["bits"] <= per_task * (1 + 1e-9) and 0 <= row["answered_bits"] <= per_task * (1 + 1e-9)):
            raise UserError(f"{path}, row {number}: more bits than the task has ({per_task:g}), or fewer than none: {MEND}")
        if not 0 <= row["right"] <= of_level.per_task:
            raise UserError(f"{path}, row {number}: {row['right']} right items of {of_level.per_task}: {MEND}")
    tasks = of_level.length(entry.kind)
    moments = {"sequential": evaluated(tasks), "joint": [tasks]}
    wanted = Counter((s, o, w, t) for s in entry.seeds for o in ORDERS for w in moments[o] for t in range(w))
    there = Counter((row["seed"], row["order"], row["written"], row["task"]) for row in entry.rows)
    if there != wanted:
        raise UserError(f"{path}: the rows are not those of a whole run: {MEND}")
    for name in ("parameters", "written", "state_bits"):
        value = entry.memory.get(name)
        if value is not None and not (_number(value, float) and value > 0):
            raise UserError(f"{path}: memory {name} is {value!r}, no number above 0: {MEND}")


def _number(value: Any, kind: type) -> bool:
    """Whether a value of JSON is a number of this kind; whole ones pass for any."""
    return not isinstance(value, bool) and isinstance(value, int | kind) and math.isfinite(value)
