"""Elastic weight consolidation: full finetuning with a penalty on moving weights that mattered to earlier tasks.

Sources: Kirkpatrick et al. 2017 (arXiv 1612.00796); one penalty, centred at the last weights: Huszar 2018 (arXiv 1712.03847). A
task is written by descent on
  L(w) + (strength / 2) sum_k F_k (w_k - w*_k)^2,
w* being the weights after the last task and F the importance of all tasks so far. `fisher` says how the importance of a task is
measured. Three libraries mean three other things by it; under their names they are as in their code, the whole way:
  exact      mean over the task's facts of the squared gradient of log p(answer) of that fact alone, after the task. A gradient
             for each fact, so that it does not matter how facts are batched or ordered (the empirical Fisher's diagonal)
  avalanche  mean over batches of the squared gradient of the batch's mean loss. Every task keeps a penalty of its own, with its
             own w* ("separate"; anchors=last is "online"). No half in the penalty
  mammoth    sum over facts of p(answer) times the squared gradient, over (batches times batch size). No half; decay is its gamma
  trace      sum over the steps of the task's write of the squared gradient of the whole loss, penalty included; the penalty
             reads the sum while it grows. Its w* is the same tensor as w on a CPU, so that its penalty is 0; not so here
So a strength does not carry over from one to another. L and `exact` are means over facts: the strength then depends on neither
batch nor facts in a task. At 1 the penalty is Laplace's estimate of the rise of the earlier tasks' losses, each counted like the
new one. It falls short of that rise: (1 - p)^2 stands where the curvature has p (1 - p) when an answer is learned to probability
p, and the diagonal leaves out what weights do together, the more so the more weights there are (claim `ewc`). The default is
TRACE's 400, tuned on nothing here.

How a step is taken: `exact` with sgd takes the penalty where the step ends,
  w <- w - rate (dL/dw + h (w - w*)) / (1 + rate h),  h = strength F,
which rests where plain descent rests, is stable however large rate times h is, and leaves a weight of endless importance where
it was. All else, AdamW too, adds the penalty's gradient to the loss's, as the libraries do. Plain sgd then diverges once rate
times h passes 2: such a write raises Diverged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from realmodels.writing.methods.checks import not_negative, whole
from realmodels.writing.methods.choices import one_of
from realmodels.writing.methods.full import full
from realmodels.writing.methods.writer import Background, Diverged, Gradients, Writer
from realmodels.writing.outputs import Facts, asked
from theory.errors import UserError


class Variant(NamedTuple):
    """factor: of strength times sum F (w - w*)^2 in the loss. anchors: its own. implicit: whether sgd takes the penalty where
    the step ends. batched: whether importance is measured by batches."""

    factor: float
    anchors: str = "last"
    implicit: bool = False
    batched: bool = False


VARIANTS = {
    "exact": Variant(0.5, implicit=True),
    "avalanche": Variant(1.0, "each", batched=True),
    "mammoth": Variant(1.0, batched=True),
    "trace": Variant(0.5),
}


class Kept(NamedTuple):
    """A penalty: importance and anchor w* of every written parameter, by name. Nothing in it is changed in place."""

    importance: dict[str, Tensor]
    anchor: dict[str, Tensor]


@dataclass(eq=False, kw_only=True)
class Ewc(Writer):
    """strength, fisher, decay, batch: as in `ewc`. each: whether every task keeps a penalty of its own.

    penalties: the penalty's value after each step of the last write.
    """

    strength: float
    fisher: str
    each: bool
    decay: float
    batch: int

    def __post_init__(self):
        """No earlier task."""
        self.variant = VARIANTS[self.fisher]
        self.kept: list[Kept] = []
        self.penalties: list[float] = []

    def write(self, task: Facts, earlier: Sequence[Facts], learning_rate: float, steps: int) -> None:
        """Write one task in place and take up its importance. Raises Diverged if the loss or the importance is not finite."""
        step_by, before, grown = self._stepper(learning_rate), self.kept, self._nothing()
        number, self.penalties = f"task {len(earlier) + 1}", []
        for step in range(steps):
            update = self._with_penalty(self.gradient(task, f"{number}, before step {step + 1} of {steps}"), learning_rate)
            step_by(update)
            if self.fisher == "trace":
                grown = {name: grown[name] + update[name].square() if name in update else grown[name] for name in grown}
                self.kept = [*before, *(Kept(grown, last.anchor) for last in before)]
            self.penalties.append(self.penalty())
        self.kept = before
        self._keep(grown if self.fisher == "trace" else self.importance(task, number), number)

    @property
    def told(self) -> str:
        """The penalty at the first and at the last step of the task that was written last; nothing of the first task."""
        return f"penalty {self.penalties[0]:.3g} to {self.penalties[-1]:.3g}" if any(self.penalties) else ""

    def penalty(self) -> float:
        """The penalty's value at the weights as they are."""
        with torch.no_grad():
            values = [
                float((importance * (self.parameters[name] - kept.anchor[name]).square()).sum(dtype=torch.float64))
                for kept in self.kept
                for name, importance in kept.importance.items()
            ]
        return self.variant.factor * self.strength * sum(values)

    def importance(self, task: Facts, number: str = "task") -> dict[str, Tensor]:
        """The importance of a task that was just written, in every variant but `trace`, which sums it up while it writes."""
        size, total = self.batch or len(task), self._nothing()
        batches = -(-len(task) // size)
        over = {"exact": len(task), "avalanche": batches, "mammoth": batches * size}[self.fisher]
        width = size if self.fisher == "avalanche" else 1
        for start in range(0, len(task), width):
            part = task[start : start + width]
            weight = float(asked(self.model, part).probability) if self.fisher == "mammoth" else 1.0
            for name, g in self.gradient(part, f"{number}, importance of its facts").items():
                total[name] += weight / over * g.square()
        return total

    def _with_penalty(self, gradient: Gradients, learning_rate: float) -> Gradients:
        """What a step goes against: the task's gradient with that of the penalty."""
        if not self.kept or self.strength == 0:
            return gradient
        weight, update, zero = 2 * self.variant.factor * self.strength, dict(gradient), torch.zeros(())
        implicit = self.variant.implicit and self.optimizer == "sgd"
        with torch.no_grad():
            for name, value in self.parameters.items():
                pull = sum((weight * kept.importance[name] * (value - kept.anchor[name]) for kept in self.kept), zero)
                if name not in gradient and not torch.any(pull):
                    continue  # the loss does not reach it, and it never moved
                update[name] = gradient[name] + pull if name in gradient else pull
                if implicit:
                    curvature = sum((weight * kept.importance[name] for kept in self.kept), zero)
                    update[name] = update[name] / (1 + learning_rate * curvature)
        return update

    def _keep(self, importance: dict[str, Tensor], number: str) -> None:
        """Take up the importance of a task, with the weights as they are for w*, and count what is kept."""
        if not all(torch.isfinite(values).all() for values in importance.values()):
            raise Diverged(f"{number}, after its last step: the importance of a parameter is not finite")
        if self.kept and not self.each:
            importance = {name: self.decay * old + importance[name] for name, old in self.kept[-1].importance.items()}
        now = Kept(importance, {name: parameter.detach().clone() for name, parameter in self.parameters.items()})
        self.kept = [*self.kept, now] if self.each else [now]
        self.state_numbers = sum(tensor.numel() for tensor in self.state().values())
        self.state_bits = 32 * self.state_numbers

    def _nothing(self) -> dict[str, Tensor]:
        """Importance 0 of every parameter."""
        return {name: torch.zeros_like(parameter, requires_grad=False) for name, parameter in self.parameters.items()}

    def state(self) -> dict[str, Tensor]:
        """Importance and anchor of every penalty."""
        return {
            f"{index}/{part}/{name}": tensor
            for index, kept in enumerate(self.kept)
            for part, tensors in kept._asdict().items()
            for name, tensor in tensors.items()
        }

    def restore(self, state: dict[str, Tensor]) -> None:
        """Take up the penalties; none if nothing is given."""
        count = len({name.split("/")[0] for name in state})
        parts = [[{n: state[f"{i}/{part}/{n}"] for n in self.parameters} for part in Kept._fields] for i in range(count)]
        self.kept = [Kept(*both) for both in parts]


def ewc(
    model: nn.Module,
    background: Background,
    where: str = "",
    strength: float = 400.0,
    fisher: str = "exact",
    anchors: str = "",
    decay: float = 1.0,
    batch: int = 0,
    optimizer: str = "sgd",
    weight_decay: float = 0.0,
) -> Ewc:
    """As `full`, with the penalty. State: importance and anchor of every written parameter; of each task, if anchors are "each".

    where, optimizer, weight_decay: as in `full`. strength: lambda; 0 is `full`. fisher: exact, avalanche, mammoth or trace (see
    above). anchors: last (one penalty, centred at the weights after the last task), each (one for every task), "" for what the
    variant has. decay: with last, the importance of earlier tasks is multiplied by it at every further one. batch: facts in a
    batch, for avalanche and mammoth; 0 for the whole task. Raises UserError for an option out of range.
    """
    not_negative("strength", strength)
    one_of("fisher", fisher, list(VARIANTS))
    if anchors not in ("", "last", "each"):
        raise UserError(f"anchors {anchors!r}: choose last or each")
    each = (anchors or VARIANTS[fisher].anchors) == "each"
    if not 0 <= decay <= 1:
        raise UserError(f"decay {decay}: give a number from 0 to 1")
    if decay != 1 and (each or fisher == "trace"):
        raise UserError(f"decay {decay}: importance fades with anchors=last only, and not in trace")
    if each and fisher == "trace":
        raise UserError("anchors 'each': trace has one sum of importance, so give anchors=last")
    whole("batch", batch, least=0)
    if batch and not VARIANTS[fisher].batched:
        raise UserError(f"batch {batch}: fisher {fisher!r} measures no batches; leave it out")
    plain = full(model, background, where, optimizer, weight_decay)
    own = {"strength": strength, "fisher": fisher, "each": each, "decay": decay, "batch": batch}
    return Ewc(model, plain.parameters, optimizer=optimizer, weight_decay=weight_decay, rates=plain.rates, **own)


METHOD = ewc
