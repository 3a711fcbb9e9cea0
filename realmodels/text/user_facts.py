"""Facts of a user: from a file, a list or a table, checked strictly; mistakes have their places, what is passed over is noted.

Forms of files: `realmodels.text.facts_file`. Fields, ours and those of other tools: `realmodels.text.facts_fields`. What is
checked: `realmodels.text.facts_checks`. Where a space stands before an answer: `realmodels.text.spacing`.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd

from realmodels.text.facts import Fact
from realmodels.text.facts_checks import check_size, checked, in_tasks
from realmodels.text.facts_fields import NEW, PROMPTS, Choice, Record, record
from realmodels.text.facts_file import EXAMPLE, records
from realmodels.text.facts_notes import Notes, brief
from realmodels.text.facts_values import Asked
from theory.errors import UserError

FactsLike = str | Path | Sequence[Any] | pd.DataFrame


@dataclass(frozen=True)
class UserFact(Fact):
    """A fact with what its file says beside prompt and answer. `answer` is the exact text that continues `prompt`.

    truth: the answer that was true before, as a text that continues `prompt`. neighbours: (prompt, expected answer or None),
    which the fact must not touch; related: the same for what follows from it. place: where it stands ("line 7"); not compared.
    """

    subject: str | None = None
    truth: str | None = None
    neighbours: tuple[Asked, ...] = ()
    related: tuple[Asked, ...] = ()
    id: str | None = None
    place: str = field(default="", compare=False)


@dataclass(frozen=True)
class Read:
    """Facts in order, what is worth a word about them, one line each, and whether their tasks are the source's own."""

    facts: list[UserFact]
    notes: tuple[str, ...]
    own_tasks: bool = False


def as_facts(facts: FactsLike, facts_per_task: int | None = None, answer: Choice = "new") -> list[UserFact]:
    """The facts of `read_facts` without its notes."""
    return read_facts(facts, facts_per_task, answer).facts


def load_facts(path: str | Path, facts_per_task: int | None = None, answer: Choice = "new") -> list[UserFact]:
    """The facts of a file, in order. Raises UserError naming the file and the line (or, in an array, the entry from 0)."""
    return read_facts(Path(path), facts_per_task, answer).facts


def read_facts(facts: FactsLike, facts_per_task: int | None = None, answer: Choice = "new") -> Read:
    """Facts from whatever a user holds: the path of a file, a list or a table.

    List: (prompt, answer) or (prompt, answer, task) tuples, `Fact` objects, or dictionaries with the fields of a file. Table:
    its columns are the fields. Tasks are numbered by first appearance; facts_per_task facts in order are one task if that is
    given, and each fact is a task of its own if none has one. answer: "new" writes the new answer where a record has a true one
    too, "true" the true one. Raises UserError naming the file and line, or the number of the entry or row (from 0).
    """
    if answer not in get_args(Choice):
        raise UserError(f"answer {brief(answer)}: choose one of {', '.join(get_args(Choice))}")
    if isinstance(facts, Sequence) and facts and all(isinstance(fact, Fact) for fact in facts):
        return Read(_made(facts, facts_per_task), (), facts_per_task is None)
    source, entries = _entries(facts)
    notes = Notes()
    kept = checked((record(entry, f"{source}, {place}", place, notes, answer) for place, entry in entries), source, notes)
    if not kept:
        raise UserError(f"{source} holds no facts: write {EXAMPLE}, one object a line")
    tasks = in_tasks(kept, source, facts_per_task, notes)
    return Read([_fact(one) for one in tasks], notes.lines, facts_per_task is None and kept[0].task is not None)


def _made(facts: Sequence[Fact], facts_per_task: int | None) -> list[UserFact]:
    """Facts that are such objects already, with their own tasks unless facts_per_task is given."""
    check_size(facts_per_task)
    whole = [fact if isinstance(fact, UserFact) else UserFact(**vars(fact), place=f"entry {i}") for i, fact in enumerate(facts)]
    return whole if facts_per_task is None else [replace(f, task=i // facts_per_task) for i, f in enumerate(whole)]


def _fact(one: Record) -> UserFact:
    heldout, others = next(iter(one.wordings), None), one.wordings[1:]
    return UserFact(
        prompt=one.prompt,
        answer=one.answer,
        task=int(one.task or 0),
        heldout_prompt=heldout,
        paraphrases=others,
        subject=one.subject,
        truth=one.truth,
        neighbours=one.neighbours,
        related=one.related,
        id=one.id,
        place=one.place,
    )


def _entries(facts: FactsLike) -> tuple[str, Iterator[tuple[str, Any]]]:
    """What messages call the source, and (place, entry) one by one."""
    if isinstance(facts, str | Path):
        return f"facts file {facts}", records(Path(facts))
    if isinstance(facts, pd.DataFrame):
        for name, names in (("prompt", PROMPTS), ("answer", NEW)):
            if not {*names, "requested_rewrite", "relation_prefix", "answers"} & {str(column) for column in facts.columns}:
                raise UserError(
                    f"the table of facts has no column {name!r}: give columns prompt, answer and, if there are tasks, task"
                )
        rows = facts.to_dict("records")
        return "the table of facts", ((f"row {i}", _present(row)) for i, row in enumerate(rows))
    if not isinstance(facts, Sequence) or isinstance(facts, bytes | bytearray):
        raise UserError(f"facts are a {type(facts).__name__}: give a path, a list of (prompt, answer) pairs or a DataFrame")
    return "the list of facts", ((f"entry {i}", _entry(fact, i)) for i, fact in enumerate(facts))


def _present(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A row of a table without its empty cells; integers and lists as Python has them."""
    cells = {str(name): _python(value) for name, value in row.items()}
    return {name: value for name, value in cells.items() if value is not None}


def _python(value: Any) -> Any:
    """A cell of a table as a value of Python's own types; None for an empty one.

    Whole numbers are integers: a column of them becomes floats as soon as one cell is empty.
    """
    if value is pd.NA or value is pd.NaT or (isinstance(value, float | np.floating) and math.isnan(value)):
        return None
    value = value.tolist() if isinstance(value, np.generic | np.ndarray) else value
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _entry(fact: Any, number: int) -> Any:
    """An entry of a list as the dictionary that a line of a file would hold."""
    if isinstance(fact, Fact):
        others = {name: value for name, value in vars(fact).items() if name not in ("place", "truth") and value is not None}
        return {**others, "ground_truth": getattr(fact, "truth", None)}
    if isinstance(fact, Mapping):
        return _present(fact)
    if isinstance(fact, Sequence) and not isinstance(fact, str) and len(fact) in (2, 3):
        return {name: _python(value) for name, value in zip(("prompt", "answer", "task"), fact, strict=False)}
    raise UserError(f"the list of facts, entry {number} is {brief(fact)}: give (prompt, answer) or (prompt, answer, task)")
