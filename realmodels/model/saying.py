"""What a model says: the likeliest continuation of a prompt, token after token."""

import contextlib
from collections.abc import Iterator, Sequence

import torch
from torch import nn

from realmodels.model.reading import context
from realmodels.model.transformer import Transformer
from realmodels.text.encoder import Encoder
from theory.errors import UserError

AT_ONCE = 32  # prompts that transformers continues together


@torch.no_grad()
def said(model: nn.Module, encoder: Encoder, prompts: Sequence[Sequence[int]], count: int) -> list[str]:
    """The `count` tokens that greedy decoding puts after each prompt, as texts.

    Shorter where the model ends its text, or where its context ends. Nothing but the likeliest token is taken: what the model's
    folder says of sampling, penalties or forbidden tokens is left aside. Raises UserError for a prompt beyond the context.
    """
    room = context(model)
    if isinstance(model, Transformer):
        of_each = [
            model.generate(torch.tensor([list(ids)]), min(count, room - len(ids)))[0, len(ids) :].tolist() for ids in prompts
        ]
        return [_shown(encoder, ids, {0}) for ids in of_each]
    if any(len(ids) > room for ids in prompts):
        raise UserError(f"a prompt of {max(map(len, prompts))} tokens does not fit a context of {room}: shorten it")
    order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
    roomy = [index for index in order if room - len(prompts[index]) >= count]
    batches = [roomy[start : start + AT_ONCE] for start in range(0, len(roomy), AT_ONCE)]
    texts = [""] * len(prompts)
    for some in [*batches, *([index] for index in order[len(roomy) :])]:
        within = min(count, room - len(prompts[some[-1]]))
        for index, ids in zip(some, _continued(model, [prompts[i] for i in some], within), strict=True):
            texts[index] = _shown(encoder, ids, _ends(model))
    return texts


def _ends(model: nn.Module) -> set[int]:
    """Tokens that end a text, as the model's configuration has them."""
    found = model.generation_config.eos_token_id
    return set(found if isinstance(found, list) else [found]) - {None}


def _continued(model: nn.Module, prompts: Sequence[Sequence[int]], count: int) -> list[list[int]]:
    """Greedy continuations by transformers. Prompts are padded on the left, and the padding is masked."""
    if count < 1:
        return [[] for _ in prompts]
    length = max(map(len, prompts))
    tokens = torch.tensor([[0] * (length - len(ids)) + list(ids) for ids in prompts])
    mask = torch.tensor([[0] * (length - len(ids)) + [1] * len(ids) for ids in prompts])
    with _plain_greedy(model):
        made = model.generate(input_ids=tokens, attention_mask=mask, max_new_tokens=count)
    return made[:, length:].tolist()


@contextlib.contextmanager
def _plain_greedy(model: nn.Module) -> Iterator[None]:
    """Within it, the model's own settings of generation are put aside, but for the tokens that end a text."""
    from transformers import GenerationConfig

    before, ends = model.generation_config, sorted(_ends(model))
    model.generation_config = GenerationConfig(do_sample=False, eos_token_id=ends or None, pad_token_id=next(iter(ends), 0))
    try:
        yield
    finally:
        model.generation_config = before


def _shown(encoder: Encoder, ids: Sequence[int], ends: set[int]) -> str:
    """The text of these tokens up to the first that ends a text."""
    stop = next((index for index, token in enumerate(ids) if token in ends), len(ids))
    return encoder.decode(list(ids[:stop]))
