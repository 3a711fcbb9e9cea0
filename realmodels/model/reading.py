"""How any language model is read: logits at chosen positions, and what a layer reads there.

A model is ours (`Transformer`) or one of transformers' causal language models. Logits always come from the model's own forward
pass: what its head is given is cut down to the chosen positions, so that no logits are computed that nobody asked for. Texts
are padded on the right with any token. A causal model does not see it from an earlier position.
"""

import contextlib
import threading
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from realmodels.model.matrices import blocks
from realmodels.model.remembering import forgetting, recalling
from realmodels.model.remembering import remembering as remembering
from realmodels.model.transformer import Transformer
from theory.errors import UserError


def context(model: nn.Module) -> int:
    """Most tokens that the model takes at once."""
    config = model.config
    if isinstance(model, Transformer):
        return model.config.context
    config = config.get_text_config()
    return int(getattr(config, "max_position_embeddings", None) or 2**31)


def logits_at(model: nn.Module, tokens: Tensor, row: Tensor, place: Tensor) -> Tensor:
    """Logits [I, V] of the token after place[i] in text row[i] of tokens [F, L]. Raises UserError beyond the context."""
    if isinstance(model, Transformer):
        return model.features(tokens)[row, place] @ model.embedding.weight.T
    if tokens.shape[1] > context(model):
        raise UserError(f"a text of {tokens.shape[1]} tokens does not fit a context of {context(model)}: shorten it")
    me = threading.get_ident()  # another thread may read the same model at the same time

    def choose(module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor] | None:
        return (inputs[0][row, place][None],) if threading.get_ident() == me else None

    chosen = model.get_output_embeddings().register_forward_pre_hook(choose)
    try:
        with recalling(model, tokens):
            return model(input_ids=tokens, use_cache=False).logits[0].float()
    finally:
        chosen.remove()


class _Enough(Exception):
    """All that was asked for has been seen."""


def inputs_of(model: nn.Module, modules: Iterable[nn.Module], tokens: Tensor) -> list[Tensor]:
    """What each of these modules reads for texts tokens [F, L]: one tensor [F, L, width] per module. No gradient is kept.

    The model is computed up to the last of them only. Some models put all texts in one row before a layer: they are parted again.
    Raises UserError for a module that reads some of the tokens only, or none: an expert.
    """
    modules = list(modules)
    seen: dict[int, Tensor] = {}

    def watch(index: int):
        def look(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            seen[index] = inputs[0].detach()
            if len(seen) == len(modules):
                raise _Enough

        return look

    hooks = [module.register_forward_pre_hook(watch(index)) for index, module in enumerate(modules)]
    try:
        with torch.no_grad(), forgetting(model), contextlib.suppress(_Enough):
            logits_at(model, tokens, torch.zeros(1, dtype=torch.long), torch.zeros(1, dtype=torch.long))
    finally:
        for hook in hooks:
            hook.remove()
    return [_by_text(seen.get(index), tokens) for index in range(len(modules))]


def _by_text(read: Tensor | None, tokens: Tensor) -> Tensor:
    """What a module read of these texts [F, L, ...], text by text."""
    if read is not None and read.ndim == 2 and len(read) == tokens.numel():
        return read.view(*tokens.shape, -1)
    if read is None or len(read) != len(tokens):
        raise UserError("the matrix reads some of the tokens only, as an expert does: choose another one with where")
    return read


def first_block(model: nn.Module, parameters: Iterable[nn.Parameter]) -> int:
    """Number of the first block whose output can change when these parameters do; 0 also for those outside of the blocks."""
    inside = {id(p): index for index, block in enumerate(blocks(model)) for p in block.parameters()}
    return min((inside.get(id(p), 0) for p in parameters), default=0)
