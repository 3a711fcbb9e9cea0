"""Predictors of what a stream leaves of each fact, all of them before any write: -log2 p(answer), and whether it is said.

kernel          the kernel simulation: outputs moved by the logit kernel, the softmax kept (`realmodels.writing.forecast`)
injected        the change of the matrix that the kernel simulation predicts, put in, and the model asked (`injected`)
spectral        claim C2 from mean overlaps alone, by age (`spectral`)
isolated        no forgetting: each task as if it were the only one
gradients       products of loss gradients at the start, to first order: the loss of a fact i changes by
                -(learning rate) steps / D sum_j <grad L_i, grad L_j> with every task. They are e_i Theta_ij e_j with the errors
                e = softmax(z) - onehot(y) of the model as it is: the logit kernel, with the errors that it has at the start.
later           the same of the tasks that come after a fact only, on top of its isolated write
A moment is a number of tasks written so far.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from realmodels.writing.forecast import Setup, isolated, said, simulate, write_strength
from realmodels.writing.injected import injections
from realmodels.writing.methods.writer import Writer
from realmodels.writing.outputs import Facts, Scores, asked
from realmodels.writing.spectral import depth_by_age

BIT = float(np.log(2.0))


@dataclass(frozen=True)
class Said:
    """Of each fact after each moment: bits [M, F] = -log2 p(answer), and exact [M, F], 1.0 where the whole answer is said."""

    bits: np.ndarray
    exact: np.ndarray

    @classmethod
    def of(cls, found: Sequence[Scores]) -> "Said":
        """From scores at each moment."""
        return cls(np.stack([one.loss.numpy() / BIT for one in found]), np.stack([one.exact.numpy() for one in found]))


def by_kernel(setup: Setup, moments: Sequence[int]) -> Said:
    """The kernel simulation."""
    states = simulate(setup)
    return Said.of([said(setup, states[moment]) for moment in moments])


def by_isolated(setup: Setup, moments: Sequence[int]) -> Said:
    """Each task as if it were the only one written."""
    return Said.of([said(setup, isolated(setup))] * len(moments))


def by_spectrum(setup: Setup, moments: Sequence[int]) -> Said:
    """What an isolated write adds to the outputs fades with age as C2 says. Facts that are not written yet: NaN."""
    start, alone = setup.z.double(), isolated(setup)
    task = setup.facts.task.numpy()
    depth = depth_by_age(setup.overlaps, setup.facts.task[setup.facts.row].numpy(), write_strength(setup, alone))
    change = torch.where(start.isfinite(), alone - start, 0.0)
    faded = Said.of([said(setup, start + share * change) for share in depth / depth[0]])
    place = {name: index for index, name in enumerate(setup.tasks)}
    of_fact = np.array([place[name] for name in task.tolist()])
    ages = np.array(moments)[:, None] - 1 - of_fact
    rows = np.arange(len(task))
    late = np.where(ages >= 0, 1.0, np.nan)
    return Said(faded.bits[ages.clip(min=0), rows] * late, faded.exact[ages.clip(min=0), rows] * late)


def by_gradients(setup: Setup, moments: Sequence[int], later: bool = False) -> np.ndarray:
    """-log2 p(answer) [M, F] by products of loss gradients at the start. It may fall below 0, and says nothing of exactness.

    later: from the isolated write on, by the tasks after a fact's own; else from the start on, by all tasks.
    """
    facts, z = setup.facts, setup.z.double()
    error = z.softmax(-1) - torch.nn.functional.one_hot(facts.target, z.shape[1])
    weighted = torch.einsum("icjd,ic,jd->ij", setup.response.double(), error, error)
    of_fact = torch.nn.functional.one_hot(facts.row, len(facts)).double()
    per_task = torch.stack([(facts.task == name).double() / (facts.task == name).sum() for name in setup.tasks])
    fall = setup.learning_rate * setup.steps * of_fact.T @ weighted @ of_fact @ per_task.T  # of each fact by each task [F, T]
    if later:
        fall = fall * (torch.tensor(setup.tasks) > facts.task[:, None])
    begin = said(setup, isolated(setup) if later else z).loss
    return np.stack([(begin - fall[:, :moment].sum(1)).numpy() / BIT for moment in moments])


def by_injection(model: nn.Module, writer: Writer, setup: Setup, facts: Facts, moments: Sequence[int]) -> Said:
    """The predicted change put into the model, which is asked about the facts and then put back. facts: as they are asked."""
    parameters = dict(writer.parameters)
    start = {name: p.detach().clone() for name, p in parameters.items()}
    found = []
    for count, change in enumerate(injections(model, writer, setup), 1):
        if count not in moments:
            continue
        try:
            _set(parameters, {name: start[name] + change[name] for name in start})
            found.append(asked(model, facts))
        finally:
            _set(parameters, start)
    return Said.of(found)


@torch.no_grad()
def _set(parameters: Mapping[str, Tensor], values: Mapping[str, Tensor]) -> None:
    for name, parameter in parameters.items():
        parameter.copy_(values[name])
