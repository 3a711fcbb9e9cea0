"""The Transformer: parameter counts, causality, initialisation, and the settings that all architectures share."""

import pytest
import torch

from realmodels.model.architectures import (
    ARCHITECTURES,
    SIZES,
    active_parameters,
    config_for,
    flops_per_token,
    models,
    parameters,
)
from realmodels.model.transformer import Transformer, norm
from theory.errors import UserError

CASES = [(architecture, size) for architecture in ARCHITECTURES for size in ("tiny", "small")]


@pytest.mark.parametrize(("architecture", "size"), CASES)
def test_parameters_are_those_of_the_model_built(architecture, size):
    config = config_for(architecture, size)
    assert parameters(config) == sum(p.numel() for p in Transformer(config).parameters())


@pytest.mark.parametrize("size", SIZES)
def test_architectures_have_equal_parameters_within_three_percent(size):
    counts = [parameters(config_for(architecture, size)) for architecture in ARCHITECTURES]
    assert max(counts) < 1.03 * min(counts)


def test_active_parameters_leave_out_the_slots_not_read():
    config = config_for("memory", "tiny")
    sizes = config.hyperparameters["memory"]
    idle = (sizes["keys"] ** 2 - sizes["heads"] * sizes["topk"]) * sizes["value_dim"]
    assert active_parameters(config) == parameters(config) - idle
    assert active_parameters(config_for("dense", "tiny")) == parameters(config_for("dense", "tiny"))


def test_models_lists_every_architecture_and_size_with_json_values():
    import json

    found = models(("tiny", "small"), flops=True)
    assert [(m["architecture"], m["size"]) for m in found] == [(a, s) for s in ("tiny", "small") for a in ARCHITECTURES]
    assert json.loads(json.dumps(found)) == found
    assert [m["size"] for m in models()] == [s for s in SIZES for _ in ARCHITECTURES]
    assert "flops_per_token" not in models(("tiny",))[0]


def test_operations_of_the_dense_model_are_those_of_its_matrices_and_of_attention():
    """2 a parameter, and 4 * width * context per layer for scores and reads of a whole text (masked ones are computed too)."""
    config = config_for("dense", "small")
    expected = 2 * parameters(config) + config.layers * 4 * config.width * config.context
    assert flops_per_token(config) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("architecture", "size", "word"), [("mamba", "tiny", "dense"), ("dense", "huge", "small")])
def test_unknown_names_are_told_with_the_choices(architecture, size, word):
    with pytest.raises(UserError, match=word):
        config_for(architecture, size)


def trained_a_little(architecture: str, seed: int = 0) -> Transformer:
    """A model away from its start, where the output projections are 0 and blocks do nothing."""
    model = Transformer(config_for(architecture, "tiny"), seed)
    with torch.no_grad():
        generator = torch.Generator().manual_seed(seed + 1)
        for p in model.parameters():
            p += 0.05 * torch.randn(p.shape, generator=generator)
    return model


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_no_token_sees_a_later_one(architecture):
    model = trained_a_little(architecture)
    tokens = torch.randint(0, 320, (2, 32), generator=torch.Generator().manual_seed(0))
    changed = tokens.clone()
    changed[:, 20:] = (changed[:, 20:] + 7) % 320
    before, after = model(tokens), model(changed)
    torch.testing.assert_close(before[:, :20], after[:, :20])
    assert (before[:, 20:] - after[:, 20:]).abs().max() > 0.01


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_shorter_text_gets_the_logits_of_its_place_in_a_longer_one(architecture):
    model = trained_a_little(architecture)
    tokens = torch.randint(0, 320, (2, 32), generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(model(tokens)[:, :21], model(tokens[:, :21]))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_seed_alone_fixes_the_start_and_blocks_start_as_the_identity(architecture):
    config = config_for(architecture, "tiny")
    a, b, c = Transformer(config, 0), Transformer(config, 0), Transformer(config, 1)
    assert all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))
    assert not torch.equal(a.embedding.weight, c.embedding.weight)
    tokens = torch.arange(10)[None]
    expected = norm(norm(a.embedding.weight[tokens])) @ a.embedding.weight.T
    torch.testing.assert_close(a(tokens), expected)


def test_positions_matter_though_only_through_their_differences():
    """Rotary positions: attention scores depend on t - s, so a text of one repeated token is read alike at every position."""
    model = trained_a_little("dense")
    logits = model(torch.full((1, 32), 5))[0]
    torch.testing.assert_close(logits, logits[:1].expand_as(logits))
    a, b = model(torch.tensor([[1, 2, 3]]))[0, -1], model(torch.tensor([[2, 1, 3]]))[0, -1]
    assert (a - b).abs().max() > 1e-3


def test_too_long_a_text_is_refused():
    with pytest.raises(UserError, match="context of 32"):
        Transformer(config_for("dense", "tiny"))(torch.zeros(1, 33, dtype=torch.long))


def test_activations_are_recorded_one_a_block_and_are_what_the_output_matrix_reads():
    model, record = trained_a_little("dense"), {}
    read = []
    model.blocks[1].feedforward.output.register_forward_pre_hook(lambda _, args: read.append(args[0]))
    model(torch.arange(8)[None], record)
    assert [a.shape for a in record["activations"]] == [(1, 8, model.config.hidden)] * 2
    assert torch.equal(record["activations"][1], read[0])
    assert (record["activations"][0] == 0).any()
    assert (record["activations"][0] >= 0).all()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_tensor_made_on_the_way_is_on_the_model_s_device(architecture):
    """On the meta device, which computes shapes only, any tensor left on the CPU would raise: a stand-in for a GPU."""
    model, record = Transformer(config_for(architecture, "tiny")).to("meta"), {}
    logits = model(torch.zeros(2, 20, dtype=torch.long, device="meta"), record)
    assert logits.shape == (2, 20, 320)
    assert all(tensor.device.type == "meta" for tensors in record.values() for tensor in tensors)
    logits.sum().backward()
    assert model.embedding.weight.grad.device.type == "meta"


@pytest.mark.parametrize("pieces", [(1,) * 20, (7, 1, 1, 8, 3), (20,)])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_tokens_read_piece_by_piece_with_a_cache_give_the_logits_of_one_pass(architecture, pieces):
    model = trained_a_little(architecture)
    tokens = torch.randint(0, 320, (2, 20), generator=torch.Generator().manual_seed(3))
    caches = model.caches()
    found = torch.cat([model(piece, caches=caches) for piece in tokens.split(pieces, dim=1)], 1)
    torch.testing.assert_close(found, model(tokens), atol=2e-4, rtol=1e-4)
    assert all(cache.length == 20 for pair in caches for cache in pair)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_generation_takes_the_likeliest_token_of_a_full_pass_each_time(architecture):
    model = trained_a_little(architecture)
    tokens = torch.randint(0, 320, (2, 5), generator=torch.Generator().manual_seed(4))
    expected = tokens
    for _ in range(10):
        with torch.no_grad():
            expected = torch.cat((expected, model(expected)[:, -1].argmax(-1, keepdim=True)), 1)
    assert torch.equal(model.generate(tokens, 10), expected)
    drawn = model.generate(tokens, 10, temperature=1.0, seed=1)
    assert torch.equal(drawn, model.generate(tokens, 10, temperature=1.0, seed=1))
    assert not torch.equal(drawn, model.generate(tokens, 10, temperature=1.0, seed=2))
    with pytest.raises(UserError, match="context of 32"):
        model.generate(tokens, 29)
