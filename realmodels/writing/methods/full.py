"""Full finetuning: every parameter of the model is written by every task, or every matrix of a chosen part of it."""

from torch import nn

from realmodels.model import matrices
from realmodels.writing.methods.checks import not_negative
from realmodels.writing.methods.choices import OPTIMIZERS, one_of
from realmodels.writing.methods.writer import ADAMW_RATES, SGD_RATES, Background, Writer


def full(model: nn.Module, background: Background, where: str = "", optimizer: str = "sgd", weight_decay: float = 0.0) -> Writer:
    """Parameters chosen by `where`, no restriction, no state. The background is not used.

    where: "" for all parameters; else the matrices that `realmodels.model.matrices.find` finds: "24", "20-29",
    "feedforward.output", ... optimizer: sgd or adamw. weight_decay: decoupled, of the written parameters; 0 or more.
    """
    one_of("optimizer", optimizer, OPTIMIZERS)
    not_negative("weight_decay", weight_decay)
    chosen = {m.name: m.parameter(model) for m in matrices.find(model, where)} if where else dict(model.named_parameters())
    rates = SGD_RATES if optimizer == "sgd" else ADAMW_RATES
    return Writer(model, chosen, optimizer=optimizer, weight_decay=weight_decay, rates=rates)


METHOD = full
