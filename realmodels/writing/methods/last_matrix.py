"""Scope control: only the output matrix of the last block's feed-forward layer is written.

Every sparse method also narrows what may change; this method narrows it without any sparsity.
"""

from realmodels.model.transformer import Transformer
from realmodels.writing.methods.writer import Writer, last_output_matrix
from realmodels.writing.outputs import Facts


def last_matrix(model: Transformer, background: Facts) -> Writer:
    """One matrix [width, hidden], no restriction, no state. The background is not used."""
    return Writer(last_output_matrix(model, "last_matrix"))


METHOD = last_matrix
