"""A linear memory whose features are a model's gradients: claim C2 for a write to any of its parameters.

A write to many parameters goes along the gradients J_i [O, P] of the O outputs of each fact. In the linearised model a task with
rows J = (J_i) is written by  z <- z + Theta G (target - z),  Theta = J J^T the response kernel of `realmodels.writing.kernel`,
  G = Theta_tt^-1 (1 - exp(-q Theta_tt)),  q the dose:
gradient flow of the squared error of the outputs. Of one matrix that is read at one position this is the linear memory of its
keys, times the same matrix for all facts. Of deeper parameters it is more: Theta_ij [O, O] is no number times the identity, and
what fact j's answer y does to fact i's answer y' interferes as well. `mean_keys` leaves that out, on purpose.

Depth (claim C1): teach one of the C answers of fact i instead of another. With dz_i/dy_i [C, C] what the outputs follow,
  depth = tr(Pi dz_i/dy_i Pi) / (C - 1),  Pi = I - 1 1^T / C,
less the mean of the same at prompts that are never written, as in `realmodels.writing.retained.depths`. The other words of the
vocabulary are one more output, which is written as the others are and is no answer.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from realmodels.writing.kernel import fact_gram
from realmodels.writing.retained import NOTHING
from realmodels.writing.stores import Kept, smallest

DOSES = (1e-2, 1e5)  # of a task, in units of one over the mean squared gradient of an output


class GradientMemory:
    """The memory of prompts whose response kernel is theta [F, O, F, O]; the first are written in tasks of D, the others are what
    is said everywhere."""

    def __init__(self, theta: Tensor, D: int, tasks: int):
        """tasks: how many are written at most; some prompts must be left. Raises ValueError if none are."""
        count, outs = theta.shape[:2]
        if tasks * D >= count:
            raise ValueError(f"{count} prompts are too few for {tasks} tasks of {D} and others beside them")
        theta = centred(theta)
        self.D, self.tasks, self.outs, written = D, tasks, outs, tasks * D
        self.unit = float(theta.diagonal(dim1=0, dim2=2).diagonal(dim1=0, dim2=1).mean()) * outs / (outs - 1)
        self.theta = theta[:written, :, :written].reshape(written * outs, -1)
        self.elsewhere = theta[written:, :, :written].mean(0).reshape(outs, -1)
        answers = torch.eye(outs, outs - 1, dtype=torch.float64)
        self.answers = answers - answers.sum(1, keepdim=True) / (outs - 1)
        """[O, C]: what a change of target is in the outputs; the columns add up to 0."""

    def written(self, dose: float, lengths: Sequence[int]) -> Kept:
        """What is kept at each of these numbers of tasks. dose: of a task, in units of one over the mean squared gradient."""
        count = max(lengths) * self.D
        size, answers = count * self.outs, self.answers.shape[1]
        moved = torch.zeros(size, count * answers, dtype=torch.float64)  # dz/dy of the outputs of all facts by all targets
        said = torch.zeros(self.outs, count * answers, dtype=torch.float64)  # and elsewhere
        fresh, at = [], {}
        for task in range(max(lengths)):
            rows, known = self._rows(task), (task + 1) * self.D * answers
            error = -moved[rows, :known]
            error[:, known - self.D * answers :] += torch.block_diag(*[self.answers] * self.D)
            step = self._gain(rows, dose) @ error
            moved[:, :known] += self.theta[:size, rows] @ step
            said[:, :known] += self.elsewhere[:, rows] @ step
            fresh.append(float(self._depth(moved, said, range(task * self.D, (task + 1) * self.D)).mean()))
            if task + 1 in lengths:
                at[task + 1] = self._depth(moved, said, range((task + 1) * self.D)).reshape(-1, self.D).mean(1)
        return Kept(np.array(fresh), at)

    def alone(self, dose: float, tasks: int) -> float:
        """Mean depth of the first tasks, each written alone."""
        found = []
        for task in range(tasks):
            rows = self._rows(task)
            step = self._gain(rows, dose) @ torch.block_diag(*[self.answers] * self.D)
            moved, said = self.theta[rows][:, rows] @ step, self.elsewhere[:, rows] @ step
            found.append(self._depth(moved, said, range(self.D)).mean())
        return float(np.mean(found))

    def dose_of(self, depth: float, tasks: int) -> float:
        """The smallest dose that writes the first tasks alone to this mean depth. Raises UserError if none of DOSES does."""
        return smallest(lambda dose: self.alone(dose, tasks), depth, DOSES)

    def _rows(self, task: int) -> slice:
        return slice(task * self.D * self.outs, (task + 1) * self.D * self.outs)

    def _gain(self, rows: slice, dose: float) -> Tensor:
        """G of a task."""
        x, v = torch.linalg.eigh(self.theta[rows, rows])
        gain = torch.where(x > 1e-12 * x[-1], -torch.expm1(-dose / self.unit * x) / x.clamp(min=1e-300), 0.0)
        return (v * gain) @ v.T

    def _depth(self, moved: Tensor, said: Tensor, facts: range) -> np.ndarray:
        """Depth of these facts from dz/dy of all outputs, and elsewhere."""
        answers, found = self.answers.shape[1], []
        for fact in facts:
            own = moved[fact * self.outs : (fact + 1) * self.outs, fact * answers : (fact + 1) * answers]
            found.append(float(((own - said[:, fact * answers : (fact + 1) * answers]) * self.answers).sum()))
        return np.array(found) / (answers - 1)


def centred(theta: Tensor) -> Tensor:
    """The response [F, O, F, O], float64, without what all outputs of a fact share: that changes no probability."""
    theta = theta.double()
    theta = theta - theta.mean(1, keepdim=True)
    return theta - theta.mean(3, keepdim=True)


def mean_keys(theta: Tensor) -> Tensor:
    """Keys [F, n] with one number for a pair of facts: inner products are the mean over outputs of the response [F, O, F, O].

    Directions below NOTHING of the largest one's square are left out.
    """
    values, vectors = torch.linalg.eigh(fact_gram(theta))
    kept = values > NOTHING * values[-1]
    return vectors[:, kept] * values[kept].sqrt()
