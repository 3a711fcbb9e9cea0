"""Rotary position embedding, half-split: coordinate i is rotated together with coordinate i + d/2.

Su et al. 2021 (RoFormer), eq. 34; half-split pairs as in the lightning indexer of DeepSeek-V3.2. Interleaved pairs (2i, 2i+1)
are the other convention: the same function up to a permutation of coordinates when a model is trained with it from the start.
"""

import torch
from jaxtyping import Float
from torch import Tensor

BASE = 10_000.0


def angles(context: int, dim: int) -> tuple[Tensor, Tensor]:
    """(cos, sin) of shape [context, dim/2]: position t, frequency BASE^(-2i/dim)."""
    frequency = BASE ** (-torch.arange(0, dim, 2, dtype=torch.float64) / dim)
    angle = torch.outer(torch.arange(context, dtype=torch.float64), frequency)
    return angle.cos().float(), angle.sin().float()


def rotate(
    x: Float[Tensor, "*batch length dim"], cos: Float[Tensor, "context half"], sin: Float[Tensor, "context half"]
) -> Float[Tensor, "*batch length dim"]:
    """Rotate the vector at position t by t times the frequencies."""
    length = x.shape[-2]
    cos, sin = cos[:length], sin[:length]
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1)
