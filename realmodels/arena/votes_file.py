"""Votes as JSON Lines, one vote a line, to be handed on: without the tokens with which readers come back.

{"ballot": "...", "reader": "...", "nickname": "Ana", "language": "en", "joined": "2026-01-01T12:00:00.000+00:00",
 "simulated": false, "item": "q-p1", "left": "whole", "right": "window", "shown": "...", "choice": "left",
 "reasons": [{"side": "right", "reason": "forgot", "words": "the key"}], "at": "..."}
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from realmodels.arena.records import checked_choice, checked_language, checked_reasons, clean_nickname
from simulate.runs.files import atomic, parse_json, read_text
from theory.errors import UserError

TEXTS = ("ballot", "reader", "item", "left", "right")
TIMES = ("joined", "shown", "at")
FIELDS = {*TEXTS, *TIMES, "nickname", "language", "simulated", "choice", "reasons"}


def write_votes(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write the rows to a file, in one step."""
    with atomic(path) as temporary:
        temporary.write_text("".join(json.dumps(dict(row), ensure_ascii=False) + "\n" for row in rows), "utf-8")


def read_votes(path: Path) -> list[dict[str, Any]]:
    """The rows of a file. Raises UserError with file and line for one that is not as above or whose ballot stood before."""
    rows: dict[str, dict[str, Any]] = {}
    for number, line in enumerate(read_text(path, "give a file of `export`").split("\n"), 1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        row = _checked(parse_json(line, where, "mend it there"), where)
        if row["ballot"] in rows:
            raise UserError(f"{where}: ballot {row['ballot']!r} stands twice: take one out")
        rows[row["ballot"]] = row
    return list(rows.values())


def _checked(row: Any, where: str) -> dict[str, Any]:
    if not isinstance(row, dict) or set(row) != FIELDS:
        raise UserError(f"{where}: give an object with {', '.join(sorted(FIELDS))}")
    for name in TEXTS:
        if not isinstance(row[name], str) or not row[name] or not row[name].isprintable():
            raise UserError(f"{where}: {name} is {str(row[name])[:40]!r}: give text of characters that are printed")
    for name in TIMES:
        try:
            datetime.fromisoformat(row[name])
        except (TypeError, ValueError):
            raise UserError(f"{where}: {name} is {str(row[name])[:40]!r}: give a time as 2026-01-01T12:00:00+00:00") from None
    if not isinstance(row["simulated"], bool):
        raise UserError(f"{where}: simulated is {str(row['simulated'])[:40]!r}: give true or false")
    if row["left"] == row["right"]:
        raise UserError(f"{where}: {row['left']!r} is compared with itself: give two systems")
    try:
        if not isinstance(row["nickname"], str):
            raise UserError("nickname is no text: give 1 to 40 characters")
        checked_choice(row["choice"])
        checked_language(row["language"])
        return {**row, "nickname": clean_nickname(row["nickname"]), "reasons": checked_reasons(row["reasons"])}
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
