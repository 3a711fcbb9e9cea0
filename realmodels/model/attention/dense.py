"""Causal softmax attention over all earlier tokens (Vaswani et al. 2017); rotary positions, normalised queries and keys."""

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from realmodels.model.attention.rope import angles, rotate
from realmodels.model.config import ModelConfig
from realmodels.model.part import Cache, Part
from realmodels.model.record import Record, Residual


class Projections(nn.Module):
    """Queries, keys and values of all heads, and the way back to the residual stream."""

    cos: Tensor
    sin: Tensor

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.heads = config.heads
        self.query, self.key, self.value, self.output = (nn.Linear(config.width, config.width, bias=False) for _ in range(4))
        cos, sin = angles(config.context, config.head_dim)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    def split(self, x: Residual, cache: Cache | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """q of x, k and v of all tokens so far, [batch, heads, length, head_dim]; q and k rotated, of root mean square 1."""
        start = cache.length if cache else 0
        q, k, v = (part(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (self.query, self.key, self.value))
        q, k = (rotate(F.rms_norm(part, part.shape[-1:]), self.cos, self.sin, start) for part in (q, k))
        return (q, k, v) if cache is None else (q, cache.grow("k", k), cache.grow("v", v))

    def merge(self, y: Float[Tensor, "batch heads length dim"]) -> Residual:
        """Heads side by side, through the output matrix."""
        return self.output(y.transpose(1, 2).flatten(-2))


def attend(
    q: Float[Tensor, "batch heads length dim"],
    k: Float[Tensor, "batch heads total dim"],
    v: Float[Tensor, "batch heads total value_dim"],
    seen: Bool[Tensor, "*#batch length total"],
) -> tuple[Float[Tensor, "batch heads length value_dim"], Float[Tensor, "batch heads length total"]]:
    """Softmax attention restricted to the pairs (t, s) with seen[t, s]: (what is read, the weights)."""
    scores = (q @ k.transpose(-1, -2)) * q.shape[-1] ** -0.5
    weights = scores.masked_fill(~seen, -torch.inf).softmax(-1)
    return weights @ v, weights


def softmax_attention(q: Tensor, k: Tensor, v: Tensor, seen: Tensor | None = None, whole: bool = False, **options: Any) -> Tensor:
    """What softmax attention reads, in one operation: over pairs with seen[t, s], or over all earlier tokens if `whole`.

    Shapes as in `attend`. On a CPU in float32 even under autocast: its backward pass in bfloat16 takes five times as long there.
    """
    if q.device.type == "cpu":
        with torch.autocast("cpu", enabled=False):
            q, k, v = (x.to(torch.promote_types(x.dtype, torch.float32)) for x in (q, k, v))
            return F.scaled_dot_product_attention(q, k, v, seen, is_causal=whole, **options)
    return F.scaled_dot_product_attention(q, k, v, seen, is_causal=whole, **options)


def causal(length: int, device: torch.device, past: int = 0) -> Bool[Tensor, "length total"]:
    """True where the token at past + t may see token s of all past + length: s <= past + t."""
    return torch.ones(length, past + length, dtype=torch.bool, device=device).tril(past)


class DenseAttention(Part):
    """Every token sees every token before it and itself."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.projections = Projections(config)

    def forward(self, x: Residual, record: Record | None = None, cache: Cache | None = None) -> Residual:
        """Attention of normalised inputs x; nothing is recorded."""
        q, k, v = self.projections.split(x, cache)
        whole = q.shape[-2] == k.shape[-2]
        seen = None if whole else causal(q.shape[-2], x.device, k.shape[-2] - q.shape[-2])
        return self.projections.merge(softmax_attention(q, k, v, seen, whole))


PART = DenseAttention
