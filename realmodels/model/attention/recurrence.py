"""What attentions with a state share: the gated delta rule, in chunks and token by token, and the short convolution before it.

Gated delta rule (Yang, Kautz and Hatamizadeh 2025, Gated Delta Networks, eq. 10): each head keeps a matrix S [keys, values].
Token by token, in this order:
    S <- e^g S                        the decay comes first, so that the token corrects what is left of the state
    S <- S + k (beta (v - S^T k))^T
    o  = S^T q                        the read sees the token's own write
g <= 0 is one number per head (Gated DeltaNet) or one per key channel (Kimi Linear 2025, eq. 1). q and k have length 1, q is also
divided by sqrt(keys).

In chunks (ibid., section 3.3, the WY form): let G[t] be the sum of g from the chunk's start to t included, S the state before the
chunk, P[t, s] = sum_c a_c[t] k_c[s] e^(G_c[t] - G_c[s]) the decayed products. The corrections d[t] = beta (v - S^T k) solve
    (1 + diag(beta) tril(P_kk, -1)) d = beta (v - (k e^G) S),
one triangular system per chunk, whose right side is affine in S. So the state behind a chunk is affine in the one before it. Only
this map of [keys, keys] is applied chunk after chunk; all else is matrix products over all chunks at once.

e^-G overflows where the decay is strong, so P is never split that way. Two positions s < t of a chunk differ in some highest bit,
2^n: t lies in an odd block of length 2^n, s in the even block before it. The decay between them is that from s to the end of its
block times that from the start of t's block to t. Both are at most 1 and are sums of g within a block, so that nothing cancels.
One product per level n gives the pairs that part there.
"""

import math
from contextlib import nullcontext
from typing import ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from realmodels.model.config import ModelConfig
from realmodels.model.part import Cache, Part
from realmodels.model.record import Residual

CHUNK = 32  # tokens, a power of 2: longer chunks multiply more, shorter ones take more steps
EPSILON = 1e-6  # under the root of a length, as in the references


class ShortConvolution(nn.Module):
    """Each channel mixed with its own last few tokens, then silu; `taps[-1]` weighs the token itself."""

    def __init__(self, channels: int, size: int):
        super().__init__()
        self.taps = nn.Parameter(torch.empty(size, 1, channels))  # three dimensions: no matrix, and not to be learnt as one

    def forward(
        self, x: Float[Tensor, "batch length channels"], cache: Cache | None = None, name: str = ""
    ) -> Float[Tensor, "batch length channels"]:
        """The convolution at x. A cache keeps the last inputs under `name`; before the text there are zeros."""
        size, length = len(self.taps), x.shape[1]
        past = cache.tensors.get(name) if cache else None
        x = F.pad(x, (0, 0, size - 1, 0)) if past is None else torch.cat((past, x), 1)
        if cache is not None:
            cache.tensors[name] = x[:, length:]
        y = x[:, :length] * self.taps[0]
        for j in range(1, size):  # shifted copies: a depthwise convolution of PyTorch takes twice as long on a CPU
            y = torch.addcmul(y, x[:, j : j + length], self.taps[j])
        return F.silu(y)


class DeltaAttention(Part):
    """What Gated DeltaNet and Kimi delta attention have in common: all but the decay's and the output gate's projections.

    g = -e^rate softplus(d + offset), where d is what the decay's projection says; beta = sigmoid(strength x).
    """

    slowest: ClassVar[float]
    """Lower end of e^rate at the start; the upper one is 16."""

    def __init__(self, config: ModelConfig, key_dim: int, value_dim: int, taps: int, decays: int):
        super().__init__()
        self.heads, width = config.heads, config.width
        self.query, self.key = (nn.Linear(width, self.heads * key_dim, bias=False) for _ in range(2))
        self.value = nn.Linear(width, self.heads * value_dim, bias=False)
        self.query_convolution, self.key_convolution = (ShortConvolution(self.heads * key_dim, taps) for _ in range(2))
        self.value_convolution = ShortConvolution(self.heads * value_dim, taps)
        self.strength = nn.Linear(width, self.heads, bias=False)
        self.rate = nn.Parameter(torch.empty(self.heads))
        self.offset = nn.Parameter(torch.empty(self.heads * decays))
        self.output = nn.Linear(self.heads * value_dim, width, bias=False)

    def draw(self, name: str, parameter: Tensor, generator: torch.Generator) -> None:
        """As in every part; e^rate uniform, softplus(offset) log-uniform in 0.001 .. 0.1, taps uniform: as the authors' code."""
        if name == "rate":
            parameter.uniform_(self.slowest, 16.0, generator=generator).log_()
        elif name == "offset":
            start = parameter.uniform_(math.log(0.001), math.log(0.1), generator=generator).exp()
            parameter.copy_(start + torch.log(-torch.expm1(-start)))
        elif name.endswith("taps"):
            bound = 1 / math.sqrt(len(parameter))
            parameter.uniform_(-bound, bound, generator=generator)
        else:
            super().draw(name, parameter, generator)

    def split(self, x: Float[Tensor, "batch length channels"]) -> Float[Tensor, "batch heads length dim"]:
        """Channels as heads."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def read(
        self, x: Residual, decay: Float[Tensor, "batch length decays"], cache: Cache | None
    ) -> Float[Tensor, "batch length heads values"]:
        """What the heads read from their states; `decay` is what the decay's projection says."""
        q = self.query_convolution(self.query(x), cache, "query")
        k = self.key_convolution(self.key(x), cache, "key")
        v = self.value_convolution(self.value(x), cache, "value")
        g = -self.split(F.softplus(full(decay) + self.offset)) * full(self.rate).exp()[:, None, None]
        beta = self.split(full(self.strength(x)).sigmoid())
        o = gated_delta_rule(self.split(q), self.split(k), self.split(v), g, beta, cache)
        return o.transpose(1, 2).to(x.dtype)


