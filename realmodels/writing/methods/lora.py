"""LoRA: low-rank adapters (library peft) beside frozen matrices, trained by AdamW and merged into them after each task.

Source: arXiv 2106.09685. A matrix W [outputs, inputs] becomes W + (alpha / rank) B A, with A [rank, inputs] random and
B [outputs, rank] zero at the start. Two ways through a stream of tasks:
  continued  one adapter for all tasks: A and B go on from task to task, the base stays as it was before the first
  merged     each task has a new adapter, on top of the base that the ones before were merged into
Between tasks the model has its usual parameters, with what was learned merged in (float32). Adam's moments start anew at every
task.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from realmodels.model import matrices
from realmodels.model.matrices import Matrix
from realmodels.writing.methods.checks import not_negative, positive, whole
from realmodels.writing.methods.choices import one_of
from realmodels.writing.methods.writer import Background, Diverged, Writer
from realmodels.writing.outputs import Facts, answer_loss, outputs

MODES = ("continued", "merged")
RATES = (2.0**-16, 2.0**-2)
ADAPTER = "default"


@dataclass(eq=False, kw_only=True)
class Lora(Writer):
    """chosen: the matrices. rank, alpha, continued: see above."""

    chosen: list[Matrix]
    rank: int
    alpha: float
    continued: bool

    def __post_init__(self):
        """Remember the base, exactly, and start without an adapter."""
        self.base = {name: p.detach().clone() for name, p in self.parameters.items()} if self.continued else {}
        self.adapter: dict[str, Tensor] = {}

    def write(self, task: Facts, earlier: Sequence[Facts], learning_rate: float, steps: int) -> None:
        """Train the adapter on one task and merge it, in place. Raises Diverged if the loss is not finite."""
        with torch.no_grad():
            for name, value in self.base.items():
                self.parameters[name].copy_(value)
        with self._adapted(0 if self.continued else len(earlier)) as trained:
            if self.continued:
                self._fill(trained)
            rule = torch.optim.AdamW(trained.values(), lr=learning_rate, weight_decay=self.weight_decay)
            for step in range(steps):
                loss = answer_loss(outputs(self.model, task), task)
                if not torch.isfinite(loss):
                    raise Diverged(f"task {len(earlier) + 1}, before step {step + 1} of {steps}: the loss is {loss.item()}")
                rule.zero_grad()
                loss.backward(inputs=list(trained.values()))
                rule.step()
            if self.continued:
                self.adapter = {name: parameter.detach().clone() for name, parameter in trained.items()}

    @contextlib.contextmanager
    def _adapted(self, seed: int) -> Iterator[dict[str, nn.Parameter]]:
        """The model with adapters, whose parameters are given by name. At the end they are merged, after an error thrown away;
        the model has its own modules again either way."""
        from peft import LoraConfig, LoraModel  # slow to import

        wanted = {id(p): p.requires_grad for p in self.model.parameters()}
        config = LoraConfig(
            r=self.rank,
            lora_alpha=self.alpha,
            target_modules=[matrix.name.removesuffix(".weight") for matrix in self.chosen],
            fan_in_fan_out=all(matrix.transposed for matrix in self.chosen),
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            tuner = LoraModel(self.model, config, ADAPTER)
        try:
            layers = {matrix.name: matrix.module(self.model) for matrix in self.chosen}
            yield {
                f"{name}/{factor}": getattr(layer, f"lora_{factor}")[ADAPTER].weight
                for name, layer in layers.items()
                for factor in ("A", "B")
            }
        except BaseException:
            tuner.unload()
            raise
        else:
            tuner.merge_and_unload()
        finally:
            for parameter in self.model.parameters():
                parameter.requires_grad_(wanted[id(parameter)])

    @torch.no_grad()
    def _fill(self, trained: dict[str, nn.Parameter]) -> None:
        """Give the adapter the values that it had after the last task, if there was one."""
        for name, value in self.adapter.items():
            trained[name].copy_(value)

    def state(self) -> dict[str, Tensor]:
        """A and B of every matrix, if they go on."""
        return dict(self.adapter)

    def restore(self, state: dict[str, Tensor]) -> None:
        """Take up A and B."""
        self.adapter = dict(state)


def lora(
    model: nn.Module,
    background: Background,
    rank: int = 8,
    alpha: float = 16.0,
    where: str = "all",
    mode: str = "continued",
    weight_decay: float = 0.0,
) -> Lora:
    """The matrices of `where`, by adapters of this rank. State: A and B if they go on, else none. The background is not used.

    alpha: scale of the adapters is alpha / rank. where: as `realmodels.model.matrices.find`. mode: continued or merged.
    weight_decay: decoupled, of A and B. Raises UserError for an option out of range.
    """
    one_of("mode", mode, MODES)
    positive("alpha", alpha)
    not_negative("weight_decay", weight_decay)
    chosen = matrices.find(model, where)
    whole("rank", rank, most=min(min(matrix.inputs, matrix.outputs) for matrix in chosen))
    size = sum(rank * (matrix.inputs + matrix.outputs) for matrix in chosen) if mode == "continued" else 0
    return Lora(
        model,
        {matrix.name: matrix.parameter(model) for matrix in chosen},
        state_numbers=size,
        state_bits=32 * size,
        optimizer="adamw",
        weight_decay=weight_decay,
        rates=RATES,
        chosen=chosen,
        rank=rank,
        alpha=alpha,
        continued=mode == "continued",
    )


METHOD = lora
