"""One decoder-only Transformer with interchangeable parts: attention (dense, DSA) and feed-forward (dense, memory layer).

Residual blocks x + attention(norm x), x + feedforward(norm x); RMSNorm without parameters, also on queries, keys and the
embedding; rotary positions; relu^2; no biases; the embedding is also the output matrix. Output projections start at 0, so
that every block starts as the identity.
"""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from realmodels.attention.dense import DenseAttention
from realmodels.attention.dsa import DsaAttention
from realmodels.config import ModelConfig
from realmodels.feedforward.dense import DenseFeedForward
from realmodels.feedforward.memory_layer import MemoryLayer
from realmodels.record import Record, Residual
from theory.errors import UserError


def norm(x: Float[Tensor, "*batch width"]) -> Float[Tensor, "*batch width"]:
    """x scaled to root mean square 1."""
    return F.rms_norm(x, x.shape[-1:])


class Block(nn.Module):
    """Attention, then feed-forward, each added to the residual stream."""

    def __init__(self, config: ModelConfig, index: int):
        super().__init__()
        self.attention = DsaAttention(config) if config.architecture == "dsa" else DenseAttention(config)
        self.feedforward = MemoryLayer(config) if index == config.memory_block else DenseFeedForward(config)

    def forward(self, x: Residual, record: Record | None = None) -> Residual:
        """The residual stream after this block."""
        x = x + self.attention(norm(x), record)
        return x + self.feedforward(norm(x), record)


class Transformer(nn.Module):
    """A language model over token numbers; `config` says its shape."""

    def __init__(self, config: ModelConfig, seed: int = 0):
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocabulary, config.width)
        self.blocks = nn.ModuleList(Block(config, index) for index in range(config.layers))
        self.initialise(seed)

    @torch.no_grad()
    def initialise(self, seed: int) -> None:
        """Fresh parameters, a function of the configuration and the seed alone.

        Matrices: normal with variance 1/inputs; embedding: normal, deviation 0.02; matrices that write into the residual
        stream: 0. Memory keys: uniform within 1/sqrt(key_dim); values: normal with variance 1/value_dim (Berges et al. 2024).
        """
        generator = torch.Generator().manual_seed(seed)
        for name, parameter in self.named_parameters():
            if name.endswith("output.weight") or name.endswith("bias"):
                parameter.zero_()
            elif name.endswith("key_norm.weight"):
                parameter.fill_(1.0)
            elif name.endswith("feedforward.keys"):
                bound = 1 / math.sqrt(self.config.memory_key_dim)
                parameter.uniform_(-bound, bound, generator=generator)
            elif name == "embedding.weight":
                parameter.normal_(0.0, 0.02, generator=generator)
            else:
                parameter.normal_(0.0, 1 / math.sqrt(parameter.shape[-1]), generator=generator)

    def features(self, tokens: Int[Tensor, "batch length"], record: Record | None = None) -> Residual:
        """The normalised residual stream after the last block: logits are `features @ embedding.weight.T`."""
        if tokens.shape[1] > self.config.context:
            raise UserError(f"a text of {tokens.shape[1]} tokens does not fit a context of {self.config.context}: shorten it")
        x = norm(self.embedding(tokens))
        for block in self.blocks:
            x = block(x, record)
        return norm(x)

    def forward(
        self, tokens: Int[Tensor, "batch length"], record: Record | None = None
    ) -> Float[Tensor, "batch length vocabulary"]:
        """Logits of the next token at every position. With `record`, see realmodels.record."""
        return self.features(tokens, record) @ self.embedding.weight.T
