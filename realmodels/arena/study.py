"""A study: a folder with a story, the systems that lived through it, the items that are asked, and every system's answers.

    story.json      `realmodels.arena.story`
    study.json      {"name": "example", "open": true, "show_ranking": false, "made": {what is needed to make it again}}
    systems.json    [{"id": "off_mode", "title": "off-mode writes", "made": {...}}, ...], two at least
    items.jsonl     {"id": "q-p1", "kind": "question", "chapter": 17, "age": 14, "text": "Who has the brass key?",
                     "answer": "Mara", "opening": "Now the brass key belongs to"}
                    {"id": "s-20", "kind": "scene", "chapter": 20, "age": null, "text": "What happens next?", "answer": null,
                     "opening": ""}
    answers.jsonl   {"item": "q-p1", "system": "off_mode", "text": "Mara has it.", "right": true, "outdated": false}
    votes.sqlite    `realmodels.arena.votes`

chapter: the chapter after which an item is asked. right, outdated: by the automatic score, null for scenes. open: whether votes
are taken. show_ranking: whether readers see the ranking before voting has ended.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from realmodels.arena.story import Story, read_story
from simulate.runs.files import atomic, parse_json, read_json, read_text
from theory.errors import UserError

ItemKind = Literal["question", "scene"]
AGAIN = "make the study again"


@dataclass(frozen=True)
class System:
    """What lived through the story: id (in files and votes), title (in rankings), and what is needed to make it again."""

    id: str
    title: str
    made: Mapping[str, Any]


@dataclass(frozen=True)
class Item:
    """A question about the story, or the request for its next scene, after a chapter. age: chapters since what is asked for.

    opening: the words with which every system's answer begins; "" for none.
    """

    id: str
    kind: ItemKind
    chapter: int
    age: int | None
    text: str
    answer: str | None
    opening: str = ""


@dataclass(frozen=True)
class Answer:
    """What a system said to an item."""

    item: str
    system: str
    text: str
    right: bool | None
    outdated: bool | None


@dataclass(frozen=True)
class Study:
    """All of a study but its votes. answers: by (item, system), one for each."""

    folder: Path
    name: str
    open: bool
    show_ranking: bool
    made: Mapping[str, Any]
    story: Story
    systems: tuple[System, ...]
    items: tuple[Item, ...]
    answers: Mapping[tuple[str, str], Answer]

    def save(self) -> None:
        """Write all files but the votes, each in one step; study.json comes last."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.story.save(self.folder / "story.json")
        _write(self.folder / "systems.json", json.dumps([vars(one) for one in self.systems], ensure_ascii=False, indent=1))
        for name, rows in (("items", self.items), ("answers", self.answers.values())):
            _write(self.folder / f"{name}.jsonl", "\n".join(json.dumps(vars(row), ensure_ascii=False) for row in rows))
        about = {"name": self.name, "open": self.open, "show_ranking": self.show_ranking, "made": dict(self.made)}
        _write(self.folder / "study.json", json.dumps(about, ensure_ascii=False, indent=1))


def read_study(folder: str | Path) -> Study:
    """The study in a folder. Raises UserError, with the place and the cure, for anything that is not as described above."""
    folder = Path(folder)
    if not (folder / "study.json").is_file():
        raise UserError(f"no study in {folder}: make one with `cwb arena new {folder}`")
    about = read_json(folder / "study.json", AGAIN)
    story = read_story(folder / "story.json")
    lived = folder / "systems.json"
    listed = read_json(lived, AGAIN)
    if not isinstance(listed, list):
        raise UserError(f"{lived}: give a list of systems")
    systems = tuple(_made(System, one, f"{lived}, system {n}") for n, one in enumerate(listed, 1))
    items = tuple(_made(Item, one, where) for one, where in _lines(folder / "items.jsonl"))
    answers = [_made(Answer, one, where) for one, where in _lines(folder / "answers.jsonl")]
    found = {(one.item, one.system): one for one in answers}
    if len({one.id for one in systems}) != len(systems) or len(systems) < 2:
        raise UserError(f"{lived}: {len(systems)} systems: give two at least, each with its own id")
    lacking = [(item.id, system.id) for item in items for system in systems if (item.id, system.id) not in found]
    if lacking or not items:
        what = f"no answer of system {lacking[0][1]!r} to item {lacking[0][0]!r}" if lacking else "no items"
        raise UserError(f"study {folder}: {what}: make it again with `cwb arena new {folder}`")
    try:
        return Study(folder, about["name"], about["open"], about["show_ranking"], about["made"], story, systems, items, found)
    except (KeyError, TypeError) as error:
        raise UserError(f"{folder / 'study.json'}: {error} is missing: make the study again") from None


def _made(kind: type, value: Any, where: str) -> Any:
    """A dataclass from a JSON object with just its fields."""
    names = set(kind.__dataclass_fields__)
    if not isinstance(value, dict) or set(value) != names:
        raise UserError(f"{where}: give an object with {', '.join(sorted(names))}")
    return kind(**value)


def _lines(path: Path) -> Iterator[tuple[Any, str]]:
    """(value, place) of each line of a JSON Lines file."""
    for number, line in enumerate(read_text(path, AGAIN).split("\n"), 1):
        if line.strip():
            where = f"{path}, line {number}"
            yield parse_json(line, where, "mend it there"), where


def _write(path: Path, text: str) -> None:
    with atomic(path) as temporary:
        temporary.write_text(text + "\n", "utf-8")
