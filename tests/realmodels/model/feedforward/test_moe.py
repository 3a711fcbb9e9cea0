"""Mixture of experts against a loop over tokens, transformers' Mixtral, the dense layer at the limits, and Switch's equation.

The reference is `MixtralSparseMoeBlock` and `load_balancing_loss_func` of transformers 5.23 (models/mixtral), eager, float32,
random weights; its SwiGLU act_fn(gate) * up becomes relu^2 with act_fn = relu and gate = up.
"""

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode
from transformers import MixtralConfig
from transformers.models.mixtral.modeling_mixtral import MixtralSparseMoeBlock, load_balancing_loss_func

from realmodels.model.architectures import SIZES, active_parameters, config_for, parameters
from realmodels.model.config import ModelConfig
from realmodels.model.feedforward.dense import DenseFeedForward
from realmodels.model.feedforward.moe import BLOCKS, MoeFeedForward, blocks
from realmodels.model.transformer import Transformer

SHAPES = [(32, 128, 8, 2), (12, 30, 5, 3), (16, 24, 4, 1)]  # width, hidden, experts, topk


def shaped(width: int, hidden: int, experts: int, topk: int, balance: float = 0.01) -> ModelConfig:
    sizes = {"moe": {"experts": experts, "topk": topk, "balance": balance}}
    return replace(config_for("moe", "tiny"), width=width, hidden=hidden, hyperparameters=sizes)


def layer(config: ModelConfig, seed: int = 0) -> MoeFeedForward:
    made, generator = MoeFeedForward(config), torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in made.parameters():
            p.normal_(0, p.shape[-1] ** -0.5, generator=generator)
    return made


def inputs(width: int, seed: int = 0, length: int = 9) -> Tensor:
    return torch.randn(2, length, width, generator=torch.Generator().manual_seed(seed + 100))


def by_token(made: MoeFeedForward, x: Tensor, over_all: bool = False) -> Tensor:
    """One token after another through its best experts; `over_all`: weights by a softmax over all experts, as in DeepSeek-V2."""
    rows = []
    for token in x.flatten(0, 1):
        scores = made.router.weight @ token
        best = sorted(range(made.experts), key=lambda e: -float(scores[e]))[: made.topk]
        total = sum(scores[e].exp() for e in (range(made.experts) if over_all else best))
        hidden = {e: (made.input.weight[e] @ token).relu() ** 2 for e in best}
        rows.append(sum(scores[e].exp() / total * (made.output.weight[e] @ hidden[e]) for e in best))
    return torch.stack(rows).view_as(x)


