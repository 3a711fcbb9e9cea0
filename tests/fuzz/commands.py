"""Every command of `cwb`, taken from the dataclasses that define it, and strategies for argument lists that hurt.

A new command, option or type of option is fuzzed without a change here: `leaves` walks the same union that the parser reads.
"""

import dataclasses
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st
from tyro.conf import Positional

from figures.cli.entry import Command

POSITIONAL = get_args(Positional[int])[1:]
DIGITS = "9" * 5000
WORDS = (
    "",
    " ",
    "-",
    "--",
    "-1",
    "0",
    "nan",
    "None",
    "x",
    "é",
    "𝓁",
    "\udcff",
    "a b",
    "../..",
    "%s{0}",
    "quantity=",
    DIGITS[:300],
)
NUMBERS = ("", "x", "nan", "inf", "-inf", "-1", "0", "0.5", "1e400", "1e30", "-1e-300", "1_0", "٣", "\udcff", DIGITS, str(2**64))
CLAIMS = ("C4", "c4", "I1", "C3", "H1", "X9", "C", "claim")
PARAMETERS = ("N", "M", "D", "T", "d", "J", "sigma", "a", "self", "name", "quantity", "id", "class", "", "\udcff", "N ")


def leaves() -> dict[tuple[str, ...], type]:
    """{words that choose a command: its dataclass}, subcommands included."""
    return dict(_leaves(Command, ()))


def _leaves(union: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], type]]:
    for member in get_args(union):
        command, *notes = get_args(member)
        name = next(note.name for note in notes if hasattr(note, "name"))
        inner = get_type_hints(command, include_extras=True).get("command")
        if inner is None:
            yield (*words, name), command
        else:
            yield from _leaves(inner, (*words, name))


def bad_paths(folder: Path) -> list[str]:
    """Paths of every bad kind, made in a folder: none, a loop of links, below a file, a directory, files of garbage."""
    loop, file = folder / "loop", folder / "empty"
    loop.symlink_to(loop)
    file.touch()
    texts = {
        "garbage": b"\x00\xff\xfePAR1",
        "deep.jsonl": b'{"prompt":' * 100_000,
        "long.json": b'{"attack": ' + DIGITS.encode() + b"}",
        "nan.json": b'{"attack": NaN, "witness": Infinity}',
        "list.json": b"[[]]",
        "half.jsonl": b'{"prompt": "\\ud800", "answer": " x", "task": 0}\n',
    }
    for name, text in texts.items():
        (folder / name).write_bytes(text)
    made = [str(folder / name) for name in texts]
    others = [loop, loop / "x", file, file / "under", folder, folder / "none", folder / ("n" * 300), folder / "中\n"]
    return ["", ".", "\udcff", "/proc/none", "/dev/null", "/dev/full", *made, *map(str, others)]


def _values(kind: Any, field: str, paths: list[str]) -> st.SearchStrategy[str]:
    """Values of an option, most of them bad, some good; one string each."""
    origin, inside = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _values(inside[0], field, paths)
    if origin in (Union, types.UnionType):
        return st.one_of(*(_values(part, field, paths) for part in inside if part is not type(None)))
    if origin is Literal:
        return st.sampled_from([*inside, *WORDS])
    if origin is tuple:
        return _values(inside[0], field, paths)
    if kind in (int, float):
        return st.sampled_from(NUMBERS)
    if kind is Path:
        return st.sampled_from(paths)
    if field == "assignments":
        pair = st.tuples(st.sampled_from(PARAMETERS), st.sampled_from(("=", "", "==")), st.sampled_from(NUMBERS))
        return pair.map("".join)
    return st.sampled_from([*WORDS, *(CLAIMS if field == "id" else ()), *(paths if field in ("stream", "export") else ())])


def arguments(words: tuple[str, ...], command: type, paths: list[str]) -> st.SearchStrategy[list[str]]:
    """Argument lists for one command: any of its options and positionals, with any of the values, or a stray word."""
    hints = get_type_hints(command, include_extras=True)
    pieces = []
    for field in dataclasses.fields(command):
        kind = hints[field.name]
        positional = any(note in POSITIONAL for note in getattr(kind, "__metadata__", ()))
        kind = get_args(kind)[0] if positional else kind
        many = get_origin(kind) is tuple
        if kind is bool:
            piece = st.sampled_from([[], [], [f"--{field.name.replace('_', '-')}"]])
        else:
            value = st.lists(_values(kind, field.name, paths), min_size=0 if many else 1, max_size=3 if many else 1)
            option = f"--{field.name.replace('_', '-')}"
            piece = value if positional else value.map(lambda given, option=option: [option, *given])
            must = field.default is dataclasses.MISSING
            piece = st.one_of(*([] if must else [st.just([])]), piece)
        pieces.append(piece)
    pieces.append(st.sampled_from([[], [], [], ["--nothing"], ["stray"], ["--out"], ["-h="]]))
    return st.tuples(*pieces).map(lambda parts: [*words, *(word for part in parts for word in part)])
