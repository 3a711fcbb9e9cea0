"""The store of `realmodels.writing.stores` in which readouts go to their targets as in least squares.

Teaching fact j means to move the readout W k_j to a target y_j. With w_j [n] the derivative of W by y_j, the depth of fact j is
<k_j, w_j> (claim C1). A step on a batch with keys K [b, n], of which R leaves K R, moves W by
  (targets - W K^T) G K R,  G = (K R K^T)^-1 (1 - exp(-q K R K^T)),  q the dose of a step:
gradient flow of the squared error. The batch's facts share the dose.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from realmodels.writing.stores import Kept, Protection, Rule


def written(keys: Tensor, D: int, rule: Rule, dose: float, steps: int, lengths: Sequence[int]) -> Kept:
    """What is kept of the facts with these keys [F, n], in tasks of D, at each of the numbers of tasks `lengths`.

    dose: of a task's steps together, in units of one over the mean squared length of a key. At most F/D tasks are written.
    """
    keys = keys.double()
    unit = float(keys.square().sum(1).mean())
    store = torch.zeros(len(keys), keys.shape[1], dtype=torch.float64)  # w_j
    protection, fresh, at = Protection(rule, keys, D), [], {}
    for task in range(max(lengths)):
        anchor, mine = store.clone(), protection.mine
        for batch in protection.batches(steps):
            change = _step(store, keys[batch], batch, protection.open_to(batch), dose / unit / steps * D / len(batch))
            store += protection.held(change, store - anchor)
        depth = _depth(store, keys, mine)
        fresh.append(float(depth.mean()))
        protection.take_up(float((1 - depth).square().mean()))
        if task + 1 in lengths:
            at[task + 1] = _depth(store, keys, torch.arange((task + 1) * D)).view(-1, D).mean(1).numpy()
    return Kept(np.array(fresh), at)


def _step(store: Tensor, k: Tensor, batch: Tensor, open_to: Tensor, dose: float) -> Tensor:
    """What a step on the facts `batch` with keys k adds to the store [F, n]."""
    error = -(store @ k.T)
    error[batch, torch.arange(len(batch))] += 1
    x, v = torch.linalg.eigh(open_to @ open_to.T)
    x = x.clamp(min=0)
    gain = torch.where(x > 1e-12 * x[-1], -torch.expm1(-dose * x) / x.clamp(min=1e-300), 0.0)
    return error @ (v * gain) @ v.T @ open_to


def _depth(store: Tensor, keys: Tensor, facts: Tensor) -> Tensor:
    """Depth of these facts."""
    return (store[facts] * keys[facts]).sum(1)
