"""Full finetuning: every parameter of the model is written by every task."""

from realmodels.methods.writer import Writer
from realmodels.outputs import Facts
from realmodels.transformer import Transformer


def full(model: Transformer, background: Facts) -> Writer:
    """All parameters, no restriction, no state. The background is not used."""
    return Writer(dict(model.named_parameters()))
