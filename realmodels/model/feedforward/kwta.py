"""A feed-forward layer in which the k most active hidden units of a token win and all others are silent.

k-winners-take-all as in k-sparse autoencoders (Makhzani and Frey 2014, section 2.1) and in sparse networks for continual learning
(Ahmad and Scheinkman 2019), without the boosting of rarely active units of the latter. So what a token does depends on that
token and the weights alone. With a = relu(W_input x)^2 and t the k-th largest of a token's activations,
    y = W_output (a where a >= t, else 0).
The hyperparameter `active` is k / hidden; k is rounded to the nearest number of units and is at least 1. At active = 1 the layer
is the dense one, bit for bit. Activations that tie with the k-th all stay, so that the choice does not depend on the order of
units or on the device. More than k stay if positive numbers coincide, as happens in bfloat16. Fewer act if fewer than k are
positive. The gradient passes through the winners and treats t as a constant.
"""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from realmodels.model.config import Hyperparameters, ModelConfig
from realmodels.model.feedforward.dense import DenseFeedForward
from realmodels.model.part import Cache
from realmodels.model.record import Record, Residual, note


def winners(activations: Float[Tensor, "*batch hidden"], k: int) -> Float[Tensor, "*batch hidden"]:
    """The activations that are not below the k-th largest of their row, 0 elsewhere."""
    if k >= activations.shape[-1]:
        return activations
    least = activations.detach().topk(k, dim=-1, sorted=False).values.amin(-1, keepdim=True)
    return activations.masked_fill(activations < least, 0.0)  # a number that is not finite is below nothing: it stays, and shows


class KwtaFeedForward(DenseFeedForward):
    """y = W_output winners(relu(W_input x)^2)."""

    @staticmethod
    def hyperparameters(shape: ModelConfig) -> Hyperparameters:
        """A tenth of the hidden units of a token act."""
        return {"active": 0.1}

    def __init__(self, config: ModelConfig):
        super().__init__(config)
        self.k = max(1, round(config.hyperparameters["kwta"]["active"] * config.hidden))

    def forward(self, x: Residual, record: Record | None = None, cache: Cache | None = None) -> Residual:
        """The layer at normalised inputs x; records "activations", the input of the output matrix: after the selection."""
        activations = winners(F.relu(self.input(x)).square(), self.k)
        note(record, activations=activations)
        return self.output(activations)


PART = KwtaFeedForward
