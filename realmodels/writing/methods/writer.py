"""What every writing method is: a model's parameters that it may change, and how it writes one task into them.

Most methods are gradient descent under a linear restriction of the gradient (`Writer` itself):
  w <- w - learning_rate * R_task(dL/dw),  L = mean over the task's facts of -log p(answer).
R_task is a projection that is fixed before the task is written: the identity, "these slots only", "off these key directions".
Because R is linear, the same object drives training and the kernel that forecasts it (`realmodels.writing.kernel`).
Other methods (closed-form editors, adapters, replay) are subclasses with a `write` of their own.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from realmodels.writing.outputs import Facts, answer_loss, outputs
from theory.errors import UserError

Gradients = dict[str, Tensor]
Restriction = Callable[[Gradients], Gradients]

NOTHING = 1e-5
"""Share of the gradient's norm below which an update counts as rounding: the method writes nothing."""

SGD_RATES = (2.0**-14, 2.0**8)
ADAMW_RATES = (2.0**-20, 2.0**-4)
"""Smallest and largest learning rate that is tried when none is given."""


class Diverged(RuntimeError):
    """A write whose loss or weights stopped being finite: the learning rate is too large for this model and method."""


@dataclass(frozen=True)
class Background:
    """What a method may look at besides the task: nothing of it is written.

    prompts: of the form of the stream, about other subjects where the user has given them. text [W, L]: windows of text that the
    writes should leave alone (token numbers); methods that protect what the model knows read their statistics from it. What a
    write does to text is measured on other windows. moments: statistics of this text that have been computed (`editor`).
    """

    prompts: Facts
    text: Tensor = field(default_factory=lambda: torch.zeros(0, 0, dtype=torch.long))
    moments: dict[tuple[Any, ...], Tensor] = field(default_factory=dict, repr=False, compare=False)


def unrestricted(gradients: Gradients) -> Gradients:
    """The restriction that restricts nothing."""
    return gradients


@dataclass(eq=False)
class Writer:
    """A method bound to a model.

    model, parameters: what the method may write, by name; all else stays as it is, bit for bit.

    restriction(task, earlier): the projection for the gradients of these parameters while `task` is written. earlier: the
    tasks that are written before it, in order. It is called in any order, more than once per task, and before anything has
    been written: the kernel asks for the restrictions of all tasks at once. So it must depend on its two arguments alone. A
    method that protects earlier tasks computes its projection from `earlier`; it must not collect tasks from one call to the
    next. The projection is linear and never changes a gradient in place. Gradients may carry leading dimensions.

    one_key_projection: True if every task has the same restriction and it acts on the keys of a matrix alone, the axis of its
    inputs. The kernel is then computed from keys and signals, which is much faster.

    optimizer: "sgd" (plain) or "adamw" (fresh moments for every task); weight_decay: decoupled, of the parameters above.

    state_numbers, state_bits: persistent state that the method needs beyond the model's parameters (claim C5 counts it).

    rates: the smallest and largest learning rate that are tried when none is given.

    A method that is no gradient descent overrides `write`, and `state` and `restore` if it carries anything from task to task
    that is no parameter. A resumed stream restores it; nothing else may be carried.
    """

    model: nn.Module
    parameters: dict[str, nn.Parameter]
    restriction: Callable[[Facts, Sequence[Facts]], Restriction] = lambda task, earlier: unrestricted
    one_key_projection: bool = False
    state_numbers: int = 0
    state_bits: int = 0
    optimizer: str = "sgd"
    weight_decay: float = 0.0
    rates: tuple[float, float] = SGD_RATES

    @property
    def forecastable(self) -> bool:
        """Whether the kernel can forecast the method: plain gradient descent under a linear restriction."""
        return type(self).write is Writer.write and self.optimizer == "sgd" and self.weight_decay == 0

    def restrictions(self, facts: Facts) -> dict[int, Restriction]:
        """The restriction of every task of `facts`, by its number, if the tasks are written in the order of their numbers."""
        tasks = sorted(set(facts.task.tolist()))
        by_task = [facts.of_task(task) for task in tasks]
        return {task: self.restriction(by_task[i], by_task[:i]) for i, task in enumerate(tasks)}

    def write(self, task: Facts, earlier: Sequence[Facts], learning_rate: float, steps: int) -> None:
        """Write one task in place, after the tasks `earlier` were written into this model in order.

        Raises Diverged if the loss is not finite, and UserError if the restriction leaves nothing of the gradient.
        """
        restrict = self.restriction(task, earlier)
        step_by = self._stepper(learning_rate)
        for step in range(steps):
            gradient = self.gradient(task, f"task {len(earlier) + 1}, before step {step + 1} of {steps}")
            update = restrict(gradient)
            if step == 0 and norm(update) < NOTHING * norm(gradient):
                raise UserError(
                    f"task {len(earlier) + 1} cannot be written: the method's restriction leaves nothing of the gradient; "
                    "a restriction must depend on its arguments alone and leave room for this task"
                )
            step_by(update)

    def gradient(self, task: Facts, where: str) -> Gradients:
        """Gradient of the task's loss for the parameters that it depends on. Raises Diverged, with `where`, if it is infinite."""
        loss = answer_loss(outputs(self.model, task), task)
        if not torch.isfinite(loss):
            raise Diverged(f"{where}: the loss is {loss.item()}")
        gradients = torch.autograd.grad(loss, list(self.parameters.values()), allow_unused=True)
        return {name: g for name, g in zip(self.parameters, gradients, strict=True) if g is not None}

    def _stepper(self, learning_rate: float) -> Callable[[Gradients], None]:
        """A function that takes one step against a gradient."""
        if self.optimizer == "adamw":
            rule = torch.optim.AdamW(self.parameters.values(), lr=learning_rate, weight_decay=self.weight_decay)

            def step(update: Gradients) -> None:
                for name, parameter in self.parameters.items():
                    parameter.grad = update.get(name)
                rule.step()
                rule.zero_grad()

            return step

        def plain(update: Gradients) -> None:
            with torch.no_grad():
                for name, g in update.items():
                    if self.weight_decay:
                        self.parameters[name].mul_(1 - learning_rate * self.weight_decay)
                    self.parameters[name].sub_(learning_rate * g)

        return plain

    def state(self) -> dict[str, Tensor]:
        """What the method carries from task to task beside the parameters, by name."""
        return {}

    def restore(self, state: dict[str, Tensor]) -> None:
        """Take up the state that `state` gave."""


def norm(gradients: Gradients) -> float:
    """Euclidean norm of all gradients together."""
    return math.sqrt(sum(float(g.double().square().sum()) for g in gradients.values()))
