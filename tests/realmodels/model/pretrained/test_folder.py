"""Folders of other families are read as transformers reads them."""

import json

import pytest
import torch
from transformers.models.auto.modeling_auto import AutoModelForCausalLM

from realmodels.model.loaded import load
from realmodels.model.pretrained.folder import read
from realmodels.model.transformer import Transformer
from tests.realmodels.model.pretrained.folders import INDEX, edit, refused, tensors
from tests.realmodels.toys import FAMILIES, WINDOW, toy

PROMPT = "The capital of France is Paris, and the airport of New York has the code"


def logits(model, ids: list[int]) -> torch.Tensor:
    with torch.no_grad():
        return model(torch.tensor([ids]), use_cache=False).logits


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("shards", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_loading_equals_transformers(family, shards, dtype, tmp_path):
    folder = toy(family, tmp_path / "model", dtype, shards)
    assert (folder / INDEX).exists() == shards
    loaded = load(folder)
    plain = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    ids = loaded.words.prompt(PROMPT)
    assert len(ids) > 2 * WINDOW
    assert torch.equal(logits(loaded.model, ids), logits(plain, ids))
    assert ids == list(loaded.tokenizer(PROMPT).input_ids)
    assert loaded.dtype == dtype
    assert {parameter.dtype for parameter in loaded.model.parameters()} == {torch.float32}
    assert not loaded.model.training
    assert not loaded.ours
    assert loaded.path == folder
    assert loaded.meta["source"] == str(folder)
    assert loaded.words.known == 400


@pytest.mark.parametrize("family", ["mistral", "gemma2"])
def test_the_window_of_the_toys_is_shorter_than_the_prompt_and_matters(family, tmp_path):
    folder = toy(family, tmp_path / "model")
    near = load(folder)
    edit(folder / "config.json", sliding_window=90)
    far = load(folder)
    ids = near.words.prompt(PROMPT)
    short, long = (logits(one.model, ids)[0] for one in (near, far))
    assert torch.allclose(short[: WINDOW - 1], long[: WINDOW - 1], atol=1e-5)
    assert (short[-1] - long[-1]).abs().max() > 1e-3


def test_a_copy_can_be_written_and_the_model_stays(folder):
    loaded = load(folder)
    before = loaded.model.lm_head.weight.clone()
    copy = loaded.copy()
    with torch.no_grad():
        for parameter in copy.parameters():
            parameter.zero_()
    assert torch.equal(loaded.model.lm_head.weight, before)


def test_a_model_in_memory_does_not_change_with_its_files(folder):
    loaded = load(folder)
    before = {name: parameter.clone() for name, parameter in loaded.model.named_parameters()}
    path = folder / "model.safetensors"
    with path.open("r+b") as file:
        file.seek(-40_000, 2)
        file.write(bytes(40_000))
    assert all(torch.equal(parameter, before[name]) for name, parameter in loaded.model.named_parameters())


@pytest.mark.parametrize("family", ["llama_tied", "llama"])
def test_tied_embeddings_stay_tied_in_a_copy_and_untied_ones_apart(family, tmp_path):
    copy = load(toy(family, tmp_path / "model")).copy()
    assert (copy.lm_head.weight is copy.model.embed_tokens.weight) == (family == "llama_tied")


def test_the_digest_is_that_of_the_model_and_not_of_its_files(tmp_path):
    one, many, other = (
        toy("llama", tmp_path / "1"),
        toy("llama", tmp_path / "2", shards=True),
        toy("llama", tmp_path / "3", seed=1),
    )
    digests = [load(path).sha256 for path in (one, many, other)]
    assert digests[0] == digests[1] != digests[2]
    edit(one / "config.json", _name_or_path="elsewhere", transformers_version="5.0.0", dtype=None)
    assert load(one).sha256 == digests[0]
    edit(one / "config.json", rms_norm_eps=1e-3)
    assert load(one).sha256 != digests[0]
    AutoModelForCausalLM.from_pretrained(many, dtype=torch.float32).save_pretrained(tmp_path / "again")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / "again" / name).write_bytes((many / name).read_bytes())
    assert load(tmp_path / "again").sha256 == digests[0]


def test_one_number_more_or_less_is_another_digest(folder):
    first = load(folder).sha256
    tensors(folder, lambda t: t["model.norm.weight"].view(-1)[3:4].add_(1e-6))
    assert load(folder).sha256 != first


def test_a_file_with_both_tensors_of_a_tie_is_read_if_they_are_equal_and_refused_if_not(tmp_path):
    folder = toy("llama_tied", tmp_path / "model")
    first = load(folder)
    tensors(folder, lambda t: t.update({"lm_head.weight": t["model.embed_tokens.weight"].clone()}))
    ids = first.words.prompt(PROMPT)
    assert torch.equal(logits(load(folder).model, ids), logits(first.model, ids))
    tensors(folder, lambda t: t["lm_head.weight"].mul_(2))
    refused(
        folder, r"ties lm_head\.weight to model\.embed_tokens\.weight \(tie_word_embeddings\), and the files hold two that differ"
    )
    edit(folder / "config.json", tie_word_embeddings=False)
    assert torch.allclose(logits(load(folder).model, ids), 2 * logits(first.model, ids), atol=1e-4)


def test_an_untied_model_without_a_head_is_refused(folder):
    tensors(folder, lambda t: t.pop("lm_head.weight"))
    refused(folder, r"the weights lack lm_head\.weight")


def test_a_model_trained_here_goes_through_the_same_door(trained):
    _, paths = trained
    loaded = load(paths["dense"])
    assert loaded.ours
    assert isinstance(loaded.model, Transformer)
    assert loaded.dtype == torch.float32
    assert loaded.words.prompt("a") == loaded.tokenizer.prompt("a")


def test_reading_a_folder_gives_its_configuration(folder):
    assert read(folder).config == json.loads((folder / "config.json").read_text())
