"""Recursive least squares: the change of one matrix that fits all facts written so far as well as can be, task by task.

After any number of tasks W is the matrix that minimises, with W_0 the one before the first task,
  sum over all facts |W k - v|^2 + tr((W - W_0) A (W - W_0)^T).
v is the value that a fact wanted when it was written. A is the prior: `prior` times the mean squared key of the background's
prompts, times the identity, plus `weight` times inputs times the second moment C of the keys of text (as lambda C in `memit`).
With G the inverse of A plus all earlier k k^T, a task with keys K and residuals R = V - W K is written by
  gain = G K (I + K^T G K)^-1,  dW = R gain^T,  G <- G - gain K^T G.
That is the Kalman filter of a matrix that does not move. Earlier facts are kept as far as the keys allow.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from realmodels.writing.methods.checks import not_negative, positive
from realmodels.writing.methods.editor import Editor, editor, middle, second_moment, symmetric_numbers
from realmodels.writing.methods.values import Search, subject_keys
from realmodels.writing.methods.writer import Background


def gain(inverse: Tensor, keys: Tensor) -> Tensor:
    """Kalman gain [n, F] of keys [n, F] under the inverse [n, n] of what is known: (inverse^-1 + K K^T)^-1 K."""
    read = inverse @ keys
    inner = torch.eye(keys.shape[1], dtype=keys.dtype) + keys.T @ read
    return torch.linalg.solve(inner, read.T).T


@dataclass(eq=False, kw_only=True)
class Rls(Editor):
    """inverse: of the prior plus all keys so far [inputs, inputs], in float64; begin: the same before the first task."""

    inverse: Tensor

    def __post_init__(self):
        """Remember where the stream begins."""
        self.begin = self.inverse

    def change(self, keys: Tensor, residuals: Tensor) -> Tensor:
        """The task's change; the inverse takes up its keys."""
        step = gain(self.inverse, keys)
        later = self.inverse - step @ (keys.T @ self.inverse)
        self.inverse = (later + later.T) / 2
        return residuals @ step.T

    def state(self) -> dict[str, Tensor]:
        """The inverse."""
        return {"inverse": self.inverse}

    def restore(self, state: dict[str, Tensor]) -> None:
        """Take up the inverse; that of the beginning if nothing is given."""
        self.inverse = state.get("inverse", self.begin)


def rls(
    model: nn.Module,
    background: Background,
    where: str = "",
    clamp: float = 4.0,
    decay: float = 0.5,
    prior: float = 0.1,
    weight: float = 0.0,
) -> Rls:
    """One matrix. State: the inverse, a symmetric matrix as wide as what the matrix reads.

    where: "" for the feed-forward output of the middle block. clamp, decay: of the search for values (`values`). prior, weight:
    of the ridge and of the text; the text is asked for if its weight is above 0.
    """
    search = Search(clamp, decay)
    positive("prior", prior)
    not_negative("weight", weight)
    matrix = middle(model, where)
    size = subject_keys(model, matrix, background.prompts).double().square().sum(1).mean()
    known = prior * size * torch.eye(matrix.inputs, dtype=torch.float64)
    if weight:
        known += weight * matrix.inputs * second_moment(model, matrix, background, "rls")
    numbers = symmetric_numbers(matrix.inputs)
    return editor(Rls, model, matrix, search, numbers, inverse=torch.cholesky_inverse(torch.linalg.cholesky(known)))


METHOD = rls
