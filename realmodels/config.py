"""The sizes of a model, and how architectures are made comparable: by an equal number of parameters.

Three architectures share one Transformer and differ in one part:
  dense   softmax attention over all earlier tokens; a feed-forward layer in every block
  memory  the feed-forward layer of the middle block is a product-key memory layer (feedforward/memory_layer.py)
  dsa     a lightning indexer picks the tokens that attention sees (attention/dsa.py)
A part that costs more parameters than the one it replaces is paid for by narrower feed-forward layers everywhere else, so that
the totals agree (`config_for`: to half a percent at size "small").
"""

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from theory.errors import UserError

Architecture = Literal["dense", "memory", "dsa"]
ARCHITECTURES: tuple[Architecture, ...] = get_args(Architecture)


@dataclass(frozen=True)
class ModelConfig:
    """Everything that fixes the shape of a model; fields of a part that the architecture lacks are 0.

    Memory layer: memory_keys sub-keys per half, hence memory_keys^2 slots of memory_value_dim numbers; each of memory_heads
    queries of memory_key_dim numbers reads memory_topk slots. Indexer: indexer_heads queries and one key of indexer_dim
    numbers; attention sees indexer_topk tokens.
    """

    architecture: Architecture
    vocabulary: int
    context: int
    width: int
    layers: int
    heads: int
    hidden: int
    memory_keys: int = 0
    memory_heads: int = 0
    memory_topk: int = 0
    memory_key_dim: int = 0
    memory_value_dim: int = 0
    indexer_heads: int = 0
    indexer_dim: int = 0
    indexer_topk: int = 0

    @property
    def head_dim(self) -> int:
        """Width of one attention head."""
        return self.width // self.heads

    @property
    def slots(self) -> int:
        """Number of memory slots (0 without a memory layer)."""
        return self.memory_keys**2

    @property
    def memory_block(self) -> int | None:
        """Index of the block whose feed-forward part is a memory layer: the middle one."""
        return self.layers // 2 if self.memory_keys else None

    def to_json(self) -> dict[str, Any]:
        """As a dictionary of JSON values."""
        return asdict(self)


# Dials of a size. "tiny" is for tests; "small" is what two CPU cores train in minutes. A vocabulary of 2048 predicts held-out
# text better (0.06 bits per byte after 200 steps) but spends nearly half of these parameters on the embedding: the layers that
# facts are written into would be little more than half as wide.
SIZES: dict[str, dict[str, int]] = {
    "tiny": {"vocabulary": 320, "context": 32, "width": 32, "layers": 2, "heads": 2, "hidden": 128},
    "small": {"vocabulary": 1024, "context": 128, "width": 96, "layers": 3, "heads": 3, "hidden": 384},
}
MEMORY: dict[str, dict[str, int]] = {
    "tiny": {"memory_keys": 8, "memory_heads": 2, "memory_topk": 4, "memory_key_dim": 16, "memory_value_dim": 32},
    "small": {"memory_keys": 32, "memory_heads": 2, "memory_topk": 8, "memory_key_dim": 32, "memory_value_dim": 64},
}
INDEXER: dict[str, dict[str, int]] = {
    "tiny": {"indexer_heads": 2, "indexer_dim": 8, "indexer_topk": 8},
    "small": {"indexer_heads": 2, "indexer_dim": 16, "indexer_topk": 32},
}


def _memory_parameters(c: ModelConfig) -> int:
    query = (c.width + 1) * c.memory_heads * c.memory_key_dim
    keys = c.memory_heads * c.memory_keys * c.memory_key_dim
    return query + keys + c.slots * c.memory_value_dim + 2 * c.width * c.memory_value_dim


def _indexer_parameters(c: ModelConfig) -> int:
    return c.width * (c.indexer_heads * c.indexer_dim + c.indexer_dim + c.indexer_heads) + 2 * c.indexer_dim


def parameters(c: ModelConfig) -> int:
    """Number of parameters of the model, all counted once (the embedding is also the output matrix)."""
    total = c.vocabulary * c.width + c.layers * (4 * c.width**2 + 2 * c.width * c.hidden)
    if c.architecture == "memory":
        total += _memory_parameters(c) - 2 * c.width * c.hidden
    if c.architecture == "dsa":
        total += c.layers * _indexer_parameters(c)
    return total


def active_parameters(c: ModelConfig) -> int:
    """Parameters that one token's prediction multiplies with: all, but for the memory slots that it does not read."""
    return parameters(c) - (c.slots - c.memory_heads * c.memory_topk) * c.memory_value_dim if c.slots else parameters(c)


def config_for(architecture: str, size: str = "small") -> ModelConfig:
    """The model of this architecture at this size, its hidden width solved so that parameter counts match the dense model's.

    The hidden width is the multiple of 4 that comes nearest. Raises UserError for an unknown architecture or size.
    """
    if architecture not in ARCHITECTURES:
        raise UserError(f"unknown architecture {architecture!r}: choose one of {', '.join(ARCHITECTURES)}")
    if size not in SIZES:
        raise UserError(f"unknown size {size!r}: choose one of {', '.join(SIZES)}")
    dense = ModelConfig("dense", **SIZES[size])
    if architecture == "dense":
        return dense
    extra = MEMORY[size] if architecture == "memory" else INDEXER[size]
    config = replace(dense, architecture=architecture, **extra)
    layers_with_hidden = config.layers - (architecture == "memory")
    spare = parameters(dense) - parameters(replace(config, hidden=0))
    return replace(config, hidden=4 * round(spare / (2 * config.width * layers_with_hidden) / 4))


def models() -> list[dict[str, Any]]:
    """All models that can be trained: architecture, size, parameters, active parameters, and the configuration."""
    return [
        {
            "architecture": architecture,
            "size": size,
            "parameters": parameters(config),
            "active_parameters": active_parameters(config),
            "config": config.to_json(),
        }
        for size in SIZES
        for architecture in ARCHITECTURES
        for config in [config_for(architecture, size)]
    ]
