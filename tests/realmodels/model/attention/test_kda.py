"""Kimi delta attention: the whole layer against that of Kimi Linear, its state in generation, its start."""

import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from transformers import KimiLinearConfig
from transformers.models.kimi_linear.modeling_kimi_linear import KimiLinearDeltaAttention

import realmodels.model.attention.recurrence as recurrence
from realmodels.model.architectures import described
from realmodels.model.attention.kda import KimiDeltaAttention
from tests.realmodels.model.attention.delta_layers import inputs

SHAPES = [(32, 2, 4), (24, 3, 4), (64, 4, 3)]  # width, heads, taps; a head is width / heads wide
SMALL = (6, 2, 3)


def reference_config(width: int, heads: int, taps: int) -> KimiLinearConfig:
    return KimiLinearConfig(
        hidden_size=width,
        linear_num_heads=heads,
        linear_head_dim=width // heads,
        linear_conv_kernel_dim=taps,
        num_hidden_layers=1,
        layer_types=["linear_attention"],
    )


def layers(width: int, heads: int, taps: int, seed: int = 0) -> tuple[KimiDeltaAttention, KimiLinearDeltaAttention]:
    """(ours, the reference) with the same random weights. The norm of the reference has a gain, which our `output` takes up."""
    dim = width // heads
    config = described("kda", "tiny", width=width, heads=heads)
    config = replace(config, hyperparameters={"kda": {"rank": dim, "taps": taps}})
    theirs, ours = KimiLinearDeltaAttention(reference_config(width, heads, taps), 0).eval(), KimiDeltaAttention(config)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in theirs.parameters():
            p.normal_(0, 1.5 / math.sqrt(p.shape[-1]) if p.ndim in (2, 3) else 0.7, generator=generator)
        gate = theirs.forget_gate
        gate.A_log.sub_(1.5)  # decays from which the differences of cumulative sums, which the reference takes, keep their digits
        for mine, other in (
            (ours.query, theirs.q_proj),
            (ours.key, theirs.k_proj),
            (ours.value, theirs.v_proj),
            (ours.strength, theirs.b_proj),
            (ours.decay_down, gate.f_a_proj),
            (ours.decay_up, gate.f_b_proj),
            (ours.gate_down, theirs.g_a_proj),
            (ours.gate_up, theirs.g_b_proj),
        ):
            mine.weight.copy_(other.weight)
        convolutions = (ours.query_convolution, ours.key_convolution, ours.value_convolution)
        for mine, kernel in zip(convolutions, theirs.conv1d.weight.split(width), strict=True):
            mine.taps.copy_(kernel.permute(2, 1, 0))
        ours.rate.copy_(gate.A_log.flatten())
        ours.offset.copy_(gate.dt_bias)
        ours.output.weight.copy_(theirs.o_proj.weight * theirs.o_norm.weight.repeat(heads))
    return ours, theirs


@pytest.mark.parametrize("wrong", ["one decay per head", "no L2 norm", "gate of silu", "rate of another head"])
def test_a_wrong_choice_does_not_pass_for_kimi_linear(wrong, monkeypatch):
    ours, theirs = layers(*SHAPES[0])
    x = inputs(32, 40)
    expected = theirs(x)
    assert (ours(x) - expected).abs().max() < 1e-4
    if wrong == "one decay per head":
        rule = recurrence.gated_delta_rule
        monkeypatch.setattr(
            recurrence, "gated_delta_rule", lambda q, k, v, g, *rest: rule(q, k, v, g.mean(-1, keepdim=True), *rest)
        )
    elif wrong == "no L2 norm":
        monkeypatch.setattr(recurrence, "unit", lambda y: y)
    elif wrong == "gate of silu":
        monkeypatch.setattr(ours, "forward", lambda x: gated_by_silu(ours, x))
    else:
        with torch.no_grad():
            ours.rate.copy_(ours.rate.flip(0))
    assert (ours(x) - expected).abs().max() > 1e-2


def gated_by_silu(layer: KimiDeltaAttention, x: torch.Tensor) -> torch.Tensor:
    o = layer.read(x, layer.decay_up(layer.decay_down(x)), None)
    return layer.output(F.rms_norm(o, o.shape[-1:], eps=1e-5).flatten(-2) * F.silu(layer.gate_up(layer.gate_down(x))))


def test_the_start_is_that_of_the_authors():
    layer = KimiDeltaAttention(described("kda", "tiny", width=256, heads=64))
    with torch.no_grad():
        layer.initialise(torch.Generator().manual_seed(0))
    rates, steps = layer.rate.exp(), F.softplus(layer.offset)
    assert 1 <= rates.min() < 2 < 14 < rates.max() <= 16
    assert 0.001 <= steps.min() < 0.003 < 0.05 < steps.max() <= 0.1001
    assert layer.offset.shape == (256,)
    assert 0.4 < layer.value_convolution.taps.abs().max() <= 0.5
    assert (layer.output.weight == 0).all()
