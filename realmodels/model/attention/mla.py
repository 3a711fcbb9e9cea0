"""Multi-head latent attention: keys and values of all heads come from one short vector per token, and only that is kept.

DeepSeek-V2 (2024), section 2.1, eqs. 9-19, at the block's input h[t]; | is concatenation, norm scales to root mean square 1:
    c_Q[t]  = norm W_DQ h[t]                  latent of the queries, q_rank numbers
    c_KV[t] = norm W_DKV h[t]                 latent of keys and values, kv_rank numbers
    q_i[t]  = W_UQ_i c_Q[t] | R_t W_QR_i c_Q[t]   head i: nope_dim numbers without position, then rope_dim with it
    k_i[s]  = W_UK_i c_KV[s] | R_s W_KR h[s]      the part with position is ONE for all heads, and comes from the input
    v_i[s]  = W_UV_i c_KV[s]                  value_dim numbers
    o_i[t]  = sum_{s <= t} softmax_s(q_i[t] . k_i[s] (nope_dim + rope_dim)^-1/2) v_i[s],    output W_O (o_1 | ... | o_H)
R_t turns interleaved pairs (2j, 2j + 1), as the released weights do. A position must not stand between W_UQ and W_UK, or their
product could not be formed; so it has numbers of its own. A cache keeps c_KV (normalised) and R_s W_KR h[s]: kv_rank + rope_dim
numbers per token instead of 2 width.

The norms of the latents are in section 3.1.2 ("additional RMS Norm layers after the compressed latent vectors"). Their gains are
part of the matrices after them. They add 1e-6 to the mean square, as the released code does. Queries and keys are not normalised,
unlike in `dense`. Here keys and values are formed anew from the latents in the cache; the other order,
(W_UK^T W_UQ c_Q) . c_KV, is the same numbers.
"""

from typing import ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from realmodels.model.attention.dense import causal, softmax_attention
from realmodels.model.attention.rope import angles, rotate
from realmodels.model.config import Hyperparameters, ModelConfig
from realmodels.model.part import Cache, Part
from realmodels.model.record import Record, Residual

EPSILON = 1e-6  # of the norms of the latents: as released


class LatentProjections(nn.Module):
    """Queries, keys and values of all heads by way of their latents, and the way back to the residual stream."""

    cos: Tensor
    sin: Tensor

    def __init__(self, config: ModelConfig, part: str, rotary: bool = True):
        """`part` is the name under which the hyperparameters are found; not rotary: R_t = 1."""
        super().__init__()
        self.rotary = rotary
        sizes = {name: int(value) for name, value in config.hyperparameters[part].items()}
        self.heads = config.heads
        q_rank, kv_rank, rope = sizes["q_rank"], sizes["kv_rank"], sizes["rope_dim"]
        keys, values = config.heads * sizes["nope_dim"], config.heads * sizes["value_dim"]
        self.query_down = nn.Linear(config.width, q_rank, bias=False)  # W_DQ
        self.query_up = nn.Linear(q_rank, keys, bias=False)  # W_UQ
        self.query_rope = nn.Linear(q_rank, config.heads * rope, bias=False)  # W_QR
        self.latent = nn.Linear(config.width, kv_rank, bias=False)  # W_DKV
        self.key_up = nn.Linear(kv_rank, keys, bias=False)  # W_UK
        self.key_rope = nn.Linear(config.width, rope, bias=False)  # W_KR
        self.value_up = nn.Linear(kv_rank, values, bias=False)  # W_UV
        self.output = nn.Linear(values, config.width, bias=False)  # W_O
        cos, sin = angles(config.context, rope)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    def queries(self, x: Residual) -> Float[Tensor, "batch length q_rank"]:
        """The normalised latent of the queries, c_Q."""
        return _norm(self.query_down(x))

    def split(
        self, x: Residual, queries: Float[Tensor, "batch length q_rank"], cache: Cache | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """q of x, k and v of all tokens so far, [batch, heads, length, nope_dim + rope_dim], of v value_dim; `queries` is c_Q."""
        start = cache.length if cache else 0
        latent = _norm(self.latent(x))
        turned = self._turned(self.key_rope(x), start)
        if cache is not None:
            latent, turned = cache.grow("latent", latent), cache.grow("key_rope", turned)
        content, k, v = (self._heads(up) for up in (self.query_up(queries), self.key_up(latent), self.value_up(latent)))
        position = self._turned(self._heads(self.query_rope(queries)), start)
        shared = turned[:, None].expand(-1, self.heads, -1, -1)
        return torch.cat((content, position), -1), torch.cat((k, shared), -1), v

    def merge(self, y: Float[Tensor, "batch heads length value_dim"]) -> Residual:
        """Heads side by side, through the output matrix."""
        return self.output(y.transpose(1, 2).flatten(-2))

    def _turned(self, x: Tensor, start: int) -> Tensor:
        return rotate(x, self.cos, self.sin, start, interleaved=True) if self.rotary else x

    def _heads(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


def _norm(x: Tensor) -> Tensor:
    return F.rms_norm(x, x.shape[-1:], eps=EPSILON)


class MlaAttention(Part):
    """Every token sees every token before it and itself, through a latent of few numbers per token."""

    name: ClassVar[str] = "mla"
    rotary: ClassVar[bool] = True

    @staticmethod
    def hyperparameters(shape: ModelConfig) -> Hyperparameters:
        """A latent of a quarter of the width for keys and values (DeepSeek-V2-Lite), thrice that for queries (DeepSeek-V2).

        Heads as wide as in `dense`, and half a head's width more for the position, as in all of DeepSeek's.
        """
        kv_rank = shape.width // 4
        return {
            "q_rank": 3 * kv_rank,
            "kv_rank": kv_rank,
            "nope_dim": shape.head_dim,
            "rope_dim": shape.head_dim // 2,
            "value_dim": shape.head_dim,
        }

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.projections = LatentProjections(config, self.name, self.rotary)

    def forward(self, x: Residual, record: Record | None = None, cache: Cache | None = None) -> Residual:
        """Attention of normalised inputs x; nothing is recorded."""
        q, k, v = self.projections.split(x, self.projections.queries(x), cache)
        whole = q.shape[-2] == k.shape[-2]
        seen = None if whole else causal(q.shape[-2], x.device, k.shape[-2] - q.shape[-2])
        return self.projections.merge(softmax_attention(q, k, v, seen, whole))


PART = MlaAttention
