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
from realmodels.model.transformer import Transformer
from realmodels.writing.methods.writer import Writer
from realmodels.writing.outputs import Facts, fold
from realmodels.writing.signals import Piece, Read, Shared, Sources, how_all_begin, is_linear, piece, pieces_of, turned
from realmodels.writing.terms import OVERLAP, Outer

PIECE = 128_000_000  # bytes of signals and logits of the facts that are read together
POSITIONS = 4096  # and at most so many positions of prompts
LOGITS = 8  # copies of an item's logits at the peak of a backward pass


@dataclass(frozen=True)
class Work:
    """The plan: `pieces` (facts, numbers of their items), bytes of the signals of all of them, and of the work on one.

    shared: how all prompts begin, as the matrices read it that have signals at more than one position.
    """

    pieces: list[tuple[Facts, Tensor]]
    signals: int
    working: int
    shared: Shared | None


def work(model: nn.Module, where: Sources, facts: Facts, outs: int) -> Work:
    """How the facts are cut, and the memory that each part takes; the longest fact is read to know it."""
    longest = facts[facts.last.argmax()[None]]
    items = len(facts.row) / len(facts)
    layers = {layer for used in where.layers.values() for layer in used}
    per_position = sum(width(layer) for layer in layers if layer is not where.head)
    table = model.embedding if isinstance(model, Transformer) else where.head
    vocabulary = table.weight.shape[0]
    at_head = vocabulary if where.head in layers else 0
    one = 4 * outs * (per_position * longest.tokens.shape[1] + at_head) + 4 * LOGITS * vocabulary
    size = max(1, min(int(PIECE / (one * items)), POSITIONS // longest.tokens.shape[1]))
    probe = piece(model, where, longest, torch.arange(len(longest.row)))
    several = [name for name, term in probe.terms.items() if isinstance(term, Outer) and term.inputs.shape[1] > 1]
    held = int(probe.bytes / len(longest.row) * len(facts.row))
    overlap = 4 * min(OVERLAP, int(size * items * longest.tokens.shape[1]) ** 2) if several else 0
    shared = how_all_begin(model, where, facts, several)
    return Work(list(pieces_of(facts, size)), held, int(4 * size * items * one) + overlap, shared)


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
    read: Read = fold,
    outs: int | None = None,
    traced: bool = False,
) -> Tensor:
    """sum over parameters of gradient_io . R gradient_jp: [I, O, I, O], for outputs `read`; R is the writer's, on the keys.

    room: bytes of signals that may be held. outs: number of outputs, if they are not those of the facts' options. traced: only
    the sum over equal outputs o = p is kept, [I, I].
    """
    restrict = writer.restriction(facts, ())

    def project(name: str, x: Tensor) -> Tensor:
        layer = where.layers[name][0]
        return restrict({name: x.mT})[name].mT if turned(layer) else restrict({name: x})[name]

    def made(number: int) -> Piece:
        some, items = cut.pieces[number]
        return piece(model, where, some, items, read, project, cut.shared)

    outs = outs or facts.options.shape[1] + 1
    items = len(facts.row)
    theta = torch.zeros((items, items) if traced else (items, outs, items, outs))
    with remembering(model, first_block(model, writer.parameters.values())):
        start, total = 0, len(cut.pieces)
        while start < total:
            block = [made(start)]
            while start + len(block) < total and sum(p.bytes for p in block) + max(p.bytes for p in block) <= room:
                block.append(made(start + len(block)))
            for index, first in enumerate(block):
                for second in block[index:]:
                    _enter(theta, first, second, traced)
            for later in range(start + len(block), total):
                streamed = made(later)
                for first in block:
                    _enter(theta, first, streamed, traced)
            start += len(block)
    return theta


def _enter(theta: Tensor, first: Piece, second: Piece, traced: bool) -> None:
    """Enter the inner products of two pieces, and their mirror image."""
    both = [name for name in first.terms if name in second.terms]
    if not both:
        return
    found = sum(first.terms[name].times(second.terms[name]) for name in both)
    mirrored = found.permute(2, 3, 0, 1)
    if traced:
        found, mirrored = trace(found), trace(mirrored)
    for item, row in zip(first.items.tolist(), found, strict=True):
        theta[item].index_copy_(-1 if traced else 1, second.items, row)
    if first is not second:
        for item, row in zip(second.items.tolist(), mirrored, strict=True):
            theta[item].index_copy_(-1 if traced else 1, first.items, row)


def trace(theta: Tensor) -> Tensor:
    """The sum over equal outputs of inner products [a, O, b, O]: [a, b]. Outputs are added in order, whatever a and b are."""
    total = theta[:, 0, :, 0].clone()
    for o in range(1, theta.shape[1]):
        total += theta[:, o, :, o]
    return total