def exactly(device: torch.device) -> torch.autocast | nullcontext:
    """A context in which matrix products keep the precision of their inputs: a state adds up the rounding of a whole text."""
    return torch.autocast(device.type, enabled=False) if torch.amp.is_autocast_available(device.type) else nullcontext()


def full(x: Tensor) -> Tensor:
    """x in float32, or float64 if it is that."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def unit(x: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch dim"]:
    """x scaled to length 1."""
    return x * torch.rsqrt(x.square().sum(-1, keepdim=True) + EPSILON)


def gated_delta_rule(
    q: Float[Tensor, "batch heads length keys"],
    k: Float[Tensor, "batch heads length keys"],
    v: Float[Tensor, "batch heads length values"],
    g: Float[Tensor, "batch heads length #keys"],
    beta: Float[Tensor, "batch heads length 1"],
    cache: Cache | None = None,
) -> Float[Tensor, "batch heads length values"]:
    """What is read at each token, in float32 at least; q and k as they come. A cache keeps the state, in the same precision."""
    with exactly(q.device):
        q, k, v, g, beta = (full(part) for part in (q, k, v, g, beta))
        q, k = unit(q) * q.shape[-1] ** -0.5, unit(k)
        state = cache.tensors.get("state") if cache else None
        if state is None:
            state = q.new_zeros(*q.shape[:2], q.shape[-1], v.shape[-1])
        o, state = (token if q.shape[-2] == 1 else chunks)(q, k, v, g, beta, state)
        if cache is not None:
            cache.tensors["state"] = state
        return o


def token(q: Tensor, k: Tensor, v: Tensor, g: Tensor, beta: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    """(read, state) of one token: the formula. Shapes as in `gated_delta_rule`, length 1; q and k normalised."""
    state = g.exp().transpose(-1, -2) * state
    state = state + k.transpose(-1, -2) @ (beta * (v - k @ state))
    return q @ state, state


def chunks(q: Tensor, k: Tensor, v: Tensor, g: Tensor, beta: Tensor, state: Tensor, chunk: int = CHUNK) -> tuple[Tensor, Tensor]:
    """(read, state) of a text of any length; shapes as in `gated_delta_rule`, q and k normalised."""
    length = q.shape[-2]
    # zeros behind the text neither decay the state nor write into it
    q, k, v, g, beta = (F.pad(x, (0, 0, 0, -length % chunk)).unflatten(-2, (-1, chunk)) for x in (q, k, v, g, beta))
    spans, pairs = levels(chunk, q.device)
    decay = (spans.flatten(0, 1).to(g.dtype) @ g).exp().unflatten(-2, (-1, chunk))  # [batch, heads, chunks, levels + 2, ...]
    near, since, until = decay[..., :-2, :, :], decay[..., -2, :, :], decay[..., -1, :, :]

    def parted(rows: Tensor, columns: Tensor) -> Tensor:
        """P from the decayed rows and columns of all levels, for s < t; 0 elsewhere."""
        return ((rows @ columns.transpose(-1, -2)) * pairs.to(g.dtype)).sum(-3)

    if g.shape[-1] == 1:  # one decay a head: it factors out of the sum over channels
        between, turned = parted(near, near), k.transpose(-1, -2)
        among, reads = (k @ turned) * between, (q @ turned) * between
    else:
        k_near = k[..., None, :, :] * near
        among, reads = parted(k_near, k_near), parted(q[..., None, :, :] * near, k_near)
    reads = reads + torch.diag_embed((q * k).sum(-1))
    # the corrections are new - old @ S
    right = torch.cat((beta * v, beta * k * since), -1)
    solved = torch.linalg.solve_triangular(beta * among, right, upper=False, unitriangular=True)
    new, old = solved.split((v.shape[-1], k.shape[-1]), -1)
    write = (k * until).transpose(-1, -2)
    keep, add = torch.diag_embed(since[..., -1, :].expand(*k.shape[:-2], k.shape[-1])) - write @ old, write @ new
    before = []
    for keep_one, add_one in zip(keep.unbind(2), add.unbind(2), strict=True):
        before.append(state)
        state = keep_one @ state + add_one
    states = torch.stack(before, 2)
    o = (q * since) @ states + reads @ (new - old @ states)
    return o.flatten(2, 3)[..., :length, :], state


def levels(chunk: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """(spans [levels + 2, chunk, chunk], pairs [levels, chunk, chunk]), booleans, for the levels of the blocks 1, 2, 4, ...

    spans[n, t, s]: whether g[s] belongs to the decay of t at level n: from the start of its block if that is odd, to its end if
    even; the last two: from the chunk's start to t, and behind t to the chunk's end. pairs[n, t, s]: whether s < t part at n.
    """
    t, s = (torch.arange(chunk, device=device).view(shape) for shape in ((-1, 1), (1, -1)))
    spans, pairs = [], []
    for n in range(chunk.bit_length() - 1):
        odd = (t >> n) & 1 == 1
        spans.append((t >> n == s >> n) & torch.where(odd, s <= t, s > t))
        pairs.append((t >> n == (s >> n) + 1) & odd)
    return torch.stack((*spans, s <= t, s > t)), torch.stack(pairs)
