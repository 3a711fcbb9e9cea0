"""How much memory writing some facts, and the kernel of their writes, takes: told before any of it is taken."""

from torch import nn

from realmodels.model.config import ModelConfig
from realmodels.model.memory import available, require
from realmodels.model.transformer import Transformer
from realmodels.writing.methods.writer import Writer
from realmodels.writing.outputs import Facts

PER_PAIR = 20  # bytes per pair of outputs at the peak: the kernel in float32, and two copies of it in float64
READ_LAYERS = 2  # layers whose activations are held at once while facts are only read


def kernel_bytes(facts: int, outs: int, length: int, widths: list[int]) -> int:
    """Bytes at the peak of computing and reading a kernel [F, O, F, O] for prompts of `length` tokens.

    widths: outputs of each linear layer that is written. The signals of all of them, [F, O, L, width] float32, are held at once,
    and two products of the widest.
    """
    signals = 4 * facts * outs * length * (sum(widths) + 2 * max(widths, default=0))
    return PER_PAIR * (facts * outs) ** 2 + signals


def prompt_bytes(config: ModelConfig, length: int, layers: int) -> int:
    """Bytes of the activations of so many layers for one prompt of `length` tokens, and of its logits."""
    layer = length * (20 * config.width + 4 * config.hidden + 2 * config.heads * length)
    return 4 * layers * layer + 12 * config.vocabulary


def require_room(model: nn.Module, writer: Writer, facts: Facts) -> None:
    """Raise UserError, with the number of facts that would fit, if the kernel of these facts needs more memory than is free."""
    layers = {f"{name}.weight": layer for name, layer in model.named_modules() if isinstance(layer, nn.Linear)}
    widths = [layer.out_features for name, layer in layers.items() if name in writer.parameters]
    outs, length = facts.options.shape[1] + 1, facts.tokens.shape[1]
    needed, free = kernel_bytes(len(facts), outs, length, widths), available()
    if needed <= free:
        return
    low, high = 0, len(facts)  # fits, does not fit
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if kernel_bytes(middle, outs, length, widths) <= free else (low, middle)
    what = f"the kernel of {len(facts):,} facts with {len(facts.candidates):,} candidate answers"
    require(needed, what, f"about {low:,} facts would fit; give fewer")


def require_room_to_write(model: nn.Module, facts: Facts) -> None:
    """Raise UserError, with the number that would fit, if reading all facts or writing the largest task needs too much memory."""
    if not isinstance(model, Transformer):
        return
    config, length, free = model.config, facts.tokens.shape[1], available()
    largest = int(facts.task.bincount().max())
    write, read = (prompt_bytes(config, length, layers) for layers in (config.layers, READ_LAYERS))
    require(
        largest * write, f"one task of {largest:,} facts", f"about {free // write:,} facts per task would fit; make smaller tasks"
    )
    require(len(facts) * read, f"reading {len(facts):,} facts", f"about {free // read:,} facts would fit; give fewer")
