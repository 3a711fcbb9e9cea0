"""The kernel of a model's answers: how a small write of one fact moves every output of every other fact.

With z_i [O] the O = C + 1 outputs of item i, a token of an answer (`realmodels.writing.outputs`), J_i = dz_i/dw [O, P] for the
parameters w that a method writes, and R_j the method's restriction while the task of item j is written:
  response  Theta_ij = J_i R_j J_j^T       d z_i per unit of gradient -dL/dz_j; drives `realmodels.writing.forecast`
  writes    G_ij = (R_i J_i)(R_j J_j)^T    Gram matrix of the write directions; the same if all tasks share one R
Both are [I, O, I, O] and exact. A gradient of a linear layer is a sum over positions of (signal g at its output) x (input x). So
its part of Theta is sum_{l,m} (g_il . g_jm)(x_il . x_jm). No gradient is formed: one backward pass per output and place in the
answer serves all facts. A write so acts at every position of a prompt, and what the prompts' common tokens share is part of what
the facts share. Embeddings, biases and gains have formulas of the same kind (`realmodels.writing.signals`); the remaining
parameters' part comes from explicit Jacobians (`jacobian_kernel`).

From outputs to directions. Adding one number to all O outputs changes no probability. That direction is projected out by
Pi = I - 1 1^T / O. The write direction u_i of an item is its whole projected Jacobian Pi R_i J_i, as one vector of norm 1:
  kappa_ij = tr(Pi G_ij Pi) / sqrt(tr(Pi G_ii Pi) tr(Pi G_jj Pi)).
This is a Gram matrix of unit vectors, so participation ratio, common mode and claim I1 mean here what they mean in the theory.
Outputs of two items can only be paired so if they are logits of the same tokens. Where items have options of their own (answers
of several tokens, sampled options), tr(Pi G_ij Pi) is taken for the logits of all tokens of the file's answers, at every item
(`shared_grams`): exactly if they are few, else as a mean over random directions, the same for all items.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from realmodels.model.reading import first_block, logits_at
from realmodels.model.remembering import remembering
from realmodels.model.transformer import Transformer
from realmodels.writing.methods.writer import Gradients, Writer, unrestricted
from realmodels.writing.outputs import Facts, answer_loss, fold, outputs
from realmodels.writing.signals import Read, is_linear, sources, turned
from realmodels.writing.streamed import products, room, trace, width, work
from theory.statistics import common_mode_share, participation_ratio

BYTES = 1_500_000_000  # memory that Jacobians may take at one time
WHOLE = 2**25  # numbers in a kernel up to which it is worked on in one piece
PLAIN = 2048  # outputs of all items up to which a kernel of our own models is computed in one piece
PER_PAIR = 20  # bytes per pair of outputs while it is: the kernel in float32, and two copies of it in float64
SOME = 64  # tasks of which the share of parameters that a write changes is the mean
PROBES = 8  # random directions of the shared outputs; files with fewer tokens in their answers are treated exactly


@dataclass(frozen=True)
class Kernel:
    """response and writes, both [I, O, I, O] float32 (see the module).

    grams: tr(Pi . Pi) / (O - 1) of both, [I, I] each, over outputs that all items share; None if the items' own are the same.
    """

    response: Tensor
    writes: Tensor
    grams: tuple[Tensor, Tensor] | None = None

    @property
    def response_gram(self) -> Tensor:
        """Response of item i to the write of item j, mean over shared outputs [I, I] float64."""
        return fact_gram(self.response) if self.grams is None else self.grams[0].double()

    @property
    def writes_gram(self) -> Tensor:
        """Overlap of the write directions of items i and j over shared outputs [I, I] float64."""
        return fact_gram(self.writes) if self.grams is None else self.grams[1].double()


def jacobian(model: nn.Module, facts: Facts, names: list[str], read: Read = fold) -> Iterator[Gradients]:
    """For each item, d outputs / d parameter by name: {name: [O, *shape]}; 0 for a parameter without influence."""
    table = dict(model.named_parameters())
    parameters = [table[name] for name in names]
    for i in range(len(facts)):
        with sdpa_kernel(SDPBackend.MATH):  # the only one whose backward pass takes many signals at once
            one = facts[i : i + 1]
            of_items = read(logits_at(model, one.tokens, one.row, one.place), one)
        basis = torch.eye(of_items.shape[1])
        for number, z in enumerate(of_items):
            more = number < len(of_items) - 1
            gradients = torch.autograd.grad(z, parameters, basis, more, is_grads_batched=True, allow_unused=True)
            by_name = zip(names, parameters, gradients, strict=True)
            yield {name: torch.zeros(len(basis), *p.shape) if g is None else g for name, p, g in by_name}


def _rows(gradients: list[Gradients]) -> Tensor:
    """Gradients of I items as a matrix [I * O, P]."""
    return torch.cat([torch.cat([g.flatten(1) for g in fact.values()], 1) for fact in gradients])


def jacobian_kernel(
    model: nn.Module, writer: Writer, facts: Facts, limit: int = BYTES, read: Read = fold, outs: int | None = None
) -> Kernel:
    """The kernel by explicit Jacobians, in blocks of facts, so that they take no more than `limit` bytes at a time.

    Only columns (parameters) that some task may write are kept, as a restriction leaves no others in any product. read, outs: the
    outputs and their number, if they are not those of the facts' options.
    """
    names, count, outs = list(writer.parameters), len(facts), outs or facts.options.shape[1] + 1
    restrict = writer.restrictions(facts)
    free = all(r is unrestricted for r in restrict.values())
    ones = {name: torch.ones_like(p) for name, p in writer.parameters.items()}
    written = torch.stack([_rows([{n: g[None] for n, g in r(ones).items()}])[0] != 0 for r in restrict.values()]).any(0)
    width = max(1, limit // (4 * len(written) * outs * (2 if free else 4)) * count // len(facts.row))
    blocks = [slice(start, min(start + width, count)) for start in range(0, count, width)]
    ends = [0, *facts.row.bincount(minlength=count).cumsum(0).tolist()]
    size = ends[-1] * outs
    response, writes = (torch.zeros(size, size) for _ in range(2))

    def block(rows: slice) -> tuple[Tensor, Tensor]:
        raw = list(jacobian(model, facts[rows], names, read))
        plain = _rows(raw)
        if free:
            return plain, plain
        tasks = facts.task[facts.row[ends[rows.start] : ends[rows.stop]]].tolist()
        restricted = _rows([restrict[t](g) for t, g in zip(tasks, raw, strict=True)])
        return plain[:, written], restricted[:, written]

    def span(rows: slice) -> slice:
        return slice(ends[rows.start] * outs, ends[rows.stop] * outs)

    for b, column in enumerate(blocks):
        plain_b, restricted_b = block(column)
        for row in blocks[: b + 1]:
            plain_a, restricted_a = (plain_b, restricted_b) if row is column else block(row)
            shared = restricted_a @ restricted_b.T
            writes[span(row), span(column)] = shared
            writes[span(column), span(row)] = shared.T
            if not free:
                response[span(row), span(column)] = plain_a @ restricted_b.T
                response[span(column), span(row)] = plain_b @ restricted_a.T
    shape = (ends[-1], outs, ends[-1], outs)
    writes = writes.view(shape)
    return Kernel(writes if free else response.view(shape), writes)


def linear_layers(model: nn.Module) -> dict[str, nn.Module]:
    """The layers that multiply by a matrix, by the name of its weight: nn.Linear [out, in], and Conv1D of GPT-2 [in, out]."""
    return {f"{name}.weight": layer for name, layer in model.named_modules() if is_linear(layer)}


def _traced(model: nn.Module, layers: dict[str, nn.Module], facts: Facts) -> dict[str, tuple[Tensor, Tensor]]:
    """For each layer that the outputs depend on: signals dz / d(its output) [I, O, P, out], and its inputs [F, P, in].

    P counts the places where the layer is used: as a rule the positions of the text.
    """
    seen: dict[str, tuple[Tensor, Tensor]] = {}

    def watch(name: str) -> Callable[..., None]:
        return lambda module, inputs, output: seen.update({name: (inputs[0].detach(), output)})

    hooks = [layer.register_forward_hook(watch(name)) for name, layer in layers.items()]
    try:
        z = outputs(model, facts)
    finally:
        for hook in hooks:
            hook.remove()
    places = [output for _, output in seen.values()]
    order = facts.place - facts.first[facts.row]  # of an item among those of its fact
    signals: dict[str, Tensor] = {}
    for number in range(int(order.max()) + 1):
        items = torch.nonzero(order == number)[:, 0]
        by_output = [
            torch.autograd.grad(z[items, o].sum(), places, retain_graph=True, allow_unused=True) for o in range(z.shape[1])
        ]
        for name, g in zip(seen, zip(*by_output, strict=True), strict=True):
            if g[0] is not None:
                here = torch.stack(g, 1)[facts.row[items]].flatten(2, -2)
                signals.setdefault(name, here.new_zeros(len(order), *here.shape[1:]))[items] = here
    return {name: (signals[name], x.flatten(1, -2)) for name, (x, _) in seen.items() if name in signals}


def layer_kernel(model: nn.Module, writer: Writer, facts: Facts) -> Kernel:
    """The kernel of writes to weights of linear layers: sum over layers and positions of (g_il . g_jm) (x_il . R x_jm).

    The writer has to be unrestricted, or `one_key_projection`: one R for all tasks, which acts on the layers' inputs.
    """
    layers = {name: layer for name, layer in linear_layers(model).items() if name in writer.parameters}
    restrict = writer.restriction(facts, ())
    count, outs = len(facts.row), facts.options.shape[1] + 1
    theta = torch.zeros(count, outs, count, outs)
    for name, (g, x) in _traced(model, layers, facts).items():
        x = (restrict({name: x.mT})[name].mT if turned(layers[name]) else restrict({name: x})[name])[facts.row]
        length, size = g.shape[2:]
        by_place = g.transpose(1, 2).reshape(count, length, outs * size)
        for i in range(count):  # and all items j >= i
            overlap = torch.einsum("ln,jmn->jlm", x[i], x[i:])
            mixed = (overlap @ by_place[i:]).view(count - i, length, outs, size).transpose(1, 2).reshape((count - i) * outs, -1)
            theta[i, :, i:] += (g[i].reshape(outs, -1) @ mixed.T).view(outs, count - i, outs)
    for i in range(count):
        theta[i:, :, i] = theta[i, :, i:].permute(1, 2, 0)
    return Kernel(theta, theta)


def logit_kernel(model: nn.Module, writer: Writer, facts: Facts, memory: int | None = None, grams: bool = True) -> Kernel:
    """The kernel of a method's writes to these facts, whose tasks are written in the order of their numbers.

    Parameters go by their formulas where the restriction allows it, the rest by Jacobians. memory: bytes that the process may
    take in all while it computes (default: what is free); the numbers do not depend on it. grams: for items with options of
    their own, also the Gram matrices over outputs that all share, which take twice the time and which no simulation needs.
    """
    apart = grams and facts.common_options is None
    if not (writer.one_key_projection or all(r is unrestricted for r in writer.restrictions(facts).values())):
        kernel = jacobian_kernel(model, writer, facts)
        return replace(kernel, grams=shared_grams(model, writer, facts, memory)) if apart else kernel
    if plain(model, writer, facts, memory):
        linear = linear_layers(model)
        parts = {name: p for name, p in writer.parameters.items() if name in linear}
        rest = {name: p for name, p in writer.parameters.items() if name not in linear}
        kernels = [layer_kernel(model, replace(writer, parameters=parts), facts)] if parts else []
        kernels += [jacobian_kernel(model, replace(writer, parameters=rest), facts)] if rest else []
        if len(kernels) == 1:
            return kernels[0]
        whole = kernels[0].response.add_(kernels[1].response)  # all tasks have the same restriction: response = writes
        return Kernel(whole, whole)
    with remembering(model, first_block(model, writer.parameters.values())):
        whole = _summed(model, writer, facts, memory, fold, facts.options.shape[1] + 1)
        return Kernel(whole, whole, shared_grams(model, writer, facts, memory) if apart else None)


def plain(model: nn.Module, writer: Writer, facts: Facts, memory: int | None) -> bool:
    """Whether the kernel is that of a few facts and one of our own models. Its sums are then taken in an order of their own: the
    published tables hold their very last digits."""
    few = len(facts.row) * (facts.options.shape[1] + 1) <= PLAIN and facts.common_options is not None
    return few and isinstance(model, Transformer) and plain_bytes(model, writer, facts) <= room(memory)


def plain_bytes(model: nn.Module, writer: Writer, facts: Facts) -> int:
    """Bytes at the peak of computing the kernel with the signals of all layers at all positions held at once."""
    widths = [width(layer) for name, layer in linear_layers(model).items() if name in writer.parameters]
    size = len(facts.row) * (facts.options.shape[1] + 1)
    return PER_PAIR * size**2 + 4 * size * facts.tokens.shape[1] * (sum(widths) + 2 * max(widths, default=0))


def _summed(
    model: nn.Module, writer: Writer, facts: Facts, memory: int | None, read: Read, outs: int, traced: bool = False
) -> Tensor:
    """Inner products [I, O, I, O] of the gradients of all that is written, for any outputs; `traced`: their sum over equal
    outputs [I, I]."""
    where = sources(model, writer.parameters)
    whole = torch.zeros(1)
    if where.layers:
        cut = work(model, where, facts, outs)
        kernel = 4 * (len(facts.row) * (1 if traced else outs)) ** 2
        whole = products(model, writer, where, facts, cut, room(memory) - kernel - cut.working, read, outs, traced)
    if where.rest:
        rest = replace(writer, parameters={name: writer.parameters[name] for name in where.rest})
        response = jacobian_kernel(model, rest, facts, read=read, outs=outs).response
        whole = whole + (trace(response) if traced else response)
    return whole


def shared_outputs(facts: Facts, probes: int = PROBES) -> tuple[Read, int]:
    """Outputs that all items share, and their number r: the logits of all tokens of the file's answers along directions of sum 0.

    Summed over them, products of gradients are tr(Pi . Pi) / (tokens - 1): in the mean over random directions, and exactly where
    the tokens are no more than `probes`.
    """
    tokens = facts.options[facts.options >= 0].unique()
    count = len(tokens)
    centred = torch.eye(count) - 1 / count
    if count <= probes:
        directions = torch.linalg.svd(centred)[0][:, : max(1, count - 1)].T
    else:
        signs = torch.randint(0, 2, (probes, count), generator=torch.Generator().manual_seed(count)) * 2.0 - 1
        directions = signs @ centred / probes**0.5
    directions = directions / max(1, count - 1) ** 0.5

    def read(logits: Tensor, some: Facts) -> Tensor:
        return logits[:, tokens] @ directions.T

    return read, len(directions)


def shared_grams(model: nn.Module, writer: Writer, facts: Facts, memory: int | None = None) -> tuple[Tensor, Tensor]:
    """(response, writes): tr(Pi . Pi) / (O - 1) over the outputs that all items share, [I, I] each."""
    read, outs = shared_outputs(facts)
    if writer.one_key_projection or all(r is unrestricted for r in writer.restrictions(facts).values()):
        gram = _summed(model, writer, facts, memory, read, outs, traced=True)
        return gram, gram
    kernel = jacobian_kernel(model, writer, facts, read=read, outs=outs)
    return trace(kernel.response), trace(kernel.writes)


def fact_gram(theta: Tensor) -> Tensor:
    """tr(Pi Theta_ij Pi) / (O - 1) for all pairs of items: [I, I] float64, from theta [I, O, I, O]."""
    if theta.numel() > WHOLE:
        size = max(1, WHOLE // theta[0].numel())
        return torch.cat([_gram_of(rows.double()) for rows in theta.split(size)])
    return _gram_of(theta.double())


def _gram_of(theta: Tensor) -> Tensor:
    outs = theta.shape[1]
    return (torch.einsum("icjc->ij", theta) - theta.sum((1, 3)) / outs) / (outs - 1)


def overlaps(theta: Tensor) -> Tensor:
    """kappa [I, I]: normalised overlaps of write directions, 1 on the diagonal (0 for an item that writes nothing)."""
    return normalised(fact_gram(theta))


def normalised(gram: Tensor) -> Tensor:
    """A Gram matrix [I, I] of vectors, with each of them scaled to norm 1; 0 stays 0."""
    scale = gram.diagonal().clamp(min=0).rsqrt()
    return gram * torch.where(scale.isfinite(), scale, 0.0)[:, None] * torch.where(scale.isfinite(), scale, 0.0)


def statistics(writes: Tensor | Kernel) -> dict[str, Any]:
    """The statistics of write directions that the theory speaks of, from a kernel or its Gram matrix `writes` [I, O, I, O].

    participation_ratio, common_mode (share of the mean squared overlap), mean_overlap, rms_overlap, spectrum (eigenvalues in
    descending order, sum 1).
    """
    kappa = normalised(writes.writes_gram if isinstance(writes, Kernel) else fact_gram(writes)).numpy()
    count = len(kappa)
    off = kappa[~torch.eye(count, dtype=torch.bool).numpy()]
    spectrum = torch.linalg.eigvalsh(torch.from_numpy(kappa)).flip(0).clamp(min=0)
    return {
        "participation_ratio": float(participation_ratio(kappa)),
        "common_mode": float(common_mode_share(kappa)),
        "mean_overlap": float(off.mean()),
        "rms_overlap": float((off**2).mean() ** 0.5),
        "spectrum": (spectrum / spectrum.sum()).tolist(),
    }


def activation_fraction(model: Transformer, writer: Writer, facts: Facts) -> float:
    """Share of the units that a method writes which act at a token of the prompts, mean over tokens.

    Units: hidden units of a feed-forward layer (acting: above 0), slots, or experts.
    """
    record: dict[str, list[Tensor]] = {}
    with torch.no_grad():
        model.features(facts.tokens, record)
    inside = torch.arange(facts.tokens.shape[1]) <= facts.last[:, None]
    records = {name: iter(record.get(name, [])) for name in ("activations", "slots", "experts")}
    acting = units = 0.0
    for index, block in enumerate(model.blocks):
        part = block.feedforward
        count = getattr(part, "slots", None) or getattr(part, "experts", None)
        if count is None:
            active = (next(records["activations"])[inside] > 0).float()
        else:
            used = next(records["slots" if hasattr(part, "slots") else "experts"])[inside].flatten(1)
            active = torch.zeros(len(used), count).scatter_(1, used, 1.0)
        if any(name.startswith(f"blocks.{index}.feedforward.") for name in writer.parameters):
            acting, units = acting + active.sum(1).mean().item(), units + active.shape[1]
    return acting / units


def write_fraction(model: nn.Module, writer: Writer, facts: Facts) -> float:
    """Share of ALL the model's parameters that the first step of writing a task changes, mean over up to 64 tasks."""
    parameters = list(writer.parameters.values())
    restrictions = writer.restrictions(facts)
    asked = {task: restrictions[task] for task in sorted(restrictions)[:: -(-len(restrictions) // SOME)]}
    changed = 0
    for task, restrict in asked.items():
        batch = facts.of_task(task)
        gradients = torch.autograd.grad(answer_loss(outputs(model, batch), batch), parameters, allow_unused=True)
        update = restrict({n: g for n, g in zip(writer.parameters, gradients, strict=True) if g is not None})
        changed += sum(int((g != 0).sum()) for g in update.values())
    return changed / len(asked) / sum(p.numel() for p in model.parameters())
