"""The systems as a table: what `simulate.systems()` shows."""

import html
import textwrap
from collections.abc import Sequence
from typing import Any, overload

import pandas as pd

from simulate.system.registry import listed

COLUMNS = {
    "kind": "memory, learner, or codes: a family of random codes",
    "name": "what to call it by: simulate.frontier(name, ...)",
    "claim": "claim of the theory whose ceiling binds it",
    "unit": "unit of its depth",
    "description": "what it is, and what its depth is",
}


class Systems(Sequence[dict[str, Any]]):
    """Every memory, learner and code family: dictionaries of kind, name, description, claim, unit and parameters, in a table."""

    def __init__(self, entries: Sequence[dict[str, Any]]):
        self.entries = tuple(entries)

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> "Systems": ...
    def __getitem__(self, index: int | slice) -> "dict[str, Any] | Systems":
        return Systems(self.entries[index]) if isinstance(index, slice) else self.entries[index]

    def __len__(self) -> int:
        return len(self.entries)

    def to_dict(self) -> list[dict[str, Any]]:
        """The entries, in JSON's types."""
        return list(self.entries)

    def to_frame(self) -> pd.DataFrame:
        """One row per entry."""
        return pd.DataFrame([{column: entry[column] for column in COLUMNS} for entry in self.entries], columns=list(COLUMNS))

    def __repr__(self) -> str:
        lines = (
            f"{e['kind']:<8} {e['name']:<22} {e['claim']:<15} {textwrap.shorten(e['description'], 90)}" for e in self.entries
        )
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head = "".join(f'<th title="{html.escape(text)}">{name}</th>' for name, text in COLUMNS.items())
        rows = ("".join(f"<td>{html.escape(str(entry[column]))}</td>" for column in COLUMNS) for entry in self.entries)
        return f"<table><tr>{head}</tr>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


def systems() -> Systems:
    """Every memory, learner and code family that can be simulated, as a table."""
    return Systems(listed())
