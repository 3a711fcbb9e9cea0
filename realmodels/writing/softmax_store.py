"""The store of `realmodels.writing.stores` in which readouts are logits and the loss is a cross-entropy, as in a language model.

Fact j is that answer y_j is taught at key k_j. Readouts are z = z_0 + W k, one per output: those of the model before any write,
and what W adds. A step moves W by `rate` times the mean over the batch of (onehot - softmax(z)) k^T: every output has the same
sensitivity to W, and those of different outputs are orthogonal. Depth as in `realmodels.writing.retained.depths`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from realmodels.writing.stores import Kept, Protection, Rule, smallest
from theory.errors import UserError

RATES = (1e-3, 1e5)  # in units of one over the mean squared length of a key


@dataclass(frozen=True)
class Prompts:
    """What a model says and reads at prompts: keys [F, n], outputs z [F, C + 1] before any write, and the targets [F]."""

    keys: Tensor
    z: Tensor
    target: Tensor

    def rolled(self, by: int) -> "Prompts":
        """The prompts in another order: the last `by` come first."""
        return Prompts(*(values.roll(by, 0) for values in (self.keys, self.z, self.target)))


def written(prompts: Prompts, D: int, rule: Rule, rate: float, steps: int, lengths: Sequence[int]) -> Kept:
    """What is kept of the first facts, in tasks of D, at each of the numbers of tasks `lengths`.

    rate: of a step, in units of one over the mean squared length of a key. Prompts after those written say what is said
    everywhere: there must be some. Raises UserError if there are none.
    """
    keys, z0, target = prompts.keys.double(), prompts.z.double(), prompts.target
    if max(lengths) * D >= len(keys):
        raise UserError(f"{len(keys)} prompts are too few for {max(lengths)} tasks of {D} and others beside them: give more")
    beside = torch.arange(max(lengths) * D, len(keys))
    step = rate / float(keys.square().sum(1).mean())
    weights = torch.zeros(z0.shape[1], keys.shape[1], dtype=torch.float64)
    protection, fresh, at = Protection(rule, keys, D), [], {}
    for task in range(max(lengths)):
        anchor, mine = weights.clone(), protection.mine
        for batch in protection.batches(steps):
            error = _error(weights, keys[batch], z0[batch], target[batch])
            change = step / len(batch) * error.T @ protection.open_to(batch)
            weights = weights + protection.held(change, weights - anchor)
        protection.take_up(float(_error(weights, keys[mine], z0[mine], target[mine]).square().sum(1).mean()))
        chance = _shares(weights, keys[beside], z0[beside]).mean(0)
        fresh.append(float(_depth(weights, prompts, mine, chance).mean()))
        if task + 1 in lengths:
            at[task + 1] = _depth(weights, prompts, torch.arange((task + 1) * D), chance).view(-1, D).mean(1).numpy()
    return Kept(np.array(fresh), at)


def alone(prompts: Prompts, D: int, rate: float, steps: int, tasks: int) -> tuple[float, float]:
    """(mean depth, mean squared error left) of the first `tasks` tasks, each written alone. rate: as in `written`."""
    keys, z0, target = prompts.keys.double(), prompts.z.double(), prompts.target
    step, beside = rate / float(keys.square().sum(1).mean()), torch.arange(tasks * D, len(keys))
    depths, left = [], []
    for task in range(tasks):
        mine = torch.arange(task * D, (task + 1) * D)
        weights = torch.zeros(z0.shape[1], keys.shape[1], dtype=torch.float64)
        for _ in range(steps):
            weights += step / D * _error(weights, keys[mine], z0[mine], target[mine]).T @ keys[mine]
        chance = _shares(weights, keys[beside], z0[beside]).mean(0)
        depths.append(float(_depth(weights, prompts, mine, chance).mean()))
        left.append(float(_error(weights, keys[mine], z0[mine], target[mine]).square().sum(1).mean()))
    return float(np.mean(depths)), float(np.mean(left))


def rate_of(prompts: Prompts, D: int, depth: float, steps: int, tasks: int) -> float:
    """The smallest rate that writes tasks alone to this mean depth. Raises UserError if none of RATES does."""
    return smallest(lambda rate: alone(prompts, D, rate, steps, tasks)[0], depth, RATES)


def _error(weights: Tensor, keys: Tensor, z0: Tensor, target: Tensor) -> Tensor:
    """onehot - softmax [b, C + 1]."""
    error = -(z0 + keys @ weights.T).softmax(-1)
    error[torch.arange(len(target)), target] += 1
    return error


def _shares(weights: Tensor, keys: Tensor, z0: Tensor) -> Tensor:
    """Probability of each answer among the answers [F, C]."""
    return (z0 + keys @ weights.T)[:, :-1].softmax(-1)


def _depth(weights: Tensor, prompts: Prompts, facts: Tensor, chance: Tensor) -> Tensor:
    """Depth of these facts; chance [C]: mean probability of each answer at other prompts."""
    shares = _shares(weights, prompts.keys[facts].double(), prompts.z[facts].double())
    own = prompts.target[facts]
    count = shares.shape[1]
    return (shares[torch.arange(len(own)), own] - chance[own]) * count / (count - 1)
