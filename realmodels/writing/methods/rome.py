"""ROME: fact by fact, one matrix is changed by the smallest update that gives a new value at the fact's key.

Source: arXiv 2202.05262, with one key in both places of the formula (R-ROME, arXiv 2403.07175). Smallest is measured on text:
with C the second moment of the keys of text, the change of least tr(dW C dW^T) for which (W + dW) k = v is
  dW = (v - W k) (C^-1 k)^T / (k^T C^-1 k).
It is the delta rule with the key C^-1 k.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from realmodels.writing.methods.checks import positive
from realmodels.writing.methods.editor import Editor, editor, middle, second_moment, symmetric_numbers, with_ridge
from realmodels.writing.methods.values import Search
from realmodels.writing.methods.writer import Background
from realmodels.writing.outputs import Facts


@dataclass(eq=False, kw_only=True)
class Rome(Editor):
    """factor: lower Cholesky factor [inputs, inputs] of C."""

    factor: Tensor

    def change(self, keys: Tensor, residuals: Tensor) -> Tensor:
        """The rank-one change for one key [inputs, 1] and one residual [outputs, 1]."""
        direction = torch.cholesky_solve(keys, self.factor)
        return residuals @ direction.T / (keys * direction).sum()

    def write(self, task: Facts, earlier: Sequence[Facts], learning_rate: float, steps: int) -> None:
        """Write the facts of a task one after another. Their values are sought together, in the model before the task."""
        keys, lacking = self.sought(task, learning_rate, steps, f"task {len(earlier) + 1}, ")
        values = self.output(keys) + lacking
        for one in range(len(task)):
            key = keys[:, one : one + 1]
            self.add(key, values[:, one : one + 1] - self.output(key))


def rome(
    model: nn.Module, background: Background, where: str = "", clamp: float = 4.0, decay: float = 0.5, ridge: float = 1e-4
) -> Rome:
    """One matrix. State: C, a symmetric matrix as wide as what the matrix reads.

    where: "" for the feed-forward output of the middle block. clamp, decay: of the search for values (`values`). ridge: added
    to C, as a share of its mean eigenvalue. Raises UserError if the background has no text.
    """
    search = Search(clamp, decay)
    positive("ridge", ridge)
    matrix = middle(model, where)
    factor = torch.linalg.cholesky(with_ridge(second_moment(model, matrix, background, "rome"), ridge))
    size = symmetric_numbers(matrix.inputs)
    return editor(Rome, model, matrix, search, size, factor=factor)


METHOD = rome
