"""The price on activations against a loop, its limit at 0, its size at every width, and that it makes layers sparser."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from realmodels.model.architectures import config_for
from realmodels.model.config import ModelConfig
from realmodels.model.feedforward.dense import DenseFeedForward
from realmodels.model.feedforward.l1 import L1FeedForward
from realmodels.model.transformer import Transformer, norm

CONFIG = config_for("l1", "tiny")
TOKENS = torch.randint(0, CONFIG.vocabulary, (4, 24), generator=torch.Generator().manual_seed(1))


def priced(penalty: float, config: ModelConfig = CONFIG) -> ModelConfig:
    return replace(config, hyperparameters={"l1": {"penalty": penalty}})


def layer(config: ModelConfig, seed: int = 0) -> L1FeedForward:
    made, generator = L1FeedForward(config), torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in made.parameters():
            p.normal_(0, p.shape[-1] ** -0.5, generator=generator)
    return made


def inputs(width: int, seed: int = 0, tokens: int = 5) -> Tensor:
    return norm(torch.randn(2, tokens, width, generator=torch.Generator().manual_seed(seed + 100)))


@pytest.mark.parametrize(("width", "hidden", "penalty"), [(32, 128, 0.1), (12, 20, 3.0)])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_price_is_that_of_a_loop_over_tokens_and_units(width, hidden, penalty, seed):
    made = layer(priced(penalty, replace(CONFIG, width=width, hidden=hidden)), seed)
    x, record = inputs(width, seed), {}
    with torch.no_grad():
        made(x, record)
        sums = [sum(max(0.0, float(row @ token)) ** 2 for row in made.input.weight) for token in x.flatten(0, 1)]
    expected = penalty * sum(sums) / len(sums) / hidden
    assert record["auxiliary"][0].item() == pytest.approx(expected, rel=1e-5)
    assert [a.shape for a in record["activations"]] == [(2, 5, hidden)]


@pytest.mark.parametrize(("width", "hidden"), [(16, 64), (64, 256), (256, 1024), (64, 2048)])
def test_a_fresh_layer_pays_half_the_penalty_at_every_width(width, hidden):
    made, record = layer(priced(0.1, replace(CONFIG, width=width, hidden=hidden))), {}
    made(inputs(width, tokens=200), record)
    assert record["auxiliary"][0].item() == pytest.approx(0.05, rel=0.1)


def test_prices_are_noted_one_a_block_and_only_where_something_is_recorded():
    model, record = Transformer(CONFIG), {}
    model(TOKENS, record)
    assert [a.shape for a in record["auxiliary"]] == [()] * CONFIG.layers
    torch.testing.assert_close(record["auxiliary"][1], 0.1 * record["activations"][1].mean())
    assert torch.equal(model(TOKENS), model(TOKENS, {}))


def gradients(penalty: float | None) -> list[Tensor]:
    """Of text and price together, in a model whose feed-forward layers are priced, or dense."""
    config = priced(penalty) if penalty is not None else replace(CONFIG, feedforward=("dense",) * CONFIG.layers)
    model, record = Transformer(config, seed=3), {}
    generator = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for p in model.parameters():
            p += 0.1 * torch.randn(p.shape, generator=generator)
    loss = F.cross_entropy(model(TOKENS[:, :-1], record).flatten(0, 1), TOKENS[:, 1:].flatten()) + sum(
        record.get("auxiliary", [])
    )
    return [loss, *torch.autograd.grad(loss, list(model.parameters()))]


def test_at_penalty_zero_loss_and_gradients_are_those_of_the_dense_model():
    assert isinstance(Transformer(priced(0.0)).blocks[0].feedforward, DenseFeedForward)
    assert all(torch.equal(a, b) for a, b in zip(gradients(0.0), gradients(None), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(gradients(0.1), gradients(None), strict=True))


def acting(penalty: float) -> float:
    """Share of the hidden units that act after some steps of learning."""
    model = Transformer(priced(penalty), seed=0)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(30):
        record: dict = {}
        loss = F.cross_entropy(model(TOKENS[:, :-1], record).flatten(0, 1), TOKENS[:, 1:].flatten())
        optimiser.zero_grad()
        (loss + sum(record["auxiliary"])).backward()
        optimiser.step()
    record = {}
    model(TOKENS, record)
    return (torch.cat([a.flatten() for a in record["activations"]]) > 0).float().mean().item()


def test_the_higher_the_price_the_fewer_units_act():
    shares = [acting(penalty) for penalty in (0.0, 0.3, 2.0)]
    assert shares[0] > 1.2 * shares[1] > 1.2 * 1.2 * shares[2]
    assert shares[2] > 0


def test_gradients_of_output_and_price_are_those_of_finite_differences():
    made = layer(priced(0.5, replace(CONFIG, width=6, hidden=12))).double()
    x = inputs(6).double().requires_grad_()

    def call(x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        record: dict = {}
        return torch.func.functional_call(made, {"input.weight": weight}, (x, record)), record["auxiliary"][0]

    assert torch.autograd.gradcheck(call, (x, made.input.weight))


def test_in_bfloat16_output_price_and_gradients_are_finite():
    made, x, record = layer(CONFIG), inputs(CONFIG.width), {}
    with torch.autocast("cpu", torch.bfloat16):
        y = made(x, record)
    (y.float().square().sum() + record["auxiliary"][0]).backward()
    assert y.isfinite().all()
    assert all(p.grad.isfinite().all() for p in made.parameters())
