"""The product-key memory layer, against brute force over all slots."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from realmodels.architectures import config_for
from realmodels.feedforward.memory import MemoryLayer, product_topk
from realmodels.transformer import Transformer

CONFIG = config_for("memory", "tiny")
DIALS = CONFIG.dials["memory"]


def layer(seed: int = 0) -> MemoryLayer:
    made = MemoryLayer(CONFIG)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in made.parameters():
            p.normal_(0, 0.5, generator=generator)
    return made


@given(st.integers(1, 12), st.data(), st.integers(0, 2**31))
def test_product_topk_is_brute_force(n, data, seed):
    topk = data.draw(st.integers(1, n))
    generator = torch.Generator().manual_seed(seed)
    first, second = torch.randn(2, 3, 4, n, generator=generator)
    scores, slots = product_topk(first, second, topk)
    table = (first[..., :, None] + second[..., None, :]).flatten(-2)
    expected = table.topk(topk, dim=-1)
    assert torch.equal(scores, expected.values)
    assert torch.equal(slots.sort(-1).values, expected.indices.sort(-1).values)


def test_the_layer_is_the_sum_over_all_slots_with_the_rest_masked():
    """Keys formed, scores of every slot and head, softmax over the topk largest, values, gate, output: all spelt out."""
    made, x = layer(), torch.randn(2, 5, CONFIG.width, generator=torch.Generator().manual_seed(1))
    n, half, heads = DIALS["keys"], DIALS["key_dim"] // 2, DIALS["heads"]
    read = torch.zeros(2, 5, DIALS["value_dim"])
    for h in range(heads):
        query = (x @ made.query.weight.T + made.query.bias)[..., h * 2 * half : (h + 1) * 2 * half]
        keys = torch.stack([torch.cat((made.keys[0, h, i], made.keys[1, h, j])) for i in range(n) for j in range(n)])
        scores = query @ keys.T
        kept = scores.topk(DIALS["topk"]).values[..., -1:]
        read = read + scores.masked_fill(scores < kept, -torch.inf).softmax(-1) @ made.values.weight
    expected = (read * F.silu(x @ made.gate.weight.T)) @ made.output.weight.T
    torch.testing.assert_close(made(x), expected)


def test_only_the_slots_read_have_a_gradient():
    made, record = layer(), {}
    made(torch.randn(1, 3, CONFIG.width, generator=torch.Generator().manual_seed(1)), record).square().sum().backward()
    touched = made.values.weight.grad.abs().sum(1).nonzero()[:, 0].tolist()
    assert set(touched) == set(record["slots"][0].flatten().tolist())
    assert len(touched) < DIALS["keys"] ** 2
    assert record["slots"][0].shape == record["slot_weights"][0].shape == (1, 3, DIALS["heads"], DIALS["topk"])
    torch.testing.assert_close(record["slot_weights"][0].sum(-1), torch.ones(1, 3, DIALS["heads"]))


def test_gradients_are_those_of_finite_differences():
    made = layer().double()
    x = torch.randn(1, 2, CONFIG.width, generator=torch.Generator().manual_seed(1), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda x, v: torch.func.functional_call(made, {"values.weight": v}, x), (x, made.values.weight)
    )


def test_two_models_do_not_share_a_table():
    a, b = Transformer(CONFIG), Transformer(CONFIG)
    with torch.no_grad():
        a.blocks[1].feedforward.values.weight.zero_()
    assert b.blocks[1].feedforward.values.weight.abs().sum() > 0


@pytest.mark.parametrize("index", [0, 1])
def test_the_memory_layer_sits_in_the_middle_block_alone(index):
    assert isinstance(Transformer(CONFIG).blocks[index].feedforward, MemoryLayer) == (index == 1)
