"""The product-key memory layer: a table of values of which a token reads a few rows.

Lample et al. 2019 (product keys), Berges et al. 2024 (gated output, one table for all heads). With n sub-keys per half there are
n^2 slots; slot (i, j), number n i + j, has the key (K1_i, K2_j), never formed. A query of memory_key_dim numbers is cut in two
halves; the score of a slot is q1 . K1_i + q2 . K2_j, so the best topk slots are among the topk^2 sums of the best topk of each
half (a slot outside has at least topk slots above it). A softmax over the topk scores weights the values; heads have keys of
their own and share the values; the result is gated: W_output (y * silu(W_gate x)). The query alone has a bias.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from realmodels.config import ModelConfig
from realmodels.record import Record, Residual, note


def product_topk(
    first: Float[Tensor, "*batch n"], second: Float[Tensor, "*batch n"], topk: int
) -> tuple[Float[Tensor, "*batch topk"], Int[Tensor, "*batch topk"]]:
    """The topk largest of first[i] + second[j] and their slots n i + j, without forming the n^2 sums. Needs topk <= n."""
    n = first.shape[-1]
    (a, i), (b, j) = first.topk(topk, dim=-1), second.topk(topk, dim=-1)
    sums = (a[..., :, None] + b[..., None, :]).flatten(-2)
    slots = (n * i[..., :, None] + j[..., None, :]).flatten(-2)
    scores, best = sums.topk(topk, dim=-1)
    return scores, slots.gather(-1, best)


class MemoryLayer(nn.Module):
    """A feed-forward layer that reads heads * topk of its slots per token; the values are `values.weight` [slots, value_dim]."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.heads, self.topk, self.slots = config.memory_heads, config.memory_topk, config.slots
        half = config.memory_key_dim // 2
        self.query = nn.Linear(config.width, self.heads * config.memory_key_dim)
        self.keys = nn.Parameter(torch.empty(2, self.heads, config.memory_keys, half))
        self.values = nn.Embedding(config.slots, config.memory_value_dim)
        self.gate = nn.Linear(config.width, config.memory_value_dim, bias=False)
        self.output = nn.Linear(config.memory_value_dim, config.width, bias=False)

    def read(self, x: Residual) -> tuple[Tensor, Tensor]:
        """(slots, weights) that each head reads at each token, both [batch, length, heads, topk]."""
        query = self.query(x).unflatten(-1, (self.heads, 2, -1))
        first, second = (torch.einsum("blhd,hnd->blhn", query[..., half, :], self.keys[half]) for half in (0, 1))
        scores, slots = product_topk(first, second, self.topk)
        return slots, scores.softmax(-1)

    def forward(self, x: Residual, record: Record | None = None) -> Residual:
        """The layer at normalised inputs x; records "slots" and "slot_weights"."""
        slots, weights = self.read(x)
        note(record, slots=slots, slot_weights=weights)
        y = torch.einsum("blhk,blhkd->bld", weights, self.values(slots))
        return self.output(y * F.silu(self.gate(x)))
