"""What comes back to a model's layers from its outputs, fact by fact: the factors of all gradients (`realmodels.writing.terms`).

One backward pass per output, and per place in the answer, serves all facts that are read together: facts do not mix, and the
signals at one layer's output are all that its parameters' gradients need beside the layer's inputs. Which parameters are had so:
  matrices of linear layers (nn.Linear, GPT-2's Conv1D), and their biases, of any model;
  tables of embeddings, tied to the output head or not, and the head;
  of transformers' models also the gains and biases of layers without parts, norms above all.
All others (experts, memory values ...) go by explicit Jacobians.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from realmodels.model.reading import logits_at
from realmodels.model.remembering import forgetting
from realmodels.model.transformer import Transformer
from realmodels.writing.outputs import Facts, fold
from realmodels.writing.terms import Lookup, Outer, Rows, Split, Term, Tied

Read = Callable[[Tensor, Facts], Tensor]
"""(logits [I, V], facts) -> outputs [I, O] whose gradients are wanted."""


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
    head: the output layer; of our own models, where it is a product with the embedding, the model. rest: names of parameters that
    go by Jacobians.
    """

    layers: dict[str, tuple[nn.Module, ...]]
    head: nn.Module
    rest: list[str]


def sources(model: nn.Module, names: Iterable[str]) -> Sources:
    """How the gradients of these parameters are had."""
    ours = isinstance(model, Transformer)
    head = head_of(model)
    table = dict(model.named_parameters())
    users: dict[int, list[nn.Module]] = {}
    for layer in model.modules():
        for parameter in layer.parameters(recurse=False):
            users.setdefault(id(parameter), []).append(layer)
    if isinstance(model, Transformer):
        users[id(model.embedding.weight)] = [model.embedding, model]
    found: dict[str, tuple[nn.Module, ...]] = {}
    rest, names = [], list(names)
    odd = set() if ours else _odd(model, {layer for name in names for layer in users[id(table[name])]} - {head})
    for name in names:
        layers = tuple(users[id(table[name])])
        known = [layer is head or (layer not in odd and _known(layer, ours)) for layer in layers]
        tied = len(layers) == 2 and is_table(layers[0]) and layers[1] is head
        if all(known) and (len(layers) == 1 or tied):
            found[name] = layers
        else:
            rest.append(name)
    return Sources(found, head, rest)


