"""Gated DeltaNet: the whole layer against that of Qwen3-Next, its state in generation, its start."""

import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from transformers import Qwen3NextConfig
from transformers.models.qwen3_next.modeling_qwen3_next import Qwen3NextGatedDeltaNet

import realmodels.model.attention.recurrence as recurrence
from realmodels.model.architectures import described
from realmodels.model.attention.gated_deltanet import GatedDeltaNet
from tests.realmodels.model.attention.delta_layers import inputs

SHAPES = [(32, 2, 16, 16, 4), (24, 3, 8, 12, 4), (40, 4, 16, 8, 3)]  # width, heads, key_dim, value_dim, taps
SMALL = (6, 2, 2, 3, 3)


def reference_config(width: int, heads: int, K: int, V: int, taps: int) -> Qwen3NextConfig:
    return Qwen3NextConfig(
        hidden_size=width,
        linear_num_key_heads=heads,
        linear_num_value_heads=heads,
        linear_key_head_dim=K,
        linear_value_head_dim=V,
        linear_conv_kernel_dim=taps,
        num_hidden_layers=1,
        layer_types=["linear_attention"],
    )


def layers(width: int, heads: int, K: int, V: int, taps: int, seed: int = 0) -> tuple[GatedDeltaNet, Qwen3NextGatedDeltaNet]:
    """(ours, the reference) with the same random weights.

    The reference fuses q, k, v, z of a head, then the next head's; b and a alike. Its norm has a gain: our `output` takes it up.
    """
    config = described("gated_deltanet", "tiny", width=width, heads=heads)
    config = replace(config, hyperparameters={"gated_deltanet": {"key_dim": K, "value_dim": V, "taps": taps}})
    theirs, ours = Qwen3NextGatedDeltaNet(reference_config(width, heads, K, V, taps), 0).eval(), GatedDeltaNet(config)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in theirs.parameters():
            p.normal_(0, 1 / math.sqrt(p.shape[-1]) if p.ndim > 1 else 0.7, generator=generator)
        theirs.A_log.sub_(
            1.5
        )  # decays from which the differences of cumulative sums, which the reference takes, keep their digits
        q, k, v, z = theirs.in_proj_qkvz.weight.unflatten(0, (heads, -1)).split((K, K, V, V), 1)
        for layer, weight in ((ours.query, q), (ours.key, k), (ours.value, v), (ours.gate, z)):
            layer.weight.copy_(weight.flatten(0, 1))
        b, a = theirs.in_proj_ba.weight.unflatten(0, (heads, 2)).unbind(1)
        ours.strength.weight.copy_(b)
        ours.decay.weight.copy_(a)
        kernels = theirs.conv1d.weight.split((heads * K, heads * K, heads * V))
        for layer, kernel in zip((ours.query_convolution, ours.key_convolution, ours.value_convolution), kernels, strict=True):
            layer.taps.copy_(kernel.permute(2, 1, 0))
        ours.rate.copy_(theirs.A_log)
        ours.offset.copy_(theirs.dt_bias)
        ours.output.weight.copy_(theirs.out_proj.weight * theirs.norm.weight.repeat(heads))
    return ours, theirs


@pytest.mark.parametrize("wrong", ["no L2 norm", "no 1/sqrt(K)", "gate before the norm", "z and v exchanged"])
def test_a_wrong_choice_does_not_pass_for_qwen3_next(wrong, monkeypatch):
    ours, theirs = layers(*SHAPES[0])
    x = inputs(32, 40)
    expected = theirs(x)
    assert (ours(x) - expected).abs().max() < 1e-4
    if wrong == "no L2 norm":
        monkeypatch.setattr(recurrence, "unit", lambda y: y)
    elif wrong == "no 1/sqrt(K)":  # the norm behind the state hides a factor, but for its epsilon: only small reads tell
        with torch.no_grad():
            ours.value.weight.mul_(1e-2)
            theirs.in_proj_qkvz.weight.unflatten(0, (2, -1))[:, 32:48].mul_(1e-2)
        expected = theirs(x)
        assert (ours(x) - expected).abs().max() < 1e-4
        rule = recurrence.gated_delta_rule
        monkeypatch.setattr(recurrence, "gated_delta_rule", lambda q, k, v, *a: rule(q, k, v, *a) * 4)
    elif wrong == "gate before the norm":
        monkeypatch.setattr(ours, "forward", lambda x: gate_first(ours, x))
    else:
        ours.value, ours.gate = ours.gate, ours.value
    assert (ours(x) - expected).abs().max() > 1e-3


def gate_first(layer: GatedDeltaNet, x: torch.Tensor) -> torch.Tensor:
    o = layer.read(x, layer.decay(x), None) * F.silu(layer.gate(x)).unflatten(-1, (layer.heads, -1))
    return layer.output(F.rms_norm(o, o.shape[-1:], eps=1e-6).flatten(-2))


def test_the_start_is_that_of_the_authors_and_remembers():
    config = described("gated_deltanet", "tiny", width=256, heads=64)
    layer = GatedDeltaNet(config)
    with torch.no_grad():
        layer.initialise(torch.Generator().manual_seed(0))
    rates, steps = layer.rate.exp(), F.softplus(layer.offset)
    assert 0.01 <= rates.min() < 1 < 14 < rates.max() <= 16
    assert 0.001 <= steps.min() < 0.003 < 0.05 < steps.max() <= 0.1001
    assert 0.4 < layer.value_convolution.taps.abs().max() <= 0.5
    assert (layer.output.weight == 0).all()
    decay = (-rates * F.softplus(layer.offset)).exp()
    assert decay.median() > 0.5
    assert (-rates * F.softplus(torch.ones(()))).exp().median() < 0.01  # had all offsets started at 1
