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

from realmodels.experiments.smollm2 import FACTS, KNOWN, MODEL, TUNING_SEED, question
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
from realmodels.writing.stream import STEPS, stream, write_task
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows

K = 24
WAYS: dict[str, tuple[str, str]] = {
    "free": ("none", "none"),
    "fast": ("none", "stream"),
    "stream": ("stream", "stream"),
    "related": ("related", "related"),
    "text": ("text", "text"),
    "mixture": ("mixture", "mixture"),
    "random": ("random", "random"),
}
"""{name: (background, the background whose learning rate is taken)}; none: nothing is left alone."""
RELATED = 100  # capitals beside those that are asked
TOKENS = 1000  # of a background: a matrix of 1,536 inputs is decomposed in a second
GUESS = 2.0**-16  # learning rate from which the smallest sufficient one is searched
TASKS: dict[Preset, int] = {"quick": 1, "paper": 4}
SEEDS: dict[Preset, tuple[tuple[int, ...], ...]] = {"quick": ((0,),), "paper": ((61, 62, 63, 64), (65, 66, 67, 68))}
"""Draws of the facts that one cell writes, one after another."""


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

    background: str
    seed: int
    T: int
    k: int
    steps: int

    def __post_init__(self) -> None:
        """Load the model, read the background, and ask what is known before."""
        loaded = load(MODEL)
        self.question: Question = question(loaded, self.seed, self.T)
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
        if self.background == "none":
            return None
        off = OffMode(
            self.model, self._texts("stream" if self.background == "random" else self.background), where="all", k=self.k
        )
        if self.background == "random":
            random = torch.Generator().manual_seed(self.seed)
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

    @property
    def state(self) -> float:
        """Numbers kept beside the model, over its parameters."""
        return 0.0 if self.off is None else self.off.state_numbers / sum(p.numel() for p in self.model.parameters())

    def back(self) -> None:
        """Undo all writes."""
        with torch.no_grad():
            for name, parameter in self.writer.parameters.items():
                parameter.copy_(self.start[name])

    def trial(self, rate: float) -> float:
        """Share of the first task's facts that is right just after it is written alone; NaN if that diverges."""
        task = self.facts.of_task(0)
        try:
            write_task(self.writer, task, rate, self.steps)
            return float(asked(self.model, task).exact.mean())
        except Diverged:
            return np.nan
        finally:
            self.back()

    def rate(self) -> tuple[float, bool]:
        """(smallest power of 2 with which the trial is learned, whether there is one)."""
        return sufficient_rate(self.trial, powers(*ADAMW_RATES), GUESS)

    def written(self, rate: float) -> dict[str, Any]:
        """What the stream leaves, of itself and beside it."""
        fresh: list[float] = []
        try:
            for count in stream(self.writer, self.facts, rate, self.steps):
                if count:
                    fresh.append(float(asked(self.model, self.facts.of_task(count - 1)).exact.mean()))
            rephrased, _ = self.question.other_wordings()
            change = {name: p.detach() - self.start[name] for name, p in self.writer.parameters.items()}
            done = damage(self.base, change, self.question.protected.tokens)
            return {
                "diverged": False,
                "learned": float(np.mean(fresh)),
                "kept": float(asked(self.model, self.facts).exact.sum()),
                "rephrased": float(asked(self.model, rephrased).exact.mean()),
                "known": float(editing.right(self.model, self.words, self.pairs).mean()),
                "text_rise": bits_per_byte(self.model, self.question.protected) - self.text,
                "function": done.function,
                "weight_change": done.weight,
            }
        except Diverged:
            return {"diverged": True, "kept": 0.0} | dict.fromkeys(SAID, np.nan)
        finally:
            self.back()


SAID = ("learned", "rephrased", "known", "text_rise", "function", "weight_change")


def _first(texts: Sequence[list[int]], tokens: int) -> list[list[int]]:
    """The first texts that have so many tokens together, the last one cut."""
    found: list[list[int]] = []
    for text in texts:
        if tokens <= 0:
            break
        found.append(text[:tokens])
        tokens -= len(text)
    return found


def cells(preset: Preset) -> Sequence[Cell]:
    """A cell per way and group of draws; a quick run has two ways."""
    ways = {name: WAYS[name] for name in (WAYS if preset == "paper" else ("free", "stream"))}
    return [
        {"way": way, "background": background, "rate_of": rate_of, "k": K if preset == "paper" else 2, "seeds": list(seeds)}
        | {"T": TASKS[preset], "D": FACTS, "steps": STEPS if preset == "paper" else 4}
        for seeds in SEEDS[preset]
        for way, (background, rate_of) in ways.items()
    ]


