"""Latent attention without positions, against that of Kimi Linear in transformers 5.23: eager, float32, random weights."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor
from transformers.models.kimi_linear.configuration_kimi_linear import KimiLinearConfig
from transformers.models.kimi_linear.modeling_kimi_linear import KimiLinearAttention

from realmodels.model.attention.mla import MlaAttention
from realmodels.model.attention.mla_nope import MlaNopeAttention
from realmodels.model.config import ModelConfig
from realmodels.model.part import Cache
from tests.realmodels.model.attention.test_mla import SHAPES, inputs, like, randomised, shaped, taken


def config_of(shape: str) -> ModelConfig:
    """The shapes of `mla`, by the name of this part."""
    config = shaped("mla", shape)
    return replace(config, hyperparameters={"mla": config.hyperparameters["mla"], "mla_nope": config.hyperparameters["mla"]})


def outputs(ours: type[MlaAttention], shape: str, seed: int) -> tuple[Tensor, Tensor]:
    """What a part of ours and Kimi Linear's attention with the same weights make of the same inputs."""
    config = config_of(shape)
    settings = {name: value for name, value in like(config, "mla_nope").items() if name != "rope_parameters"}
    theirs = randomised(KimiLinearAttention(KimiLinearConfig(**settings), 0), seed)
    part = ours(config)
    taken(part.projections, theirs, int(config.hyperparameters["mla_nope"]["nope_dim"]))
    x = inputs(config, seed + 100, 40)
    mask = torch.full((40, 40), torch.finfo(x.dtype).min).triu(1).expand(len(x), 1, -1, -1)
    with torch.no_grad():
        return part(x), theirs(x, mask)[0]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shape", SHAPES)
def test_outputs_are_those_of_kimi_linear_in_transformers(shape, seed):
    found, expected = outputs(MlaNopeAttention, shape, seed)
    assert 0.1 < float(expected.std()) < 3
    assert float((found - expected).abs().max()) < 3e-6


def test_positions_would_be_seen():
    found, expected = outputs(MlaAttention, "odd", 0)
    assert float((found - expected).abs().max()) > 1e-2


def test_the_order_of_earlier_tokens_does_not_matter():
    part = randomised(MlaNopeAttention(config_of("odd")), 0)
    x = inputs(config_of("odd"), 1, 9)
    order = torch.tensor([3, 0, 7, 5, 1, 2, 6, 4, 8])
    torch.testing.assert_close(part(x[:, order])[:, -1], part(x)[:, -1], atol=1e-5, rtol=0)


@pytest.mark.parametrize("pieces", [(12,), (1,) * 12, (5, 1, 6)])
def test_generation_with_a_cache_gives_the_same(pieces):
    config = config_of("odd")
    part, cache = randomised(MlaNopeAttention(config), 0), Cache()
    x, found = inputs(config, 1, 12, batch=3), []
    for piece in x.split(pieces, dim=1):
        found.append(part(piece, cache=cache))
        cache.length += piece.shape[1]
    torch.testing.assert_close(torch.cat(found, 1), part(x), atol=1e-5, rtol=0)
