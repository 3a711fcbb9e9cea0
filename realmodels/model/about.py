"""What the files of a checkpoint are called and what its config.json says: everything that can be known without PyTorch."""

import os
from pathlib import Path
from typing import Any

from simulate.runs.files import parse_json
from theory.errors import UserError

FORMAT = "compression-writability model 2"
OLD_FORMATS = ("compression-writability model 1",)  # its configurations name hyperparameters "dials"
CURE = "copy the checkpoint again or train the model anew"
MODEL, TOKENIZER, CONFIG = "model.safetensors", "tokenizer.json", "config.json"


def about(folder: Path) -> dict[str, Any]:
    """What config.json of a checkpoint says, its format checked; no weight is read.

    Keys: format, model (the configuration), meta (what is known about the training), sha256 (of the two other files). Raises
    UserError if the file cannot be read or is not of this format.
    """
    where = f"checkpoint file {folder / CONFIG}"
    try:
        data = (folder / CONFIG).read_bytes()
    except (OSError, ValueError) as error:
        raise UserError(f"checkpoint {folder}: cannot read {CONFIG} ({reason(error)}): give the folder of a model") from None
    config = parse_json(data, where, f"it is damaged or no {FORMAT!r}: {CURE}")
    if not isinstance(config, dict) or not isinstance(config.get("format"), str):
        raise UserError(f"{where} is damaged or no {FORMAT!r}: {CURE}")
    if config["format"] in OLD_FORMATS:
        raise UserError(f"checkpoint {folder} has an old format that this version cannot read: train the model anew")
    if config["format"] != FORMAT:
        raise UserError(f"{where}: format is {config['format'][:60]!r} and this version reads {FORMAT!r}: update the program")
    sums = config.get("sha256")
    if not isinstance(config.get("meta"), dict) or not isinstance(sums, dict) or not {MODEL, TOKENIZER} <= set(sums):
        raise UserError(f"{where} is damaged or no {FORMAT!r}: {CURE}")
    return config


def reason(error: Exception) -> str:
    """Why a file could not be used, in a few words."""
    return getattr(error, "strerror", None) or " ".join(str(error).split())[:120]


def checkpoints(workspace: Path) -> list[dict[str, Any]]:
    """The checkpoints of a workspace, sorted by architecture, size and seed.

    Keys: name (of the folder), architecture, size, seed, steps, format_finetuned (whether it has learned what facts of a stream
    look like), written (the method by which facts were written into it, or None), bits_per_byte (of held-out text, when its
    training ended; None if facts were written since), path. A folder that this version cannot read is left out.
    """
    rows = []
    for folder in sorted((workspace / "models").glob("[!.]*")):
        try:
            config = about(folder)
            rows.append(_row(folder, config["model"], config["meta"]))
        except (UserError, KeyError, TypeError, IndexError, AttributeError):  # of an older format, or no checkpoint at all
            continue
    return sorted(rows, key=lambda row: (row["architecture"], row["size"], row["seed"], row["format_finetuned"], row["name"]))


def _row(folder: Path, model: dict[str, Any], meta: dict[str, Any]) -> dict[str, Any]:
    finetuned, written = meta.get("format_finetuning"), meta.get("written")
    last = (finetuned or meta)["log"][-1]["bits_per_byte"]
    return {
        "name": folder.name,
        "architecture": str(model["architecture"]),
        "size": str(model["size"]),
        "seed": int(meta["pretraining"]["seed"]),
        "steps": int(meta["pretraining"]["steps"]),
        "format_finetuned": finetuned is not None,
        "written": None if written is None else str(written["method"]),
        "bits_per_byte": None if written is not None else float(last["all"] if isinstance(last, dict) else last),
        "path": os.path.relpath(folder),
    }
