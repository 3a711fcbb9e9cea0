"""What follows from the source files and the tables alone is computed once and remembered, under a digest of all that it reads.

A remembered answer can be old but never wrong: it is used only if the contents of all files behind it, read anew each time, and
the versions of the libraries are those from which it was computed. Deleting build/remembered costs time only.
"""

import contextlib
import hashlib
import sys
from collections.abc import Callable, Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from figures.build.layout import EARLIER
from simulate.runs.files import atomic, digest, parse_json, write_json
from simulate.runs.fingerprint import ROOT, code_fingerprint
from theory.errors import UserError

LIBRARIES = ("numpy", "scipy", "pandas", "pyarrow", "sympy", "matplotlib")
CODE = ("theory", "simulate", "realmodels")
"""The packages from which tables are made."""


def content(path: Path) -> str:
    """Digest of the bytes of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:32]


def sources(*places: str) -> str:
    """Digest of the names and contents of all Python files in these folders (all below them) or files of the repository."""
    paths = {path for place in places for path in ([ROOT / place] if place.endswith(".py") else (ROOT / place).rglob("*.py"))}
    return digest([(path.relative_to(ROOT).as_posix(), content(path)) for path in sorted(paths)])


def tables(folder: Path) -> dict[str, str]:
    """{name: digest of the file} of every table in a folder."""
    return {path.stem: content(path) for path in sorted(folder.glob("*.parquet")) if path.is_file()}


def records(folder: Path) -> dict[str, str]:
    """{name: digest of the file} of the record of every table in a folder (`simulate.runs.declaration`)."""
    return {path.stem: content(path) for path in sorted((folder / "records").glob("[!.]*.json")) if path.is_file()}


def earlier_runs(folder: Path) -> str:
    """Digest of what earlier runs found, if a folder of tables has it."""
    path = folder / EARLIER
    return content(path) if path.is_file() else ""


def libraries() -> dict[str, str]:
    """Versions of the libraries by which results are read and judged."""
    versions = {}
    for name in LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = ""
    return versions


def recall(path: Path, key: str) -> Any:
    """What was remembered in a file under this key; None if nothing, something else or garbage is there."""
    if not path.is_file():
        return None
    try:
        stored = parse_json(path.read_bytes(), str(path), "delete it")
    except (OSError, UserError):
        return None
    return stored["value"] if isinstance(stored, dict) and stored.get("key") == key and "value" in stored else None


def keep(path: Path, key: str, value: Any) -> None:
    """Write a value to be recalled under this key."""
    with atomic(path) as temporary:
        write_json(temporary, {"key": key, "value": value})


def remembered(
    name: str, key: str, compute: Callable[[], Any], also: Iterable[Path] = (), workspace: Path | None = None, note: str = ""
) -> Any:
    """The value of `compute`, JSON, from remembered/NAME.json in a workspace or a file of `also`, if one holds it under this key.

    workspace: what is computed from the tables of a run is remembered in its workspace, if there is one. Default: build/.
    note: what is said in a terminal before a computation that takes its time.
    """
    path = (workspace or ROOT / "build") / "remembered" / f"{name}.json"
    for file in (*also, path):
        if (value := recall(file, key)) is not None:
            return value
    if note and sys.stderr.isatty():
        print(f"cwb: {note}; the next time this is remembered", file=sys.stderr, flush=True)
    value = compute()
    if workspace is None or workspace.is_dir():
        with contextlib.suppress(OSError):  # no room, or a folder that may not be written: it is computed again the next time
            keep(path, key, value)
    return value


def code(modules: Iterable[str]) -> dict[str, str]:
    """{module: fingerprint of its code and all that it imports}, remembered."""
    names = sorted(modules)
    key = digest(names, sources(*CODE, "figures"))
    return remembered(f"code-{digest(names)[:8]}", key, lambda: {name: code_fingerprint(name) for name in names})
