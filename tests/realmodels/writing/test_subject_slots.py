"""What reads tell of a subject: prompts as the model is asked, and the overlaps on layers of which the answer is known."""

import numpy as np
import pytest
import torch

from realmodels.model import checkpoint
from realmodels.model.slots import Reads
from realmodels.text.encoder import Encoder
from realmodels.writing.methods.sparse_memory import sparse_memory
from realmodels.writing.methods.writer import Background
from realmodels.writing.outputs import facts_from_ids
from realmodels.writing.subject_slots import PLACES, WORDINGS, Prompts, at_equal_index, by_place, chosen, prompts

SUBJECTS = ("Tokville", "Kasur", "Nejo", "Traipu", "Temryuk", "Lawndale", "Marville", "Borville", "Kasnar", "Nejar")


@pytest.fixture(scope="module")
def asked(trained):
    """(model, encoder, the prompts of both wordings)."""
    _, paths = trained
    model, tokenizer, _ = checkpoint.read(paths["memory"])
    encoder = Encoder.ours(tokenizer, model.config.vocabulary)
    return model, encoder, tuple(prompts(model, encoder, SUBJECTS, wording) for wording in WORDINGS)


def made(read) -> tuple[Prompts, Prompts]:
    """Prompts of 60 subjects with made-up tokens, of names of 2 to 4 tokens; read(wording, subject, position in the name, token)
    is the one slot that is read."""
    rng = np.random.default_rng(0)
    length = rng.integers(2, 5, 60)
    tokens = rng.integers(0, 4, (60, 4))
    both = []
    for wording, start in enumerate((2, 3)):
        slots = np.zeros((60, start + 7, 1), dtype=int)
        ids = np.zeros((60, start + 7), dtype=int)
        for who in range(60):
            for position in range(-start, 7):
                inside = 0 <= position < length[who]
                ids[who, start + position] = token = tokens[who, position] if inside else 9
                slots[who, start + position] = read(wording, who, position, token)
        both.append(Prompts(ids, Reads(slots, np.ones(slots.shape), 500), start, length, start + length + 2))
    return both[0], both[1]


def test_prompts_are_those_that_the_model_is_asked(asked):
    _, encoder, both = asked
    for wording, made_of in zip(WORDINGS, both, strict=True):
        for number, subject in enumerate(SUBJECTS):
            expected = encoder.prompt(wording.format(subject))
            assert made_of.tokens[number, : made_of.last[number] + 1].tolist() == expected
            name = encoder.encode(f" {subject}")
            assert made_of.tokens[number, made_of.start :][: len(name)].tolist() == name


def test_the_places_of_a_prompt(asked):
    _, _, (first, second) = asked
    for place in PLACES:
        (who, at), (other, there) = first.at(place), second.at(place)
        assert np.array_equal(who, other)
        assert np.array_equal(first.tokens[who, at], second.tokens[who, there])
    counted = sum(len(first.at(place)[0]) for place in ("first", "inside", "last"))
    assert counted == first.length.sum() + (first.length == 1).sum()


def test_slots_of_the_token_alone_tell_nothing_of_the_subject():
    found = by_place(made(lambda wording, who, position, token: token), np.random.default_rng(0))
    for overlaps in found.values():
        assert (overlaps.same, overlaps.other, overlaps.alike) == (1, 1, 1)
    assert found["last"].any == pytest.approx(0.25, abs=0.15)
    assert found["after"].any == 1


def test_slots_of_the_subject_tell_all_and_slots_of_the_wording_nothing():
    found = by_place(made(lambda wording, who, position, token: who), np.random.default_rng(0))
    assert all(overlaps.specificity == 1 for overlaps in found.values())
    found = by_place(made(lambda wording, who, position, token: 100 * wording), np.random.default_rng(0))
    assert all((overlaps.same, overlaps.other, overlaps.alike) == (0, 0, 1) for overlaps in found.values())


def test_a_boundary_is_seen_at_equal_numbers():
    """A layer that reads the subject's slot at the last token of a name, and that of the token elsewhere."""
    length = made(lambda *_: 0)[0].length
    both = made(lambda wording, who, position, token: 100 + who if position == length[who] - 1 else token)
    assert at_equal_index(both, np.random.default_rng(0)) == (0, 1)
    assert at_equal_index(made(lambda wording, who, position, token: who), np.random.default_rng(0)) == (1, 1)


def test_chosen_slots_are_those_that_the_method_writes(asked):
    model, encoder, (first, _) = asked
    ids = [encoder.prompt(WORDINGS[0].format(subject)) for subject in SUBJECTS]
    facts = facts_from_ids(ids, [0] * len(ids), [0] * len(ids), [1, 2])
    writer, masks = sparse_memory(model, Background(facts), t=8), chosen(first, 8)
    (name,) = writer.parameters
    for number, last in enumerate(first.last):
        gradient = {name: torch.ones_like(writer.parameters[name])}
        written = writer.restriction(facts[number : number + 1], ())(gradient)[name][:, 0].numpy() > 0
        assert written.sum() == 8
        assert np.array_equal(masks[number, : last + 1], written[first.reads.slots[number, : last + 1]])
        assert not masks[number, last + 1 :].any()
