"""The safetensors files of a folder, read by their headers: whole, of one save, and nothing beside them.

A safetensors file is 8 bytes (length of the header), the header (JSON: name, dtype, shape and place of each tensor) and the
numbers (https://huggingface.co/docs/safetensors). So a truncated file is known without reading its numbers.
"""

import hashlib
import json
import math
import mmap
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from simulate.runs.files import parse_json
from theory.errors import UserError

SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"
CURE = "copy it again"
DTYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
BITS = {"F64": 64, "I64": 64, "U64": 64, "F32": 32, "I32": 32, "U32": 32, "F16": 16, "BF16": 16, "I16": 16, "U16": 16}
BITS |= {"I8": 8, "U8": 8, "BOOL": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6}
POINTER = b"version https://git-lfs"
MOST_HEADER = 100_000_000  # bytes, the limit of the format


@dataclass(frozen=True)
class Entry:
    """One tensor of a file: file, dtype as safetensors names it, shape, first byte and the one after the last."""

    file: Path
    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int

    @property
    def count(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Weights:
    """All tensors of a folder by name, sorted."""

    entries: dict[str, Entry]

    @property
    def bytes(self) -> int:
        """Bytes of all tensors on disk."""
        return sum(entry.stop - entry.start for entry in self.entries.values())

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of most numbers in the files. Raises UserError for integers or 8-bit numbers: a quantised model."""
        counts: Counter[str] = Counter()
        for entry in self.entries.values():
            counts[entry.dtype] += entry.count
        name = counts.most_common(1)[0][0]
        if name not in DTYPES:
            folder = next(iter(self.entries.values())).file.parent
            raise UserError(f"{folder}: the weights are {name}, quantised: give the model in float32, bfloat16, float16 or GGUF")
        return DTYPES[name]

    def data(self, name: str) -> "memoryview[int]":
        """The bytes of a tensor in its file."""
        entry = self.entries[name]
        if entry.start == entry.stop:
            return memoryview(b"")
        with entry.file.open("rb") as file:
            whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return memoryview(whole)[entry.start : entry.stop]

    def digest(self) -> str:
        """SHA-256 over name, dtype, shape and bytes of every tensor: the same however they are spread over files."""
        digest = hashlib.sha256()
        for name, entry in self.entries.items():
            digest.update(json.dumps([name, entry.dtype, entry.shape]).encode())
            digest.update(self.data(name))
        return digest.hexdigest()


def weights(folder: Path) -> Weights:
    """The tensors of a folder, by the headers of its files.

    Raises UserError that names the file: one that is missing, truncated or no safetensors file, one that lies beside the index
    and is not of it, a tensor that the index places where it is not, one that a file has and the index has not.
    """
    beside = sorted(path.name for path in folder.glob("*.safetensors"))
    beside = [name for name in beside if not name.startswith("consolidated")]  # Mistral's own format, the same model once more
    if (folder / INDEX).exists():
        where = _index(folder)
        files = sorted(set(where.values()))
        missing = [name for name in files if name not in beside]
        if missing:
            raise UserError(f"{folder / missing[0]} is missing, and {INDEX} has tensors in it: {CURE}")
    elif SINGLE in beside:
        where, files = None, [SINGLE]
    else:
        raise UserError(_nothing(folder, beside))
    stray = [name for name in beside if name not in files]
    if stray:
        of = INDEX if where is not None else SINGLE
        raise UserError(f"{folder / stray[0]} is no part of the model that {of} describes: move it elsewhere")
    entries: dict[str, Entry] = {}
    for name in files:
        found = header(folder / name)
        for tensor in found if where is not None else ():
            if where.get(tensor) != name:
                raise UserError(f"{folder / name} holds {tensor}, which {INDEX} does not place there: a file of another save")
        entries |= found
    lacking = [tensor for tensor in where or () if tensor not in entries]
    if lacking:
        raise UserError(f"{folder / where[lacking[0]]} lacks {lacking[0]}, which {INDEX} places there: a file of another save")
    if not entries:
        raise UserError(f"{folder / files[0]} holds no tensor: {CURE}")
    return Weights(dict(sorted(entries.items())))


def _index(folder: Path) -> dict[str, str]:
    """{tensor: name of its file}. Raises UserError if the index is none."""
    path = folder / INDEX
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): {CURE}") from None
    if data.startswith(POINTER):
        raise UserError(_pointer(path))
    content = parse_json(data, str(path), CURE)
    where = content.get("weight_map") if isinstance(content, dict) else None
    plain = isinstance(where, dict) and where and all(isinstance(name, str) for name in where.values())
    if not plain:
        raise UserError(f"{path} has no weight_map that says which file holds which tensor: {CURE}")
    for name in where.values():
        if Path(name).name != name or not name.endswith(".safetensors"):
            raise UserError(f"{path} names the file {name[:80]!r}, which is no safetensors file of this folder: {CURE}")
    return where


def _nothing(folder: Path, beside: list[str]) -> str:
    """One line on a folder that has neither the single file nor an index."""
    if beside:
        return f"{folder} has {beside[0]} and neither {SINGLE} nor {INDEX}: copy the folder again, with its index"
    pickles = sorted(path.name for path in folder.iterdir() if path.suffix in (".bin", ".pt", ".pth", ".ckpt"))
    if pickles:
        how = "AutoModelForCausalLM.from_pretrained(old).save_pretrained(new)"
        return f"{folder / pickles[0]} is a pickle, which can run code and is not read: save it as safetensors, by {how}"
    return f"{folder} has config.json and no weights: {SINGLE}, or shards and {INDEX}, are missing: copy the folder again"


def _pointer(path: Path) -> str:
    return f"{path} is a pointer of Git LFS and not the file itself: run git lfs pull"


def header(path: Path) -> dict[str, Entry]:
    """The tensors of one file by name. Raises UserError if it is truncated, too long, or no safetensors file."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            first = file.read(len(POINTER))
            length = int.from_bytes(first[:8], "little")
            file.seek(8)
            text = file.read(min(length, MOST_HEADER))
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): {CURE}") from None
    if first.startswith(POINTER):
        raise UserError(_pointer(path))
    if size < 8:
        raise UserError(f"{path} is truncated: it has {size} bytes: {CURE}")
    if length > MOST_HEADER or not text.startswith(b"{"):
        raise UserError(f"{path} is no safetensors file: {CURE}")
    if len(text) < length:
        raise UserError(f"{path} is truncated: it ends within its header, after {size:,} bytes: {CURE}")
    content = parse_json(text, str(path), f"it is no safetensors file; {CURE}")
    if not isinstance(content, dict):
        raise UserError(f"{path} is no safetensors file: {CURE}")
    entries = {name: _entry(path, name, about, 8 + length) for name, about in content.items() if name != "__metadata__"}
    end = max((entry.stop for entry in entries.values()), default=8 + length)
    if size != end:
        what = "is truncated" if size < end else "is too long"
        raise UserError(f"{path} {what}: it has {size:,} bytes and its header tells of {end:,}: {CURE}")
    return entries


def _entry(path: Path, name: str, about: Any, base: int) -> Entry:
    """One entry of a header. Raises UserError if it makes no sense."""
    try:
        dtype, shape, (start, stop) = about["dtype"], tuple(about["shape"]), about["data_offsets"]
        numbers = all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in (*shape, start, stop))
        if numbers and 8 * (stop - start) == BITS[dtype] * math.prod(shape):
            return Entry(path, dtype, shape, base + start, base + stop)
    except (KeyError, TypeError, ValueError):
        pass
    raise UserError(f"{path}: the header tells of a tensor {name[:80]!r} that cannot be: {CURE}")
