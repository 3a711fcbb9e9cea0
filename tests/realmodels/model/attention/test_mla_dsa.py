"""Latent attention with a lightning indexer, against transformers 5.23, a loop over the formula, and who learns from what.

The reference is `DeepseekV32Attention` of transformers 5.23 (models/deepseek_v32), eager, float32, random weights, random gains;
the constants of all norms are 1e-6 there and here.
Two scores of exactly 0 (no indexer head fires) tie, and the reference breaks ties as its top-k happens to: the comparison is made
on weights where the last token selected and the first one left out differ in score by far more than rounding, which is asserted.
"""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from transformers.models.deepseek_v32 import modeling_deepseek_v32
from transformers.models.deepseek_v32.configuration_deepseek_v32 import DeepseekV32Config

from realmodels.model.architectures import config_for
from realmodels.model.attention import dsa, mla, rope
from realmodels.model.attention.dense import causal
from realmodels.model.attention.mla import MlaAttention
from realmodels.model.attention.mla_dsa import MlaDsaAttention
from realmodels.model.config import ModelConfig
from realmodels.model.part import Cache
from realmodels.model.transformer import Transformer
from realmodels.training.optimisers import groups
from tests.realmodels.model.attention.test_mla import SHAPES, call, inputs, like, randomised, shaped, taken

CONFIG = config_for("mla_dsa", "tiny")
TOKENS = torch.randint(0, CONFIG.vocabulary, (3, 24), generator=torch.Generator().manual_seed(1))
INDEXERS = {"tiny": (8, 16), "odd": (9, 14), "wide": (16, 32)}  # heads, width of one: more than turns
LENGTH = 40


def configured(shape: str, topk: int = 10) -> ModelConfig:
    heads, dim = INDEXERS[shape]
    return shaped("mla_dsa", shape, LENGTH, indexer_heads=heads, indexer_dim=dim, indexer_topk=topk)


def compared(shape: str, seed: int, topk: int = 10) -> tuple[float, float, float]:
    """(share of tokens with the selection of transformers', largest difference of outputs, least gap at a selection's edge)."""
    config = configured(shape, topk)
    sizes = config.hyperparameters["mla_dsa"]
    their_config = DeepseekV32Config(
        **like(config, "mla_dsa"),
        index_n_heads=sizes["indexer_heads"],
        index_head_dim=sizes["indexer_dim"],
        index_topk=topk,
    )
    theirs = randomised(modeling_deepseek_v32.DeepseekV32Attention(their_config, 0), seed)
    ours = MlaDsaAttention(config)
    taken(ours.projections, theirs, int(sizes["nope_dim"]))
    with torch.no_grad():
        ours.indexer.query.weight.copy_(theirs.indexer.wq_b.weight * theirs.q_a_layernorm.weight)
        ours.indexer.key.weight.copy_(theirs.indexer.wk.weight)
        ours.indexer.key_norm.load_state_dict(theirs.indexer.k_norm.state_dict())
        ours.indexer.weight.weight.copy_(theirs.indexer.weights_proj.weight)
    picked: list[Tensor] = []
    theirs.indexer.register_forward_hook(lambda module, args, out: picked.append(out.long()))
    x, record = inputs(config, seed + 100, LENGTH), {}
    expected = call(theirs, modeling_deepseek_v32.DeepseekV32RotaryEmbedding(their_config), x)
    assert 0.1 < float(expected.std()) < 3
    with torch.no_grad():
        found = ours(x, record)
        scores = ours.indexer(x, None, ours.projections.queries(x))
    seen = causal(LENGTH, x.device)
    wanted = torch.zeros(len(x), LENGTH, LENGTH, dtype=torch.bool).scatter(-1, picked[0], True) & seen
    same = (record["seen"][0] == wanted).all(-1).float().mean()
    ranked = scores.masked_fill(~seen, -torch.inf)[:, topk:].sort(-1, descending=True).values
    gap = (ranked[..., topk - 1] - ranked[..., topk]).min() if topk < LENGTH else torch.inf
    return float(same), float((found - expected).abs().max()), float(gap)


@pytest.mark.parametrize("topk", [4, 10, 27])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shape", SHAPES)
def test_selections_and_outputs_are_those_of_deepseek_v32_in_transformers(shape, seed, topk):
    same, difference, gap = compared(shape, seed, topk)
    assert gap > 1e-5
    assert same == 1
    assert difference < 3e-6


