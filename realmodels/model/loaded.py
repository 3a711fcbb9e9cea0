"""A model in memory with all that is known about it, so that it is read once and asked often."""

import copy
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from realmodels.model import checkpoint
from realmodels.model.transformer import Transformer
from realmodels.text.tokenizer import Tokenizer
from theory.errors import UserError


@dataclass(frozen=True)
class Loaded:
    """A checkpoint in memory.

    model: the network, in evaluation mode. tokenizer: text to token numbers and back. meta: what the checkpoint says about its
    training. path: its folder. sha256: digest of its config.json, which holds the digests of the weights and of the tokenizer.
    """

    model: Transformer
    tokenizer: Tokenizer
    meta: dict[str, Any] = field(repr=False)
    path: Path
    sha256: str

    def copy(self) -> Transformer:
        """A copy of the network, to be written into; this one stays as it is."""
        return copy.deepcopy(self.model)

    def __repr__(self) -> str:
        config = self.model.config
        return f"Loaded({config.architecture!r}, {config.size!r}, path={str(self.path)!r})"


def load(path: str | Path) -> Loaded:
    """Read a checkpoint that `cwb train` or `cwb write --save` wrote. Raises UserError naming what is missing or damaged."""
    folder = Path(path)
    model, tokenizer, meta = checkpoint.read(folder)
    return Loaded(model, tokenizer, meta, folder, hashlib.sha256((folder / checkpoint.CONFIG).read_bytes()).hexdigest())


def as_loaded(model: "str | Path | Loaded") -> Loaded:
    """The model itself, or the one in this folder. Raises UserError for anything else."""
    if isinstance(model, Loaded):
        return model
    if isinstance(model, str | Path):
        return load(model)
    raise UserError(f"a model is a folder or what realmodels.load returns, not a {type(model).__name__}: give one of the two")
