"""Watches the parameters that a method may write, and makes the delta of what it wrote.

The unit is a tensor of the model's FILES, in the type that it has there: the written float32 values are rounded to that type once
per recorded state, so that a delta says exactly what a folder will hold.
"""

import glob
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from realmodels.model.loaded import Loaded
from realmodels.model.pretrained.weights import DTYPES
from realmodels.writing.delta import FORMAT, Delta, save, state_digest
from realmodels.writing.file_form import FileForm
from realmodels.writing.patch import bytes_of, itemsize, pack, sha, unpack
from realmodels.writing.resume import load_state, save_state
from realmodels.writing.rounding import Size, norm, size, total, values
from simulate.runs.answer import plain
from theory.errors import UserError
from theory.version import project_version

LIBRARIES = ("torch", "transformers", "safetensors", "pyarrow")


@dataclass
class _State:
    """What was recorded after a number of tasks.

    patches: by tensor, from the state before. shas: of all tensors that differ from the base. sizes: by tensor, what
    `rounding.size` says; one that a folder holds twice is told once. broken: a tensor with a number that is not finite.
    """

    after: int
    patches: dict[str, bytes] = field(default_factory=dict)
    shas: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, Size] = field(default_factory=dict)
    broken: str | None = None


class Recorder:
    """Records what a stream of writes does to `parameters` of a copy of `loaded`.

    parameters: by the name that they have in `loaded.model`; their values must still be those of the folder. They are read
    anew at every state, so that a mapping that computes them (adapters merged into their matrices) will do as well.
    per_task: keep the state after every task, so that each can be given back; else only the last one.
    beside: a path; with `per_task` every state is laid into a file beside it ("PATH.1", ...) as soon as it is recorded, so that a
    stream that was killed can `restore` them. Each is written once: a long stream does not write all of them after every task.
    Raises UserError if a parameter is not in the folder of the model as it is in memory.
    """

    def __init__(self, loaded: Loaded, parameters: Mapping[str, Tensor], per_task: bool = False, beside: Path | None = None):
        self.loaded, self.parameters, self.per_task, self.beside = loaded, parameters, per_task, beside
        self.tasks: list[str] = []
        self._states: list[_State] = []
        self._now: dict[str, np.ndarray] = {}  # bytes of the tensors that differ from the base
        self._form = FileForm(loaded)
        self._homes = {name: self._form.homes(name, parameters[name]) for name in parameters}

    @property
    def dtypes(self) -> dict[str, torch.dtype]:
        """By parameter, the type that it has in the files and to which it is rounded; a folder may have several."""
        return {name: DTYPES[self._form.files.entries[homes[0][0]].dtype] for name, homes in self._homes.items()}

    def _tensors(self) -> Iterator[tuple[list[str], Tensor]]:
        """(names in the folder, float32 values now) of every tensor that may be written."""
        for name, homes in self._homes.items():
            forms = self._form.forms(name, self.parameters[name]).values()
            yield from zip(homes, forms, strict=True)

    def task_done(self, task: str | int) -> None:
        """To be called after each task, its parameters written. task: what the task is called."""
        self.tasks.append(str(task))
        if self.per_task:
            self._record()
        if self.per_task and self.beside is not None:
            state = self._states[-1]
            patches = {name: torch.frombuffer(bytearray(data), dtype=torch.uint8) for name, data in state.patches.items()}
            save_state(self._place(state.after), patches, {"state": state.shas}, {})

    def _record(self) -> None:
        """Round what is written now, and keep its difference from the state before."""
        state = _State(len(self.tasks))
        for names, tensor in self._tensors():
            for name in names:
                entry = self._form.files.entries[name]
                base, now = self._form.base(name), bytes_of(tensor, DTYPES[entry.dtype])
                self._compare(state, name, base, now)
            if state.broken is None:
                told = size(base, now, tensor, entry)
                state.sizes |= {names[0]: told} if told["update_norm"] or told["changed"] else {}
        self._states.append(state)

    def _compare(self, state: _State, name: str, base: np.ndarray, now: np.ndarray) -> None:
        """Keep in `state` what differs from the state before."""
        entry, before = self._form.files.entries[name], self._now.get(name, base)
        if not np.array_equal(now, before):
            state.patches[name] = pack(now ^ before, itemsize(entry))
            if not bool(torch.isfinite(values(now, entry)).all()):
                state.broken = name
        self._now.pop(name, None)
        if not np.array_equal(now, base):
            self._now[name] = now.copy()
            state.shas[name] = sha(now)

    def about(self) -> dict[str, Any]:
        """What `restore` needs, as JSON; the differences lie beside `beside`."""
        return {"tasks": self.tasks, "states": [[s.after, s.shas, s.sizes, s.broken] for s in self._states]}

    def restore(self, about: Mapping[str, Any]) -> None:
        """Go on from what `about` gave: the recorder is then as it was, byte for byte.

        Raises UserError if a file of a state beside `beside` is missing or damaged.
        """
        self.tasks, self._now = list(about["tasks"]), {}
        self._states = [_State(s[0], {}, dict(s[1]), dict(s[2]), s[3]) for s in about["states"]]
        for state in self._states:
            path, reasons = self._place(state.after), []
            found = load_state(path, {"state": state.shas}, reasons.append)
            if found is None:
                told = reasons[0].split(", so")[0] if reasons else f"{path} is missing"
                raise UserError(f"{told}: remove {self.beside} and give the command again, to start anew")
            for name, tensor in found[0].items():
                data = state.patches[name] = tensor.numpy().tobytes()
                before = self._now.get(name, self._form.base(name))
                self._now[name] = before ^ unpack(data, len(before), itemsize(self._form.files.entries[name]))

    def clean(self) -> None:
        """Remove the files of states beside `beside`, and what a kill left unfinished of them: the stream is over."""
        if self.beside is not None:
            name = glob.escape(self.beside.name)
            for pattern in (f"{name}.[0-9]*", f".{name}.[0-9]*.tmp"):
                for path in self.beside.parent.glob(pattern):
                    path.unlink(missing_ok=True)

    def _place(self, after: int) -> Path:
        assert self.beside is not None
        return self.beside.with_name(f"{self.beside.name}.{after}")

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
        names = sorted({name for state in self._states for name in state.patches})
        self._check(path, names)
        base = {name: sha(self._form.base(name)) for name in names}
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
            **total(list(last.values())),
            "ruined": ruined,
            "written": plain(about),
        }
        patches = {(index, name): data for index, state in enumerate(self._states, 1) for name, data in state.patches.items()}
        made = save(Path(path), whole, patches)
        self.clean()
        return made

    def _name(self) -> str:
        """What the base is called: its packaged name, or that of its folder or file."""
        return Path(self.loaded.meta.get("source") or self.loaded.path).resolve().name

    def _check(self, path: Path, names: Sequence[str]) -> None:
        for state in self._states:
            if state.broken:
                kind, task = self._form.files.entries[state.broken].dtype, self.tasks[state.after - 1] if state.after else "none"
                where = f"{state.broken} holds a number that is not finite in {kind} after task {task!r}"
                raise UserError(f"{where}: nothing is saved; lower the learning rate or write fewer facts")
        if not names:
            kinds = sorted({self._form.files.entries[name].dtype for names, _ in self._tensors() for name in names})
            lost = any(state.sizes for state in self._states)
            why = f"rounding to {', '.join(kinds)} removed all of the update" if lost else "the method changed no number"
            raise UserError(f"there is nothing to save in {path}: {why}: write with a larger learning rate")

    def _told(self, name: str, moved: Size | None) -> dict[str, Any]:
        entry = self._form.files.entries[name]
        base = norm(values(self._form.base(name), entry))
        told = moved or {"update_norm": 0.0, "survives": None, "rounding_error": None, "changed": 0}
        return {"dtype": entry.dtype, "shape": list(entry.shape), "norm": base, **told}
