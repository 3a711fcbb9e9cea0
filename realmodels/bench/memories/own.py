"""A user's own memory: any Python object with write(task) and answer(prompt).

class Mine:
    state_bits = 0                       # optional: bits that it keeps, as a number; it is believed
    parameters = 1000                    # optional: numbers that it may store in
    def write(self, task): ...           # task: a list of (prompt, answer), answers with a space before them
    def answer(self, prompt): ...        # what it says after the prompt, as text
"""

import hashlib
import importlib.util
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from realmodels.bench.item import Item
from realmodels.bench.memories.memory import Told
from theory.errors import UserError


class Own:
    """The object as a memory of the benchmark. Raises UserError, naming its class, for what it lacks or what it raises."""

    def __init__(self, make: Callable[[], Any]):
        self.name = getattr(make, "__name__", type(make).__name__)
        self.object = self._called("()", make)
        for needed in ("write", "answer"):
            if not callable(getattr(self.object, needed, None)):
                raise UserError(f"memory {self.name} has no method {needed}: it needs write(task) and answer(prompt)")

    @property
    def parameters(self) -> int | None:
        """What it says."""
        value = self._number("parameters")
        return None if value is None else int(value)

    @property
    def written(self) -> int | None:
        """All of them."""
        return self.parameters

    @property
    def state_bits(self) -> float | None:
        """What it says now."""
        return self._number("state_bits")

    def write(self, task: Sequence[Item]) -> None:
        """Hand it the task as pairs."""
        self._called(".write", self.object.write, [(item.prompt, item.answer) for item in task])

    def ask(self, items: Sequence[Item]) -> Told:
        """Its answers, one prompt at a time."""
        texts = [self._called(".answer", self.object.answer, item.prompt) for item in items]
        for text in texts:
            if not isinstance(text, str):
                raise UserError(f"memory {self.name}.answer returned a {type(text).__name__}: it has to return a text")
        return Told(np.array([item.right(text) for item, text in zip(items, texts, strict=True)]), None)

    def _number(self, name: str) -> float | None:
        value = getattr(self.object, name, None)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
            raise UserError(f"memory {self.name}.{name} is {value!r}: it has to be a finite number above 0, or left out")
        return float(value)

    def _called(self, what: str, function: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return function(*arguments)
        except UserError:
            raise
        except Exception as error:
            told = " ".join(str(error).split())[:200]
            raise UserError(f"memory {self.name}{what} failed: {type(error).__name__}: {told}") from error


def maker(place: str) -> tuple[Callable[[], Any], str]:
    """(what makes the memory, SHA-256 of its file) for FILE.py:NAME. The file is run. Raises UserError if that fails."""
    path, colon, name = place.rpartition(":")
    file = Path(path)
    if not colon or not name.isidentifier() or file.suffix != ".py":
        raise UserError(f"memory {place!r} is not of the form FILE.py:NAME, such as mine.py:Mine")
    if not file.is_file():
        raise UserError(f"memory {place!r}: there is no file {path}")
    spec = importlib.util.spec_from_file_location(f"memory_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # data classes look their module up
    try:
        data = file.read_bytes()
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        told = " ".join(str(error).split())[:200]
        raise UserError(f"memory {place!r}: the file does not run: {type(error).__name__}: {told}") from error
    make = getattr(module, name, None)
    if not callable(make):
        raise UserError(f"memory {place!r}: the file has no class {name}")
    return make, hashlib.sha256(data).hexdigest()
