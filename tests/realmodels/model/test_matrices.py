"""Every linear map of every family is found under the right role and the right way round."""

import copy
from typing import Any

import pytest
import torch
from torch import nn
from transformers import AutoConfig
from transformers.models.auto.modeling_auto import AutoModelForCausalLM

from realmodels.model.architectures import ARCHITECTURES, config_for
from realmodels.model.matrices import blocks, find, matrices, one
from realmodels.model.transformer import Transformer
from tests.realmodels.toys import FAMILIES, HIDDEN, LAYERS, WIDTH, config
from theory.errors import UserError

TOKENS = torch.tensor([[5, 17, 290, 33, 8]])
HALF = WIDTH // 2  # width of the keys and values of two of four heads
SEPARATE = {
    "attention.query": (WIDTH, WIDTH),
    "attention.key": (WIDTH, HALF),
    "attention.value": (WIDTH, HALF),
    "attention.output": (WIDTH, WIDTH),
    "feedforward.gate": (WIDTH, HIDDEN),
    "feedforward.input": (WIDTH, HIDDEN),
    "feedforward.output": (HIDDEN, WIDTH),
}
GPT2 = {
    "attention.query_key_value": (WIDTH, 3 * WIDTH),
    "attention.output": (WIDTH, WIDTH),
    "feedforward.input": (WIDTH, HIDDEN),
    "feedforward.output": (HIDDEN, WIDTH),
}


def network(family: str) -> nn.Module:
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(config(family)).eval()


MODELS = {family: network(family) for family in FAMILIES}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_matrices_of_a_family_are_those_of_its_definition(family):
    found = matrices(MODELS[family])
    expected = GPT2 if family == "gpt2" else SEPARATE
    assert [(m.layer, m.role, m.inputs, m.outputs) for m in found] == [
        (layer, role, *shape) for layer in range(LAYERS) for role, shape in expected.items()
    ]
    assert all(m.transposed == (family == "gpt2") for m in found)
    others = {name for name, p in MODELS[family].named_parameters() if p.ndim == 2} - {m.name for m in found}
    assert all(name.endswith(("embed_tokens.weight", "lm_head.weight", "wte.weight", "wpe.weight")) for name in others)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_matrix_is_the_parameter_of_a_copy_as_of_the_model(family):
    model = MODELS[family]
    other = copy.deepcopy(model)
    for matrix in matrices(model):
        assert matrix.parameter(model) is dict(model.named_parameters())[matrix.name]
        assert matrix.module(other).weight is matrix.parameter(other)
        assert matrix.parameter(other) is not matrix.parameter(model)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_change_of_rank_one_moves_the_output_along_its_own_direction(family):
    """W + u v^T answers x with W x + u (v x): with the transpose taken for the matrix, a square matrix would not."""
    model = copy.deepcopy(MODELS[family])
    for matrix in find(model, "1"):
        seen: list = []
        handle = matrix.module(model).register_forward_hook(lambda _, x, y, seen=seen: seen.append((x[0], y)))
        model(TOKENS)
        u, v = torch.randn(matrix.outputs), torch.randn(matrix.inputs)
        with torch.no_grad():
            update = torch.outer(u, v)
            matrix.parameter(model).add_(update.T if matrix.transposed else update)
        model(TOKENS)
        handle.remove()
        (x, before), (again, after) = seen
        assert torch.allclose(x, again)
        assert torch.allclose(after - before, (x @ v)[..., None] * u, atol=1e-4)
        with torch.no_grad():
            matrix.parameter(model).sub_(update.T if matrix.transposed else update)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_gradient_is_the_outer_product_of_signal_and_key(family):
    """dL/dW = sum over positions of (dL/dy) x^T, by autograd: the key is on the side of the inputs."""
    model = MODELS[family]
    for matrix in find(model, "2"):
        seen = []

        def keep(_, inputs, output, seen=seen):
            output.retain_grad()
            seen.append((inputs[0], output))

        handle = matrix.module(model).register_forward_hook(keep)
        model.zero_grad()
        model(TOKENS).logits[0, -1].logsumexp(0).backward()
        handle.remove()
        ((key, output),) = seen
        gradient = torch.einsum("blo,bli->oi", output.grad, key)
        assert gradient.abs().max() > 0
        assert torch.allclose(matrix.parameter(model).grad, gradient.T if matrix.transposed else gradient, atol=1e-5)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_all_linear_maps_of_models_trained_here_are_found(architecture):
    model = Transformer(config_for(architecture, "tiny"))
    found = {matrix.name for matrix in matrices(model)}
    assert found == {f"{name}.weight" for name, module in model.named_modules() if isinstance(module, nn.Linear)}
    assert "0.attention." not in {matrix.role for matrix in matrices(model)}
    assert all(matrix.role.split(".")[0] in ("attention", "feedforward") for matrix in matrices(model))
    assert all(not matrix.transposed for matrix in matrices(model))


