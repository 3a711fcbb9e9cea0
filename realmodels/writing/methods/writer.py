"""What every writing method is: the parameters that it may change, and a linear restriction of their gradient.

All methods share one loop, plain gradient descent (`realmodels.writing.stream.write_task`):
  w <- w - dial * R_task(dL/dw),  L = mean cross-entropy of the task's answers,
where R_task is a projection that the method fixes before the task is written: the identity, "these slots only", "off these key
directions". Because R is linear, the same object drives training and the kernel that forecasts it (`realmodels.writing.kernel`).
"""

from collections.abc import Callable
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

    parameters: what it may write, by name. restriction(task): the projection applied to gradients of these parameters while
    this task is written; the gradients may carry leading dimensions. state_numbers, state_bits: persistent state that the
    method needs beyond the model's parameters (claim C5 counts it).
    """

    parameters: dict[str, nn.Parameter]
    restriction: Callable[[Facts], Restriction] = lambda task: unrestricted
    state_numbers: int = 0
    state_bits: int = 0


def last_output_matrix(model: Transformer, method: str) -> dict[str, nn.Parameter]:
    """The output matrix [width, hidden] of the last block's dense feed-forward layer, by name. UserError if there is none."""
    if not isinstance(model.blocks[-1].feedforward, DenseFeedForward):
        raise UserError(f"method {method!r} writes the last block's dense feed-forward matrix, which is not there: use 'full'")
    name = f"blocks.{len(model.blocks) - 1}.feedforward.output.weight"
    return {name: dict(model.named_parameters())[name]}
