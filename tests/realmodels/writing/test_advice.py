"""Advice against the writes that it speaks of, and what it refuses."""

import math

import pytest
import torch

import realmodels
from realmodels.model import matrices
from realmodels.writing.advice import NUMBERS, advise, leading
from realmodels.writing.methods.off_mode import common_directions
from theory.errors import UserError

CITIES = ["Lima", "Oslo", "Rome", "Bern", "Cairo", "Delhi", "Quito", "Sofia", "Kabul", "Hanoi", "Dakar", "Riga"]
LANDS = ["Peru", "Norway", "Italy", "Austria", "Egypt", "India"]
FACTS = [(f"The capital {city} lies in", LANDS[place % 6]) for place, city in enumerate(CITIES)]
KNOWN = [(f"Who lives in {city} says", LANDS[place % 5]) for place, city in enumerate(CITIES[:8])]


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_a_row_per_background_and_number_of_directions(toys, family):
    answer = advise(toys(family), FACTS, "last", known=KNOWN)
    frame = answer.to_frame()
    assert set(frame["background"]) == {"own prompts", "known", "text", "mixture"}
    assert set(frame["k"]) <= set(NUMBERS)
    assert frame["k"].max() <= matrices.one(toys(family).model, "last").inputs // 2
    for _, part in frame.groupby("background"):
        assert (part["rate"].diff().dropna() >= -1e-9).all(), "the more is left out, the higher the rate for equal learning"
    assert (frame["rate"] >= 1).all()
    assert all(math.isfinite(value) and value >= 0 for value in frame[["stream", "known", "text"]].to_numpy().ravel())
    worst = frame[["stream", "known", "text"]].max(axis=1)
    assert worst[answer.best] <= 1.05 * worst.min()
    assert answer.where in answer.conclusion
    assert ("No choice protects everything" in answer.conclusion) == (worst[answer.best] >= 1)


def test_without_known_facts_and_with_a_background(toys):
    others = [(f"The capital {city} of old lies in", land) for city, land in zip(CITIES, LANDS * 2, strict=True)]
    answer = advise(toys("llama"), FACTS, "last", background=others)
    assert list(answer.to_frame()) == ["background", "k", "rate", "stream", "text"]
    assert not any("third of the facts" in note for note in answer.notes)
    assert "known" not in answer.show().splitlines()[0]
    assert answer.to_dict()["known"] == []
    assert answer.not_finite == []


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
        (FACTS[:5], {}, "too few facts .* give 6 at least"),
        (FACTS, {"known": KNOWN[:3]}, "too few known facts .* give 4 at least"),
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
