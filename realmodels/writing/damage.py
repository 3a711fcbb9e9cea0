"""What a write does to what it should not touch: text, and the function of every written matrix on that text.

The size of an update in function space, on protected text, with C the second moment of what a matrix W reads there in the base
model (no window's first token is left out):
  F_Delta^2 = tr(dW C dW^T) / tr(C) = sum over tokens of |dW x|^2 / sum over tokens of |x|^2.
Of several matrices: the sums of both sides are taken over all of them. A finetuning study over many methods finds that forgetting
follows this size more closely than the direction of the update; so it stands beside every result.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from realmodels.model.matrices import matrices
from realmodels.model.reading import inputs_of, logits_at
from realmodels.text.protected import Protected

AT_ONCE = 4  # windows


@torch.no_grad()
def bits_per_byte(model: nn.Module, text: Protected) -> float:
    """Cross-entropy of the windows, bits per byte: each token but the first of a window, given those before it in the window."""
    bits = 0.0
    for tokens in text.tokens.split(AT_ONCE):
        count, length = tokens.shape
        row = torch.arange(count).repeat_interleave(length - 1)
        place = torch.arange(length - 1).repeat(count)
        logits = logits_at(model, tokens, row, place)
        nats = nn.functional.cross_entropy(logits, tokens[:, 1:].flatten(), reduction="none")
        bits += float(nats.double().sum()) / math.log(2)
    return bits / text.bytes


@dataclass(frozen=True)
class Damage:
    """function: F_Delta of the written matrices together, None if no matrix was written. weight: |dw| / |w| over all written
    parameters. by_matrix: {name: {"function": ..., "weight": ...}} of the matrices that changed."""

    function: float | None
    weight: float
    by_matrix: dict[str, dict[str, float]]


@torch.no_grad()
def damage(base: nn.Module, change: Mapping[str, Tensor], text: Tensor) -> Damage:
    """What changes of parameters of `base` (name -> written minus base value) do, on windows of text [W, L]."""
    table = dict(base.named_parameters())
    ratio = {name: float(change[name].double().norm() / table[name].double().norm().clamp(min=1e-300)) for name in change}
    size = math.sqrt(sum(float(dw.double().square().sum()) for dw in change.values()))
    whole = math.sqrt(sum(float(table[name].double().square().sum()) for name in change))
    written = [matrix for matrix in matrices(base) if matrix.name in change]
    sums = {matrix.name: [0.0, 0.0] for matrix in written}
    for tokens in text.split(AT_ONCE):
        for matrix, x in zip(written, inputs_of(base, [m.module(base) for m in written], tokens), strict=True):
            dw = change[matrix.name] if matrix.transposed else change[matrix.name].T
            sums[matrix.name][0] += float((x.flatten(0, -2) @ dw).double().square().sum())
            sums[matrix.name][1] += float(x.double().square().sum())
    by_matrix = {name: {"function": math.sqrt(a / b) if b else 0.0, "weight": ratio[name]} for name, (a, b) in sums.items()}
    above, below = (sum(pair[i] for pair in sums.values()) for i in (0, 1))
    return Damage(math.sqrt(above / below) if below else None, size / whole if whole else 0.0, by_matrix)
