"""Lightning attention: the whole layer against that of MiniMax, blocks against a loop, and the rates of its decay."""

import math
from dataclasses import replace

import pytest
import torch
from transformers import MiniMaxConfig
from transformers.models.minimax.modeling_minimax import MiniMaxCache, MiniMaxLightningAttention

from realmodels.model.architectures import SIZES, described
from realmodels.model.attention.lightning import LightningAttention, blocks, token
from realmodels.model.part import Cache

LAYERS = 4
SHAPES = [(32, 2, 16), (24, 3, 256), (64, 8, 5)]  # width, heads, the reference's block


def slope(layer: int) -> float:
    """The factor of all rates in a layer of MiniMax (MiniMax-01, modeling code: build_slope_tensor)."""
    return 1 - layer / (LAYERS - 1 + 1e-5) + 1e-5


def layers(width: int, heads: int, block: int, layer: int = 0, seed: int = 0, factor: float | None = None):
    """(ours, the reference) with the same random weights.

    The reference fuses q, k, v of a head, then the next head's. Its norm has a gain, which our `output` takes up.
    """
    theirs_config = MiniMaxConfig(
        hidden_size=width,
        num_attention_heads=heads,
        block_size=block,
        num_hidden_layers=LAYERS,
        layer_types=["linear_attention"] * LAYERS,
    )
    config = replace(
        described("lightning", "tiny", width=width, heads=heads),
        hyperparameters={"lightning": {"slope": slope(layer) if factor is None else factor}},
    )
    theirs, ours = MiniMaxLightningAttention(theirs_config, layer).eval(), LightningAttention(config)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in theirs.parameters():
            p.normal_(0, 1.5 / math.sqrt(p.shape[-1]) if p.ndim > 1 else 0.7, generator=generator)
        fused = theirs.qkv_proj.weight.unflatten(0, (heads, 3, -1)).unbind(1)
        for mine, weight in zip((ours.query, ours.key, ours.value), fused, strict=True):
            mine.weight.copy_(weight.flatten(0, 1))
        ours.gate.weight.copy_(theirs.output_gate.weight)
        ours.output.weight.copy_(theirs.out_proj.weight * theirs.norm.weight)
    return ours, theirs


