"""Windows of text that writes should leave alone: of the same text for all, whole, spread evenly; files of every wrong kind."""

import pytest
import torch

from realmodels.model.loaded import load
from realmodels.text.corpora import HELDOUT, SOURCES, place
from realmodels.text.protected import BESIDE, LENGTH, WINDOWS, protected
from tests.realmodels.toys import CONTEXT, FAMILIES
from theory.errors import UserError

SENTENCE = "Paris lies in France, and the airport of Paris has the code PAR 2006. "


def file(path, text: str | bytes):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("family", FAMILIES)
def test_windows_are_parts_of_the_text_from_its_beginning_to_its_end(toys, tmp_path, family):
    loaded = toys(family)
    text = "".join(f"{SENTENCE}{number} " for number in range(200))
    found = protected(loaded, file(tmp_path / "text", text))
    start = list(loaded.words.start)
    assert found.tokens.shape == (WINDOWS, min(LENGTH, CONTEXT))
    ids = loaded.tokenizer(text)["input_ids"][len(start) :]
    inside = found.tokens.shape[1] - len(start)
    for number, row in enumerate(found.tokens.tolist()):
        assert row[: len(start)] == start
        begin = number * (len(ids) // WINDOWS)
        assert row[len(start) :] == ids[begin : begin + inside]
    assert (WINDOWS - 1) * (len(ids) // WINDOWS) + inside > 0.9 * len(ids) - len(ids) // WINDOWS
    assert found.bytes == sum(len(loaded.words.decode(row[1:]).encode()) for row in found.tokens.tolist())
    assert found.about == f"text file {tmp_path / 'text'}: 8 windows of 96 tokens"


def test_the_default_is_text_that_no_model_trained_here_has_read(toys, trained):
    for loaded in (toys("gpt2"), load(trained[1]["dense"])):
        found = protected(loaded)
        heldout = "\n\n".join(d.text for d in SOURCES["wiki"]() if place(f"wiki/split/{d.group}") < HELDOUT)
        assert found.tokens.shape == (WINDOWS, min(LENGTH, 96 if loaded.path.name == "model" else 64))
        for row in found.tokens.tolist():
            middle = loaded.words.decode(row[4:-4])
            assert all(part in heldout for part in middle.split("\n\n"))
        assert torch.equal(protected(loaded).tokens, found.tokens)


@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_a_short_text_is_one_window_of_all_of_it(toys, tmp_path, family):
    loaded = toys(family)
    for text in ("Paris lies in France", "Par is", "\ufeffParis lies in France"):
        found = protected(loaded, file(tmp_path / "text", text))
        assert found.tokens.tolist() == [loaded.tokenizer(text.removeprefix("\ufeff"))["input_ids"]]
    whole = found.tokens.shape[1] - len(loaded.words.start)
    twice = protected(loaded, file(tmp_path / "text", SENTENCE * 6))
    assert whole < twice.tokens.shape[1] == CONTEXT


def test_as_few_tokens_as_can_be_scored(toys, tmp_path):
    one_token = file(tmp_path / "text", "P")
    assert protected(toys("llama"), one_token).tokens.tolist() == [toys("llama").tokenizer("P")["input_ids"]]
    with pytest.raises(UserError, match="has 1 tokens, too few to measure by: give more text"):
        protected(toys("gpt2"), one_token)  # nothing stands before it that could predict it


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (None, r"cannot be read \(No such file or directory\): give the path of a text file"),
        ("folder", r"cannot be read \(Is a directory\)"),
        (b"", "has 0 tokens, too few to measure by"),
        (b"\xef\xbb\xbf", "has 0 tokens"),
        (b"\xff\xfeP\x00a\x00", "is not text in UTF-8: save it as UTF-8"),
        ("Pâris".encode("latin-1"), "is not text in UTF-8"),
        (b"\x00" * 5000, "is not text in UTF-8"),
        (b"PAR\x00IS" * 500, "is not text in UTF-8"),
    ],
)
def test_a_file_that_will_not_do_is_named_in_one_line(toys, tmp_path, content, match):
    path = tmp_path / "text"
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=match) as raised:
        protected(toys("gpt2"), path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)
    with pytest.raises(UserError, match="cannot be read"):
        protected(toys("gpt2"), "nul\0byte")


def runs(tokens: torch.Tensor, size: int) -> set[tuple[int, ...]]:
    """All runs of so many tokens."""
    return {tuple(row[at : at + size]) for row in tokens.tolist() for at in range(len(row) - size + 1)}


@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_statistics_come_from_other_windows_of_the_same_text(toys, tmp_path, family):
    loaded = toys(family)
    text = " ".join(str(number * number) for number in range(30_000))
    found = protected(loaded, file(tmp_path / "text", text))
    inside = slice(len(loaded.words.start), None)
    assert BESIDE / 2 <= len(found.beside) <= BESIDE
    assert found.beside.shape[1] == found.tokens.shape[1]
    assert not runs(found.beside[:, inside], 12) & runs(found.tokens[:, inside], 12)
    ids = loaded.words.encode(text)
    assert all(
        tuple(row) in set(zip(*(ids[k:] for k in range(len(row))), strict=False)) for row in found.beside[:2, inside].tolist()
    )
    assert not found.twice


def test_the_packaged_text_has_other_articles_for_statistics(toys):
    found = protected(toys("gpt2"))
    assert BESIDE / 2 <= len(found.beside) <= BESIDE
    assert not runs(found.beside, 24) & runs(found.tokens, 24)


def test_a_text_too_short_for_both_says_that_it_serves_twice(toys, tmp_path):
    found = protected(toys("gpt2"), file(tmp_path / "text", SENTENCE * 2))
    assert torch.equal(found.beside, found.tokens)
    assert found.twice
