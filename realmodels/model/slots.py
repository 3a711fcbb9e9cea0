"""Which slots of a memory layer are read at which token, and how two tokens' reads compare.

A read is a slot with its weight, at one token. The weights of a token's reads sum to 1 over all heads. Two heads of one table may
read the same slot: it then has the sum of both weights.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from realmodels.model.record import Record
from realmodels.model.transformer import Transformer
from theory.errors import UserError

TEXTS = 128  # that are read at one time
PAIRS = 1024  # of tokens whose reads are compared at one time


@dataclass(frozen=True)
class Reads:
    """The reads of tokens: slots [..., R] (integers below `table`), weights [..., R] (they sum to 1 over the last axis)."""

    slots: np.ndarray
    weights: np.ndarray
    table: int

    def __getitem__(self, index: Any) -> "Reads":
        """The reads of some of the tokens, as numpy indexes the axes before the last."""
        return Reads(self.slots[index], self.weights[index], self.table)

    @property
    def flat(self) -> "Reads":
        """The same with the tokens along one axis: [N, R]."""
        size = self.slots.shape[-1]
        return Reads(self.slots.reshape(-1, size), self.weights.reshape(-1, size), self.table)

    @property
    def counts(self) -> np.ndarray:
        """How often each slot was read [table], whatever the weight."""
        return np.bincount(self.slots.ravel(), minlength=self.table).astype(float)

    @property
    def shares(self) -> np.ndarray:
        """Share of each slot in the weight of all reads [table]."""
        found = np.bincount(self.slots.ravel(), self.weights.ravel(), minlength=self.table)
        return found / found.sum()

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Weighted mean of the values [table] of the slots that each token reads [...]."""
        return (self.weights * values[self.slots]).sum(-1)

    def spread(self) -> np.ndarray:
        """Weight of every slot at every token [N, table]; of reads [N, R]."""
        rows = np.zeros((len(self.slots), self.table), dtype=np.float32)
        np.add.at(rows, (np.arange(len(rows))[:, None], self.slots), self.weights)
        return rows


@torch.no_grad()
def read(model: Transformer, tokens: Tensor) -> tuple[Reads, np.ndarray]:
    """(reads [B, L, R], surprise [B, L - 1]) of texts [B, L]; surprise: bits that the model needs for each token but the first.

    Raises UserError if the model has no memory layer, or several.
    """
    slots, weights, surprise = [], [], []
    tables = [len(p) for name, p in model.named_parameters() if name.endswith("values.weight")]
    for batch in tokens.split(TEXTS):
        record: Record = {}
        logs = model(batch, record).log_softmax(-1)
        if len(record.get("slots", ())) != 1 or len(tables) != 1:
            raise UserError("the slots of one memory layer are told, and this model has none or several: choose another")
        slots.append(record["slots"][0].flatten(2))
        weights.append(record["slot_weights"][0].flatten(2) / record["slots"][0].shape[2])
        surprise.append(-logs[:, :-1].gather(2, batch[:, 1:, None])[..., 0] / np.log(2))
    return Reads(torch.cat(slots).numpy(), torch.cat(weights).double().numpy(), tables[0]), torch.cat(surprise).double().numpy()


def overlap(one: Reads, other: Reads) -> np.ndarray:
    """Weight that two tokens' reads have in common: the sum over slots of the lesser weight [N], from 0 to 1."""
    parts = range(0, len(one.slots), PAIRS)
    return _joined(np.minimum(one[at : at + PAIRS].spread(), other[at : at + PAIRS].spread()).sum(1, dtype=float) for at in parts)


def _joined(parts: Iterable[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.zeros(0), *parts])


def partners(labels: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Pairs [P, 2] of different places with the same label, in random order within a label.

    labels [N]. Each place is paired with up to `draws` others, all of them if its label has fewer.
    """
    order = rng.permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    _, start, size = np.unique(labels[order], return_index=True, return_counts=True)
    first, count = np.repeat(start, size), np.repeat(size, size)
    inside = np.arange(len(order)) - first
    found = []
    for shift in range(1, draws + 1):
        there = shift < count
        found.append(np.stack([order, order[first + (inside + shift) % count]], 1)[there])
    return np.concatenate(found)
