"""What a forward pass can note down on the way: pass an empty dictionary as `record` and find lists in it, one tensor a block.

"activations"   dense feed-forward: relu^2 of the hidden units       [batch, length, hidden]
"slots"         memory layer: which slots were read, per head        [batch, length, heads, topk], integers
"slot_weights"  memory layer: with which weights (softmax)           [batch, length, heads, topk]
"indexer_kl"    DSA: the indexer's loss, nats a token                scalar
"seen"          DSA: which earlier tokens attention saw              [batch, length, length], booleans
"""

from jaxtyping import Float
from torch import Tensor

Record = dict[str, list[Tensor]]
Residual = Float[Tensor, "batch length width"]  # the residual stream, or an input or output of a part of a block


def note(record: Record | None, **tensors: Tensor) -> None:
    """Append each tensor to the list of its name, if anything is recorded at all."""
    if record is not None:
        for name, tensor in tensors.items():
            record.setdefault(name, []).append(tensor)
