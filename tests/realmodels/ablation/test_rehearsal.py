"""Kinds of rehearsal: what is read how often, whose answers, and that they do what they are for."""

import pytest
import torch

from realmodels.ablation import rehearsal as module
from realmodels.ablation.rehearsal import KINDS, Rehearsed
from realmodels.bench.fresh import fresh
from realmodels.bench.kinds import stream
from realmodels.bench.memories.language_model import LanguageModel
from realmodels.training.loop import one_thread

KIND = "strings"
LOADED = fresh("dense", 8, KIND, 1)
TASKS = stream(KIND, 3, 8, 1)


def written(rehearsal: str, amount: float = 1.0, steps: int = 4) -> Rehearsed:
    memory = Rehearsed(LOADED, KIND, rehearsal, amount, 8, 0.01, steps)
    with one_thread():
        for task in TASKS:
            memory.write(task)
    return memory


def readings(rehearsal: str, amount: float, monkeypatch) -> list[int]:
    """Strings in every batch of the last task."""
    memory, seen = Rehearsed(LOADED, KIND, rehearsal, amount, 8, 0.01, 4), []
    with one_thread():
        for task in TASKS[:-1]:
            memory.write(task)
        gradient = memory.writer.gradient
        monkeypatch.setattr(memory.writer, "gradient", lambda facts, where: seen.append(len(facts)) or gradient(facts, where))
        memory.write(TASKS[-1])
    return seen


def test_nothing_rehearsed_is_full_finetuning_to_the_bit():
    plain = LanguageModel(LOADED, KIND, "full", {"optimizer": "adamw"}, 0.01, 4)
    with one_thread():
        for task in TASKS:
            plain.write(task)
    for a, b in zip(plain.model.parameters(), written("none").model.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("amount", [0.25, 0.5, 1.0])
@pytest.mark.parametrize("rehearsal", ["uniform", "sleep", "own", "cued"])
def test_all_kinds_read_as_many_old_strings(rehearsal, amount, monkeypatch):
    """4 steps of 8 new strings, and amount * 32 readings more."""
    seen = readings(rehearsal, amount, monkeypatch)
    assert sum(seen) == 32 + amount * 32
    assert len(seen) == (4 + 4 * amount if rehearsal == "sleep" else 4)


def test_the_store_is_bounded_and_holds_true_strings():
    memory = written("uniform")
    strings = [item for task in TASKS for item in task]
    assert len(memory.store) == 8
    assert set(memory.store) <= set(strings)


def test_own_answers_are_what_the_model_says_letter_by_letter():
    """Greedy generation says the same, where the model says letters at all."""
    memory = Rehearsed(LOADED, KIND, "cued", 1.0, 8, 0.02, 60)
    with one_thread():
        memory.write(TASKS[0])
        told = memory.ask(TASKS[0])
        own = memory._answered(TASKS[0])  # pyright: ignore[reportPrivateUsage]
    right = [item.right(mine.answer) for item, mine in zip(TASKS[0], own, strict=True)]
    assert told.right.tolist() == right
    assert told.right.mean() > 0.5
    assert [mine.prompt for mine in own] == [item.prompt for item in TASKS[0]]


def test_own_keys_are_new_at_every_task_and_none_of_the_stream(monkeypatch):
    asked, memory = [], Rehearsed(LOADED, KIND, "own", 1.0, 8, 0.01, 1)
    answered = memory._answered  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(memory, "_answered", lambda items: asked.append([one.prompt for one in items]) or answered(items))
    with one_thread():
        for task in TASKS:
            memory.write(task)
    assert [len(prompts) for prompts in asked] == [8, 8]
    assert not set(asked[0]) & set(asked[1])
    assert not set(asked[0]) & {item.prompt for task in TASKS for item in task}


def test_a_store_is_better_than_none():
    """In bits of the first two tasks, at a few hundred steps."""
    with one_thread():
        found = {}
        for kind in ("none", "uniform"):
            memory = Rehearsed(LOADED, KIND, kind, 1.0, 16, 0.02, 80)
            for task in TASKS:
                memory.write(task)
            found[kind] = float(memory.ask([*TASKS[0], *TASKS[1]]).right.mean())
    assert found["uniform"] > found["none"] + 0.1


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match=r"choose one of none, uniform"):
        Rehearsed(LOADED, KIND, "dreams", 1.0, 8, 0.01, 1)
    assert set(KINDS) == {"none", "uniform", "sleep", "own", "cued"}
    assert module.OWN_SEEDS > 1000
