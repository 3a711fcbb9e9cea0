"""What a write does to what it should not touch: text, and the function of every written matrix on that text.

The size of an update in function space, on protected text, with C the second moment of what a matrix W reads there in the base
model (no window's first token is left out):
  F_Delta^2 = tr(dW C dW^T) / tr(C) = sum over tokens of |dW x|^2 / sum over tokens of |x|^2.
The values of a memory layer are a matrix too: what it reads is the weight of every slot, 0 but for the few that are chosen.
Of several matrices: the sums of both sides are taken over all of them. A finetuning study over many methods finds that forgetting
follows this size more closely than the direction of the update; so it stands beside every result.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from realmodels.model.feedforward.memory import MemoryLayer
from realmodels.model.matrices import matrices
from realmodels.model.reading import inputs_of, logits_at
from realmodels.model.record import Record
from realmodels.model.transformer import Transformer
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
    """function: F_Delta of the written matrices and tables of values together, None if none was written. weight: |dw| / |w| over
    all written parameters. by_matrix: {name: {"function": ..., "weight": ...}} of the matrices that changed."""

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
    sums: dict[str, list[float]] = {}
    for tokens in text.split(AT_ONCE):
        read = inputs_of(base, [m.module(base) for m in written], tokens) if written else []
        for matrix, x in zip(written, read, strict=True):
            _add(sums, matrix.name, x, change[matrix.name] if matrix.transposed else change[matrix.name].T)
        for name, x in slot_weights(base, tokens).items():
            if name in change:
                _add(sums, name, x, change[name])
    by_matrix = {name: {"function": math.sqrt(a / b) if b else 0.0, "weight": ratio[name]} for name, (a, b) in sums.items()}
    above, below = (sum(pair[i] for pair in sums.values()) for i in (0, 1))
    return Damage(math.sqrt(above / below) if below else None, size / whole if whole else 0.0, by_matrix)


def _add(sums: dict[str, list[float]], name: str, x: Tensor, dw: Tensor) -> None:
    """Add |x dw|^2 and |x|^2 for inputs x [W, L, inputs] and a change dw [inputs, outputs]."""
    pair = sums.setdefault(name, [0.0, 0.0])
    pair[0] += float((x.flatten(0, -2) @ dw).double().square().sum())
    pair[1] += float(x.double().square().sum())


@torch.no_grad()
def slot_weights(model: nn.Module, tokens: Tensor) -> dict[str, Tensor]:
    """{name of a memory layer's values: weight of each slot at each token [W, L, slots], summed over heads}."""
    if not isinstance(model, Transformer):
        return {}
    layers = {
        f"blocks.{index}.feedforward.values.weight": block.feedforward
        for index, block in enumerate(model.blocks)
        if isinstance(block.feedforward, MemoryLayer)
    }
    record: Record = {}
    if layers:
        model.features(tokens, record)
    found = {}
    for place, (name, layer) in enumerate(layers.items()):
        slots, weights = record["slots"][place].flatten(2), record["slot_weights"][place].flatten(2)
        found[name] = torch.zeros(*tokens.shape, layer.slots).scatter_add_(2, slots, weights)
    return found