def run(cell: Cell, workspace: Path) -> Rows:
    """The learning rate by the tuning draw, and a row per draw."""
    rows: list[dict[str, Any]] = []
    with one_thread():
        rate, reached = Bench(cell["rate_of"], TUNING_SEED, 1, cell["k"], cell["steps"]).rate()
        for seed in cell["seeds"]:
            bench = Bench(cell["background"], seed, cell["T"], cell["k"], cell["steps"])
            own = {name: cell[name] for name in ("way", "background", "T", "D", "steps")} | {"seed": seed}
            about = {"k": 0 if bench.off is None else cell["k"], "capitals": len(bench.pairs)}
            about |= {"learning_rate": rate, "reached": reached}
            row = bench.written(rate)
            rows.append({**own, **about, "state": bench.state, **row})
    return rows


EXPERIMENT = Experiment(
    name="own_loop",
    question="Full finetuning by AdamW in a loop of one's own: what do three lines more (`OffMode` on all linear layers) bring?",
    prediction="The projection after the step holds under an optimizer that scales every weight by itself, so that claim C2 on "
    "the spectrum that is left holds as in one matrix (C2-background): what is written off 24 directions of a background in "
    "every matrix moves the function less where that background lies. So, at equal learning: off directions of prompts of "
    "the stream's own form more of the stream is kept than freely (P2-loop-stream), also than freely at the higher rate "
    "that these writes need (P2-loop-rate) and than off as many directions drawn at random (P2-loop-random). Off directions"
    " of running text, text rises less than freely (P2-loop-text). Off directions of related knowledge more known capitals "
    "are kept (P2-loop-related). Each background protects its own: the stream's keep more of the stream than text's, and "
    "text's more of text (P2-loop-whose). As many of a mixture do both, against free writes (P2-loop-mixture). The price of"
    " the stream's own directions is that fewer facts are said in another wording (P2-loop-price). What was seen before: "
    "one stream of 24 facts of each way on the tuning draw. Of 24 facts were kept freely 17, off the stream 22, related 15,"
    " text 15, mixture 21, random 17; capitals .96, .96, 1.00, 1.00, .96, .91; rise of text .0127, .0186, .0012, .0019, "
    ".0045, .0134 bits per byte; in another wording .17, .00, .04, .08, .04, .17. The fast way was not seen.",
    falsifier="The 95% interval over draws of the facts lies wholly on the other side of the border that the rule names.",
    controls="The same facts, order, steps and optimizer for all; as many random directions; free writes at the higher rate; "
    "learning rates by one rule (the smallest power of 2 that teaches nine tenths of a task) on a draw that is not reported; "
    "background prompts, capitals and text that are not asked; draws of the facts that no other table holds.",
    columns={
        "way": Column(
            "What the writes leave alone: free, stream, related, text, mixture, random; fast: free at the stream's rate.", str
        ),
        "background": Column("Background that gives the directions, or none.", str),
        "seed": Column("Seed of the facts.", int),
        "k": Column("Directions that every linear layer leaves alone.", int, unit="directions"),
        "T": Column("Tasks of the stream.", int, unit="tasks"),
        "D": Column("Facts per task.", int, unit="facts"),
        "steps": Column("Gradient steps per task.", int, unit="steps"),
        "capitals": Column("Capitals of those asked that are known before.", int, unit="capitals"),
        "learning_rate": Column("Learning rate, chosen on another draw."),
        "reached": Column("Whether that teaches nine tenths there.", bool),
        "state": Column("Numbers that are kept beside the model, over its parameters."),
        "diverged": Column("Whether a write made the model's numbers infinite.", bool),
        "learned": Column("Share of the facts said right just after their own write.", optional="diverged"),
        "kept": Column("Facts of the stream said right at the end.", unit="facts"),
        "rephrased": Column("Share said right in a wording that was never written.", optional="diverged"),
        "known": Column("Share of the known capitals that is still right.", optional="diverged"),
        "text_rise": Column("Rise of the cross-entropy of protected text.", unit="bits per byte", optional="diverged"),
        "function": Column("Size of the update in function space, on protected text (F_Delta).", optional="diverged"),
        "weight_change": Column("Size of the update over that of the weights.", optional="diverged"),
    },
    cells=cells,
    run=run,
)
