"""Sparse memory finetuning: of a memory layer's values, only the slots that belong to this task rather than to all.

Source: arXiv 2510.15103. A slot's score is TF-IDF. With c(i) how often the task's prompts read slot i, and c_b(i) how often
background batch b does,
  score(i) = c(i) / sum_j c(j) * log((|B| + 1) / (1 + sum_b [c_b(i) > 0])).
The t best slots of the task are written. All else stays as it is, bit for bit. One background prompt is one batch b here. Which
slots a prompt reads depends on earlier layers alone, which are frozen. So the choice can be made before any write and does not
move during a stream (with one memory layer).

Other scores take the method apart. "tf" is the first factor alone, "idf" the second; "random" is drawn anew for every task.
Slots that the task does not read are never written: their gradient is 0. So "read", all that it reads, writes the whole table.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from realmodels.model.transformer import Transformer
from realmodels.writing.methods.checks import whole
from realmodels.writing.methods.choices import OPTIMIZERS, one_of
from realmodels.writing.methods.writer import ADAMW_RATES, SGD_RATES, Background, Gradients, Restriction, Writer
from realmodels.writing.outputs import Facts
from theory.errors import UserError

SCORES = ("tfidf", "tf", "idf", "random", "read")


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


def top_slots(reads: Tensor, idf: Tensor, t: int, score: str = "tfidf") -> Tensor:
    """Mask [slots] of the t slots of highest score for a task that reads each slot reads [slots] times.

    score: one of SCORES. Slots that the task does not read are never chosen: fewer than t are written if it reads fewer. Ties:
    lowest slot first.
    """
    if score == "read":
        return reads > 0
    tf = reads / reads.sum()
    value = {"tfidf": tf * idf, "tf": tf, "idf": idf}.get(score)
    if value is None:  # another draw for every task, the same whenever it is asked for
        value = torch.from_numpy(np.random.default_rng(reads.long().tolist()).random(len(reads), np.float32))
    score_of = torch.where(reads > 0, value, -1.0)
    best = score_of.sort(descending=True, stable=True).indices[:t]
    mask = torch.zeros_like(reads, dtype=torch.bool)
    mask[best] = True
    return mask & (reads > 0)


def sparse_memory(model: nn.Module, background: Background, t: int = 256, score: str = "tfidf", optimizer: str = "sgd") -> Writer:
    """The values of the task's top t slots. State: per slot, in how many of the background batches it was read.

    score: tfidf, or a part of it or a control: tf, idf, random, read (no choice among the slots read). Scores without idf need
    no state. optimizer: sgd or adamw, without weight decay: what is not chosen stays. Raises UserError for an option out of
    range. The default t was chosen where tasks of 8 facts read about 330 slots of a "small" memory layer. Tasks that read fewer
    than t write all that they read.
    """
    parameters = {name: p for name, p in model.named_parameters() if name.endswith("feedforward.values.weight")}
    if not isinstance(model, Transformer) or len(parameters) != 1:
        raise UserError("method 'sparse_memory' writes the values of a memory layer, which this model lacks: choose another")
    whole("t", t)
    one_of("score", score, SCORES)
    one_of("optimizer", optimizer, OPTIMIZERS)
    idf = inverse_document_frequency(slot_reads(model, background.prompts))

    def restriction(task: Facts, earlier: Sequence[Facts]) -> Restriction:
        mask = top_slots(slot_reads(model, task).sum(0), idf, t, score)[:, None]

        def project(gradients: Gradients) -> Gradients:
            return {name: torch.where(mask, g, 0.0) for name, g in gradients.items()}

        return project

    numbers = len(idf) if score in ("tfidf", "idf") else 0
    bits = math.ceil(math.log2(len(background.prompts) + 1))
    rates = SGD_RATES if optimizer == "sgd" else ADAMW_RATES
    return Writer(
        model, parameters, restriction, state_numbers=numbers, state_bits=numbers * bits, optimizer=optimizer, rates=rates
    )


METHOD = sparse_memory
