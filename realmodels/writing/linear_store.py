"""The store of `realmodels.writing.stores` in which readouts go to their targets as in least squares.

Teaching fact j means to move the readout W k_j to a target y_j. With w_j [n] the derivative of W by y_j, what a readout at key k
follows y_j is <k, w_j>. The depth of fact j is <k_j, w_j> (claim C1) less its mean at other prompts, as in
`realmodels.writing.retained.depths`: what is said everywhere is no depth. A step on a batch with keys K [b, n], of which a method
leaves K R, moves W by
  (targets - W K^T) G K R,  G = (K R K^T)^-1 (1 - exp(-q K R K^T)),  q the dose of a step:
gradient flow of the squared error. The batch's facts share the dose. Targets of different facts are independent, so that the
squared error of fact i is the sum over j of (1 if i is j, else 0, less <k_i, w_j>)^2.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from realmodels.writing.stores import Kept, Protection, Rule, smallest

DOSES = (1e-3, 1e6)  # in units of one over the mean squared length of a key


def written(keys: Tensor, beside: Tensor, D: int, rule: Rule, dose: float, steps: int, lengths: Sequence[int]) -> Kept:
    """What is kept of the facts with these keys [F, n], in tasks of D, at each of the numbers of tasks `lengths`.

    beside: keys [B, n] of prompts that are not written. dose: of a task's steps together, in units of one over the mean squared
    length of a key. At most F/D tasks are written.
    """
    keys, elsewhere = keys.double(), beside.double().mean(0)
    unit = float(keys.square().sum(1).mean())
    store = torch.zeros(len(keys), keys.shape[1], dtype=torch.float64)  # w_j
    protection, fresh, at = Protection(rule, keys, D), [], {}
    for task in range(max(lengths)):
        anchor, mine = store.clone(), protection.mine
        for batch in protection.batches(steps):
            change = _step(store, keys[batch], batch, protection.open_to(batch), dose / unit / steps * D / len(batch))
            store += protection.held(change, store - anchor)
        fresh.append(float(_depth(store, keys - elsewhere, mine).mean()))
        protection.take_up(float(_error(store, keys[mine], mine).square().sum(0).mean()))
        if task + 1 in lengths:
            written = torch.arange((task + 1) * D)
            at[task + 1] = _depth(store, keys - elsewhere, written).view(-1, D).mean(1).numpy()
    return Kept(np.array(fresh), at)


def alone(keys: Tensor, beside: Tensor, D: int, dose: float, tasks: int) -> tuple[float, float]:
    """(mean depth, mean squared error left) of the first `tasks` tasks, each written alone. Arguments as in `written`."""
    keys, elsewhere, one = keys.double(), beside.double().mean(0), torch.arange(D)
    unit, depths, left = float(keys.square().sum(1).mean()), [], []
    for k in keys[: tasks * D].view(tasks, D, -1):
        store = _step(torch.zeros_like(k), k, one, k, dose / unit)
        depths.append(float(_depth(store, k - elsewhere, one).mean()))
        left.append(float(_error(store, k, one).square().sum(0).mean()))
    return float(np.mean(depths)), float(np.mean(left))


def dose_of(keys: Tensor, beside: Tensor, D: int, depth: float, tasks: int) -> float:
    """The smallest dose that writes tasks alone to this mean depth. Raises UserError if none of DOSES does."""
    return smallest(lambda dose: alone(keys, beside, D, dose, tasks)[0], depth, DOSES)


def _step(store: Tensor, k: Tensor, batch: Tensor, open_to: Tensor, dose: float) -> Tensor:
    """What a step on the facts `batch` with keys k adds to the store [F, n]."""
    x, v = torch.linalg.eigh(open_to @ open_to.T)
    x = x.clamp(min=0)
    gain = torch.where(x > 1e-12 * x[-1], -torch.expm1(-dose * x) / x.clamp(min=1e-300), 0.0)
    return _error(store, k, batch) @ (v * gain) @ v.T @ open_to


def _error(store: Tensor, k: Tensor, facts: Tensor) -> Tensor:
    """Derivative [F, b] by all targets of what the readouts at the keys k of these facts lack."""
    error = -(store @ k.T)
    error[facts, torch.arange(len(facts))] += 1
    return error


def _depth(store: Tensor, keys: Tensor, facts: Tensor) -> Tensor:
    """Depth of these facts; keys: less the mean key of other prompts."""
    return (store[facts] * keys[facts]).sum(1)
