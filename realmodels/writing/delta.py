"""A delta: what a stream of writes changed in the files of a model, exactly, so that it can be put on and taken off.

One safetensors file. For each recorded state k = 1, 2, ... and each tensor that differs from state k - 1 (state 0 is the base):
the compressed XOR of the bytes of the two (`realmodels.writing.patch`), a tensor named "k/name". So base ^ 1 ^ ... ^ k is state k
bit for bit, and the way back is the same. The metadata are one JSON text (two would lie in the file in no fixed
order), {sha256: of all else, about: {
  format, version, libraries; base: sha256 (`Loaded.sha256`) and name; tasks: their names, in order;
  states: after how many tasks, and a digest of the delta's tensors there; state 0 first;
  tensors: by name dtype, shape, norm of the base, norm of the update, survives, rounding_error, changed (`recorder._size`);
  lost_in_rounding: tensors that were written and of which the file's type left nothing; the totals of the above;
  ruined: why the written model is not worth having, or null; written: method, settings, facts, as the writer told them}}.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from realmodels.model.about import reason
from realmodels.model.pretrained.weights import Entry
from realmodels.writing.patch import itemsize, unpack
from simulate.runs.files import atomic, digest, parse_json
from theory.errors import UserError

FORMAT = "compression-writability delta 1"
SIZES = ("norm", "update_norm", "changed")
KEY = "delta"  # of the metadata
CURE = "copy the delta again or write the facts anew"


def state_digest(shas: Mapping[str, str]) -> str:
    """One digest of the SHA-256 of several tensors, by name."""
    return digest(dict(shas))


@dataclass(frozen=True)
class Delta:
    """A delta that was read and found whole. sha256: of its content. about: its metadata, as the head of this file lists them."""

    path: Path
    sha256: str
    about: dict[str, Any] = field(repr=False)
    patches: dict[tuple[int, str], np.ndarray] = field(repr=False)

    @property
    def afters(self) -> list[int]:
        """After how many tasks each state is, state 0 (the base) first."""
        return [state["after"] for state in self.about["states"]]

    def index(self, after: int | None) -> int:
        """The number of the state after so many tasks; None is the last. Raises UserError if the delta does not hold it."""
        if after is None:
            return len(self.afters) - 1
        if after not in self.afters:
            held = ", ".join(map(str, self.afters)) if len(self.afters) < 9 else f"0 to {self.afters[-1]}, one by one"
            every = "give one of these, or write the delta anew with --per-task to hold every task"
            one = ": give one of these" if self.afters == [*range(self.afters[-1] + 1)] else f": {every}"
            raise UserError(f"delta {self.path} holds no state after {after} tasks, but after {held}{one}")
        return self.afters.index(after)

    def state(self, shas: Mapping[str, str]) -> int | None:
        """The number of the state in which the delta's tensors have these SHA-256; None if it is none of its states."""
        found = state_digest(shas)
        return next((i for i, state in enumerate(self.about["states"]) if state["sha256"] == found), None)

    def change(self, name: str, start: int, end: int, entry: Entry) -> np.ndarray:
        """XOR of the bytes of a tensor in two states, uint8 [bytes]. Raises UserError if a patch does not fit the tensor."""
        low, high = sorted((start, end))
        size = entry.stop - entry.start
        total = np.zeros(size, np.uint8)
        for index in range(low + 1, high + 1):
            if (index, name) in self.patches:
                try:
                    total ^= unpack(self.patches[index, name].tobytes(), size, itemsize(entry))
                except ValueError as error:
                    raise UserError(f"delta {self.path} is damaged at {name} ({error}): {CURE}") from None
        return total


def _key(index: int, name: str) -> str:
    return f"{index}/{name}"


def _sha(about: Mapping[str, Any], patches: Mapping[tuple[int, str], np.ndarray]) -> str:
    whole = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for (index, name), data in sorted(patches.items()):
        whole.update(f"\n{_key(index, name)}\n{len(data)}\n".encode())
        whole.update(memoryview(data))
    return whole.hexdigest()


