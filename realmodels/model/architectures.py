"""The architectures: which part stands in which block; the sizes; and how architectures are made comparable.

A pattern of attention parts is repeated so that it ends with the last block: with three blocks, ("kda", "kda", "kda", "mla")
makes kda, kda, mla. A feed-forward part stands in every block, or in the middle block alone, with all others dense. If a part has
more parameters than the one it replaces, the feed-forward layers become narrower, so that all models of a size have equal totals.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from realmodels.model.config import ModelConfig
from realmodels.model.part import part
from realmodels.model.transformer import Transformer
from theory.errors import UserError


@dataclass(frozen=True)
class Architecture:
    """What it is, in a line, with its source; attention parts, repeated; feed-forward part, everywhere or in the middle block."""

    about: str
    attention: tuple[str, ...] = ("dense",)
    feedforward: str = "dense"
    middle: bool = False


ARCHITECTURES: dict[str, Architecture] = {
    "dense": Architecture("softmax attention over all earlier tokens, relu^2 layers"),
    "mla": Architecture("multi-head latent attention (DeepSeek-V2)", ("mla",)),
    "dsa": Architecture("attention to the tokens that a lightning indexer picks (DeepSeek-V3.2)", ("dsa",)),
    "mla_dsa": Architecture("latent attention to the tokens that a lightning indexer picks (DeepSeek-V3.2, GLM-5)", ("mla_dsa",)),
    "nsa": Architecture("native sparse attention: compressed, selected and sliding flows, gated (Yuan et al. 2025)", ("nsa",)),
    "gated_deltanet": Architecture("gated delta rule, a state instead of attention (Yang et al. 2025)", ("gated_deltanet",)),
    "gated_deltanet_dense": Architecture(
        "three gated delta rules to one softmax attention (Qwen3-Next, Qwen 3.5)", ("gated_deltanet",) * 3 + ("dense",)
    ),
    "kda": Architecture("Kimi delta attention: a decay for every key channel (Kimi Linear 2025)", ("kda",)),
    "kda_mla": Architecture(
        "three Kimi delta attentions to one latent attention without positions (Kimi Linear 2025)", ("kda",) * 3 + ("mla_nope",)
    ),
    "lightning": Architecture("linear attention with a constant decay per head (MiniMax-01)", ("lightning",)),
    "kwta": Architecture("the k most active hidden units of a feed-forward layer win", feedforward="kwta"),
    "l1": Architecture("hidden units kept sparse by a penalty on their sum", feedforward="l1"),
    "moe": Architecture("a router picks the best two of eight narrow feed-forward layers", feedforward="moe"),
    "memory": Architecture("a product-key memory layer in the middle (Berges et al. 2024)", feedforward="memory", middle=True),
    "peer": Architecture(
        "a million-experts layer in the middle: one hidden unit an expert (He 2024)", feedforward="peer", middle=True
    ),
}

# Hyperparameters of a size. "tiny" is for tests; "small" is what one CPU core trains in minutes; "base" is for a GPU.
# A vocabulary of 2048 at size "small" predicts held-out text better (0.06 bits per byte after 200 steps). It spends nearly half
# of the parameters on the embedding, so the layers that facts are written into would be little more than half as wide.
SIZES: dict[str, dict[str, int]] = {
    "tiny": {"vocabulary": 320, "context": 32, "width": 32, "layers": 2, "heads": 2, "hidden": 128},
    "mini": {"vocabulary": 512, "context": 128, "width": 32, "layers": 4, "heads": 2, "hidden": 128},
    "small": {"vocabulary": 1024, "context": 128, "width": 96, "layers": 3, "heads": 3, "hidden": 384},
    "medium": {"vocabulary": 2048, "context": 256, "width": 128, "layers": 4, "heads": 4, "hidden": 512},
    "large": {"vocabulary": 2048, "context": 256, "width": 192, "layers": 6, "heads": 6, "hidden": 768},
    "base": {"vocabulary": 32768, "context": 1024, "width": 768, "layers": 12, "heads": 12, "hidden": 3072},
}


def described(architecture: str, size: str, **changes: int) -> ModelConfig:
    """The model of this architecture with the sizes of `size`, `changes` apart: hidden as given, parameters as they come.

    Raises UserError for an unknown architecture or size.
    """
    if architecture not in ARCHITECTURES:
        raise UserError(f"unknown architecture {architecture!r}: choose one of {', '.join(ARCHITECTURES)}")
    if size not in SIZES:
        raise UserError(f"unknown size {size!r}: choose one of {', '.join(SIZES)}")
    pattern, sizes = ARCHITECTURES[architecture], {**SIZES[size], **changes}
    layers, length = sizes["layers"], len(pattern.attention)
    attention = tuple(pattern.attention[(index - layers) % length] for index in range(layers))
    special = pattern.feedforward
    feedforward = tuple(special if not pattern.middle or index == layers // 2 else "dense" for index in range(layers))
    shape = ModelConfig(architecture, size, **sizes, attention=attention, feedforward=feedforward)
    sizes = {name: part("attention", name).hyperparameters(shape) for name in sorted(set(attention))}
    sizes |= {name: part("feedforward", name).hyperparameters(shape) for name in sorted(set(feedforward)) if name != "dense"}
    return replace(shape, hyperparameters={name: own for name, own in sizes.items() if own})


def _empty(config: ModelConfig) -> Transformer:
    """The model with shapes and without numbers."""
    with torch.device("meta"):
        return Transformer(config)


def parameters(config: ModelConfig) -> int:
    """Number of parameters of the model, all counted once (the embedding is also the output matrix)."""
    return sum(p.numel() for p in _empty(config).parameters())


def active_parameters(config: ModelConfig) -> int:
    """Parameters that one token's prediction multiplies with: all, but for slots and experts that it does not use."""
    model = _empty(config)
    idle = sum(part.idle() for block in model.blocks for part in (block.attention, block.feedforward))
    return sum(p.numel() for p in model.parameters()) - idle


