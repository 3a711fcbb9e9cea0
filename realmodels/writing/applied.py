"""Put a delta on a model, or take it off: a new folder whose tensors are, bit for bit, those of the state that was asked for.

The folder of the model is copied. In the files that hold changed tensors the bytes of these are replaced; every other byte
stays. So a folder from which a delta was taken off is the base again, file by file. Weights of the base in other formats
(*.bin, *.pt, *.onnx, ...) are left out: they would still be the unwritten model. `written.json` says what was put on.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from realmodels.model import checkpoint
from realmodels.model.about import CONFIG, MODEL
from realmodels.model.identity import folder_of, identity, is_ours
from realmodels.model.pretrained.weights import Weights, weights
from realmodels.writing.delta import CURE, Delta, check_new, read, state_digest
from realmodels.writing.patch import sha, stored_bytes
from simulate.runs.answer import Answer, field
from simulate.runs.files import read_json, write_json
from theory.errors import UserError

WRITTEN, FORMAT = "written.json", "compression-writability written 1"
WEIGHTS = {".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".h5", ".msgpack", ".onnx", ".gguf", ".ggml", ".ot", ".npz", ".tflite"}
"""Endings of files that hold weights; those of other formats are not copied beside written ones."""
LITTLE = 0.5  # of an update: if less of it survives rounding, a warning
ROWS, HEX = 12, 12  # tensors, and digits of a digest, that the text shows


@dataclass(frozen=True)
class Applied(Answer):
    """What a delta holds, or what was made of a model with it."""

    folder: str | None = field("", "Folder that was made.")
    applied: int | None = field("tasks", "Tasks that are written in it; 0 is the base.")
    tasks: int = field("tasks", "Tasks that the delta holds.")
    states: str = field("", "Numbers of tasks that --to-task can give.")
    base: str = field("", "Name of the folder that the delta was made from.")
    base_sha256: str = field("", "Digest of that model's configuration and tensors.")
    delta_sha256: str = field("", "Digest of the delta's content.")
    changed: int = field("numbers", "Numbers that differ from the base after the last task.")
    update_norm: float = field("weight", "Norm of the update, after the last task.")
    survives: float = field("share", "What the type of the file left of the update u, by rounding it to r: <r, u> / |u|^2.")
    rounding_error: float = field("share", "What rounding took away or added: |r - u| / |u|.")
    lost_in_rounding: Sequence[str] = field("", "Tensors that were written, and of which the type of the file left nothing.")
    left_out: Sequence[str] = field("", "Files of the model that were not copied: weights in other formats, not written.")
    ruined: str | None = field("", "Why the written model is not worth having.")
    written: Mapping[str, Any] = field("", "Method, settings and facts, as the delta tells them.")
    tensor: Sequence[str] = field("", "Tensor that the delta changes; all others stay as they are.", column=True)
    tensor_changed: Sequence[int] = field("numbers", "Numbers of it that change.", column=True)
    tensor_update: Sequence[float] = field("share", "Norm of its update by its own norm.", column=True)
    tensor_survives: Sequence[float | None] = field("share", "As survives.", column=True)

    @property
    def warnings(self) -> list[str]:
        """Sentences that say why the result may not be worth what it seems."""
        found = [f"The written model is not worth having: {self.ruined}."] if self.ruined and self.applied != 0 else []
        if self.survives < LITTLE:
            found.append(f"Rounding to the type of the file left {self.survives:.0%} of the update: the facts may not be there.")
        return found

    def to_dict(self) -> dict[str, Any]:
        """As every answer, with `warnings`."""
        return {**super().to_dict(), "warnings": self.warnings}

    def show(self) -> str:
        """The text of the command line; of many tensors those that moved most."""
        order = sorted(range(len(self.tensor)), key=lambda i: -self.tensor_update[i])[:ROWS]
        columns = {name: [getattr(self, name)[i] for i in order] for name in self._fields(column=True)}
        short = {"base_sha256": self.base_sha256[:HEX], "delta_sha256": self.delta_sha256[:HEX]}
        lines = [super(Applied, replace(self, **columns, **short)).show()]
        if len(self.tensor) > ROWS:
            lines.append(f"These are the {ROWS} of {len(self.tensor)} tensors that moved most; --json lists all.")
        return "\n".join([*lines, *(f"Warning: {warning}" for warning in self.warnings)])


def describe(delta: str | Path, model: str | Path | None = None, to_task: int | None = None) -> Applied:
    """What a delta holds, and whether it can be put on `model`. Errors as `apply`; nothing is made."""
    found = read(Path(delta))
    end = found.index(to_task)
    if model is not None:
        _ready(found, folder_of(model), end, on=True)
    return _told(found)


def apply(model: str | Path, delta: str | Path, out: str | Path, to_task: int | None = None) -> Applied:
    """Make the folder `out`: the model with the delta put on, up to the state after `to_task` tasks (default: all).

    The folder appears whole or not at all. Raises UserError if `out` exists, the delta is missing or damaged or holds no such
    state, the model is not the delta's base, or a tensor of it is not as the delta says.
    """
    return _moved(folder_of(model), read(Path(delta)), Path(out), to_task, on=True)


def revert(folder: str | Path, delta: str | Path, out: str | Path, to_task: int = 0) -> Applied:
    """Make the folder `out`: the written model `folder` with the delta taken off, down to the state after `to_task` tasks.

    With `to_task` 0 that is the base, bit for bit, which is checked by its digest. Raises UserError as `apply`, and if the delta
    was not put on this folder or another one was put on after it.
    """
    return _moved(folder_of(folder), read(Path(delta)), Path(out), to_task, on=False)


def _told(delta: Delta, **of_folder: Any) -> Applied:
    about, afters, tensors = delta.about, delta.afters, delta.about["tensors"].values()
    same = ("changed", "update_norm", "survives", "rounding_error", "lost_in_rounding", "ruined", "written")
    return Applied(
        **{"folder": None, "applied": None, "left_out": [], **of_folder},
        tasks=len(about["tasks"]),
        states=f"0 to {afters[-1]}" if len(afters) > 2 else ", ".join(map(str, afters)),
        base=about["base"]["name"],
        base_sha256=about["base"]["sha256"],
        delta_sha256=delta.sha256,
        **{name: about[name] for name in same},
        tensor=list(about["tensors"]),
        tensor_changed=[told["changed"] for told in tensors],
        tensor_update=[told["update_norm"] / (told["norm"] or 1.0) for told in tensors],
        tensor_survives=[told["survives"] for told in tensors],
    )


def _ready(delta: Delta, folder: Path, end: int, on: bool) -> tuple[Weights, dict[str, Any], int]:
    """(tensors of the folder, its log, the state of the delta that it is in), all checked."""
    files, log = _files(delta, folder), _log(folder)
    start = _state(delta, folder, files, log, on)
    if not on and end > start:
        told = f"{folder} holds {delta.afters[start]} tasks of {delta.path}"
        raise UserError(f"{told}: cwb apply puts more on, cwb revert takes off")
    return files, log, start


def _moved(folder: Path, delta: Delta, out: Path, to_task: int | None, on: bool) -> Applied:
    check_new(out)
    if Path(os.path.realpath(out)).is_relative_to(os.path.realpath(folder)):  # unlike resolve, a loop of links is no error
        raise UserError(f"{out} lies in the folder of the model: name a folder beside it")
    end = delta.index(to_task)
    files, log, start = _ready(delta, folder, end, on)
    temporary = out.parent / f".{out.name}.{os.getpid()}.writing"
    temporary.parent.mkdir(parents=True, exist_ok=True)
    try:
        temporary.mkdir()
        left_out = _copy(folder, temporary, {entry.file.name for entry in files.entries.values()})
        _patch(delta, files, temporary, start, end)
        _finish(delta, temporary, log, end, left_out)
        if end == 0 and identity(temporary) != delta.about["base"]["sha256"]:
            raise UserError(f"{folder} differs from the base of {delta.path} elsewhere too: take off what was put on last, first")
        check_new(out)  # again: it may have come since
        os.replace(temporary, out)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return _told(delta, folder=str(out), applied=delta.afters[end], left_out=left_out)


def _files(delta: Delta, folder: Path) -> Weights:
    """The tensors of the folder. Raises UserError if one that the delta changes is missing or of another type or shape."""
    files = weights(folder)
    for name, told in delta.about["tensors"].items():
        entry = files.entries.get(name)
        if entry is None or [entry.dtype, list(entry.shape)] != [told["dtype"], told["shape"]]:
            has = "no such tensor" if entry is None else f"{entry.dtype} {list(entry.shape)}"
            raise UserError(
                f"{delta.path} changes {name} ({told['dtype']} {told['shape']}); {folder} has {has}: give its own base"
            )
    return files


def _log(folder: Path) -> dict[str, Any]:
    """What `written.json` of a folder says; nothing if there is none."""
    if not (folder / WRITTEN).exists():
        return {"format": FORMAT, "applied": []}
    log = read_json(folder / WRITTEN, "copy the folder again")
    entries = log.get("applied") if isinstance(log, Mapping) else None
    sound = isinstance(entries, list) and all(
        isinstance(entry, Mapping) and isinstance(entry.get("delta"), str) and isinstance(entry.get("after"), int)
        for entry in entries
    )
    if not sound or log.get("format") != FORMAT:
        raise UserError(f"{folder / WRITTEN} is damaged or of another version: copy the folder again or make it anew")
    return dict(log)


def _state(delta: Delta, folder: Path, files: Weights, log: Mapping[str, Any], on: bool) -> int:
    """The state of the delta that the folder is in: 0 before it can be put on, another before it can be taken off."""
    mine = [entry for entry in log["applied"] if entry["delta"] == delta.sha256]
    if on:
        if mine:
            raise UserError(f"{folder} holds {mine[-1]['after']} tasks of {delta.path} already: give the base, or use cwb revert")
        found, base = identity(folder), delta.about["base"]
        if found != base["sha256"]:
            raise UserError(
                f"{delta.path} was made from another model than {folder}: its base {base['name']!r} has the digest "
                f"{base['sha256'][:HEX]}, this one {found[:HEX]}: give its own base"
            )
    elif mine and log["applied"][-1]["delta"] != delta.sha256:
        raise UserError(f"another delta was put on {folder} after {delta.path}: take that one off first")
    shas = {name: sha(stored_bytes(files, name)) for name in delta.about["tensors"]}
    state = delta.state(shas)
    if mine and mine[-1]["after"] in delta.afters:  # of two equal states, the one that was put on
        told = delta.afters.index(mine[-1]["after"])
        state = told if state_digest(shas) == delta.about["states"][told]["sha256"] else state
    if state is None or (state == 0 and not on) or (state and on):
        raise UserError(f"{folder} holds no state of {delta.path}: give a folder that cwb apply made with this delta")
    return state


def _copy(folder: Path, to: Path, shards: set[str]) -> list[str]:
    """Copy a model's folder, links resolved, hidden files and weights in other formats left out; the names of the latter."""
    left_out = []
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder)
        if any(part.startswith(".") for part in inner.parts) or not path.is_file():
            continue
        if path.suffix.lower() in WEIGHTS and str(inner) not in shards:
            left_out.append(str(inner))
            continue
        (to / inner).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, to / inner)
    return left_out


