"""Which folder a model is, and which model a folder is, without building the network."""

import hashlib
from pathlib import Path

from realmodels.model import checkpoint
from realmodels.model.about import about
from realmodels.model.loaded import load
from realmodels.model.pretrained.folder import checked_config, digest
from realmodels.model.pretrained.packaged import PACKAGES
from realmodels.model.pretrained.weights import weights
from theory.errors import UserError


def folder_of(model: str | Path) -> Path:
    """The folder of a model's files: a folder itself, or the one into which a GGUF file or a packaged model was converted.

    It is `realmodels.load(model).path`. Raises UserError if there is no such model.
    """
    source = Path(model)
    try:
        is_file, is_folder = source.is_file(), source.is_dir()
    except (OSError, ValueError) as error:
        raise UserError(f"model {str(model)[:80]!r} cannot be used ({error}): give the folder of a model") from None
    if is_folder:
        return source
    if is_file or source.suffix == ".gguf" or str(model) in PACKAGES:
        return load(model).path
    raise UserError(f"{source} is no folder: give the folder of a model, a GGUF file, or a name such as {', '.join(PACKAGES)}")


def is_ours(folder: Path) -> bool:
    """Whether the configuration of a folder is in the format of the models that are trained here."""
    try:
        return b'"format"' in (folder / checkpoint.CONFIG).read_bytes()
    except OSError:
        return False


def identity(folder: Path) -> str:
    """SHA-256 of weights and configuration, `realmodels.load(folder).sha256`; read without building the network.

    Raises UserError if a file is missing or damaged.
    """
    if is_ours(folder):
        about(folder)
        return hashlib.sha256((folder / checkpoint.CONFIG).read_bytes()).hexdigest()
    return digest(checked_config(folder), weights(folder))
