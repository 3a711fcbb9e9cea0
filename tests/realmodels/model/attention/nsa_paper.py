"""Native sparse attention token by token, written from Yuan et al. 2025 (arXiv 2502.11089, section 3.3).

`paper` is the second implementation that test_nsa.py compares with; with `wrong` it makes one of the mistakes in WRONG.
"""

import math
from dataclasses import replace
from functools import cache

import torch
from torch import Tensor

from realmodels.model.architectures import described
from realmodels.model.attention.nsa import NsaAttention
from realmodels.model.config import ModelConfig

# l, d, l', n, w, groups of 4 heads
SMALL = (4, 2, 4, 4, 8, 1)
SHAPES = [SMALL, (4, 2, 8, 3, 5, 2), (6, 2, 8, 3, 7, 4), (3, 1, 4, 3, 3, 2), (4, 4, 4, 3, 2, 1), (2, 2, 6, 3, 40, 2)]
SPARSE = (6, 2, 8, 4, 7, 2)
WRONG = [
    "a block is seen before it is complete",
    "eq. 9 counted from 0 with minus",
    "eq. 9 counted from 0 with plus",
    "eq. 9 counts a shared block once",
    "every head selects for itself",
    "one selection for all groups",
    "no initial block",
    "one local block",
    "three local blocks",
    "initial and local blocks besides the n",
    "whole blocks are seen",
    "a window of w + 1",
    "keys turned before phi",
    "compressed keys at their first token",
    "no position within a block",
    "a first token that reads nothing reads the mean",
    "the window has the keys of the selected branch",
]


def config_of(shape: tuple[int, ...], context: int = 200, heads: int = 4) -> ModelConfig:
    """A shape of 4 heads of 8 numbers with these hyperparameters."""
    config = described("nsa", "tiny", heads=heads, width=32, context=context)
    names = ("block", "stride", "selected_block", "selected", "window", "groups")
    return replace(config, hyperparameters={"nsa": {**dict(zip(names, shape, strict=True)), "phi_hidden": 6}})