def _patch(delta: Delta, files: Weights, folder: Path, start: int, end: int) -> None:
    """Replace the bytes of the delta's tensors in the copied files. Raises UserError if the result is not the state `end`."""
    shas = {}
    for name in delta.about["tensors"]:
        entry = files.entries[name]
        written = stored_bytes(files, name) ^ delta.change(name, start, end, entry)
        with (folder / entry.file.name).open("r+b") as file:
            file.seek(entry.start)
            file.write(memoryview(written))
        shas[name] = sha(written)
    if state_digest(shas) != delta.about["states"][end]["sha256"]:
        raise UserError(f"delta {delta.path} does not lead to the state that it names: {CURE}")


def _finish(delta: Delta, folder: Path, log: Mapping[str, Any], end: int, left_out: list[str]) -> None:
    """Say in the folder what is written in it; in one of ours also in config.json, which holds the digest of the weights."""
    before = [entry for entry in log["applied"] if entry["delta"] != delta.sha256]
    mine = next((entry for entry in log["applied"] if entry["delta"] == delta.sha256), None)
    ours = is_ours(folder)
    told = {"delta": delta.sha256, "base": delta.about["base"], "after": delta.afters[end], "left_out": left_out}
    told |= {"tasks": delta.about["tasks"][: delta.afters[end]], "written": delta.about["written"]}
    if ours:
        if end == 0 and mine is None:
            raise UserError(f"{WRITTEN} is missing, which holds the configuration of the base: copy the folder again")
        first = mine.get("config") if mine else (folder / CONFIG).read_text(encoding="utf-8")  # as it was before this delta
        told |= {"config": first}
        text = first if end == 0 else _config(first, folder, told)
        (folder / CONFIG).write_text(str(text), encoding="utf-8", newline="")
    applied = [*before, told] if end else before
    if applied:
        write_json(folder / WRITTEN, {"format": FORMAT, "applied": applied})
    else:
        (folder / WRITTEN).unlink(missing_ok=True)
    if ours:
        checkpoint.read(folder)


def _config(first: Any, folder: Path, told: Mapping[str, Any]) -> str:
    """config.json of a checkpoint of ours with its weights written. first: its text before. UserError if that is none."""
    try:
        config = json.loads(first)
        config["sha256"][MODEL] = hashlib.sha256((folder / MODEL).read_bytes()).hexdigest()
        config["meta"] = dict(config["meta"])
    except (ValueError, KeyError, TypeError):
        raise UserError(f"{WRITTEN} is damaged: it does not hold the configuration of the base: copy the folder again") from None
    written = {"method": told["written"].get("method"), "delta": told["delta"], "after": told["after"]}
    config["meta"] = {**config["meta"], "written": {**told["written"], **written}}
    return json.dumps(config, indent=1, sort_keys=True, allow_nan=False)
