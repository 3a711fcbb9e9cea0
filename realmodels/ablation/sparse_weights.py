"""Small dense models with structurally sparse weights: a fixed share of the weights of the blocks is 0 and stays 0.

Models are compared at equal numbers of free parameters: the sparser one is wider. Masks leave the embedding alone.
* random: in every matrix a random set of weights is free.
* magnitude: the same model is trained on other strings, the largest weights of every matrix stay free, and all free weights go
  back to what they were before that training (Frankle and Carbin 2019, the lottery ticket hypothesis, pruned once).
"""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from realmodels.bench.fresh import fresh, fresh_config
from realmodels.bench.kinds import stream, words
from realmodels.bench.memories.language_model import LanguageModel
from realmodels.model.architectures import parameters
from realmodels.model.loaded import Loaded
from realmodels.model.transformer import Transformer

WIDTHS = {0.5: 24, 0.8: 36, 0.9: 52}
"""{sparsity: width}: 16 / sqrt(1 - sparsity), as a multiple of 4."""
OTHER_SEEDS, OTHER_TASKS, PER_TASK, READINGS, RATE = 1000, 4, 32, 50, 2.0**-6
"""Strings that magnitude masks are found on (seed: 1000 more than the stream's), how often they are read, and the rate."""
ADAMW = {"optimizer": "adamw"}

Masks = dict[str, Tensor]


def sparse_model(sparsity: float, width: int, kind: str, seed: int) -> tuple[Loaded, float]:
    """(a new dense model, share of its block weights to be free) so that the dense model of `width` has as many parameters.

    The feed-forward layers are sized so that the share is 1 - sparsity. Raises KeyError for a sparsity that is not in WIDTHS.
    """
    wide = WIDTHS[sparsity] * width // 16
    wide = max(8, 4 * round(wide / 4))
    vocabulary = len(words(kind)) + 1
    free = parameters(fresh_config("dense", width, vocabulary)) - vocabulary * wide
    narrow = replace(fresh_config("dense", wide, vocabulary), hidden=4)
    per_unit = 2 * wide * narrow.layers
    attention = parameters(narrow) - vocabulary * wide - 4 * per_unit
    hidden = max(4, round((free / (1 - sparsity) - attention) / per_unit))
    config = replace(narrow, hidden=hidden)
    return replace(fresh("dense", wide, kind, seed), model=Transformer(config, seed).eval()), free / (
        attention + hidden * per_unit
    )


def random_masks(model: nn.Module, share: float, seed: int) -> Masks:
    """{name of a matrix: mask of its shape, 1 where free}: a random set of this share in every matrix of the blocks."""
    generator = torch.Generator().manual_seed(seed)
    return {name: _largest(torch.rand(p.shape, generator=generator), share) for name, p in _of_blocks(model).items()}


def magnitude_masks(loaded: Loaded, share: float, kind: str, seed: int) -> Masks:
    """Those of the largest weights after training a copy of this model on other strings. Raises Diverged."""
    memory = LanguageModel(loaded, kind, "full", ADAMW, RATE, READINGS)
    memory.learn_at_once(stream(kind, OTHER_TASKS, PER_TASK, OTHER_SEEDS + seed), seed)
    return {name: _largest(p.detach().abs(), share) for name, p in _of_blocks(memory.model).items()}


@torch.no_grad()
def mask(model: nn.Module, masks: Mapping[str, Tensor]) -> None:
    """Set the weights outside of the masks to 0, and their gradients too, whenever one is computed, so that they stay 0."""
    of_model = dict(model.named_parameters())
    for name, free in masks.items():
        of_model[name].mul_(free)
        of_model[name].register_hook(lambda gradient, free=free: gradient * free)


def _of_blocks(model: nn.Module) -> dict[str, nn.Parameter]:
    """The matrices of the blocks."""
    return {name: p for name, p in model.named_parameters() if name.startswith("blocks.") and p.ndim == 2}


def _largest(values: Tensor, share: float) -> Tensor:
    """1 at the largest `share` of the values, else 0."""
    count = round(share * values.numel())
    chosen = torch.zeros(values.numel())
    chosen[values.flatten().argsort(descending=True, stable=True)[:count]] = 1.0
    return chosen.reshape(values.shape)
