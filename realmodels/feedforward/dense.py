"""The feed-forward layer: two matrices and relu^2 (So et al. 2021, Primer) between them, no biases."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from realmodels.config import ModelConfig
from realmodels.record import Record, note


class DenseFeedForward(nn.Module):
    """y = W_output relu(W_input x)^2."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.input = nn.Linear(config.width, config.hidden, bias=False)
        self.output = nn.Linear(config.hidden, config.width, bias=False)

    def forward(self, x: Float[Tensor, "batch length width"], record: Record | None = None) -> Float[Tensor, "batch length width"]:
        """The layer at normalised inputs x; records "activations", the input of the output matrix."""
        activations = F.relu(self.input(x)).square()
        note(record, activations=activations)
        return self.output(activations)
