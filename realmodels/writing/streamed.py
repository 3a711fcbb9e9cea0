"""Inner products of all items' gradients within a bound on memory: pieces of facts are read, paired with others, and dropped.

Facts are cut into pieces of a size that does not depend on the bound. As many pieces as fit are held at a time. They are paired
with each other and with every later piece, which is read for that and dropped. A tighter bound so costs time and changes no bit.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from realmodels.model.memory import available, taken
from realmodels.model.reading import first_block
from realmodels.model.remembering import remembering
from realmodels.writing.methods.writer import Writer
from realmodels.writing.outputs import Facts, outputs
from realmodels.writing.signals import Piece, Read, Sources, is_linear, piece, pieces_of, turned

PIECE = 128_000_000  # bytes of signals and logits of the facts that are read together
LOGITS = 8  # copies of an item's logits at the peak of a backward pass


@dataclass(frozen=True)
class Work:
    """The plan: `pieces` (facts, numbers of their items), bytes of the signals of all of them, and of the work on one."""

    pieces: list[tuple[Facts, Tensor]]
    signals: int
    working: int


def work(model: nn.Module, where: Sources, facts: Facts, outs: int) -> Work:
    """How the facts are cut, and the memory that each part takes; the longest fact is read to know it."""
    longest = facts[facts.last.argmax()[None]]
    items = len(facts.row) / len(facts)
    layers = {layer for used in where.layers.values() for layer in used}
    per_position = sum(width(layer) for layer in layers if layer is not where.head)
    at_head = width(where.head) if where.head in layers else 0
    vocabulary = model.get_parameter("embedding.weight").shape[0] if where.head is None else width(where.head)
    one = 4 * outs * (per_position * longest.tokens.shape[1] + at_head) + 4 * LOGITS * vocabulary
    size = max(1, int(PIECE / (one * items)))
    held = piece(model, where, longest, torch.arange(len(longest.row))).bytes / len(longest.row) if layers else 0
    return Work(list(pieces_of(facts, size)), int(held * len(facts.row)), int(4 * size * items * one))


def room(memory: int | None) -> int:
    """Bytes that may still be taken: what is free, or what is left of `memory`, which the process may take in all."""
    return available() if memory is None else min(memory - taken(), available())


def width(layer: nn.Module) -> int:
    """Numbers at a layer's output, per position."""
    weight = next(iter(layer.parameters(recurse=False)))
    return weight.shape[0] if is_linear(layer) and not turned(layer) else weight.shape[-1]


def products(
    model: nn.Module,
    writer: Writer,
    where: Sources,
    facts: Facts,
    cut: Work,
    room: int,
    read: Read = outputs,
    outs: int | None = None,
) -> Tensor:
    """sum over parameters of gradient_io . R gradient_jp: [I, O, I, O], for outputs `read`; R is the writer's, on the keys.

    room: bytes of signals that may be held. outs: number of outputs, if they are not those of the facts' options.
    """
    restrict = writer.restriction(facts, ())

    def project(name: str, x: Tensor) -> Tensor:
        layer = where.layers[name][0]
        return restrict({name: x.mT})[name].mT if turned(layer) else restrict({name: x})[name]

    def made(number: int) -> Piece:
        some, items = cut.pieces[number]
        return piece(model, where, some, items, read, project)

    outs = outs or facts.options.shape[1] + 1
    theta = torch.zeros(len(facts.row), outs, len(facts.row), outs)
    with remembering(model, first_block(model, writer.parameters.values())):
        start, total = 0, len(cut.pieces)
        while start < total:
            block = [made(start)]
            while start + len(block) < total and sum(p.bytes for p in block) + max(p.bytes for p in block) <= room:
                block.append(made(start + len(block)))
            for index, first in enumerate(block):
                for second in block[index:]:
                    _enter(theta, first, second)
            for later in range(start + len(block), total):
                streamed = made(later)
                for first in block:
                    _enter(theta, first, streamed)
            start += len(block)
    return theta


def _enter(theta: Tensor, first: Piece, second: Piece) -> None:
    """Enter the inner products of two pieces, and their mirror image."""
    both = [name for name in first.terms if name in second.terms]
    if not both:
        return
    found = sum(first.terms[name].times(second.terms[name]) for name in both)
    for item, row in zip(first.items.tolist(), found, strict=True):
        theta[item].index_copy_(1, second.items, row)
    if first is not second:
        for item, row in zip(second.items.tolist(), found.permute(2, 3, 0, 1), strict=True):
            theta[item].index_copy_(1, first.items, row)
