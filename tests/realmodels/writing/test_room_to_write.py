"""Memory of writing: refused in one line before it is taken, with the number of facts that fits; the estimate is near it."""

import re

import pytest
import torch

import realmodels
from realmodels.model.reading import first_block
from realmodels.model.remembering import remembering
from realmodels.model.transformer import Transformer
from realmodels.writing.case import Case
from realmodels.writing.outputs import answer_loss, outputs
from realmodels.writing.question import Question
from realmodels.writing.room_to_write import bytes_of, require_room_to_write
from tests.realmodels.toys import FAMILIES
from tests.realmodels.writing.places import ENTRIES
from theory.errors import UserError


def one_task(count: int) -> list[dict]:
    """A task of so many facts."""
    return [{**ENTRIES[n % 4], "prompt": f"{n} {ENTRIES[n % 4]['prompt']}", "task": 0} for n in range(count)]


@pytest.fixture
def free(monkeypatch):
    """Sets how many bytes are free."""

    def set_to(count: int) -> None:
        for module in ("writing.room_to_write", "model.memory"):
            monkeypatch.setattr(f"realmodels.{module}.available", lambda: count)

    return set_to


def refused(*given) -> str:
    with pytest.raises(UserError) as raised:
        Case(*given)
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("model", ["gpt2", "ours"])
def test_a_task_too_large_is_refused_with_the_number_that_fits(toys, trained, free, monkeypatch, model):
    monkeypatch.setattr("realmodels.writing.outputs.ITEMS", 16)  # asking is no obstacle
    loaded = realmodels.load(trained[1]["dense"]) if model == "ours" else toys(model)
    question = Question(loaded, one_task(64))
    size = 4 * sum(p.numel() for p in loaded.model.parameters())
    layers = len(loaded.model.blocks) if model == "ours" else 3
    free(2 * size + bytes_of(loaded.model, question.facts, layers) // 2)
    told = refused(question, "full")
    assert re.search(r"writing one task of 64 facts needs [0-9.]+ GiB of memory, and [0-9.]+ GiB are free", told)
    fits = int(re.search("about ([0-9]+) facts per task would fit; make smaller tasks", told)[1])
    assert 1 <= fits < 64
    Case(Question(loaded, one_task(fits)), "full")
    assert f"one task of {fits + 1} facts" in refused(Question(loaded, one_task(fits + 1)), "full")
    smaller = [{**fact, "task": n // fits} for n, fact in enumerate(one_task(64))]
    Case(Question(loaded, smaller), "full")


def test_what_is_written_and_the_optimiser_count(toys, free):
    question = Question(toys("llama"), one_task(4))
    size = 4 * sum(p.numel() for p in question.loaded.model.parameters())
    free(2 * size - 1)
    assert refused(question, "full").endswith("choose fewer matrices to write")
    free(2 * size + bytes_of(question.loaded.model, question.facts, 3))
    Case(question, "full")
    free(4 * size - 1)
    assert refused(question, "full", {"optimizer": "adamw"}).endswith("choose fewer matrices to write")
    free(4 * size + bytes_of(question.loaded.model, question.facts, 3))
    Case(question, "full", {"optimizer": "adamw"})


def test_blocks_below_the_first_written_one_hold_nothing(toys, free):
    question = Question(toys("llama"), one_task(64))
    three, two = (bytes_of(question.loaded.model, question.facts, layers) for layers in (3, 2))
    written = 2 * 4 * 32 * 48
    free(written + (three + two) // 2)
    assert "writing one task of 64 facts" in refused(question, "last_matrix", {"where": "0.feedforward.output"})
    Case(question, "last_matrix", {"where": "2.feedforward.output"})


@pytest.mark.parametrize("family", [*FAMILIES, "ours"])
def test_the_estimate_is_near_what_autograd_holds(toys, trained, family):
    """Within a factor of three: it is asked whether a task fits, and libraries differ in what they keep."""
    loaded = realmodels.load(trained[1]["dense"]) if family == "ours" else toys(family)
    facts = Question(loaded, one_task(32)).facts
    mine = {p.data_ptr() for p in loaded.model.parameters()}
    held: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in mine:
            held[storage.data_ptr()] = storage.nbytes()
        return tensor

    model = loaded.model
    with remembering(model, first_block(model, model.parameters())), torch.autograd.graph.saved_tensors_hooks(keep, lambda t: t):
        answer_loss(outputs(model, facts), facts)
    layers = len(model.blocks) if isinstance(model, Transformer) else 3
    assert 1 / 3 < bytes_of(model, facts, layers) / sum(held.values()) < 3


def test_asking_is_in_pieces_and_a_piece_must_fit(toys, free, monkeypatch):
    question = Question(toys("llama"), [{**fact, "task": n} for n, fact in enumerate(one_task(64))])
    case = Case(question, "last_matrix")
    whole = bytes_of(case.model, question.facts, 2)
    free(whole // 2)
    with pytest.raises(UserError, match=r"asking 64 facts at a time needs .*: choose a smaller model or shorter facts"):
        require_room_to_write(case.model, case.writer, case.facts)
    monkeypatch.setattr("realmodels.writing.outputs.ITEMS", 16)
    require_room_to_write(case.model, case.writer, case.facts)
