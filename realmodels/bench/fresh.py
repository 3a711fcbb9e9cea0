"""New models for the benchmark: an architecture of this project with parameters drawn at random, and one token for every word."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import torch
from tokenizers import Tokenizer as Backend
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit

from realmodels.bench.kinds import words
from realmodels.model.architectures import ARCHITECTURES, described, parameters
from realmodels.model.config import ModelConfig
from realmodels.model.loaded import Loaded
from realmodels.model.transformer import Transformer
from realmodels.text.encoder import Encoder
from realmodels.text.tokenizer import SEPARATOR, Tokenizer
from theory.errors import UserError

LAYERS, HEADS, CONTEXT = 2, 2, 32
LARGEST = 1024  # width


def fresh_config(architecture: str, width: int, vocabulary: int) -> ModelConfig:
    """Two blocks of this width, the feed-forward layers narrowed so that the model has the parameters of the dense one.

    Raises UserError for an unknown architecture, for a width that two heads cannot share, and if it does not fit.
    """
    if width < 8 or width > LARGEST or width % 4:
        raise UserError(f"width {width}: give a multiple of 4 from 8 to {LARGEST}")
    sizes = {"vocabulary": vocabulary, "context": CONTEXT, "width": width, "layers": LAYERS, "heads": HEADS, "hidden": 4 * width}
    config = described(architecture, "tiny", **sizes)
    if architecture == "dense":
        return config
    low, high = (parameters(replace(config, hidden=hidden)) for hidden in (4 * width, 8 * width))
    units = 4 * width + (parameters(described("dense", "tiny", **sizes)) - low) * 4 * width / (high - low)
    if units < 4:
        raise UserError(f"architecture {architecture!r} does not fit a width of {width}: give a larger --width")
    return replace(config, hidden=4 * round(units / 4))


def fresh(architecture: str, width: int, kind: str, seed: int) -> Loaded:
    """A model that has learned nothing, for texts of this kind. Raises UserError as `fresh_config` and `kinds.words`."""
    if architecture not in ARCHITECTURES:
        raise UserError(
            f"unknown architecture {architecture!r}: choose one of {', '.join(ARCHITECTURES)}, or give a model's folder"
        )
    vocabulary = {word: number for number, word in enumerate([SEPARATOR, *words(kind)])}
    backend = Backend(WordLevel(vocabulary, SEPARATOR))
    backend.pre_tokenizer = WhitespaceSplit()  # pyright: ignore[reportAttributeAccessIssue]
    config = fresh_config(architecture, width, len(vocabulary))
    tokenizer = Tokenizer(backend)
    about = {"config": config.to_json(), "seed": seed}
    sha256 = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
    model = Transformer(config, seed).eval()
    encoder = Encoder.ours(tokenizer, config.vocabulary)
    return Loaded(model, encoder, tokenizer, about, Path(architecture), sha256, torch.float32)
