"""Asymmetric finetuning of sparse attention: the flow that reads selected tokens is written, the one that surveys all is spared.

A flow's own parameters are those that no other flow reads through:
  nsa      selected: its key and value projections and its gates. compressed: the same of its own, and phi of keys and of values.
           Query and output projections serve all flows, and the window is neither of the two.
  dsa      selected: query, key, value and output projections. indexer: all of it.
  mla_dsa  selected: all projections but query_down, whose latent the indexer reads too. indexer: all of it.
Shared parameters are not written. The other flow is the one that scores what is selected: compressed in `nsa`, the indexer in
`dsa` and `mla_dsa`. Where both flows are written the other's learning rate is divided by `slow`.

The indexer has no gradient from an answer: it reads a detached input, and a selection has no gradient. It learns beside the
selected flow as in pretraining, by its own loss on the texts of the task: its divergence from attention as that now is. No answer
is scored there, so an indexer alone learns no fact and is not offered. To first order its steps move no output; the kernel
forecasts those of the selected flow.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from realmodels.model.record import Record
from realmodels.model.transformer import Transformer
from realmodels.writing.methods.checks import positive
from realmodels.writing.methods.choices import one_of
from realmodels.writing.methods.writer import Background, Gradients, Restriction, Writer, unrestricted
from realmodels.writing.outputs import Facts
from theory.errors import UserError

Beginnings = dict[str, str]
"""How the names of a flow's parameters begin within attention, by the attention's name."""
SELECTED: Beginnings = {"nsa": "selected.", "dsa": "projections.", "mla_dsa": "projections."}
COMPRESSED: Beginnings = {"nsa": "compressed."}
INDEXER: Beginnings = {"dsa": "indexer.", "mla_dsa": "indexer."}
SHARED = ".projections.query_down."  # the indexer of `mla_dsa` reads its latent
PARTS = ("selected", "compressed", "both")


def flow(model: Transformer, beginnings: Beginnings) -> dict[str, nn.Parameter]:
    """A flow's own parameters in all blocks that have it, by name."""
    kinds = enumerate(model.config.attention)
    begins = tuple(f"blocks.{index}.attention.{beginnings[kind]}" for index, kind in kinds if kind in beginnings)
    return {name: p for name, p in model.named_parameters() if name.startswith(begins) and SHARED not in name}


def indexer_loss(model: Transformer, task: Facts) -> Tensor:
    """The losses of the model's parts, which teach the indexers: nats per token, mean over facts. Padding is left out."""
    total = torch.zeros(())
    for last in task.last.unique():
        alike = task[task.last == last]
        record: Record = {}
        model.features(alike.tokens, record)
        total = total + len(alike) / len(task) * torch.stack(record["auxiliary"]).sum()
    return total


@dataclass(eq=False, kw_only=True)
class Asymmetric(Writer):
    """indexers: parameters of indexers among those that are written; they learn by their own loss."""

    indexers: dict[str, nn.Parameter]

    def gradient(self, task: Facts, where: str) -> Gradients:
        """Gradient of the task's loss, and of the indexers' loss for the indexers. Raises Diverged as `Writer.gradient`."""
        gradients = super().gradient(task, where)
        if self.indexers:
            assert isinstance(self.model, Transformer)
            own = torch.autograd.grad(indexer_loss(self.model, task), list(self.indexers.values()))
            gradients |= dict(zip(self.indexers, own, strict=True))
        return gradients


def asymmetric(model: nn.Module, background: Background, part: str = "selected", slow: float = 1.0) -> Asymmetric:
    """The flows that `part` names, in all layers; no state. The background is not used.

    part: selected, compressed (only `nsa`), or both: the selected flow and the other one, with its learning rate divided by
    `slow`. Raises UserError for a model without these flows, and for `slow` with one flow alone.
    """
    positive("slow", slow)
    kinds = set(model.config.attention) if isinstance(model, Transformer) else set()
    if not isinstance(model, Transformer) or not kinds & SELECTED.keys():
        raise UserError("method 'asymmetric' writes flows of sparse attention (nsa, dsa, mla_dsa), which this model lacks")
    if part == "indexer":
        raise UserError(
            "part 'indexer': the indexer's own loss scores no answer, so alone it learns no fact: give selected or both"
        )
    one_of("part", part, PARTS)
    if part == "compressed" and not kinds & COMPRESSED.keys():
        raise UserError("part 'compressed': only nsa has a compressed flow, and this model has none: give selected or both")
    if part != "both" and slow != 1:
        raise UserError(f"slow {slow}: it slows the other of both flows, and part {part!r} writes one alone: give part=both")
    indexers = flow(model, INDEXER) if part == "both" else {}
    other = {**flow(model, COMPRESSED), **indexers} if part != "selected" else {}
    parameters = {**(flow(model, SELECTED) if part != "compressed" else {}), **other}

    def slowed(gradients: Gradients) -> Gradients:
        return {name: g / slow if name in other else g for name, g in gradients.items()}

    restrict: Restriction = unrestricted if slow == 1 else slowed
    return Asymmetric(model, parameters, lambda task, earlier: restrict, indexers=indexers)


METHOD = asymmetric
