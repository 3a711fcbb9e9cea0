"""What a forward pass can record on the way: pass an empty dictionary as `record`; it is filled with lists, one tensor per block.

"activations"   feed-forward with hidden units: what its output matrix reads        [batch, length, hidden]
"slots"         memory layer, PEER: which slots were read, per head                 [batch, length, heads, topk], integers
"slot_weights"  the same: with which weights                                        [batch, length, heads, topk]
"experts"       mixture of experts: which experts a token went to                   [batch, length, topk], integers
"seen"          selective attention: which earlier tokens it saw                    [batch, length, length], booleans
"auxiliary"     a loss of the part's own, to be added to the language model's       scalar, nats per token
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
