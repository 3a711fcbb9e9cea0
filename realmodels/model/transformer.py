"""One decoder-only Transformer whose blocks are made of interchangeable parts: an attention and a feed-forward each.

Residual blocks x + attention(norm x), x + feedforward(norm x); RMSNorm without parameters, also on the embedding; no biases;
the embedding is also the output matrix. Output projections start at 0, so that every block starts as the identity.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from realmodels.model.config import ModelConfig
from realmodels.model.part import Cache, part
from realmodels.model.record import Record, Residual
from theory.errors import UserError

Caches = list[tuple[Cache, Cache]]


def norm(x: Float[Tensor, "*batch width"]) -> Float[Tensor, "*batch width"]:
    """x scaled to root mean square 1."""
    return F.rms_norm(x, x.shape[-1:])


class Block(nn.Module):
    """Attention, then feed-forward, each added to the residual stream."""

    def __init__(self, config: ModelConfig, index: int):
        super().__init__()
        self.attention = part("attention", config.attention[index])(config)
        self.feedforward = part("feedforward", config.feedforward[index])(config)

    def forward(self, x: Residual, record: Record | None = None, cache: tuple[Cache, Cache] | None = None) -> Residual:
        """The residual stream after this block."""
        of_attention, other = cache or (None, None)
        x = x + self.attention(norm(x), record, of_attention)
        return x + self.feedforward(norm(x), record, other)


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

        Embedding: deviation 0.02, or 2/width if that is less, since the logit of a token at itself starts at width times it.
        """
        if self.embedding.weight.is_meta:  # a model of which only the shapes are asked
            return
        generator = torch.Generator().manual_seed(seed)
        self.embedding.weight.normal_(0.0, min(0.02, 2 / self.config.width), generator=generator)
        for block in self.blocks:
            block.attention.initialise(generator)
            block.feedforward.initialise(generator)

    def caches(self) -> Caches:
        """Empty caches, to be handed to every call of one generation."""
        return [(Cache(), Cache()) for _ in self.blocks]

    def features(
        self, tokens: Int[Tensor, "batch length"], record: Record | None = None, caches: Caches | None = None
    ) -> Residual:
        """The normalised residual stream after the last block: logits are `features @ embedding.weight.T`.

        With caches, the tokens are those after the ones that went through them before. Raises UserError beyond the context.
        """
        total = tokens.shape[1] + (caches[0][0].length if caches else 0)
        if total > self.config.context:
            raise UserError(f"a text of {total} tokens does not fit a context of {self.config.context}: shorten it")
        x = norm(self.embedding(tokens))
        for index, block in enumerate(self.blocks):
            x = block(x, record, caches[index] if caches else None)
        for pair in caches or ():
            for cache in pair:
                cache.length += tokens.shape[1]
        return norm(x)

    def forward(
        self, tokens: Int[Tensor, "batch length"], record: Record | None = None, caches: Caches | None = None
    ) -> Float[Tensor, "batch length vocabulary"]:
        """Logits of the next token at every position. With `record`, see realmodels.model.record; with `caches`, `features`."""
        return self.features(tokens, record, caches) @ self.embedding.weight.T

    @torch.no_grad()
    def generate(
        self, tokens: Int[Tensor, "batch length"], count: int, temperature: float = 0.0, seed: int = 0
    ) -> Int[Tensor, "batch total"]:
        """The tokens and `count` more, one after another: the likeliest, or drawn at a temperature. Errors as `features`."""
        caches, generator = self.caches(), torch.Generator(tokens.device).manual_seed(seed)
        new = tokens
        for _ in range(count):
            logits = self(new, caches=caches)[:, -1]
            if temperature > 0:
                new = torch.multinomial((logits / temperature).softmax(-1), 1, generator=generator)
            else:
                new = logits.argmax(-1, keepdim=True)
            tokens = torch.cat((tokens, new), 1)
        return tokens
