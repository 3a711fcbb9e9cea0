"""What comes back to a model's layers from its outputs, fact by fact: the factors of all gradients (`realmodels.writing.terms`).

One backward pass per output, and per place in the answer, serves all facts that are read together: facts do not mix, and the
signals at one layer's output are all that its parameters' gradients need beside the layer's inputs. Which parameters are had so:
  matrices of linear layers (nn.Linear, GPT-2's Conv1D), and their biases, of any model;
  of transformers' models also tables of embeddings, tied to the output head or not, the head, and the gains and biases of layers
  without parts, norms above all.
All others (experts, memory values, tables of our own models ...) go by explicit Jacobians.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from realmodels.model.transformer import Transformer
from realmodels.writing.outputs import Facts, outputs
from realmodels.writing.terms import Lookup, Outer, Rows, Term, Tied

Read = Callable[[nn.Module, Facts], Tensor]
"""(model, facts) -> outputs [I, O] whose gradients are wanted."""


def turned(layer: nn.Module) -> bool:
    """Whether the layer is a Conv1D of transformers, whose matrix is [in, out]. Its class is not imported: that takes seconds."""
    return type(layer).__name__ == "Conv1D"


def is_table(layer: nn.Module) -> bool:
    """Whether the layer looks up rows of a table, and gives them as they are or times one number (Gemma's)."""
    return type(layer) is nn.Embedding or type(layer).__name__.endswith("ScaledWordEmbedding")


def is_linear(layer: nn.Module) -> bool:
    """Whether the layer multiplies by a matrix."""
    return isinstance(layer, nn.Linear) or turned(layer)


@dataclass(frozen=True)
class Sources:
    """Where the gradients of parameters come from.

    layers: {name of a parameter: the layers that use it, in the model's order}: one, or a table and the head that it is tied to.
    head: the output layer of a model of transformers. rest: names of parameters that go by Jacobians.
    """

    layers: dict[str, tuple[nn.Module, ...]]
    head: nn.Module | None
    rest: list[str]


def sources(model: nn.Module, names: Iterable[str]) -> Sources:
    """How the gradients of these parameters are had."""
    ours = isinstance(model, Transformer)
    head = None if ours else model.get_output_embeddings()  # pyright: ignore[reportCallIssue]
    table = dict(model.named_parameters())
    users: dict[int, list[nn.Module]] = {}
    for layer in model.modules():
        for parameter in layer.parameters(recurse=False):
            users.setdefault(id(parameter), []).append(layer)
    found: dict[str, tuple[nn.Module, ...]] = {}
    rest = []
    for name in names:
        layers = tuple(users[id(table[name])])
        known = [_known(layer, ours) for layer in layers]
        tied = len(layers) == 2 and is_table(layers[0]) and layers[1] is head
        if all(known) and (len(layers) == 1 or tied):
            found[name] = layers
        else:
            rest.append(name)
    return Sources(found, head, rest)


def _known(layer: nn.Module, ours: bool) -> bool:
    """Whether the gradients of a layer's parameters follow from its inputs and signals."""
    if is_linear(layer) or ours:
        return is_linear(layer)
    few = all(parameter.ndim == 1 for parameter in layer.parameters())
    return is_table(layer) or (few and not any(True for _ in layer.children()))


@dataclass(frozen=True)
class Seen:
    """What one layer read, and the signals at its output: [I, O, P, out] and [I, P, ...]."""

    signals: Tensor
    inputs: Tensor


def seen(model: nn.Module, layers: Iterable[nn.Module], facts: Facts, read: Read = outputs) -> dict[nn.Module, Seen]:
    """For each of these layers that the outputs depend on, what it saw for the items of these facts.

    Positions without any signal are left out. The output head sees one position per item. Raises ValueError for a layer that is
    used more than once, or that does not take one tensor with a row per fact.
    """
    caught: dict[nn.Module, tuple[Tensor, Tensor]] = {}
    head = None if isinstance(model, Transformer) else model.get_output_embeddings()  # pyright: ignore[reportCallIssue]
    count = len(facts)

    def watch(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if layer in caught or len(inputs) != 1 or not isinstance(output, Tensor) or (layer is not head and len(output) != count):
            raise ValueError(f"{type(layer).__name__} is used in a way that its gradients do not follow from")
        caught[layer] = inputs[0].detach(), output

    def widen(layer: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        ids = inputs[0]  # a table of positions is read once for all facts: here, once for each
        return (ids.expand(count, -1),) if ids.ndim == 2 and len(ids) == 1 < count else None

    chosen = list(dict.fromkeys(layers))
    hooks = [layer.register_forward_hook(watch) for layer in chosen]
    hooks += [layer.register_forward_pre_hook(widen) for layer in chosen if is_table(layer)]
    try:
        z = read(model, facts)
    finally:
        for hook in hooks:
            hook.remove()
    order = facts.place - facts.first[facts.row]  # of an item among those of its fact
    places = [output for _, output in caught.values()]
    signals: list[Tensor | None] = [None] * len(places)
    for number in range(int(order.max()) + 1):
        items = torch.nonzero(order == number)[:, 0]
        for o in range(z.shape[1]):
            real = items[torch.isfinite(z[items, o].detach())]
            if not len(real):
                continue
            gradients = torch.autograd.grad(z[real, o].sum(), places, retain_graph=True, allow_unused=True)
            for index, (layer, g) in enumerate(zip(caught, gradients, strict=True)):
                if g is None:
                    continue
                rows = g[0][:, None] if layer is head else g[facts.row]
                known = signals[index]
                if known is None:
                    known = signals[index] = rows.new_zeros(len(order), z.shape[1], *rows.shape[1:])
                known[real, o] = rows[real]
    return {
        layer: _kept(g, x[0][:, None] if layer is head else x[facts.row])
        for (layer, (x, _)), g in zip(caught.items(), signals, strict=True)
        if g is not None
    }


def _kept(signals: Tensor, inputs: Tensor) -> Seen:
    """Signals [I, O, L, out] and inputs [I, L, ...] at the positions of each item that have a signal; P of the item with most."""
    there = (signals != 0).any(3).any(1)
    most = max(1, int(there.sum(1).max()))
    if most == there.shape[1]:
        return Seen(signals, inputs)
    at = there.to(torch.int8).sort(dim=1, descending=True, stable=True).indices[:, :most]
    rows = torch.arange(len(at))
    kept = signals[rows[:, None, None], torch.arange(signals.shape[1])[None, :, None], at[:, None]]
    return Seen(kept, inputs[rows[:, None], at])


@dataclass(frozen=True)
class Piece:
    """Terms by parameter of the items (numbers [a]) of facts that were read together."""

    items: Tensor
    terms: dict[str, Term]

    @property
    def bytes(self) -> int:
        """Memory that they take."""
        return sum(term.bytes for term in self.terms.values())


def piece(
    model: nn.Module,
    where: Sources,
    facts: Facts,
    items: Tensor,
    read: Read = outputs,
    project: Callable[[str, Tensor], Tensor] = lambda name, x: x,
) -> Piece:
    """The terms of these facts. items: their items' numbers. project(name, inputs): what a restriction leaves of the inputs."""
    layers = [layer for used in where.layers.values() for layer in used]
    found = seen(model, layers, facts, read)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    terms: dict[str, Term] = {}
    for name, used in where.layers.items():
        if not all(layer in found for layer in used):
            continue
        if len(used) == 2:
            table, head = found[used[0]], found[used[1]]
            terms[name] = Tied(_lookup(used[0], table), Outer(head.signals, head.inputs))
            continue
        (layer,), at = used, found[used[0]]
        if is_linear(layer) and names[id(layer.weight)] == name:
            terms[name] = Outer(at.signals, project(name, at.inputs))
        elif is_linear(layer):
            terms[name] = Rows(at.signals.sum(2))
        elif is_table(layer):
            terms[name] = _lookup(layer, at)
        else:
            own = next(key for key, parameter in layer.named_parameters(recurse=False) if names[id(parameter)] == name)
            terms[name] = Rows(_pulled(layer, own, at))
    return Piece(items, terms)


def _lookup(layer: nn.Module, at: Seen) -> Lookup:
    """The term of a table; the row of its padding token, if it has one, is never written."""
    signals = at.signals * getattr(layer, "embed_scale", 1.0)
    padding = layer.padding_idx
    return Lookup(signals if padding is None else signals * (at.inputs != padding)[:, None, :, None], at.inputs)


def _pulled(layer: nn.Module, own: str, at: Seen) -> Tensor:
    """Gradients [I, O, numbers] of a layer's own small parameter."""
    others = {name: p.detach() for name, p in layer.named_parameters()}

    def back(x: Tensor, g: Tensor) -> Tensor:
        def forward(value: Tensor) -> Tensor:
            return torch.func.functional_call(layer, {**others, own: value}, (x[None],))[0]

        return torch.func.vjp(forward, others[own])[1](g)[0].flatten()

    return torch.func.vmap(torch.func.vmap(back, (None, 0)), (0, 0))(at.inputs, at.signals)


def pieces_of(facts: Facts, size: int) -> Iterator[tuple[Facts, Tensor]]:
    """(facts, numbers of their items) in pieces of at most `size` facts, whose answers and prompts are of about one length."""
    lengths = facts.row.bincount(minlength=len(facts))
    order = (lengths * (facts.tokens.shape[1] + 1) + facts.last).sort(stable=True).indices
    starts = torch.cat([torch.zeros(1, dtype=torch.long), lengths.cumsum(0)])
    for rows in order.split(size):
        yield facts[rows], torch.cat([torch.arange(int(starts[row]), int(starts[row + 1])) for row in rows])
