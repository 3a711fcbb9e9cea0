"""Native sparse attention: each token sees compressed blocks, the tokens of the best blocks, and a sliding window, gated.

Yuan et al. 2025 (arXiv 2502.11089, version 2), section 3.2 and 3.3. Tokens and blocks are counted from 0; a group is the heads
that share keys and values (grouped queries, as in the paper). One query serves three branches, each with its own keys k, values v
and gates (eq. 5):  o[t] = W_output sum_c sigmoid(W_gate_c x[t]) Attn(q[t], K_c, V_c), one gate per head.
  compressed (eq. 7)      block i is the tokens i d .. i d + l - 1; it has one key and one value, phi of the block's keys and
                          phi of its values. A token sees a block once its last token is not later; with none it reads 0.
  selected (eqs. 8-12)    blocks j of l' tokens, scored by p, the weights of the compressed branch: p'[j] = the sum of p[i] over
                          i and over the strides of d tokens that i and j share, and over the heads of a group. The best n
                          blocks are seen, the first one and the two local ones (that of t, the one before) always among them.
  window (section 3.3.3)  the last w tokens, t included.
The selection has no gradient: the compressed branch learns by what it reads. Nothing is staged.

Choices. Eq. 9 sums p[j l'/d - m - n] over m < l'/d, n < l/d (version 1: + m + n). Counted from 1 that is the overlap above, which
"spatial relationship" says; counted from 0, as eqs. 7 and 12 count, both would score a block by its neighbours. phi, "an MLP with
intra-block position encoding", is here with z_i = u_i + e_i, e learnt for each group, W_1 and W_2 one for all groups:
    phi(u) = mean_i z_i + W_2 relu^2(W_1 (z_1 | ... | z_l)),  W_2 = 0 at the start.
Positions as in `dense`: q and k have root mean square 1 and are turned by the token's position. phi reads keys without either (a
turn must not stand before a matrix); its result is normalised and turned by the position of the block's last token. Gates are
linear, not an MLP. Of equal scores the earlier block wins.
Three choices are not the paper's. There is one group per three heads, so that keys and values of three branches cost what those
of `dense` cost. Lengths grow with the context up to the paper's, which are reached at 1024. The number n is 16 in the paper for
contexts of thousands; here it stays at 8, so that a token selects a quarter to a half of its context.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from realmodels.model.attention.dense import attend, causal, softmax_attention
from realmodels.model.attention.rope import angles, rotate
from realmodels.model.config import Hyperparameters, ModelConfig
from realmodels.model.part import Cache, Part
from realmodels.model.record import Record, Residual, note
from theory.errors import UserError

LOCAL = 2  # blocks up to the query's own that are always selected, besides the first one
PIECE = 64  # queries whose gathered keys are in memory at once

Queries = Float[Tensor, "batch heads length dim"]
Keys = Float[Tensor, "batch groups total dim"]


class Phi(nn.Module):
    """One vector for each block of l: the mean, and two matrices with relu^2 between them."""

    def __init__(self, groups: int, length: int, dim: int, hidden: int):
        super().__init__()
        self.position = nn.Parameter(torch.empty(groups, 1, length, dim))  # four axes: not a matrix to the optimiser
        self.first = nn.Linear(length * dim, hidden, bias=False)
        self.second = nn.Linear(hidden, dim, bias=False)

    def forward(self, blocks: Float[Tensor, "batch groups blocks l dim"]) -> Float[Tensor, "batch groups blocks dim"]:
        """phi of every block."""
        z = blocks + self.position
        return z.mean(-2) + self.second(F.relu(self.first(z.flatten(-2))).square())


class Branch(nn.Module):
    """Keys, values and gates of one branch."""

    cos: Tensor
    sin: Tensor

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.sizes = {name: int(value) for name, value in config.hyperparameters["nsa"].items()}
        self.groups, self.heads = self.sizes["groups"], config.heads // self.sizes["groups"]  # heads of a group
        self.key, self.value = (nn.Linear(config.width, self.groups * config.head_dim, bias=False) for _ in range(2))
        self.gate = nn.Linear(config.width, config.heads, bias=False)
        cos, sin = angles(config.context, config.head_dim)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    def split(self, x: Residual) -> tuple[Keys, Keys]:
        """k and v of x, neither normalised nor rotated."""
        k, v = (part(x).unflatten(-1, (self.groups, -1)).transpose(1, 2) for part in (self.key, self.value))
        return k, v

    def placed(self, x: Residual, start: int) -> tuple[Keys, Keys]:
        """k and v of x, k of root mean square 1 and rotated."""
        k, v = self.split(x)
        return rotate(F.rms_norm(k, k.shape[-1:]), self.cos, self.sin, start), v

    def open(self, x: Residual) -> Float[Tensor, "batch heads length 1"]:
        """The gates, between 0 and 1."""
        return self.gate(x).sigmoid().transpose(1, 2)[..., None]


class Compressed(Branch):
    """The global flow: attention to one key and value per block."""

    def __init__(self, config: ModelConfig):
        super().__init__(config)
        self.length, self.stride = self.sizes["block"], self.sizes["stride"]
        sizes = (self.groups, self.length, config.head_dim, self.sizes["phi_hidden"])
        self.phi_key, self.phi_value = Phi(*sizes), Phi(*sizes)

    def blocks(self, x: Residual, start: int, cache: Cache | None) -> tuple[Keys, Keys]:
        """Keys and values of all complete blocks so far; a cache keeps tokens from the first incomplete block on."""
        k, v = self.split(x)
        if cache:
            k, v = cache.grow("compressed_tail_k", k), cache.grow("compressed_tail_v", v)
        before, count = (max(0, (n - self.length) // self.stride + 1) for n in (start, k.shape[-2]))
        tokens = self.stride * torch.arange(count, device=x.device)[:, None] + torch.arange(self.length, device=x.device)
        long_k, long_v = self.phi_key(k[..., tokens, :]), self.phi_value(v[..., tokens, :])
        last = slice(self.length - 1, None, self.stride)
        long_k = rotate(F.rms_norm(long_k, long_k.shape[-1:]), self.cos[last], self.sin[last], before)
        if not cache:
            return long_k, long_v
        cache.tensors["compressed_tail_k"] = k[..., count * self.stride :, :]
        cache.tensors["compressed_tail_v"] = v[..., count * self.stride :, :]
        return cache.grow("compressed_k", long_k), cache.grow("compressed_v", long_v)

    def forward(
        self, x: Residual, q: Queries, start: int, cache: Cache | None
    ) -> tuple[Queries, Float[Tensor, "batch heads length blocks"]]:
        """(what is read, the weights p of eq. 8): both 0 where no block is complete."""
        k, v = self.blocks(x, start, cache)
        last = self.length - 1 + self.stride * torch.arange(k.shape[-2], device=x.device)
        seen = last <= start + torch.arange(q.shape[-2], device=x.device)[:, None]
        scores = (q.unflatten(1, (self.groups, -1)) @ k[:, :, None].transpose(-1, -2)) * q.shape[-1] ** -0.5
        # not -inf, of which the softmax of a row that sees nothing would be nan
        weights = scores.masked_fill(~seen, torch.finfo(scores.dtype).min).softmax(-1).masked_fill(~seen, 0.0)
        return (weights @ v[:, :, None]).flatten(1, 2), weights.flatten(1, 2)


class Selected(Branch):
    """The fine flow: attention to the tokens of the best blocks."""

    gathered: bool = False
    """Whether the tokens of the chosen blocks are fetched for each query, rather than all tokens multiplied and masked: the same
    numbers, with less to compute where the context is many times n l'."""

    def __init__(self, config: ModelConfig):
        super().__init__(config)
        self.length, self.count = self.sizes["selected_block"], self.sizes["selected"]
        self.strides, self.shared = (self.sizes[name] // self.sizes["stride"] for name in ("selected_block", "block"))

    def scores(
        self, weights: Float[Tensor, "batch heads length blocks"], total: int
    ) -> Float[Tensor, "batch groups length selected_blocks"]:
        """p' of the blocks that hold `total` tokens, from the compressed weights (eqs. 9 and 10)."""
        p, blocks = weights.unflatten(1, (self.groups, -1)).sum(2), -(-total // self.length)
        # the stride of d tokens with number s is covered by the compressed blocks s - l/d + 1 .. s
        strides = F.pad(p, (self.shared - 1, blocks * self.strides - p.shape[-1])).unfold(-1, self.shared, 1).sum(-1)
        return strides.unflatten(-1, (blocks, self.strides)).sum(-1)

    def choose(
        self, weights: Float[Tensor, "batch heads length blocks"], start: int
    ) -> Int[Tensor, "batch groups length chosen"]:
        """The best n blocks (eq. 11), first and local ones among them; as many as there are if fewer, later ones last."""
        scores = self.scores(weights.detach(), start + weights.shape[-2])
        j = torch.arange(scores.shape[-1], device=scores.device)
        own = (start + torch.arange(scores.shape[-2], device=scores.device)[:, None]) // self.length
        scores = scores.masked_fill((j == 0) | (j > own - LOCAL), torch.inf).masked_fill(j > own, -torch.inf)
        return scores.sort(dim=-1, descending=True, stable=True).indices[..., : self.count]

    def tokens(self, chosen: Int[Tensor, "batch groups length chosen"], start: int) -> Bool[Tensor, "batch groups length total"]:
        """True where a token is in a chosen block and not later than t."""
        total = start + chosen.shape[-2]
        mask = torch.zeros(*chosen.shape[:-1], -(-total // self.length), dtype=torch.bool, device=chosen.device)
        mask = mask.scatter(-1, chosen, True).repeat_interleave(self.length, -1)
        return mask[..., :total] & causal(chosen.shape[-2], chosen.device, start)

    def forward(
        self, x: Residual, q: Queries, chosen: Int[Tensor, "batch groups length chosen"], start: int, cache: Cache | None
    ) -> Queries:
        """What is read of the chosen blocks."""
        k, v = self.placed(x, start)
        if cache:
            k, v = cache.grow("selected_k", k), cache.grow("selected_v", v)
        if self.gathered:
            return self.gather(q, k, v, chosen, start)
        seen = self.tokens(chosen, start).repeat_interleave(self.heads, 1)
        return softmax_attention(q, k, v, seen, enable_gqa=True)

    def gather(self, q: Queries, k: Keys, v: Keys, chosen: Tensor, start: int) -> Queries:
        """The same, a piece of the queries after another, each with the tokens of its own blocks."""
        t = start + torch.arange(q.shape[-2], device=q.device)
        q = q.unflatten(1, (self.groups, -1)).transpose(2, 3)  # [batch, groups, length, heads, dim]: a query's heads share tokens
        # rows of a table, one a block: [batch groups blocks, l' dim]
        tables = [F.pad(part, (0, 0, 0, -part.shape[-2] % self.length)).unflatten(-2, (-1, self.length)) for part in (k, v)]
        rows = torch.arange(len(k) * self.groups * tables[0].shape[2], device=q.device).unflatten(0, (len(k), self.groups, 1, -1))
        tables, read = [table.flatten(0, 2).flatten(1) for table in tables], []
        for piece, own, at in zip(q.split(PIECE, 2), chosen.split(PIECE, 2), t.split(PIECE), strict=True):
            index = rows.expand(-1, -1, own.shape[2], -1).gather(-1, own)
            own_k, own_v = (F.embedding(index, table).unflatten(-1, (self.length, -1)).flatten(3, 4) for table in tables)
            place = (own[..., None] * self.length + torch.arange(self.length, device=q.device)).flatten(-2)
            read.append(attend(piece, own_k, own_v, (place <= at[:, None])[..., None, :])[0])
        return torch.cat(read, 2).transpose(2, 3).flatten(1, 2)


class Window(Branch):
    """The local flow: attention to the last w tokens."""

    def __init__(self, config: ModelConfig):
        super().__init__(config)
        self.width = self.sizes["window"]

    def tokens(self, length: int, device: torch.device, past: int) -> Bool[Tensor, "length total"]:
        """True where token s of all past + length is one of the last w at past + t."""
        return causal(length, device, past) & ~causal(length, device, past).tril(past - self.width)

    def forward(self, x: Residual, q: Queries, start: int, cache: Cache | None) -> Queries:
        """What is read of the window; a cache keeps the last w tokens. Queries in pieces of w, so that few keys are in vain."""
        k, v = self.placed(x, start)
        if cache:
            k, v = cache.grow("window_k", k), cache.grow("window_v", v)
            cache.tensors["window_k"], cache.tensors["window_v"] = k[..., -self.width :, :], v[..., -self.width :, :]
        read, past = [], k.shape[-2] - q.shape[-2]  # past: keys before the piece's own
        for piece in q.split(self.width, 2):
            length, first = piece.shape[-2], max(0, past - self.width + 1)
            near = slice(first, past + length)
            seen = self.tokens(length, x.device, past - first)
            read.append(softmax_attention(piece, k[..., near, :], v[..., near, :], seen, enable_gqa=True))
            past += length
        return torch.cat(read, 2)


class NsaAttention(Part):
    """Three branches and their sum."""

    @staticmethod
    def hyperparameters(shape: ModelConfig) -> Hyperparameters:
        """Lengths from l, about the root of the context: d, l', n, w; groups of three heads or more; hidden units of phi.

        Contexts 32, 128, 256, 1024 have l 4, 8, 16, 32; l' 4, 8, 16, 64; n 4, 4, 4, 8; w 8, 32, 128, 512; longer ones as 1024.
        """
        block = min(32, max(2, 1 << (shape.context.bit_length() - 1) // 2))
        return {
            "block": block,
            "stride": block // 2,
            "selected_block": max(block, block**2 // 16),
            "selected": max(4, block // 4),
            "window": block**2 // 2,
            "groups": next(groups for groups in range(max(1, shape.heads // 3), 0, -1) if shape.heads % groups == 0),
            "phi_hidden": shape.head_dim // 2,
        }

    def __init__(self, config: ModelConfig):
        super().__init__()
        sizes = {name: int(value) for name, value in config.hyperparameters["nsa"].items()}
        block, stride, long = sizes["block"], sizes["stride"], sizes["selected_block"]
        if block % stride or long % stride or long < block or sizes["selected"] <= LOCAL or config.heads % sizes["groups"]:
            raise UserError(
                f"native sparse attention cannot have the hyperparameters {sizes}: choose block and selected_block as "
                f"multiples of stride, selected_block no shorter than block, selected above {LOCAL}, groups a divisor of "
                f"{config.heads} heads"
            )
        self.heads = config.heads
        self.query, self.output = (nn.Linear(config.width, config.width, bias=False) for _ in range(2))
        self.compressed, self.selected, self.window = Compressed(config), Selected(config), Window(config)

    def draw(self, name: str, parameter: Tensor, generator: torch.Generator) -> None:
        """As in every part; positions within a block of deviation 0.02; phi starts as the mean."""
        if name.endswith("position"):
            parameter.normal_(0.0, 0.02, generator=generator)
        elif name.endswith("second.weight"):
            parameter.zero_()
        else:
            super().draw(name, parameter, generator)

    def forward(self, x: Residual, record: Record | None = None, cache: Cache | None = None) -> Residual:
        """Attention of normalised inputs x; records "seen": tokens selected for any head, or in the window."""
        start = cache.length if cache else 0
        q = self.query(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        q = rotate(F.rms_norm(q, q.shape[-1:]), self.window.cos, self.window.sin, start)
        coarse, weights = self.compressed(x, q, start, cache)
        chosen = self.selected.choose(weights, start)
        fine = self.selected(x, q, chosen, start, cache)
        near = self.window(x, q, start, cache)
        if record is not None:
            seen = self.selected.tokens(chosen, start).any(1) | self.window.tokens(x.shape[1], x.device, start)
            note(record, seen=seen)
        y = self.compressed.open(x) * coarse + self.selected.open(x) * fine + self.window.open(x) * near
        return self.output(y.transpose(1, 2).flatten(-2))


PART = NsaAttention
