"""Watches the parameters that a method may write, and makes the delta of what it wrote.

The unit is a tensor of the model's FILES, in the type that it has there: the written float32 values are rounded to that type once
per recorded state, so that a delta says exactly what a folder will hold. transformers may name or lay out a tensor differently in
memory (a prefix; experts stacked into one parameter); its own way back to the file's form is used. A tied tensor that a folder
holds twice changes in both places.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from realmodels.model.loaded import Loaded
from realmodels.model.pretrained.weights import DTYPES, Entry, Weights, weights
from realmodels.writing.delta import FORMAT, Delta, save, state_digest
from realmodels.writing.patch import bytes_of, itemsize, pack, sha, stored_bytes, unpack
from simulate.runs.answer import plain
from theory.errors import UserError
from theory.version import project_version

LIBRARIES = ("torch", "transformers", "safetensors", "pyarrow")


@dataclass
class _State:
    """What was recorded after a number of tasks.

    patches: by tensor, from the state before. shas: of all tensors that differ from the base. sizes: by tensor, what `_size`
    says; one that a folder holds twice is told once. broken: a tensor with a number that is not finite.
    """

    after: int
    patches: dict[str, bytes] = field(default_factory=dict)
    shas: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, dict[str, float]] = field(default_factory=dict)
    broken: str | None = None


class Recorder:
    """Records what a stream of writes does to `parameters` of a copy of `loaded`.

    parameters: by the name that they have in `loaded.model`; their values must still be those of the folder. They are read
    anew at every state, so that a mapping that computes them (adapters merged into their matrices) will do as well.
    per_task: keep the state after every task, so that each can be given back; else only the last one.
    Raises UserError if a parameter is not in the folder of the model as it is in memory.
    """

    def __init__(self, loaded: Loaded, parameters: Mapping[str, Tensor], per_task: bool = False):
        self.loaded, self.parameters, self.per_task = loaded, parameters, per_task
        self.tasks: list[str] = []
        self._states: list[_State] = []
        self._now: dict[str, np.ndarray] = {}  # bytes of the tensors that differ from the base
        self._homes = {name: self._find(name) for name in self.parameters}

    @cached_property
    def _files(self) -> Weights:
        return weights(self.loaded.path)

    def _base(self, name: str) -> np.ndarray:
        """The bytes of a tensor in the folder."""
        return stored_bytes(self._files, name)

    @cached_property
    def _names(self) -> dict[int, list[str]]:
        """All names of each parameter of the loaded model, by its id: a tied one has several."""
        found: dict[int, list[str]] = {}
        for name, parameter in self.loaded.model.named_parameters(remove_duplicate=False):
            found.setdefault(id(parameter), []).append(name)
        return found

    def _find(self, name: str) -> list[list[str]]:
        """For each tensor in the file's form of this parameter, its names in the folder."""
        try:
            parameter = self.loaded.model.get_parameter(name)
        except AttributeError:
            raise UserError(f"{name} is no parameter of {self.loaded.path}: name one that `cwb model` lists") from None
        prefix = getattr(self.loaded.model, "base_model_prefix", "") + "."
        forms = _forms(self.loaded.model, name, self.parameters[name])
        aliases = [list(_forms(self.loaded.model, alias, self.parameters[name])) for alias in self._names[id(parameter)]]
        homes = []
        for index, tensor in enumerate(forms.values()):
            tried = [alias[index] for alias in aliases if len(alias) == len(forms)]
            variants = [variant for one in tried for variant in (one, prefix + one, one.removeprefix(prefix))]
            found = [one for one in dict.fromkeys(variants) if one in self._files.entries]
            if not found or not all(self._is_base(one, tensor) for one in found):
                where = f"{name} is not in the files of {self.loaded.path} as it is in memory"
                raise UserError(f"{where}: load the model anew, or choose other matrices to write")
            homes.append(found)
        return homes

    def _is_base(self, name: str, tensor: Tensor) -> bool:
        entry = self._files.entries[name]
        if entry.dtype not in DTYPES or entry.shape != tuple(tensor.shape):
            return False
        return np.array_equal(bytes_of(tensor, DTYPES[entry.dtype]), self._base(name))

    def _tensors(self) -> Iterator[tuple[list[str], Tensor]]:
        """(names in the folder, float32 values now) of every tensor that may be written."""
        for name, homes in self._homes.items():
            forms = _forms(self.loaded.model, name, self.parameters[name]).values()
            yield from zip(homes, forms, strict=True)

    def task_done(self, task: str | int) -> None:
        """To be called after each task, its parameters written. task: what the task is called."""
        self.tasks.append(str(task))
        if self.per_task:
            self._record()

    def _record(self) -> None:
        """Round what is written now, and keep its difference from the state before."""
        state = _State(len(self.tasks))
        for names, tensor in self._tensors():
            for name in names:
                entry = self._files.entries[name]
                base, now = self._base(name), bytes_of(tensor, DTYPES[entry.dtype])
                self._compare(state, name, base, now)
            if state.broken is None:
                size = _size(base, now, tensor, entry)
                state.sizes |= {names[0]: size} if size["update_norm"] or size["changed"] else {}
        self._states.append(state)

    def _compare(self, state: _State, name: str, base: np.ndarray, now: np.ndarray) -> None:
        """Keep in `state` what differs from the state before."""
        entry, before = self._files.entries[name], self._now.get(name, base)
        if not np.array_equal(now, before):
            state.patches[name] = pack(now ^ before, itemsize(entry))
            if not bool(torch.isfinite(_values(now, entry)).all()):
                state.broken = name
        self._now.pop(name, None)
        if not np.array_equal(now, base):
            self._now[name] = now.copy()
            state.shas[name] = sha(now)

    def tensors(self) -> dict[str, Tensor]:
        """What has been recorded, as tensors to be kept with the state of a stream (`realmodels.writing.resume`)."""
        found = {f"{i}/{name}": data for i, state in enumerate(self._states) for name, data in state.patches.items()}
        return {name: torch.from_numpy(np.frombuffer(data, np.uint8).copy()) for name, data in found.items()}

    def about(self) -> dict[str, Any]:
        """The rest of what `restore` needs, as JSON."""
        return {"tasks": self.tasks, "states": [[s.after, s.shas, s.sizes, s.broken] for s in self._states]}

    def restore(self, tensors: Mapping[str, Tensor], about: Mapping[str, Any]) -> None:
        """Go on from what `tensors` and `about` gave: the recorder is then as it was, byte for byte."""
        self.tasks, self._now = list(about["tasks"]), {}
        self._states = [_State(s[0], {}, dict(s[1]), dict(s[2]), s[3]) for s in about["states"]]
        for key, tensor in sorted(tensors.items(), key=lambda item: int(item[0].split("/", 1)[0])):
            index, name = key.split("/", 1)
            data = tensor.numpy().tobytes()
            self._states[int(index)].patches[name] = data
            before = self._now.get(name, self._base(name))
            self._now[name] = before ^ unpack(data, len(before), itemsize(self._files.entries[name]))

    def save(self, path: Path, about: Mapping[str, Any], ruined: str | None = None) -> Delta:
        """Write the delta, atomically, and read it back: with `per_task` the states that were recorded, else that of now.

        about: what the delta is to say of its making, as JSON: method, settings, facts, facts_sha256, ...
        ruined: why the written model is not worth having, if it was asked to be saved all the same; `cwb apply` says so.
        Raises UserError if nothing changed, if a number is not finite in the type of the file (nothing could load that), or if
        `path` exists.
        """
        if not self.per_task and self.tasks:
            self._states, self._now = [], {}
            self._record()
        shas: dict[str, str] = {}
        names = sorted({name for state in self._states for name in state.patches})
        self._check(path, names)
        base = {name: sha(self._base(name)) for name in names}
        states = [{"after": 0, "sha256": state_digest(base)}]
        for state in self._states:
            shas = {**base, **state.shas}
            states.append({"after": state.after, "sha256": state_digest({name: shas[name] for name in names})})
        last = self._states[-1].sizes
        first = {name: home[0] for homes in self._homes.values() for home in homes for name in home}
        whole = {
            "format": FORMAT,
            "version": project_version(),
            "libraries": {name: version(name) for name in LIBRARIES},
            "base": {"sha256": self.loaded.sha256, "name": self._name()},
            "tasks": self.tasks,
            "states": states,
            "tensors": {name: self._told(name, last.get(first[name])) for name in names},
            "lost_in_rounding": sorted(set(last) - set(names)),
            **_total(list(last.values())),
            "ruined": ruined,
            "written": plain(about),
        }
        patches = {(index, name): data for index, state in enumerate(self._states, 1) for name, data in state.patches.items()}
        return save(Path(path), whole, patches)

    def _name(self) -> str:
        """What the base is called: its packaged name, or that of its folder or file."""
        return Path(self.loaded.meta.get("source") or self.loaded.path).resolve().name

    def _check(self, path: Path, names: Sequence[str]) -> None:
        for state in self._states:
            if state.broken:
                kind, task = self._files.entries[state.broken].dtype, self.tasks[state.after - 1] if state.after else "none"
                where = f"{state.broken} holds a number that is not finite in {kind} after task {task!r}"
                raise UserError(f"{where}: nothing is saved; lower the learning rate or write fewer facts")
        if not names:
            kinds = sorted({self._files.entries[name].dtype for names, _ in self._tensors() for name in names})
            lost = any(state.sizes for state in self._states)
            why = f"rounding to {', '.join(kinds)} removed all of the update" if lost else "the method changed no number"
            raise UserError(f"there is nothing to save in {path}: {why}: write with a larger learning rate")

    def _told(self, name: str, size: Mapping[str, float] | None) -> dict[str, Any]:
        entry = self._files.entries[name]
        base = _norm(_values(self._base(name), entry))
        told = size or {"update_norm": 0.0, "survives": None, "rounding_error": None, "changed": 0}
        return {"dtype": entry.dtype, "shape": list(entry.shape), "norm": base, **told}


