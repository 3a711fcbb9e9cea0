"""Gated DeltaNet and Kimi delta attention against transformers 5.23 (models qwen3_next and kimi_linear, their PyTorch paths)."""

import pytest
import torch
from transformers.cache_utils import DynamicCache

from realmodels.model.part import Cache
from tests.realmodels.model.attention import test_gated_deltanet, test_kda
from tests.realmodels.model.attention.delta_layers import inputs

KINDS = {"gated_deltanet": test_gated_deltanet, "kda": test_kda}
EACH = [(kind, number) for kind, module in KINDS.items() for number in range(len(module.SHAPES))]


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("length", [1, 7, 64, 150])
@pytest.mark.parametrize(("kind", "number"), EACH)
def test_the_layer_is_that_of_its_reference(kind, number, length, seed):
    """The references go in chunks of 64."""
    shape = KINDS[kind].SHAPES[number]
    ours, theirs = KINDS[kind].layers(*shape, seed=seed)
    x = inputs(shape[0], length, seed + 5)
    with torch.no_grad():
        found, expected = ours(x), theirs(x)
    assert length == 1 or 0.2 < expected.std() < 2
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_those_of_the_reference(kind):
    shape = KINDS[kind].SHAPES[0]
    ours, theirs = KINDS[kind].layers(*shape)
    x, y = (inputs(shape[0], 70).requires_grad_() for _ in range(2))
    (ours(x).square().mean() + ours(x)[:, 3].sum()).backward()
    (theirs(y).square().mean() + theirs(y)[:, 3].sum()).backward()
    scale = y.grad.abs().max()
    torch.testing.assert_close(x.grad / scale, y.grad / scale, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("faster", "prompt"), [(0.0, 9), (4.0, 1)])
@pytest.mark.parametrize("kind", KINDS)
def test_generation_is_that_of_the_reference(kind, faster, prompt):
    """A prompt, then one token after another, each through its own cache (DynamicCache).

    Strong decays too: token by token the reference loses no digits to differences of sums.
    """
    shape = KINDS[kind].SHAPES[1]
    ours, theirs = KINDS[kind].layers(*shape)
    x, mine, other = inputs(shape[0], 50), Cache(), DynamicCache(config=KINDS[kind].reference_config(*shape))
    with torch.no_grad():
        ours.rate.add_(faster)
        next(p for name, p in theirs.named_parameters() if name.endswith("A_log")).add_(faster)
        pieces = x.split((prompt,) + (1,) * (50 - prompt), 1)
        expected = torch.cat([theirs(piece, cache_params=other) for piece in pieces], 1)
        torch.testing.assert_close(torch.cat([ours(piece, cache=mine) for piece in pieces], 1), expected, atol=1e-5, rtol=0)
        torch.testing.assert_close(ours(x), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("pieces", [(1,) * 40, (33, 1, 6), (2, 38)])
@pytest.mark.parametrize("kind", KINDS)
def test_pieces_with_a_cache_are_the_whole(kind, pieces):
    shape = KINDS[kind].SHAPES[1]
    layer = KINDS[kind].layers(*shape)[0].double()
    x, cache = inputs(shape[0], 40, dtype=torch.float64), Cache()
    found = torch.cat([layer(piece, cache=cache) for piece in x.split(pieces, 1)], 1)
    torch.testing.assert_close(found, layer(x), atol=1e-10, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_those_of_finite_differences(kind):
    layer = KINDS[kind].layers(*KINDS[kind].SMALL)[0].double()
    x = inputs(KINDS[kind].SMALL[0], 4, dtype=torch.float64).requires_grad_()
    names, values = zip(*layer.named_parameters(), strict=True)
    assert torch.autograd.gradcheck(
        lambda x, *p: torch.func.functional_call(layer, dict(zip(names, p, strict=True)), x), (x, *values), fast_mode=True
    )


@pytest.mark.parametrize("kind", KINDS)
def test_autocast_is_finite_and_near_and_keeps_the_state_in_float32(kind):
    shape = KINDS[kind].SHAPES[0]
    layer, x, cache = KINDS[kind].layers(*shape)[0], inputs(shape[0], 70), Cache()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        low = layer(x, cache=cache)
    assert low.dtype == torch.bfloat16
    assert cache.tensors["state"].dtype == torch.float32
    high = layer(x)
    assert (low - high).std() < 0.03 * high.std()
    low.float().square().sum().backward()
    assert all(p.grad.isfinite().all() for p in layer.parameters())
