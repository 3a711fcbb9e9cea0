"""Full finetuning by AdamW in a loop of one's own, and the same with three lines more: `realmodels.OffMode` on all linear layers.

A way is a background and how many of its directions every linear layer leaves alone. All weights are trained; embeddings and
norms are free in every way. Backgrounds are lists of token numbers, as `OffMode` takes them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from realmodels.experiments.smollm2 import KNOWN, MODEL, TUNING_SEED, question
from realmodels.model.loaded import load
from realmodels.text.capitals import capitals
from realmodels.training.loop import one_thread
from realmodels.writing import editing
from realmodels.writing.case import powers, sufficient_rate
from realmodels.writing.damage import bits_per_byte, damage
from realmodels.writing.methods.writer import ADAMW_RATES, Diverged, Gradients, Writer
from realmodels.writing.outputs import asked
from realmodels.writing.question import Question
from realmodels.writing.restricted_updates import OffMode
from realmodels.writing.stream import stream, write_task
from simulate.runs.experiment import Cell, Preset
from simulate.runs.store import Rows
from theory.errors import UserError

WAYS: dict[str, tuple[str, int]] = {
    "free": ("none", 0),
    "stream": ("stream", 24),
    "related": ("related", 24),
    "text": ("text", 24),
    "mixture": ("mixture", 24),
    "random": ("random", 24),
}
"""{name: (background, directions of every matrix)}."""
RELATED = 100  # capitals beside those that are asked
TOKENS = 1000  # of a background: a matrix of 1,536 inputs is decomposed in a second
TASKS: dict[Preset, int] = {"quick": 1, "paper": 5}


@dataclass(eq=False, kw_only=True)
class Looped(Writer):
    """All parameters by AdamW with fresh moments per task; `off` restricts its steps."""

    off: OffMode | None = None

    def _stepper(self, learning_rate: float) -> Callable[[Gradients], None]:
        optimizer = torch.optim.AdamW(self.parameters.values(), lr=learning_rate, weight_decay=0.0)
        if self.off is not None:
            self.off.restrict(optimizer)

        def step(update: Gradients) -> None:
            for name, parameter in self.parameters.items():
                parameter.grad = update.get(name)
            optimizer.step()
            optimizer.zero_grad()

        return step


@dataclass
class Bench:
    """One draw of the facts and one way: `model` is the copy that is trained."""

    cell: Cell

    def __post_init__(self) -> None:
        """Load the model, read the background, and ask what is known before."""
        loaded = load(MODEL)
        self.question: Question = question(loaded, self.cell["seed"], self.cell["T"])
        self.facts, self.base, self.words = self.question.facts, loaded.model, loaded.words
        self.model = loaded.copy()
        parameters = dict(self.model.named_parameters())
        self.off = self._off_mode()
        self.writer = Looped(self.model, parameters, optimizer="adamw", rates=ADAMW_RATES, off=self.off)
        self.start = {name: parameter.detach().clone() for name, parameter in parameters.items()}
        pairs = capitals(KNOWN)
        known = editing.right(self.base, self.words, pairs) == 1
        self.pairs = [pair for pair, right in zip(pairs, known, strict=True) if right]
        self.text = bits_per_byte(self.base, self.question.protected)

    def _off_mode(self) -> OffMode | None:
        background, k = self.cell["background"], self.cell["k"]
        if background == "none":
            return None
        off = OffMode(self.model, self._texts(background if background != "random" else "stream"), where="all", k=k)
        if background == "random":
            random = torch.Generator().manual_seed(self.cell["seed"])
            off.directions = {
                name: torch.linalg.qr(torch.randn(u.shape, generator=random)).Q for name, u in off.directions.items()
            }
        return off

    def _texts(self, background: str) -> list[list[int]]:
        """The background as token numbers, about TOKENS of them; of the mixture as many of each kind."""
        prompts = self.question.background.prompts
        kinds = {
            "stream": [row[: first + 1].tolist() for row, first in zip(prompts.tokens, prompts.first.tolist(), strict=True)],
            "related": [list(self.words.prompt(prompt)) for prompt, _ in capitals(KNOWN + RELATED)[KNOWN:]],
            "text": self.question.background.text.tolist(),
        }
        if background != "mixture":
            return _first(kinds[background], TOKENS)
        return [text for texts in kinds.values() for text in _first(texts, TOKENS // len(kinds))]

    def back(self) -> None:
        """Undo all writes."""
        with torch.no_grad():
            for name, parameter in self.writer.parameters.items():
                parameter.copy_(self.start[name])

    def trial(self, rate: float) -> float:
        """Share of the first task's facts that is right just after it is written alone; NaN if that diverges."""
        task = self.facts.of_task(0)
        try:
            write_task(self.writer, task, rate, self.cell["steps"])
            return float(asked(self.model, task).exact.mean())
        except Diverged:
            return np.nan
        finally:
            self.back()

    def rate(self) -> tuple[float, bool]:
        """(smallest power of 2 with which the trial is learned, whether there is one)."""
        rates = powers(*ADAMW_RATES)
        return sufficient_rate(self.trial, rates, 2.0**-14)

    def written(self, rate: float) -> dict[str, Any]:
        """What the stream leaves, of itself and beside it."""
        fresh: list[float] = []
        try:
            for count in stream(self.writer, self.facts, rate, self.cell["steps"]):
                if count:
                    fresh.append(float(asked(self.model, self.facts.of_task(count - 1)).exact.mean()))
            rephrased, _ = self.question.other_wordings()
            change = {name: p.detach() - self.start[name] for name, p in self.writer.parameters.items()}
            done = damage(self.base, change, self.question.protected.tokens)
            return {
                "learned": float(np.mean(fresh)),
                "kept": float(asked(self.model, self.facts).exact.sum()),
                "rephrased": float(asked(self.model, rephrased).exact.mean()) if rephrased is not None else np.nan,
                "known": float(editing.right(self.model, self.words, self.pairs).mean()),
                "text_rise": bits_per_byte(self.model, self.question.protected) - self.text,
                "function": done.function,
                "weight_change": done.weight,
            }
        except Diverged as error:
            raise UserError(f"way {self.cell['way']!r}, seed {self.cell['seed']}: {error}") from None
        finally:
            self.back()


def _first(texts: Sequence[list[int]], tokens: int) -> list[list[int]]:
    """The first texts that have so many tokens together, the last one cut."""
    found: list[list[int]] = []
    for text in texts:
        if tokens <= 0:
            break
        found.append(text[:tokens])
        tokens -= len(text)
    return found


def run(cell: Cell, workspace: Path) -> Rows:
    """The rate by the tuning draw, and a row."""
    with one_thread():
        rate, reached = Bench({**cell, "seed": TUNING_SEED, "T": 1}).rate()
        bench = Bench(cell)
        row = bench.written(rate)
    own = {name: cell[name] for name in ("way", "background", "k", "seed", "T", "D", "steps")}
    return [
        {**own, "learning_rate": rate, "reached": reached, "state": 0 if bench.off is None else bench.off.state_numbers, **row}
    ]
