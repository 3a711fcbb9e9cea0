"""What is learned, one file per kind: `stream(tasks, per_task, seed)` gives the tasks, `words()` the words of their texts."""

from collections.abc import Sequence
from types import ModuleType

from realmodels.bench.item import Item
from realmodels.bench.kinds import biographies, facts, strings
from theory.errors import UserError

KINDS: dict[str, ModuleType] = {"strings": strings, "biographies": biographies, "facts": facts}


def stream(kind: str, tasks: int, per_task: int, seed: int) -> list[list[Item]]:
    """The tasks of a stream, in order. Raises UserError for an unknown kind."""
    return KINDS[known(kind)].stream(tasks, per_task, seed)


def words(kind: str) -> Sequence[str]:
    """All words that texts of this kind can have, sorted. Raises UserError for a kind that has no list of them."""
    of_kind = getattr(KINDS[known(kind)], "words", None)
    if of_kind is None:
        raise UserError(f"{kind} are written in open text, which a new model cannot read: give a trained model's folder or name")
    return of_kind()


def known(kind: str) -> str:
    """The kind itself. Raises UserError if there is none of this name."""
    if kind not in KINDS:
        raise UserError(f"unknown kind {kind!r}: choose one of {', '.join(KINDS)}")
    return kind
