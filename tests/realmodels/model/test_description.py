"""`cwb model`: what it says of every family is what its configuration says; the check finds a difference where there is one."""

import json
from pathlib import Path

import pytest
import torch

from figures.cli.entry import main
from realmodels.model.description import checked, describe
from realmodels.model.loaded import load
from realmodels.model.matrices import find, matrices
from realmodels.model.needs import LIBRARIES, sizes, to_measure, to_read, to_write
from tests.realmodels.toys import BEGIN, CONTEXT, FAMILIES, HIDDEN, LAYERS, PAD, WIDTH, WINDOW, toy
from theory.errors import UserError


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("toys")
    return {family: toy(family, place / family, torch.bfloat16) for family in FAMILIES}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_described_as_it_is(family, folders):
    found = describe(folders[family])
    model = load(folders[family]).model
    assert found.family == family.removesuffix("_tied")
    assert found.parameters == sum(p.numel() for p in set(model.parameters()))
    assert (found.layers, found.width, found.context, found.tokens) == (LAYERS, WIDTH, CONTEXT, 400)
    assert found.window == (WINDOW if family in ("mistral", "gemma2") else None)
    assert found.dtype == "bfloat16"
    assert found.tied == (family not in ("llama", "mistral"))
    assert found.start == (None if family in ("gpt2", "qwen2") else BEGIN)
    assert found.padding == (PAD if family in ("qwen2", "gemma2") else None)
    assert found.chat == (family == "qwen2")
    assert found.space
    assert found.matrices["feedforward.output"] == {"count": LAYERS, "inputs": HIDDEN, "outputs": WIDTH}
    assert sum(row["count"] for row in found.matrices.values()) == len(matrices(model))
    written = sum(matrix.parameter(model).numel() for matrix in matrices(model))
    assert found.in_matrices == written / found.parameters
    assert found.sha256 == load(folders[family]).sha256
    assert found.check is None


def test_a_model_trained_here_is_described(trained):
    _, paths = trained
    found = describe(paths["dense"], check=True)
    assert (found.family, found.dtype, found.tied, found.context) == ("dense", "float32", True, 64)
    assert found.start == "<|separator|>"
    assert found.check == {"none": "transformers has no network for a model that was trained here"}
    assert found.sha256 == load(paths["dense"]).sha256


@pytest.mark.parametrize("family", FAMILIES)
def test_the_logits_of_a_padded_batch_are_those_of_transformers_one_by_one(family, folders):
    found = checked(load(folders[family]))
    assert found["largest_difference"] < 1e-5 * max(1, found["largest_logit"])
    assert 1e-4 < found["in_bfloat16"] < 1


def test_the_check_sees_one_changed_number(folders):
    loaded = load(folders["llama"])
    with torch.no_grad():
        loaded.model.model.layers[1].mlp.down_proj.weight[3, 5] += 1
    assert checked(loaded)["largest_difference"] > 1e-3


def test_memory_is_that_of_the_definition(folders):
    model = load(folders["llama"]).model
    size = sizes(model)
    assert (size.layers, size.width, size.hidden, size.heads, size.vocabulary) == (LAYERS, WIDTH, HIDDEN, 4, 400)
    number, layer = 4, 16 * (8 * WIDTH + 4 * HIDDEN + 2 * 4 * 16)
    assert to_read(size, 10, 16) == LIBRARIES + number * (size.parameters + 10 * (2 * layer + 3 * 400))
    written = WIDTH * HIDDEN
    assert to_write(size, written, 10, 16, 1) == LIBRARIES + number * (2 * size.parameters + written + 10 * (2 * layer + 1200))
    everything = to_write(size, size.parameters, 10, 16, states=2)
    assert everything == LIBRARIES + number * (5 * size.parameters + 10 * (LAYERS * layer + 1200))
    one = find(model, "last.feedforward.output")
    signals = 4 * 10 * 5 * 16 * WIDTH
    assert to_measure(size, one, 10, 16, 5) == LIBRARIES + 4 * size.parameters + 20 * 50**2 + 2 * signals


def test_more_facts_take_more_memory_and_nonsense_is_refused(folders):
    few, many = describe(folders["gpt2"], 10), describe(folders["gpt2"], 10_000)
    for name in ("memory_read", "memory_write_matrix", "memory_write_all", "memory_measure_matrix", "memory_measure_all"):
        assert 0 < getattr(few, name) < getattr(many, name)
    for facts in (0, -1, 10**10):
        with pytest.raises(UserError, match="give a number from 1"):
            describe(folders["gpt2"], facts)


def test_the_command_prints_text_and_json(folders, capsys):
    assert main(["model", str(folders["mistral"])]) == 0
    text = capsys.readouterr().out
    for word in (
        "mistral",
        "bfloat16",
        f"window                 {WINDOW} tokens",
        "feedforward.gate",
        "'<s>'",
        "2.attention.query",
    ):
        assert word in text
    assert max(map(len, text.splitlines())) <= 160
    assert main(["model", str(folders["mistral"]), "--json", "--check"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["units"]["memory_read"] == "GiB"
    assert found["check"]["prompts"] == 5
    assert found["matrices"]["attention.key"] == {"count": LAYERS, "inputs": WIDTH, "outputs": WIDTH // 2}


@pytest.mark.parametrize("model", ["nowhere", "smollm3", "README.md", "."])
def test_the_command_refuses_what_is_no_model(model, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "README.md").write_text("# text")
    assert main(["model", model]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("cwb: ")
    assert err.count("\n") == 1
