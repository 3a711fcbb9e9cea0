"""Models of a few thousand random parameters and facts of random tokens: enough for what is true of every model."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from realmodels.model.architectures import config_for, described
from realmodels.model.loaded import Loaded, load
from realmodels.model.transformer import Transformer
from realmodels.text.corpora import CorpusConfig
from realmodels.training.pretrain import train
from realmodels.training.recipe import PretrainConfig
from realmodels.writing.outputs import Facts, facts_from_ids
from tests.realmodels.toys import toy


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> tuple[Path, dict[str, Path]]:
    """(workspace, {architecture: checkpoint}) of models of about size "tiny" after ten steps of pretraining: they know next
    to nothing."""
    workspace = tmp_path_factory.mktemp("trained")
    corpus = CorpusConfig(wiki=80_000, dictionary=40_000, factbook=0, heldout=4_000)
    shapes = [replace(config_for(architecture, "tiny"), context=64) for architecture in ("dense", "memory")]
    configs = {m.architecture: PretrainConfig(m, corpus, seed=0, steps=10, batch=4, evaluations=1) for m in shapes}
    return workspace, {architecture: train(config, workspace) for architecture, config in configs.items()}


@pytest.fixture(scope="session")
def toys(tmp_path_factory) -> Callable[..., Loaded]:
    """Factory (family, dtype) -> a toy of `tests.realmodels.toys` as it is loaded, every time anew; its files are made once."""

    @cache
    def folder(family: str, dtype: torch.dtype) -> Path:
        return toy(family, tmp_path_factory.mktemp("toys") / "model", dtype)

    return lambda family, dtype=torch.float32: load(folder(family, dtype))


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def random_model():
    """Factory (architecture, seed, layers) -> Transformer whose every matrix is random (a fresh one's output projections
    are 0)."""

    def make(architecture: str = "dense", seed: int = 0, layers: int = 3) -> Transformer:
        hidden = config_for(architecture, "tiny").hidden
        model = Transformer(described(architecture, "tiny", layers=layers, hidden=hidden), seed)
        generator = torch.Generator().manual_seed(seed + 1)
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if name.endswith("output.weight") or (name.endswith("values.weight") and architecture == "peer"):
                    parameter.normal_(0, parameter.shape[-1] ** -0.5, generator=generator)
            model.embedding.weight.mul_(4)  # logits of order one, as in a trained model
        return model

    return make


@pytest.fixture
def random_facts():
    """Factory (tasks, facts a task, seed) -> Facts: prompts [1 2 3, subject, 5] of unequal lengths, 4 candidate answers."""

    def make(tasks: int = 4, per_task: int = 4, seed: int = 0) -> Facts:
        rng = np.random.default_rng(seed)
        count = tasks * per_task
        prompts = [[1, 2, 3, *rng.integers(20, 320, rng.integers(2, 6)).tolist(), 5] for _ in range(count)]
        tasks_of = [i // per_task for i in range(count)]
        return facts_from_ids(prompts, rng.integers(0, 4, count).tolist(), tasks_of, [10, 11, 12, 13])

    return make
