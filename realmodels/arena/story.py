"""A long story: chapters in order, and probes that ask what happened in them.

As a file it is JSON:
    {"title": "The Lighthouse", "language": "en", "genre": "sea", "frame": "what a reader has to know first",
     "chapters": [{"title": "Arrival", "text": "...", "recap": "one or two sentences"}, ...],
     "probes": [{"id": "p1", "kind": "object", "chapter": 3, "asked": 17, "question": "Who has the brass key?",
                 "answer": "Mara", "outdated": ["Tomas"], "wrong": ["Ines", "the harbour master"],
                 "opening": "Now the brass key belongs to"}, ...]}
Chapters are counted from 1. A probe is about `chapter`, the last one that bears on it, and is asked after chapter `asked`;
asked - chapter is its age. outdated: answers that were right before that chapter. wrong: answers that never were.
opening: how a sentence begins that the answer ends; "" for none. A small model goes on with a sentence where it would not answer.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from simulate.runs.files import atomic, read_json
from theory.errors import UserError

Kind = Literal["place", "relation", "promise", "object"]
Language = Literal["en", "zh"]
KINDS: tuple[Kind, ...] = get_args(Kind)
LANGUAGES: tuple[Language, ...] = get_args(Language)


@dataclass(frozen=True)
class Chapter:
    """title, text: as a reader sees them. recap: what happened, in a sentence or two."""

    title: str
    text: str
    recap: str


@dataclass(frozen=True)
class Probe:
    """A question about the story: see the file's description above."""

    id: str
    kind: Kind
    chapter: int
    asked: int
    question: str
    answer: str
    outdated: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    opening: str = ""

    @property
    def age(self) -> int:
        """Chapters between what happened and the question."""
        return self.asked - self.chapter


@dataclass(frozen=True)
class Story:
    """A narrative. frame: what a reader has to know before the first chapter."""

    title: str
    language: Language
    genre: str
    frame: str
    chapters: tuple[Chapter, ...]
    probes: tuple[Probe, ...]

    def save(self, path: Path) -> None:
        """Write it as JSON, in one step."""
        with atomic(Path(path)) as temporary:
            temporary.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n", "utf-8")


def read_story(path: str | Path) -> Story:
    """The story of a JSON file. Raises UserError, with the place and the cure, for anything that is not as described above."""
    path = Path(path)
    return story_of(read_json(path, "give a JSON file as realmodels/arena/story.py describes it"), f"story {path}")


def story_of(value: Any, where: str = "story") -> Story:
    """The story that a JSON value describes. Errors as `read_story`, beginning with `where`."""
    table = _table(value, where)
    language = _text(table, "language", where)
    if language not in LANGUAGES:
        raise UserError(f"{where}: language {language!r}: give one of {', '.join(LANGUAGES)}")
    chapters = tuple(_chapter(one, f"{where}, chapter {n}") for n, one in enumerate(_list(table, "chapters", where), 1))
    if not chapters:
        raise UserError(f"{where}: no chapters: give one at least")
    probes = tuple(_probe(one, len(chapters), f"{where}, probe {n}") for n, one in enumerate(_list(table, "probes", where), 1))
    twice = [name for name, count in Counter(probe.id for probe in probes).items() if count > 1]
    if twice:
        raise UserError(f"{where}: probe id {twice[0]!r} stands twice: give each its own")
    title, genre, frame = (_text(table, name, where) for name in ("title", "genre", "frame"))
    return Story(title, language, genre, frame, chapters, probes)


def _chapter(value: Any, where: str) -> Chapter:
    table = _table(value, where)
    return Chapter(*(_text(table, name, where) for name in ("title", "text", "recap")))


def _probe(value: Any, chapters: int, where: str) -> Probe:
    table = _table(value, where)
    kind = _text(table, "kind", where)
    if kind not in KINDS:
        raise UserError(f"{where}: kind {kind!r}: give one of {', '.join(KINDS)}")
    about, asked = (_whole(table, name, where) for name in ("chapter", "asked"))
    if not 1 <= about <= asked <= chapters:
        raise UserError(f"{where}: chapter {about}, asked after {asked}, of {chapters}: give 1 <= chapter <= asked <= {chapters}")
    outdated, wrong = (tuple(_texts(table, name, where)) for name in ("outdated", "wrong"))
    answer = _text(table, "answer", where)
    if answer in outdated + wrong:
        raise UserError(f"{where}: the answer {answer!r} stands among the wrong ones: take it out there")
    opening = _text(table, "opening", where) if table.get("opening") else ""
    return Probe(_text(table, "id", where), kind, about, asked, _text(table, "question", where), answer, outdated, wrong, opening)


def _table(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise UserError(f"{where} is {type(value).__name__}: give an object of names and values")
    return value


def _text(table: Mapping[str, Any], name: str, where: str) -> str:
    value = table.get(name)
    if not isinstance(value, str) or not value.strip():
        raise UserError(f"{where}: {name} is {'missing' if value is None else repr(value)[:40]}: give text")
    return value


def _whole(table: Mapping[str, Any], name: str, where: str) -> int:
    value = table.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise UserError(f"{where}: {name} is {'missing' if value is None else repr(value)[:40]}: give a whole number")
    return value


def _list(table: Mapping[str, Any], name: str, where: str) -> list[Any]:
    value = table.get(name)
    if not isinstance(value, list):
        raise UserError(f"{where}: {name} is {'missing' if value is None else repr(value)[:40]}: give a list")
    return value


def _texts(table: Mapping[str, Any], name: str, where: str) -> list[str]:
    value = table.get(name, [])
    if not isinstance(value, list) or not all(isinstance(one, str) and one.strip() for one in value):
        raise UserError(f"{where}: {name} is {repr(value)[:40]}: give a list of texts")
    return value
