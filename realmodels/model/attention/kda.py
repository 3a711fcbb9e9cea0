"""Kimi delta attention: the gated delta rule with a decay of its own for every key channel.

Kimi Linear (2025), section 3. As Gated DeltaNet (`realmodels.model.attention.gated_deltanet`), with two differences:
  * g = -e^rate softplus(decay_up decay_down x + offset): rate per head, offset and g per key channel, so that S <- diag(e^g) S.
  * The output gate is sigmoid(gate_up gate_down x).
Both gates pass through `rank` numbers, which is a head's width, as in the report. Keys and values are equally wide. There are no
biases, as in the port to `transformers` (the authors' code has one in the output gate). e^rate starts uniform in 1 .. 16,
softplus(offset) log-uniform in 0.001 .. 0.1.
"""

import torch.nn.functional as F
from torch import nn

from realmodels.model.attention.recurrence import DeltaAttention
from realmodels.model.config import Hyperparameters, ModelConfig
from realmodels.model.part import Cache
from realmodels.model.record import Record, Residual

EPSILON = 1e-5  # of the norm behind the state: what is read can be small


class KimiDeltaAttention(DeltaAttention):
    """The gated delta rule with one decay per key channel."""

    slowest = 1.0

    @staticmethod
    def hyperparameters(shape: ModelConfig) -> Hyperparameters:
        """Numbers that the gates go through, tokens that the convolution sees."""
        return {"rank": shape.head_dim, "taps": 4}

    def __init__(self, config: ModelConfig):
        sizes, dim = {name: int(value) for name, value in config.hyperparameters["kda"].items()}, config.head_dim
        super().__init__(config, dim, dim, sizes["taps"], decays=dim)
        self.decay_down, self.gate_down = (nn.Linear(config.width, sizes["rank"], bias=False) for _ in range(2))
        self.decay_up, self.gate_up = (nn.Linear(sizes["rank"], self.heads * dim, bias=False) for _ in range(2))

    def forward(self, x: Residual, record: Record | None = None, cache: Cache | None = None) -> Residual:
        """The layer at normalised inputs x; nothing is recorded."""
        o = self.read(x, self.decay_up(self.decay_down(x)), cache)
        gate = self.gate_up(self.gate_down(x)).sigmoid()
        return self.output(F.rms_norm(o, o.shape[-1:], eps=EPSILON).flatten(-2) * gate)


PART = KimiDeltaAttention
