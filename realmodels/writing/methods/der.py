"""DER++: replay whose store holds, beside each old fact, what the model said when it was new, and pulls the model back to it.

Source: Buzzega et al. 2020 (arXiv 2004.07211, eq. 6), as Mammoth has it. The store is that of `replay`: a reservoir. Every step's
loss is
    loss(task) + alpha * mean (z - z')^2 + beta * loss(other old facts),
with z the outputs of `n` facts of the store and z' what they were when the fact went in; the second `n` facts are drawn apart
from the first. Means go over all outputs, and over facts. Outputs are the logits of the file's answers and one number for all
other words (`realmodels.writing.outputs`), where the source has logits of all classes. A fact goes in after its task was written.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from realmodels.writing.methods.checks import not_negative
from realmodels.writing.methods.replay import Replay, replay, reservoir, together
from realmodels.writing.methods.writer import Background, Diverged, Gradients
from realmodels.writing.outputs import Facts, answer_loss, outputs


@dataclass(eq=False, kw_only=True)
class Der(Replay):
    """alpha, beta: weights of the two losses on old facts. said: {number of a fact in the store: its outputs [I, C + 1]}."""

    alpha: float
    beta: float
    said: dict[int, Tensor] = field(default_factory=dict)

    def write(self, task: Facts, earlier: Sequence[Facts], learning_rate: float, steps: int) -> None:
        """Write one task in place, with facts of the store in every step. Raises Diverged if the loss is not finite."""
        facts, kept = (together(earlier) if earlier else None), sorted(self.said)
        step_by, draw = self._stepper(learning_rate), np.random.default_rng([2, len(earlier)])
        for step in range(steps):
            loss = answer_loss(outputs(self.model, task), task)
            if facts is not None:
                first, second = (sorted(draw.permutation(kept)[: self.n].tolist()) for _ in range(2))
                z = outputs(self.model, facts[torch.tensor(first)])
                loss = loss + self.alpha * distance(z, torch.cat([self.said[fact] for fact in first]))
                others = facts[torch.tensor(second)]
                loss = loss + self.beta * answer_loss(outputs(self.model, others), others)
            step_by(self._gradient(loss, f"task {len(earlier) + 1}, before step {step + 1} of {steps}"))
        self._take(task, earlier)

    def _gradient(self, loss: Tensor, where: str) -> Gradients:
        if not torch.isfinite(loss):
            raise Diverged(f"{where}: the loss is {loss.item()}")
        found = torch.autograd.grad(loss, list(self.parameters.values()), allow_unused=True)
        return {name: g for name, g in zip(self.parameters, found, strict=True) if g is not None}

    @torch.no_grad()
    def _take(self, task: Facts, earlier: Sequence[Facts]) -> None:
        """Let the store have what the reservoir says after this task, and count it."""
        before = sum(len(part) for part in earlier)
        kept = reservoir(before + len(task), self.buffer)
        new = [fact for fact in sorted(kept) if fact >= before]
        self.said = {fact: z for fact, z in self.said.items() if fact in kept}
        self.said |= {fact: outputs(self.model, task[torch.tensor([fact - before])]) for fact in new}
        self._count(self._store([*earlier, task]))

    def _count(self, store: Facts | None) -> None:
        """Count the store: tokens of prompts and answers, each one of the vocabulary, and outputs of 32 bits."""
        super()._count(store)
        said = sum(z.numel() for z in self.said.values())
        self.state_numbers += said
        self.state_bits += 32 * said

    def state(self) -> dict[str, Tensor]:
        """Outputs of every fact in the store, by its number."""
        return {str(fact): z for fact, z in self.said.items()}

    def restore(self, state: dict[str, Tensor]) -> None:
        """Take up the outputs."""
        self.said = {int(fact): z.clone() for fact, z in state.items()}


def distance(z: Tensor, said: Tensor) -> Tensor:
    """Mean squared difference of outputs [I, C + 1], over those that an item has: where it has fewer options both are -inf."""
    there = torch.isfinite(said)
    return (z[there] - said[there]).square().mean()


def der(
    model: nn.Module,
    background: Background,
    where: str = "",
    alpha: float = 0.1,
    beta: float = 0.5,
    n: int = 8,
    buffer: int = 32,
    optimizer: str = "sgd",
    weight_decay: float = 0.0,
) -> Der:
    """As `replay`, with outputs in the store. State: tokens and outputs of the facts in the store; counted as they are written.

    alpha, beta: weights of the outputs and of the answers of old facts, 0 or more. All else: as in `replay`.
    """
    not_negative("alpha", alpha)
    not_negative("beta", beta)
    plain = replay(model, background, where, n, buffer, optimizer, weight_decay)
    return Der(
        model,
        plain.parameters,
        optimizer=optimizer,
        weight_decay=weight_decay,
        rates=plain.rates,
        n=n,
        buffer=buffer,
        vocabulary=plain.vocabulary,
        alpha=alpha,
        beta=beta,
    )


METHOD = der
