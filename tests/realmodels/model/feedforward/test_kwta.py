"""k-winners-take-all against a loop that sorts, the dense layer at the limit, and its gradient against finite differences."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from realmodels.model.architectures import SIZES, config_for
from realmodels.model.config import ModelConfig
from realmodels.model.feedforward.dense import DenseFeedForward
from realmodels.model.feedforward.kwta import KwtaFeedForward, winners

FRACTIONS = (0.02, 0.05, 0.10, 0.20, 0.50, 1.0)


def shaped(width: int, hidden: int, active: float) -> ModelConfig:
    return replace(config_for("kwta", "tiny"), width=width, hidden=hidden, hyperparameters={"kwta": {"active": active}})


def randomised(layer: torch.nn.Module, seed: int) -> torch.nn.Module:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in layer.parameters():
            p.normal_(0, p.shape[-1] ** -0.5, generator=generator)
    return layer


def inputs(width: int, seed: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(2, 7, width, generator=torch.Generator().manual_seed(seed + 100), dtype=dtype)


def by_sorting(layer: KwtaFeedForward, x: Tensor, k: int) -> Tensor:
    """The layer, unit after unit: of one token's activations all but the first k of the sorted list are put to 0."""
    out = torch.zeros_like(x)
    for b, t in ((b, t) for b in range(x.shape[0]) for t in range(x.shape[1])):
        acting = [max(0.0, float(row @ x[b, t])) ** 2 for row in layer.input.weight]
        kept = sorted(range(len(acting)), key=lambda i: -acting[i])[:k]
        out[b, t] = sum(acting[i] * layer.output.weight[:, i] for i in kept)
    return out


@pytest.mark.parametrize(("width", "hidden", "active", "k"), [(32, 128, 0.1, 13), (8, 20, 0.25, 5), (6, 10, 0.02, 1)])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_layer_is_the_one_that_sorts(width, hidden, active, k, seed):
    layer, x = randomised(KwtaFeedForward(shaped(width, hidden, active)), seed), inputs(width, seed)
    assert layer.k == k
    with torch.no_grad():
        torch.testing.assert_close(layer(x), by_sorting(layer, x, k), atol=1e-5, rtol=0)
        assert (layer(x) - by_sorting(layer, x, k + 1)).abs().max() > 1e-3  # one winner more would be seen


@pytest.mark.parametrize("active", FRACTIONS)
@pytest.mark.parametrize("size", SIZES)
def test_the_dial_is_the_fraction_of_winners(size, active):
    """Exactly k of the hidden units act where more than k are positive; all that are positive where not."""
    config = replace(config_for("kwta", size), hyperparameters={"kwta": {"active": active}})
    k = max(1, round(active * config.hidden))
    z = torch.randn(50, config.hidden, generator=torch.Generator().manual_seed(3)).relu().square()
    found = (winners(z, k) > 0).sum(1)
    assert torch.equal(found, (z > 0).sum(1).clamp(max=k))
    assert torch.all(winners(z, k).sort(descending=True).values[:, :k] == z.sort(descending=True).values[:, :k])
    with torch.device("meta"):
        assert KwtaFeedForward(config).k == k


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_with_all_units_as_winners_it_is_the_dense_layer_bit_for_bit(seed):
    config = shaped(32, 128, 1.0)
    layer, dense, x = KwtaFeedForward(config), DenseFeedForward(config), inputs(32, seed).requires_grad_()
    randomised(layer, seed)
    dense.load_state_dict(layer.state_dict())
    record, other = {}, {}
    mine, theirs = layer(x, record), dense(x, other)
    assert torch.equal(mine, theirs)
    assert torch.equal(record["activations"][0], other["activations"][0])
    g, h = (torch.autograd.grad(y.square().sum(), (x, *m.parameters())) for y, m in ((mine, layer), (theirs, dense)))
    assert all(torch.equal(a, b) for a, b in zip(g, h, strict=True))
    assert not torch.equal(randomised(KwtaFeedForward(shaped(32, 128, 0.5)), seed)(x), theirs)


def test_ties_with_the_last_winner_all_stay():
    z = torch.tensor([[4.0, 1.0, 2.0, 2.0, 2.0, 0.0], [3.0, 0.0, 0.0, 0.0, 0.0, 0.0]])
    assert winners(z, 2).tolist() == [[4, 0, 2, 2, 2, 0], [3, 0, 0, 0, 0, 0]]
    assert winners(z, 1).tolist() == [[4, 0, 0, 0, 0, 0], [3, 0, 0, 0, 0, 0]]


def test_a_number_that_is_not_finite_is_not_hidden():
    assert winners(torch.tensor([[1.0, torch.nan, 2.0, 3.0]]), 1).isnan().any()


def test_what_is_recorded_is_what_the_output_matrix_reads():
    layer, x, record = randomised(KwtaFeedForward(shaped(32, 128, 0.05)), 0), inputs(32, 0), {}
    y = layer(x, record)
    (activations,) = record["activations"]
    assert torch.equal(y, activations @ layer.output.weight.T)
    assert torch.equal((activations > 0).sum(-1), torch.full((2, 7), 6))


def test_the_gradient_passes_through_the_winners_alone():
    layer, x, record = randomised(KwtaFeedForward(shaped(16, 40, 0.1)), 0), inputs(16, 0)[:1, :1], {}
    layer(x, record).square().sum().backward()
    won = record["activations"][0][0, 0] > 0
    assert int(won.sum()) == 4
    assert torch.equal(layer.input.weight.grad.abs().sum(1) > 0, won)
    assert torch.equal(layer.output.weight.grad.abs().sum(0) > 0, won)


def test_gradients_are_those_of_finite_differences():
    layer, x = randomised(KwtaFeedForward(shaped(6, 20, 0.2)), 0).double(), inputs(6, 0, torch.float64).requires_grad_()
    names, parameters = zip(*layer.named_parameters(), strict=True)

    def call(x: Tensor, *values: Tensor) -> Tensor:
        return torch.func.functional_call(layer, dict(zip(names, values, strict=True)), x)

    assert torch.autograd.gradcheck(call, (x, *parameters))


def test_in_bfloat16_it_is_finite_and_still_sparse():
    layer, x, record = randomised(KwtaFeedForward(shaped(32, 128, 0.1)), 0), inputs(32, 0), {}
    with torch.autocast("cpu", torch.bfloat16):
        y = layer(x, record)
    y.float().square().sum().backward()
    assert y.isfinite().all()
    assert all(p.grad.isfinite().all() for p in layer.parameters())
    assert 13 <= (record["activations"][0] > 0).sum(-1).float().mean() < 16
