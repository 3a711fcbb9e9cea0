"""From a word such as "off_mode:k=16+retrieval@smollm2" to a system.

A word is a kind with options, perhaps "+" and a second kind for the context of a written one, perhaps "@" and a model. Kinds:
frozen, window, whole, retrieval, and every method of `realmodels.writing.methods`, whose options may also name learning_rate and
steps.
"""

import re
from dataclasses import dataclass
from typing import Any

from realmodels.arena.story import Story
from realmodels.arena.systems.frozen import Frozen
from realmodels.arena.systems.lived import Lived
from realmodels.arena.systems.retrieval import PASSAGES, Retrieval
from realmodels.arena.systems.window import SIZE, Window
from realmodels.arena.systems.written import STEPS, Written
from realmodels.model.loaded import Loaded
from realmodels.writing.contenders import Contender
from realmodels.writing.methods.binding import names
from theory.errors import UserError

READING: dict[str, dict[str, int]] = {"frozen": {}, "window": {"size": SIZE}, "whole": {}, "retrieval": {"passages": PASSAGES}}
"""Kinds that write nothing, and their options."""


@dataclass(frozen=True)
class Named:
    """A system as it is asked for. model: a name or folder; None for the study's own. context: a kind with options, or None."""

    word: str
    kind: str
    options: dict[str, Any]
    context: "Named | None" = None
    model: str | None = None

    @property
    def id(self) -> str:
        """The word in small letters, numbers and underscores."""
        return re.sub(r"[^a-z0-9]+", "_", self.word.lower()).strip("_")

    def system(self, loaded: Loaded, story: Story) -> Lived:
        """The system, which has read nothing yet."""
        if self.kind == "frozen":
            return Frozen(loaded, story)
        if self.kind in ("window", "whole"):
            return Window(loaded, story, self.options.get("size", SIZE if self.kind == "window" else None))
        if self.kind == "retrieval":
            return Retrieval(loaded, story, **self.options)
        own = {name: value for name, value in self.options.items() if name not in ("learning_rate", "steps")}
        context = None if self.context is None else self.context.system(loaded, story)
        rate, steps = self.options.get("learning_rate"), self.options.get("steps", STEPS)
        return Written(loaded, story, Contender(self.kind, own), rate, steps, context)


def named(word: str) -> Named:
    """The system that a word asks for. Raises UserError for a kind or option that is not known, naming those that are."""
    rest, _, model = word.partition("@")
    first, plus, second = rest.partition("+")
    kind, options = _parsed(first, word)
    if not plus:
        return Named(word, kind, options, None, model or None)
    if kind in READING or second.partition(":")[0] not in READING:
        raise UserError(f"system {word!r}: '+' joins a writing method and one of {', '.join(READING)}, such as full+retrieval")
    return Named(word, kind, options, Named(second, *_parsed(second, word)), model or None)


def _parsed(part: str, word: str) -> tuple[str, dict[str, Any]]:
    kind, _, given = part.partition(":")
    given_options = [option for option in given.split(",") if option]
    if kind in READING:
        return kind, {name: _whole(name, value, word) for name, value in _split(given_options, READING[kind], word)}
    if kind not in names():
        raise UserError(f"system {word!r}: {kind!r} is unknown: give one of {', '.join([*READING, *names()])}")
    own = [option for option in given_options if option.partition("=")[0] in ("learning_rate", "steps")]
    others = Contender.parse(f"{kind}:{','.join(option for option in given_options if option not in own)}")
    mine: dict[str, Any] = {}
    for name, value in _split(own, ("learning_rate", "steps"), word):
        mine[name] = _whole(name, value, word) if name == "steps" else _number(name, value, word)
    return kind, {**others.options, **mine}


def _split(options: list[str], known: Any, word: str) -> list[tuple[str, str]]:
    pairs = [(name, value) for name, _, value in (option.partition("=") for option in options)]
    for name, _ in pairs:
        if name not in known:
            raise UserError(f"system {word!r} has no option {name!r}: give {', '.join(known) or 'none'}")
    return pairs


def _whole(name: str, value: str, word: str) -> int:
    if not value.isdecimal() or int(value) < 1:
        raise UserError(f"system {word!r}: {name}={value}: give a whole number from 1 on")
    return int(value)


def _number(name: str, value: str, word: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 < number < float("inf"):
        raise UserError(f"system {word!r}: {name}={value}: give a number above 0")
    return number