def mixtral(made: MoeFeedForward, width: int) -> MixtralSparseMoeBlock:
    """Mixtral's block with this layer's matrices."""
    settings = {"num_local_experts": made.experts, "num_experts_per_tok": made.topk, "hidden_act": "relu"}
    units = made.input.weight.shape[1]
    block = MixtralSparseMoeBlock(MixtralConfig(hidden_size=width, intermediate_size=units, **settings))
    with torch.no_grad():
        block.gate.weight.copy_(made.router.weight)
        block.experts.gate_up_proj.copy_(torch.cat((made.input.weight, made.input.weight), 1))
        block.experts.down_proj.copy_(made.output.weight)
    return block


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_layer_is_a_loop_over_tokens(shape, seed):
    made, x = layer(shaped(*shape), seed), inputs(shape[0], seed)
    with torch.no_grad():
        torch.testing.assert_close(made(x), by_token(made, x), atol=1e-5, rtol=0)
        assert (made(x) - by_token(made, x, over_all=True)).abs().max() > 1e-2


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_outputs_and_gradients_are_those_of_mixtral(shape, seed):
    made, x = layer(shaped(*shape), seed), inputs(shape[0], seed).requires_grad_()
    block, weight = mixtral(made, shape[0]), torch.randn(2, 9, shape[0], generator=torch.Generator().manual_seed(seed))
    mine, theirs = made(x), block(x)
    torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=0)
    found = torch.autograd.grad((mine * weight).sum(), (x, made.router.weight, made.input.weight, made.output.weight))
    expected = torch.autograd.grad(
        (theirs * weight).sum(), (x, block.gate.weight, block.experts.gate_up_proj, block.experts.down_proj)
    )
    gate, up = expected[2].chunk(2, dim=1)
    for g, h in zip(found, (*expected[:2], gate + up, expected[3]), strict=True):
        torch.testing.assert_close(g, h, atol=1e-5 * max(1.0, h.abs().max().item()), rtol=0)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_balance_is_that_of_mixtral_and_of_the_equation(shape):
    made, x, record = layer(shaped(*shape, balance=0.3)), inputs(shape[0]), {}
    with torch.no_grad():
        made(x, record)
        scores, experts, topk = made.router(x).flatten(0, 1), *shape[2:]
    theirs = load_balancing_loss_func((scores,), experts, topk) / topk  # theirs sums f to topk
    torch.testing.assert_close(record["auxiliary"][0], 0.3 * theirs)
    expected, tokens = 0.0, len(scores)
    for e in range(experts):
        f = sum(int(e in row) for row in record["experts"][0].flatten(0, 1).tolist()) / (tokens * topk)
        expected += f * sum(float(s[e].exp() / s.exp().sum()) for s in scores) / tokens
    assert record["auxiliary"][0].item() == pytest.approx(0.3 * experts * expected, rel=1e-5)
    even = made.load(torch.zeros(1, tokens, experts), record["experts"][0].view(1, tokens, topk))
    assert even.item() == pytest.approx(0.3, rel=1e-6)


def test_descending_the_balance_evens_out_the_routing():
    """One of the experts gets nearly all tokens at first; the balance alone, through the router alone, spreads them."""
    made, x = layer(shaped(16, 64, 8, 2, balance=1.0)), inputs(16, length=200)
    x = x + 1.0
    with torch.no_grad():
        made.router.weight[3] += 1.0
    optimiser, shares = torch.optim.Adam(made.parameters(), lr=0.02), []
    for _ in range(100):
        record: dict = {}
        made(x, record)
        optimiser.zero_grad()
        record["auxiliary"][0].backward()
        optimiser.step()
        shares.append((record["experts"][0] == 3).any(-1).float().mean().item())
    assert shares[0] > 0.9
    assert shares[-1] < 0.4
    assert made.input.weight.grad is None


def test_equal_experts_that_all_are_chosen_are_one_narrow_dense_layer():
    config = shaped(16, 64, 4, 4)
    made, dense, x = layer(config), DenseFeedForward(replace(config, hidden=16)), inputs(16)
    with torch.no_grad():
        for matrices, matrix in ((made.input, dense.input), (made.output, dense.output)):
            matrices.weight.copy_(matrices.weight[:1].expand_as(matrices.weight))
            matrix.weight.copy_(matrices.weight[0])
    torch.testing.assert_close(made(x), dense(x), atol=1e-5, rtol=0)


