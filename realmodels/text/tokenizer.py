"""Byte-level byte-pair encoding (Sennrich et al. 2016), trained here, with one token for each candidate answer.

Token 0 separates documents: a text starts with it and ends with it. The last tokens of the vocabulary are the candidate
answers with the space before them (" France"), matched before anything else and hence never cut into pieces.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from tokenizers import AddedToken, decoders, models, pre_tokenizers, trainers
from tokenizers import Tokenizer as Encoder

from realmodels.text.candidates import CANDIDATES
from simulate.runs.store import atomic
from theory.errors import UserError

SEPARATOR = "<|separator|>"


class Tokenizer:
    """Text to token numbers and back; wraps `tokenizers.Tokenizer`, whose JSON is the file format."""

    def __init__(self, encoder: Encoder):
        self.encoder = encoder

    @property
    def size(self) -> int:
        """Number of tokens, added ones included."""
        return self.encoder.get_vocab_size()

    def encode(self, text: str) -> list[int]:
        """Token numbers of a piece of text; no separator."""
        return self.encoder.encode(text).ids

    def encode_all(self, texts: Sequence[str]) -> list[list[int]]:
        """`encode` of many texts."""
        return [encoding.ids for encoding in self.encoder.encode_batch_fast(list(texts))]

    def prompt(self, text: str) -> list[int]:
        """Token numbers of the beginning of a document: the separator, then the text."""
        return [0, *self.encode(text)]

    def answer(self, text: str) -> int:
        """The one token of an answer such as " France". Raises UserError if it takes several."""
        ids = self.encode(text)
        if len(ids) != 1:
            raise UserError(
                f"answer {text!r} takes {len(ids)} tokens of this model and has to be one: choose among{','.join(self.answers())}"
            )
        return ids[0]

    def answers(self) -> list[str]:
        """The candidate answers that were given tokens of their own, each with the space before it."""
        added = self.encoder.get_added_tokens_decoder()
        return [added[number].content for number in sorted(added) if number]

    def bytes_per_token(self) -> np.ndarray:
        """How many bytes of UTF-8 each token stands for; the separator for one."""
        added = self.encoder.get_added_tokens_decoder()
        spelt = [self.encoder.id_to_token(n) or "" for n in range(self.size)]  # one character a byte, but for added tokens
        return np.array([1] + [len(t.encode()) if n in added else len(t) for n, t in enumerate(spelt) if n])

    def decode(self, ids: Sequence[int]) -> str:
        """The text of token numbers; separators are left out."""
        return self.encoder.decode(list(ids), skip_special_tokens=True)

    def to_str(self) -> str:
        """The tokenizer as JSON."""
        return self.encoder.to_str()

    def save(self, path: Path) -> None:
        """Write the JSON to `path`, atomically."""
        with atomic(path) as temporary:
            temporary.write_text(self.to_str(), encoding="utf-8")


def from_str(text: str) -> Tokenizer:
    """The tokenizer of a JSON made by `to_str`. Raises UserError if it is not one."""
    try:
        return Tokenizer(Encoder.from_str(text))
    except Exception as error:  # the library raises bare Exception
        raise UserError(f"this is not a tokenizer file ({error}): copy tokenizer.json from the checkpoint again") from None


def train(texts: Iterable[str], vocabulary: int, answers: Sequence[str] = CANDIDATES) -> Tokenizer:
    """A tokenizer of exactly `vocabulary` tokens learned from `texts`; deterministic.

    The answers are cut out of the texts first, so that no merges are spent on them. Raises UserError if the vocabulary has no
    room for the separator, 256 bytes and the answers, or the texts are too few to fill it.
    """
    room = vocabulary - len(answers)
    if room < 257:
        raise UserError(f"a vocabulary of {vocabulary} is too small: ask for at least {257 + len(answers)}")
    encoder = Encoder(models.BPE())
    encoder.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)  # pyright: ignore[reportAttributeAccessIssue]
    encoder.decoder = decoders.ByteLevel()  # pyright: ignore[reportAttributeAccessIssue]
    trainer = trainers.BpeTrainer(
        vocab_size=room,
        special_tokens=[SEPARATOR],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    cut = re.compile("|".join(re.escape(f" {answer}") for answer in answers) or "(?!)")
    encoder.train_from_iterator((piece for text in texts for piece in cut.split(text)), trainer)
    encoder.add_tokens([AddedToken(f" {answer}", normalized=False) for answer in answers])
    if encoder.get_vocab_size() != vocabulary:
        raise UserError(f"the text fills a vocabulary of {encoder.get_vocab_size()} only, not {vocabulary}: give more text")
    return Tokenizer(encoder)
