"""What a method keeps of a long stream in one layer: the method simulated in a matrix that reads the keys of a model.

A store is a matrix W that reads keys k [n] of prompts, in the order of a stream, in tasks of D facts, as a method writes them:
  plain   by the gradient                                                      (claim `finetuning`)
  gpm     by the gradient off the main directions of earlier tasks' keys       (claim `gpm`, Saha et al. 2021)
  replay  by the gradient of a batch that holds facts of a reservoir too       (claim `replay`)
  ewc     with every weight pulled to where it was before the task, by
          learning rate x strength x importance, which grows with every task   (claim `ewc`, its diagonal)
Two stores differ in what a step against the gradient does to readouts. `realmodels.writing.linear_store`: readouts go to their
targets as in least squares, and begin at 0, as the laws of `theory.methods` assume. `realmodels.writing.softmax_store`: readouts
are logits, begin at those of the model, and the loss is the cross-entropy of the answer, as in a language model. Left out of
both: the norm behind the matrix; that outputs are not orthogonal and not equally sensitive (all words that are no answer are one
output); and that importance differs between outputs (its mean over them is taken).
Nothing is fitted to a stream. Keys are those of prompts that are never written; trial writes set the size of a write.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from scipy.optimize import brentq
from torch import Tensor

from realmodels.writing.methods.gpm import extended
from realmodels.writing.methods.replay import reservoir
from theory.errors import UserError


@dataclass(frozen=True)
class Rule:
    """How a method writes in a store.

    threshold: of gpm, 0 for none. n, buffer: of replay, facts a step and in the reservoir, 0 for none. pull: of ewc, [n], None
    for none: what a task adds to learning rate x strength x importance of the weights at each input, if it leaves the squared
    error `left` of a fact, in the store's own measure. That of other tasks is in proportion to what they leave: importance is
    the mean squared gradient of facts after their write.
    """

    threshold: float = 0.0
    n: int = 0
    buffer: int = 0
    pull: Tensor | None = None
    left: float = 1.0


@dataclass(frozen=True)
class Kept:
    """fresh [T]: mean depth of each task just after its own write. at: {tasks written: mean depth of each of them then}."""

    fresh: np.ndarray
    at: dict[int, np.ndarray]


def smallest(found: Callable[[float], float], wanted: float, between: tuple[float, float]) -> float:
    """The size of a write at which `found` first passes what is wanted, as sizes are doubled from the one end to the other.

    It need not rise: large steps leap over what they seek. Raises UserError if it is passed nowhere.
    """

    def lacking(log: float) -> float:
        return found(float(np.exp(log))) - wanted

    for low, high in pairwise(np.arange(*np.log(between), np.log(2))):
        if lacking(high) > 0 >= lacking(low):
            return float(np.exp(brentq(lacking, low, high, xtol=1e-3)))
    raise UserError(f"no write reaches a depth of {wanted:.3g}")


class Protection:
    """What a rule carries from task to task: basis [directions, n], and the pull [n] on every weight."""

    def __init__(self, rule: Rule, keys: Tensor, D: int):
        self.rule, self.keys, self.D, self.task = rule, keys, D, 0
        self.basis = keys.new_zeros(0, keys.shape[1])
        self.pull = keys.new_zeros(keys.shape[1])

    @property
    def mine(self) -> Tensor:
        """Facts of the task that is written now."""
        return torch.arange(self.task * self.D, (self.task + 1) * self.D)

    def batches(self, steps: int) -> Iterator[Tensor]:
        """Facts of every step's batch, drawn as `realmodels.writing.methods.replay` draws them."""
        old = torch.tensor(sorted(reservoir(self.task * self.D, self.rule.buffer)), dtype=torch.long)
        draw = np.random.default_rng([1, self.task])
        for _ in range(steps):
            yield torch.cat([self.mine, old[torch.from_numpy(draw.permutation(len(old))[: self.rule.n])]])

    def open_to(self, batch: Tensor) -> Tensor:
        """What may be written of the keys of these facts."""
        k = self.keys[batch]
        return k - k @ self.basis.T @ self.basis

    def held(self, change: Tensor, moved: Tensor) -> Tensor:
        """A step's change [..., n] of weights that have `moved` so far in this task, with the pull taken where the step ends."""
        return (change - self.pull * moved) / (1 + self.pull)

    def take_up(self, left: float) -> None:
        """Go on to the next task. left: squared error that the last one left of its facts."""
        if self.rule.threshold:
            self.basis = extended(self.basis, self.keys[self.mine], self.rule.threshold)
        if self.rule.pull is not None:
            self.pull = self.pull + self.rule.pull * left / self.rule.left
        self.task += 1
