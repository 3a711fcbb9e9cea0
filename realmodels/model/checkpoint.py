"""A trained model on disk: a folder with model.safetensors, tokenizer.json and config.json, and nothing executable.

config.json holds the model's configuration, what is known about the training ("meta"), and the SHA-256 of the two other files;
the weights hold the digest of the configuration. A truncated file, one that belongs to another model, or a configuration that
was changed is named before anything is computed with it.
"""

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from realmodels.model.about import CONFIG, CURE, FORMAT, MODEL, TOKENIZER, about, reason
from realmodels.model.schema import check_finite, check_tensors, checked_config, config_digest
from realmodels.model.transformer import Transformer
from realmodels.text import tokenizer
from realmodels.text.tokenizer import Tokenizer
from theory.errors import UserError

DIGEST = "configuration"  # key, in the metadata of the weights, of the digest of the configuration


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def write(
    folder: Path, model: Transformer, made: Tokenizer, meta: dict[str, Any], beside: dict[str, bytes] | None = None
) -> None:
    """Write a checkpoint; the folder appears whole or not at all. Same model, same bytes.

    Raises FileExistsError, and UserError for a model of which a number is not finite.

    beside: other files to lay into the folder; nothing that reads a checkpoint needs them.
    """
    if folder.exists():
        raise FileExistsError(folder)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    check_finite(tensors, "this model")
    files = {
        MODEL: save(tensors, {DIGEST: config_digest(model.config.to_json())}),
        TOKENIZER: made.to_str().encode(),
    }
    config = {
        "format": FORMAT,
        "model": model.config.to_json(),
        "meta": meta,
        "sha256": {name: _sha(data) for name, data in files.items()},
    }
    files[CONFIG] = json.dumps(config, indent=1, sort_keys=True, allow_nan=False).encode()
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".writing-"))
    try:
        for name, data in {**(beside or {}), **files}.items():
            (temporary / name).write_bytes(data)
        os.replace(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def read(folder: Path, device: str = "cpu") -> tuple[Transformer, Tokenizer, dict[str, Any]]:
    """(model in evaluation mode, tokenizer, meta). Raises UserError naming the file that is missing, damaged or foreign.

    Every field of the configuration is checked, by itself and against the tensors (`realmodels.model.schema`).
    """
    config = about(folder)
    data: dict[str, bytes] = {}
    for name in (MODEL, TOKENIZER):
        try:
            data[name] = (folder / name).read_bytes()
        except OSError as error:
            raise UserError(f"checkpoint {folder}: cannot read {name} ({reason(error)}): give the folder of a model") from None
        if _sha(data[name]) != config["sha256"][name]:
            raise UserError(f"checkpoint file {folder / name} is damaged or belongs to another model: {CURE}")
    where, weights = f"checkpoint file {folder / CONFIG}", f"checkpoint file {folder / MODEL}"
    shape = checked_config(config.get("model"), where)
    try:
        tensors = load(data[MODEL])
        made_for = json.loads(data[MODEL][8 : 8 + int.from_bytes(data[MODEL][:8], "little")]).get("__metadata__", {})
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(f"{weights} holds no tensors ({reason(error)}): {CURE}") from None
    if made_for.get(DIGEST) != config_digest(shape.to_json()):
        raise UserError(f"{where}: the configuration is not the one that the weights were trained with: {CURE}")
    check_tensors(tensors, shape, where, weights)
    model = Transformer(shape)
    model.load_state_dict(tensors)
    return (
        model.to(torch.device(device)).eval(),
        _tokenizer(data[TOKENIZER], shape.vocabulary, folder / TOKENIZER),
        config["meta"],
    )


def _tokenizer(data: bytes, vocabulary: int, path: Path) -> Tokenizer:
    """The tokenizer of a model with so many tokens. Raises UserError if it is none, or has tokens that the model lacks."""
    try:
        made = tokenizer.from_str(data.decode())
    except UnicodeDecodeError:
        raise UserError(f"checkpoint file {path} is not text in UTF-8: {CURE}") from None
    except UserError as error:
        raise UserError(f"checkpoint file {path}: {error}") from None
    most = max(made.encoder.get_vocab(with_added_tokens=True).values(), default=-1)
    if most >= vocabulary:
        raise UserError(f"checkpoint file {path} has token number {most}, and the model knows {vocabulary} tokens: {CURE}")
    return made
