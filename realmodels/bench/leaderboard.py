"""The leaderboard: entries of one level and kind, best first, with the lines that literature and theory draw."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from realmodels.bench.entry import Entry, read_entry
from theory.errors import UserError

SHIPPED = Path(__file__).parent / "entries"
LINES = {
    "strings learned jointly (Morris et al. 2025)": 3.6,
    "facts learned jointly, 1000 readings (Allen-Zhu and Li 2024)": 2.0,
    "optimal linear memory, one shot (C3)": 1 / (2 * np.log(2)),
}
"""Bits per parameter."""
MEANINGS = {
    "bits": "bits held at the end of the stream, all tasks together, mean over seeds",
    "±": "standard deviation over seeds",
    "of offered": "share of the bits that there are to know",
    "of joint": "share of what the same parameters hold after all tasks were trained at once with as many readings",
    "per parameter": "bits over all parameters of the model",
    "per written": "bits over the parameters that the method may change",
    "per state bit": "bits over all bits that are kept: parameters, 32 bits each, and the method's own state",
    "answered": "bits by greedy answers alone (Fano's bound): the only ones where a memory gives no probabilities",
    "joint": "bits held after all tasks were trained at once",
}


def entries(files: Sequence[str | Path] = (), shipped: bool = True) -> list[Entry]:
    """The entries in these files, and those that are shipped. Raises UserError as `read_entry`."""
    own = sorted(SHIPPED.glob("*.json")) if shipped else []
    return [read_entry(path) for path in [*own, *map(Path, files)]]


def board(found: Sequence[Entry], level: str, kind: str) -> list[dict[str, Any]]:
    """A row per entry of this level and kind, the one that holds most bits per parameter first.

    Entries without parameters come last. Raises UserError if there is none.
    """
    chosen = [entry for entry in found if entry.level == level and entry.kind == kind]
    if not chosen:
        raise UserError(f"there is no entry of level {level} with {kind}: make one with cwb bench run")
    rows = [_row(entry) for entry in chosen]
    return sorted(rows, key=lambda row: (row["per parameter"] is None, -(row["per parameter"] or 0.0), -row["bits"]))


def _row(entry: Entry) -> dict[str, Any]:
    """An entry as a row of the board."""
    bits, joint = np.array(entry.held()), np.array(entry.held("joint"))
    last = max(row["written"] for row in entry.rows)
    ends = [row for row in entry.rows if row["order"] == "sequential" and row["written"] == last]
    memory = entry.memory

    def per(count: float | None) -> float | None:
        return None if not count else float(bits.mean()) / count

    return {
        "entry": entry.name,
        "bits": float(bits.mean()),
        "±": float(bits.std(ddof=1)) if len(bits) > 1 else None,
        "of offered": float(bits.mean()) / entry.offered,
        "of joint": float(bits.mean() / joint.mean()) if joint.mean() > 0 else None,
        "per parameter": per(memory.get("parameters")),
        "per written": per(memory.get("written")),
        "per state bit": per(memory.get("state_bits")),
        "answered": sum(row["answered_bits"] for row in ends) / len(entry.seeds),
        "joint": float(joint.mean()),
    }