def _forms(model: nn.Module, name: str, parameter: Tensor) -> dict[str, Tensor]:
    """The parameter in the form of the file: {name there: values}."""
    tensor = parameter.detach()
    if getattr(model, "_weight_conversions", None) is None:
        return {name: tensor}
    from transformers.core_model_loading import revert_weight_conversion

    return revert_weight_conversion(model, {name: tensor})  # pyright: ignore[reportArgumentType]


def _values(data: np.ndarray, entry: Entry) -> Tensor:
    """The numbers of a tensor's bytes as float32, in its shape."""
    return torch.from_numpy(np.array(data)).view(DTYPES[entry.dtype]).float().reshape(entry.shape)


def _norm(values: Tensor) -> float:
    return float(torch.linalg.vector_norm(values, dtype=torch.float64))


def _size(base: np.ndarray, now: np.ndarray, written: Tensor, entry: Entry) -> dict[str, float]:
    """What a write did to a tensor, and what rounding left of it. u = written - base in float32, r = rounded - base.

    update_norm: |u|. survives: <r, u> / |u|^2, 1 if rounding does no harm, 0 if it removes all; it may exceed 1, for rounding can
    enlarge. rounding_error: |r - u| / |u|. changed: numbers that differ in the file.
    """
    before = _values(base, entry)
    update, kept = written.to("cpu", torch.float32) - before, _values(now, entry) - before
    square = float((update * update).sum(dtype=torch.float64))
    shared = float((kept * update).sum(dtype=torch.float64))
    return {
        "update_norm": math.sqrt(square),
        "survives": shared / square if square else 0.0,
        "rounding_error": _norm(kept - update) / math.sqrt(square) if square else 0.0,
        "changed": int((base != now).reshape(-1, itemsize(entry)).any(1).sum()),
    }


def _total(sizes: list[dict[str, float]]) -> dict[str, float]:
    """The same over all tensors that the method moved, those included of which rounding left nothing."""
    square = sum(size["update_norm"] ** 2 for size in sizes)
    shared = sum(size["survives"] * size["update_norm"] ** 2 for size in sizes)
    error = sum((size["rounding_error"] * size["update_norm"]) ** 2 for size in sizes)
    return {
        "update_norm": math.sqrt(square),
        "survives": shared / square if square else 0.0,
        "rounding_error": math.sqrt(error / square) if square else 0.0,
        "changed": sum(int(size["changed"]) for size in sizes),
    }
