"""Off-mode writing: the last feed-forward matrix, written off the directions that its keys have in common.

The matrix W [width, hidden] is an associative store. The gradient of a fact is (backpropagated signal) x (key)^T, where the key
is the hidden activations at the answering position. By claim I2 what interferes is the keys' common mode. So the key side of
every update is projected off it: R(g) = g (I - U U^T). The columns of U [hidden, k] are the first k directions of BACKGROUND
prompts: their mean key, then the leading principal directions about it. Background prompts have the form of the stream, and other
subjects.
"""

import torch
from torch import Tensor, nn

from realmodels.model.transformer import Transformer
from realmodels.writing.methods.writer import Gradients, Writer, last_output_matrix
from realmodels.writing.outputs import Facts, at_answer


def answer_keys(model: Transformer, facts: Facts) -> Tensor:
    """Keys [F, hidden]: what the last block's feed-forward output matrix reads at each fact's answering position."""
    record: dict[str, list[Tensor]] = {}
    with torch.no_grad():
        model.features(facts.tokens, record)
    return at_answer(record["activations"][-1], facts)


def common_directions(keys: Tensor, k: int) -> Tensor:
    """Orthonormal U [hidden, k] for keys [F, hidden]: the mean key, then the top k - 1 principal directions off it."""
    keys = keys.double()
    mean = nn.functional.normalize(keys.mean(0), dim=0)
    off = keys - keys @ mean[:, None] * mean
    others = torch.linalg.svd(off, full_matrices=False).Vh[: k - 1]
    return torch.linalg.qr(torch.cat([mean[None], others]).T).Q


def off_mode(model: Transformer, background: Facts, k: int = 1) -> Writer:
    """The last matrix, off the background's k common key directions. State: k vectors as wide as the hidden layer."""
    parameters = last_output_matrix(model, "off_mode")
    (weight,) = parameters.values()
    common = common_directions(answer_keys(model, background), k).to(weight.dtype)

    def project(gradients: Gradients) -> Gradients:
        return {name: g - (g @ common) @ common.T for name, g in gradients.items()}

    size = common.numel()
    return Writer(parameters, lambda task, earlier: project, one_key_projection=True, state_numbers=size, state_bits=32 * size)


METHOD = off_mode
