"""Full finetuning: every parameter of the model is written by every task."""

from realmodels.model.transformer import Transformer
from realmodels.writing.methods.writer import Writer
from realmodels.writing.outputs import Facts


def full(model: Transformer, background: Facts) -> Writer:
    """All parameters, no restriction, no state. The background is not used."""
    return Writer(dict(model.named_parameters()))


METHOD = full
