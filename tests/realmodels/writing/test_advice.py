"""Advice against the writes that it speaks of, and what it refuses."""

import math
from dataclasses import replace

import matplotlib.pyplot as plt
import pytest
import torch

import realmodels
from realmodels.model import matrices
from realmodels.writing.advice import NUMBERS, Advice, _mean_square, advise, leading
from realmodels.writing.crosstalk import crosstalk, task_gradients
from realmodels.writing.methods.off_mode import common_directions
from realmodels.writing.question import Question, Setting
from theory.errors import UserError

CITIES = ["Lima", "Oslo", "Rome", "Bern", "Cairo", "Delhi", "Quito", "Sofia", "Kabul", "Hanoi", "Dakar", "Riga"]
LANDS = ["Peru", "Norway", "Italy", "Austria", "Egypt", "India"]
FACTS = [(f"The capital {city} lies in", LANDS[place % 6]) for place, city in enumerate(CITIES)]
KNOWN = [(f"Who lives in {city} says", LANDS[place % 5]) for place, city in enumerate(CITIES[:8])]


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_a_row_per_background_and_number_of_directions(toys, family):
    answer = advise(toys(family), FACTS, "last", known=KNOWN)
    frame = answer.to_frame()
    assert frame.iloc[0].tolist() == ["none", 0, 1.0, 1.0, 1.0, 1.0]
    assert set(frame["background"]) == {"none", "prompts like these", "known", "text", "mixture"}
    assert set(frame["k"][1:]) <= set(NUMBERS)
    assert frame["k"].max() <= matrices.one(toys(family).model, "last").inputs // 2
    for _, part in frame.groupby("background"):
        assert (part["rate"].diff().dropna() >= -1e-9).all(), "the more is left out, the higher the rate for equal learning"
    assert (frame["rate"] >= 1).all()
    assert all(math.isfinite(value) and value >= 0 for value in frame[["stream", "known", "text"]].to_numpy().ravel())
    assert answer.where in answer.conclusion
    plt.close(answer.plot().figure)


def advice(*rows: tuple[str, int, float, float | None, float]) -> Advice:
    background, k, stream, known, text = zip(*rows, strict=True)
    return Advice("0.x", 9, (), background, k, (1.0,) * len(rows), stream, known, text)


PLAIN = ("none", 0, 1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("rows", "best"),
    [
        ([("text", 8, 0.9, 1.2, 0.5)], 0),
        ([("text", 1, 0.1, 0.6, 0.1)], 0),  # no more than the law can tell
        ([("text", 8, 0.1, 0.4, 0.3)], 1),
        ([("text", 8, 0.1, 0.4, 0.3), ("text", 16, 0.1, 0.25, 0.1)], 1),  # not to be told apart: the fewer directions
        ([("text", 8, 0.1, 0.4, 0.3), ("text", 16, 0.1, 0.1, 0.1)], 2),
    ],
)
def test_the_best_row_is_the_least_at_worst_and_plain_writes_are_among_them(rows, best):
    answer = advice(PLAIN, *rows)
    assert answer.best == best
    assert ("Plain writes are about the least at worst" in answer.conclusion) == (best == 0)


def test_without_known_facts_and_with_a_background(toys):
    others = [(f"The capital {city} of old lies in", land) for city, land in zip(CITIES, LANDS * 2, strict=True)]
    answer = advise(toys("llama"), FACTS[:3], "last", background=others)
    assert not any("third of the facts" in note for note in answer.notes)
    assert any("no known facts" in note for note in answer.notes)
    assert answer.show().splitlines()[0].split() == ["background", "k", "rate", "stream", "text"]
    assert answer.to_dict()["known"] == [None] * len(answer.k)
    assert answer.not_finite == []
    plt.close(answer.plot().figure)


def test_known_facts_may_share_one_answer_and_a_text_that_is_short_gives_no_directions(toys, tmp_path):
    text = tmp_path / "short.txt"
    text.write_text("The capital of Peru is Lima. Lima lies in Peru.")
    answer = advise(toys("llama"), FACTS, "last", known=[(prompt, "yes") for prompt, _ in KNOWN], text=text)
    assert "text" not in answer.background
    assert any("too short" in note for note in answer.notes)
    assert all(value is not None for value in answer.known)


def test_the_root_of_the_mean_square_has_the_crosstalk_of_all_tasks(toys):
    question = Question(toys("llama"), FACTS, Setting(facts_per_task=3))
    net, facts = question.loaded.model, question.facts
    matrix = matrices.one(net, "last")
    gradients = task_gradients(net, matrix, facts)
    draw = torch.Generator().manual_seed(0)
    u = torch.linalg.qr(torch.randn(matrix.inputs, 5, generator=draw, dtype=torch.float64)).Q
    x = torch.randn(9, matrix.inputs, generator=draw, dtype=torch.float64)
    torch.testing.assert_close(crosstalk(_mean_square(net, matrix, facts), u, x), crosstalk(gradients, u, x), rtol=1e-8, atol=0)


def test_weights_that_are_not_finite_are_told(toys):
    loaded = toys("llama")
    broken = loaded.copy()
    with torch.no_grad():
        matrices.one(broken, "last").parameter(broken)[0, 0] = torch.inf
    with pytest.raises(UserError, match="not finite"):
        advise(replace(loaded, model=broken), FACTS, "0.feedforward.output")


def test_the_matrix_that_a_scan_ranks_first_is_taken(toys):
    told: list[str] = []
    answer = realmodels.advise(toys("llama"), FACTS, say=told.append)
    assert told[0] == "the matrices are ranked"
    assert matrices.one(toys("llama").model, answer.where).inputs > 0


def test_the_model_stays_as_it_is(toys):
    loaded = toys("llama")
    before = {name: parameter.detach().clone() for name, parameter in loaded.model.named_parameters()}
    advise(loaded, FACTS, "last")
    assert all(torch.equal(parameter, before[name]) for name, parameter in loaded.model.named_parameters())


@pytest.mark.parametrize(
    ("facts", "setting", "message"),
    [
        (FACTS[:5], {}, "5 facts: too few .* give 6 at least"),
        (FACTS, {"known": KNOWN[:3]}, "3 known facts: too few .* give 4 at least"),
        (FACTS, {"background": KNOWN[:3]}, "3 facts of the background: too few .* give 4 at least"),
        (FACTS, {"where": "99.feedforward.output"}, "99.feedforward.output"),
    ],
)
def test_what_cannot_be_advised_is_told(toys, facts, setting, message):
    with pytest.raises(UserError, match=message):
        advise(toys("llama"), facts, **{"where": "last", **setting})


def test_leading_directions_of_one_part_hold_the_most_energy():
    draw = torch.Generator().manual_seed(0)
    read = torch.randn(50, 6, generator=draw) * torch.arange(6, 0, -1)
    u = leading([read], 3)
    torch.testing.assert_close(u.T @ u, torch.eye(3, dtype=torch.float64))
    energy = torch.linalg.svdvals(read.double())[:3].square().sum()
    assert float((read.double() @ u).square().sum()) == pytest.approx(float(energy))
    other = common_directions(read, 3)
    assert float((read.double() @ other).square().sum()) <= float(energy) * (1 + 1e-9)
