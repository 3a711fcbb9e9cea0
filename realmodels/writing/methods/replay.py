"""Replay: full finetuning in which every step also sees some facts of earlier tasks, drawn from a store of bounded size.

The store is a reservoir (Vitter 1985, algorithm R): of all facts written so far each is in it with the same probability. Every
step's batch is the task and `n` facts of the store, drawn anew without repetition, or all of it if it holds fewer. The loss is
the mean over the facts of the batch. What is in the store, and what is drawn, depends on the numbers of earlier tasks and facts
alone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn
from torch.nn.functional import pad

from realmodels.model.transformer import Transformer
from realmodels.writing.methods.checks import whole
from realmodels.writing.methods.full import full
from realmodels.writing.methods.writer import Background, Writer
from realmodels.writing.outputs import Facts


def reservoir(count: int, buffer: int) -> list[int]:
    """Numbers of the facts, of `count` in order, that the store of `buffer` facts holds. That of a beginning is where it was."""
    draw, kept = np.random.default_rng(0), list(range(min(count, buffer)))
    for fact in range(buffer, count):
        place = int(draw.integers(fact + 1))
        if place < buffer:
            kept[place] = fact
    return kept


def together(parts: Sequence[Facts]) -> Facts:
    """Facts of one file, one part after the other."""
    length, width = max(part.tokens.shape[1] for part in parts), max(part.options.shape[1] for part in parts)
    before = [sum(len(part) for part in parts[:index]) for index in range(len(parts))]
    return replace(
        parts[0],
        tokens=torch.cat([pad(part.tokens, (0, length - part.tokens.shape[1])) for part in parts]),
        row=torch.cat([part.row + start for part, start in zip(parts, before, strict=True)]),
        options=torch.cat([pad(part.options, (0, width - part.options.shape[1]), value=-1) for part in parts]),
        **{name: torch.cat([getattr(p, name) for p in parts]) for name in ("last", "task", "place", "target", "subject")},
    )


@dataclass(eq=False, kw_only=True)
class Replay(Writer):
    """n: old facts a step. buffer: facts that the store holds. vocabulary: number of tokens there are."""

    n: int
    buffer: int
    vocabulary: int

    def write(self, task: Facts, earlier: Sequence[Facts], learning_rate: float, steps: int) -> None:
        """Write one task in place, with facts of the store in every step. Raises Diverged if the loss is not finite."""
        store = self._store(earlier)
        step_by, draw = self._stepper(learning_rate), np.random.default_rng([1, len(earlier)])
        for step in range(steps):
            old = [] if store is None else [store[torch.from_numpy(draw.permutation(len(store))[: self.n])]]
            step_by(self.gradient(together([task, *old]), f"task {len(earlier) + 1}, before step {step + 1} of {steps}"))
        self._count(self._store([*earlier, task]))

    def _store(self, earlier: Sequence[Facts]) -> Facts | None:
        """The facts in the store after these tasks; None if there are none."""
        if not earlier:
            return None
        facts = together(earlier)
        return facts[torch.tensor(sorted(reservoir(len(facts), self.buffer)))]

    def _count(self, store: Facts | None) -> None:
        """Count the store: the tokens of its prompts and answers, each one of the vocabulary."""
        self.state_numbers = 0 if store is None else int((store.last + 2).sum())
        self.state_bits = math.ceil(self.state_numbers * math.log2(self.vocabulary))


def replay(
    model: nn.Module,
    background: Background,
    where: str = "",
    n: int = 8,
    buffer: int = 32,
    optimizer: str = "sgd",
    weight_decay: float = 0.0,
) -> Replay:
    """As `full`, with replay. State: the tokens of the facts in the store; it is counted as they are written.

    where, optimizer, weight_decay: as in `full`. n: old facts in every step, at most. buffer: facts that the store holds.
    """
    whole("n", n)
    whole("buffer", buffer, least=n)
    plain = full(model, background, where, optimizer, weight_decay)
    return Replay(
        model,
        plain.parameters,
        optimizer=optimizer,
        weight_decay=weight_decay,
        rates=plain.rates,
        n=n,
        buffer=buffer,
        vocabulary=_vocabulary(model),
    )


def _vocabulary(model: nn.Module) -> int:
    """Tokens that the model knows."""
    return model.config.vocabulary if isinstance(model, Transformer) else model.config.get_text_config().vocab_size


METHOD = replay