@pytest.mark.parametrize("topk", [LENGTH, 1000])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_selection_of_everything_is_latent_attention(shape, topk):
    same, difference, _ = compared(shape, 0, topk)
    assert same == 1
    assert difference < 3e-6
    config = configured(shape, topk)
    sparse, plain = randomised(MlaDsaAttention(config), 0), MlaAttention(shaped("mla", shape, LENGTH))
    plain.load_state_dict({name: p for name, p in sparse.state_dict().items() if "indexer" not in name})
    x = inputs(config, 1, LENGTH)
    torch.testing.assert_close(sparse(x), plain(x), atol=1e-5, rtol=0)
    sparse.topk = 8
    assert (sparse(x) - plain(x)).abs().max() > 1e-2


def interleaved(x: Tensor, cos: Tensor, sin: Tensor, start: int = 0) -> Tensor:
    return rope.rotate(x, cos, sin, start, True)


def half_split(x: Tensor, cos: Tensor, sin: Tensor, start: int = 0, interleaved: bool = False) -> Tensor:
    return rope.rotate(x, cos, sin, start, False)


@pytest.mark.parametrize("shape", SHAPES)
def test_an_indexer_with_interleaved_positions_would_select_other_tokens(shape, monkeypatch):
    monkeypatch.setattr(dsa, "rotate", interleaved)
    same, difference, _ = compared(shape, 0)
    assert same < 0.9
    assert difference > 1e-2


@pytest.mark.parametrize("shape", SHAPES)
def test_an_indexer_that_turns_its_last_numbers_would_select_other_tokens(shape, monkeypatch):
    right = dsa.Indexer._turn
    monkeypatch.setattr(dsa.Indexer, "_turn", lambda self, x, start: right(self, x.flip(-1), start).flip(-1))
    assert compared(shape, 0)[0] < 0.9


@pytest.mark.parametrize("shape", SHAPES)
def test_an_indexer_without_relu_would_select_other_tokens(shape, monkeypatch):
    monkeypatch.setattr(Tensor, "relu", lambda x: x)
    same, difference, _ = compared(shape, 0)
    assert same < 0.9
    assert difference > 1e-2


@pytest.mark.parametrize("shape", SHAPES)
def test_main_attention_with_half_split_positions_would_read_otherwise(shape, monkeypatch):
    monkeypatch.setattr(mla, "rotate", half_split)
    same, difference, _ = compared(shape, 0)
    assert same == 1  # the selection does not depend on it
    assert difference > 1e-2


def test_index_scores_are_those_of_the_formula():
    """A loop; also for the scale, which no selection shows."""
    config = configured("odd")
    H, d = INDEXERS["odd"]
    turning = int(config.hyperparameters["mla_dsa"]["rope_dim"])
    part, x = randomised(MlaDsaAttention(config), 3), inputs(config, 4, LENGTH)
    indexer = part.indexer

    def turned(v: Tensor, position: int) -> Tensor:
        half = turning // 2
        angle = torch.tensor([position * 10_000 ** (-2 * i / turning) for i in range(half)])
        z = torch.complex(v[:half], v[half:turning]) * torch.complex(angle.cos(), angle.sin())
        return torch.cat((z.real, z.imag, v[turning:]))

    with torch.no_grad():
        found = indexer(x, None, part.projections.queries(x))[0]
        for t, s in [(0, 0), (5, 3), (23, 0), (39, 38), (11, 11)]:
            k = indexer.key.weight @ x[0, s]
            k = (k - k.mean()) / (k.var(unbiased=False) + 1e-6).sqrt() * indexer.key_norm.weight + indexer.key_norm.bias
            c = part.projections.query_down.weight @ x[0, t]
            c, w = c / c.square().mean().sqrt(), indexer.weight.weight @ x[0, t]
            q = indexer.query.weight @ c
            dots = [float(turned(q[j * d : (j + 1) * d], t) @ turned(k, s)) for j in range(H)]
            score = sum(float(w[j]) * max(0.0, dots[j]) for j in range(H)) / math.sqrt(H * d)
            assert math.isclose(float(found[t, s]), score, abs_tol=1e-5)


def gradients(model: Transformer, objective: Tensor) -> dict[str, Tensor | None]:
    names, parameters = zip(*model.named_parameters(), strict=True)
    return dict(zip(names, torch.autograd.grad(objective, parameters, allow_unused=True, retain_graph=True), strict=True))


def both(stage: str) -> tuple[Transformer, Tensor, Tensor]:
    """(a model with random weights in a stage, the text's loss, the sum of the indexers' divergences)."""
    model, record = randomised(Transformer(CONFIG), 1), {}
    for block in model.blocks:
        block.attention.stage = stage
    loss = torch.nn.functional.cross_entropy(model(TOKENS[:, :-1], record).flatten(0, 1), TOKENS[:, 1:].flatten())
    return model, loss, sum(record["auxiliary"])


def reached(model: Transformer, objective: Tensor) -> set[str]:
    """Names of the parameters with a gradient that is not 0 everywhere (where it is not a number, it is not 0)."""
    return {name for name, g in gradients(model, objective).items() if g is not None and bool((g != 0).any())}


