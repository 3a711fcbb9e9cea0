"""Sparse memory finetuning: of a memory layer's values, only the slots that belong to this task rather than to all.

Source: arXiv 2510.15103. A slot's score is TF-IDF. With c(i) how often the task's prompts read slot i, and c_b(i) how often
background batch b does,
  score(i) = c(i) / sum_j c(j) * log((|B| + 1) / (1 + sum_b [c_b(i) > 0])).
The t best slots of the task are written, by plain gradient descent. All else stays as it is, bit for bit. One background
prompt is one batch b here. Which slots a prompt reads depends on earlier layers alone, which are frozen. So the choice can be
made before any write and does not move during a stream (with one memory layer).
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from realmodels.model.transformer import Transformer
from realmodels.writing.methods.checks import whole
from realmodels.writing.methods.writer import Background, Gradients, Restriction, Writer
from realmodels.writing.outputs import Facts
from theory.errors import UserError


def slot_reads(model: Transformer, facts: Facts) -> Tensor:
    """How often each fact's prompt reads each slot: [F, slots] counts over the tokens, padding left out, and heads."""
    record: dict[str, list[Tensor]] = {}
    with torch.no_grad():
        model.features(facts.tokens, record)
    (slots,) = record["slots"]
    inside = torch.arange(facts.tokens.shape[1]) <= facts.last[:, None]
    (table,) = (len(p) for name, p in model.named_parameters() if name.endswith("values.weight"))
    reads = torch.zeros(len(facts), table)
    return reads.scatter_add_(1, slots.flatten(1), inside[:, :, None, None].expand_as(slots).flatten(1).float())


def inverse_document_frequency(reads: Tensor) -> Tensor:
    """log((|B| + 1) / (1 + number of batches that read the slot)): [slots], from reads [|B|, slots]."""
    return torch.log((len(reads) + 1) / (1 + (reads > 0).sum(0)))


def top_slots(reads: Tensor, idf: Tensor, t: int) -> Tensor:
    """Mask [slots] of the t slots of highest TF-IDF for a task that reads each slot reads [slots] times.

    Slots that the task does not read are never chosen: fewer than t are written if it reads fewer. Ties: lowest slot first.
    """
    score = torch.where(reads > 0, reads / reads.sum() * idf, -1.0)
    best = score.sort(descending=True, stable=True).indices[:t]
    mask = torch.zeros_like(reads, dtype=torch.bool)
    mask[best] = True
    return mask & (reads > 0)


def sparse_memory(model: nn.Module, background: Background, t: int = 256) -> Writer:
    """The values of the task's top t slots. State: per slot, in how many of the background batches it was read.

    A task of 8 facts reads about 330 slots of a "small" memory layer; with fewer than 256 of them it is not learned.
    """
    parameters = {name: p for name, p in model.named_parameters() if name.endswith("feedforward.values.weight")}
    if not isinstance(model, Transformer) or len(parameters) != 1:
        raise UserError("method 'sparse_memory' writes the values of a memory layer, which this model lacks: choose another")
    whole("t", t)
    idf = inverse_document_frequency(slot_reads(model, background.prompts))

    def restriction(task: Facts, earlier: Sequence[Facts]) -> Restriction:
        mask = top_slots(slot_reads(model, task).sum(0), idf, t)[:, None]

        def project(gradients: Gradients) -> Gradients:
            return {name: torch.where(mask, g, 0.0) for name, g in gradients.items()}

        return project

    bits = math.ceil(math.log2(len(background.prompts) + 1))
    return Writer(model, parameters, restriction, state_numbers=len(idf), state_bits=len(idf) * bits)


METHOD = sparse_memory
