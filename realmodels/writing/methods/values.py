"""What closed-form editors want a matrix to give: values at one position, found by gradient descent on the values themselves.

ROME (arXiv 2202.05262), MEMIT (2210.07229) and AlphaEdit (2410.02355) change one matrix so that at the last token of a fact's
subject it gives another output. What it reads there is the fact's key. The output is found first, with the model fixed: a
residual is added to it and moved by Adam until the whole answer is likely,
  loss of a fact = -log p(answer) + decay |residual| / |output|^2,  |residual| <= clamp |output|.
decay and clamp are those of ROME. The facts do not see each other here: each has a residual and Adam moments of its own. A fact
whose answer has the loss ENOUGH is left as it is from then on, so that one that the model knows already has the residual 0.
Left out of the papers: the divergence at "{subject} is a" (kl_factor), and prefixes sampled from the model, which would make two
runs differ.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from realmodels.model.matrices import Matrix
from realmodels.model.reading import inputs_of
from realmodels.writing.methods.checks import not_negative, positive
from realmodels.writing.methods.writer import Diverged
from realmodels.writing.outputs import Facts, outputs
from theory.errors import UserError

ENOUGH = 0.05  # nats: the answer has a probability of 95%; the papers stop there too


@dataclass(frozen=True)
class Search:
    """How residuals are kept small. clamp: the largest one, over the norm of the matrix's output. decay: see above, in nats times
    output norm. Raises UserError for a clamp that is not above 0 or a decay below 0."""

    clamp: float = 4.0
    decay: float = 0.5

    def __post_init__(self):
        """Check the numbers."""
        positive("clamp", self.clamp)
        not_negative("decay", self.decay)


def subject_keys(model: nn.Module, matrix: Matrix, facts: Facts) -> Tensor:
    """Keys [F, inputs]: what the matrix reads at the last token of each fact's subject; of its prompt, if it has no subject."""
    (read,) = inputs_of(model, [matrix.module(model)], facts.tokens)
    return read[torch.arange(len(facts)), facts.subject]


def residuals(
    model: nn.Module, matrix: Matrix, facts: Facts, learning_rate: float, steps: int, search: Search, where: str = ""
) -> Tensor:
    """What has to be added [F, outputs] to the matrix's output at each fact's subject so that its answer gets likely.

    learning_rate, steps: of Adam. Raises Diverged, beginning with `where`, if a loss is not finite, and UserError if an output is
    0. The model stays as it is.
    """
    module, rows = matrix.module(model), torch.arange(len(facts))
    with torch.no_grad():
        size = module(subject_keys(model, matrix, facts)).norm(dim=1)
    if not bool((size > 0).all()):
        raise UserError(f"{where}matrix {matrix.name} gives nothing at the subject of a fact: choose another with `where`")
    added = torch.zeros(len(facts), matrix.outputs, requires_grad=True)
    adam = torch.optim.Adam([added], lr=learning_rate)

    def shifted(module: nn.Module, inputs: tuple[Tensor], output: Tensor) -> Tensor:
        return output.index_put((rows, facts.subject), added, accumulate=True)

    hook = module.register_forward_hook(shifted)
    try:
        for step in range(steps):
            items = nn.functional.cross_entropy(outputs(model, facts), facts.target, reduction="none")
            loss = facts.per_fact(items)
            if not torch.isfinite(loss).all():
                raise Diverged(f"{where}before step {step + 1} of {steps}: the loss is {loss[~torch.isfinite(loss)][0].item()}")
            if (loss <= ENOUGH).all():
                break
            (added.grad,) = torch.autograd.grad((loss + search.decay * added.norm(dim=1) / size**2).sum(), added)
            before = added.detach().clone()
            adam.step()
            with torch.no_grad():
                most = search.clamp * size.double() / added.double().norm(dim=1)  # float32 would overflow at large rates
                added.mul_(most.clamp(max=1).float()[:, None])
                added.copy_(torch.where((loss > ENOUGH)[:, None], added, before))
    finally:
        hook.remove()
    return added.detach()
