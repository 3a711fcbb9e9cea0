"""Put a delta on a model, or take it off: a new folder whose tensors are, bit for bit, those of the state that was asked for.

The folder of the model is copied. In the files that hold changed tensors the bytes of these are replaced; every other byte
stays. So a folder from which a delta was taken off is the base again, file by file. Weights of the base in other formats
(*.bin, *.pt, *.onnx, ...) are left out: they would still be the unwritten model. `written.json` says what was put on.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from realmodels.model.identity import folder_of, identity
from realmodels.model.loaded import Loaded
from realmodels.model.pretrained.weights import Weights, weights
from realmodels.writing.answers.applied import HEX, Applied
from realmodels.writing.delta import CURE, Delta, check_new, read, state_digest
from realmodels.writing.patch import sha, stored_bytes
from realmodels.writing.written_log import log_in, written_log
from theory.errors import UserError

WEIGHTS = {".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".h5", ".msgpack", ".onnx", ".gguf", ".ggml", ".ot", ".npz", ".tflite"}
"""Endings of files that hold weights; those of other formats are not copied beside written ones."""


def describe(delta: str | Path, model: str | Path | Loaded | None = None, to_task: int | None = None) -> Applied:
    """What a delta holds, and whether it can be put on `model`. Errors as `apply`; nothing is made."""
    found = read(Path(delta))
    end = found.index(to_task)
    if model is not None:
        _ready(found, _folder(model), end, on=True)
    return _told(found)


def apply(model: str | Path | Loaded, delta: str | Path, out: str | Path, to_task: int | None = None) -> Applied:
    """Make the folder `out`: the model with the delta put on, up to the state after `to_task` tasks (default: all).

    The folder appears whole or not at all. Raises UserError if `out` exists, the delta is missing or damaged or holds no such
    state, the model is not the delta's base, or a tensor of it is not as the delta says.
    """
    return _moved(_folder(model), read(Path(delta)), Path(out), to_task, on=True)


def revert(folder: str | Path, delta: str | Path, out: str | Path, to_task: int = 0) -> Applied:
    """Make the folder `out`: the written model `folder` with the delta taken off, down to the state after `to_task` tasks.

    With `to_task` 0 that is the base, bit for bit, which is checked by its digest. Raises UserError as `apply`, and if the delta
    was not put on this folder or another one was put on after it.
    """
    return _moved(_folder(folder), read(Path(delta)), Path(out), to_task, on=False)


def _folder(model: Any) -> Path:
    """The folder of a model that was loaded, or is named. Raises UserError if there is none."""
    if isinstance(model, Loaded):
        return model.path
    if not isinstance(model, str | Path):
        raise UserError(f"a model is a folder, a file or a name, not a {type(model).__name__}: give one of these")
    return folder_of(model)


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
    files, log = _files(delta, folder), written_log(folder)
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
        log_in(delta, temporary, log, start, end, left_out)
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
