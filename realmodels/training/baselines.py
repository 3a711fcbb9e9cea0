"""What any model has to beat: token frequencies, token pairs, and a general compressor, given the same training text.

Unigram and bigram predict the same tokens as the language models. The bigram is a strong one. It is interpolated, with absolute
discounting and Kneser-Ney continuation counts (Kneser and Ney 1995; Chen and Goodman 1999, eq. 19), and its discount is tuned on
the end of the training text. For lzma the size of a held-out text is what it adds to the compressed training text, with a window
that covers both.
"""

import lzma
import math
from itertools import pairwise

import numpy as np

from realmodels.text.encoded import Encoded
from realmodels.training.evaluate import per_byte

DISCOUNTS = (0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
TUNING = 0.05  # share of the training text on which the discount is chosen
LAPLACE = 0.5  # added to every token's count, so that no token has probability 0


class Unigram:
    """p(w) proportional to the count of w, plus LAPLACE."""

    def __init__(self, train: np.ndarray, vocabulary: int):
        counts = np.bincount(train, minlength=vocabulary) + LAPLACE
        self.p = counts / counts.sum()

    def bits(self, tokens: np.ndarray) -> float:
        """Bits for tokens[1:]."""
        return float(-np.log2(self.p[tokens[1:]]).sum())


class Bigram:
    """p(w | v) = max(c(v w) - d, 0)/c(v) + d n(v)/c(v) q(w), where n(v) counts the kinds of tokens seen after v.

    q, the continuation distribution: in proportion to how many kinds of tokens come before w, plus LAPLACE. After an unseen v: q.
    """

    def __init__(self, train: np.ndarray, vocabulary: int, discount: float):
        pairs = train[:-1].astype(np.int64) * vocabulary + train[1:]
        counts = np.bincount(pairs, minlength=vocabulary**2).reshape(vocabulary, vocabulary).astype(np.float64)
        total, kinds = counts.sum(1, keepdims=True), (counts > 0).sum(1, keepdims=True)
        before = (counts > 0).sum(0) + LAPLACE
        q = before / before.sum()
        seen = np.maximum(total, 1)
        self.p = np.where(total > 0, np.maximum(counts - discount, 0) / seen + discount * kinds / seen * q, q)

    def bits(self, tokens: np.ndarray) -> float:
        """Bits for tokens[1:]."""
        return float(-np.log2(self.p[tokens[:-1].astype(np.int64), tokens[1:]]).sum())


def tuned_bigram(train: np.ndarray, vocabulary: int) -> tuple[Bigram, float]:
    """(bigram of all of `train`, its discount): the one of DISCOUNTS best on the last TUNING of it when fitted to the rest."""
    cut = math.ceil(len(train) * (1 - TUNING))
    best = min(DISCOUNTS, key=lambda d: Bigram(train[:cut], vocabulary, d).bits(train[cut - 1 :]))
    return Bigram(train, vocabulary, best), best


def lzma_bits(train: bytes, heldout: dict[str, bytes]) -> dict[str, float]:
    """8 x (compressed size of train + heldout, less that of train) for each held-out text: LZMA2 at its strongest, seeing all."""
    size = max(1 << 20, 1 << (len(train) + max(map(len, heldout.values()))).bit_length())
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": size}]

    def packed(data: bytes) -> int:
        return len(lzma.compress(data, format=lzma.FORMAT_RAW, filters=filters))

    alone = packed(train)
    return {source: 8.0 * (packed(train + data) - alone) for source, data in heldout.items()}


def text_bytes(text: Encoded, tokens: np.ndarray) -> bytes:
    """The bytes behind a stream of tokens: documents, each closed by a zero byte; the first separator stands for nothing."""
    ends = np.flatnonzero(tokens == 0)
    pieces = [text.tokenizer.decode(tokens[a + 1 : b].tolist()) for a, b in pairwise(ends)]
    return b"".join(piece.encode() + b"\0" for piece in pieces)


def baselines(text: Encoded) -> dict[str, dict[str, float]]:
    """Bits per byte of "unigram", "bigram" and "lzma" on the held-out text of each source and on "all"."""
    vocabulary = text.tokenizer.size
    unigram, (bigram, _) = Unigram(text.train, vocabulary), tuned_bigram(text.train, vocabulary)
    bits_by_name = {
        "unigram": {source: unigram.bits(tokens) for source, tokens in text.heldout.items()},
        "bigram": {source: bigram.bits(tokens) for source, tokens in text.heldout.items()},
        "lzma": lzma_bits(text_bytes(text, text.train), {source: text_bytes(text, t) for source, t in text.heldout.items()}),
    }
    return {name: per_byte(bits, text) for name, bits in bits_by_name.items()}
