"""Multi-head latent attention, against a loop over the paper's formulas in their other order, and against transformers 5.23.

The reference is `DeepseekV3Attention` of transformers 5.23 (models/deepseek_v3), eager, float32, random weights, random gains.
Its norms add 1e-6 to the mean square and so do ours: nothing but rounding is left.
"""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from transformers.models.deepseek_v3 import modeling_deepseek_v3
from transformers.models.deepseek_v3.configuration_deepseek_v3 import DeepseekV3Config

from realmodels.model.architectures import SIZES, config_for
from realmodels.model.attention import mla, rope
from realmodels.model.attention.mla import LatentProjections, MlaAttention
from realmodels.model.config import ModelConfig
from realmodels.model.part import Cache
from realmodels.model.transformer import Transformer

CONFIG = config_for("mla", "tiny")
SHAPES = {  # width, heads, q_rank, kv_rank, nope_dim, rope_dim, value_dim: all unequal somewhere
    "tiny": (32, 2, 24, 8, 16, 8, 16),
    "odd": (48, 3, 20, 12, 10, 6, 14),
    "wide": (64, 4, 32, 16, 8, 16, 24),
}


def shaped(part: str, shape: str, context: int = 40, **more: int) -> ModelConfig:
    """A configuration of one of the shapes, for one part; `more` are further hyperparameters."""
    width, heads, *sizes = SHAPES[shape]
    names = ("q_rank", "kv_rank", "nope_dim", "rope_dim", "value_dim")
    own = {part: {**dict(zip(names, sizes, strict=True)), **more}}
    return replace(config_for(part, "tiny"), width=width, heads=heads, context=context, hyperparameters=own)


def randomised(module: nn.Module, seed: int) -> nn.Module:
    """The module with random numbers everywhere: matrices of variance 1/inputs, gains about 1, biases about 0."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in module.named_parameters():
            p.normal_(0, p.shape[-1] ** -0.5 if p.ndim == 2 else 0.3, generator=generator)
            p += float("norm.weight" in name)
    return module


def inputs(config: ModelConfig, seed: int, length: int, batch: int = 2) -> Tensor:
    return torch.randn(batch, length, config.width, generator=torch.Generator().manual_seed(seed))


def like(config: ModelConfig, part: str) -> dict:
    """The settings of transformers' configurations that say the same."""
    sizes = config.hyperparameters[part]
    return {
        "hidden_size": config.width,
        "num_attention_heads": config.heads,
        "num_key_value_heads": config.heads,
        "q_lora_rank": sizes["q_rank"],
        "kv_lora_rank": sizes["kv_rank"],
        "qk_nope_head_dim": sizes["nope_dim"],
        "qk_rope_head_dim": sizes["rope_dim"],
        "v_head_dim": sizes["value_dim"],
        "max_position_embeddings": config.context,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10_000.0},
        "attn_implementation": "eager",
    }


def taken(ours: LatentProjections, theirs: nn.Module, nope: int) -> None:
    """Give ours the weights of a transformers attention: stacked matrices cut, gains of norms folded into what reads them."""
    with torch.no_grad():
        up = (theirs.q_b_proj.weight * theirs.q_a_layernorm.weight).unflatten(0, (ours.heads, -1))
        ours.query_down.weight.copy_(theirs.q_a_proj.weight)
        ours.query_up.weight.copy_(up[:, :nope].flatten(0, 1))
        ours.query_rope.weight.copy_(up[:, nope:].flatten(0, 1))
        rank = len(ours.latent.weight)
        ours.latent.weight.copy_(theirs.kv_a_proj_with_mqa.weight[:rank])
        ours.key_rope.weight.copy_(theirs.kv_a_proj_with_mqa.weight[rank:])
        up = (theirs.kv_b_proj.weight * theirs.kv_a_layernorm.weight).unflatten(0, (ours.heads, -1))
        ours.key_up.weight.copy_(up[:, :nope].flatten(0, 1))
        ours.value_up.weight.copy_(up[:, nope:].flatten(0, 1))
        ours.output.weight.copy_(theirs.o_proj.weight)


