"""Which layers carry the interference between facts, if all matrices of a model are written by plain gradient descent.

The kernel of all matrices together is the sum of their kernels: K = sum of K_l over layers l. Of the squared overlaps of
different facts a layer carries the share sum(K_l K) / sum(K K), over pairs i != j; of what a fact learns from its own write the
share trace(K_l) / trace(K). Both add up to 1 over the layers; where a layer turns others' interference back, its share is below
0. Nothing is written.
"""

import pandas as pd
import torch
from torch import Tensor, nn

from realmodels.model.matrices import matrices
from realmodels.writing.matrix_kernels import matrix_kernels
from realmodels.writing.outputs import Facts
from realmodels.writing.scan import LIMIT, PROBES, drawn
from theory.errors import UserError


def shares(kernels: Tensor) -> tuple[Tensor, Tensor]:
    """(interference, learning): each layer's share [L], float64, of kernels [L, F, F] whose sum is the kernel of all layers.

    Raises UserError if no fact moves an answer, or no two facts overlap.
    """
    kernels = kernels.double()
    whole = kernels.sum(0)
    apart = ~torch.eye(len(whole), dtype=torch.bool)
    squares, trace = (whole * whole)[apart].sum(), whole.trace()
    if not (squares > 0 and trace > 0):
        raise UserError("no two of these facts overlap: there is no interference to be shared out among the layers")
    interference = (kernels * whole)[:, apart].sum(1) / squares
    return interference, kernels.diagonal(dim1=1, dim2=2).sum(1) / trace


def carriers(model: nn.Module, facts: Facts, limit: int = LIMIT, probes: int = PROBES) -> pd.DataFrame:
    """A row per layer: `layer`, and its shares of `interference` and of `learning`.

    limit: facts that are read. probes: random directions of the answers' outputs, if there are more
    (`realmodels.writing.matrix_kernels`). Raises UserError for fewer than two facts, or none that overlap.
    """
    if len(facts) < 2:
        raise UserError("one fact does not interfere with anything: give at least two")
    some = drawn(facts, limit)
    found = matrix_kernels(model, matrices(model), some, some, 1, probes)
    layers = sorted({part.matrix.layer for part in found.values()})
    of_layer = lambda layer: [p.whole.double() for p in found.values() if p.matrix.layer == layer]  # noqa: E731
    kernels = torch.stack([torch.stack(of_layer(layer)).sum(0) for layer in layers])
    interference, learning = shares(kernels)
    return pd.DataFrame({"layer": layers, "interference": interference.numpy(), "learning": learning.numpy()})