def exact_angles(part: torch.nn.Module, dim: int) -> None:
    """The tables of angles, which are float32, in float64."""
    for module in part.modules():
        if hasattr(module, "cos"):
            angle = torch.tensor([[t * 10_000 ** (-2 * i / dim) for i in range(dim // 2)] for t in range(len(module.cos))])
            module.cos, module.sin = angle.double().cos(), angle.double().sin()


def layer(shape: tuple[int, ...] = SPARSE, seed: int = 0, dtype: torch.dtype = torch.float64, context: int = 200) -> NsaAttention:
    """A layer whose every parameter is random."""
    torch.set_default_dtype(torch.float64)
    try:
        made = NsaAttention(config_of(shape, context)).double()
        exact_angles(made, 8)
    finally:
        torch.set_default_dtype(torch.float32)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in sorted(made.named_parameters()):
            deviation = 1.0 if name.endswith("position") else p.shape[-1] ** -0.5 * (2 if "query" in name else 1)
            p.normal_(0, deviation, generator=generator)
    return made.to(dtype)


def inputs(length: int, seed: int = 1, batch: int = 1, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(batch, length, 32, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def hold(made: NsaAttention, **gates: float) -> None:
    """Set the gates of the branches to 0 or 1, whatever the input."""
    for name, value in gates.items():
        getattr(made, name).gate.register_forward_hook(
            lambda _, args, out, value=value: torch.full_like(out, math.inf if value else -math.inf)
        )


def unit(x: Tensor) -> Tensor:
    return x / (x.square().mean() + torch.finfo(x.dtype).eps).sqrt()


def turn(x: Tensor, position: int) -> Tensor:
    """Coordinates i and i + d/2 as one complex number, turned by position / 10000^(2i/d)."""
    half = len(x) // 2
    angle = torch.tensor([position * 10_000 ** (-2 * i / len(x)) for i in range(half)], dtype=x.dtype)
    z = torch.complex(x[:half], x[half:]) * torch.complex(angle.cos(), angle.sin())
    return torch.cat((z.real, z.imag))


def read(q: Tensor, keys: list[Tensor], values: list[Tensor]) -> tuple[Tensor, list[float]]:
    """Attn of eq. 2, one key after another: (what is read, the weights)."""
    if not keys:
        return torch.zeros(len(q), dtype=q.dtype), []
    e = [math.exp(float(q @ k) / math.sqrt(len(q))) for k in keys]
    p = [v / sum(e) for v in e]
    return sum(weight * v for weight, v in zip(p, values, strict=True)), p  # pyright: ignore


@torch.no_grad()
def paper(made: NsaAttention, x: Tensor, wrong: str = "") -> tuple[Tensor, Tensor]:
    """(output, "seen") of one text x [length, width], token by token. `wrong` makes one mistake."""
    P, D, sizes = dict(made.named_parameters()), 8, made.window.sizes
    l, d, long, n, w, G = (sizes[name] for name in ("block", "stride", "selected_block", "selected", "window", "groups"))
    T, H = len(x), 32 // D
    blocks, chunks = range((T - l) // d + 1 if l <= T else 0), range(-(-T // long))

    @cache
    def part(name: str, number: int, t: int) -> Tensor:
        return P[f"{name}.weight"][number * D : (number + 1) * D] @ x[t]

    def phi(name: str, g: int, u: list[Tensor]) -> Tensor:
        z = [v if wrong == "no position within a block" else v + P[f"{name}.position"][g, 0, i] for i, v in enumerate(u)]
        hidden = (P[f"{name}.first.weight"] @ torch.cat(z)).clamp(min=0) ** 2
        return sum(z) / l + P[f"{name}.second.weight"] @ hidden  # pyright: ignore

    def compressed(g: int, i: int) -> tuple[Tensor, Tensor]:
        tokens = range(i * d, i * d + l)
        early = wrong == "keys turned before phi"
        k = [turn(part("compressed.key", g, s), s) if early else part("compressed.key", g, s) for s in tokens]
        place = 0 if early else tokens[0] if wrong == "compressed keys at their first token" else tokens[-1]
        key = turn(unit(phi("compressed.phi_key", g, k)), place)
        return key, phi("compressed.phi_value", g, [part("compressed.value", g, s) for s in tokens])

    @cache
    def key(name: str, g: int, s: int) -> Tensor:
        return turn(unit(part(f"{name}.key", g, s)), s)

    def visible(t: int) -> list[int]:
        return [i for i in blocks if (i * d if wrong == "a block is seen before it is complete" else i * d + l - 1) <= t]

    def score(p: list[float], j: int) -> float:
        if "counted from 0" in wrong:
            sign = -1 if "minus" in wrong else 1
            places = [j * long // d + sign * (m + i) for m in range(long // d) for i in range(l // d)]
            return sum(p[i] for i in places if 0 <= i < len(p))
        mine = {s // d for s in range(j * long, (j + 1) * long)}  # the strides of block j
        shared = [len(mine & {s // d for s in range(i * d, i * d + l)}) for i in range(len(p))]
        return sum(v * (min(1, c) if wrong == "eq. 9 counts a shared block once" else c) for v, c in zip(p, shared, strict=True))

    def choose(scores: list[float], t: int) -> set[int]:
        own, local = t // long, {"one local block": 1, "three local blocks": 3}.get(wrong, 2)
        always = {j for j in range(own - local + 1, own + 1) if j >= 0} | ({0} - ({0} if wrong == "no initial block" else set()))
        others = sorted((j for j in chunks if j <= own and j not in always), key=lambda j: (-scores[j], j))
        return always | set(others[: n if "besides" in wrong else max(0, n - len(always))])

    short = [[compressed(g, i) for i in blocks] for g in range(G)]
    y, seen = torch.zeros(T, 32, dtype=x.dtype), torch.zeros(T, T, dtype=torch.bool)
    for t in range(T):
        q = [turn(unit(part("query", h, t)), t) for h in range(H)]
        coarse = [read(q[h], *([short[h * G // H][i][c] for i in visible(t)] for c in (0, 1))) for h in range(H)]
        by_head = [[score(p, j) for j in chunks] for _, p in coarse]
        for h in range(H):
            g = h * G // H
            mates = (
                [h] if "itself" in wrong else [a for a in range(H) if a * G // H == g or wrong == "one selection for all groups"]
            )
            chosen = choose([sum(by_head[a][j] for a in mates) for j in chunks], t)
            end = (t // long + 1) * long if wrong == "whole blocks are seen" else t + 1
            fine = [s for s in range(min(T, end)) if s // long in chosen]
            near = range(max(0, t - w + (0 if wrong == "a window of w + 1" else 1)), t + 1)
            outcome = {"compressed": coarse[h][0]}
            if "reads the mean" in wrong and not visible(t) and blocks:
                outcome["compressed"] = sum(short[g][i][1] for i in blocks) / len(blocks)  # pyright: ignore
            for name, tokens in (("selected", fine), ("window", near)):
                k = [key("selected" if "has the keys" in wrong else name, g, s) for s in tokens]
                outcome[name] = read(q[h], k, [part(f"{name}.value", g, s) for s in tokens])[0]
            for name, found in outcome.items():
                y[t, h * D : (h + 1) * D] += found / (1 + torch.exp(-(P[f"{name}.gate.weight"][h] @ x[t])))
            seen[t, fine] = True
            seen[t, near] = True
    return y @ P["output.weight"].T, seen
