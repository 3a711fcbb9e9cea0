"""Off-mode writing: one matrix, written off the directions that its keys have in common.

The matrix W [outputs, inputs] is an associative store. The gradient of a fact is (backpropagated signal) x (key)^T, where the key
is what the matrix reads at the answering position. By claim I2 what interferes is the keys' common mode. So the key side of
every update is projected off it: R(g) = g (I - U U^T). The columns of U [inputs, k] are the first k directions of BACKGROUND
prompts: their mean key, then the leading principal directions about it. Background prompts have the form of the stream, and other
subjects.
"""

import torch
from torch import Tensor, nn

from realmodels.model import matrices
from realmodels.model.reading import inputs_of
from realmodels.writing.methods.checks import whole
from realmodels.writing.methods.writer import Background, Gradients, Writer
from realmodels.writing.outputs import Facts


def answer_keys(model: nn.Module, facts: Facts, where: str = "last") -> Tensor:
    """Keys [F, inputs]: what a matrix reads where each fact's answer begins. Default: the last block's feed-forward output."""
    (keys,) = inputs_of(model, [matrices.one(model, where).module(model)], facts.tokens)
    return keys[torch.arange(len(facts)), facts.first]


def common_directions(keys: Tensor, k: int) -> Tensor:
    """Orthonormal U [inputs, k] for keys [F, inputs]: the mean key, then the top k - 1 principal directions off it."""
    keys = keys.double()
    mean = nn.functional.normalize(keys.mean(0), dim=0)
    off = keys - keys @ mean[:, None] * mean
    others = torch.linalg.svd(off, full_matrices=False).Vh[: k - 1]
    return torch.linalg.qr(torch.cat([mean[None], others]).T).Q


def off_mode(model: nn.Module, background: Background, k: int = 1, where: str = "last") -> Writer:
    """One matrix, off the background's k common key directions. State: k vectors as wide as what the matrix reads.

    k: at most as many as there are background prompts. where: as `realmodels.model.matrices.one`. Raises UserError for others.
    """
    matrix = matrices.one(model, where)
    whole("k", k, most=min(len(background.prompts), matrix.inputs))
    weight = matrix.parameter(model)
    common = common_directions(answer_keys(model, background.prompts, where), k).to(weight.dtype)

    def project(gradients: Gradients) -> Gradients:
        if matrix.transposed:
            return {name: g - common @ (common.T @ g) for name, g in gradients.items()}
        return {name: g - (g @ common) @ common.T for name, g in gradients.items()}

    size = common.numel()
    return Writer(
        model,
        {matrix.name: weight},
        lambda task, earlier: project,
        one_key_projection=True,
        state_numbers=size,
        state_bits=32 * size,
    )


METHOD = off_mode
