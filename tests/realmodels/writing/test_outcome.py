"""What a stream leaves: nothing where nothing is written, depth that later tasks take, and NaN where the model diverges."""

import math
from itertools import product
from pathlib import Path

import pytest
import torch

from realmodels.text.encoder import Encoder
from realmodels.text.facts import Fact
from realmodels.text.tokenizer import train
from realmodels.writing import outcome as module
from realmodels.writing.counterfactual_stream import CounterfactualStream
from realmodels.writing.format_finetuning import FormatFinetuning
from realmodels.writing.old_knowledge import OldKnowledge
from realmodels.writing.outcome import MEASURED, Setting, Way
from realmodels.writing.outputs import encode
from realmodels.writing.retained import depths
from tests.realmodels.toys import text

ANSWERS = ("Poland", "Italy")
NAMES = [f"{a}{b}{c}" for a, b, c in product("AB", "aeiou", "mn")]


def written(wording: str, names, first: int) -> list[Fact]:
    """Facts of these names, their answers in turn, two a task."""
    return [Fact(wording.format(name), f" {ANSWERS[n % 3 % 2]}", (first + n) // 2) for n, name in enumerate(names)]


@pytest.fixture
def setting(random_model, monkeypatch) -> Setting:
    """Three tasks of two facts into a model at random weights, fourteen facts beside them; held-out text costs 1 always."""
    model, encoder = random_model("dense"), Encoder.ours(train([*text()] * 2, 320, list(ANSWERS)), 320)
    facts, other = (encode(written(wording, NAMES, 0), encoder) for wording in ("{} is in", "Where is {}? It is in"))
    mine = torch.arange(len(facts)) < 6
    given = CounterfactualStream(model, encoder, None, facts[mine], other[mine], facts[~mine])
    old = OldKnowledge((facts[~mine], other[~mine]), 0.5)
    monkeypatch.setattr(module, "counterfactual_stream", lambda *arguments: given)
    monkeypatch.setattr(module, "old_knowledge", lambda *arguments: old)
    monkeypatch.setattr(module, "windows", lambda source: facts.tokens[:2])
    monkeypatch.setattr(CounterfactualStream, "heldout", lambda self, network: 1.0)
    return Setting(Path("unused"), FormatFinetuning("cities", 1), 0, 3, 14, Path("unused"))


def test_a_write_too_small_to_matter_leaves_everything_as_it_was(setting):
    found = setting.outcome(Way("dense", "full", ()), 1e-12)
    before = depths(setting.stream.model, setting.stream.facts, setting.beside).mean()
    assert found["learned"] == pytest.approx(before, abs=1e-6)
    assert found["kept"] == pytest.approx(before, abs=1e-6)
    assert found["old_lost"] == setting.old.lost(setting.stream.model)[0]
    assert found["text_rise"] == 0
    assert found["function"] == pytest.approx(0, abs=1e-6)
    assert not found["diverged"]


def test_what_is_measured_is_the_depth_of_each_task_just_after_it_and_of_all_at_the_end(setting):
    seen: list[tuple[int, list[float]]] = []

    def watch(of_task, count: int) -> None:
        seen.append((count, [of_task(task) for task in range(3)]))

    before = {name: tensor.clone() for name, tensor in setting.stream.model.state_dict().items()}
    found = setting.outcome(Way("dense", "full", (), {"optimizer": "adamw"}), 3e-3, watch)
    assert [count for count, _ in seen] == [1, 2, 3]
    assert found["learned"] == pytest.approx(sum(values[count - 1] for count, values in seen) / 3)
    assert found["kept"] == pytest.approx(sum(seen[-1][1]) / 3)
    assert found["learned"] > 0.3
    assert found["function"] > 0
    assert all(torch.equal(tensor, before[name]) for name, tensor in setting.stream.model.state_dict().items())


def test_a_stream_that_diverges_has_no_numbers(setting):
    found = setting.outcome(Way("dense", "full", ()), 1e30)
    assert found["diverged"]
    assert all(math.isnan(found[name]) for name in MEASURED)
