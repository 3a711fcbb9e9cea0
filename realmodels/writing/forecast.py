"""What a stream of writes will leave of each fact, computed from the model as it is BEFORE any write: no fitted parameter.

Kernel simulation. Gradient descent on the answers' loss moves the outputs z of all facts. To first order in the learning rate,
  z_i <- z_i - learning_rate / D sum_{j in task} Theta_ij (softmax(z_j) - onehot(y_j)),
Theta the response kernel at the start. This is iterated with the stream's own learning rate, steps and order. The softmax, and
with it saturation, is kept; the change of the kernel is neglected.

Spectral law. This is claim C2 for tasks of D facts. It uses only the items' mean overlaps A [I, I] (`kernel.fact_gram`) and how
deep one write goes. Writing task t contracts what the items' outputs still hold of older writes, delta [I], by
  C_t = I - A[:, t] g(A_tt) (rows of t),  g(x) = (1 - exp(-q x)) / x on the D x D block A_tt:
the task's mode of strength x is written to depth 1 - exp(-q x). The dose q is the one for which the mean depth over the modes
is the write strength eta: the share of the task's output error that an isolated write removes in the kernel simulation. Later
tasks are exchangeable draws. So they contract by the mean C of the OTHER tasks, whose eigenvalues are 1 - u_k (if a task took
part in its own forgetting, orthogonal tasks would seem to forget):
  depth(m) = 1/D tr of block t of C^m A[:, t] g(A_tt) = 1/D sum_k w_k (1 - u_k)^m,  averaged over tasks.
With one fact a task, w_k and u_k both tend to eta lambda_k: C2. The change of the logits that the isolated write makes is taken
to shrink as depth(m) / depth(0).

Trivial forecasts: no forgetting, and chance after one more task; both start from the isolated write.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.optimize import root_scalar
from torch import Tensor

from realmodels.writing.kernel import fact_gram
from realmodels.writing.outputs import Facts, scores


@dataclass(frozen=True)
class Setup:
    """All that a forecast uses.

    response: response kernel [I, O, I, O]. z: outputs [I, O] before any write. facts, learning_rate, steps: the plan of the
    stream.
    """

    response: Tensor
    z: Tensor
    facts: Facts
    learning_rate: float
    steps: int

    @property
    def tasks(self) -> list[int]:
        """The tasks in the order in which they will be written."""
        return sorted(set(self.facts.task.tolist()))

    def items_of(self, task: int) -> Tensor:
        """Numbers of the items of the facts of a task."""
        return torch.nonzero(self.facts.task[self.facts.row] == task)[:, 0]


def _written(setup: Setup, z: Tensor, rows: Tensor, reach: Tensor) -> Tensor:
    """Outputs z [I, O] after the items in `rows` (a task's) are written, in the linearised model; only those in `reach` move."""
    outs = z.shape[1]
    pull = setup.response.double()[reach][:, :, rows].reshape(len(reach) * outs, -1)
    onehot = torch.nn.functional.one_hot(setup.facts.target[rows], outs)
    count = len(setup.facts.row[rows].unique())
    z = z.clone()
    for _ in range(setup.steps):
        error = z[rows].softmax(-1) - onehot
        z[reach] -= setup.learning_rate / count * (pull @ error.flatten()).view(-1, outs)
    return z


def simulate(setup: Setup) -> list[Tensor]:
    """Kernel simulation: outputs [I, O] after 0, 1, ..., T tasks."""
    everything = torch.arange(len(setup.facts.row))
    z = [setup.z.double()]
    for task in setup.tasks:
        z.append(_written(setup, z[-1], setup.items_of(task), everything))
    return z


def isolated(setup: Setup) -> Tensor:
    """Outputs [I, O] of each item if its task were the only one written, in the linearised model."""
    z = setup.z.double()
    for task in setup.tasks:
        rows = setup.items_of(task)
        z = _written(setup, z, rows, rows)
    return z


def write_strength(setup: Setup, alone: Tensor) -> float:
    """eta in (0, 1): share of the outputs' error norm ||softmax(z) - onehot|| that isolated writes remove, over all facts."""
    onehot = torch.nn.functional.one_hot(setup.facts.target, setup.z.shape[1])
    before, after = (float((z.double().softmax(-1) - onehot).norm()) for z in (setup.z, alone))
    return float(np.clip(1 - after / before, 1e-6, 1 - 1e-6))


def depth_by_age(gram: np.ndarray, task: np.ndarray, eta: float) -> np.ndarray:
    """Mean retained depth (fraction) of a task, 0 .. T - 1 tasks later, by the spectral law: [T].

    gram [I, I]: response of item i to the write of item j, averaged over outputs; task [I]; eta: mean depth over a task's modes
    just after its write.
    """
    members = [np.flatnonzero(task == t) for t in np.unique(task)]
    modes = [np.linalg.eigh(gram[np.ix_(rows, rows)]) for rows in members]
    dose = _dose(np.concatenate([x for x, _ in modes]).clip(min=0), eta)
    gains = [gram[:, rows] @ (v * _gain(x.clip(min=0), dose)) @ v.T for rows, (x, v) in zip(members, modes, strict=True)]
    change = np.zeros((len(members), *gram.shape))  # I - C_t of every task
    for index, rows in enumerate(members):
        change[index][:, rows] = gains[index]
    depth = np.zeros(len(members))
    for index, rows in enumerate(members):
        others = (change.sum(0) - change[index]) / max(len(members) - 1, 1)
        retained = gains[index]
        for age in range(len(members)):
            depth[age] += np.trace(retained[rows])
            retained = retained - others @ retained
    return depth / len(task)


def _gain(x: np.ndarray, q: float) -> np.ndarray:
    """(1 - exp(-q x)) / x, and its limit q at x = 0."""
    return np.divide(-np.expm1(-q * x), x, out=np.full_like(x, q), where=x > 0)


def _dose(strengths: np.ndarray, eta: float) -> float:
    """q with mean of 1 - exp(-q x) over the modes' strengths x equal to eta (or as near as modes of strength 0 allow)."""
    x = strengths[strengths > 1e-9 * strengths.max()]
    reachable = min(eta * len(strengths) / len(x), 1 - 1e-6)
    low, high = 1e-9 / x.max(), 40 / x.min()
    missing = lambda log_q: float(np.mean(-np.expm1(-np.exp(log_q) * x)) - reachable)  # noqa: E731
    return math.exp(root_scalar(missing, bracket=(math.log(low), math.log(high))).root)


def forecasts(setup: Setup) -> list[dict[str, Any]]:
    """All forecasts of one stream: rows kind, written, task, age >= 0, bits_predicted (mean over the task's facts)."""
    facts, task = setup.facts, setup.facts.task
    of_items = task[facts.row].numpy()
    start, alone = setup.z.double(), isolated(setup)
    depth = depth_by_age(fact_gram(setup.response).numpy(), of_items, write_strength(setup, alone))
    faded = [start + share * (alone - start) for share in depth / depth[0]]
    in_kernel = [scores(z, facts).bits for z in simulate(setup)]
    by_age = [scores(z, facts).bits for z in faded]
    fresh = scores(alone, facts).bits
    rows = []
    for written in range(1, len(setup.tasks) + 1):
        for index, name in enumerate(setup.tasks[:written]):
            age, mine = written - 1 - index, task == name
            predicted = {
                "kernel": in_kernel[written][mine],
                "spectral": by_age[age][mine],
                "no_forgetting": fresh[mine],
                "chance": fresh[mine] if age == 0 else torch.zeros(1),
            }
            common = {"written": written, "task": name, "age": age}
            rows += [{"kind": kind, **common, "bits_predicted": float(bits.mean())} for kind, bits in predicted.items()]
    return rows