def call(theirs: nn.Module, rotary: nn.Module, x: Tensor) -> Tensor:
    """What a transformers attention makes of x under the causal mask."""
    length = x.shape[1]
    mask = torch.full((length, length), torch.finfo(x.dtype).min).triu(1).expand(len(x), 1, -1, -1)
    with torch.no_grad():
        return theirs(x, rotary(x, torch.arange(length)[None]), mask)[0]


def pair(shape: str, seed: int) -> tuple[MlaAttention, nn.Module, nn.Module]:
    """(ours, transformers' with the same weights, its rotary module)."""
    config = shaped("mla", shape)
    their_config = DeepseekV3Config(**like(config, "mla"))
    theirs = randomised(modeling_deepseek_v3.DeepseekV3Attention(their_config, 0), seed)
    ours = MlaAttention(config)
    taken(ours.projections, theirs, int(config.hyperparameters["mla"]["nope_dim"]))
    return ours, theirs, modeling_deepseek_v3.DeepseekV3RotaryEmbedding(their_config)


def difference(shape: str, seed: int) -> float:
    """Largest difference between ours and transformers', of outputs of order one."""
    ours, theirs, rotary = pair(shape, seed)
    x = inputs(shaped("mla", shape), seed + 100, 40)
    expected = call(theirs, rotary, x)
    assert 0.1 < float(expected.std()) < 3
    return float((ours(x) - expected).detach().abs().max())


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shape", SHAPES)
def test_outputs_are_those_of_deepseek_v3_in_transformers(shape, seed):
    assert difference(shape, seed) < 3e-6


def half_split(x: Tensor, cos: Tensor, sin: Tensor, start: int = 0, interleaved: bool = False) -> Tensor:
    return rope.rotate(x, cos, sin, start, False)


def unturned(x: Tensor, cos: Tensor, sin: Tensor, start: int = 0, interleaved: bool = False) -> Tensor:
    return x


@pytest.mark.parametrize("wrong", [half_split, unturned])
@pytest.mark.parametrize("shape", SHAPES)
def test_another_layout_of_the_positions_would_be_seen(shape, wrong, monkeypatch):
    monkeypatch.setattr(mla, "rotate", wrong)
    assert difference(shape, 0) > 1e-2


def test_latents_that_are_not_normalised_would_be_seen(monkeypatch):
    monkeypatch.setattr(mla, "_norm", lambda x: x)
    assert difference("tiny", 0) > 1e-2


