"""What a model says: the likeliest continuation of a prompt, token after token."""

from collections.abc import Sequence

import torch
from torch import nn

from realmodels.model.transformer import Transformer
from realmodels.text.encoder import Encoder

AT_ONCE = 32  # prompts that transformers continues together


@torch.no_grad()
def said(model: nn.Module, encoder: Encoder, prompts: Sequence[Sequence[int]], count: int) -> list[str]:
    """The `count` tokens that greedy decoding puts after each prompt, as texts; shorter where the model ends its text."""
    if isinstance(model, Transformer):
        room = model.config.context
        of_each = [
            model.generate(torch.tensor([list(ids)]), min(count, room - len(ids)))[0, len(ids) :].tolist() for ids in prompts
        ]
        return [_shown(encoder, ids, {0}) for ids in of_each]
    order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
    texts = [""] * len(prompts)
    for start in range(0, len(order), AT_ONCE):
        some = order[start : start + AT_ONCE]
        for index, ids in zip(some, _continued(model, [prompts[i] for i in some], count), strict=True):
            texts[index] = _shown(encoder, ids, _ends(model))
    return texts


def _ends(model: nn.Module) -> set[int]:
    """Tokens that end a text, as the model's configuration has them."""
    found = model.generation_config.eos_token_id
    return set(found if isinstance(found, list) else [found]) - {None}


def _continued(model: nn.Module, prompts: Sequence[Sequence[int]], count: int) -> list[list[int]]:
    """Greedy continuations by transformers. Prompts are padded on the left, and the padding is masked."""
    length = max(map(len, prompts))
    tokens = torch.tensor([[0] * (length - len(ids)) + list(ids) for ids in prompts])
    mask = torch.tensor([[0] * (length - len(ids)) + [1] * len(ids) for ids in prompts])
    pad = next(iter(_ends(model)), 0)
    made = model.generate(
        input_ids=tokens,
        attention_mask=mask,
        max_new_tokens=count,
        do_sample=False,
        num_beams=1,
        pad_token_id=pad,
        use_cache=True,
        temperature=None,
        top_p=None,
        top_k=None,
    )
    return made[:, length:].tolist()


def _shown(encoder: Encoder, ids: Sequence[int], ends: set[int]) -> str:
    """The text of these tokens up to the first that ends a text."""
    stop = next((index for index, token in enumerate(ids) if token in ends), len(ids))
    return encoder.decode(list(ids[:stop]))
