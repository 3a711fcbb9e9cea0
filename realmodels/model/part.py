"""What a part of a block is: something that reads the residual stream and returns what is to be added to it.

A part is a file of `realmodels/model/attention` or `realmodels/model/feedforward` that binds its class to `PART`. It is known by
the name of the file and imported when a configuration names it. So a new part is a new file and changes no other model.
"""

import importlib
import math
import pkgutil
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from realmodels.model.config import Hyperparameters, ModelConfig
from realmodels.model.record import Record, Residual
from simulate.runs.fingerprint import code_fingerprint
from theory.errors import UserError

Kind = Literal["attention", "feedforward"]
Stage = Literal["dense", "warmup", "sparse"]


class Cache:
    """What one part keeps of the tokens that it has read, from one call to the next; `length` counts them."""

    def __init__(self) -> None:
        self.length = 0
        self.tensors: dict[str, Tensor] = {}

    def grow(self, name: str, new: Tensor, dim: int = -2) -> Tensor:
        """The tensors kept under this name so far, and then `new`, side by side along `dim`: kept, and returned."""
        self.tensors[name] = torch.cat((self.tensors[name], new), dim) if name in self.tensors else new
        return self.tensors[name]


class Part(nn.Module):
    """Base of all parts. A matrix that writes into the residual stream is called `output`: it starts at 0."""

    staged: ClassVar[bool] = False
    """Whether it trains in the three stages of DeepSeek sparse attention (`realmodels.training.pretrain`)."""
    stage: Stage = "sparse"
    """The stage it is in, if it is staged; the last one outside training."""

    @staticmethod
    def hyperparameters(shape: ModelConfig) -> Hyperparameters:
        """The part's own sizes and constants in a model of this shape (whose `hyperparameters` are not yet there)."""
        return {}

    def initialise(self, generator: torch.Generator) -> None:
        """Fresh parameters, one after another in the order of their names."""
        for name, parameter in self.named_parameters():
            self.draw(name, parameter, generator)

    def draw(self, name: str, parameter: Tensor, generator: torch.Generator) -> None:
        """Fresh values of one parameter: matrices normal with variance 1/inputs, output matrices and biases 0, gains 1."""
        if name.endswith(("output.weight", "bias")):
            parameter.zero_()
        elif name.endswith("norm.weight"):
            parameter.fill_(1.0)
        else:
            parameter.normal_(0.0, 1 / math.sqrt(parameter.shape[-1]), generator=generator)

    def idle(self) -> int:
        """How many of the part's parameters the prediction of one token does not multiply with."""
        return 0

    def forward(self, x: Residual, record: Record | None = None, cache: Cache | None = None) -> Residual:
        """The part at normalised inputs x. With a cache, x are the tokens after those that it has seen."""
        raise NotImplementedError


def names(kind: Kind) -> list[str]:
    """Names of all parts of a kind."""
    package = importlib.import_module(f"{__package__}.{kind}")
    return [info.name for info in pkgutil.iter_modules(package.__path__) if _bound(kind, info.name) is not None]


def part(kind: Kind, name: str) -> type[Part]:
    """The class of a part. Raises UserError for a name that no file has."""
    bound = _bound(kind, name)
    if bound is None:
        raise UserError(f"no {kind} part is called {name!r}: choose one of {', '.join(names(kind))}")
    return bound


def _bound(kind: Kind, name: str) -> Any:
    module = f"{__package__}.{kind}.{name}"
    try:
        return getattr(importlib.import_module(module), "PART", None)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        return None


def code(config: ModelConfig) -> dict[str, str]:
    """Fingerprints of the code of every part of a model.

    Parts are imported by name, which a fingerprint of imports does not see.
    """
    used = {("attention", name) for name in config.attention} | {("feedforward", name) for name in config.feedforward}
    return {f"{kind}.{name}": code_fingerprint(f"{__package__}.{kind}.{name}") for kind, name in sorted(used)}
