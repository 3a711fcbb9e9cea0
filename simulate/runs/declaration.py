"""What was declared before the cells of a table were computed, and the record that proves it.

A declaration holds the prediction, the falsifier and the rules of an experiment, in words, and the time. It is written into the
workspace under its own digest before the first cell is begun. Just before a cell is begun, a note beside the shards names the
declaration that held then, and the time. A note names its declaration by digest, so it cannot be older than it. Notes belong to
the configuration of a cell, not to its code, and are never overwritten: a cell that was once begun stays under the declaration
of that time, whatever is edited, computed again or deleted from the cells later.

The record of a table gathers the notes of its cells and the declarations that they name. It lies beside the table, in
`records/NAME.json`, so that the table stays the same bytes whoever computes it. `fault` says what is wrong with a record. It
speaks of cells only: a checkpoint that was trained apart, before the cell that reads it, is not in it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.files import atomic, digest, read_json, write_json
from theory.errors import UserError

Declaration = Mapping[str, Any]
"""JSON values: at least `declared` (`now`) and `rules` ({rule: {"words": digest of its words}})."""

Record = dict[str, Any]

UNKNOWN = "none"
"""In place of the digest of a declaration: the cell was computed before declarations were kept."""

CIRCUMSTANCES = ("declared", "commit", "unchanged")
"""What may differ between two declarations of the same content."""


def now() -> str:
    """The time in UTC, as text that sorts by time."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def cell_id(experiment: Experiment, cell: Cell) -> str:
    """Name of a cell whatever code computes it: digest of the experiment's name and the configuration."""
    return digest(experiment.name, dict(cell))


def judged_cells(experiment: Experiment, preset: Preset) -> list[str]:
    """Names of the cells of a table, in order, but for those whose `tuning` is true: they choose a setting and are not judged."""
    return [cell_id(experiment, cell) for cell in experiment.cells(preset) if cell.get("tuning") is not True]


def _declaration_path(workspace: Path, name: str, key: str) -> Path:
    return workspace / "declarations" / name / f"{key}.json"


def _note_path(workspace: Path, name: str, cell: str) -> Path:
    return workspace / "begun" / name / f"{cell}.json"


def _write_once(path: Path, value: Any) -> None:
    if not path.exists():
        with atomic(path) as temporary:
            write_json(temporary, value)


def _content(declaration: Declaration) -> str:
    return digest({key: value for key, value in declaration.items() if key not in CIRCUMSTANCES})


def declare(workspace: Path, name: str, declaration: Declaration) -> str:
    """Keep the declaration of experiment `name` in the workspace, beside earlier ones, and return its digest.

    The same content declared before is not declared again: the digest of the first declaration is returned.
    """
    held = [read_json(path, "delete it") for path in sorted((workspace / "declarations" / name).glob("[!.]*.json"))]
    same = [earlier for earlier in held if _content(earlier) == _content(declaration)]
    first = min(same, key=lambda earlier: earlier["declared"], default=declaration)
    _write_once(_declaration_path(workspace, name, digest(first)), first)
    return digest(first)


def note_begun(workspace: Path, experiment: Experiment, cell: Cell, declaration: str) -> None:
    """Note that a cell is begun now under the declaration of that digest, unless it was begun before."""
    path = _note_path(workspace, experiment.name, cell_id(experiment, cell))
    _write_once(path, {"declaration": declaration, "begun": now()})


def adopt(workspace: Path, record: Record) -> None:
    """Take the notes and declarations of an earlier record into the workspace, where they are not yet.

    A cell of which a committed table told the result is so never taken for a new one.
    """
    name = record["experiment"]
    for key, declaration in record["declarations"].items():
        _write_once(_declaration_path(workspace, name, key), declaration)
    for key, begun in record["cells"].items():
        for cell, time in begun.items():
            _write_once(_note_path(workspace, name, cell), {"declaration": key, "begun": time})


