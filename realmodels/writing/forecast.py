"""What a stream of writes will leave of each fact, computed from the model as it is BEFORE any write: no fitted parameter.

Kernel simulation. Gradient descent on the answers' loss moves the outputs z of all facts. To first order in the learning rate,
  z_i <- z_i - learning_rate / D sum_{j in task} Theta_ij (softmax(z_j) - onehot(y_j)),
Theta the response kernel at the start. This is iterated with the stream's own learning rate, steps and order. The softmax, and
with it saturation, is kept; the change of the kernel is neglected.

Spectral law (`realmodels.writing.spectral`). Claim C2 for tasks of D facts, from the items' mean overlaps and the write strength
alone: the change of the logits that an isolated write makes is taken to shrink as depth(age) / depth(0).

Trivial forecasts: no forgetting, and chance after one more task; both start from the isolated write.

Whole answers. Items are forecast one by one and added up per fact. The probability of an answer is exact in these outputs. It is
predicted to be said exactly if each of its tokens beats every tracked option and the likeliest other token of the vocabulary. Of
that token only the share of the untracked probability is known, as it is before any write; it is taken to stay so. Two things are
neglected: that an untracked token, such as an answer written later, takes more of that share; and that the log-sum-exp of the
untracked tokens is no straight line in the weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from realmodels.model.reading import logits_at
from realmodels.writing.kernel import WHOLE, Kernel, fact_gram
from realmodels.writing.outputs import Facts, Scores, fold, scores
from realmodels.writing.spectral import depth_by_age

ALL_MOMENTS = 64  # tasks up to which a forecast is made after every write


@dataclass(frozen=True)
class Setup:
    """All that a forecast uses.

    response: response kernel [I, O, I, O]. z: outputs [I, O] before any write. facts, learning_rate, steps: the plan of the
    stream. gram: the items' mean overlaps [I, I], if they are not those of the response. rest: the likeliest untracked token's
    logit less the log-sum-exp of all of them, before any write [I]; 0 if it is not known, which is hardest on the answers.
    """

    response: Tensor
    z: Tensor
    facts: Facts
    learning_rate: float
    steps: int
    gram: Tensor | None = None
    rest: Tensor | None = None

    @property
    def overlaps(self) -> np.ndarray:
        """Response of item i to the write of item j, mean over outputs [I, I]."""
        return (fact_gram(self.response) if self.gram is None else self.gram.double()).numpy()

    @property
    def tasks(self) -> list[int]:
        """The tasks in the order in which they will be written."""
        return sorted(set(self.facts.task.tolist()))

    def items_of(self, task: int) -> Tensor:
        """Numbers of the items of the facts of a task."""
        return torch.nonzero(self.facts.task[self.facts.row] == task)[:, 0]


@torch.no_grad()
def setup_of(model: nn.Module, kernel: Kernel, facts: Facts, learning_rate: float = 1.0, steps: int = 20) -> Setup:
    """The setup of a stream of facts into a model as it is, read in pieces. facts: those that the kernel is of."""
    z, rest = [], []
    for piece in facts.batches():
        logits = logits_at(model, piece.tokens, piece.row, piece.place)
        z.append(fold(logits, piece))
        rows = torch.arange(len(logits))[:, None].expand_as(piece.options)
        real = piece.options >= 0
        others = logits.index_put((rows[real], piece.options[real]), torch.tensor(-torch.inf))
        rest.append(others.amax(1) - z[-1][:, -1])
    return Setup(kernel.response, torch.cat(z), facts, learning_rate, steps, kernel.grams and kernel.grams[0], torch.cat(rest))


def _written(setup: Setup, z: Tensor, rows: Tensor, reach: Tensor) -> Tensor:
    """Outputs z [I, O] after the items in `rows` (a task's) are written, in the linearised model; only those in `reach` move."""
    outs = z.shape[1]
    size = max(1, WHOLE // (len(rows) * outs**2))
    pulls = [(some, _pull(setup, some, rows)) for some in reach.split(size)] if len(reach) <= size else None
    onehot = torch.nn.functional.one_hot(setup.facts.target[rows], outs)
    count = len(setup.facts.row[rows].unique())
    z = z.clone()
    for _ in range(setup.steps):
        error = z[rows].softmax(-1) - onehot
        for some, pull in pulls or ((some, _pull(setup, some, rows)) for some in reach.split(size)):
            z[some] -= setup.learning_rate / count * (pull @ error.flatten()).view(-1, outs)
    return z


def _pull(setup: Setup, reach: Tensor, rows: Tensor) -> Tensor:
    """Response of the outputs of some items to the errors of others: [reach * O, rows * O] float64."""
    return setup.response[:, :, rows][reach].double().reshape(len(reach) * setup.z.shape[1], -1)


def simulate(setup: Setup) -> list[Tensor]:
    """Kernel simulation: outputs [I, O] after 0, 1, ..., T tasks."""
    everything = torch.arange(len(setup.facts.row))
    z = [setup.z.double()]
    for task in setup.tasks:
        z.append(_written(setup, z[-1], setup.items_of(task), everything))
    return z


def isolated(setup: Setup, tasks: Sequence[int] | None = None) -> Tensor:
    """Outputs [I, O] of each item if its task were the only one written, in the linearised model. tasks: only of these."""
    z = setup.z.double()
    for task in setup.tasks if tasks is None else tasks:
        rows = setup.items_of(task)
        z = _written(setup, z, rows, rows)
    return z


def write_strength(setup: Setup, alone: Tensor) -> float:
    """eta in (0, 1): share of the outputs' error norm ||softmax(z) - onehot|| that isolated writes remove, over all facts."""
    onehot = torch.nn.functional.one_hot(setup.facts.target, setup.z.shape[1])
    before, after = (float((z.double().softmax(-1) - onehot).norm()) for z in (setup.z, alone))
    return float(np.clip(1 - after / before, 1e-6, 1 - 1e-6))


def said(setup: Setup, z: Tensor) -> Scores:
    """Scores of outputs z [I, O], with the answers that are predicted to be said exactly (see the module)."""
    found = scores(z, setup.facts)
    z, own = z.double(), setup.facts.target[:, None]
    rest = z[:, -1:] + (0 if setup.rest is None else setup.rest.double()[:, None])
    others = torch.cat([z[:, :-1].scatter(1, own, -torch.inf), rest], 1)
    missed = (z.gather(1, own)[:, 0] <= others.amax(1)).double()
    return replace(found, exact=(setup.facts.per_fact(missed) == 0).double())


def forecasts(setup: Setup, whole: bool = False) -> list[dict[str, Any]]:
    """All forecasts of one stream: rows kind, written, task, age >= 0, bits_predicted (mean over the task's facts).

    whole: with columns exact_predicted and probability_predicted, of whole answers. Of a stream of more than ALL_MOMENTS tasks,
    written is 1, 2, 4, ... and T.
    """
    facts, task = setup.facts, setup.facts.task
    of_items = task[facts.row].numpy()
    start, alone = setup.z.double(), isolated(setup)
    depth = depth_by_age(setup.overlaps, of_items, write_strength(setup, alone))
    change = torch.where(start.isfinite(), alone - start, 0.0)  # -inf where an item has no such option
    faded = [start + share * change for share in depth / depth[0]]
    in_kernel = [said(setup, z) for z in simulate(setup)]
    by_age = [said(setup, z) for z in faded]
    fresh = said(setup, alone)
    rows = []
    for written in range(1, len(setup.tasks) + 1):
        if len(setup.tasks) > ALL_MOMENTS and written & (written - 1) and written < len(setup.tasks):
            continue
        for index, name in enumerate(setup.tasks[:written]):
            age, mine = written - 1 - index, task == name
            predicted = {
                "kernel": in_kernel[written],
                "spectral": by_age[age],
                "no_forgetting": fresh,
                "chance": fresh if age == 0 else None,
            }
            for kind, found in predicted.items():
                row = {"kind": kind, "written": written, "task": name, "age": age}
                row["bits_predicted"] = 0.0 if found is None else float(found.bits[mine].mean())
                if whole:
                    row["exact_predicted"] = 0.0 if found is None else float(found.exact[mine].mean())
                    row["probability_predicted"] = 0.0 if found is None else float(found.probability[mine].mean())
                rows.append(row)
    return rows
