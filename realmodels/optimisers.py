"""Which parameter learns by which rule, and how the state of the rules is stored.

Matrices of the blocks: Muon (Jordan et al. 2024), momentum made orthogonal by five Newton-Schulz steps. All else: AdamW
without decay. The indexer of DSA has an AdamW of its own, so that it can learn alone.
"""

import torch
from torch import Tensor, nn
from torch.optim import AdamW, Muon, Optimizer

from realmodels.transformer import Transformer
from theory.errors import UserError


def groups(model: Transformer) -> dict[str, list[nn.Parameter]]:
    """Parameters by how they learn: "matrices", "embedding" (with biases and sub-keys), "values", "indexer"."""
    found: dict[str, list[nn.Parameter]] = {"matrices": [], "embedding": [], "values": [], "indexer": []}
    for name, parameter in model.named_parameters():
        if ".indexer." in name:
            found["indexer"].append(parameter)
        elif name.endswith("values.weight"):
            found["values"].append(parameter)
        elif name.startswith("blocks.") and parameter.ndim == 2:
            found["matrices"].append(parameter)
        else:
            found["embedding"].append(parameter)
    return found


class Optimisers:
    """The optimisers of one model; `rates` gives the learning rate of each group at full strength."""

    def __init__(self, model: Transformer, rates: dict[str, float], clip: float):
        self.groups = groups(model)
        self.rates = rates
        self.clip = clip
        rest = {"betas": (0.9, 0.95), "weight_decay": 0.0}
        self.rules: dict[str, Optimizer] = {
            name: Muon(parameters, lr=rates[name], weight_decay=0.0)
            if name == "matrices"
            else AdamW(parameters, rates[name], **rest)
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

        Raises UserError, before anything has moved, if a gradient is not finite.
        """
        active = [name for name, parameters in self.groups.items() if any(p.grad is not None for p in parameters)]
        for name in active:
            if not torch.isfinite(nn.utils.clip_grad_norm_(self.groups[name], self.clip)):
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
        """Take up the state that `state` returned."""
        for name, rule in self.rules.items():
            state: dict[int, dict[str, Tensor]] = {}
            for path, tensor in tensors.items():
                owner, index, key = path.split("/")
                if owner == name:
                    state.setdefault(int(index), {})[key] = tensor
            rule.load_state_dict({"state": state, "param_groups": rule.state_dict()["param_groups"]})
