"""A model that has read ten batches, with room for a short story."""

from dataclasses import replace
from pathlib import Path

from realmodels.model.architectures import config_for
from realmodels.text.corpora import CorpusConfig
from realmodels.training.pretrain import train
from realmodels.training.recipe import PretrainConfig


def story_model(workspace: Path) -> str:
    """Train it; its folder."""
    shape = replace(config_for("dense", "tiny"), context=256)
    corpus = CorpusConfig(wiki=80_000, dictionary=40_000, factbook=0, heldout=4_000)
    return str(train(PretrainConfig(shape, corpus, seed=0, steps=10, batch=4, evaluations=1), workspace))
