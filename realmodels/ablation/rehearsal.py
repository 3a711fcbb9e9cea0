"""Kinds of rehearsal, all with as many readings of old strings for an amount: amount 1 reads as many old strings as new ones.

* none: the steps of the task alone.
* uniform: every step's batch is the task and some strings of a store with their true answers.
* sleep: first the task alone; then a phase of batches as large as a task, of the store and the newest task together.
* own: as uniform, but the strings are keys drawn at random, as many as the store holds, with what the model itself answered
  before the task (Robins 1995, pseudorehearsal). No store.
* cued: as uniform, but the true prompts of the store come with what the model itself answered before the task.
The store is the reservoir of `realmodels.writing.methods.replay`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from realmodels.bench.item import Item
from realmodels.bench.kinds import stream
from realmodels.bench.memories.language_model import LanguageModel, encoded
from realmodels.model.loaded import Loaded
from realmodels.model.remembering import remembering
from realmodels.writing.methods.replay import reservoir, together
from realmodels.writing.outputs import Facts

KINDS = ("none", "uniform", "sleep", "own", "cued")
OWN_SEEDS = 1_000_000  # of random keys; no stream has so large a seed
ADAMW: Mapping[str, Any] = {"optimizer": "adamw"}


class Rehearsed(LanguageModel):
    """A model that is written by AdamW, with rehearsal. amount: old readings per new one. buffer: strings that the store holds.

    Errors as `LanguageModel`, and ValueError for an unknown kind of rehearsal.
    """

    def __init__(self, loaded: Loaded, kind: str, rehearsal: str, amount: float, buffer: int, rate: float, steps: int):
        if rehearsal not in KINDS:
            raise ValueError(f"unknown rehearsal {rehearsal!r}: choose one of {', '.join(KINDS)}")
        super().__init__(loaded, kind, "full", ADAMW, rate, steps)
        self.kind, self.rehearsal, self.amount, self.buffer = kind, rehearsal, amount, buffer
        self.items: list[Item] = []
        self.tasks, self.free = 0, self.parameters

    @property
    def store(self) -> list[Item]:
        """The strings in the store."""
        return [self.items[number] for number in sorted(reservoir(len(self.items), self.buffer))]

    def write(self, task: Sequence[Item]) -> None:
        """Learn a task, with rehearsal. Raises Diverged."""
        new, old = encoded(task, self.loaded), self._rehearsed()
        draw, where = np.random.default_rng([2, self.tasks]), f"task {self.tasks + 1}"
        self.items += task
        with remembering(self.model, self.first):
            mixed = None if self.rehearsal == "sleep" else old
            self._steps(self.steps, where, lambda: _batch(new, mixed, round(self.amount * len(new)), draw))
            if self.rehearsal == "sleep" and self.tasks:
                pool, size = encoded([*self.store, *task], self.loaded), len(new)
                self._steps(round(self.amount * self.steps), f"{where}, asleep", lambda: pool[_drawn(draw, len(pool), size)])
        self.tasks += 1

    def _rehearsed(self) -> Facts | None:
        """What is rehearsed with the next task; None before the first."""
        if not self.items or self.rehearsal == "none":
            return None
        if self.rehearsal == "own":
            drawn = stream(self.kind, 1, self.buffer, OWN_SEEDS + self.tasks)[0]
            return encoded(self._answered(drawn), self.loaded)
        return encoded(self._answered(self.store) if self.rehearsal == "cued" else self.store, self.loaded)

    def _answered(self, items: Sequence[Item]) -> list[Item]:
        """These prompts with the model's own likeliest answers among the letters, letter by letter."""
        letters = items[0].alphabet
        tokens = torch.tensor([self.loaded.words.joined(items[0].prompt, f" {letter}")[1][0] for letter in letters])
        texts = torch.tensor([self.loaded.words.prompt(item.prompt) for item in items])
        said = [""] * len(items)
        with torch.no_grad():
            for _ in items[0].symbols:
                best = self.model(texts)[:, -1, tokens].argmax(1)
                texts = torch.cat([texts, tokens[best][:, None]], 1)
                said = [f"{text} {letters[number]}" for text, number in zip(said, best.tolist(), strict=True)]
        return [Item(item.prompt, text, letters) for item, text in zip(items, said, strict=True)]

    def _steps(self, count: int, where: str, batch: Any) -> None:
        """Steps of AdamW with fresh moments."""
        step_by = self.writer._stepper(self.rate)  # pyright: ignore[reportPrivateUsage]
        for step in range(count):
            step_by(self.writer.gradient(batch(), f"{where}, before step {step + 1} of {count}"))


def _batch(new: Facts, old: Facts | None, count: int, draw: np.random.Generator) -> Facts:
    """The task and `count` of the old strings, or all of them if they are fewer."""
    return new if old is None else together([new, old[_drawn(draw, len(old), count)]])


def _drawn(draw: np.random.Generator, there: int, count: int) -> Tensor:
    return torch.from_numpy(draw.permutation(there)[:count])
