"""A GGUF file (llama.cpp): turned into a plain float32 folder once, by transformers' own reader, and then read from there."""

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path

import torch

from realmodels.model.about import reason
from realmodels.model.pretrained.quiet import quiet
from simulate.runs.fingerprint import ROOT
from theory.errors import UserError

ABOUT = "converted.json"
FORMAT = 1  # of what is kept; a folder of another number is made anew


def converted(path: Path, workspace: Path | None = None) -> Path:
    """The folder of the converted file, made if it is not there yet. Raises UserError if the file is no GGUF of a causal model.

    workspace: where it is kept, as pretrained/<SHA-256 of the file>; `build/` of the checkout by default.
    """
    try:
        with path.open("rb") as file:
            if file.read(4) != b"GGUF":
                raise UserError(f"{path} is no GGUF file: copy it again")
            file.seek(0)
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): give a GGUF file") from None
    place = (workspace or ROOT / "build") / "pretrained"
    folder = place / sha256
    if _about(folder).get("format") == FORMAT:
        return folder
    place.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=place, prefix=".writing-"))
    try:
        _convert(path, temporary)
        (temporary / ABOUT).write_text(json.dumps({"format": FORMAT, "file": path.name, "sha256": sha256}))
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def _about(folder: Path) -> dict:
    try:
        return dict(json.loads((folder / ABOUT).read_text()))
    except (OSError, ValueError, TypeError):
        return {}


def _convert(path: Path, folder: Path) -> None:
    """Read a GGUF file and save it as a plain model. Raises UserError if transformers cannot."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    where = {"gguf_file": path.name, "local_files_only": True, "trust_remote_code": False}
    try:
        with quiet():
            tokenizer = AutoTokenizer.from_pretrained(path.parent, **where)
            model = AutoModelForCausalLM.from_pretrained(path.parent, dtype=torch.float32, **where)
    except Exception as error:  # what the readers make of a file that they do not understand
        raise UserError(f"{path}: transformers cannot read this GGUF file ({reason(error)}): give another file") from None
    del model.config.quantization_config  # the weights are plain numbers now
    model.hf_quantizer = None
    with quiet():
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