def flops_per_token(config: ModelConfig) -> float:
    """Floating-point operations of the matrix products of a forward pass, per token of a text of one context.

    A multiplication and an addition count as two; training takes three times as many. Counted by PyTorch on shapes alone, so
    that selections count by what the code computes (dense products under a mask), not by what a kernel for a GPU would skip;
    triangular solves are not counted.
    """
    tokens = torch.zeros(1, config.context, dtype=torch.long, device="meta")
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        _empty(config)(tokens)
    return counter.get_total_flops() / config.context


@cache
def config_for(architecture: str, size: str = "small") -> ModelConfig:
    """The model of this architecture at this size, its hidden width solved so that parameter counts match the dense model's.

    The hidden width is the multiple of 4 that comes nearest. Raises UserError for an unknown architecture or size.
    """
    config = described(architecture, size)
    if architecture == "dense":
        return config
    low, high = (parameters(replace(config, hidden=hidden)) for hidden in (config.hidden, 2 * config.hidden))
    units = config.hidden + (parameters(described("dense", size)) - low) * config.hidden / (high - low)
    if units < 4:
        raise UserError(f"architecture {architecture!r} does not fit into size {size!r}: choose a larger size")
    return replace(config, hidden=4 * round(units / 4))


def models(sizes: Sequence[str] = tuple(SIZES), flops: bool = False) -> list[dict[str, Any]]:
    """All models of these sizes: architecture, size, what it is, parameters, active parameters, configuration.

    flops: with FLOPs a token as well, which takes seconds a size. Raises UserError for an unknown size.
    """
    return [
        {
            "architecture": architecture,
            "size": size,
            "about": pattern.about,
            "parameters": parameters(config),
            "active_parameters": active_parameters(config),
            **({"flops_per_token": flops_per_token(config)} if flops else {}),
            "config": config.to_json(),
        }
        for size in sizes
        for architecture, pattern in ARCHITECTURES.items()
        for config in [config_for(architecture, size)]
    ]
