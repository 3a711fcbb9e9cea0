"""Text to token numbers and back, alike for models trained here and models from elsewhere.

A prompt is the beginning of a document: it starts with the token that documents of this model start with, once, or with none if
they start with none. An answer is scored on the tokens that the joined text has after those of the prompt.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from tokenizers import Tokenizer as Backend

from realmodels.text.tokenizer import Tokenizer
from theory.errors import UserError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

SHOWN = 60  # characters of a text in an error


def _byte_alphabet() -> dict[str, int]:
    """{character: byte} of byte-level vocabularies (Radford et al. 2019): printable bytes are themselves, the others 256 + n."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + n): byte for n, byte in enumerate(others)}


BYTES = _byte_alphabet()


@dataclass(frozen=True)
class Encoder:
    """One tokenizer as all code uses it.

    backend: the tokenizer of the library `tokenizers`. start: tokens with which a document begins. known: how many tokens the
    model has embeddings for. unknown: token that stands for text that has no tokens, if there is one. special: tokens that stand
    for no text. chats: the tokenizer that has a chat template.
    """

    backend: Backend = field(repr=False)
    start: tuple[int, ...]
    known: int
    unknown: int | None = None
    special: frozenset[int] = field(default=frozenset(), repr=False)
    chats: "PreTrainedTokenizerFast | None" = field(default=None, repr=False)

    @classmethod
    def ours(cls, tokenizer: Tokenizer, known: int) -> "Encoder":
        """That of a model trained here: a document begins with the separator."""
        return cls(tokenizer.encoder, (0,), known, None, frozenset({0}))

    @classmethod
    def of(cls, tokenizer: "PreTrainedTokenizerFast", known: int, start: tuple[int, ...] | None = None) -> "Encoder":
        """That of a tokenizer of transformers, for a model with `known` embeddings.

        start: tokens with which a document begins; by default what the tokenizer puts before a text.
        """
        backend = Backend.from_str(tokenizer.backend_tokenizer.to_str())
        backend.no_truncation()
        backend.no_padding()
        if start is None:
            plain, whole = (backend.encode("a", add_special_tokens=special).ids for special in (False, True))
            places = (n for n in range(len(whole)) if whole[n : n + len(plain)] == plain)
            start = tuple(whole[: next(places, 0)])
        byte_level = _is_byte_level(backend)
        unknown = None if byte_level else tokenizer.unk_token_id
        return cls(
            backend, start, known, unknown, frozenset(tokenizer.all_special_ids), tokenizer if tokenizer.chat_template else None
        )

    @property
    def size(self) -> int:
        """Number of tokens of the tokenizer; the model may have embeddings for more."""
        return self.backend.get_vocab_size()

    def encode(self, text: str) -> list[int]:
        """Token numbers of a piece of text, with nothing before or after it.

        Raises UserError for text that this tokenizer cannot spell, or that names a token which the model has no embedding of.
        """
        try:
            ids = self.backend.encode(text, add_special_tokens=False).ids
        except (TypeError, ValueError):  # half characters
            raise UserError(f"text {_shown(text)} is no text that can be written as UTF-8: correct it") from None
        for token in ids:
            if token >= self.known:
                raise UserError(
                    f"text {_shown(text)} holds {self.backend.id_to_token(token)!r}, a token that the model lacks: drop it"
                )
            if token == self.unknown and self.backend.id_to_token(token) not in text:
                raise UserError(f"text {_shown(text)} has a character that this model has no token for: ask it in other words")
        return ids

    def prompt(self, text: str) -> list[int]:
        """Token numbers of a document that begins with `text`: the start, unless the text has it already, then the text.

        Raises UserError as `encode`, and for an empty text of a model that begins documents with no token.
        """
        ids = self.encode(text)
        start = [] if tuple(ids[: len(self.start)]) == self.start else list(self.start)
        if not start + ids:
            raise UserError("an empty prompt has no token in this model, so that nothing can answer it: give a prompt")
        return start + ids

    def joined(self, prompt: str, answer: str) -> tuple[list[int], list[int]]:
        """(token numbers of the prompt, of the answer) in the joined text `prompt + answer`; no space is put between them.

        Raises UserError if the answer is empty, or if the joined text has a token that is partly prompt and partly answer: then
        a model that is given the prompt cannot begin the answer.
        """
        if not answer:
            raise UserError(f"the answer to {_shown(prompt)} is empty: give one")
        first, whole = self.prompt(prompt), self.prompt(prompt + answer)
        if whole[: len(first)] != first or len(whole) == len(first):
            same = next((n for n, pair in enumerate(zip(first, whole, strict=False)) if pair[0] != pair[1]), len(whole) - 1)
            token = self.pieces(whole[same : same + 1])[0]
            raise UserError(
                f"prompt {_shown(prompt)} and answer {_shown(answer)} share the token {token!r}: "
                "move the beginning of the answer to where a token begins"
            )
        return first, whole[len(first) :]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of token numbers; special tokens are left out, and bytes that make no character are U+FFFD."""
        return self.backend.decode(list(ids), skip_special_tokens=True)

    def pieces(self, ids: Sequence[int]) -> list[str]:
        r"""One readable string a token: its text, or its bytes as \xe4 where they make no character by themselves."""
        return [self.backend.id_to_token(n) if n in self.special else _readable(self._bytes_of(n)) for n in ids]

    def bytes(self, ids: Sequence[int]) -> int:
        """How many bytes of UTF-8 these tokens stand for; a special token, such as one between documents, for one."""
        return sum(1 if n in self.special else len(self._bytes_of(n)) for n in ids)

    def chat(self, prompt: str) -> str:
        """The prompt as a user's turn under the model's chat template, up to where the assistant answers.

        Raises UserError if the model has none, or its template cannot be filled in.
        """
        if self.chats is None:
            raise UserError("this model has no chat template: ask it without --template chat")
        try:
            turns = [{"role": "user", "content": prompt}]
            return str(self.chats.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))
        except Exception as error:  # a template is a program of the model's makers
            raise UserError(f"the model's chat template fails ({' '.join(str(error).split())[:120]}): ask without it") from None

    @cached_property
    def _added(self) -> frozenset[int]:
        """Tokens that were added to the vocabulary as they are written."""
        return frozenset(self.backend.get_added_tokens_decoder())

    @cached_property
    def _byte_level(self) -> bool:
        return _is_byte_level(self.backend)

    def _bytes_of(self, token: int) -> "bytes_":
        """The bytes that a token stands for."""
        spelt = self.backend.id_to_token(token)
        if spelt is None:
            return b""
        if token in self._added:
            return spelt.encode()
        if self._byte_level:
            return bytes_(BYTES[letter] for letter in spelt) if all(letter in BYTES for letter in spelt) else spelt.encode()
        if len(spelt) == 6 and spelt.startswith("<0x"):  # SentencePiece's bytes
            return bytes_([int(spelt[3:5], 16)])
        return spelt.replace("▁", " ").encode()


bytes_ = bytes  # `Encoder.bytes` hides the type's name


def _is_byte_level(backend: Backend) -> bool:
    """Whether the vocabulary is spelt in bytes, so that every text has tokens."""
    parts = (backend.decoder, backend.pre_tokenizer)
    return any(part is not None and b"ByteLevel" in part.__getstate__() for part in parts)


def _readable(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return "".join(chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}" for byte in data)


def _shown(text: str) -> str:
    """A text in an error: quoted, its end if it is long."""
    return repr(text if len(text) <= SHOWN else f"...{text[-SHOWN:]}")
