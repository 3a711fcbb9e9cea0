"""The shape of a model: sizes that all parts share, the parts of every block, and the hyperparameters of each part."""

from dataclasses import asdict, dataclass, field
from typing import Any

Hyperparameters = dict[str, int | float]


@dataclass(frozen=True)
class ModelConfig:
    """Everything that fixes the shape of a model.

    architecture: its name, as in `cwb models`. size: the name of its size. vocabulary: tokens. context: most tokens of a text.
    width: numbers of the residual stream. hidden: hidden units of a feed-forward layer, over all experts where it has several.
    attention, feedforward: the name of the part in each block, which is the name of its file. hyperparameters: sizes and
    constants of each part, by the name of the part.
    """

    architecture: str
    size: str
    vocabulary: int
    context: int
    width: int
    layers: int
    heads: int
    hidden: int
    attention: tuple[str, ...]
    feedforward: tuple[str, ...]
    hyperparameters: dict[str, Hyperparameters] = field(default_factory=dict)

    @property
    def head_dim(self) -> int:
        """Width of one attention head."""
        return self.width // self.heads

    def to_json(self) -> dict[str, Any]:
        """As a dictionary of JSON values."""
        return {**asdict(self), "attention": list(self.attention), "feedforward": list(self.feedforward)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "ModelConfig":
        """The configuration that `to_json` gave. Raises TypeError or KeyError if it is not one."""
        return cls(**{**values, "attention": tuple(values["attention"]), "feedforward": tuple(values["feedforward"])})
