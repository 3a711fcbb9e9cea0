"""How any language model is read: logits at chosen positions, what a layer reads there, and no layer computed twice in vain.

A model is ours (`Transformer`) or one of transformers' causal language models. Logits always come from the model's own forward
pass: what its head is given is cut down to the chosen positions, so that no logits are computed that nobody asked for. Texts
are padded on the right with any token. A causal model does not see it from an earlier position.
"""

import contextlib
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn

from realmodels.model.matrices import blocks
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
    head = model.get_output_embeddings()
    chosen = head.register_forward_pre_hook(lambda module, inputs: (inputs[0][row, place][None],))
    _SEEN.tokens = tokens
    try:
        return model(input_ids=tokens, use_cache=False).logits[0].float()
    finally:
        chosen.remove()


def inputs_of(model: nn.Module, modules: Iterable[nn.Module], tokens: Tensor) -> list[Tensor]:
    """What each of these modules reads for texts tokens [F, L]: one tensor [F, L, width] per module. No gradient is kept."""
    modules = list(modules)
    seen: dict[int, Tensor] = {}

    def watch(index: int):
        return lambda module, inputs: seen.update({index: inputs[0].detach()})

    hooks = [module.register_forward_pre_hook(watch(index)) for index, module in enumerate(modules)]
    try:
        with torch.no_grad():
            logits_at(model, tokens, torch.zeros(1, dtype=torch.long), torch.zeros(1, dtype=torch.long))
    finally:
        for hook in hooks:
            hook.remove()
    return [seen[index] for index in range(len(modules))]


def first_block(model: nn.Module, parameters: Iterable[nn.Parameter]) -> int:
    """Number of the first block whose output can change when these parameters do; 0 also for those outside of the blocks."""
    inside = {id(p): index for index, block in enumerate(blocks(model)) for p in block.parameters()}
    return min((inside.get(id(p), 0) for p in parameters), default=0)


class _Seen:
    """The texts that are going through a model now: the blocks that are skipped look up what they gave for them."""

    tokens: Tensor = torch.zeros(0)


_SEEN = _Seen()


@contextlib.contextmanager
def remembering(model: nn.Module, first: int) -> Iterator[None]:
    """Within it, blocks before number `first` are computed once per batch of texts; then their output is remembered.

    Nothing may change a parameter before block `first` meanwhile. Our own models are small and are always computed whole.
    """
    if isinstance(model, Transformer) or first == 0:
        yield
        return
    skipped = list(blocks(model))[:first]
    if "forward" in vars(skipped[0]):  # an outer block of this kind remembers already
        yield
        return
    before = [block.forward for block in skipped]
    kept: dict[bytes, object] = {}

    def whole(*inputs, **options):
        key = _SEEN.tokens.shape[1].to_bytes(4, "big") + _SEEN.tokens.numpy().tobytes()
        if key not in kept:
            hidden = inputs[0] if inputs else options.pop("hidden_states")
            with torch.no_grad():
                for forward in before:
                    given = forward(hidden, *inputs[1:], **options)
                    hidden = given[0] if isinstance(given, tuple) else given
            kept[key] = given
        return kept[key]

    def through(*inputs, **options):
        hidden = inputs[0] if inputs else options["hidden_states"]
        return (hidden,) if isinstance(next(iter(kept.values()), None), tuple) else hidden

    try:
        for index, block in enumerate(skipped):
            block.forward = through if index else whole
        yield
    finally:
        for block in skipped:
            del block.forward
