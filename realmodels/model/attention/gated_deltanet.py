"""Gated DeltaNet: a state per head, written by the delta rule and decaying, instead of attention to all earlier tokens.

Yang, Kautz and Hatamizadeh 2025 (Gated Delta Networks), with the choices of Qwen3-Next. q, k and v pass through a short causal
convolution and silu. The gated delta rule (`realmodels.model.attention.recurrence`) has one decay per head,
    g = -e^rate softplus(decay x + offset).
What is read is scaled to root mean square 1 in each head, gated by silu(gate x), and multiplied by `output`. There are no
positions: the decay and the convolution know the order.

Qwen3-Next has more value heads than key heads. Here there is one value head per key head, so only widths are hyperparameters.
e^rate starts uniform in 0.01 .. 16 and softplus(offset) log-uniform in 0.001 .. 0.1, as in the authors' code. (There the first
range begins at 0, whose logarithm is infinite.) The port of Qwen3-Next to `transformers` starts all offsets at 1, where most
heads forget within a token.

The norm behind the state adds 1e-6 to the mean square, as Qwen3-Next does. The library flash-linear-attention adds 1e-5, which
changes the outputs of a layer at the start by 3 to 6%: a comparison with its models has to set that.
"""

import torch.nn.functional as F
from torch import nn

from realmodels.model.attention.recurrence import DeltaAttention
from realmodels.model.config import Hyperparameters, ModelConfig
from realmodels.model.part import Cache
from realmodels.model.record import Record, Residual

EPSILON = 1e-6  # of the norm behind the state, as in Qwen3-Next; what is read can be small, so that it counts


class GatedDeltaNet(DeltaAttention):
    """The gated delta rule with one decay per head."""

    slowest = 0.01

    @staticmethod
    def hyperparameters(shape: ModelConfig) -> Hyperparameters:
        """Numbers of a head's key and value, tokens that the convolution sees."""
        return {"key_dim": shape.head_dim, "value_dim": shape.head_dim, "taps": 4}

    def __init__(self, config: ModelConfig):
        sizes = {name: int(value) for name, value in config.hyperparameters["gated_deltanet"].items()}
        super().__init__(config, sizes["key_dim"], sizes["value_dim"], sizes["taps"], decays=1)
        self.decay = nn.Linear(config.width, self.heads, bias=False)
        self.gate = nn.Linear(config.width, self.heads * sizes["value_dim"], bias=False)

    def forward(self, x: Residual, record: Record | None = None, cache: Cache | None = None) -> Residual:
        """The layer at normalised inputs x; nothing is recorded."""
        o = self.read(x, self.decay(x), cache)
        return self.output(F.rms_norm(o, o.shape[-1:], eps=EPSILON).flatten(-2) * F.silu(self.gate(x)))


PART = GatedDeltaNet
