"""PEER: a feed-forward layer put together, for every token, from single hidden units that it retrieves out of many.

He 2024, Mixture of a million experts (arXiv 2407.04153), section 2 and algorithm 1. Expert i is one hidden unit, with an input
vector u_i (`down`) and an output vector v_i (`values`). Every head has a query of its own. Product keys, as in the memory layer
(`realmodels.model.feedforward.memory`), find the topk experts of highest score. Heads share the experts and the keys:
    y = sum over heads h and experts i in T_h of softmax(s_h over T_h)_i gelu(u_i . x) v_i.
Two heads that pick one expert add up. GELU is the exact one.
The paper normalises queries with batch normalisation, which makes a token depend on others, later ones included. Here every query
is divided by its root mean square, and a token stays on its own. Queries have a bias, as in the memory layer. Output vectors
start at 0, so that the block starts as the identity.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from realmodels.model.config import Hyperparameters, ModelConfig
from realmodels.model.feedforward.memory import product_topk
from realmodels.model.part import Cache, Part
from realmodels.model.record import Record, Residual, note


class PeerLayer(Part):
    """A feed-forward layer of heads * topk hidden units, retrieved for every token out of `slots` = keys^2 of them."""

    @staticmethod
    def hyperparameters(shape: ModelConfig) -> Hyperparameters:
        """Sub-keys per half, heads, experts retrieved per head, numbers of a query."""
        keys = {"tiny": 8, "mini": 16, "small": 24, "medium": 32, "large": 40, "base": 96}[shape.size]
        heads, topk = {"tiny": (2, 4), "base": (8, 16)}.get(shape.size, (4, 8))
        return {"keys": keys, "heads": heads, "topk": topk, "key_dim": 16 if shape.size == "tiny" else 32}

    def __init__(self, config: ModelConfig):
        super().__init__()
        sizes = {name: int(value) for name, value in config.hyperparameters["peer"].items()}
        self.heads, self.topk, self.slots = sizes["heads"], sizes["topk"], sizes["keys"] ** 2
        half = sizes["key_dim"] // 2
        self.query = nn.Linear(config.width, self.heads * 2 * half)
        self.keys = nn.Parameter(torch.empty(2, sizes["keys"], half))
        self.down = nn.Embedding(self.slots, config.width)
        self.values = nn.Embedding(self.slots, config.width)

    def draw(self, name: str, parameter: Tensor, generator: torch.Generator) -> None:
        """As in every part; sub-keys as in the memory layer; output vectors 0."""
        if name == "keys":
            bound = 1 / math.sqrt(2 * parameter.shape[-1])
            parameter.uniform_(-bound, bound, generator=generator)
        elif name == "values.weight":
            parameter.zero_()
        else:
            super().draw(name, parameter, generator)

    def idle(self) -> int:
        """Both vectors of the experts that a token does not retrieve."""
        return (self.slots - self.heads * self.topk) * 2 * self.values.embedding_dim

    def read(self, x: Residual) -> tuple[Tensor, Tensor]:
        """(experts, weights) that each head retrieves at each token, both [batch, length, heads, topk]."""
        query = self.query(x).unflatten(-1, (self.heads, -1))
        query = F.rms_norm(query, query.shape[-1:]).unflatten(-1, (2, -1))
        first, second = (torch.einsum("blhd,nd->blhn", query[..., half, :], self.keys[half]) for half in (0, 1))
        scores, slots = product_topk(first, second, self.topk)
        return slots, scores.softmax(-1)

    def forward(self, x: Residual, record: Record | None = None, cache: Cache | None = None) -> Residual:
        """The layer at normalised inputs x; records "slots", the experts, and "slot_weights"."""
        slots, weights = self.read(x)
        note(record, slots=slots, slot_weights=weights)
        units = F.gelu(torch.einsum("bld,blhkd->blhk", x, self.down(slots)))
        return torch.einsum("blhk,blhkd->bld", weights * units, self.values(slots))


PART = PeerLayer
