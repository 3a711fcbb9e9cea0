"""Gradients of many items in two factors each, and the inner products between them: no gradient is ever formed.

The gradient of an output o of item i for a layer's matrix is a sum over positions l of (signal g_iol at the layer's output) x
(input x_il). Hence the inner product of two such gradients is sum_{l,m} (g_iol . g_jpm)(x_il . x_jm). A table of embeddings is a
matrix whose inputs are unit vectors: there x_il . x_jm is 1 where the tokens are the same, else 0. A table that is also the
output head has both parts and their cross terms. Biases and gains are few numbers: their gradients are formed.

A term holds the factors of a items, with O outputs and P positions; `a.times(b)` gives all inner products [a, O, b, O]. Only
positions with a signal that is not 0 are kept: in the last layer's feed-forward part that is one per item.

Prompts of one form begin alike, and a causal model reads the same at the tokens that they share. Along a basis of these shared
inputs a gradient is formed: (sum over positions of signal x component). What is left of the inputs is 0 at the shared positions,
which then drop out of the double sum. Nothing is neglected.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

CACHE = 6_000_000  # bytes of signals that are worked on at one time
OVERLAP = 2**24  # numbers that the overlaps of inputs may be at one time


class Term(Protocol):
    """Gradients of items in factors. bytes: memory that they take."""

    @property
    def bytes(self) -> int: ...  # noqa: D102

    def times(self, other: "Term") -> Tensor: ...  # noqa: D102


def bytes_of(*tensors: Tensor) -> int:
    """Memory of these tensors."""
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


@dataclass(frozen=True)
class Outer:
    """A matrix's gradients: signals [a, O, P, outputs], inputs [a, P, inputs]."""

    signals: Tensor
    inputs: Tensor

    @property
    def bytes(self) -> int:
        """Memory that they take."""
        return bytes_of(self.signals, self.inputs)

    def times(self, other: "Outer") -> Tensor:
        """Inner products [a, O, b, O]."""
        if self.inputs.shape[1] == other.inputs.shape[1] == 1:
            return _at_one_place(self.signals, other.signals, self.inputs[:, 0] @ other.inputs[:, 0].T)
        theirs = other.inputs.flatten(0, 1).T
        return _summed(self.signals, other.signals, lambda some: self.inputs[some].flatten(0, 1) @ theirs)


@dataclass(frozen=True)
class Lookup:
    """A table's gradients: signals [a, O, P, width] of the rows that were looked up, and their numbers ids [a, P]."""

    signals: Tensor
    ids: Tensor

    @property
    def bytes(self) -> int:
        """Memory that they take."""
        return bytes_of(self.signals, self.ids)

    def times(self, other: "Lookup") -> Tensor:
        """Inner products [a, O, b, O]."""
        theirs, kind = other.ids.flatten(), self.signals.dtype
        return _summed(self.signals, other.signals, lambda some: (self.ids[some].flatten()[:, None] == theirs).to(kind))


@dataclass(frozen=True)
class Split:
    """A matrix's gradients: `along` the basis of shared inputs, rows [a, O, numbers], and the rest off it."""

    along: "Rows"
    off: Outer

    @property
    def bytes(self) -> int:
        """Memory that they take."""
        return self.along.bytes + self.off.bytes

    def times(self, other: "Split") -> Tensor:
        """Inner products [a, O, b, O]."""
        return self.off.times(other.off).add_(self.along.times(other.along))


@dataclass(frozen=True)
class Tied:
    """Gradients of a table that is also the output head, where it is applied at one position: head.inputs [a, 1, width]."""

    lookup: Lookup
    head: Outer

    @property
    def bytes(self) -> int:
        """Memory that they take."""
        return self.lookup.bytes + self.head.bytes

    def times(self, other: "Tied") -> Tensor:
        """Inner products [a, O, b, O]."""
        crossed = _crossed(self.lookup, other.head) + _crossed(other.lookup, self.head).permute(2, 3, 0, 1)
        return self.lookup.times(other.lookup) + self.head.times(other.head) + crossed


@dataclass(frozen=True)
class Rows:
    """Gradients that are small enough to be formed: rows [a, O, P]."""

    rows: Tensor

    @property
    def bytes(self) -> int:
        """Memory that they take."""
        return bytes_of(self.rows)

    def times(self, other: "Rows") -> Tensor:
        """Inner products [a, O, b, O]."""
        return torch.tensordot(self.rows, other.rows, dims=([2], [2]))


def _at_one_place(g: Tensor, h: Tensor, overlap: Tensor) -> Tensor:
    """(g_io . h_jp) overlap_ij: [a, O, b, O] for signals [a, O, 1, n] and [b, O, 1, n] and overlap [a, b]."""
    products = (g.flatten(0, 2) @ h.flatten(0, 2).T).view(*g.shape[:2], *h.shape[:2])
    return products.mul_(overlap[:, None, :, None])


def _summed(g: Tensor, h: Tensor, overlap: Callable[[slice], Tensor]) -> Tensor:
    """sum_{l,m} overlap_ij[l, m] (g_iol . h_jpm): [a, O, b, O] for signals [a, O, P, n] and [b, O, Q, n].

    overlap(some of the items i): [some * P, b * Q], of at most OVERLAP numbers, or of one item. It is mixed into the others'
    signals first; the others go in portions that stay in the processor's cache, into the same memory. If both are the same
    items, pairs are computed once.
    """
    (mine, outs, places, width), count, same = g.shape, len(h), g is h
    size = max(1, min(count, CACHE // (4 * outs * places * width)))
    portions = [slice(start, min(start + size, count)) for start in range(0, count, size)]
    mixed = g.new_empty(size * outs, places, width)
    found = g.new_empty(mine, outs, count, outs)
    some = max(1, OVERLAP // (places * count * h.shape[2]))
    for first in range(0, mine, some):
        items = slice(first, min(first + some, mine))
        between = overlap(items).view(-1, places, count, h.shape[2]).transpose(1, 2)  # [some, b, P, Q]
        for rows in portions:
            theirs = h[rows].flatten(0, 1)
            into = mixed[: len(theirs)]
            for i in range(items.start, min(items.stop, rows.stop) if same else items.stop):
                weights = between[i - first, rows, None].expand(-1, outs, -1, -1).flatten(0, 1)
                torch.bmm(weights, theirs, out=into)
                found[i, :, rows] = (g[i].flatten(1) @ into.flatten(1).T).view(outs, -1, outs)
    for rows in portions if same else ():
        found[rows, :, : rows.start] = found[: rows.start, :, rows].permute(2, 3, 0, 1)
    return found


def _crossed(lookup: Lookup, head: Outer) -> Tensor:
    """sum_l head_jp[id_il] (g_iol . x_j): [a, O, b, O]."""
    seen = torch.einsum("aoln,bn->aolb", lookup.signals, head.inputs[:, 0])
    picked = head.signals[:, :, 0][:, :, lookup.ids]  # [b, O, a, L]
    return torch.einsum("aolb,bpal->aobp", seen, picked)
