"""What a reader, a ballot and a vote are, and what may stand in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict, get_args

from realmodels.arena.story import LANGUAGES, Language
from theory.errors import UserError

Side = Literal["left", "right"]
Choice = Literal["left", "right", "both_good", "both_bad"]
Fault = Literal["forgot", "contradiction", "frame", "dull", "language"]
SIDES: tuple[Side, ...] = get_args(Side)
CHOICES: tuple[Choice, ...] = get_args(Choice)
FAULTS: tuple[Fault, ...] = get_args(Fault)
"""forgot: does not know what happened. contradiction: says what did not happen. frame: breaks what was said before the first
chapter. dull: says nothing. language: bad grammar or style."""

NICKNAME_LENGTH = 40
WORDS_LENGTH = 300


class Reason(TypedDict):
    """A fault of the answer on one side. words: the words of the answer that show it, perhaps none."""

    side: Side
    reason: Fault
    words: str


@dataclass(frozen=True)
class Reader:
    """Somebody who votes. simulated: whether a program votes under this name."""

    id: str
    nickname: str
    joined: str
    language: Language
    simulated: bool


@dataclass(frozen=True)
class Ballot:
    """Two answers to an item as a reader was shown them. left, right: the systems. voted: whether the vote is there."""

    id: str
    reader: str
    item: str
    left: str
    right: str
    shown: str
    voted: bool


@dataclass(frozen=True)
class Vote:
    """What a reader said to a ballot."""

    ballot: str
    choice: Choice
    reasons: tuple[Reason, ...]
    at: str


def clean_nickname(text: str) -> str:
    """A nickname without what is not printed and without needless spaces. Raises UserError if it is empty or too long."""
    name = _printed(text)
    if not 1 <= len(name) <= NICKNAME_LENGTH:
        raise UserError(f"nickname of {len(name)} characters: give 1 to {NICKNAME_LENGTH}")
    return name


def _printed(text: str) -> str:
    """On one line, without needless spaces and without what is not printed, such as marks that turn the direction of writing."""
    return " ".join("".join(one for one in " ".join(text.split()) if one.isprintable()).split())


def checked_language(language: Any) -> Language:
    """The language itself. Raises UserError if it is none of LANGUAGES."""
    if language not in LANGUAGES:
        raise UserError(f"language {str(language)[:40]!r}: give one of {', '.join(LANGUAGES)}")
    return language


def checked_choice(choice: Any) -> Choice:
    """The choice itself. Raises UserError if it is none of CHOICES."""
    if choice not in CHOICES:
        raise UserError(f"choice {str(choice)[:40]!r}: give one of {', '.join(CHOICES)}")
    return choice


def checked_reasons(reasons: Any) -> list[Reason]:
    """The reasons with words on one line each. Raises UserError for anything but objects of side, reason and words.

    A side has each reason at most once.
    """
    if not isinstance(reasons, Sequence) or isinstance(reasons, str):
        raise UserError(f"reasons {str(reasons)[:40]!r}: give a list of objects with side, reason and words")
    checked = [_reason(one) for one in reasons]
    if len({(one["side"], one["reason"]) for one in checked}) < len(checked):
        raise UserError("reasons: one stands twice for the same side: give each once")
    return checked


def _reason(value: Any) -> Reason:
    if not isinstance(value, dict) or not {"side", "reason"} <= set(value) <= {"side", "reason", "words"}:
        raise UserError(f"reason {str(value)[:40]!r}: give an object with side, reason and words")
    if value["side"] not in SIDES or value["reason"] not in FAULTS:
        what = f"{str(value['reason'])[:40]!r} of side {str(value['side'])[:40]!r}"
        raise UserError(f"reason {what}: give one of {', '.join(FAULTS)} and a side, {' or '.join(SIDES)}")
    words = value.get("words", "")
    if not isinstance(words, str) or len(words := _printed(words)) > WORDS_LENGTH:
        raise UserError(f"reason {value['reason']!r}: its words are too long or no text: give up to {WORDS_LENGTH} characters")
    return Reason(side=value["side"], reason=value["reason"], words=words)
