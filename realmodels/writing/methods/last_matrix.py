"""Scope control: only one matrix is written, unless told otherwise the output matrix of the last block's feed-forward layer.

Every sparse method also narrows what may change; this method narrows it without any sparsity.
"""

from torch import nn

from realmodels.model import matrices
from realmodels.writing.methods.writer import Background, Writer


def last_matrix(model: nn.Module, background: Background, where: str = "last") -> Writer:
    """One matrix, no restriction, no state. The background is not used. Raises UserError if `where` names none or several."""
    matrix = matrices.one(model, where)
    return Writer(model, {matrix.name: matrix.parameter(model)})


METHOD = last_matrix