def check_new(path: Path) -> None:
    """Raises UserError if something lies at `path`, or it cannot be the name of a new file or folder."""
    if not str(path).strip() or path.name in ("", ".."):
        raise UserError(f"{str(path)!r} names nothing new: give a name of its own")
    if path.exists() or path.is_symlink():
        raise UserError(f"{str(path)!r} exists: give a name that is free")


def save(path: Path, about: Mapping[str, Any], patches: Mapping[tuple[int, str], bytes]) -> Delta:
    """Write a delta, atomically, and read it back. Same content, same bytes. Raises UserError if `path` exists."""
    check_new(path)
    arrays = {key: np.frombuffer(data, np.uint8) for key, data in patches.items()}
    told = json.dumps({"about": about, "sha256": _sha(about, arrays)}, sort_keys=True, allow_nan=False)
    with atomic(path) as temporary:
        save_file({_key(*key): arrays[key] for key in sorted(arrays)}, str(temporary), {KEY: told})
        mask = os.umask(0)  # the library makes files that only their owner may read
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        made = read(temporary)
    return replace(made, path=path)


def read(path: Path) -> Delta:
    """The delta in a file, its content checked against its digest. Raises UserError if it is missing, damaged or none."""
    path = Path(path)
    if not path.is_file():
        raise UserError(f"delta {path} is no file: give the one that `cwb write --out` made")
    try:
        with safe_open(str(path), "np") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no mapping
    except (SafetensorError, OSError, ValueError, TypeError, RecursionError) as error:
        raise UserError(f"delta {path} is damaged or no delta ({reason(error)}): {CURE}") from None
    if KEY not in metadata:
        raise UserError(f"{path} is no delta but other tensors: give the file that `cwb write --out` made")
    told = parse_json(metadata[KEY], f"delta {path}", CURE)
    about = told.get("about") if isinstance(told, dict) else None
    kind = about.get("format") if isinstance(about, dict) else None
    if kind != FORMAT or about is None:
        raise UserError(f"delta {path}: format is {str(kind)[:60]!r} and this version reads {FORMAT!r}: update the program")
    patches = _patches(tensors)
    if patches is None or not _sound(about, patches) or told.get("sha256") != _sha(about, patches):
        raise UserError(f"delta {path} is damaged: its content is not what its digest says: {CURE}")
    return Delta(path, told["sha256"], about, patches)


def _patches(tensors: Mapping[str, np.ndarray]) -> dict[tuple[int, str], np.ndarray] | None:
    """The tensors of a delta by (state, name); None if one of them is no patch."""
    found = {}
    for key, data in tensors.items():
        index, slash, name = key.partition("/")
        if not (index.isascii() and index.isdigit() and slash) or data.dtype != np.uint8 or data.ndim != 1:
            return None
        found[int(index), name] = data
    return found


def _sound(about: Mapping[str, Any], patches: Mapping[tuple[int, str], np.ndarray]) -> bool:
    """Whether the metadata have the form that this file's head describes, and speak of these patches."""
    try:
        afters = [state["after"] for state in about["states"]]
        numbers = [about[name] for name in ("changed", "update_norm", "survives", "rounding_error")]
        return (
            all(isinstance(after, int) for after in afters)
            and afters[0] == 0 <= afters[-1] == len(about["tasks"])
            and afters == sorted(set(afters))
            and all(isinstance(state["sha256"], str) for state in about["states"])
            and all(isinstance(number, int | float) for number in numbers)
            and all(isinstance(about["base"][name], str) for name in ("name", "sha256"))
            and all(isinstance(told["shape"], list) and told["dtype"] for told in about["tensors"].values())
            and all(isinstance(told[name], int | float) for told in about["tensors"].values() for name in SIZES)
            and isinstance(about["lost_in_rounding"], list)
            and isinstance(about["written"], Mapping)
            and {name for _, name in patches} == set(about["tensors"])
            and all(1 <= index < len(afters) for index, _ in patches)
        )
    except (KeyError, TypeError, AttributeError, IndexError):
        return False