def _odd(model: nn.Module, layers: set[nn.Module]) -> set[nn.Module]:
    """Which of these layers are used in a way that their gradients do not follow from: more than once, or not text by text.

    Experts see some tokens only, and some models put all texts in one row. Two short texts are read to know it.
    """
    calls = dict.fromkeys(layers, 0)
    odd: set[nn.Module] = set()

    def watch(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        calls[layer] += 1
        rows = 3 if not is_table(layer) else 2  # texts, positions, and the numbers of each
        texts = (
            isinstance(output, Tensor) and len(inputs) == 1 and inputs[0].ndim >= rows and output.shape[:2] == inputs[0].shape[:2]
        )
        if calls[layer] > 1 or not texts or (len(output) != 2 and not is_table(layer)):
            odd.add(layer)

    hooks = [layer.register_forward_hook(watch) for layer in layers]
    try:
        with torch.no_grad(), forgetting(model):
            logits_at(
                model, torch.zeros(2, 3, dtype=torch.long), torch.zeros(1, dtype=torch.long), torch.zeros(1, dtype=torch.long)
            )
    finally:
        for hook in hooks:
            hook.remove()
    return odd


def _known(layer: nn.Module, ours: bool) -> bool:
    """Whether the gradients of a layer's parameters follow from its inputs and signals."""
    if is_linear(layer) or ours:
        return is_linear(layer) or is_table(layer)
    few = all(parameter.ndim == 1 for parameter in layer.parameters())
    return is_table(layer) or (few and not any(True for _ in layer.children()))


def head_of(model: nn.Module) -> nn.Module:
    """The output layer; a model of ours itself, where it is a product with the embedding."""
    return model if isinstance(model, Transformer) else model.get_output_embeddings()  # pyright: ignore[reportCallIssue]


@dataclass(frozen=True)
class Seen:
    """What one layer read, and the signals at its output: [I, O, P, out] and [I, P, ...]; at [I, P]: the positions."""

    signals: Tensor
    inputs: Tensor
    at: Tensor


def seen(model: nn.Module, layers: Sequence[nn.Module], facts: Facts, read: Read = fold) -> dict[nn.Module, Seen]:
    """For each of these layers that the outputs depend on, what it saw for the items of these facts.

    Positions without any signal are left out. The output head sees one position per item. From the outputs to what the head
    reads, all items go back together; from there on, items of one fact go one after another. Raises ValueError for a layer that
    is used more than once, or that does not take one tensor with a row per fact.
    """
    caught: dict[nn.Module, tuple[Tensor, Tensor]] = {}
    head = head_of(model)
    count = len(facts)
    read_by_head: list[Tensor] = []

    def watch(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if layer in caught or len(inputs) != 1 or not isinstance(output, Tensor) or (layer is not head and len(output) != count):
            raise ValueError(f"{type(layer).__name__} is used in a way that its gradients do not follow from")
        caught[layer] = inputs[0].detach(), output

    def widen(layer: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        ids = inputs[0]  # a table of positions is read once for all facts: here, once for each
        return (ids.expand(count, -1),) if ids.ndim == 2 and len(ids) == 1 < count else None

    chosen = [layer for layer in dict.fromkeys(layers) if layer is not model]
    hooks = [layer.register_forward_hook(watch) for layer in chosen]
    hooks += [layer.register_forward_pre_hook(widen) for layer in chosen if is_table(layer)]
    if head is not model:
        hooks.append(head.register_forward_hook(lambda layer, inputs, output: read_by_head.append(inputs[0])))
    try:
        if isinstance(model, Transformer):
            read_by_head.append(model.features(facts.tokens)[facts.row, facts.place][None])
            logits = read_by_head[0][0] @ model.embedding.weight.T
            if model in layers:
                caught[model] = read_by_head[0].detach(), logits[None]
                logits = caught[model][1][0]
        else:
            logits = logits_at(model, facts.tokens, facts.row, facts.place)
        z = read(logits, facts)
    finally:
        for hook in hooks:
            hook.remove()
    ends = [read_by_head[0], *(output for layer, (_, output) in caught.items() if layer is head)]
    to_head, at_output = _to_head(z, ends)
    below = iter(_below(ends[0], to_head, facts, [output for layer, (_, output) in caught.items() if layer is not head]))
    found: dict[nn.Module, Seen] = {}
    for layer, (x, _) in caught.items():
        if layer is head:
            found[layer] = Seen(at_output[:, :, None], x[0][:, None], facts.place[:, None])
        elif (g := next(below)) is not None:
            found[layer] = _kept(g, _flat(layer, x)[facts.row])
    return found


def _to_head(z: Tensor, ends: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Gradients of outputs z [I, O] for what the head reads [1, I, n] (and gives): [I, O, n] each; a row is an item's own."""
    found = [end.new_zeros(z.shape[0], z.shape[1], end.shape[-1]) for end in ends]
    for o in range(z.shape[1]):
        real = torch.isfinite(z[:, o].detach())  # -inf where an item has no such option
        if real.any():
            gradients = torch.autograd.grad(z[real, o].sum(), ends, retain_graph=True)
            for into, g in zip(found, gradients, strict=True):
                into[:, o] = g[0]
    return found[0], found[-1]


def _below(hidden: Tensor, to_head: Tensor, facts: Facts, places: list[Tensor]) -> list[Tensor | None]:
    """Signals [I, O, P, n] at each of these outputs of layers [F, ..., n]; None for one that the head does not depend on."""
    order = facts.place - facts.first[facts.row]  # of an item among those of its fact
    signals: list[Tensor | None] = [None] * len(places)
    for number in range(int(order.max()) + 1) if places else ():
        mine = order == number
        for o in range(to_head.shape[1]):
            back = to_head[:, o] * mine[:, None]
            real = torch.nonzero(mine & (back != 0).any(1))[:, 0]
            if not len(real):
                continue
            gradients = torch.autograd.grad(hidden, places, back[None], retain_graph=True, allow_unused=True)
            for index, g in enumerate(gradients):
                if g is None:
                    continue
                flat = g.flatten(1, -2)
                known = signals[index]
                if known is None:
                    known = signals[index] = flat.new_zeros(len(order), to_head.shape[1], *flat.shape[1:])
                known[real, o] = flat[facts.row[real]]
    return signals


def _flat(layer: nn.Module, inputs: Tensor) -> Tensor:
    """Inputs [F, P, ...] of a layer that may be used several times at a position, or for a block of them: P counts all."""
    return inputs.flatten(1) if is_table(layer) else inputs.flatten(1, -2)


def _kept(signals: Tensor, inputs: Tensor) -> Seen:
    """Signals [I, O, L, out] and inputs [I, L, ...] at the positions of each item that have a signal; P of the item with most."""
    there = (signals != 0).any(3).any(1)
    return _at_places(signals, inputs, torch.arange(there.shape[1]).expand_as(there), there)


def _at_places(signals: Tensor, inputs: Tensor, places: Tensor, there: Tensor) -> Seen:
    """Only what is `there` [I, L]; P of the item with most."""
    most = max(1, int(there.sum(1).max()))
    if most == there.shape[1]:
        return Seen(signals, inputs, places)
    at = there.to(torch.int8).sort(dim=1, descending=True, stable=True).indices[:, :most]
    rows = torch.arange(len(at))
    kept = signals[rows[:, None, None], torch.arange(signals.shape[1])[None, :, None], at[:, None]]
    kept *= there.gather(1, at)[:, None, :, None]
    return Seen(kept, inputs[rows[:, None], at], places.gather(1, at))


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
    read: Read = fold,
    project: Callable[[str, Tensor], Tensor] = lambda name, x: x,
    shared: "Shared | None" = None,
) -> Piece:
    """The terms of these facts. items: their items' numbers. project(name, inputs): what a restriction leaves of the inputs.

    shared: how all prompts begin, if that is known.
    """
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
            at = replace(at, inputs=project(name, at.inputs))
            split = shared is not None and name in shared.inputs
            terms[name] = _split(at, shared.basis(name, project), shared.count) if split else Outer(at.signals, at.inputs)
        elif is_linear(layer):
            terms[name] = Rows(at.signals.sum(2))
        elif is_table(layer):
            terms[name] = _lookup(layer, at)
        else:
            own = next(key for key, parameter in layer.named_parameters(recurse=False) if names[id(parameter)] == name)
            terms[name] = Rows(_pulled(layer, own, at))
    return Piece(items, terms)


@dataclass
class Shared:
    """The beginning that all prompts share: count of its tokens; inputs: {name of a matrix: what it reads there [count, in]}."""

    count: int
    inputs: dict[str, Tensor]
    bases: dict[str, Tensor] = field(default_factory=dict)

    def basis(self, name: str, project: Callable[[str, Tensor], Tensor]) -> Tensor:
        """Orthonormal basis [q, in] of what is left of these inputs by a restriction."""
        if name not in self.bases:
            x = project(name, self.inputs[name]).double()
            _, s, v = torch.linalg.svd(x, full_matrices=False)
            self.bases[name] = v[s > 1e-6 * s[0]].to(x.dtype).float() if s[0] > 0 else v[:0].float()
        return self.bases[name]


def how_all_begin(model: nn.Module, where: Sources, facts: Facts, names: Sequence[str]) -> Shared | None:
    """How all prompts begin, and what these matrices read there; None if they do not begin alike, or there is nothing to gain."""
    same = (facts.tokens == facts.tokens[:1]).all(0)
    count = min(int(same.to(torch.int8).cumprod(0).sum()), int(facts.first.min()))  # never a place that answers
    if count == 0 or len(facts) < 3 or not names:
        return None
    caught: dict[nn.Module, Tensor] = {}
    matrices = {name: where.layers[name][0] for name in names}
    hooks = [
        layer.register_forward_pre_hook(lambda layer, inputs: caught.update({layer: inputs[0].detach()}))
        for layer in matrices.values()
    ]
    try:
        with torch.no_grad():
            logits_at(model, facts.tokens[:1], torch.zeros(1, dtype=torch.long), facts.first[:1])
    finally:
        for hook in hooks:
            hook.remove()
    read = {name: caught[layer] for name, layer in matrices.items() if layer in caught}
    length = facts.tokens.shape[1]
    return Shared(count, {name: x[0, :count] for name, x in read.items() if x.ndim == 3 and x.shape[1] == length})


def _split(at: Seen, basis: Tensor, count: int) -> Term:
    """The term of a matrix, along the basis [q, in] of its inputs at the first `count` positions, and off it."""
    components = at.inputs @ basis.T
    along = torch.einsum("alq,aoln->aoqn", components, at.signals).flatten(2)
    there = (at.signals != 0).any(3).any(1) & (at.at >= count)
    off = _at_places(at.signals, at.inputs - components @ basis, at.at, there)
    return Split(Rows(along), Outer(off.signals * (off.at >= count)[:, None, :, None], off.inputs))


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
