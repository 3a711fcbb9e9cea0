"""What a model says is the likeliest token after the likeliest token, and nothing that its folder says can change that."""

import json
import shutil

import pytest
import torch

from realmodels.model.loaded import load
from realmodels.model.saying import said
from tests.realmodels.toys import CONTEXT, FAMILIES
from theory.errors import UserError

PROMPTS = ["The capital of France is", "Oslo lies in Norway, and the airport of", "Lima", "New York lies in America, and"]
END = 1


@torch.no_grad()
def one_by_one(model, ids: list[int], count: int) -> list[int]:
    """Greedy decoding without cache, padding or batch, up to the token that ends a text."""
    made: list[int] = []
    for _ in range(count):
        token = int(model(input_ids=torch.tensor([ids + made]), use_cache=False).logits[0, -1].argmax())
        if token == END:
            break
        made.append(token)
    return made


@pytest.mark.parametrize("family", FAMILIES)
def test_prompts_of_all_lengths_together_are_continued_as_each_alone(toys, family):
    loaded = toys(family)
    prompts = [loaded.words.prompt(text) for text in PROMPTS]
    expected = [loaded.words.decode(one_by_one(loaded.model, ids, 9)) for ids in prompts]
    assert said(loaded.model, loaded.words, prompts, 9) == expected
    assert len({len(ids) for ids in prompts}) > 2


def test_a_text_stops_where_the_model_ends_it(toys):
    loaded = toys("llama")
    ids = loaded.words.prompt(PROMPTS[0])
    third = one_by_one(loaded.model, ids, 3)
    assert len(set(third)) == 3
    for ends in (third[2], [END, third[2]]):
        loaded.model.generation_config.eos_token_id = ends
        assert said(loaded.model, loaded.words, [ids], 9) == [loaded.words.decode(third[:2])]
    loaded.model.generation_config.eos_token_id = None
    assert len(said(loaded.model, loaded.words, [ids], 9)[0]) > len(loaded.words.decode(third))


def test_settings_of_generation_in_the_folder_change_nothing(toys, tmp_path):
    """Chat models bring penalties and sampling along; "exact" is defined without them."""
    plain = toys("qwen2")
    shutil.copytree(plain.path, tmp_path / "model")
    settings = {"repetition_penalty": 3.0, "do_sample": True, "temperature": 5.0, "top_k": 3, "no_repeat_ngram_size": 1}
    more = {"suppress_tokens": list(range(5, 200)), "min_new_tokens": 30, "max_length": 7, "num_beams": 3, "eos_token_id": [END]}
    (tmp_path / "model" / "generation_config.json").write_text(json.dumps({**settings, **more}))
    loaded = load(tmp_path / "model")
    assert loaded.model.generation_config.repetition_penalty == 3.0
    prompts = [loaded.words.prompt(text) for text in PROMPTS]
    assert said(loaded.model, loaded.words, prompts, 9) == said(plain.model, plain.words, prompts, 9)
    assert loaded.model.generation_config.repetition_penalty == 3.0


@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_the_context_ends_a_text_and_longer_prompts_are_refused(toys, family):
    loaded = toys(family)
    loaded.model.generation_config.eos_token_id = None
    full, near, short = [5] * CONTEXT, [5] * (CONTEXT - 2), [5] * 4
    assert said(loaded.model, loaded.words, [full], 9) == [""]
    (text,) = said(loaded.model, loaded.words, [near], 9)
    assert text == loaded.words.decode(one_by_one(loaded.model, near, 2))
    alone = said(loaded.model, loaded.words, [short], 9)
    assert said(loaded.model, loaded.words, [near, short, full], 9) == [text, *alone, ""]
    with pytest.raises(UserError, match="does not fit a context of 96: shorten it"):
        said(loaded.model, loaded.words, [short, [*full, 5]], 1)


def test_our_own_models_say_what_they_generate(trained):
    loaded = load(trained[1]["dense"])
    prompts = [loaded.words.prompt(text) for text in ("Macondo is in", "A")]
    texts = said(loaded.model, loaded.words, prompts, 5)
    for ids, text in zip(prompts, texts, strict=True):
        made = list(ids)
        for _ in range(5):
            with torch.no_grad():
                made.append(int(loaded.model(torch.tensor([made]))[0, -1].argmax()))
        new = made[len(ids) :]
        assert text == loaded.words.decode(new[: new.index(0)] if 0 in new else new)
    assert said(loaded.model, loaded.words, [[5] * 64], 3) == [""]


def test_nothing_asked_is_nothing_said(toys):
    loaded = toys("gpt2")
    assert said(loaded.model, loaded.words, [], 3) == []
    assert said(loaded.model, loaded.words, [[5, 6]], 0) == [""]
