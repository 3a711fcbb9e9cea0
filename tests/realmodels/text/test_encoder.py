"""The encoder against the tokenizers themselves: documents begin as pretrained, answers are cut where they begin."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from realmodels.text.encoder import Encoder
from realmodels.text.tokenizer import train
from tests.realmodels.toys import BEGIN, CITIES, END, VOCABULARY, text, tokenizer
from theory.errors import UserError

PLAIN, BEGUN = (Encoder.of(tokenizer(begin, pad=False), VOCABULARY) for begin in (False, True))
OURS = train([*text()] * 2, 320, ["France", "New York"])
OUR = Encoder.ours(OURS, 320)
PROMPT = "The capital of France is"
TEXTS = ["", "a", PROMPT, " Paris", "x  y\n", "中国的首都是北京", "naïve café", "e\u0301", "👩‍🚀 …", f"{BEGIN} {END}", "2006"]


@pytest.mark.parametrize("begin", [False, True])
@pytest.mark.parametrize("prompt", TEXTS[1:])
def test_a_prompt_is_what_transformers_makes_of_the_text(begin, prompt):
    expected = tokenizer(begin, pad=False)(prompt).input_ids
    found = (BEGUN if begin else PLAIN).prompt(prompt)
    assert found == (expected[1:] if prompt.startswith(BEGIN) and begin else expected)


def test_a_document_begins_with_one_token_or_none():
    assert BEGUN.prompt("a")[0] == 0
    assert BEGUN.prompt(f"{BEGIN}a") == BEGUN.prompt("a")
    assert PLAIN.prompt("a") == PLAIN.encode("a")
    assert OUR.prompt("a") == [0, *OURS.encode("a")]
    assert BEGUN.prompt("") == [0]


def test_a_tokenizer_that_ends_texts_too_does_not_end_prompts():
    made = tokenizer(True, pad=False)
    begin, end = (BEGIN, made.convert_tokens_to_ids(BEGIN)), (END, made.convert_tokens_to_ids(END))
    made.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BEGIN} $A {END}", pair=f"{BEGIN} $A {END} $B", special_tokens=[begin, end]
    )
    assert made("a").input_ids[-1] == end[1]
    assert Encoder.of(made, VOCABULARY).prompt("a") == BEGUN.prompt("a")


def test_cutting_and_padding_that_lie_in_the_file_do_nothing():
    made = tokenizer(True, pad=True)
    made.backend_tokenizer.enable_truncation(3)
    made.backend_tokenizer.enable_padding(length=50)
    assert Encoder.of(made, VOCABULARY).prompt(PROMPT) == BEGUN.prompt(PROMPT)


def test_padding_a_batch_by_the_tokenizer_does_not_change_the_encoder():
    made = tokenizer(True, pad=True)
    encoder = Encoder.of(made, VOCABULARY)
    made(["a", PROMPT], padding="max_length", max_length=40)
    assert encoder.prompt("a") == BEGUN.prompt("a")


@pytest.mark.parametrize("encoder", [PLAIN, BEGUN, OUR])
@pytest.mark.parametrize("prompt", [PROMPT, "Q: Where?\nA:", 'He said "', "首都是"])
@pytest.mark.parametrize("answer", [" Paris", "Paris", " New York", "北京", " é", "\n"])
def test_joined_text_is_cut_where_the_answer_begins(encoder, prompt, answer):
    try:
        first, second = encoder.joined(prompt, answer)
    except UserError:
        whole = encoder.prompt(prompt + answer)
        spelt = [sum(map(encoder.bytes, [[n] for n in whole[:cut]])) - len(encoder.start) for cut in range(len(whole) + 1)]
        assert len(prompt.encode()) not in spelt  # there is a token on both sides of the border
        return
    assert first + second == encoder.prompt(prompt + answer)
    assert first == encoder.prompt(prompt)
    assert encoder.decode(first) == prompt
    assert encoder.decode(second) == answer


def test_answers_that_begin_with_the_same_token_are_told_apart_by_all_their_tokens():
    york, jersey = (BEGUN.joined(PROMPT, answer)[1] for answer in (" New York", " New Jersey"))
    assert len(york) > 1
    assert york[0] == jersey[0]
    assert york != jersey


def test_a_token_on_both_sides_of_the_border_is_named():
    with pytest.raises(UserError, match=r"prompt 'the city ' and answer 'Paris' share the token ' P"):
        PLAIN.joined("the city ", "Paris")
    with pytest.raises(UserError, match=r"^the answer to 'a' is empty: give one$"):
        PLAIN.joined("a", "")


def test_a_long_prompt_is_shown_by_its_end():
    with pytest.raises(UserError) as raised:
        PLAIN.joined("x" * 5000 + " ", "Paris")
    assert len(str(raised.value)) < 300


@pytest.mark.parametrize("encoder", [PLAIN, BEGUN, OUR])
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_text_survives_and_its_bytes_are_counted(encoder, text):
    ids = encoder.encode(text)
    if not encoder.special & set(ids):
        assert encoder.decode(ids) == text
        assert encoder.bytes(ids) == len(text.encode())


def test_pieces_are_readable_and_special_tokens_are_named():
    assert "".join(BEGUN.pieces(BEGUN.prompt(PROMPT))) == BEGIN + PROMPT
    assert PLAIN.pieces(PLAIN.encode("é")) == ["\\xc3", "\\xa9"]
    assert OUR.pieces([0]) == ["<|separator|>"]
    assert OUR.pieces(OUR.encode("a New York")) == ["a", " New York"]
    assert BEGUN.bytes(BEGUN.prompt("ab")) == 3  # one for the token before the text


def test_a_token_that_the_model_has_no_embedding_of_is_refused():
    made = tokenizer(False, pad=False)
    made.add_tokens(["<new>"])
    encoder = Encoder.of(made, VOCABULARY)
    assert encoder.encode("new") == PLAIN.encode("new")
    with pytest.raises(UserError, match="'<new>', a token that the model lacks"):
        encoder.prompt("a <new> b")


def test_text_that_is_none_is_refused():
    for encoder in (PLAIN, OUR):
        with pytest.raises(UserError, match="no text that can be written as UTF-8"):
            encoder.prompt("\ud83d")
    with pytest.raises(UserError, match="an empty prompt has no token"):
        PLAIN.prompt("")


def words(names: list[str], **options) -> PreTrainedTokenizerFast:
    """A tokenizer of whole words, which knows no others."""
    made = Tokenizer(models.WordLevel({name: n for n, name in enumerate(["<unk>", *names])}, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=made, unk_token="<unk>", **options)


def test_text_without_tokens_is_refused_and_not_taken_for_the_unknown_token():
    encoder = Encoder.of(words(["Paris", "is"]), 3)
    assert encoder.encode("Paris is") == [1, 2]
    with pytest.raises(UserError, match="'is Rome' has a character that this model has no token for"):
        encoder.encode("is Rome")


def sentencepiece() -> Encoder:
    """A vocabulary as that of Llama 2: the space is U+2581, and one is put before a text."""
    pieces = ["<unk>", "▁", "a", "b", "c", "▁a", "bc", "<0xE4>", "<0xB8>", "<0xAD>"]
    made = Tokenizer(
        models.BPE({piece: n for n, piece in enumerate(pieces)}, [("▁", "a"), ("b", "c")], unk_token="<unk>", byte_fallback=True)
    )
    made.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    return Encoder.of(PreTrainedTokenizerFast(tokenizer_object=made, unk_token="<unk>"), len(pieces))


def test_a_space_that_the_tokenizer_puts_first_is_no_part_of_the_answer():
    encoder = sentencepiece()
    assert encoder.pieces(encoder.prompt("a bc")) == [" a", " ", "bc"]
    assert [encoder.pieces(ids) for ids in encoder.joined("a b", " a")] == [[" a", " ", "b"], [" a"]]
    with pytest.raises(UserError, match="share the token 'bc'"):
        encoder.joined("a b", "c")
    assert encoder.pieces(encoder.encode("a中")) == [" a", "\\xe4", "\\xb8", "\\xad"]
    assert encoder.bytes(encoder.encode("a中")) == len(" a中".encode())


def test_a_normaliser_does_not_move_the_border():
    made = tokenizer(True, pad=False)
    made.backend_tokenizer.normalizer = normalizers.NFC()
    encoder = Encoder.of(made, VOCABULARY)
    first, second = encoder.joined("cafe\u0301 is", " e\u0301te\u0301")
    assert (encoder.decode(first), encoder.decode(second)) == ("café is", " été")


def test_the_chat_template_ends_where_the_assistant_answers():
    chatty = Encoder.of(tokenizer(False, pad=True, chat=True), VOCABULARY)
    assert chatty.chat(PROMPT) == f"<s>user\n{PROMPT}{END}\n<s>assistant\n"
    assert chatty.decode(chatty.joined(chatty.chat("Where?"), "Paris")[1]) == "Paris"
    for encoder in (PLAIN, OUR):
        with pytest.raises(UserError, match="has no chat template"):
            encoder.chat("a")


@pytest.mark.parametrize("template", ["{{ raise_exception('no') }}", "{% for %}", "{{ messages[7].content.x }}"])
def test_a_template_that_fails_is_one_line(template):
    made = tokenizer(False, pad=False)
    made.chat_template = template
    with pytest.raises(UserError, match="chat template fails") as raised:
        Encoder.of(made, VOCABULARY).chat("a")
    assert "\n" not in str(raised.value)


def test_sizes():
    assert PLAIN.size == VOCABULARY
    assert OUR.size == OURS.size == 320
    assert all(f" {city}" in PLAIN.decode(PLAIN.encode(f" {city}")) for city in CITIES)
