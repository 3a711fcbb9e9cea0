"""Format finetuning: whose subjects it uses, that the model learns, and that the same call gives the same bytes."""

import re

import pytest
import torch

from realmodels.model import checkpoint
from realmodels.text.candidates import CANDIDATES
from realmodels.text.facts import owners, stream, subjects
from realmodels.writing.format_finetuning import FormatFinetuning, example_subjects, finetuned, key_cosine


@pytest.mark.parametrize("name", ["cities", "airports"])
def test_examples_are_true_and_share_no_word_with_the_stream(name):
    found = example_subjects(name, 50)
    assert set(found) == set(CANDIDATES)
    assert found == example_subjects(name, 50)
    streamed = {subject.lower() for mine in subjects(name).values() for subject in mine}
    candidates_only = {subject.lower() for answer in CANDIDATES for subject in subjects(name).get(answer, ())}
    assert candidates_only < streamed
    for answer, mine in found.items():
        assert len(mine) == len(set(mine)) <= 50
        for subject in mine:
            assert owners(name)[subject] == {answer}
            assert not candidates_only & set(re.findall(r"\w+", subject.lower()))
    asked = {word for fact in stream(name, 10, 8, 0) for word in [fact.prompt.split()[0]]}
    assert not asked & {subject for mine in found.values() for subject in mine}


def test_the_model_learns_and_the_training_is_reproducible(trained, tmp_path):
    workspace, models = trained
    config = FormatFinetuning("cities", steps=12, each=4, batch=32, texts=2, evaluations=2)
    path = finetuned(models["dense"], config, workspace)
    _, _, meta = checkpoint.read(path)
    log = meta["format_finetuning"]["log"]
    assert [entry["step"] for entry in log] == [0, 6, 12]
    assert log[2]["loss"] < log[1]["loss"]
    assert all(0 <= entry["recall"] <= 1 and entry["bits_per_byte"] > 0 for entry in log)
    assert meta["pretraining"] == checkpoint.read(models["dense"])[2]["pretraining"]
    assert finetuned(models["dense"], config, workspace) == path  # it is there
    again = finetuned(models["dense"], config, tmp_path)  # made anew
    assert (again / "model.safetensors").read_bytes() == (path / "model.safetensors").read_bytes()


def test_key_cosine_is_the_mean_over_pairs(random_model, random_facts):
    from realmodels.writing.methods.off_mode import answer_keys

    model, facts = random_model("dense"), random_facts(1, 5)
    keys = answer_keys(model, facts)
    pairs = [torch.cosine_similarity(keys[i], keys[j], dim=0).item() for i in range(5) for j in range(i)]
    assert key_cosine(model, facts) == pytest.approx(sum(pairs) / len(pairs), rel=1e-5)