def test_roles_of_a_dense_model_trained_here():
    first = [matrix.role for matrix in matrices(Transformer(config_for("dense", "tiny"))) if matrix.layer == 0]
    expected = ["attention.query", "attention.key", "attention.value", "attention.output"]
    assert first == [*expected, "feedforward.input", "feedforward.output"]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("1", [(1, role) for role in SEPARATE]),
        ("0-1", [(layer, role) for layer in (0, 1) for role in SEPARATE]),
        ("last", [(2, role) for role in SEPARATE]),
        ("all", [(layer, role) for layer in range(3) for role in SEPARATE]),
        ("feedforward.output", [(layer, "feedforward.output") for layer in range(3)]),
        ("feedforward", [(layer, role) for layer in range(3) for role in SEPARATE if role.startswith("feedforward")]),
        ("1.feedforward.output", [(1, "feedforward.output")]),
        ("0-1.attention.key", [(0, "attention.key"), (1, "attention.key")]),
        ("last.attention.query", [(2, "attention.query")]),
        ("all.attention.query", [(layer, "attention.query") for layer in range(3)]),
        ("2.attention.key, 0.attention.key,0.attention.key", [(0, "attention.key"), (2, "attention.key")]),
        ("model.layers.1.mlp.down_proj.weight", [(1, "feedforward.output")]),
        ("model.layers.1.mlp.down_proj", [(1, "feedforward.output")]),
    ],
)
def test_a_specification_finds_its_matrices_in_order(spec, expected):
    assert [(matrix.layer, matrix.role) for matrix in find(MODELS["llama"], spec)] == expected


@pytest.mark.parametrize(
    "spec",
    [
        "",
        " ",
        ",",
        "3",
        "0-3",
        "2-1",
        "-1",
        "1.",
        "feed",
        "attention.",
        "1.attention.gate",
        "lm_head",
        "0,x",
        "1.5",
        "9" * 5000,
        "²",
    ],
)
def test_what_is_not_there_is_told_in_one_line_with_what_is(spec):
    with pytest.raises(UserError, match=r"give layers \(0 to 2\), a role \(attention.query, .*feedforward.output\)") as raised:
        find(MODELS["llama"], spec)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 500


def test_a_model_without_layers_has_no_matrices():
    assert matrices(nn.Sequential(nn.Linear(2, 2))) == []
    with pytest.raises(UserError, match="has no layers"):
        find(nn.Sequential(nn.Linear(2, 2)), "all")


ATTENTION = ("attention.query", "attention.key", "attention.value", "attention.output")
FUSED = ("attention.query_key_value", "attention.output")
PLAIN = ("feedforward.input", "feedforward.output")
SMALL: dict[str, Any] = {"vocab_size": 50, "hidden_size": WIDTH, "num_hidden_layers": 2, "num_attention_heads": 4}
SMALL |= {"intermediate_size": HIDDEN, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2}
MLA = ("query_down", "query_up", "latent", "key_value_up", "output")
RANKS = {"q_lora_rank": 8, "kv_lora_rank": 8, "qk_rope_head_dim": 4, "qk_nope_head_dim": 4, "v_head_dim": 8}
EXPERTS = {"n_routed_experts": 4, "moe_intermediate_size": 16, "num_experts_per_tok": 2, "n_group": 1, "topk_group": 1}


@pytest.mark.parametrize(
    ("family", "options", "roles"),
    [
        ("gpt_neox", {}, FUSED + PLAIN),
        ("opt", {"ffn_dim": HIDDEN, "word_embed_proj_dim": WIDTH}, ATTENTION + PLAIN),
        ("phi3", {}, (*FUSED, "feedforward.gate_input", "feedforward.output")),
        ("falcon", {}, FUSED + PLAIN),
        ("bloom", {"n_head": 4, "n_layer": 2}, FUSED + PLAIN),
        ("gptj", {"n_embd": WIDTH, "n_layer": 2, "n_head": 4, "rotary_dim": 8, "n_positions": 96}, ATTENTION + PLAIN),
        ("gpt_bigcode", {"n_embd": WIDTH, "n_layer": 2, "n_head": 4, "n_positions": 96}, FUSED + PLAIN),
        ("mixtral", {"num_local_experts": 4}, ATTENTION),  # its experts are one tensor of three dimensions
        ("mamba", {"state_size": 4}, ("mixer.in_proj", "mixer.x_proj", "mixer.dt_proj", "mixer.output")),
        (
            "deepseek_v3",
            RANKS | EXPERTS | {"first_k_dense_replace": 2},
            (*(f"attention.{name}" for name in MLA), "feedforward.gate", *PLAIN),
        ),
    ],
)
def test_roles_of_other_families(family, options, roles):
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(family, **SMALL | options))
    found = matrices(model)
    assert {matrix.role for matrix in found} == set(roles)
    assert len(found) == 2 * len(roles)
    assert not any(matrix.transposed for matrix in found)
    for matrix in found:
        assert matrix.parameter(model).shape == (matrix.outputs, matrix.inputs)


def test_one_matrix_is_asked_for_by_name():
    assert one(MODELS["llama"], "last").name == "model.layers.2.mlp.down_proj.weight"
    assert one(MODELS["llama"], "0.attention.key").layer == 0
    with pytest.raises(UserError, match=r"'1' names 7 matrices \(1\.attention\.query, 1\.attention\.key \.\.\.\)"):
        one(MODELS["llama"], "1")


@pytest.mark.parametrize(("family", "options"), [("mixtral", {"num_local_experts": 2}), ("rwkv", {"attention_hidden_size": 32})])
def test_a_model_without_the_usual_matrix_says_which_it_has(family, options):
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(family, **SMALL | options))
    with pytest.raises(
        UserError, match=r"feed-forward output matrices, and one is written: give where=1\.[a-z_.]+, where=1\."
    ) as told:
        one(model, "last")
    name = str(told.value).split("where=")[1].split(",")[0]
    assert one(model, name).layer == 1


def test_the_layers_of_a_model_are_its_longest_list():
    assert blocks(MODELS["gpt2"]) is MODELS["gpt2"].transformer.h
    assert blocks(MODELS["qwen2"]) is MODELS["qwen2"].model.layers
    with pytest.raises(UserError, match="Linear has no list of layers"):
        blocks(nn.Linear(2, 2))
