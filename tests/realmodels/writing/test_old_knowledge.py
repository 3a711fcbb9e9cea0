"""Facts known before: chosen by how sure the model is, and what of them is lost, by explicit probabilities."""

import pytest
import torch

from realmodels.text.encoder import Encoder
from realmodels.text.tokenizer import train
from realmodels.writing import old_knowledge as module
from realmodels.writing.old_knowledge import old_knowledge
from realmodels.writing.outputs import Facts, outputs
from tests.realmodels.toys import text
from theory.errors import UserError


@pytest.fixture
def encoder():
    return Encoder.ours(train([*text()] * 2, 320, ["Poland", "Italy"]), 320)


@pytest.fixture
def shown(monkeypatch):
    """Few facts, of which a model at random weights is sure by the standard of the test."""
    monkeypatch.setattr(
        module, "example_subjects", lambda stream, each: {"Poland": ["Aab", "Bbc"], "Italy": ["Ccd", "Dde", "Eef"]}
    )
    monkeypatch.setattr(module, "SURE", 0.45)


def chances(model, facts: Facts) -> torch.Tensor:
    """Probability of each fact's own answer among the answers [F]."""
    with torch.no_grad():
        z = outputs(model, facts)[:, :-1].double()
    return z.softmax(1)[torch.arange(len(facts)), facts.target]


def test_only_facts_that_the_model_is_sure_of_in_both_wordings_are_chosen(random_model, encoder, shown):
    model = random_model("dense")
    found = old_knowledge(model, encoder, "cities", 2, 1)
    assert all(chances(model, facts).min() >= 0.45 for facts in found.wordings)
    with pytest.raises(UserError, match="not of 99: ask for fewer"):
        old_knowledge(model, encoder, "cities", 2, 99)


def test_nothing_is_lost_in_the_model_itself_and_all_in_one_that_says_the_opposite(random_model, encoder, shown):
    model = random_model("dense")
    found = old_knowledge(model, encoder, "cities", 2, 1)
    right = all(float(chances(model, facts)) > 0.5 for facts in found.wordings)
    assert found.lost(model)[1] == pytest.approx(0.0, abs=1e-12)
    assert found.lost(model)[0] == 0.0 or not right
    with torch.no_grad():
        model.embedding.weight.neg_()  # also the output matrix
    now = [float(chances(model, facts)) for facts in found.wordings]
    assert found.lost(model)[0] == pytest.approx(sum(p < 0.5 for p in now) / 2)