def turned(x: Tensor, position: int) -> Tensor:
    """Coordinates 2j and 2j + 1 as one complex number, turned by position / 10000^(2j/d)."""
    d = len(x)
    angle = torch.tensor([position * 10_000 ** (-2 * j / d) for j in range(d // 2)], dtype=x.dtype)
    z = torch.complex(x[0::2], x[1::2]) * torch.complex(angle.cos(), angle.sin())
    return torch.stack((z.real, z.imag), -1).flatten()


@pytest.mark.parametrize("shape", SHAPES)
def test_outputs_are_those_of_a_loop_that_never_forms_keys_and_values(shape):
    """The paper's other order: queries go into the space of the latent, (W_UK^T W_UQ c_Q) . c_KV, and values are made last."""
    config = shaped("mla", shape)
    ours, x = randomised(MlaAttention(config), 5).double(), inputs(config, 6, 12).double()
    w = {name.split(".")[1]: p.detach() for name, p in ours.named_parameters()}
    nope, rope_dim, value = (int(config.hyperparameters["mla"][name]) for name in ("nope_dim", "rope_dim", "value_dim"))
    found = ours(x)

    def normalised(c: Tensor) -> Tensor:
        return c / (c.square().mean() + 1e-6).sqrt()

    for b, t in [(0, 0), (1, 1), (0, 7), (1, 11)]:
        c_q = normalised(w["query_down"] @ x[b, t])
        latents = [normalised(w["latent"] @ x[b, s]) for s in range(t + 1)]
        heads = []
        for i in range(config.heads):
            into = (w["key_up"][i * nope : (i + 1) * nope]).T @ (w["query_up"][i * nope : (i + 1) * nope] @ c_q)
            place = turned(w["query_rope"][i * rope_dim : (i + 1) * rope_dim] @ c_q, t)
            scores = [into @ latents[s] + place @ turned(w["key_rope"] @ x[b, s], s) for s in range(t + 1)]
            weights = (torch.stack(scores) / (nope + rope_dim) ** 0.5).softmax(0)
            read = sum(weight * latent for weight, latent in zip(weights, latents, strict=True))
            heads.append(w["value_up"][i * value : (i + 1) * value] @ read)
        torch.testing.assert_close(found[b, t], w["output"] @ torch.cat(heads), atol=1e-6, rtol=0)  # float32 angles


@pytest.mark.parametrize("pieces", [(12,), (1,) * 12, (5, 1, 6)])
def test_a_cache_keeps_the_latent_and_the_rotary_key_and_nothing_else(pieces):
    config = shaped("mla", "odd")
    part, cache = randomised(MlaAttention(config), 0), Cache()
    x, sizes = inputs(config, 1, 12, batch=3), config.hyperparameters["mla"]
    found = []
    for piece in x.split(pieces, dim=1):
        found.append(part(piece, cache=cache))
        cache.length += piece.shape[1]
    torch.testing.assert_close(torch.cat(found, 1), part(x), atol=1e-5, rtol=0)
    assert sum(tensor.numel() for tensor in cache.tensors.values()) == 3 * 12 * (sizes["kv_rank"] + sizes["rope_dim"])


@pytest.mark.parametrize("size", SIZES)
def test_a_token_takes_less_room_in_the_cache_than_with_keys_and_values_of_all_heads(size):
    """A quarter or less; at size "base" a seventh, as in DeepSeek-V2-Lite (576 of 4096 numbers)."""
    config = config_for("mla", size)
    kept = config.hyperparameters["mla"]["kv_rank"] + config.hyperparameters["mla"]["rope_dim"]
    assert config.hyperparameters["mla"]["rope_dim"] % 2 == 0
    assert 4 * kept <= 2 * config.width
    assert size != "base" or 6.5 < 2 * config.width / kept < 7.5


def test_gradients_are_those_of_finite_differences():
    config = replace(
        CONFIG, width=8, hyperparameters={"mla": dict(zip(CONFIG.hyperparameters["mla"], (6, 4, 2, 2, 4), strict=True))}
    )
    part = randomised(MlaAttention(config), 0).double()
    names, parameters = zip(*part.named_parameters(), strict=True)
    assert torch.autograd.gradcheck(
        lambda x, *p: torch.func.functional_call(part, dict(zip(names, p, strict=True)), x),
        (inputs(config, 1, 4, batch=1).double().requires_grad_(), *parameters),
    )


def test_half_precision_gives_finite_outputs_and_gradients_near_those_of_single():
    part, x = randomised(MlaAttention(CONFIG), 0), inputs(CONFIG, 1, 32)
    with torch.autocast("cpu", torch.bfloat16):
        found = part(x)
    found.float().square().sum().backward()
    assert (found.float() - part(x)).abs().max() < 0.1
    assert all(bool(p.grad.isfinite().all()) and float(p.grad.abs().max()) > 0 for p in part.parameters())


def test_only_the_output_matrix_starts_at_zero():
    started = {name: float(p.detach().std()) for name, p in Transformer(CONFIG).blocks[0].attention.named_parameters()}
    assert {name for name, deviation in started.items() if deviation == 0} == {"projections.output.weight"}
    assert len(started) == 8
