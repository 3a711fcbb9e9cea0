"""Muon: momentum, made orthogonal (Jordan et al. 2024), for all matrices of one shape at once.

  m <- beta m + (1 - beta) g;   u = (1 - beta) g + beta m;   W <- W - rate sqrt(max(1, rows/columns)) O(u)
with O(u) the orthogonal factor of u, by five steps of a quintic Newton-Schulz iteration. It is the rule of torch.optim.Muon,
which moves one matrix after the other. Products are in bfloat16, as there, where the device multiplies in it; a processor that
has to imitate bfloat16 takes several times as long, and there they are in float32. On a CPU the products are so small that
calling them costs more than computing them: moving all matrices of a shape together was 2.6 times as fast for 128 x 128 and
128 x 512. A parameter with three axes is a pile of matrices (experts).
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of Jordan et al.: steepest at 0; singular values end between 0.7 and 1.2
STEPS = 5


def multiplies_in_bfloat16(device: torch.device) -> bool:
    """Whether the device has instructions for products in bfloat16: a GPU, or a processor with AVX-512 BF16."""
    return device.type != "cpu" or getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)()


def orthogonal(x: Tensor) -> Tensor:
    """The orthogonal factors of matrices [..., rows, columns], roughly: singular values between 0.7 and 1.2."""
    a, b, c = COEFFICIENTS
    y = x.to(torch.bfloat16 if multiplies_in_bfloat16(x.device) else torch.float32).reshape(-1, *x.shape[-2:])
    tall = y.shape[-2] > y.shape[-1]
    y = y.mT.contiguous() if tall else y
    y = y / y.norm(dim=(-2, -1), keepdim=True).clamp(min=1e-7)
    for _ in range(STEPS):
        gram = y @ y.mT
        y = torch.baddbmm(y, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), y, beta=a)
    return (y.mT if tall else y).reshape(x.shape)


class Muon(Optimizer):
    """The rule above with learning rate `lr` and momentum beta; state "momentum_buffer" of each parameter's shape."""

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float, momentum: float = 0.95):
        super().__init__(parameters, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        """One step of all parameters that have a gradient."""
        for group in self.param_groups:
            beta = group["momentum"]
            piles: dict[torch.Size, list[tuple[nn.Parameter, Tensor]]] = {}
            for p in group["params"]:
                if p.grad is not None:
                    state = self.state[p]
                    if not state:
                        state["momentum_buffer"] = torch.zeros_like(p)
                    m = state["momentum_buffer"].lerp_(p.grad, 1 - beta)
                    piles.setdefault(p.shape[-2:], []).append((p, p.grad.lerp(m, beta)))
            for shape, pile in piles.items():
                rate = group["lr"] * max(1.0, shape[0] / shape[1]) ** 0.5
                moves = orthogonal(torch.cat([u.reshape(-1, *shape) for _, u in pile]))
                for (p, u), move in zip(pile, moves.split([u.numel() // shape.numel() for _, u in pile]), strict=True):
                    p.add_(move.reshape(u.shape), alpha=-rate)
