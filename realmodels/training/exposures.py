"""Train a model on short biographies, and measure how many bits about the people it then holds."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from realmodels.model.config import ModelConfig
from realmodels.model.transformer import Transformer
from realmodels.text.short_biographies import NAME, VALUE, ShortBiographies
from realmodels.training.loop import Objective, gradient_step
from realmodels.training.optimisers import Optimisers
from realmodels.training.recall import stored
from realmodels.training.recipe import schedule

RISE = 0.02  # share of the steps in which the learning rate warms up
CLIP = 1.0  # largest norm of the gradient of a group of parameters


@dataclass(frozen=True)
class ExposureConfig:
    """Everything that fixes a training on short biographies, except the biographies.

    exposures: how many texts about each person are read. batch: people per step. fall: share of the steps in which the
    learning rate decays. learning_rates: of each group of parameters.
    """

    model: ModelConfig
    seed: int
    exposures: int
    batch: int
    fall: float
    learning_rates: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """As a dictionary of JSON values."""
        return {**asdict(self), "model": self.model.to_json()}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "ExposureConfig":
        """The configuration that `to_json` gave."""
        return cls(**{**values, "model": ModelConfig.from_json(values["model"])})


def _losses(model: Transformer, texts: np.ndarray) -> tuple[Tensor, Tensor]:
    """(loss in nats, whether the model's likeliest token is right) at every token but the first, both [texts, length - 1].

    The loss after the end of a text is 0.
    """
    tokens = torch.from_numpy(texts.astype(np.int64))
    logits = model(tokens[:, :-1].clamp(min=0))
    loss = F.cross_entropy(logits.transpose(1, 2), tokens[:, 1:], ignore_index=-1, reduction="none")
    return loss, logits.argmax(-1) == tokens[:, 1:]


def train(
    config: ExposureConfig, people: ShortBiographies, progress: Callable[[int, int, float], None] | None = None
) -> Transformer:
    """The model after all exposures, each in an order of its own; deterministic.

    progress(step, steps, loss) is called after every step. Raises UserError if the training diverges.
    """
    model = Transformer(config.model, config.seed)
    optimisers = Optimisers(model, config.learning_rates, CLIP)
    per_exposure = math.ceil(people.config.people / config.batch)
    steps = per_exposure * config.exposures
    for exposure in range(config.exposures):
        texts, _ = people.exposure(exposure)
        order = np.random.default_rng([config.seed, 2, exposure]).permutation(len(texts))
        for part, rows in enumerate(np.array_split(order, per_exposure)):
            step, batch = exposure * per_exposure + part, texts[rows]

            def objective(batch: np.ndarray = batch) -> Objective:
                loss = _losses(model, batch)[0].sum() / int((batch[:, 1:] >= 0).sum())
                return Objective(loss, loss)

            factor = schedule(step, steps, RISE, config.fall)
            value = gradient_step(model, optimisers, objective, factor, f"exposures, step {step + 1}")
            if progress:
                progress(step + 1, steps, value)
    return model


@torch.no_grad()
def bits_held(model: Transformer, people: ShortBiographies, exposure: int) -> dict[str, float]:
    """What the model holds, from its losses on texts of an exposure that it has not read, in bits over all people.

    names, values: `realmodels.training.recall.stored`. clipped: sum over values of max(0, log2 S - loss). It is no lower bound,
    as lucky guesses count and unlucky ones do not. recall: share of the values that are the model's likeliest token.
    """
    texts, kinds = people.exposure(exposure)
    kind = torch.from_numpy(kinds[:, 1:])
    parts = [_losses(model, part) for part in np.array_split(texts, 8)]
    loss, right = (torch.cat(one) for one in zip(*parts, strict=True))
    name, value = (loss[kind == one].double() for one in (NAME, VALUE))
    bits = stored(people.config, float(name.sum()) / len(texts), float(value.sum()) / len(texts))
    clipped = (people.config.bits["value"] - value / math.log(2)).clamp(min=0).sum()
    return {**bits, "clipped": float(clipped), "recall": float(right[kind == VALUE].double().mean())}
