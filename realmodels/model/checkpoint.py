"""A trained model on disk: a folder with model.safetensors, tokenizer.json and config.json, and nothing executable.

config.json holds the model's configuration, what is known about the training ("meta"), and the SHA-256 of the two other files:
a truncated file, or one that belongs to another model, is named before anything is computed with it.
"""

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, save

from realmodels.model.config import ModelConfig
from realmodels.model.transformer import Transformer
from realmodels.text import tokenizer
from realmodels.text.tokenizer import Tokenizer
from theory.errors import UserError

FORMAT = "compression-writability model 2"
OLD_FORMATS = ("compression-writability model 1",)  # its configurations name hyperparameters "dials"
MODEL, TOKENIZER, CONFIG = "model.safetensors", "tokenizer.json", "config.json"


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def write(
    folder: Path, model: Transformer, made: Tokenizer, meta: dict[str, Any], beside: dict[str, bytes] | None = None
) -> None:
    """Write a checkpoint; the folder appears whole or not at all. Same model, same bytes. Raises FileExistsError.

    beside: other files to lay into the folder; nothing that reads a checkpoint needs them.
    """
    if folder.exists():
        raise FileExistsError(folder)
    files = {
        MODEL: save({name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}),
        TOKENIZER: made.to_str().encode(),
    }
    config = {
        "format": FORMAT,
        "model": model.config.to_json(),
        "meta": meta,
        "sha256": {name: _sha(data) for name, data in files.items()},
    }
    files[CONFIG] = json.dumps(config, indent=1, sort_keys=True).encode()
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".writing-"))
    try:
        for name, data in {**(beside or {}), **files}.items():
            (temporary / name).write_bytes(data)
        os.replace(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def read(folder: Path, device: str = "cpu") -> tuple[Transformer, Tokenizer, dict[str, Any]]:
    """(model in evaluation mode, tokenizer, meta). Raises UserError naming the file that is missing, damaged or foreign."""
    cure = "copy the checkpoint again or train the model anew"
    try:
        data = {name: (folder / name).read_bytes() for name in (CONFIG, MODEL, TOKENIZER)}
    except OSError as error:
        raise UserError(
            f"checkpoint {folder}: cannot read {error.filename} ({error.strerror}): give the folder of a model"
        ) from None
    if any(json.dumps(old).encode() in data[CONFIG] for old in OLD_FORMATS):
        raise UserError(f"checkpoint {folder} has an old format that this version cannot read: train the model anew")
    try:
        config = json.loads(data[CONFIG])
        model_config, meta, sums = (
            ModelConfig.from_json(config["model"]),
            config["meta"],
            {n: config["sha256"][n] for n in (MODEL, TOKENIZER)},
        )
    except (ValueError, KeyError, TypeError):
        raise UserError(f"checkpoint file {folder / CONFIG} is damaged or no {FORMAT!r}: {cure}") from None
    for name, known in sums.items():
        if _sha(data[name]) != known:
            raise UserError(f"checkpoint file {folder / name} is damaged or belongs to another model: {cure}")
    model = Transformer(model_config)
    model.load_state_dict(load(data[MODEL]))
    return model.to(torch.device(device)).eval(), tokenizer.from_str(data[TOKENIZER].decode()), meta
