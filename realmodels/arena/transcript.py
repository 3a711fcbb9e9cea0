"""A story from a chat: the transcript of a narrative companion, say.

Input: a text file of lines "Name: text", where lines without a name belong to the speaker before. A name has one to three words
and no punctuation but dots; a line that begins with a blank has no name, whatever it looks like. Or JSON Lines (.jsonl): in each
line an object with "content" and "name" or "role", as OpenAI's. A chapter begins at a line "# Title" or "---", in JSON Lines at a
turn with such content; without any such line, every `turns` turns. A recap is a stand-in, the first two sentences of its chapter,
unless given: readers see recaps, so better write them.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from realmodels.arena.story import Language, Story, story_of
from simulate.runs.files import parse_json, read_json, read_text
from theory.errors import UserError

TURNS = 20  # of a chapter, where the file does not say
RECAP = 2  # sentences
FRAME = {"en": "A conversation. Who speaks: {names}.", "zh": "一段对话。说话的人：{names}。"}
TITLE = {"en": "Chapter {n}", "zh": "第{n}章"}
NAMED = re.compile(r"^(?=[^:：]*[^\W\d_])([^\s:：,;!?，。；！？“”\"]+(?: [^\s:：,;!?，。；！？“”\"]+){0,2}) *[:：](?!//)\s*(.*)$")
HEADING = re.compile(r"^\s*(?:#{1,6}\s+(?P<title>\S.*?)|-{3,})\s*$")
CHINESE = re.compile(r"[\u3400-\u9fff]")
LATIN = re.compile(r"[^\W\d_]")
SENTENCE = re.compile(r".*?(?:[。！？]+[”’」』]*|[.!?]+[”’\"']*(?=\s|$)|$)", re.DOTALL)


def read_transcript(
    path: str | Path,
    probes: str | Path | None = None,
    *,
    language: str | None = None,
    title: str | None = None,
    turns: int = TURNS,
    recaps: Sequence[str] | None = None,
) -> Story:
    """The story of a transcript.

    probes: a JSON file with a list of probes as in `story`; without it a study has scenes only. language: by the share of Chinese
    characters, unless given. title: the file's name, unless given. recaps: one per chapter. Raises UserError, with file, line and
    cure, for whatever does not fit.
    """
    path = Path(path)
    if turns < 1:
        raise UserError(f"{turns} turns in a chapter: give 1 at least")
    said = list(_objects(path) if path.suffix.lower() in (".jsonl", ".ndjson") else _lines(path))
    chapters = _chapters(said, turns)
    if not chapters:
        raise UserError(f"transcript {path} holds no turns: give lines such as 'Mara: Good morning.'")
    texts = ["\n".join(f"{name}: {text}" for name, text in spoken) for _, spoken in chapters]
    tongue = language or language_of("\n".join(text for _, spoken in chapters for _, text in spoken))
    if tongue not in FRAME:
        raise UserError(f"language {tongue!r} of {path}: give one of {', '.join(FRAME)}")
    if recaps is not None and len(recaps) != len(chapters):
        raise UserError(f"{len(recaps)} recaps for the {len(chapters)} chapters of {path}: give one for each")
    names = list(dict.fromkeys(name for _, spoken in chapters for name, _ in spoken))
    value = {
        "title": title or path.stem,
        "language": tongue,
        "genre": "transcript",
        "frame": FRAME[tongue].format(names=("、" if tongue == "zh" else ", ").join(names)),
        "chapters": [
            {
                "title": heading or TITLE[tongue].format(n=n + 1),
                "text": texts[n],
                "recap": recaps[n] if recaps is not None else beginning(spoken),
            }
            for n, (heading, spoken) in enumerate(chapters)
        ],
        "probes": [] if probes is None else _probes(Path(probes)),
    }
    return story_of(value, f"transcript {path}" if probes is None else f"transcript {path} with probes {probes}")


def language_of(text: str) -> Language:
    """zh if a fifth of the letters are Chinese characters (each says more than a Latin letter), else en."""
    chinese, letters = len(CHINESE.findall(text)), len(LATIN.findall(text))
    return "zh" if letters and chinese / letters > 0.2 else "en"


def beginning(spoken: Sequence[tuple[str, str]], count: int = RECAP) -> str:
    """The first sentences of a chapter's turns, without the names."""
    text = " ".join(text for _, text in spoken)
    sentences = [one.strip() for one in SENTENCE.findall(text) if one.strip()][:count]
    return (" " if language_of(text) == "en" else "").join(sentences)


Said = tuple[str | None, str]  # (name, what was said), or (None, title): here begins a chapter


def _chapters(said: Sequence[Said], turns: int) -> list[tuple[str, list[tuple[str, str]]]]:
    """(title or nothing, turns) of each chapter; chapters without turns are left out."""
    marked = any(name is None for name, _ in said)
    chapters: list[tuple[str, list[tuple[str, str]]]] = [("", [])]
    for name, text in said:
        if name is None:
            chapters.append((text, []))
        else:
            if not marked and len(chapters[-1][1]) == turns:
                chapters.append(("", []))
            chapters[-1][1].append((name, text))
    return [one for one in chapters if one[1]]


def _lines(path: Path) -> Iterator[Said]:
    """The turns of a text file. A heading ends a turn."""
    name: str | None = None
    text: list[str] = []
    for number, line in enumerate(_read(path).splitlines(), 1):
        heading, named = HEADING.match(line), NAMED.match(line)
        if (heading or named) and name is not None:
            yield from _turn(name, text)
            name, text = None, []
        if heading:
            yield None, heading["title"] or ""
        elif named:
            name, text = named[1], [named[2]]
        elif name is not None:
            text.append(line)
        elif line.strip():
            raise UserError(f"transcript {path}, line {number} has no speaker: begin it with a name and a colon")
    if name is not None:
        yield from _turn(name, text)


def _turn(name: str, text: Sequence[str]) -> Iterator[Said]:
    """The turn, unless nothing was said."""
    said = "\n".join(text).strip()
    if said:
        yield name, said


def _objects(path: Path) -> Iterator[Said]:
    """The turns of a JSON Lines file. Turns of the system say nothing that a reader sees, and are left out."""
    for number, line in enumerate(_read(path).split("\n"), 1):
        if not line.strip():
            continue
        where = f"transcript {path}, line {number}"
        value = parse_json(line, where, "mend it there")
        if not isinstance(value, dict):
            raise UserError(f'{where} is {type(value).__name__}: give an object such as {{"role": "user", "content": "..."}}')
        name, text = value.get("name") or value.get("role"), value.get("content")
        if not isinstance(text, str):
            raise UserError(f"{where}: content is {'missing' if text is None else type(text).__name__}: give text")
        heading = HEADING.match(text)
        if heading:
            yield None, heading["title"] or ""
        elif not isinstance(name, str) or not name.strip():
            raise UserError(f"{where} has no speaker: give a name or a role")
        elif value.get("role") != "system":
            yield from _turn(name.strip(), [text])


def _probes(path: Path) -> list[Any]:
    value = read_json(path, "give a JSON file")
    if not isinstance(value, list):
        raise UserError(f"probes {path} is {type(value).__name__}: give a list of probes")
    return value


def _read(path: Path) -> str:
    return read_text(path, "give a text file in UTF-8").removeprefix("\ufeff")  # the byte order mark of some editors
