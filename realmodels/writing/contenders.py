"""Which methods are compared for a model and its facts, and with which options."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from realmodels.writing.methods.binding import bind, names, typed
from realmodels.writing.methods.writer import Writer, unrestricted
from realmodels.writing.outputs import Facts
from realmodels.writing.question import Question
from realmodels.writing.scan import Scan
from theory.errors import UserError

EDITORS = ("rome", "memit", "alphaedit", "rls")
QUICK = 20_000_000  # parameters
ONE_MATRIX = ("last_matrix", "off_mode", "gpm", "ogd", *EDITORS)
"""Methods that write one matrix: the one that a scan ranks first for them, unless the user names it."""


def places(scanned: Scan) -> dict[str, str]:
    """{method: the matrix with which it would keep most, as "layer.role"}; editors write a feed-forward output matrix.

    Among output matrices, which write into the residual stream: others keep more apart by the scan, but a few gradient steps
    teach them little. {} if the model has none.
    """
    outputs = [part for part in scanned.matrices if part.role.endswith(".output")]
    forward = [part for part in outputs if part.role == "feedforward.output"]
    if not forward:
        return {}
    best = {
        **{name: max(outputs, key=lambda part: part.kept) for name in ("last_matrix", "gpm", "ogd")},
        "off_mode": max(outputs, key=lambda part: part.kept_off_mode),
        **{name: max(forward, key=lambda part: part.kept) for name in EDITORS},
    }
    return {name: f"{part.layer}.{part.role}" for name, part in best.items()}


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


def fitting(question: Question, where: Mapping[str, str], measure: bool) -> list[Contender]:
    """All methods that fit the model, with their defaults; without `measure` those that can be forecast.

    where: matrices of methods that write one, by method. The kernel of more than QUICK parameters takes minutes, and so does that
    of a method with a restriction per task in a model from elsewhere: such a method is forecast only if it is named.
    """
    found = []
    for name in names():
        contender = Contender(name, {"where": where[name]} if name in where else {})
        try:
            writer = bind(name, question.loaded.model, question.background, **contender.options)
        except UserError:
            continue
        size = sum(parameter.numel() for parameter in writer.parameters.values())
        if not (measure or (writer.forecastable and size <= QUICK)):
            continue
        if measure or question.loaded.ours or not _by_task(writer, question.facts):
            found.append(contender)
    return found


def _by_task(writer: Writer, facts: Facts) -> bool:
    """Whether tasks have restrictions of their own. The kernel is then formed gradient by gradient."""
    first = facts[torch.isin(facts.task, facts.task.unique()[:2])]
    return not writer.one_key_projection and any(r is not unrestricted for r in writer.restrictions(first).values())
