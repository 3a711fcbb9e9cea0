"""A GGUF file (llama.cpp): turned into a plain float32 folder once, by transformers' own reader, and then read from there.

The conversion takes about 20 seconds for 135 million parameters, reading the folder less than one. What is kept in the workspace
can be deleted at any time. It is known by the SHA-256 of the file, and made anew if it was damaged.
"""

import contextlib
import hashlib
import json
import math
import os
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import torch

from realmodels.model.about import reason
from realmodels.model.pretrained.folder import checked_config, digest, named, read
from realmodels.model.pretrained.quiet import quiet
from realmodels.model.pretrained.weights import weights
from simulate.runs.fingerprint import ROOT
from theory.errors import UserError

ABOUT = "converted.json"
FORMAT = 2  # of what is kept; a folder of another number is made anew
PLAIN = {0: "F32", 1: "F16", 30: "BF16"}  # types of GGUF that are plain numbers
UNFINISHED = 3600  # seconds after which what a killed conversion left is removed


def converted(path: Path, workspace: Path | None = None) -> Path:
    """The folder of a converted file; it is made if it is not there, or not as it was left.

    workspace: the folder that keeps conversions, in pretrained/; `build/` of the checkout by default. Raises UserError if the
    file is no GGUF file, or none of a causal language model that transformers can read.
    """
    sha256 = _sha256(path)
    folder = (workspace or ROOT / "build") / "pretrained" / sha256
    if not _whole(folder):
        _convert(path, sha256, folder)
    return folder


def conversion(folder: Path) -> dict[str, Any]:
    """What converted.json says of a folder: the file it was made from, its SHA-256, the format of its numbers ("numbers"), and
    the digest of the model. Empty if the folder was not converted from a GGUF file by this version."""
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        return about if about["format"] == FORMAT else {}
    except (OSError, ValueError, TypeError, KeyError):
        return {}


def _whole(folder: Path) -> bool:
    """Whether a folder has the model that was converted into it, bit for bit."""
    about = conversion(folder)
    try:
        return bool(about) and digest(checked_config(folder), weights(folder)) == about["model"]
    except UserError:
        return False


def _sha256(path: Path) -> str:
    """Digest of the file. Raises UserError if it is no GGUF file."""
    try:
        with path.open("rb") as file:
            if file.read(4) != b"GGUF":
                raise UserError(f"{path} is no GGUF file: give a GGUF file, or the folder of a model")
            file.seek(0)
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): give a GGUF file, or the folder of a model") from None


def _convert(path: Path, sha256: str, folder: Path) -> None:
    """Make the folder of a file; it appears whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    for left in folder.parent.glob(".writing-*"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > UNFINISHED:
                shutil.rmtree(left, ignore_errors=True)
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".writing-"))
    try:
        numbers = _save(path, temporary)
        try:
            found = read(temporary)
        except UserError as error:
            raise UserError(str(error).replace(str(temporary), str(path))) from None
        about = {"format": FORMAT, "file": path.name, "sha256": sha256, "numbers": numbers, "model": found.sha256}
        (temporary / ABOUT).write_text(json.dumps(about, indent=1), encoding="utf-8")
        if not _whole(folder):
            shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):  # another process was faster, with the same content
            os.replace(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _save(path: Path, folder: Path) -> str:
    """Save a file as a folder of Hugging Face; the format of most of its numbers, as "Q4_1". Raises UserError if that fails."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    where = {"gguf_file": path.name, "local_files_only": True, "trust_remote_code": False}
    try:
        with quiet():
            numbers = _numbers(path)
            tokenizer = AutoTokenizer.from_pretrained(path.parent, **where)
            model, found = AutoModelForCausalLM.from_pretrained(
                path.parent, dtype=torch.float32, output_loading_info=True, ignore_mismatched_sizes=True, **where
            )
    except UserError:
        raise
    except Exception as error:  # what the readers make of a file that they do not understand
        raise UserError(f"{path}: transformers cannot read this GGUF file ({reason(error)}): give another file") from None
    named(path, found)
    del model.config.quantization_config  # the weights are plain numbers now
    model.hf_quantizer = None
    with quiet():
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return numbers


def _numbers(path: Path) -> str:
    """The format of most numbers of a file. Raises UserError if it is truncated, or has something that the reader leaves out."""
    from transformers.integrations.gguf.dequant import GGML_NAME
    from transformers.integrations.gguf.reader import GgufHeader

    head = GgufHeader.from_file(str(path))
    counts: Counter[str] = Counter()
    size = path.stat().st_size
    for tensor in head.tensors:
        start = head.data_start + tensor.offset
        if start + tensor.nbytes > size:
            raise UserError(
                f"{path} is truncated: {tensor.name} ends at byte {start + tensor.nbytes:,} of {size:,}: copy it again"
            )
        if tensor.name == "rope_freqs.weight" and (np.fromfile(path, np.float32, tensor.nbytes // 4, offset=start) != 1).any():
            raise UserError(
                f"{path} scales its rotary positions (rope_freqs), which is not read: take the safetensors of the model"
            )
        counts[GGML_NAME.get(tensor.ggml_type, PLAIN.get(tensor.ggml_type, "unknown"))] += math.prod(tensor.shape)
    return counts.most_common(1)[0][0] if counts else "none"
