"""How much memory a model takes to be read, written and measured: estimates, before any of it is taken.

All numbers are float32, 4 bytes. A fact is one text of so many tokens. The libraries' own memory is in every estimate. What a
layer holds of a token is that of a Llama layer, which a measurement (smollm2, 100 facts of 16 tokens) stays 15% below.
"""

from dataclasses import dataclass

from torch import nn

from realmodels.model.matrices import Matrix, blocks, matrices
from realmodels.model.transformer import Transformer

NUMBER = 4  # bytes
LIBRARIES = 600_000_000  # bytes of Python, PyTorch and transformers
LOGITS = 3  # copies of a fact's logits at the peak: themselves, their softmax, their gradient
READ_LAYERS = 2  # layers whose activations are held at once while facts are only read
PER_PAIR = 20  # bytes per pair of outputs: the kernel in float32, and two copies of it in float64
WORKING = 128_000_000  # bytes of signals that the kernel works on at a time


@dataclass(frozen=True)
class Sizes:
    """What memory depends on: parameters, layers, width of the residual stream, hidden units of a layer, heads, vocabulary."""

    parameters: int
    layers: int
    width: int
    hidden: int
    heads: int
    vocabulary: int


def sizes(model: nn.Module) -> Sizes:
    """The sizes of a model, trained here or elsewhere."""
    parameters = sum(parameter.numel() for parameter in model.parameters())
    if isinstance(model, Transformer):
        config = model.config
        return Sizes(parameters, config.layers, config.width, config.hidden, config.heads, config.vocabulary)
    config = model.config.get_text_config()  # pyright: ignore[reportCallIssue, reportAttributeAccessIssue]
    embedding = model.get_input_embeddings().weight  # pyright: ignore[reportCallIssue, reportAttributeAccessIssue]
    widest = max((max(m.inputs, m.outputs) for m in matrices(model) if m.role.startswith("feedforward")), default=0)
    heads = int(getattr(config, "num_attention_heads", None) or 1)
    return Sizes(parameters, len(blocks(model)), int(config.hidden_size), widest, heads, int(embedding.shape[0]))


def activations(size: Sizes, tokens: int, layers: int) -> int:
    """Bytes of what so many layers hold of one fact, and of its logits."""
    layer = tokens * (8 * size.width + 4 * size.hidden + 2 * size.heads * tokens)
    return NUMBER * (layers * layer + LOGITS * size.vocabulary)


def to_read(size: Sizes, facts: int, tokens: int) -> int:
    """Bytes to ask all facts at once."""
    return LIBRARIES + NUMBER * size.parameters + facts * activations(size, tokens, READ_LAYERS)


def to_write(size: Sizes, written: int, facts: int, tokens: int, layers: int | None = None, states: int = 0) -> int:
    """Bytes to write so many of the parameters by gradient descent, all facts in one task.

    These are the model, a copy, what is written once more as gradient and once per state of the optimiser (AdamW has 2), and the
    activations that the gradient goes back through: those of the last `layers`, all by default.
    """
    held = size.layers if layers is None else max(layers, READ_LAYERS)
    return LIBRARIES + NUMBER * (2 * size.parameters + (1 + states) * written) + facts * activations(size, tokens, held)


def to_measure(size: Sizes, written: list[Matrix], facts: int, tokens: int, outputs: int) -> int:
    """Bytes of the kernel of writes into these matrices: the model, pairs of outputs, and at most WORKING bytes of signals at a
    time twice over."""
    signals = NUMBER * facts * outputs * tokens * sum(matrix.outputs for matrix in written)
    return LIBRARIES + NUMBER * size.parameters + PER_PAIR * (facts * outputs) ** 2 + 2 * min(signals, WORKING)
