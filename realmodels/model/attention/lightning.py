"""Lightning attention: linear attention whose past fades at a constant rate, one per head.

Qin et al. 2024 (Lightning Attention-2), as in MiniMax-01 (2025), section 2.2. With q, k, v = silu of the projections,
    S <- e^-a S + k v^T,    o = S^T q.
The decay comes before the write. So a token reads its own write at full strength, and that of s tokens ago times e^(-a s).
Neither the lengths of q and k nor their product is scaled. Instead o is scaled to root mean square 1 over all heads together,
gated by sigmoid(gate x), and multiplied by `output`.

In blocks: within one, the masked products (q k^T)[t, s] e^(-a (t - s)); before it, the state. Exponents are never positive.

The rates of the reference are geometric in the head, as in ALiBi: a = 2^(-8 h / heads), h = 1 .. heads. (The library
flash-linear-attention is another model: its rates are linear in the head, 8 h / heads, h = 0 .. heads - 1.) The reference also
multiplies them by 1 - layer/(layers - 1) + 1e-5, so that the last layer hardly forgets. A part does not know its layer. Here
`slope`, the factor, is 1 in all layers, as in the first layer of the reference. A write fades to 1/e within 2^(8 h / heads)
tokens, at most 256.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from realmodels.model.attention.recurrence import exactly, full
from realmodels.model.config import Hyperparameters, ModelConfig
from realmodels.model.part import Cache, Part
from realmodels.model.record import Record, Residual

BLOCK = 64  # tokens
EPSILON = 1e-6  # of the norm behind the state


class LightningAttention(Part):
    """Linear attention with a constant decay per head."""

    rates: Tensor

    @staticmethod
    def hyperparameters(shape: ModelConfig) -> Hyperparameters:
        """The factor of all decay rates."""
        return {"slope": 1.0}

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.heads = config.heads
        width = config.width
        self.query, self.key, self.value, self.gate, self.output = (nn.Linear(width, width, bias=False) for _ in range(5))
        slopes = 2.0 ** (-8 * torch.arange(1, self.heads + 1, dtype=torch.float64) / self.heads)
        self.register_buffer("rates", (config.hyperparameters["lightning"]["slope"] * slopes).float(), persistent=False)

    def forward(self, x: Residual, record: Record | None = None, cache: Cache | None = None) -> Residual:
        """The layer at normalised inputs x; nothing is recorded."""
        q, k, v = (
            full(F.silu(part(x))).unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (self.query, self.key, self.value)
        )
        state = cache.tensors.get("state") if cache else None
        with exactly(x.device):
            if state is None:
                state = q.new_zeros(*q.shape[:2], q.shape[-1], v.shape[-1])
            o, state = (token if q.shape[-2] == 1 else blocks)(q, k, v, self.rates.to(q.dtype), state)
        if cache is not None:
            cache.tensors["state"] = state
        o = o.transpose(1, 2).flatten(-2)
        return self.output(F.rms_norm(o, o.shape[-1:], eps=EPSILON).to(x.dtype) * self.gate(x).sigmoid())


def token(
    q: Float[Tensor, "batch heads 1 keys"],
    k: Float[Tensor, "batch heads 1 keys"],
    v: Float[Tensor, "batch heads 1 values"],
    rates: Float[Tensor, " heads"],
    state: Float[Tensor, "batch heads keys values"],
) -> tuple[Float[Tensor, "batch heads 1 values"], Float[Tensor, "batch heads keys values"]]:
    """(read, state) of one token: the formula."""
    state = (-rates).exp()[:, None, None] * state + k.transpose(-1, -2) @ v
    return q @ state, state


def blocks(
    q: Float[Tensor, "batch heads length keys"],
    k: Float[Tensor, "batch heads length keys"],
    v: Float[Tensor, "batch heads length values"],
    rates: Float[Tensor, " heads"],
    state: Float[Tensor, "batch heads keys values"],
    block: int = BLOCK,
) -> tuple[Float[Tensor, "batch heads length values"], Float[Tensor, "batch heads keys values"]]:
    """(read, state) of a text of any length, by blocks."""
    t = torch.arange(block, device=q.device, dtype=q.dtype)
    rate = rates[:, None, None]
    among = torch.where(t[:, None] >= t, -rate * (t[:, None] - t), -torch.inf).exp()  # [heads, block, block]
    since, until = (-rate * (t[:, None] + 1)).exp(), (-rate * (block - 1 - t[:, None])).exp()  # [heads, block, 1]
    reads = []
    for q_block, k_block, v_block in zip(*(x.split(block, -2) for x in (q, k, v)), strict=True):
        n = q_block.shape[-2]  # of the last block, which may be short, the last n of `until` count
        inside = (q_block @ k_block.transpose(-1, -2) * among[:, :n, :n]) @ v_block
        reads.append(inside + (q_block * since[:, :n]) @ state)
        state = (-rate * n).exp() * state + (k_block * until[:, -n:]).transpose(-1, -2) @ v_block
    return torch.cat(reads, -2), state


PART = LightningAttention
