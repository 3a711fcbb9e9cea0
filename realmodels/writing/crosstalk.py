"""How many directions to leave out of a matrix: what a write disturbs, from gradients and keys before any write (claim C2).

A task's gradient for a matrix W [outputs, inputs] is G = sum over facts and positions of (signal) x (key)^T. The write of a task
moves W along -G P, where P = I - U U^T leaves the first k directions out. Two things follow.
  what it learns     a step moves the task's own outputs by |G P|^2 per unit of learning rate, so that the same learning takes a
                     rate proportional to 1 / |G P|^2
  what it disturbs   at a key x that something else has, W then says something else by G P x / |G P|^2
Crosstalk is mean |G P x|^2 / (mean |G P|^2)^2 over tasks and keys that are none of their own. More directions take more of x
out, and more of the task, too: both sides of claim C2 on the spectrum that is left. The k with the least crosstalk at the keys
of what has to be kept is the theory's. Nothing is fitted, and nothing of a stream is looked at: tasks here are facts of the
same kind that are not written. Neglected is that tasks one after the other may push the same way.
"""

import torch
from torch import Tensor, nn

from realmodels.model.matrices import Matrix
from realmodels.writing.outputs import Facts, answer_loss, outputs

NOTHING = 1e-12
"""Share of a squared gradient that is rounding."""


def task_gradients(model: nn.Module, matrix: Matrix, facts: Facts) -> Tensor:
    """Gradient of the answers' loss for a matrix, one for each task of the facts: [T, outputs, inputs] float64."""
    weight = matrix.parameter(model)
    found = []
    for task in sorted(set(facts.task.tolist())):
        some = facts.of_task(task)
        (gradient,) = torch.autograd.grad(answer_loss(outputs(model, some), some), weight)
        found.append((gradient.T if matrix.transposed else gradient).double())
    return torch.stack(found)


def crosstalk(gradients: Tensor, directions: Tensor, keys: Tensor) -> Tensor:
    """mean |G P x|^2 / (mean |G P|^2)^2 with the first k = 0, 1, ..., K directions left out [K + 1]; inf where no G is left.

    gradients G [T, outputs, inputs]; directions: orthonormal U [inputs, K]; keys x [N, inputs].
    """
    inputs, most = directions.shape
    basis = torch.linalg.qr(torch.cat([directions.double(), torch.eye(inputs, dtype=torch.float64)], 1)).Q
    turned = keys.double() @ basis
    second = turned.T @ turned / len(keys)
    of_tasks = (gradients.double() @ basis).flatten(0, 1)
    learned = _rest(of_tasks.square().sum(0))[: most + 1] / len(gradients)
    shared = (of_tasks.T @ of_tasks) * second / len(gradients)
    disturbed = _rest(shared.triu().sum(1) + shared.tril(-1).T.sum(1))[: most + 1]
    return torch.where(learned > NOTHING * learned[0], disturbed / learned.square(), torch.inf)


def _rest(of_each: Tensor) -> Tensor:
    """Sums of a vector from each of its entries to the end."""
    return of_each.flip(0).cumsum(0).flip(0)


def advised(values: Tensor) -> int:
    """The number of directions with the least crosstalk; the smallest of several."""
    return int(values.argmin())
