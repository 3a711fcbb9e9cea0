"""The product-key memory layer, against brute force over all slots and against the PyPI package product-key-memory 0.3."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from realmodels.model.architectures import active_parameters, config_for, parameters
from realmodels.model.config import ModelConfig
from realmodels.model.feedforward.memory import MemoryLayer, product_topk
from realmodels.model.transformer import Transformer
from theory.errors import UserError

CONFIG = config_for("memory", "tiny")
OWN = CONFIG.hyperparameters["memory"]


def with_hyperparameters(config: ModelConfig = CONFIG, **sizes: int) -> ModelConfig:
    """The configuration with some hyperparameters of the memory layer changed."""
    return replace(config, hyperparameters={"memory": {**config.hyperparameters["memory"], **sizes}})


def layer(seed: int = 0, config: ModelConfig = CONFIG) -> MemoryLayer:
    made = MemoryLayer(config)
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


@pytest.mark.parametrize("tables", [1, OWN["heads"]])
def test_the_layer_is_the_sum_over_all_slots_with_the_rest_masked(tables):
    """Keys formed, scores of every slot and head, softmax over the topk largest, values, gate, output: all spelt out."""
    made = layer(config=with_hyperparameters(tables=tables))
    x = torch.randn(2, 5, CONFIG.width, generator=torch.Generator().manual_seed(1))
    n, half, heads = OWN["keys"], OWN["key_dim"] // 2, OWN["heads"]
    assert made.values.weight.shape == (tables * n * n, OWN["value_dim"])
    own, other = torch.zeros(2, 2, 5, OWN["value_dim"])
    for h in range(heads):
        query = (x @ made.query.weight.T + made.query.bias)[..., h * 2 * half : (h + 1) * 2 * half]
        keys = torch.stack([torch.cat((made.keys[0, h, i], made.keys[1, h, j])) for i in range(n) for j in range(n)])
        scores = query @ keys.T
        kept = scores.topk(OWN["topk"]).values[..., -1:]
        weights = scores.masked_fill(scores < kept, -torch.inf).softmax(-1)
        own = own + weights @ made.values.weight.unflatten(0, (tables, -1))[h if tables > 1 else 0]
        other = other + weights @ made.values.weight.unflatten(0, (tables, -1))[0]
    expected, shared = ((read * F.silu(x @ made.gate.weight.T)) @ made.output.weight.T for read in (own, other))
    torch.testing.assert_close(made(x), expected)
    assert torch.allclose(made(x), shared, atol=1e-3) == (tables == 1)


@pytest.mark.parametrize("shape", [(32, 8, 2, 4, 16), (24, 6, 3, 5, 10), (16, 5, 4, 1, 4)])  # width, keys, heads, topk, key_dim
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("separate", [False, True])
def test_what_is_read_is_what_the_package_product_key_memory_reads(shape, seed, separate):
    """Its layer in default mode (softmax, one table, sum of heads), without its LayerNorm of queries and with our bias.

    It orders queries as half, head, number, and keys as head, key, half, number; one table a head is one of its layers a head.
    """
    from product_key_memory import PKM

    width, n, heads, topk, key_dim = shape
    sizes = {"keys": n, "heads": heads, "topk": topk, "key_dim": key_dim, "value_dim": width}
    made = layer(seed, with_hyperparameters(replace(CONFIG, width=width), **sizes, tables=heads if separate else 1))
    x = torch.randn(2, 5, width, generator=torch.Generator().manual_seed(seed + 9))
    read = torch.zeros_like(x)
    for mine in [[h] for h in range(heads)] if separate else [list(range(heads))]:
        peer = PKM(width, heads=len(mine), num_keys=n, topk=topk, dim_head=key_dim // 2)
        peer.norm, peer.to_queries = torch.nn.Identity(), torch.nn.Linear(width, key_dim * len(mine))
        with torch.no_grad():
            for theirs, ours in ((peer.to_queries.weight, made.query.weight), (peer.to_queries.bias, made.query.bias)):
                theirs.copy_(ours.unflatten(0, (heads, 2, -1))[mine].transpose(0, 1).flatten(0, 2))
            peer.keys.copy_(made.keys[:, mine].permute(1, 2, 0, 3))
            peer.values.weight.copy_(made.values.weight.unflatten(0, (-1, n * n))[mine[0] if separate else 0])
        read = read + peer(x)
    expected = (read * F.silu(x @ made.gate.weight.T)) @ made.output.weight.T
    torch.testing.assert_close(made(x), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("tables", [1, OWN["heads"]])
def test_only_the_slots_read_have_a_gradient(tables):
    made, record = layer(config=with_hyperparameters(tables=tables)), {}
    made(torch.randn(1, 3, CONFIG.width, generator=torch.Generator().manual_seed(1)), record).square().sum().backward()
    touched = made.values.weight.grad.abs().sum(1).nonzero()[:, 0].tolist()
    slots = record["slots"][0]
    assert set(touched) == set(slots.flatten().tolist())
    assert len(touched) < OWN["keys"] ** 2
    assert slots.shape == record["slot_weights"][0].shape == (1, 3, OWN["heads"], OWN["topk"])
    torch.testing.assert_close(record["slot_weights"][0].sum(-1), torch.ones(1, 3, OWN["heads"]))
    if tables > 1:
        assert torch.equal(slots // OWN["keys"] ** 2, torch.arange(tables)[:, None].expand_as(slots))


def test_tables_are_one_or_one_a_head():
    assert OWN["tables"] == 1
    old = replace(CONFIG, hyperparameters={"memory": {name: value for name, value in OWN.items() if name != "tables"}})
    assert MemoryLayer(old).values.weight.shape == MemoryLayer(CONFIG).values.weight.shape  # `tables` is 1 where it is not given
    with pytest.raises(UserError, match="1 or 2 tables, not 3"):
        MemoryLayer(with_hyperparameters(tables=3))


def test_idle_are_the_slots_of_all_tables_that_a_token_does_not_read():
    config = with_hyperparameters(tables=2)
    idle = (2 * OWN["keys"] ** 2 - OWN["heads"] * OWN["topk"]) * OWN["value_dim"]
    assert parameters(config) - active_parameters(config) == idle
    model, tokens = Transformer(config), torch.randint(0, 320, (2, 12), generator=torch.Generator().manual_seed(0))
    before = model(tokens)
    assert before.isfinite().all()
    assert model.blocks[1].feedforward.slots == len(model.blocks[1].feedforward.values.weight)


@pytest.mark.parametrize("tables", [1, 2])
def test_gradients_are_those_of_finite_differences(tables):
    config = with_hyperparameters(replace(CONFIG, width=6), keys=4, key_dim=6, topk=3, value_dim=5, tables=tables)
    made = layer(config=config).double()
    x = torch.randn(1, 2, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64, requires_grad=True)
    names, values = zip(*made.named_parameters(), strict=True)

    def call(x: torch.Tensor, *values: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(made, dict(zip(names, values, strict=True)), x)

    assert torch.autograd.gradcheck(call, (x, *values))


def test_in_bfloat16_outputs_and_gradients_are_finite():
    made = layer()
    with torch.autocast("cpu", torch.bfloat16):
        y = made(torch.randn(2, 5, CONFIG.width, generator=torch.Generator().manual_seed(1)))
    y.float().square().sum().backward()
    assert y.isfinite().all()
    assert all(p.grad.isfinite().all() for p in made.parameters())


def test_two_models_do_not_share_a_table():
    a, b = Transformer(CONFIG), Transformer(CONFIG)
    with torch.no_grad():
        a.blocks[1].feedforward.values.weight.zero_()
    assert b.blocks[1].feedforward.values.weight.abs().sum() > 0


@pytest.mark.parametrize("index", [0, 1])
def test_the_memory_layer_sits_in_the_middle_block_alone(index):
    assert isinstance(Transformer(CONFIG).blocks[index].feedforward, MemoryLayer) == (index == 1)
