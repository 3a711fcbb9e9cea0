"""A model in memory with all that is known about it, so that it is read once and asked often."""

import copy
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from realmodels.model import checkpoint
from realmodels.model.identity import folder_of, is_ours
from realmodels.model.pretrained.gguf import conversion
from realmodels.model.transformer import Transformer
from realmodels.text.encoder import Encoder
from realmodels.text.tokenizer import Tokenizer
from theory.errors import UserError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


@dataclass(frozen=True)
class Loaded:
    """A model in memory, trained here or elsewhere.

    model: the network, in float32 and evaluation mode: our Transformer, or a ...ForCausalLM of transformers. words: text to token
    numbers and back. tokenizer: the tokenizer itself, ours or that of transformers. meta: what the folder says about the model;
    for ours about its training, else {"source", "config", "gguf"}. path: the folder of its files. sha256: digest of the weights
    and the configuration, which identifies it. dtype: of the weights in the files.
    """

    model: nn.Module
    words: Encoder
    tokenizer: "Tokenizer | PreTrainedTokenizerFast" = field(repr=False)
    meta: dict[str, Any] = field(repr=False)
    path: Path
    sha256: str
    dtype: torch.dtype

    @property
    def ours(self) -> bool:
        """Whether it was trained here."""
        return isinstance(self.model, Transformer)

    def copy(self) -> nn.Module:
        """A copy of the network, to be written into; this one stays as it is."""
        return copy.deepcopy(self.model)

    def __repr__(self) -> str:
        if isinstance(self.model, Transformer):
            config = self.model.config
            return f"Loaded({config.architecture!r}, {config.size!r}, path={str(self.path)!r})"
        return f"Loaded({type(self.model).__name__}, path={str(self.path)!r})"


def load(path: str | Path) -> Loaded:
    """Read a model: a name ("smollm2"), a folder that `cwb train` or `cwb write --save` wrote, one of Hugging Face, a GGUF file.

    Raises UserError naming what is missing or damaged.
    """
    folder = folder_of(path)
    if not is_ours(folder):
        return _foreign(folder, str(path))
    model, tokenizer, meta = checkpoint.read(folder)
    sha256 = hashlib.sha256((folder / checkpoint.CONFIG).read_bytes()).hexdigest()
    return Loaded(model, Encoder.ours(tokenizer, model.config.vocabulary), tokenizer, meta, folder, sha256, torch.float32)


def _foreign(folder: Path, given: str) -> Loaded:
    """A model from elsewhere, in a folder of Hugging Face."""
    from realmodels.model.pretrained.folder import read

    found, gguf = read(folder), conversion(folder)
    sha256 = gguf["model"] if gguf else found.sha256  # that of a conversion was checked when its folder was looked up
    meta = {"source": given, "config": found.config, "gguf": gguf or None}
    words = Encoder.of(found.tokenizer, found.model.get_input_embeddings().weight.shape[0])
    return Loaded(found.model, words, found.tokenizer, meta, folder, sha256, found.weights.dtype)


def as_loaded(model: "str | Path | Loaded") -> Loaded:
    """The model itself, or the one in this folder or of this name. Raises UserError for anything else."""
    if isinstance(model, Loaded):
        return model
    if isinstance(model, str | Path):
        return load(model)
    raise UserError(
        f"a model is a folder, a name or what realmodels.load returns, not a {type(model).__name__}: give one of these"
    )
