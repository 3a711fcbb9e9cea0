"""Facts of a user: from a .jsonl file, a list of tuples or a table, checked strictly, every mistake with its place.

A file has one JSON object per line: {"prompt": str, "answer": str, "task": int or str}. Lines end with a line feed (or carriage
return and line feed); every other character, U+2028 and U+0085 among them, may stand inside a string. Two further fields are
read: "heldout_prompt" (str) and "paraphrases" (list of str) ask for the same answer in other words. They are never written;
recall is measured on them. All other fields are ignored.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from realmodels.text.facts import Fact
from simulate.runs.files import parse_json
from theory.errors import UserError

EXAMPLE = '{"prompt": ..., "answer": ..., "task": ...}'
SHOWN = 5  # conflicts that a message lists; it counts the others
FactsLike = str | Path | Sequence[Any] | pd.DataFrame


def load_facts(path: Path) -> list[Fact]:
    """The facts of a file, in order. Tasks are numbered by first appearance; an answer gets one space before it.

    Raises UserError naming the file and the line; prompts with two answers are all named at once.
    """
    return _facts(_lines(Path(path)), f"facts file {path}")


def as_facts(facts: FactsLike) -> list[Fact]:
    """Facts from whatever a user holds: the path of a file, a list or a table.

    List: (prompt, answer) or (prompt, answer, task) tuples, `Fact` objects, or dictionaries with the fields of a file. A pair
    without a task is a task of its own, written after the one before. Table: columns prompt, answer and, optionally, task,
    heldout_prompt, paraphrases. Raises UserError naming the file and line, or the number of the entry (from 0).
    """
    if isinstance(facts, str | Path):
        return load_facts(Path(facts))
    if isinstance(facts, pd.DataFrame):
        missing = [name for name in ("prompt", "answer") if name not in facts]
        if missing:
            raise UserError(f"the table of facts has no column {missing[0]!r}: give columns prompt, answer and task")
        records = facts.to_dict("records")
        return _facts(((f"facts, row {i}", _numbered(_present(r), i)) for i, r in enumerate(records)), "the table of facts")
    if not isinstance(facts, Sequence):
        raise UserError(f"facts are a {type(facts).__name__}: give a path, a list of (prompt, answer) pairs or a DataFrame")
    if facts and all(isinstance(fact, Fact) for fact in facts):
        return list(facts)
    return _facts(((f"facts, entry {i}", _entry(fact, i)) for i, fact in enumerate(facts)), "the list of facts")


def _lines(path: Path) -> Iterator[tuple[str, Any]]:
    """(place, JSON value) of each line that is not blank."""
    if not path.is_file():
        raise UserError(f"facts file {path} does not exist: give the path of a .jsonl file")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"facts file {path} is not text in UTF-8 (byte {error.start}): save it as UTF-8") from None
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        where = f"facts file {path}, line {number}"
        yield where, parse_json(line, where, f"write one object per line, {EXAMPLE}")


def _present(record: Mapping[Any, Any]) -> dict[str, Any]:
    """A row of a table without its empty cells; integers and lists as Python has them."""
    cells = {str(name): _python(value) for name, value in record.items()}
    return {name: value for name, value in cells.items() if value is not None}


def _python(value: Any) -> Any:
    """A cell of a table as a value of Python's own types; None for an empty one."""
    if value is pd.NA or value is pd.NaT or (isinstance(value, float | np.floating) and math.isnan(value)):
        return None
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else value


def _numbered(entry: dict[str, Any], number: int) -> dict[str, Any]:
    return entry if "task" in entry else {**entry, "task": f"entry {number}"}


def _entry(fact: Any, number: int) -> Any:
    """An entry of a list as the dictionary that a line of a file would hold."""
    if isinstance(fact, Fact):
        others = {"heldout_prompt": fact.heldout_prompt} if fact.heldout_prompt else {}
        return {"prompt": fact.prompt, "answer": fact.answer, "task": fact.task, "paraphrases": fact.paraphrases, **others}
    if isinstance(fact, Mapping):
        return _numbered(_present(fact), number)
    if isinstance(fact, Sequence) and not isinstance(fact, str) and len(fact) in (2, 3):
        entry: dict[str, Any] = dict(zip(("prompt", "answer", "task"), fact, strict=False))
        return _present(entry) if len(fact) == 3 else _numbered(entry, number)
    raise UserError(f"facts, entry {number} is {_brief(fact)}: give (prompt, answer) or (prompt, answer, task)")


def _brief(value: Any) -> str:
    """What a value is, short enough for a message."""
    try:
        text = ascii(value)
    except (ValueError, RecursionError):
        return f"a {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:57]}..."


def _checked(where: str, entry: Any) -> dict[str, Any]:
    if not isinstance(entry, Mapping):
        raise UserError(f"{where}: not an object: write {EXAMPLE}")
    for key, kinds in (("prompt", str), ("answer", str), ("task", int | str)):
        value = entry.get(key)
        if not isinstance(value, kinds) or isinstance(value, bool) or (isinstance(value, str) and not value.strip()):
            kind = "a text that is not empty" if kinds is str else "an integer or a text"
            raise UserError(f'{where}: "{key}" is {"missing" if key not in entry else _brief(value)}: give {kind}')
    heldout = entry.get("heldout_prompt")
    others = entry.get("paraphrases", [])
    for key, values in (("heldout_prompt", [] if heldout is None else [heldout]), ("paraphrases", others)):
        several = isinstance(values, Sequence) and not isinstance(values, str)
        if not several or not all(isinstance(wording, str) and wording.strip() for wording in values):
            raise UserError(f'{where}: "{key}" is {_brief(entry[key])}: give {"a text" if key != "paraphrases" else "texts"}')
    texts = {key: entry[key] for key in ("prompt", "answer")}
    texts |= {"heldout_prompt": heldout or "", "paraphrases": " ".join(others)}
    for key, text in texts.items():
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            raise UserError(f'{where}: "{key}" holds half of a surrogate pair, which is no character: write the character itself')
    wordings = [*([heldout] if heldout else []), *others]
    if any(wording.rstrip() == entry["prompt"].rstrip() for wording in wordings):
        raise UserError(f"{where}: a held-out wording is the prompt itself: give other words, or leave it out")
    return {"prompt": entry["prompt"], "answer": entry["answer"], "task": entry["task"], "wordings": wordings}


def _facts(entries: Iterator[tuple[str, Any]], source: str) -> list[Fact]:
    tasks: dict[int | str, int] = {}
    answers: dict[str, tuple[str, str]] = {}
    conflicts: list[str] = []
    facts: list[Fact] = []
    for where, raw in entries:
        entry = _checked(where, raw)
        prompt, answer = entry["prompt"].rstrip(), f" {entry['answer'].strip()}"
        before = answers.setdefault(prompt, (answer, where))[0]
        if before != answer:
            conflicts.append(f"{where}: {_brief(prompt)} has the answer{answer}, but was given the answer{before} before")
        wordings = tuple(wording.rstrip() for wording in entry["wordings"])
        facts.append(Fact(prompt, answer, tasks.setdefault(entry["task"], len(tasks)), next(iter(wordings), None), wordings[1:]))
    if conflicts:
        more = f" (and {len(conflicts) - SHOWN} more)" if len(conflicts) > SHOWN else ""
        raise UserError(f"{'; '.join(conflicts[:SHOWN])}{more}: keep one of the two answers")
    if not facts:
        raise UserError(f"{source} holds no facts: write {EXAMPLE}, one object a line")
    return facts
