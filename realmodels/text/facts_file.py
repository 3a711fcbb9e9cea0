"""The records of a facts file: JSON Lines, one JSON array, one object of columns, or an object that holds an array of requests.

UTF-8, with or without a byte order mark. In JSON Lines a line ends at a line feed (or carriage return and line feed) and nowhere
else: U+2028, U+2029 and U+0085 may stand inside a string. Records are handed on one by one, so that a file of nonsense is
refused at its first record, however long it is.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from simulate.runs.files import parse_json
from theory.errors import UserError

EXAMPLE = '{"prompt": ..., "answer": ...}'
MEND = f"write one object per line, {EXAMPLE}, or one array of objects"
SPACE = re.compile(r"[ \t\n\r]*")  # the white space of JSON
LINE = re.compile(r"[^ \t\r\n][^\n]*")  # what is on a line that is not blank
HEADER = {"prompt", "prompts", "question", "answer", "target_new", "subject"}  # names of columns by which CSV is known
COLUMNS = ("locality_inputs", "portability_inputs")  # name -> {prompt: [one per fact], ground_truth: [one per fact]}


def records(path: Path) -> Iterator[tuple[str, Any]]:
    """(place, JSON value) of every record in order. Places are lines ("line 7") or, in an array, entries from 0 ("entry 6").

    Raises UserError naming the file, and the line or entry, for whatever cannot be read.
    """
    source = f"facts file {path}"
    text = _text(path)
    start = _past_space(text, 0)
    if text[start : start + 1] == "[":
        yield from _entries(text, start, source)
        return
    whole = _whole(text[start:], source) if text[start : start + 1] == "{" else None
    if whole is None:
        yield from _lines(text, source)
    elif "requests" in whole:
        if not isinstance(whole["requests"], list):
            raise UserError(f'{source}: "requests" is no array: {MEND}')
        yield from ((f"entry {i}", record) for i, record in enumerate(whole["requests"]))
    elif isinstance(whole.get("prompts", whole.get("prompt")), list):
        yield from _rows(whole, source)
    else:
        yield f"line {1 + text.count(chr(10), 0, start)}", whole


def _text(path: Path) -> str:
    """The text of the file. Raises UserError if there is none or it is not UTF-8."""
    source = f"facts file {path}"
    try:
        if path.exists() and not path.is_file():
            raise UserError(f"{source} is a folder or a device: give the path of a .jsonl or .json file")
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise UserError(f"{source} does not exist: give the path of a .jsonl or .json file") from None
    except UnicodeDecodeError as error:
        line = 1 + error.object.count(b"\n", 0, error.start)
        raise UserError(f"{source}, line {line} is not text in UTF-8 (byte {error.start}): save the file as UTF-8") from None
    except UserError:
        raise
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, no permission, a null byte in the name
        raise UserError(f"{source} cannot be read ({getattr(error, 'strerror', None) or error}): give another path") from None


def _past_space(text: str, at: int) -> int:
    """The index of the first character from `at` on that is no white space of JSON."""
    match = SPACE.match(text, at)
    return match.end() if match else at


def _lines(text: str, source: str) -> Iterator[tuple[str, Any]]:
    number, seen = 1, 0
    for match in LINE.finditer(text):
        number += text.count("\n", seen, match.start())
        seen = match.start()
        if not match.group().isspace():
            try:
                value = parse_json(match.group(), f"{source}, line {number}", MEND)
            except UserError:
                if not _is_csv(match.group(), source):
                    raise
                raise UserError(f"{source}, line {number}: this looks like CSV: give JSON Lines, {EXAMPLE} a line") from None
            yield f"line {number}", value


def _is_csv(line: str, source: str) -> bool:
    """Whether a line that is no JSON looks like CSV: by the name of its file, or by names of fields with commas between."""
    cells = {cell.strip().strip('"').lower() for cell in re.split(r"[,;\t]", line)}
    return line[:1] not in "{[" and (source.lower().endswith((".csv", ".tsv")) or (len(cells) > 1 and bool(cells & HEADER)))


def _entries(text: str, start: int, source: str) -> Iterator[tuple[str, Any]]:
    """The entries of an array, each parsed when it is asked for."""
    decoder, number, at = json.JSONDecoder(), 0, _past_space(text, start + 1)
    if text[at : at + 1] == "]":
        at, number = at + 1, -1
    while number >= 0:
        where = f"{source}, entry {number}"
        try:
            end = decoder.raw_decode(text, at)[1]
        except (ValueError, RecursionError):
            parse_json(text[at:], where, MEND)  # says what is wrong
            raise UserError(f"{where}: not JSON: {MEND}") from None
        yield f"entry {number}", parse_json(text[at:end], where, MEND)
        at = _past_space(text, end)
        if text[at : at + 1] not in (",", "]"):
            raise UserError(f"{where} is not followed by a comma or the end of the array: {MEND}")
        number = number + 1 if text[at] == "," else -1
        at = _past_space(text, at + 1)
    if text[at:].strip():
        raise UserError(f"{source}: something follows the array: {MEND}")


def _whole(text: str, source: str) -> dict[str, Any] | None:
    """The file as one object, if it is one: on one line or on several. None: read it line by line."""
    first, _, rest = text.partition("\n")
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        try:
            end = json.JSONDecoder().raw_decode(text)[1]
        except (ValueError, RecursionError):
            return None
        return parse_json(text[:end], source, MEND) if not text[end:].strip() else None
    return parse_json(first, f"{source}, line 1", MEND) if not rest.strip() else None


def _rows(columns: Mapping[str, Any], source: str) -> Iterator[tuple[str, Any]]:
    """One record per fact from an object of columns, as the arguments of EasyEdit's `edit` are."""
    count = len(columns.get("prompts", columns.get("prompt", [])))
    for name, column in columns.items():
        lists = [column] if isinstance(column, list) else []
        if name in COLUMNS and isinstance(column, dict):
            lists = [part for group in column.values() if isinstance(group, dict) for part in group.values()]
        for part in lists:
            if not isinstance(part, list) or len(part) != count:
                size = f"{len(part)} values" if isinstance(part, list) else "no list"
                raise UserError(f'{source}: "{name}" holds {size} for {count} prompts: give one per prompt')
    for i in range(count):
        yield f"entry {i}", {name: _cell(name, column, i) for name, column in columns.items()}


def _cell(name: str, column: Any, i: int) -> Any:
    if isinstance(column, list):
        return column[i]
    if name in COLUMNS and isinstance(column, dict):
        return {group: {k: v[i] for k, v in parts.items()} for group, parts in column.items() if isinstance(parts, dict)}
    return column
