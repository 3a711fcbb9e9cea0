"""The dense feed-forward layer, kept sparse by a price on its activations.

The layer is the dense one; the training loss gets, per layer and in nats,
    penalty * mean over tokens of (1 / hidden) sum over hidden units of relu(W_input x)^2,
an L1 norm, as activations are not negative (the sparse coding of Olshausen and Field 1996). Division by hidden gives `penalty`
the same meaning at every width: a fresh layer at normalised inputs has a mean activation of 1/2, so that it starts by paying
penalty / 2. The price is on the size of activations and not on their number. A layer may also make them smaller and its output
matrix larger. Sparsity therefore has to be measured; `penalty` does not tell it.
"""

from realmodels.model.config import Hyperparameters, ModelConfig
from realmodels.model.feedforward.dense import DenseFeedForward
from realmodels.model.part import Cache
from realmodels.model.record import Record, Residual, note


class L1FeedForward(DenseFeedForward):
    """y = W_output relu(W_input x)^2, with a price on what W_output reads."""

    @staticmethod
    def hyperparameters(shape: ModelConfig) -> Hyperparameters:
        """Nats that a mean activation of 1 costs in every layer."""
        return {"penalty": 0.1}

    def __init__(self, config: ModelConfig):
        super().__init__(config)
        self.penalty = float(config.hyperparameters["l1"]["penalty"])

    def forward(self, x: Residual, record: Record | None = None, cache: Cache | None = None) -> Residual:
        """The layer at normalised inputs x; records "activations", and their price as "auxiliary"."""
        y = super().forward(x, record, cache)
        if record is not None:
            note(record, auxiliary=self.penalty * record["activations"][-1].mean())
        return y


PART = L1FeedForward
