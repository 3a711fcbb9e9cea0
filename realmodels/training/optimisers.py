"""Which parameter learns by which rule, and how the state of the rules is stored.

Matrices of the blocks: Muon (realmodels/training/muon.py), or AdamW. Tables, of which a step reads a few rows: Adam that moves
and remembers only the rows that were read (torch.optim.SparseAdam). Neither decay nor stale moments move the other rows, and a
step costs no more in a larger table. All else: AdamW without decay. The indexer of sparse attention has an AdamW of its own, so
that it can learn alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer, SparseAdam

from realmodels.model.transformer import Transformer
from realmodels.training.muon import Muon
from realmodels.training.parallel import average
from theory.errors import UserError

BETAS = (0.9, 0.95)
GROUPS = ("matrices", "embedding", "values", "indexer")
"""The groups of parameters, each with a rule and a learning rate of its own (`groups`)."""


def tables(model: Transformer) -> dict[str, nn.Embedding]:
    """The tables of values of a model's blocks, by the name of their weight."""
    modules = model.blocks.named_modules()
    return {f"blocks.{name}.weight": module for name, module in modules if isinstance(module, nn.Embedding)}


@contextmanager
def sparse_gradients(model: Transformer) -> Iterator[None]:
    """What is computed inside will have gradients of tables that hold only the rows read."""
    embeddings = list(tables(model).values())
    for table in embeddings:
        table.sparse = True
    try:
        yield
    finally:
        for table in embeddings:
            table.sparse = False


def groups(model: Transformer) -> dict[str, list[nn.Parameter]]:
    """Parameters by how they learn: "matrices", "embedding" (with biases, gains, sub-keys), "values" (tables), "indexer".

    A parameter of three axes is a pile of matrices if its second axis is longer than 1 (experts, not a convolution's kernel).
    """
    parameters: dict[str, list[nn.Parameter]] = {group: [] for group in GROUPS}
    rows = set(tables(model))
    for name, parameter in model.named_parameters():
        if ".indexer." in name:
            parameters["indexer"].append(parameter)
        elif name in rows:
            parameters["values"].append(parameter)
        elif name.startswith("blocks.") and (parameter.ndim == 2 or (parameter.ndim == 3 and parameter.shape[1] > 1)):
            parameters["matrices"].append(parameter)
        else:
            parameters["embedding"].append(parameter)
    return parameters


class Optimisers:
    """The optimisers of one model; `rates` gives the learning rate of each group at full strength.

    rule: "muon" or "adamw", for the matrices.
    """

    def __init__(self, model: Transformer, rates: dict[str, float], clip: float, rule: str = "muon"):
        self.groups = groups(model)
        self.rates = rates
        self.clip = clip
        self.rules: dict[str, Optimizer] = {
            name: Muon(parameters, rates[name])
            if name == "matrices" and rule == "muon"
            else SparseAdam(parameters, rates[name], BETAS)
            if name == "values"
            else AdamW(parameters, rates[name], BETAS, weight_decay=0.0)
            for name, parameters in self.groups.items()
            if parameters
        }

    def learning(self, names: set[str]) -> None:
        """From now on these groups learn, the others are frozen."""
        for name, parameters in self.groups.items():
            for parameter in parameters:
                parameter.requires_grad_(name in names)
                parameter.grad = None

    def step(self, factor: float, where: str) -> None:
        """Move all groups that have gradients, each clipped to norm `clip`, at `factor` times their rates; clear the gradients.

        Gradients are averaged over processes first. Raises UserError, before anything has moved, if one is not finite.
        """
        active = [name for name, parameters in self.groups.items() if any(p.grad is not None for p in parameters)]
        for name in active:
            average(self.groups[name])
            if not torch.isfinite(_clip(self.groups[name], self.clip)):
                raise UserError(
                    f"{where}: the gradient of group {name!r} is not finite: lower its learning rate ({self.rates[name]})"
                )
        for name in active:
            for group in self.rules[name].param_groups:
                group["lr"] = factor * self.rates[name]
            self.rules[name].step()
            self.rules[name].zero_grad()

    def state(self) -> dict[str, Tensor]:
        """All state as named tensors."""
        return {
            f"{name}/{index}/{key}": torch.as_tensor(value)
            for name, rule in self.rules.items()
            for index, state in rule.state_dict()["state"].items()
            for key, value in state.items()
        }

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Restore the state that `state` returned."""
        for name, rule in self.rules.items():
            counts = isinstance(rule, SparseAdam)  # it counts steps in a Python integer, where AdamW has a tensor
            state: dict[int, dict[str, Any]] = {}
            for path, tensor in tensors.items():
                owner, index, key = path.split("/")
                if owner == name:
                    state.setdefault(int(index), {})[key] = int(tensor) if counts and key == "step" else tensor
            rule.load_state_dict({"state": state, "param_groups": rule.state_dict()["param_groups"]})


def _clip(parameters: list[nn.Parameter], most: float) -> Tensor:
    """Scale the gradients so that together their norm is at most `most`; returns the norm before."""
    gradients = []
    for p in parameters:
        if p.grad is not None:
            if p.grad.is_sparse:
                p.grad = p.grad.coalesce()  # a row that was read twice has one gradient
            gradients.append(p.grad.values() if p.grad.is_sparse else p.grad)
    norm = nn.utils.get_total_norm(gradients)
    scale = (most / (norm + 1e-6)).clamp(max=1.0)
    for gradient in gradients:
        gradient.mul_(scale)
    return norm
