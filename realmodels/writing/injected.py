"""What a model will say after a stream of writes to one matrix, without writing: the predicted change, put into the matrix.

The kernel simulation (`realmodels.writing.forecast`) says how far each output of each fact is off at every step of a stream. A
write of one matrix W by gradient descent adds these errors up: dW = -(learning rate) / D sum_steps sum_i (dz_i / dW)^T error_i,
under the method's restriction. Here the errors are those of the simulation, and dz_i / dW that of the model before any write.
What the matrix reads does not depend on W. So W + dW answers any question, about text and about facts that are no part of the
simulation, and all that comes after W is exact. Two things are neglected: that the errors come out otherwise, and that the
signals of later layers move.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from realmodels.writing.forecast import Setup
from realmodels.writing.methods.writer import Writer
from realmodels.writing.outputs import outputs


def errors(setup: Setup) -> list[Tensor]:
    """Per task: the sum over its steps of the errors softmax(z) - onehot(y) of its items [I, O], by the kernel simulation."""
    z, found = setup.z.double(), []
    for task in setup.tasks:
        rows = setup.items_of(task)
        onehot = torch.nn.functional.one_hot(setup.facts.target[rows], z.shape[1])
        pull = setup.response[:, :, rows].double()
        count = len(setup.facts.row[rows].unique())
        added = torch.zeros(len(rows), z.shape[1], dtype=torch.float64)
        for _ in range(setup.steps):
            error = z[rows].softmax(-1) - onehot
            added += error
            z = z - setup.learning_rate / count * torch.tensordot(pull, error, 2)
        found.append(added)
    return found


def injections(model: nn.Module, writer: Writer, setup: Setup) -> Iterator[dict[str, Tensor]]:
    """Predicted change of what the writer writes, by name, after 1, 2, ..., T tasks of the setup.

    The model has to be as it was before any write whenever the next one is asked for. What was given is not changed afterwards.
    """
    restrict = writer.restrictions(setup.facts)
    table = dict(model.named_parameters())
    parameters = {name: table[name] for name in writer.parameters}
    change = {name: torch.zeros_like(p) for name, p in parameters.items()}
    for task, added in zip(setup.tasks, errors(setup), strict=True):
        some = setup.facts.of_task(task)
        pull = (outputs(model, some) * added.float()).nan_to_num(0.0).sum() / len(some)
        gradients = dict(zip(parameters, torch.autograd.grad(pull, list(parameters.values())), strict=True))
        change = {name: change[name] - setup.learning_rate * update for name, update in restrict[task](gradients).items()}
        yield change


def injected(model: nn.Module, writer: Writer, setup: Setup) -> dict[str, Tensor]:
    """Predicted change of what the writer writes, by name, after all tasks of the setup; the model holds none of them yet."""
    return list(injections(model, writer, setup))[-1]