@given(st.integers(1, 9), st.lists(st.integers(0, 8), min_size=1, max_size=80))
def test_blocks_hold_every_choice_once_and_one_expert_each(experts, chosen):
    chosen = [choice % experts for choice in chosen]
    row, owner, size = blocks(torch.tensor(chosen), experts)
    assert len(set(row.tolist())) == len(chosen)
    assert int(row.max()) < len(owner) * size
    assert [int(owner[r // size]) for r in row] == chosen
    assert len(owner) == len(chosen) // size + experts


@pytest.mark.parametrize("expert", range(8))
def test_no_token_is_dropped_where_all_go_to_one_expert(expert):
    made, x = layer(shaped(16, 64, 8, 1)), inputs(16).abs()
    with torch.no_grad():
        made.router.weight.zero_()[expert] = 1.0
    expected = (x @ made.input.weight[expert].T).relu().square() @ made.output.weight[expert].T
    torch.testing.assert_close(made(x), expected, atol=1e-5, rtol=0)


def test_a_token_is_on_its_own():
    made, x = layer(shaped(32, 128, 8, 2)), inputs(32)
    alone = torch.cat([made(x[:, t : t + 1]) for t in range(9)], 1)
    torch.testing.assert_close(made(x), alone, atol=1e-5, rtol=0)


@pytest.mark.parametrize("size", SIZES)
def test_idle_are_the_matrices_of_the_experts_not_chosen(size):
    config = config_for("moe", size)
    units = config.hidden // 8
    assert parameters(config) - active_parameters(config) == config.layers * 6 * 2 * units * config.width


def test_operations_are_those_that_the_docstring_states():
    config = config_for("moe", "small")
    with torch.device("meta"):
        made, x = MoeFeedForward(config), torch.zeros(8, config.context, config.width)
    with FlopCounterMode(display=False) as counter:
        made(x)
    dense = 4 * config.width * 8 * (config.hidden // 8)
    router, mixing = 2 * config.width * 8, 2 * config.width * 2
    expected = dense * 2 / 8 * (1 + 1 / BLOCKS) + router + mixing
    assert counter.get_total_flops() / (8 * config.context) == pytest.approx(expected, rel=1e-6)


def test_only_experts_that_a_token_goes_to_have_a_gradient():
    made, record = layer(shaped(32, 128, 8, 2)), {}
    made(inputs(32)[:1, :2], record).square().sum().backward()
    chosen = record["experts"][0]
    assert chosen.shape == (1, 2, 2)
    for weight in (made.input.weight, made.output.weight):
        assert set(weight.grad.abs().sum((1, 2)).nonzero()[:, 0].tolist()) == set(chosen.flatten().tolist())


def test_gradients_are_those_of_finite_differences():
    made = layer(shaped(6, 8, 4, 2)).double()
    x = inputs(6, length=3).double().requires_grad_()
    names, values = zip(*made.named_parameters(), strict=True)

    def call(x: Tensor, *values: Tensor) -> tuple[Tensor, Tensor]:
        record: dict = {}
        return torch.func.functional_call(made, dict(zip(names, values, strict=True)), (x, record)), record["auxiliary"][0]

    assert torch.autograd.gradcheck(call, (x, *values))


def test_many_gradients_at_once_are_those_of_one_after_another():
    """As in `realmodels.writing.kernel`, which asks for a batch of them."""
    made, x = layer(shaped(16, 32, 4, 2)), inputs(16)
    y, values = made(x), list(made.parameters())
    seeds = torch.randn(3, *y.shape, generator=torch.Generator().manual_seed(2))
    at_once = torch.autograd.grad(y, values, seeds, retain_graph=True, is_grads_batched=True)
    singly = [torch.autograd.grad(y, values, seed, retain_graph=True) for seed in seeds]
    for many, *few in zip(at_once, *singly, strict=True):
        torch.testing.assert_close(many, torch.stack(few))


def test_in_bfloat16_output_balance_and_gradients_are_finite():
    made, x, record = layer(shaped(32, 128, 8, 2)), inputs(32), {}
    with torch.autocast("cpu", torch.bfloat16):
        y = made(x, record)
    (y.float().square().sum() + record["auxiliary"][0].float()).backward()
    assert y.isfinite().all()
    assert all(p.grad.isfinite().all() for p in made.parameters())


def test_fresh_experts_differ_and_output_matrices_are_zero():
    feedforward = Transformer(config_for("moe", "tiny")).blocks[0].feedforward
    assert not feedforward.output.weight.any()
    assert feedforward.input.weight.std().item() == pytest.approx(32**-0.5, rel=0.1)
    assert (feedforward.input.weight[0] - feedforward.input.weight[1]).abs().max() > 0.1
