"""The feed-forward layer: two matrices and relu^2 (So et al. 2021, Primer) between them, no biases."""

import torch.nn.functional as F
from torch import nn

from realmodels.model.config import ModelConfig
from realmodels.model.part import Cache, Part
from realmodels.model.record import Record, Residual, note


class DenseFeedForward(Part):
    """y = W_output relu(W_input x)^2."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.input = nn.Linear(config.width, config.hidden, bias=False)
        self.output = nn.Linear(config.hidden, config.width, bias=False)

    def forward(self, x: Residual, record: Record | None = None, cache: Cache | None = None) -> Residual:
        """The layer at normalised inputs x; records "activations", the input of the output matrix."""
        activations = F.relu(self.input(x)).square()
        note(record, activations=activations)
        return self.output(activations)


PART = DenseFeedForward
