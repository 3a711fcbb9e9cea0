"""Off-mode writing in a training loop of one's own: any optimizer, its updates kept off the directions that a background has.

    off = realmodels.OffMode(model, texts, tokenizer=tokenizer)     # what to leave alone, from text that the model should keep
    off.restrict(optimizer)                                         # after every step, from now on
    Trainer(model, arguments, train_dataset=facts, optimizers=(optimizer, None)).train()      # or any loop

A matrix W [outputs, inputs] reads a key k of every token. With U [inputs, k] the common directions of the background's keys
(`realmodels.writing.methods.off_mode`, claim I2), what W says along them stays as it was: W U = C. Projecting gradients does not
do this for an optimizer that scales every weight by itself (Adam), nor with weight decay. So the weights are projected after the
optimizer's step: W <- W - (W U - C) U^T. The state is U and C, k (inputs + outputs) numbers for a matrix.

Low-rank adaptation adds B A to W. There A U = 0 is kept, so that B A U = 0. A is projected when `restrict` is called, too. B is
still 0 then, so that the model stays what it is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from realmodels.model import matrices
from realmodels.model.loaded import Loaded
from realmodels.model.reading import inputs_of
from realmodels.writing.methods.checks import whole
from realmodels.writing.methods.off_mode import common_directions
from theory.errors import UserError

if TYPE_CHECKING:
    from torch.utils.hooks import RemovableHandle
    from transformers import PreTrainedTokenizerBase

AT_ONCE = 16  # background texts that are read together


@dataclass
class _Kept:
    """A weight with U (`directions`) and C (`said`), and whether it is stored as [inputs, outputs]."""

    weight: nn.Parameter
    directions: Tensor
    said: Tensor
    transposed: bool

    @torch.no_grad()
    def project(self) -> None:
        """Bring the weight back to what it has to say along the directions, on the device where it is by now."""
        device = self.weight.device
        self.directions, self.said = self.directions.to(device), self.said.to(device)
        weight = self.weight.T if self.transposed else self.weight
        moved = weight.float() @ self.directions - self.said
        weight.sub_((moved @ self.directions.T).to(weight.dtype))


class OffMode:
    """What a model's matrices say along the common directions of a background: kept as it is while something is trained."""

    def __init__(
        self,
        model: "nn.Module | Loaded",
        background: Sequence[str] | Sequence[Sequence[int]],
        where: str = "feedforward.output",
        k: int = 12,
        tokenizer: "PreTrainedTokenizerBase | None" = None,
    ):
        """model: a causal language model that peft has not wrapped yet, or what `realmodels.load` returned.

        background: texts, or their token numbers; they are read at all positions. where: matrices, as
        `realmodels.model.matrices.find`. k: directions of each. tokenizer: of the texts, if the model does not bring its own.

        Raises UserError if there is no text, for matrices that are not there, a model with adapters, or a k above the tokens
        of the background or the inputs of a matrix.
        """
        self.model = model.model if isinstance(model, Loaded) else model
        if any(hasattr(module, "lora_A") for module in self.model.modules()):
            raise UserError("this model has low-rank adapters already: make OffMode before peft wraps the model")
        texts = _tokens(model, background, tokenizer)
        found = matrices.find(self.model, where)
        whole("k", k, most=min(sum(map(len, texts)), *(matrix.inputs for matrix in found)))
        keys = self._keys([matrix.module(self.model) for matrix in found], texts)
        self.directions = {matrix.name: common_directions(read, k).float() for matrix, read in zip(found, keys, strict=True)}
        """Orthonormal U [inputs, k] by the name of the matrix, float32."""
        self._layers = {id(matrix.module(self.model)): matrix for matrix in found}
        self._kept: dict[int, _Kept] = {}

    @property
    def state_numbers(self) -> int:
        """Numbers that are kept beside the model: directions, and what the matrices say along them once `restrict` was called."""
        return sum(u.numel() for u in self.directions.values()) + sum(kept.said.numel() for kept in self._kept.values())

    def restrict(self, optimizer: Optimizer) -> "RemovableHandle":
        """Project the weights after every step of this optimizer; `.remove()` of what is returned ends it.

        Call it once for each optimizer, if there are several. Parameters that belong to no chosen matrix are left to it. Raises
        UserError if it has none that do, or for an adapter that was trained before.
        """
        trained = {id(p) for group in optimizer.param_groups for p in group["params"]}
        kept = [each for each in self._restricted() if id(each.weight) in trained]
        if not kept:
            raise UserError(
                f"the optimizer trains none of the {len(self.directions)} matrices that OffMode was made for: give it their "
                "weights, or name others with where"
            )
        self._kept |= {id(each.weight): each for each in kept}

        def project(*_: object) -> None:
            for each in kept:
                each.project()

        project()
        return optimizer.register_step_post_hook(project)

    def _restricted(self) -> Iterator["_Kept"]:
        """All weights that could be restricted, with what they have to say along the directions from now on."""
        for module in self.model.modules():
            adapted = hasattr(module, "lora_A")
            layer = module.base_layer if adapted else module
            if not isinstance(layer, nn.Module) or id(layer) not in self._layers:
                continue
            matrix = self._layers[id(layer)]
            directions = self.directions[matrix.name]
            if not adapted:
                weight: nn.Parameter = layer.weight  # pyright: ignore[reportAssignmentType]
                directions = directions.to(weight.device)
                said = (weight.detach().T if matrix.transposed else weight.detach()).float() @ directions
                yield _Kept(weight, directions, said, matrix.transposed)
                continue
            if any(second.weight.any() for second in module.lora_B.values()):  # pyright: ignore
                raise UserError(f"an adapter of {matrix.name} was trained before: restrict it from its first step on")
            for first in module.lora_A.values():  # pyright: ignore[reportCallIssue, reportAttributeAccessIssue]
                yield _Kept(first.weight, directions, torch.zeros(len(first.weight), directions.shape[1]), False)

    def _keys(self, modules: list[nn.Module], texts: Sequence[Tensor]) -> list[Tensor]:
        """What each module reads at every token of the texts: [tokens, inputs] each. Nothing is dropped out meanwhile."""
        device, training = next(self.model.parameters()).device, self.model.training
        self.model.eval()
        read: list[list[Tensor]] = [[] for _ in modules]
        try:
            for start in range(0, len(texts), AT_ONCE):
                some = texts[start : start + AT_ONCE]
                padded = nn.utils.rnn.pad_sequence(list(some), batch_first=True).to(device)
                inside = torch.arange(padded.shape[1]) < torch.tensor([len(text) for text in some])[:, None]
                for found, keys in zip(read, inputs_of(self.model, modules, padded), strict=True):
                    found.append(keys[inside.to(device)].float())
        finally:
            self.model.train(training)
        return [torch.cat(found) for found in read]


def _tokens(
    model: "nn.Module | Loaded",
    background: Sequence[str] | Sequence[Sequence[int]],
    tokenizer: "PreTrainedTokenizerBase | None",
) -> list[Tensor]:
    """The background as token numbers, a tensor per text. Raises UserError if there is nothing, or no tokenizer for texts."""
    if isinstance(background, str) or not len(background):
        raise UserError("background is a list of texts, one at least: give some that the model should keep")
    found = []
    for text in background:
        if not isinstance(text, str):
            found.append(torch.tensor(list(text), dtype=torch.long))
        elif tokenizer is not None:
            found.append(torch.tensor(tokenizer(text)["input_ids"], dtype=torch.long))
        elif isinstance(model, Loaded):
            found.append(torch.tensor(model.words.prompt(text), dtype=torch.long))
        else:
            raise UserError("the background is text, and nothing says how it becomes tokens: give the tokenizer")
    if not all(len(text) for text in found):
        raise UserError("a text of the background has no tokens: leave it out")
    return found
