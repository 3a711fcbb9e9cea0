"""The response kernel of a memory layer's values, by the rows that some prompt reads.

A token reads a few rows per head, and prompts of one form read the same ones. So the Jacobians of the rows that are read at all
are far fewer numbers than the table, and their product takes less time than all pairs of reads (`realmodels.writing.kernel`),
whose number is the square of positions times slots.
"""

from dataclasses import replace

import torch
from torch import Tensor

from realmodels.model.transformer import Transformer
from realmodels.writing.kernel import Kernel, jacobian, logit_kernel
from realmodels.writing.methods.sparse_memory import slot_reads
from realmodels.writing.methods.writer import Writer
from realmodels.writing.outputs import Facts

VALUES = "feedforward.values.weight"


def values_kernel(model: Transformer, name: str, facts: Facts) -> Tensor:
    """Theta [F, O, F, O] float32 of the values called `name`, of facts with answers of one token."""
    read = slot_reads(model, facts).sum(0) > 0
    rows = torch.stack([gradients[name][:, read].flatten(1) for gradients in jacobian(model, facts, [name])])
    count, outs = rows.shape[:2]
    flat = rows.flatten(0, 1)
    return (flat @ flat.T).view(count, outs, count, outs)


def kernel_of(writer: Writer, facts: Facts) -> Kernel:
    """The kernel of all that an unrestricted writer writes to facts with answers of one token."""
    model, parameters = writer.model, writer.parameters
    tables = [name for name in parameters if name.endswith(VALUES)]
    if not isinstance(model, Transformer) or not tables:
        return logit_kernel(model, writer, facts)
    theta = torch.stack([values_kernel(model, name, facts) for name in tables]).sum(0)
    others = {name: parameter for name, parameter in parameters.items() if name not in tables}
    if others:
        theta = theta.add_(logit_kernel(model, replace(writer, parameters=others), facts).response)
    return Kernel(theta, theta)
