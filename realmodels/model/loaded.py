"""A model in memory with all that is known about it, so that it is read once and asked often."""

import copy
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from realmodels.model import checkpoint
from realmodels.model.pretrained.packaged import PACKAGES, packaged
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
    for ours about its training, else {"source", "config"}. path: the folder of its files. sha256: digest of the weights and
    the configuration, which identifies it. dtype: of the weights in the files.
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
    source = Path(path)
    try:
        is_file, is_folder = source.is_file(), source.is_dir()
    except (OSError, ValueError) as error:
        raise UserError(f"model {str(path)[:80]!r} cannot be used ({error}): give the folder of a model") from None
    if str(path) in PACKAGES and not is_file and not is_folder:
        return _foreign(packaged(str(path)), str(path))
    if is_file or source.suffix == ".gguf":
        return _foreign(source, str(path))
    if is_folder and not _is_ours(source):
        return _foreign(source, str(path))
    model, tokenizer, meta = checkpoint.read(source)
    sha256 = hashlib.sha256((source / checkpoint.CONFIG).read_bytes()).hexdigest()
    return Loaded(model, Encoder.ours(tokenizer, model.config.vocabulary), tokenizer, meta, source, sha256, torch.float32)


def _is_ours(folder: Path) -> bool:
    """Whether the configuration of a folder is in our format, in an old or damaged form of it too."""
    try:
        return b'"format"' in (folder / checkpoint.CONFIG).read_bytes()
    except OSError:
        return False


def _foreign(source: Path, given: str) -> Loaded:
    """A model from elsewhere: a folder of Hugging Face or a GGUF file."""
    from realmodels.model.pretrained.folder import read
    from realmodels.model.pretrained.gguf import read_gguf

    meta: dict[str, Any] = {"source": given}
    if source.is_dir():
        folder, found = source, read(source)
    else:
        folder, found, meta["gguf"] = read_gguf(source)
    meta["config"] = found.config
    words = Encoder.of(found.tokenizer, found.model.get_input_embeddings().weight.shape[0])
    return Loaded(found.model, words, found.tokenizer, meta, folder, found.sha256, found.weights.dtype)


def as_loaded(model: "str | Path | Loaded") -> Loaded:
    """The model itself, or the one in this folder or of this name. Raises UserError for anything else."""
    if isinstance(model, Loaded):
        return model
    if isinstance(model, str | Path):
        return load(model)
    raise UserError(
        f"a model is a folder, a name or what realmodels.load returns, not a {type(model).__name__}: give one of these"
    )
