"""Retained depth of facts in a model, and what one matrix can retain by its keys: claim C2 brought to a trained network.

Depth. In claim C1 the depth of a write is d(readout)/d(target). Here the target of a fact is which of C answers is taught, the
readout the probabilities p of these answers at its prompt. Exchange the answer taught, y for y', and compare what each has when
it was taught with what it has when the other was:
  depth = 1/2 [(p_y - p_y') after teaching y - (p_y - p_y') after teaching y'].
Answers are drawn independently of prompts and of each other (`realmodels.text.counterfactuals`). So its mean over draws is that
of (C p_y - 1)/(C - 1): 0 at chance, 1 for a certain answer. What other facts' answers do to p averages out.

Forecast. A matrix reads the key k of each prompt. A task of D facts is written along its keys K [D, n]: its projector is
  P = K^T (K K^T)^-1 (1 - exp(-q K K^T)) K,  q the dose: mode x of K K^T is written to the depth 1 - exp(-q x).
The mean of P over tasks has the eigenvalues u_k. Later tasks are independent draws, so that the D facts of a task that m others
followed keep, by claim C2, the mean depth
  (1/D) sum_k u_k (1 - u_k)^m,  and  T D depth <= sum_k (1 - 1/T)^(T-1)  over the directions that keys have.
"""

import numpy as np
import torch
from scipy.optimize import brentq
from torch import Tensor, nn

from realmodels.writing.outputs import Facts, outputs
from theory.errors import UserError

DOSES = np.geomspace(1e-4, 1e6, 61)  # in units of one over the mean squared length of a key
NOTHING = 1e-6  # share of the largest eigenvalue below which keys have no direction


def depth_of(bits: np.ndarray, count: np.ndarray | float) -> np.ndarray:
    """Depth of facts from their retained bits before clipping [F], and the number of their answers."""
    share = np.exp2(bits) / count
    return (count * share - 1) / (count - 1)


@torch.no_grad()
def answer_shares(model: nn.Module, facts: Facts) -> np.ndarray:
    """Probability of each answer among the C answers of the file, at the prompt of each fact [F, C], float64.

    Raises UserError for facts with answers of more than one token, or not all with the same answers to choose from.
    """
    if len(facts.row) != len(facts):
        raise UserError("depth is defined for answers of one token: ask facts whose answers are one token each")
    if facts.common_options is None:
        raise UserError("depth is defined for facts with the same answers to choose from: encode them together")
    return torch.cat([outputs(model, piece)[:, :-1].double().softmax(-1) for piece in facts.batches()]).numpy()


def depths(model: nn.Module, facts: Facts, beside: Facts | None = None) -> np.ndarray:
    """Retained depth of each fact [F], float64.

    beside: facts with the same answers that were never written. An answer that the model says at their prompts too is no depth:
    its mean probability there stands for chance, 1/C. The mean depth over draws of the answers is the same, its spread is less.
    Errors as `answer_shares`.
    """
    shares = answer_shares(model, facts)
    chance = np.full(shares.shape[1], 1 / shares.shape[1]) if beside is None else answer_shares(model, beside).mean(0)
    own = facts.target.numpy()
    return (shares[np.arange(len(own)), own] - chance[own]) * shares.shape[1] / (shares.shape[1] - 1)


class Matrix:
    """A matrix as a store, by keys [F, n] of prompts in tasks of D: every forecast of what it retains."""

    def __init__(self, keys: Tensor, D: int):
        keys = keys.double()
        self.D, self.tasks = D, len(keys) // D
        self.unit = float(keys.square().sum(1).mean())
        blocks = keys[: self.tasks * D].view(self.tasks, D, -1)
        self.x, v = torch.linalg.eigh(blocks @ blocks.mT)
        self.sides = v.mT @ blocks  # [tasks, D, n]
        moment = np.linalg.eigvalsh((keys.T @ keys / len(keys)).numpy())[::-1]
        self.spectrum = moment.clip(0) / moment.sum()
        self.rank = int((self.spectrum > NOTHING * self.spectrum[0]).sum())
        self._eigenvalues: dict[float, np.ndarray] = {}

    def shares(self, dose: float) -> np.ndarray:
        """u_k: eigenvalues of the mean projector of a task [n]. dose: in units of one over a key's mean squared length."""
        if dose not in self._eigenvalues:
            x = self.x.clamp(min=0)
            q = dose / self.unit
            gain = torch.where(x > 0, -torch.expm1(-q * x) / x.clamp(min=1e-300), torch.tensor(q, dtype=x.dtype))
            rows = (gain.sqrt()[:, :, None] * self.sides).flatten(0, 1)
            self._eigenvalues[dose] = np.linalg.eigvalsh((rows.T @ rows / self.tasks).numpy()).clip(0, 1)
        return self._eigenvalues[dose]

    def depth(self, dose: float, age: int) -> float:
        """Mean depth of the facts of a task that `age` others followed."""
        u = self.shares(dose)
        return float((u * (1 - u) ** age).sum() / self.D)

    def reaches(self, depth: float) -> bool:
        """Whether a dose writes a task to this mean depth."""
        return self.depth(float(DOSES[0]), 0) < depth < self.depth(float(DOSES[-1]), 0)

    def dose(self, depth: float) -> float:
        """The dose that writes a task to this mean depth. Raises UserError unless it is in reach."""
        low, high = float(DOSES[0]), float(DOSES[-1])
        if not self.reaches(depth):
            raise UserError(
                f"no dose writes to a depth of {depth:.3g}: from {self.depth(low, 0):.3g} to {self.depth(high, 0):.3g}"
            )
        return float(np.exp(brentq(lambda log: self.depth(float(np.exp(log)), 0) - depth, np.log(low), np.log(high), xtol=1e-6)))

    def mean_depth(self, dose: float, ages: range) -> float:
        """Mean depth of the facts of tasks of these ages."""
        return float(np.mean([self.depth(dose, age) for age in ages]))

    def most(self, ages: range) -> float:
        """Largest mean depth of facts of these ages at any one dose: what the measured spectrum allows."""
        return max(self.mean_depth(float(dose), ages) for dose in DOSES)


def bound(rank: int, D: int, ages: range) -> float:
    """Largest mean depth of facts of these ages, over all spectra with so many directions: rank/D max_x mean x^age (1 - x)."""
    x = np.linspace(0, 1, 20001)[:, None]
    return rank / D * float((x ** np.array(ages) * (1 - x)).mean(1).max())
