"""What closed-form editors share: orientation, which matrix, and the statistics of text."""

import copy

import numpy as np
import pytest
import torch

from realmodels.model import matrices
from realmodels.writing.methods.binding import bind
from realmodels.writing.methods.editor import middle, second_moment, with_ridge
from realmodels.writing.methods.values import subject_keys
from realmodels.writing.methods.writer import Background
from realmodels.writing.stream import write_task

EDITORS = ("rome", "memit", "alphaedit", "rls")


@pytest.mark.parametrize("name", EDITORS)
@pytest.mark.parametrize(
    ("kind", "where"),
    [
        ("gpt2", "1.attention.output"),
        ("gpt2", "1.feedforward.output"),
        ("llama", "1.attention.output"),
        ("dense", "1.attention.output"),
    ],
)
def test_the_output_at_the_key_moves_by_what_was_wanted(any_model, spelled_facts, background, name, kind, where):
    """By the module's own forward pass, whatever the orientation of the weight; the attention outputs are square.

    Each method fits one fact almost exactly when what it protects weighs next to nothing."""
    model, fact = any_model(kind), spelled_facts(1, 2)[torch.tensor([0])]
    light = {"memit": {"weight": 1e-9}, "alphaedit": {"share": 0.9, "ridge": 1e-9}, "rls": {"prior": 1e-9}}.get(name, {})
    writer = bind(name, model, background, where=where, **light)
    module = matrices.one(model, where).module(model)
    key = subject_keys(model, writer.matrix, fact)
    keys, lacking = writer.sought(fact, 0.1, 4, "")
    assert torch.equal(keys[:, 0].float(), key[0])
    before = module(key).detach()
    write_task(writer, fact, 0.1, 4)
    moved = module(key).detach() - before
    assert lacking.norm() > 0.1
    assert (moved[0] - lacking[:, 0].float()).norm() < 1e-3 * lacking.norm()


def test_the_default_matrix_is_the_feedforward_output_of_the_middle_block(any_model):
    assert middle(any_model("gpt2"), "").name == "transformer.h.1.mlp.c_proj.weight"
    assert middle(any_model("llama"), "").name == "model.layers.1.mlp.down_proj.weight"
    assert middle(any_model("llama"), "2.attention.value").name == "model.layers.2.self_attn.v_proj.weight"


@pytest.mark.parametrize(("kind", "where"), [("dense", "1.feedforward.output"), ("gpt2", "0.feedforward.input")])
def test_the_second_moment_is_the_mean_over_all_tokens(any_model, background, monkeypatch, kind, where):
    model = any_model(kind)
    matrix, seen = matrices.one(model, where), []
    hook = matrix.module(model).register_forward_pre_hook(
        lambda module, inputs: seen.append(inputs[0].detach().reshape(-1, matrix.inputs))
    )
    with torch.no_grad():
        model(background.text)
    hook.remove()
    rows = torch.cat(seen).double().numpy()
    expected = np.mean([np.outer(row, row) for row in rows], axis=0)
    monkeypatch.setattr("realmodels.writing.methods.editor.TOKENS", 64)  # several pieces
    found = second_moment(model, matrix, background, "rome").numpy()
    assert found.dtype == np.float64
    assert np.allclose(found, expected, atol=1e-6 * np.abs(expected).max())


def test_the_ridge_lifts_every_eigenvalue_by_a_share_of_their_mean():
    moment = torch.diag(torch.tensor([4.0, 2.0, 0.0], dtype=torch.float64))
    assert with_ridge(moment, 0.5).diagonal().tolist() == [5.0, 3.0, 1.0]


def test_editors_do_not_see_the_text_of_another_model(any_model, spelled_facts, background):
    """Statistics belong to a writer, not to a name or a shape: a second model in the process has its own."""
    facts = spelled_facts(1, 2)
    alone, first, second = any_model("gpt2", seed=1), any_model("gpt2", seed=0), any_model("gpt2", seed=1)
    write_task(bind("rome", alone, background), facts, 0.1, 2)
    for model in (first, second):
        write_task(bind("rome", model, background), facts, 0.1, 2)
    assert all(torch.equal(a, b) for a, b in zip(alone.parameters(), second.parameters(), strict=True))


def test_one_window_and_one_token_of_text_will_do(any_model, spelled_facts, background):
    """A moment of rank one is made invertible by the ridge."""
    model = any_model("llama")
    write_task(bind("memit", model, Background(background.prompts, background.text[:1, :1])), spelled_facts(1, 2), 0.1, 2)
    assert all(torch.isfinite(parameter).all() for parameter in model.parameters())


def test_statistics_are_computed_once_per_matrix_and_again_for_a_model_that_was_written(any_model, background, spelled_facts):
    model, own = any_model("llama"), Background(background.prompts, background.text)
    matrix, other = (matrices.one(model, f"{block}.feedforward.output") for block in (0, 1))
    first = second_moment(model, matrix, own, "rome")
    assert second_moment(copy.deepcopy(model), matrix, own, "memit") is first
    assert second_moment(model, other, own, "rome") is not first
    with torch.no_grad():
        weight = model.get_parameter("model.layers.0.mlp.up_proj.weight")
        weight.copy_(weight.flip(0))  # the same numbers in other places
    again = second_moment(model, matrix, own, "rome")
    assert not torch.equal(again, first)
    assert torch.equal(again, second_moment(model, matrix, background, "rome"))
