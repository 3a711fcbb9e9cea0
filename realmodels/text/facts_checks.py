"""What a list of records has to fulfil as a whole: each prompt one answer, each fact once, tasks in all or in none."""

import unicodedata
from collections.abc import Iterable
from dataclasses import replace

from realmodels.text.facts_fields import Record
from realmodels.text.facts_notes import Notes, brief
from theory.errors import UserError

SHOWN = 5  # conflicts that a message lists; it counts the others


def checked(records: Iterable[Record], source: str, notes: Notes) -> list[Record]:
    """The records without those that say again what one before them says.

    Raises UserError naming up to five places if a prompt has two answers, or two prompts differ in their Unicode form alone.
    Noted are answers that differ in case or Unicode form alone, and wordings or neighbours that are a fact's prompt.
    """
    kept: dict[str, Record] = {}
    forms: dict[str, Record] = {}
    conflicts: list[str] = []
    twins: list[str] = []
    for record in records:
        before = kept.setdefault(record.prompt, record)
        if before is not record:
            if before.answer == record.answer:
                notes.add("a fact is given again and is left out", record.place)
            else:
                conflicts.append(
                    f"{record.place}: {brief(record.prompt)} has the answer {brief(record.answer.strip())}, "
                    f"but was given the answer {brief(before.answer.strip())} in {before.place}"
                )
            continue
        twin = forms.setdefault(normal(record.prompt), record)
        if twin is not record:
            twins.append(f"{record.place}: {brief(record.prompt)} is the prompt of {twin.place} in another Unicode form")
    _refuse(conflicts, source, "keep one of the two answers")
    _refuse(twins, source, "write both in one form (NFC), and keep one of them")
    facts = list(kept.values())
    _note_answers(facts, notes)
    for fact in facts:
        if any(wording in kept for wording in fact.wordings):
            notes.add("a held-out wording is taught as the prompt of a fact", fact.place)
        if any(prompt in kept for prompt, _ in (*fact.neighbours, *fact.related)):
            notes.add("a prompt that is to stay as it is, or to follow, is taught as the prompt of a fact", fact.place)
    return facts


def in_tasks(facts: list[Record], source: str, facts_per_task: int | None, notes: Notes) -> list[Record]:
    """The records with tasks numbered by first appearance.

    facts_per_task: that many records, in order, are one task, whatever their own tasks are; None: their own tasks, and one record
    a task if none has one. Raises UserError if only some records have a task.
    """
    check_size(facts_per_task)
    own = [fact for fact in facts if fact.task is not None]
    if facts_per_task is None and own and len(own) < len(facts):
        without = next(fact for fact in facts if fact.task is None)
        raise UserError(f"{source}: {own[0].place} has a task and {without.place} has none: give all facts a task, or none")
    if facts_per_task is not None and own:
        notes.add(f"the tasks that the facts have are not used: {facts_per_task} facts per task were asked for", own[0].place)
    if facts_per_task is not None or not own:
        return [replace(fact, task=i // (facts_per_task or 1)) for i, fact in enumerate(facts)]
    numbers: dict[int | str, int] = {}
    return [replace(fact, task=numbers.setdefault(_key(fact), len(numbers))) for fact in facts]


def check_size(facts_per_task: int | None) -> None:
    """Raises UserError unless this is None or a whole number of 1 or more."""
    whole = isinstance(facts_per_task, int) and not isinstance(facts_per_task, bool)
    if facts_per_task is not None and not (whole and facts_per_task >= 1):
        raise UserError(f"{brief(facts_per_task)} facts per task: give a whole number of 1 or more")


def normal(text: str) -> str:
    """The text in normal form C, in which twins are equal."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _key(fact: Record) -> int | str:
    return "" if fact.task is None else fact.task


def _refuse(cases: list[str], source: str, mend: str) -> None:
    if cases:
        more = f" (and {len(cases) - SHOWN} more)" if len(cases) > SHOWN else ""
        raise UserError(f"{source}: {'; '.join(cases[:SHOWN])}{more}: {mend}")


def _note_answers(facts: list[Record], notes: Notes) -> None:
    """Note answers that a reader may take for one and the same."""
    seen: dict[str, str] = {}
    for fact in facts:
        before = seen.setdefault(normal(fact.answer).casefold(), fact.answer)
        if before != fact.answer:
            notes.add("an answer differs from an earlier one only in case or Unicode form", fact.place)
