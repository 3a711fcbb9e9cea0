"""PEER against brute force over all experts, and its gradients against finite differences."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from realmodels.model.architectures import SIZES, active_parameters, config_for, parameters
from realmodels.model.config import ModelConfig
from realmodels.model.feedforward.peer import PeerLayer
from realmodels.model.transformer import Transformer

CONFIG = config_for("peer", "tiny")
SHAPES = [(32, 8, 2, 4, 16), (12, 5, 3, 2, 6), (20, 4, 1, 4, 10)]  # width, keys, heads, topk, key_dim


def shaped(width: int, keys: int, heads: int, topk: int, key_dim: int) -> ModelConfig:
    sizes = {"peer": {"keys": keys, "heads": heads, "topk": topk, "key_dim": key_dim}}
    return replace(CONFIG, width=width, hyperparameters=sizes)


def layer(config: ModelConfig, seed: int = 0) -> PeerLayer:
    made, generator = PeerLayer(config), torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in made.parameters():
            p.normal_(0, 0.5, generator=generator)
    return made


def inputs(width: int, seed: int = 0, length: int = 5) -> Tensor:
    return torch.randn(2, length, width, generator=torch.Generator().manual_seed(seed + 100))


def by_brute_force(made: PeerLayer, x: Tensor, normalised: bool = True, once: bool = False) -> Tensor:
    """All keys formed, all experts scored and evaluated, all but the topk of each head weighted 0.

    `normalised` False: queries as they come; `once`: an expert that two heads pick counts once, with the larger weight.
    """
    n, heads = made.keys.shape[1], made.heads
    keys = torch.stack([torch.cat((made.keys[0, i], made.keys[1, j])) for i in range(n) for j in range(n)])
    units = x @ made.down.weight.T
    units = units * (1 + torch.erf(units / math.sqrt(2))) / 2
    weights = []
    for query in (x @ made.query.weight.T + made.query.bias).chunk(heads, dim=-1):
        scaled = query / query.square().mean(-1, keepdim=True).sqrt() if normalised else query
        scores = scaled @ keys.T
        kept = scores >= scores.topk(made.topk).values[..., -1:]
        exps = torch.where(kept, scores.exp(), 0.0)
        weights.append(exps / exps.sum(-1, keepdim=True))
    stacked = torch.stack(weights)
    return ((stacked.amax(0) if once else stacked.sum(0)) * units) @ made.values.weight


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_layer_is_brute_force_over_all_experts(shape, seed):
    made, x = layer(shaped(*shape), seed), inputs(shape[0], seed)
    with torch.no_grad():
        torch.testing.assert_close(made(x), by_brute_force(made, x), atol=1e-5, rtol=1e-5)
        assert (made(x) - by_brute_force(made, x, normalised=False)).abs().max() > 1e-2


def test_an_expert_that_two_heads_pick_counts_twice():
    made, x = layer(shaped(*SHAPES[0])), inputs(32)
    with torch.no_grad():
        made.query.weight[:16] = made.query.weight[16:]
        made.query.bias[:16] = made.query.bias[16:]
        torch.testing.assert_close(made(x), by_brute_force(made, x), atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(made(x), 2 * by_brute_force(made, x, once=True), atol=1e-5, rtol=1e-5)


def test_a_query_s_length_does_not_matter():
    made, x = layer(CONFIG), inputs(32)
    before = made(x)
    with torch.no_grad():
        made.query.weight *= 7.0
        made.query.bias *= 7.0
    torch.testing.assert_close(made(x), before, atol=1e-5, rtol=1e-5)


def test_only_the_experts_picked_have_a_gradient_and_are_recorded():
    made, record = layer(CONFIG), {}
    with torch.no_grad():
        made.down.weight *= 0.2  # far below 0, GELU and its slope are 0 in float32
    made(inputs(32)[:1, :3], record).square().sum().backward()
    sizes = CONFIG.hyperparameters["peer"]
    assert record["slots"][0].shape == record["slot_weights"][0].shape == (1, 3, sizes["heads"], sizes["topk"])
    torch.testing.assert_close(record["slot_weights"][0].sum(-1), torch.ones(1, 3, sizes["heads"]))
    picked = set(record["slots"][0].flatten().tolist())
    assert len(picked) < sizes["keys"] ** 2
    for table in (made.down, made.values):
        assert set(table.weight.grad.abs().sum(1).nonzero()[:, 0].tolist()) == picked


def test_gradients_are_those_of_finite_differences():
    made = layer(shaped(6, 4, 2, 2, 4)).double()
    x = inputs(6, length=2).double().requires_grad_()
    names, values = zip(*made.named_parameters(), strict=True)

    def call(x: Tensor, *values: Tensor) -> Tensor:
        return torch.func.functional_call(made, dict(zip(names, values, strict=True)), x)

    assert torch.autograd.gradcheck(call, (x, *values))


def test_in_bfloat16_outputs_and_gradients_are_finite():
    made, x = layer(CONFIG), inputs(32)
    with torch.autocast("cpu", torch.bfloat16):
        y = made(x)
    y.float().square().sum().backward()
    assert y.isfinite().all()
    assert all(p.grad.isfinite().all() for p in made.parameters())


@pytest.mark.parametrize("size", SIZES)
def test_idle_are_both_vectors_of_the_experts_not_picked(size):
    config = config_for("peer", size)
    sizes = config.hyperparameters["peer"]
    assert config.feedforward.count("peer") == 1
    idle = (sizes["keys"] ** 2 - sizes["heads"] * sizes["topk"]) * 2 * config.width
    assert parameters(config) - active_parameters(config) == idle
    assert sizes["topk"] <= sizes["keys"]


def test_a_fresh_layer_writes_nothing_and_its_keys_keep_the_bound_of_the_memory_layer():
    fresh = Transformer(CONFIG).blocks[1].feedforward
    assert isinstance(fresh, PeerLayer)
    assert not fresh.values.weight.any()
    assert fresh.down.weight.std().item() == pytest.approx(32**-0.5, rel=0.1)
    assert 0.9 / 4 < fresh.keys.abs().max() <= 1 / 4
