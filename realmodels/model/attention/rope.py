"""Rotary position embedding: pairs of coordinates turned by angles that grow with the position.

Su et al. 2021 (RoFormer), eq. 34. Two conventions pair the coordinates: half-split (i with i + d/2: Llama, the lightning indexer
of DeepSeek-V3.2) and interleaved (2i with 2i + 1: DeepSeek's MLA). They are the same function up to a permutation of coordinates,
so a model trained with either is none the worse, but weights of one read with the other are nonsense.
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
    x: Float[Tensor, "*batch length dim"],
    cos: Float[Tensor, "context half"],
    sin: Float[Tensor, "context half"],
    start: int = 0,
    interleaved: bool = False,
) -> Float[Tensor, "*batch length dim"]:
    """Rotate the vectors at positions start, start + 1, ... each by its position times the frequencies."""
    stop = start + x.shape[-2]
    cos, sin = cos[start:stop], sin[start:stop]
    if interleaved:
        a, b = x[..., 0::2], x[..., 1::2]
        return torch.stack((a * cos - b * sin, a * sin + b * cos), dim=-1).flatten(-2)
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1)
