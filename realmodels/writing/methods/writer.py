"""What every writing method is: the parameters that it may change, and a linear restriction of their gradient.

All methods share one loop, plain gradient descent (`realmodels.writing.stream.write_task`):
  w <- w - learning_rate * R_task(dL/dw),  L = mean cross-entropy of the task's answers.
R_task is a projection that is fixed before the task is written: the identity, "these slots only", "off these key directions".
Because R is linear, the same object drives training and the kernel that forecasts it (`realmodels.writing.kernel`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from realmodels.model.feedforward.dense import DenseFeedForward
from realmodels.model.transformer import Transformer
from realmodels.writing.outputs import Facts
from theory.errors import UserError

Gradients = dict[str, Tensor]
Restriction = Callable[[Gradients], Gradients]


def unrestricted(gradients: Gradients) -> Gradients:
    """The restriction that restricts nothing."""
    return gradients


@dataclass(frozen=True)
class Writer:
    """A method bound to a model.

    parameters: what the method may write, by name.

    restriction(task, earlier): the projection for the gradients of these parameters while `task` is written. earlier: the
    tasks that are written before it, in order. It is called in any order, more than once per task, and before anything has
    been written: the kernel asks for the restrictions of all tasks at once. So it must depend on its two arguments alone. A
    method that protects earlier tasks computes its projection from `earlier`; it must not collect tasks from one call to the
    next. The projection is linear and never changes a gradient in place. Gradients may carry leading dimensions.

    one_key_projection: True if every task has the same restriction and it acts on the last axis of a gradient alone (for a
    linear layer: on the keys). The kernel is then computed from keys and signals, which is much faster.

    state_numbers, state_bits: persistent state that the method needs beyond the model's parameters (claim C5 counts it).
    """

    parameters: dict[str, nn.Parameter]
    restriction: Callable[[Facts, Sequence[Facts]], Restriction] = lambda task, earlier: unrestricted
    one_key_projection: bool = False
    state_numbers: int = 0
    state_bits: int = 0

    def restrictions(self, facts: Facts) -> dict[int, Restriction]:
        """The restriction of every task of `facts`, by its number, if the tasks are written in the order of their numbers."""
        tasks = sorted(set(facts.task.tolist()))
        by_task = [facts.of_task(task) for task in tasks]
        return {task: self.restriction(by_task[i], by_task[:i]) for i, task in enumerate(tasks)}


def last_output_matrix(model: Transformer, method: str) -> dict[str, nn.Parameter]:
    """The output matrix [width, hidden] of the last block's dense feed-forward layer, by name. UserError if there is none."""
    if not isinstance(model.blocks[-1].feedforward, DenseFeedForward):
        raise UserError(f"method {method!r} writes the last block's dense feed-forward matrix, which is not there: use 'full'")
    name = f"blocks.{len(model.blocks) - 1}.feedforward.output.weight"
    return {name: dict(model.named_parameters())[name]}
