"""The tokenizer: it loses nothing, gives every answer one token, and is the same every time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realmodels.text import tokenizer
from realmodels.text.candidates import CANDIDATES
from realmodels.text.tokenizer import SEPARATOR, from_str, train
from theory.errors import UserError

PARTS = ("bar", "lem", "tis", "vok", "run", "sal", "mig", "pod")
TEXTS = [f"the city of {a}{b} is in {c}, near {b}{a}." for a in PARTS for b in PARTS for c in CANDIDATES]
MADE = train(TEXTS, 320)


@given(st.text(max_size=60).filter(lambda text: SEPARATOR not in text))
def test_what_is_encoded_can_be_decoded_and_bytes_add_up(text):
    ids = MADE.encode(text)
    if "\ufffd" not in text:
        assert MADE.decode(ids) == text
    assert int(MADE.bytes_per_token()[ids].sum()) == len(text.encode())


@pytest.mark.parametrize("name", CANDIDATES)
def test_an_answer_after_a_prompt_is_its_one_token(name):
    prompt, token = MADE.prompt("Xu is a city in"), MADE.answer(f" {name}")
    assert MADE.prompt(f"Xu is a city in {name}") == [*prompt, token]
    assert prompt[0] == 0
    assert MADE.decode([token]) == f" {name}"


def test_the_vocabulary_is_full_and_ends_with_the_answers():
    assert MADE.size == 320
    assert [MADE.answer(answer) for answer in MADE.answers()] == list(range(304, 320))
    assert MADE.answers() == [f" {name}" for name in CANDIDATES]
    assert MADE.encode_all(["a", "river"]) == [MADE.encode("a"), MADE.encode("river")]


def test_training_and_storing_are_deterministic(tmp_path):
    assert train(TEXTS, 320).to_str() == MADE.to_str()
    MADE.save(tmp_path / "tokenizer.json")
    assert from_str((tmp_path / "tokenizer.json").read_text()).to_str() == MADE.to_str()


def test_merges_shorten_text_and_none_spells_an_answer():
    assert len(MADE.encode(" city of")) < len(" city of")
    spelt = {MADE.encoder.id_to_token(n).replace("Ġ", " ") for n in range(304)}
    assert not spelt & set(MADE.answers())


def test_bad_answers_vocabularies_and_files_are_told():
    with pytest.raises(UserError, match=r"' Atlantis' takes \d tokens .* France"):
        MADE.answer(" Atlantis")
    with pytest.raises(UserError, match="at least 273"):
        train(TEXTS, 260)
    with pytest.raises(UserError, match="give more text"):
        tokenizer.train(["ab"], 1024)
    with pytest.raises(UserError, match="not a tokenizer file"):
        from_str("{}")
