"""How well a model predicts held-out text: bits per byte."""

import math
from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Int
from torch import Tensor

from realmodels.model.transformer import Transformer
from realmodels.text.encoded import Encoded

HELDOUT_TOKENS = 1000
"""Tokens of held-out text per source that are scored while a model is finetuned or written."""


@torch.no_grad()
def bits(model: Transformer, tokens: Int[Tensor, " length"], batch: int = 32) -> float:
    """Bits that the model needs for tokens[1:]. Each is predicted from at least half a context, or from the start of the text.

    Windows of one context overlap by half. In each window but the first, only the later half is scored.
    """
    context = model.config.context
    half = context // 2
    device = model.embedding.weight.device
    inputs, targets = tokens[:-1], tokens[1:]
    starts = list(range(0, max(1, len(inputs) - half), half))
    nats = 0.0
    for first in range(0, len(starts), batch):
        rows = starts[first : first + batch]
        index = torch.tensor(rows)[:, None] + torch.arange(context)
        scored = (index < len(inputs)) & ((torch.arange(context) >= half) | (index < half))
        index = index.clamp(max=len(inputs) - 1)
        logits = model(inputs[index].to(device)).float()
        losses = F.cross_entropy(logits.flatten(0, 1), targets[index].flatten().to(device), reduction="none")
        nats += float(losses[scored.flatten().to(device)].double().sum())
    return nats / math.log(2)


def bits_per_byte(model: Transformer, text: Encoded, limit: int | None = None) -> dict[str, float]:
    """Bits per byte of the held-out text of each source, and of "all" together. limit: score only so many tokens per source."""
    return per_byte(
        {source: bits(model, torch.from_numpy(tokens[:limit].astype(np.int64))) for source, tokens in text.heldout.items()},
        text,
        limit,
    )


def per_byte(bits: Mapping[str, float], text: Encoded, limit: int | None = None) -> dict[str, float]:
    """Bits of each source's held-out text, divided by its bytes; "all" is the quotient of the sums."""
    size = {source: text.bytes_of(text.heldout[source][1:limit]) for source in bits}
    return {"all": sum(bits.values()) / sum(size.values())} | {source: bits[source] / size[source] for source in bits}
