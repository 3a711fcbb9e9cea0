"""What an entry is about: a model with a writing method, or a memory of the user's own, made anew for every stream."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from realmodels.bench.fresh import fresh
from realmodels.bench.memories.language_model import LanguageModel
from realmodels.bench.memories.own import Own
from realmodels.bench.memories.table import Table
from realmodels.model.architectures import ARCHITECTURES
from realmodels.model.loaded import Loaded, load
from realmodels.writing.methods.binding import code

TABLE = "table"
"""Name of the memory that is the reference."""


@dataclass(frozen=True)
class ModelSystem:
    """A model and a method. model: an architecture, of which a new model of this width is made for every seed, or what
    `realmodels.load` takes (width None), the same for every seed."""

    model: str
    width: int | None
    method: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def learns_by_rate(self) -> bool:
        """Whether a learning rate has to be chosen."""
        return True

    @cached_property
    def _loaded(self) -> Loaded:
        return load(self.model)

    def loaded(self, kind: str, seed: int) -> Loaded:
        """The model as it is before a stream with this seed."""
        return self._loaded if self.width is None else fresh(self.model, self.width, kind, seed)

    def memory(self, kind: str, seed: int, learning_rate: float, steps: int) -> LanguageModel:
        """A memory that nothing has been written into."""
        return LanguageModel(self.loaded(kind, seed), kind, self.method, self.options, learning_rate, steps)

    def to_json(self) -> dict[str, Any]:
        """What makes it, as JSON."""
        return {"model": self.model, "width": self.width, "method": self.method, "options": dict(self.options)}

    def hashes(self, kind: str) -> dict[str, str]:
        """Digests of the model (of a new one: of its shape and seed) and of the method's code."""
        return {"model": self.loaded(kind, 0).sha256, "method": code(self.method)}

    @property
    def name(self) -> str:
        """Model, method and options in a word."""
        options = "".join(f"-{name}={value}" for name, value in self.options.items())
        return f"{self.model.rstrip('/').rsplit('/', 1)[-1]}-{self.method}{options}"


@dataclass(frozen=True)
class OwnSystem:
    """A memory of the user's own. make: makes an empty one. place: FILE.py:NAME, or the class's name. sha256: of the file."""

    make: Callable[[], Any]
    place: str
    sha256: str = ""

    @property
    def learns_by_rate(self) -> bool:
        """It learns as it does."""
        return False

    def memory(self, kind: str, seed: int, learning_rate: float, steps: int) -> Own:
        """A memory that nothing has been written into."""
        return Own(self.make)

    def to_json(self) -> dict[str, Any]:
        """Where it comes from."""
        return {"memory": self.place}

    def hashes(self, kind: str) -> dict[str, str]:
        """Digest of the file, empty if it came from memory."""
        return {"memory": self.sha256}

    @property
    def name(self) -> str:
        """The class's name."""
        return self.place.rpartition(":")[2]


System = ModelSystem | OwnSystem


def model_system(model: str, width: int | None, method: str, options: Mapping[str, Any], of_level: int) -> ModelSystem:
    """The system of a model's name: a new model for the name of an architecture, with the level's width by default."""
    return ModelSystem(model, (width or of_level) if model in ARCHITECTURES else None, method, dict(options))


def table_system() -> OwnSystem:
    """The reference."""
    return OwnSystem(Table, TABLE)
