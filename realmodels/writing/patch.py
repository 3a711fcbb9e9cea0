"""The exact difference of two states of a tensor: the XOR of their bytes, small where little changed.

XOR undoes itself: base ^ patch = written and written ^ patch = base, for every bit pattern, NaN and -0.0 among them. A patch is
kept as byte planes (first all lowest bytes of the numbers, then all second ones, ...) in one zstd frame: signs, exponents and
leading digits that did not change are runs of zeros, and so are rows that were not written. Of a float32 matrix moved by a
thousandth, 0.59 of the bytes remain; of one in bfloat16, 0.15; of one of which k rows changed, about the k rows.
"""

import hashlib

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from realmodels.model.pretrained.weights import Entry, Weights

LEVEL = 1  # of zstd: higher levels take ten times as long and save 1% on byte planes


def bytes_of(tensor: Tensor, dtype: torch.dtype) -> np.ndarray:
    """The bytes of a tensor rounded to `dtype` (to nearest, ties to even), uint8 [numbers * size of one], in row order."""
    return tensor.detach().to("cpu", dtype).contiguous().reshape(-1).view(torch.uint8).numpy()


def stored_bytes(weights: Weights, name: str) -> np.ndarray:
    """The bytes of a tensor in its file, uint8 [bytes], read when they are used."""
    return np.frombuffer(weights.data(name), np.uint8)


def itemsize(entry: Entry) -> int:
    """Bytes of one number of a tensor in its file; 1 if it has none, or numbers of less than a byte."""
    return (entry.stop - entry.start) // max(entry.count, 1) or 1


def pack(patch: np.ndarray, itemsize: int) -> bytes:
    """A patch of bytes [n * itemsize] compressed."""
    planes = np.ascontiguousarray(patch.reshape(-1, itemsize).T)
    return bytes(pa.Codec("zstd", compression_level=LEVEL).compress(planes, asbytes=True))


def unpack(packed: bytes | np.ndarray, size: int, itemsize: int) -> np.ndarray:
    """The patch of `size` bytes that `pack` compressed. Raises ValueError if it holds something else."""
    try:
        planes = pa.Codec("zstd").decompress(packed, decompressed_size=size, asbytes=True) if size else b""
    except (OSError, pa.ArrowException) as error:
        raise ValueError(f"no patch of {size} bytes ({error})") from None
    if len(planes) != size:
        raise ValueError(f"a patch of {len(planes)} bytes in place of {size}")
    return np.frombuffer(planes, np.uint8).reshape(itemsize, -1).T.reshape(-1)


def sha(data: np.ndarray) -> str:
    """SHA-256 of bytes."""
    return hashlib.sha256(memoryview(np.ascontiguousarray(data))).hexdigest()
