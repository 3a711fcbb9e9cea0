"""Which methods are compared for a model and its facts, and with which options."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from realmodels.writing.methods.binding import bind, names, typed
from realmodels.writing.question import Question
from theory.errors import UserError

ONE_MATRIX = ("last_matrix", "off_mode", "rome", "memit", "alphaedit", "rls")
"""Methods that write one matrix: the one that the scan ranks first, unless the user names it."""


@dataclass(frozen=True)
class Contender:
    """A method with its options; label: how it is called in the table."""

    method: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The method, and options that were set."""
        return " ".join([self.method, *(f"{name}={value}" for name, value in self.options.items())])

    @classmethod
    def parse(cls, word: str) -> "Contender":
        """From "method" or "method:name=value,name=value". Raises UserError for an unknown method or option."""
        method, _, options = word.partition(":")
        return cls(method, typed(method, [part for part in options.split(",") if part]))


def parsed(words: Sequence[str]) -> list[Contender] | None:
    """Contenders from words; None for no words, which means all that fit."""
    return [Contender.parse(word) for word in words] or None


def fitting(question: Question, where: str, measure: bool) -> list[Contender]:
    """All methods that fit the model, with their defaults; without `measure` those that can be forecast."""
    found = []
    for name in names():
        contender = Contender(name, {"where": where} if name in ONE_MATRIX and where != "last" else {})
        try:
            writer = bind(name, question.loaded.model, question.background, **contender.options)
        except UserError:
            continue
        if measure or writer.forecastable:
            found.append(contender)
    return found
