"""Where each tensor of a folder of safetensors files lies, so that single tensors are read and replaced without the others.

A safetensors file is an 8-byte length, a JSON header {name: {dtype, shape, data_offsets}}, and the numbers in row order. Whoever
replaces the bytes of a tensor in a copy leaves header, order and all other tensors as they are.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from realmodels.model.about import CONFIG, MODEL, reason
from simulate.runs.files import read_json
from theory.errors import UserError

INDEX = f"{MODEL}.index.json"
CURE = "copy the folder again"
DTYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "F64": torch.float64}
SAVED_BY = {"transformers_version", "_name_or_path"}
LARGEST_HEADER = 100_000_000  # bytes: the limit of the safetensors library


@dataclass(frozen=True)
class Stored:
    """A tensor in a file. kind: its type in safetensors' words, "BF16". begin, end: from which byte, up to which."""

    file: Path
    kind: str
    shape: tuple[int, ...]
    begin: int
    end: int

    @property
    def dtype(self) -> torch.dtype | None:
        """PyTorch's name of a floating type; None for another."""
        return DTYPES.get(self.kind)

    @property
    def itemsize(self) -> int:
        """Bytes of a number."""
        return (self.end - self.begin) // max(math.prod(self.shape), 1) or 1

    def bytes(self, file: Path | None = None) -> np.ndarray:
        """Its bytes, uint8 [end - begin], read from the file when they are used. file: another file of the same layout."""
        if self.begin == self.end:
            return np.zeros(0, np.uint8)
        return np.memmap(file or self.file, np.uint8, "r", self.begin, (self.end - self.begin,))


def weight_files(folder: Path) -> list[str]:
    """Names of the files that hold the weights of a model: those of the index, or the one file. UserError if there are none."""
    if (folder / INDEX).is_file():
        index = read_json(folder / INDEX, CURE)
        places = index.get("weight_map") if isinstance(index, Mapping) else None
        if not isinstance(places, Mapping) or not places or not all(isinstance(name, str) for name in places.values()):
            raise UserError(f'{folder / INDEX} has no "weight_map" of tensors to files: {CURE}')
        names = sorted(set(places.values()))
        strange = [name for name in names if Path(name).name != name]
        if strange:
            raise UserError(f"{folder / INDEX} names {strange[0]!r}, which is no file of the folder: {CURE}")
        return names
    if (folder / MODEL).is_file():
        return [MODEL]
    raise UserError(f"{folder} has neither {MODEL} nor {INDEX}: give the folder of a model in safetensors")


def stored(folder: Path) -> dict[str, Stored]:
    """The tensors of a folder by name. Raises UserError naming the file that is missing, truncated or no safetensors."""
    found: dict[str, Stored] = {}
    for name in weight_files(folder):
        for tensor, place in _of_file(folder / name).items():
            if tensor in found:
                raise UserError(f"{folder}: {found[tensor].file.name} and {name} both hold {tensor}: {CURE}")
            found[tensor] = place
    return found


def _of_file(path: Path) -> dict[str, Stored]:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(LARGEST_HEADER, size - 8):
                raise ValueError("its header is cut off")
            header = json.loads(file.read(length))
        start = 8 + length
        found = {name: _place(path, start, entry) for name, entry in header.items() if name != "__metadata__"}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(f"{path} is missing or damaged ({reason(error)}): {CURE}") from None
    last = max((place.end for place in found.values()), default=start)
    if last != size:
        raise UserError(f"{path} is damaged: it has {size} bytes and its header says {last}: {CURE}")
    return found


def _place(path: Path, start: int, entry: Any) -> Stored:
    (begin, end), shape, kind = entry["data_offsets"], tuple(entry["shape"]), entry["dtype"]
    if not all(isinstance(number, int) and number >= 0 for number in (begin, end, *shape)) or begin > end:
        raise ValueError("its header has an impossible size")
    return Stored(path, str(kind), shape, start + begin, start + end)


def identity(folder: Path) -> str:
    """SHA-256 of what a model is: its configuration, and name, type, shape and bytes of every tensor.

    It does not depend on how the tensors are spread over files, nor on who saved the configuration. Raises UserError if a file is
    missing or damaged.
    """
    config = read_json(folder / CONFIG, CURE)
    if not isinstance(config, Mapping):
        raise UserError(f"{folder / CONFIG} is no JSON object: {CURE}")
    config = {"model": config["model"]} if "model" in config and "format" in config else config  # the latter: one of ours
    whole = hashlib.sha256(json.dumps({k: v for k, v in config.items() if k not in SAVED_BY}, sort_keys=True).encode())
    for name, place in sorted(stored(folder).items()):
        whole.update(f"\n{name} {place.kind} {list(place.shape)}\n".encode())
        whole.update(memoryview(place.bytes()))
    return whole.hexdigest()
