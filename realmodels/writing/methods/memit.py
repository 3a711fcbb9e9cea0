"""MEMIT: the facts of a task together, by the update of one matrix that fits their values and leaves the keys of text alone.

Source: arXiv 2210.07229, at one matrix. For keys K [inputs, F] and residuals R [outputs, F],
  dW = R K^T (lambda C + K K^T)^-1,  lambda = weight * inputs,
C being the second moment of the keys of text. It is the additive rule: what earlier tasks wrote is not in the formula. A key that
is as usual as those of text gets the share 1 / (1 + weight) of its residual: k^T C^-1 k has the mean `inputs` on text. The
paper's lambda is 15,000 to 20,000 for 16,384 and 6,400 inputs.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from realmodels.writing.methods.checks import positive
from realmodels.writing.methods.editor import Editor, editor, middle, second_moment, symmetric_numbers, with_ridge
from realmodels.writing.methods.rls import gain
from realmodels.writing.methods.values import Search
from realmodels.writing.methods.writer import Background


@dataclass(eq=False, kw_only=True)
class Memit(Editor):
    """inverse: of lambda C [inputs, inputs], in float64."""

    inverse: Tensor

    def change(self, keys: Tensor, residuals: Tensor) -> Tensor:
        """The task's change."""
        return residuals @ gain(self.inverse, keys).T


def memit(
    model: nn.Module,
    background: Background,
    where: str = "",
    clamp: float = 4.0,
    decay: float = 0.5,
    weight: float = 1.0,
    ridge: float = 1e-4,
) -> Memit:
    """One matrix. State: C, a symmetric matrix as wide as what the matrix reads.

    where: "" for the feed-forward output of the middle block. clamp, decay: of the search for values (`values`). weight: of the
    text against a fact, see above. ridge: added to C, as a share of its mean eigenvalue. Raises UserError if the background has
    no text.
    """
    search = Search(clamp, decay)
    positive("weight", weight)
    positive("ridge", ridge)
    matrix = middle(model, where)
    protected = weight * matrix.inputs * with_ridge(second_moment(model, matrix, background, "memit"), ridge)
    size = symmetric_numbers(matrix.inputs)
    return editor(Memit, model, matrix, search, size, inverse=torch.cholesky_inverse(torch.linalg.cholesky(protected)))


METHOD = memit
