"""Models of a few thousand random parameters and facts of random tokens: enough for what is true of every model."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from realmodels.model.architectures import ARCHITECTURES, config_for, described
from realmodels.model.loaded import Loaded, load
from realmodels.model.transformer import Transformer
from realmodels.text.corpora import CorpusConfig
from realmodels.training.pretrain import train
from realmodels.training.recipe import PretrainConfig
from realmodels.writing.methods.writer import Background
from realmodels.writing.outputs import Asked, Facts, encode_asked, facts_from_ids, tree
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
def any_model(random_model):
    """Factory (kind, seed) -> a random model: of ours if the kind is one of our architectures, else a toy of that family."""

    def make(kind: str, seed: int = 0) -> nn.Module:
        if kind in ARCHITECTURES:
            return random_model(kind, seed)
        from tests.realmodels.toys import drawn  # transformers is slow to import

        return drawn(kind, seed=seed)

    return make


class Spelled:
    """An encoder whose texts spell token numbers: "12 7" is the tokens 12 and 7."""

    def prompt(self, text: str) -> list[int]:
        return [int(word) for word in text.split()]

    def joined(self, prompt: str, answer: str) -> tuple[list[int], list[int]]:
        return self.prompt(prompt), self.prompt(answer)


@pytest.fixture
def spelled_facts():
    """Factory (tasks, facts a task, seed) -> Facts whose subjects lie within the prompt and whose answers have 1 to 3 tokens."""

    def make(tasks: int = 2, per_task: int = 3, seed: int = 0) -> Facts:
        rng = np.random.default_rng(seed)
        answers = ["10", "11 12", "11 13 14", "15"]
        asked = []
        for fact in range(tasks * per_task):
            subject = " ".join(map(str, rng.integers(20, 320, rng.integers(1, 4))))
            asked.append(Asked(f"1 2 3 {subject} 5 {rng.integers(6, 10)}", answers[fact % 4], fact // per_task, subject))
        return encode_asked(asked, Spelled(), tree(asked, Spelled()))  # pyright: ignore[reportArgumentType]

    return make


@pytest.fixture
def background(spelled_facts):
    """Prompts of the form of `spelled_facts` about other subjects, and 24 windows of 16 random tokens as text to protect."""
    text = torch.randint(1, 320, (24, 16), generator=torch.Generator().manual_seed(9))
    return Background(spelled_facts(4, 3, seed=7), text)


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
