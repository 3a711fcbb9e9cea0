"""Orthogonal gradient descent: a task is written across the gradients of the logits of all earlier answers.

Farajtabar et al. 2020 (arXiv 1910.07104), the variant OGD-GTL ("ground truth logit"). Just after a task was written, the gradient
of the logit of each fact's answer is taken in all written parameters. What Gram-Schmidt leaves of it, at norm 1, joins the rows
of S [vectors, numbers]. A later gradient g is written as g - S^T S g: to first order no logit of an earlier answer moves.

An answer of several tokens brings a vector for each of its tokens, whose logit is read after the tokens before it: all of them
are protected. A gradient that lies in the span of S, up to rounding, brings none. The paper stores the gradients of a sample
of each task. Here those of all facts are stored in order until there are `most`. Facts that come later are written across what is
stored, and are not protected themselves.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from realmodels.model.memory import require
from realmodels.writing.methods.checks import whole
from realmodels.writing.methods.gpm import matrices_of
from realmodels.writing.methods.writer import NOTHING, Background, Diverged, Gradients, Writer
from realmodels.writing.outputs import Facts, outputs


@dataclass(eq=False, kw_only=True)
class Ogd(Writer):
    """most: vectors that are stored at most."""

    most: int

    def __post_init__(self):
        """Nothing is protected before the first task."""
        self.restriction = lambda task, earlier: self.across
        self.stored = self.vector({}).new_zeros(0, sum(p.numel() for p in self.parameters.values()))

    def vector(self, gradients: Gradients) -> Tensor:
        """Gradients as one vector of all written numbers; 0 for a parameter that has none."""
        parts = [gradients.get(name, torch.zeros_like(p)) for name, p in self.parameters.items()]
        return torch.cat([part.flatten() for part in parts]).detach()

    def across(self, gradients: Gradients) -> Gradients:
        """What is left of gradients across all that is stored."""
        if not len(self.stored):
            return gradients
        left = self.vector(gradients)
        left = left - self.stored.T @ (self.stored @ left)
        parts = left.split([p.numel() for p in self.parameters.values()])
        return {name: part.view_as(p) for (name, p), part in zip(self.parameters.items(), parts, strict=True)}

    def write(self, task: Facts, earlier: Sequence[Facts], learning_rate: float, steps: int) -> None:
        """Write one task in place, and protect its answers. Errors as `Writer.write`; Diverged too if a logit's gradient is not
        finite."""
        super().write(task, earlier, learning_rate, steps)
        self.store(task, f"task {len(earlier) + 1}, after its write")
        self.state_numbers = self.stored.numel()
        self.state_bits = 32 * self.state_numbers

    def store(self, task: Facts, where: str) -> None:
        """Take up the gradient of every answer token's logit in the model as it is, while there is room."""
        z = outputs(self.model, task)
        logits = z.gather(1, task.target[:, None])[:, 0]
        count = len(self.stored)
        rows = torch.cat([self.stored, self.stored.new_empty(min(len(logits), self.most - count), self.stored.shape[1])])
        for logit in logits:
            if count == self.most:
                break
            gradients = torch.autograd.grad(logit, list(self.parameters.values()), retain_graph=True, allow_unused=True)
            vector = self.vector({n: g for n, g in zip(self.parameters, gradients, strict=True) if g is not None})
            size = vector.double().norm()
            if not torch.isfinite(size):
                raise Diverged(f"{where}: the gradient of a logit is not finite")
            for _ in range(2):  # once leaves a rounding error along what is stored
                vector = vector - rows[:count].T @ (rows[:count] @ vector)
            rest = vector.double().norm()
            if rest > NOTHING * size:
                rows[count] = vector / rest
                count += 1
        self.stored = rows[:count]

    def state(self) -> dict[str, Tensor]:
        """The stored vectors, if there are any."""
        return {"stored": self.stored} if len(self.stored) else {}

    def restore(self, state: dict[str, Tensor]) -> None:
        """Take up the stored vectors; none if nothing is given."""
        stored = state.get("stored", self.stored[:0])
        self.stored = stored.clone()  # at an aligned address, on which the last bits of a product depend


def ogd(model: nn.Module, background: Background, where: str = "last", most: int = 512) -> Ogd:
    """Parameters chosen by `where`. State: the stored vectors, each as long as all that is written; it is counted as it grows.

    where: "last" for the output matrix of the last feed-forward part, "" for all parameters, else as
    `realmodels.model.matrices.find`. most: vectors that are stored at most. Raises UserError if they might not fit into memory.
    The background is not used.
    """
    whole("most", most)
    parameters = {m.name: m.parameter(model) for m in matrices_of(model, where)} if where else dict(model.named_parameters())
    numbers = sum(parameter.numel() for parameter in parameters.values())
    what = f"method 'ogd' with up to {most:,} stored gradients of {numbers:,} numbers"
    require(2 * 4 * most * numbers, what, "lower most, or choose fewer matrices with where")  # the old ones and the new
    return Ogd(model, parameters, most=most)


METHOD = ogd
