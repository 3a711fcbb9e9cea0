"""Which folder a model is, and which model a folder is, without building the network."""

import hashlib
import json
from pathlib import Path

from realmodels.model import checkpoint
from realmodels.model.about import about, reason
from realmodels.model.pretrained.folder import checked_config, digest
from realmodels.model.pretrained.gguf import converted
from realmodels.model.pretrained.packaged import PACKAGES, packaged
from realmodels.model.pretrained.weights import weights
from theory.errors import UserError


def folder_of(model: str | Path) -> Path:
    """The folder of a model's files: a folder itself, or the one into which a GGUF file or a packaged model was converted.

    It is `realmodels.load(model).path`. Raises UserError if there is no such model.
    """
    source = Path(model)
    try:
        there, is_folder = source.exists(), source.is_dir()
    except (OSError, RuntimeError, ValueError) as error:  # a name that is too long, a loop of links, a null byte
        raise UserError(f"model {str(model)[:80]!r} cannot be used ({reason(error)}): give the folder of a model") from None
    if is_folder and str(model).strip():
        return source
    if there and str(model).strip():
        return converted(source)
    if str(model) in PACKAGES:
        return converted(packaged(str(model)))
    raise UserError(f"{source} is no folder: give the folder of a model, a GGUF file, or a name such as {', '.join(PACKAGES)}")


def is_ours(folder: Path) -> bool:
    """Whether the configuration of a folder is in the format of the models that are trained here, be it an old or damaged one."""
    try:
        data = (folder / checkpoint.CONFIG).read_bytes()
        return b"compression-writability" in data or "format" in json.loads(data)
    except (OSError, ValueError, TypeError, RecursionError):
        return False


def identity(folder: Path) -> str:
    """SHA-256 of weights and configuration, `realmodels.load(folder).sha256`; read without building the network.

    Raises UserError if a file is missing or damaged.
    """
    if is_ours(folder):
        about(folder)
        return hashlib.sha256((folder / checkpoint.CONFIG).read_bytes()).hexdigest()
    return digest(checked_config(folder), weights(folder))