def inputs(width: int, length: int, seed: int = 5, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(2, length, width, generator=torch.Generator().manual_seed(seed), dtype=dtype)


@pytest.mark.parametrize("layer", [0, 2, 3])
@pytest.mark.parametrize("length", [1, 7, 64, 150])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_layer_is_that_of_minimax(shape, length, layer):
    """transformers 5.23, models.minimax, with the factor of that layer as our hyperparameter."""
    ours, theirs = layers(*shape, layer, seed=layer)
    x = inputs(shape[0], length)
    with torch.no_grad():
        found, expected = ours(x), theirs(x, None, None)[0]
    assert length == 1 or 0.2 < expected.std() < 2
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_the_layer_as_built_is_the_first_one_of_minimax():
    """Our factor 1 is theirs of the first layer, but for its 1e-5; that of another layer is not."""
    assert all(described("lightning", size).hyperparameters["lightning"] == {"slope": 1.0} for size in SIZES)
    ours, first = layers(32, 2, 16, layer=0, factor=1.0)
    x = inputs(32, 100)
    assert (ours(x) - first(x, None, None)[0]).abs().max() < 1e-4
    ours, other = layers(32, 2, 16, layer=1, factor=1.0)
    assert (ours(x) - other(x, None, None)[0]).abs().max() > 0.01


@pytest.mark.parametrize("heads", [2, 3, 12])
def test_rates_are_geometric_in_the_head_and_not_linear(heads):
    ours, theirs = layers(12 * heads, heads, 16, layer=0, factor=1.0)
    torch.testing.assert_close(ours.rates, theirs.slope_rate.flatten(), rtol=2e-5, atol=0)
    linear = torch.tensor([8 * h / heads for h in range(heads)])  # flash-linear-attention's
    x = inputs(12 * heads, 40)
    expected = theirs(x, None, None)[0]
    assert (ours(x) - expected).abs().max() < 1e-4
    ours.rates.copy_(linear)
    assert (ours(x) - expected).abs().max() > 0.01


def loop(q, k, v, rates, wrong: str = ""):
    """The recurrence, spelt out for one batch entry, head and token after another; `wrong` names a choice to get wrong."""
    o = torch.zeros_like(v)
    for b in range(q.shape[0]):
        for h in range(q.shape[1]):
            S = torch.zeros(q.shape[-1], v.shape[-1], dtype=q.dtype)
            for t in range(q.shape[2]):
                write = torch.outer(k[b, h, t], v[b, h, t])
                if wrong == "decay after the write":
                    S = math.exp(-rates[h]) * (S + write)
                elif wrong == "read before the write":
                    o[b, h, t] = S.T @ q[b, h, t]
                    S = math.exp(-rates[h]) * S + write
                    continue
                else:
                    S = math.exp(-rates[h]) * S + write
                o[b, h, t] = S.T @ q[b, h, t]
    return o


def drawn(length: int, seed: int = 0) -> list[torch.Tensor]:
    """q, k, v in float64, and the rates of three heads."""
    generator = torch.Generator().manual_seed(seed)
    q, k, v = (torch.randn(2, 3, length, d, generator=generator, dtype=torch.float64) for d in (5, 5, 7))
    return [q, k, v, torch.tensor([0.9, 0.1, 0.003], dtype=torch.float64)]


@pytest.mark.parametrize("block", [1, 16, 64])
@pytest.mark.parametrize("length", [1, 63, 100])
def test_blocks_and_tokens_are_the_loop(length, block):
    q, k, v, rates = drawn(length)
    expected, state = loop(q, k, v, rates), torch.zeros(2, 3, 5, 7, dtype=torch.float64)
    found, last = blocks(q, k, v, rates, state, block)
    torch.testing.assert_close(found, expected, atol=1e-10, rtol=0)
    for t in range(length):
        read, state = token(*(x[:, :, t : t + 1] for x in (q, k, v)), rates, state)
        torch.testing.assert_close(read, expected[:, :, t : t + 1], atol=1e-10, rtol=0)
    torch.testing.assert_close(last, state, atol=1e-10, rtol=0)


@pytest.mark.parametrize("wrong", ["decay after the write", "read before the write"])
def test_a_wrong_order_is_seen(wrong):
    q, k, v, rates = drawn(30)
    found, _ = blocks(q, k, v, rates, torch.zeros(2, 3, 5, 7, dtype=torch.float64))
    assert (found - loop(q, k, v, rates, wrong)).abs().max() > 0.1


@pytest.mark.parametrize("rate", [1e-4, 1.0, 50.0])
def test_a_long_text_in_float32_overflows_nowhere_and_is_the_loop(rate):
    q, k, v, _ = (x.float() for x in drawn(1024))
    q, k, v = (x[:1].requires_grad_() for x in (q, k / 32, v))
    rates = torch.full((3,), rate)
    found, _ = blocks(q, k, v, rates, torch.zeros(1, 3, 5, 7))
    expected = loop(*(x.detach().double() for x in (q, k, v)), rates.double())
    torch.testing.assert_close(found.double(), expected, atol=1e-5, rtol=0)
    found.square().sum().backward()
    assert all(x.grad.isfinite().all() for x in (q, k, v))


def test_generation_is_that_of_minimax():
    """A prompt of 9 tokens, then one token after another, each through its own cache (transformers 5.23, MiniMaxCache)."""
    ours, theirs = layers(*SHAPES[0])
    x, mine, other = inputs(32, 20), Cache(), MiniMaxCache()
    with torch.no_grad():
        for piece in x.split((9,) + (1,) * 11, 1):
            expected, _ = theirs(piece, None, None, other)
            torch.testing.assert_close(ours(piece, cache=mine), expected, atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("pieces", [(1,) * 80, (65, 1, 14), (2, 78)])
def test_pieces_with_a_cache_are_the_whole(pieces):
    layer = layers(*SHAPES[1])[0].double()
    x, cache = inputs(24, 80, dtype=torch.float64), Cache()
    found = torch.cat([layer(piece, cache=cache) for piece in x.split(pieces, 1)], 1)
    torch.testing.assert_close(found, layer(x), atol=1e-10, rtol=0)


def test_gradients_are_those_of_finite_differences():
    layer = layers(4, 2, 16)[0].double()
    x = inputs(4, 3, dtype=torch.float64).requires_grad_()
    names, values = zip(*layer.named_parameters(), strict=True)
    assert torch.autograd.gradcheck(
        lambda x, *p: torch.func.functional_call(layer, dict(zip(names, p, strict=True)), x), (x, *values)
    )
    q, k, v = (x[:1].requires_grad_() for x in drawn(5)[:3])
    state = torch.ones(1, 3, 5, 7, dtype=torch.float64, requires_grad=True)
    rates = torch.ones(3, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda *a: blocks(*a[:3], rates, a[3], 2), (q, k, v, state), fast_mode=True)


def test_autocast_is_finite_and_near_and_keeps_the_state_in_float32():
    layer, x, cache = layers(*SHAPES[0])[0], inputs(32, 150), Cache()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        low = layer(x, cache=cache)
        q, k, v = (torch.nn.functional.silu(part(x)).float() for part in (layer.query, layer.key, layer.value))
    assert low.dtype == torch.bfloat16
    assert cache.tensors["state"].dtype == torch.float32
    q, k, v = (part.unflatten(-1, (2, -1)).transpose(1, 2) for part in (q, k, v))
    _, state = blocks(q, k, v, layer.rates, torch.zeros(2, 2, 16, 16))
    assert torch.equal(cache.tensors["state"], state)  # so no product was rounded to bfloat16
    high = layer(x)
    assert (low - high).std() < 0.03 * high.std()
    low.float().square().sum().backward()
    assert all(p.grad.isfinite().all() for p in layer.parameters())