@pytest.mark.parametrize("stage", ["warmup", "sparse"])
def test_the_divergence_teaches_the_indexer_alone_and_the_text_everything_else(stage):
    model, loss, divergence = both(stage)
    names = {name for name, _ in model.named_parameters()}
    indexer = {name for name in names if ".indexer." in name}
    assert len(indexer) == 5 * CONFIG.layers
    assert {id(p) for p in groups(model)["indexer"]} == {id(p) for n, p in model.named_parameters() if n in indexer}
    assert reached(model, divergence) == indexer
    assert reached(model, loss) == names - indexer
    alone, together = gradients(model, loss), gradients(model, loss + divergence)
    assert all(torch.equal(alone[name], together[name]) for name in names - indexer)


@pytest.mark.parametrize("stage", ["warmup", "sparse"])
@pytest.mark.parametrize("forgotten", ["input", "latent", "weights"])
def test_a_detach_forgotten_would_be_seen(forgotten, stage, monkeypatch):
    """Each of the three things that the divergence must not reach through, by its last dimension."""
    last = {"input": CONFIG.width, "latent": CONFIG.hyperparameters["mla_dsa"]["q_rank"], "weights": TOKENS.shape[1] - 1}
    assert len(set(last.values())) == 3
    detach = Tensor.detach
    monkeypatch.setattr(Tensor, "detach", lambda x: x if x.ndim > 2 and x.shape[-1] == last[forgotten] else detach(x))
    model, _, divergence = both(stage)
    assert any(".indexer." not in name for name in reached(model, divergence))


def test_the_dense_stage_sees_everything_and_leaves_the_indexer_out():
    model, record = randomised(MlaDsaAttention(CONFIG), 0), {}
    model.stage = "dense"
    model(inputs(CONFIG, 1, 20), record)
    assert list(record) == ["seen"]
    assert torch.equal(record["seen"][0], torch.ones(2, 20, 20).tril().bool())


@pytest.mark.parametrize("pieces", [(12, 20), (1,) * 32, (5, 1, 20, 6)])
def test_reading_piece_by_piece_selects_the_same_and_keeps_latent_and_two_keys(pieces):
    part, cache, x = randomised(MlaDsaAttention(CONFIG), 0), Cache(), inputs(CONFIG, 1, 32)
    whole: dict = {}
    expected, found, start = part(x, whole), [], 0
    for piece in x.split(pieces, dim=1):
        record: dict = {}
        found.append(part(piece, record, cache))
        stop = start + piece.shape[1]
        assert torch.equal(record["seen"][0], whole["seen"][0][:, start:stop, :stop])
        cache.length = start = stop
    torch.testing.assert_close(torch.cat(found, 1), expected, atol=1e-5, rtol=0)
    sizes = CONFIG.hyperparameters["mla_dsa"]
    kept = sizes["kv_rank"] + sizes["rope_dim"] + sizes["indexer_dim"]
    assert sum(tensor.numel() for tensor in cache.tensors.values()) == 2 * 32 * kept


@pytest.mark.parametrize("stage", ["warmup", "sparse"])
def test_gradients_are_those_of_finite_differences(stage):
    """Of the output in the input, and of the divergence in the indexer; the selection is constant nearby."""
    sizes = (6, 4, 4, 2, 4, 2, 3, 2)  # q_rank, kv_rank, nope_dim, rope_dim, value_dim; indexer_heads, indexer_dim, indexer_topk
    config = replace(
        CONFIG, width=8, hyperparameters={"mla_dsa": dict(zip(CONFIG.hyperparameters["mla_dsa"], sizes, strict=True))}
    )
    part = randomised(MlaDsaAttention(config), 0).double()
    part.stage = stage
    x = inputs(config, 1, 5, batch=1).double()
    names = [name for name, _ in part.named_parameters() if name.startswith("indexer.")]
    own = dict(part.named_parameters())

    def divergence(*parameters: Tensor) -> Tensor:
        record: dict = {}
        torch.func.functional_call(part, dict(zip(names, parameters, strict=True)), (x, record))
        return record["auxiliary"][0]

    assert torch.autograd.gradcheck(part, (x.clone().requires_grad_(),))
    assert torch.autograd.gradcheck(divergence, tuple(own[name] for name in names))


@pytest.mark.parametrize("stage", ["warmup", "sparse"])
def test_half_precision_gives_finite_losses_and_gradients(stage):
    with torch.autocast("cpu", torch.bfloat16):
        model, loss, divergence = both(stage)
        assert bool((loss + divergence).isfinite())
    assert all(bool(g.isfinite().all()) for g in gradients(model, loss + divergence).values() if g is not None)
