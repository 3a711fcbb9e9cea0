"""The product-key memory layer: a table of values of which a token reads a few rows.

Lample et al. 2019 (product keys), Berges et al. 2024 (gated output, one table for all heads). With n sub-keys per half there are
n^2 slots; slot (i, j), number n i + j, has the key (K1_i, K2_j), never formed. A query of memory_key_dim numbers is cut in two
halves; the score of a slot is q1 . K1_i + q2 . K2_j, so the best topk slots are among the topk^2 sums of the best topk of each
half (a slot outside has at least topk slots above it). A softmax over the topk scores weights the values; heads have keys of
their own and share the values; the result is gated: W_output (y * silu(W_gate x)). The query alone has a bias.
So the formula of the paper. The released code also has biases in the projection of the result and in the gate.

The hyperparameter `tables` is 1, as said, or the number of heads. In the second case every head has values of its own and no slot
is read by two heads. The tables lie one under another in `values`: slot (i, j) of head h is number h n^2 + n i + j.
"""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from realmodels.model.config import Hyperparameters, ModelConfig
from realmodels.model.part import Cache, Part
from realmodels.model.record import Record, Residual, note
from theory.errors import UserError


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


class MemoryLayer(Part):
    """A feed-forward layer that reads heads * topk of its slots per token; the values are `values.weight` [slots, value_dim]."""

    @staticmethod
    def hyperparameters(shape: ModelConfig) -> Hyperparameters:
        """Sub-keys per half, heads, slots read per head, numbers of a query and of a value, tables of values."""
        keys = {"tiny": 8, "mini": 16, "small": 32, "medium": 48, "large": 64, "base": 256}[shape.size]
        small = shape.size == "tiny"
        return {
            "keys": keys,
            "heads": 2,
            "topk": 4 if small else 8,
            "key_dim": 16 if small else 32,
            "value_dim": {"tiny": 32, "mini": 48}.get(shape.size, 2 * shape.head_dim),
            "tables": 1,
        }

    def __init__(self, config: ModelConfig):
        super().__init__()
        sizes = {name: int(value) for name, value in config.hyperparameters["memory"].items()}
        self.heads, self.topk, self.tables = sizes["heads"], sizes["topk"], sizes.get("tables", 1)
        if self.tables not in (1, self.heads):
            raise UserError(f"a memory layer of {self.heads} heads has 1 or {self.heads} tables, not {self.tables}")
        self.slots = self.tables * sizes["keys"] ** 2
        half = sizes["key_dim"] // 2
        self.query = nn.Linear(config.width, self.heads * 2 * half)
        self.keys = nn.Parameter(torch.empty(2, self.heads, sizes["keys"], half))
        self.values = nn.Embedding(self.slots, sizes["value_dim"])
        self.gate = nn.Linear(config.width, sizes["value_dim"], bias=False)
        self.output = nn.Linear(sizes["value_dim"], config.width, bias=False)

    def draw(self, name: str, parameter: Tensor, generator: torch.Generator) -> None:
        """As in every part; sub-keys uniform within 1/sqrt(key_dim) (Berges et al. 2024)."""
        if name == "keys":
            bound = 1 / math.sqrt(2 * parameter.shape[-1])
            parameter.uniform_(-bound, bound, generator=generator)
        else:
            super().draw(name, parameter, generator)

    def idle(self) -> int:
        """The values of the slots that a token does not read."""
        return (self.slots - self.heads * self.topk) * self.values.embedding_dim

    def read(self, x: Residual) -> tuple[Tensor, Tensor]:
        """(slots, weights) that each head reads at each token, both [batch, length, heads, topk]."""
        query = self.query(x).unflatten(-1, (self.heads, 2, -1))
        first, second = (torch.einsum("blhd,hnd->blhn", query[..., half, :], self.keys[half]) for half in (0, 1))
        scores, slots = product_topk(first, second, self.topk)
        if self.tables > 1:
            slots = slots + self.slots // self.tables * torch.arange(self.heads, device=slots.device)[:, None]
        return slots, scores.softmax(-1)

    def forward(self, x: Residual, record: Record | None = None, cache: Cache | None = None) -> Residual:
        """The layer at normalised inputs x; records "slots" and "slot_weights"."""
        slots, weights = self.read(x)
        note(record, slots=slots, slot_weights=weights)
        y = torch.einsum("blhk,blhkd->bld", weights, self.values(slots))
        return self.output(y * F.silu(self.gate(x)))


PART = MemoryLayer
