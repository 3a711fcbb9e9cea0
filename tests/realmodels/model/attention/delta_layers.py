"""Inputs that the tests of Gated DeltaNet and of Kimi delta attention share."""

import torch


def inputs(width: int, length: int, seed: int = 5, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Two texts of random inputs."""
    return torch.randn(2, length, width, generator=torch.Generator().manual_seed(seed), dtype=dtype)