def record(workspace: Path, experiment: Experiment, preset: Preset, key: str) -> Record:
    """The record of the table of `experiment` whose fingerprint is `key`.

    {experiment, preset, key, declarations: {digest: declaration}, cells: {digest of the declaration, or "none": {cell: time when
    it was begun}}, digest: of all this}. A cell without a note that can be read counts as computed before declarations were kept.
    """
    name, cells, declarations = experiment.name, dict[str, dict[str, str]](), {}
    for cell in judged_cells(experiment, preset):
        note = _read(_note_path(workspace, name, cell), {"declaration": UNKNOWN, "begun": ""})
        declaration = _read(_declaration_path(workspace, name, note["declaration"]), None)
        under = note["declaration"] if declaration else UNKNOWN
        cells.setdefault(under, {})[cell] = note["begun"] if declaration else ""
        if declaration:
            declarations[under] = declaration
    return sealed({"experiment": name, "preset": preset, "key": key, "declarations": declarations, "cells": cells})


def _read(path: Path, otherwise: Any) -> Any:
    try:
        return read_json(path, "delete it")
    except UserError:
        return otherwise


def sealed(content: Record) -> Record:
    """A record with its digest."""
    parts = {key: value for key, value in content.items() if key != "digest"}
    return {**parts, "digest": digest(parts)}


def restamped(earlier: Record, experiment: Experiment, key: str) -> Record:
    """The record of a table that is kept under a new fingerprint, though its cells may be named otherwise now.

    Names that changed are exchanged in their order. Where that order is not known, because the cells came under several
    declarations, nothing is proved any more.
    """
    ids = judged_cells(experiment, earlier["preset"])
    cells = earlier["cells"]
    if set(ids) != {id for begun in cells.values() for id in begun}:
        (own, begun), *others = cells.items()
        times = [] if others or len(begun) != len(ids) else list(begun.values())
        cells = {own: dict(zip(ids, times, strict=True))} if times else {UNKNOWN: dict.fromkeys(ids, "")}
    declarations = {own: one for own, one in earlier["declarations"].items() if own in cells}
    return sealed({**earlier, "key": key, "cells": cells, "declarations": declarations})


def record_path(results: Path, name: str) -> Path:
    """Where the record of the table `name` lies in a folder of results."""
    return results / "records" / f"{name}.json"


def write_record(results: Path, content: Record) -> None:
    """Write a record beside its table."""
    with atomic(record_path(results, content["experiment"])) as temporary:
        write_json(temporary, content)


def read_record(results: Path, name: str) -> Record | None:
    """The record of the table `name`, None if there is none.

    Raises UserError, one line, if the record was changed after it was written or contradicts itself.
    """
    path, mend = record_path(results, name), "take it from the commit that made its table"
    if not path.exists():
        return None
    stored = read_json(path, mend)
    if trouble := fault(stored, name):
        raise UserError(f"{path}: {trouble}: {mend}")
    return dict(stored)


def fault(stored: Any, name: str) -> str:
    """What is wrong with the record of table `name`, in one line; "" if nothing is."""
    fields = {"experiment", "preset", "key", "declarations", "cells", "digest"}
    if not isinstance(stored, Mapping) or set(stored) != fields or stored["experiment"] != name:
        return f"this is no record of the table {name!r}"
    if sealed(dict(stored))["digest"] != stored["digest"]:
        return "its digest does not match its content"
    for own, declaration in stored["declarations"].items():
        if digest(declaration) != own:
            return f"declaration {own} does not match its digest"
    for own, begun in stored["cells"].items():
        if own == UNKNOWN:
            continue
        if own not in stored["declarations"]:
            return f"declaration {own} is missing"
        if early := [cell for cell, time in begun.items() if time < stored["declarations"][own]["declared"]]:
            return f"cell {early[0]} was begun before its declaration {own}"
    return ""


def declared_before(one: Record | None, key: str, rule: str, words: str) -> bool:
    """Whether a rule, with words of this digest, was declared before every cell of the table with this fingerprint and record."""
    if one is None or one["key"] != key or not one["cells"] or UNKNOWN in one["cells"]:
        return False
    return all(one["declarations"][own]["rules"].get(rule, {}).get("words") == words for own in one["cells"])
