"""The kernels of all matrices of a model together, for a few facts: what `realmodels.writing.scan` compares."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from realmodels.model.matrices import Matrix
from realmodels.model.reading import logits_at
from realmodels.model.remembering import forgetting
from realmodels.writing.kernel import shared_outputs
from realmodels.writing.methods.off_mode import common_directions
from realmodels.writing.outputs import Facts
from theory.statistics import common_mode_share


@dataclass
class MatrixKernel:
    """Overlaps [F, F] of the facts' writes to one matrix: whole, and the rest off the common key directions.

    signals [F, F]: inner products of the signals where the answers begin. keys: mean overlap and common mode of the keys there,
    and everywhere.
    """

    matrix: Matrix
    whole: Tensor
    rest: Tensor
    signals: Tensor
    keys: dict[str, float]


@dataclass(frozen=True)
class _Keys:
    """What a layer reads at all positions of all prompts, [N, inputs], and what of it is off the common directions."""

    x: Tensor
    off: Tensor
    about: dict[str, float]


def matrix_kernels(
    model: nn.Module, found: Sequence[Matrix], facts: Facts, background: Facts, k: int, probes: int
) -> dict[str, MatrixKernel]:
    """The kernel of each of these matrices that reads every token of a text, and that the outputs depend on, by its name.

    facts, background: with one item each (`realmodels.writing.scan.drawn`). k: common directions. probes: directions of outputs.
    """
    read, count = shared_outputs(facts, probes)
    inside = torch.arange(facts.tokens.shape[1]) <= facts.last[:, None]  # [F, L]
    owner = inside.nonzero()[:, 0]
    at_answer = inside.flatten().cumsum(0).view_as(inside)[torch.arange(len(facts)), facts.last] - 1
    directions = _common_directions(model, found, background, k)
    caught: dict[str, tuple[Tensor, Tensor]] = {}
    with forgetting(model), _watching(model, found, lambda name, x, y: caught.update({name: (x, y)})):
        y = read(logits_at(model, facts.tokens, facts.row, facts.place), facts)
    shape = facts.tokens.shape
    members = nn.functional.one_hot(owner, len(facts)).to(y.dtype)
    usable = [m for m in found if m.name in directions and m.name in caught and caught[m.name][0].shape[:2] == shape]
    keys: dict[int, _Keys] = {}  # matrices that read the same tensor share it
    for matrix in usable:
        x = caught[matrix.name][0]
        if id(x) not in keys:
            at = x[inside]
            common = directions[matrix.name].to(at.dtype)
            keys[id(x)] = _Keys(at, at - (at @ common) @ common.T, _about(at, owner, at_answer))
    kernels: dict[str, MatrixKernel] = {}
    for number in range(count):
        outs = [caught[matrix.name][1] for matrix in usable]
        gradients = torch.autograd.grad(y[:, number].sum(), outs, retain_graph=number + 1 < count, allow_unused=True)
        overlaps = (None, torch.zeros(0), torch.zeros(0))
        for matrix, g in zip(usable, gradients, strict=True):
            if g is None:
                continue
            own = keys[id(caught[matrix.name][0])]
            if overlaps[0] is not own:
                overlaps = (own, own.x @ own.x.T, own.off @ own.off.T)
            signals = g[inside]
            products = signals @ signals.T
            whole, rest = (members.T @ ((products * overlap) @ members) for overlap in overlaps[1:])
            here = signals[at_answer] @ signals[at_answer].T
            if matrix.name not in kernels:
                kernels[matrix.name] = MatrixKernel(matrix, whole, rest, here, own.about)
            else:
                so_far = kernels[matrix.name]
                so_far.whole, so_far.rest, so_far.signals = so_far.whole + whole, so_far.rest + rest, so_far.signals + here
    return kernels


class _watching:
    """Within it, `see(name, inputs, outputs)` is called for each of the matrices that the model uses."""

    def __init__(self, model: nn.Module, found: Sequence[Matrix], see: Callable[[str, Tensor, Tensor], None]):
        self.model, self.found, self.see = model, found, see

    def __enter__(self) -> None:
        self.tensors: dict[int, Tensor] = {}

        def hook(name: str) -> Callable[..., None]:
            def watch(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
                x = self.tensors.setdefault(id(inputs[0]), inputs[0].detach())  # one tensor for all that read the same
                self.alive.append(inputs[0])
                self.see(name, x, output)

            return watch

        self.alive: list[Tensor] = []
        self.hooks = [m.module(self.model).register_forward_hook(hook(m.name)) for m in self.found]

    def __exit__(self, *error: object) -> None:
        for hook in self.hooks:
            hook.remove()
        self.alive.clear()


@torch.no_grad()
def _common_directions(model: nn.Module, found: Sequence[Matrix], background: Facts, k: int) -> dict[str, Tensor]:
    """Orthonormal [inputs, k] for each matrix: the common directions of its keys where background prompts' answers begin."""
    keys: dict[str, Tensor] = {}
    rows = torch.arange(len(background))

    def see(name: str, x: Tensor, output: Tensor) -> None:
        if x.shape[:2] == background.tokens.shape:
            keys[name] = x[rows, background.last]

    with forgetting(model), _watching(model, found, see):
        logits_at(model, background.tokens, background.row, background.place)
    return {name: common_directions(x, k) for name, x in keys.items()}


def _about(x: Tensor, owner: Tensor, at_answer: Tensor) -> dict[str, float]:
    """Mean cosine and common mode of keys x [N, inputs]: where answers begin, and between all positions of different facts."""
    unit = nn.functional.normalize(x.double(), dim=1)
    here = unit[at_answer] @ unit[at_answer].T
    off = (unit @ unit.T)[owner[:, None] != owner]
    return {
        "key_overlap": float(here[~torch.eye(len(here), dtype=torch.bool)].mean()),
        "key_common_mode": common_mode_share(here.numpy()),
        "key_overlap_everywhere": float(off.mean()),
        "key_common_mode_everywhere": float(off.mean() ** 2 / off.square().mean()),
    }
