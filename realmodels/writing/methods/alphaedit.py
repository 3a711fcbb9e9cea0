"""AlphaEdit: the facts of a task together, by an update of one matrix that lies in the directions that text hardly uses.

Source: arXiv 2410.02355, at one matrix. P projects onto the null space of the keys of text, K_p holds the keys of earlier tasks:
  dW = R K^T P (K_p K_p^T P + K K^T P + ridge I)^-1.
The null space here: the directions of least variance that hold at most `share` of tr(C) together, C being the second moment of
the keys of text. What an update dW does to text, tr(dW C dW^T), comes from that share alone. The ridge is in units of the mean
squared key of the background's prompts after P. In coordinates of the null space this is recursive least squares (`rls`).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from realmodels.writing.methods.checks import positive
from realmodels.writing.methods.editor import Editor, editor, middle, second_moment, symmetric_numbers
from realmodels.writing.methods.values import Search, subject_keys
from realmodels.writing.methods.writer import Background
from theory.errors import UserError


def null_space(moment: Tensor, share: float) -> Tensor:
    """Orthonormal U [n, d]: eigenvectors of the moment [n, n], the least first, whose eigenvalues make up at most `share`."""
    values, vectors = torch.linalg.eigh(moment)
    held = values.clamp(min=0).cumsum(0) / values.clamp(min=0).sum()
    return vectors[:, held <= share]


@dataclass(eq=False, kw_only=True)
class AlphaEdit(Editor):
    """null: U [inputs, d] with P = U U^T. past: U^T K_p K_p^T U [d, d]. floor: the ridge as a number. All in float64."""

    null: Tensor
    floor: float

    def __post_init__(self):
        """No earlier task."""
        self.restore({})

    def change(self, keys: Tensor, residuals: Tensor) -> Tensor:
        """The task's change; its keys are earlier ones from then on."""
        inside = self.null.T @ keys
        known = self.past + inside @ inside.T
        step = torch.linalg.solve(known + self.floor * torch.eye(len(known), dtype=known.dtype), inside)
        self.past = known
        return residuals @ step.T @ self.null.T

    def state(self) -> dict[str, Tensor]:
        """Keys of earlier tasks."""
        return {"past": self.past}

    def restore(self, state: dict[str, Tensor]) -> None:
        """Take up the keys of earlier tasks; none if nothing is given."""
        width = self.null.shape[1]
        self.past = state.get("past", torch.zeros(width, width, dtype=torch.float64))


def alphaedit(
    model: nn.Module,
    background: Background,
    where: str = "",
    clamp: float = 4.0,
    decay: float = 0.5,
    share: float = 0.02,
    ridge: float = 0.01,
) -> AlphaEdit:
    """One matrix. State: P and the earlier keys' K_p K_p^T, symmetric matrices as wide as what the matrix reads.

    where: "" for the feed-forward output of the middle block. clamp, decay: of the search for values (`values`). share, ridge:
    see above. Raises UserError if the background has no text or the share leaves no direction.
    """
    search = Search(clamp, decay)
    positive("ridge", ridge)
    if not 0 < share < 1:
        raise UserError(f"share {share}: give a number between 0 and 1, for instance 0.02")
    matrix = middle(model, where)
    null = null_space(second_moment(model, matrix, background, "alphaedit"), share)
    if null.shape[1] == 0:
        raise UserError(f"share {share}: no direction holds as little of the text's keys; give a larger share")
    inside = subject_keys(model, matrix, background.prompts).double() @ null
    size = symmetric_numbers(matrix.inputs) + symmetric_numbers(null.shape[1])
    return editor(AlphaEdit, model, matrix, search, size, null=null, floor=ridge * inside.square().sum(1).mean().item())


METHOD = alphaedit
