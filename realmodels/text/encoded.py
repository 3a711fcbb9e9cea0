"""Pretraining text as token numbers: encoded once, kept in the workspace, read back through memory maps.

A stream of tokens is: separator, document, separator, document, ..., separator. All but the first token are predicted, and a
separator counts as one byte, so that bits per byte mean the same for models of tokens and for a compressor of bytes.
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from realmodels.text import corpora, fact_texts, tokenizer
from realmodels.text.biographies import Biographies
from realmodels.text.corpora import CorpusConfig
from realmodels.text.tokenizer import Tokenizer
from simulate.runs.fingerprint import code_fingerprint
from simulate.runs.store import digest


@dataclass(frozen=True)
class Encoded:
    """Training tokens and held-out tokens per source: uint16, 1-D, as `stream` makes them."""

    tokenizer: Tokenizer
    train: np.ndarray
    heldout: dict[str, np.ndarray]

    def bytes_of(self, tokens: np.ndarray) -> int:
        """Bytes of the text of these tokens in UTF-8, one for each separator."""
        return int(self.tokenizer.bytes_per_token()[tokens].sum())


def stream(encoder: Tokenizer, texts: list[str]) -> np.ndarray:
    """One stream of the tokens of all texts, separators included."""
    return np.concatenate([np.zeros(1, np.uint16), *(np.array([*ids, 0], np.uint16) for ids in encoder.encode_all(texts))])


def encoded(config: CorpusConfig, vocabulary: int, workspace: Path) -> Encoded:
    """The corpus of `config` under a tokenizer of `vocabulary` tokens trained on its training text; made once per workspace."""
    folder = workspace / "text" / digest(config.to_json(), vocabulary, code_fingerprint(__name__))
    if not folder.exists():
        _make(config, vocabulary, folder)
    return Encoded(
        tokenizer.from_str((folder / "tokenizer.json").read_text(encoding="utf-8")),
        np.load(folder / "train.npy", mmap_mode="r"),
        {path.stem.removeprefix("heldout-"): np.load(path) for path in sorted(folder.glob("heldout-*.npy"))},
    )


def _make(config: CorpusConfig, vocabulary: int, folder: Path) -> None:
    corpus = corpora.load(config)
    encoder = tokenizer.train(corpus.train, vocabulary)  # of the English text alone: the same tokens with facts and without
    facts = fact_texts.texts(Biographies(config.people, config.people_seed), config.exposures, config.cities)
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        encoder.save(temporary / "tokenizer.json")
        np.save(temporary / "train.npy", stream(encoder, fact_texts.mixed(corpus.train, facts)))
        for source, texts in corpus.heldout.items():
            np.save(temporary / f"heldout-{source}.npy", stream(encoder, texts))
        try:
            temporary.rename(folder)
        except OSError:
            if not folder.exists():  # else another process was first: its folder holds the same
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
