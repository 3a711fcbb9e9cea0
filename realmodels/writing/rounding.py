"""What rounding to the type of a model's file leaves of an update."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from realmodels.model.pretrained.weights import DTYPES, Entry
from realmodels.writing.patch import itemsize

Size = dict[str, float]


def values(data: np.ndarray, entry: Entry) -> Tensor:
    """The numbers of a tensor's bytes as float32, in its shape."""
    return torch.from_numpy(np.array(data)).view(DTYPES[entry.dtype]).float().reshape(entry.shape)


def norm(values: Tensor) -> float:
    """Euclidean norm of all numbers together."""
    return float(torch.linalg.vector_norm(values, dtype=torch.float64))


def size(base: np.ndarray, now: np.ndarray, written: Tensor, entry: Entry) -> Size:
    """What a write did to a tensor, and what rounding left of it. u = written - base in float32, r = rounded - base.

    update_norm: |u|. survives: <r, u> / |u|^2, 1 if rounding does no harm, 0 if it removes all; it may exceed 1, for rounding can
    enlarge. rounding_error: |r - u| / |u|. changed: numbers that differ in the file.
    """
    before = values(base, entry)
    update, kept = written.to("cpu", torch.float32) - before, values(now, entry) - before
    square = float((update * update).sum(dtype=torch.float64))
    shared = float((kept * update).sum(dtype=torch.float64))
    return {
        "update_norm": math.sqrt(square),
        "survives": shared / square if square else 0.0,
        "rounding_error": norm(kept - update) / math.sqrt(square) if square else 0.0,
        "changed": int((base != now).reshape(-1, itemsize(entry)).any(1).sum()),
    }


def total(sizes: Sequence[Size]) -> Size:
    """The same over all tensors that the method moved, those included of which rounding left nothing."""
    square = sum(one["update_norm"] ** 2 for one in sizes)
    shared = sum(one["survives"] * one["update_norm"] ** 2 for one in sizes)
    error = sum((one["rounding_error"] * one["update_norm"]) ** 2 for one in sizes)
    return {
        "update_norm": math.sqrt(square),
        "survives": shared / square if square else 0.0,
        "rounding_error": math.sqrt(error / square) if square else 0.0,
        "changed": sum(int(one["changed"]) for one in sizes),
    }
