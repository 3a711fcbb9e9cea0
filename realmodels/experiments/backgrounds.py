"""Whose background protects whom: one matrix of a pretrained model, written off the directions of several backgrounds (C2).

The law is `realmodels.writing.crosstalk`. Kinds of background are those of `realmodels.writing.backgrounds`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from realmodels.experiments.smollm2 import FACTS, KNOWN, MODEL, STREAM, WHERE
from realmodels.model import matrices
from realmodels.model.loaded import load
from realmodels.model.reading import first_block
from realmodels.model.remembering import remembering
from realmodels.text.capitals import capitals
from realmodels.text.facts import stream as drawn
from realmodels.training.loop import one_thread
from realmodels.writing import editing
from realmodels.writing.backgrounds import Texts, directions, keys, writer_off
from realmodels.writing.crosstalk import crosstalk, task_gradients
from realmodels.writing.damage import bits_per_byte
from realmodels.writing.forecast import said, setup_of, simulate
from realmodels.writing.injected import injected
from realmodels.writing.kernel import layer_kernel
from realmodels.writing.methods.writer import Diverged, Writer
from realmodels.writing.outputs import Facts, asked
from realmodels.writing.question import Question, Setting
from realmodels.writing.sampled import sampled
from realmodels.writing.stream import STEPS, stream
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows

RATE = 2.0
"""Learning rate of plain writes to this matrix, chosen by trials on the tuning draw (table `smollm2`)."""
TASKS: dict[Preset, int] = {"quick": 2, "paper": 5}
SEEDS: dict[Preset, tuple[int, ...]] = {"quick": (0,), "paper": tuple(range(11, 19))}
BACKGROUND: dict[Preset, tuple[int, int, int]] = {"quick": (32, 16, 16), "paper": (192, 64, 64)}
"""Facts of the stream's form that are never written: how many give directions, gradients of tasks, and keys that are asked."""
RELATED = 100  # capitals beside those that are asked
TRACKED = 4  # other options of an item in the kernel
WRITTEN: dict[Preset, tuple[tuple[str, int], ...]] = {
    "quick": (("none", 0), ("stream", 2)),
    "paper": (
        ("none", 0),
        ("answer", 1),
        ("stream", 1),
        ("stream", 2),
        ("stream", 64),
        ("text", 8),
        ("text", 64),
        ("related", 64),
        ("mixture", 8),
        ("mixture", 64),
        ("random", 64),
    ),
}
"""Backgrounds and numbers of directions that are written with. The law says all of LAW."""
LAW: dict[Preset, tuple[int, ...]] = {"quick": (1, 2), "paper": (1, 2, 4, 8, 16, 32, 64, 128)}
ASKED = ("stream", "related", "text")
SAID = ("kept", "rephrased", "known", "text_rise")


def cells(preset: Preset) -> Sequence[Cell]:
    """A cell per draw of the facts."""
    return [
        {
            "seed": seed,
            "T": TASKS[preset],
            "D": FACTS,
            "steps": STEPS,
            "where": WHERE,
            "rate": RATE,
            "background": list(BACKGROUND[preset]),
            "written": [list(one) for one in WRITTEN[preset]],
            "law": list(LAW[preset]),
        }
        for seed in SEEDS[preset]
    ]


@dataclass
class Bench:
    """The model of one draw of the facts: `base` as it is before any write, `model` the copy that is written into."""

    cell: Cell

    def __post_init__(self) -> None:
        """Load the model, read what each background makes the matrix read, and ask all questions once."""
        T, D, count = self.cell["T"], self.cell["D"], sum(self.cell["background"])
        facts = drawn(STREAM, T + count // D, D, self.cell["seed"])
        loaded = load(MODEL)
        self.question = Question(loaded, facts[: T * D], Setting(background=facts[T * D :]))
        self.base, self.model, self.words = loaded.model, loaded.copy(), loaded.words
        self.matrix = matrices.one(self.base, self.cell["where"])
        self.weight = self.matrix.parameter(self.model)
        self.start = self.weight.detach().clone()
        self.first = first_block(self.model, [self.weight])
        self.rephrased, _ = self.question.other_wordings()
        self.pairs = capitals(KNOWN)
        self.before = bits_per_byte(self.base, self.question.protected)
        self.known = editing.right(self.base, self.words, self.pairs) == 1

    @cached_property
    def read(self) -> dict[str, Tensor]:
        """Keys of every kind of background [N, inputs]."""
        prompts = Texts.prompts(self._others(0))
        names = [prompt for prompt, _ in capitals(KNOWN + RELATED)[KNOWN:]]
        return {
            "answer": keys(self.base, self.matrix, prompts, last=True),
            "stream": keys(self.base, self.matrix, prompts),
            "related": keys(self.base, self.matrix, Texts.of(names, self.words)),
            "text": keys(self.base, self.matrix, Texts.windows(self.question.background.text)),
        }

    @cached_property
    def asked(self) -> dict[str, Tensor]:
        """Keys of what has to be kept [N, inputs]: where answers begin, and in text but for the first tokens of windows.

        None of these texts gives directions, or a task of the law.
        """
        capital = Texts.of([prompt for prompt, _ in self.pairs], self.words)
        text = keys(self.base, self.matrix, Texts.windows(self.question.protected.tokens))
        return {
            "stream": keys(self.base, self.matrix, Texts.prompts(self._others(2)), last=True),
            "related": keys(self.base, self.matrix, capital, last=True),
            "text": text.view(len(self.question.protected.tokens), -1, text.shape[1])[:, 1:].flatten(0, 1),
        }

    @cached_property
    def gradients(self) -> Tensor:
        """Gradients of tasks that are never written [T, outputs, inputs]."""
        return task_gradients(self.base, self.matrix, self._others(1))

    def _others(self, part: int) -> Facts:
        """Facts that are never written: those that give directions, tasks or keys."""
        parts = self.cell["background"]
        return self.question.background.prompts[sum(parts[:part]) : sum(parts[: part + 1])]

    def directions(self, kind: str, k: int) -> Tensor:
        """Orthonormal U [inputs, k]."""
        if kind == "none":
            return torch.zeros(self.matrix.inputs, 0, dtype=torch.float64)
        return directions(self.read, kind, k, self.cell["seed"])

    def law(self, kind: str, k: int) -> dict[str, float]:
        """Share of the gradient that is left, crosstalk with everything asked, and the energy left of its keys."""
        u = self.directions(kind, k)
        left = 1 - float((self.gradients @ u).square().sum() / self.gradients.square().sum())
        found = {"left": left}
        for name, x in self.asked.items():
            x = x.double()
            found[f"crosstalk_{name}"] = float(crosstalk(self.gradients, u, x)[-1])
            found[f"energy_{name}"] = 1 - float((x @ u).square().sum() / x.square().sum())
        return found

    def said(self) -> dict[str, float]:
        """What the copy says as it is now."""
        assert self.rephrased is not None
        return {
            "kept": float(asked(self.model, self.question.facts).exact.sum()),
            "rephrased": float(asked(self.model, self.rephrased).exact.mean()),
            "known": float(editing.right(self.model, self.words, self.pairs)[self.known].mean()),
            "text_rise": bits_per_byte(self.model, self.question.protected) - self.before,
        }

    def moved(self) -> dict[str, float]:
        """Mean square of what the change of the matrix adds to its output, at everything asked."""
        change = (self.weight.detach() - self.start).double()
        change = change.T if self.matrix.transposed else change
        return {name: float((x.double() @ change.T).square().sum(1).mean()) for name, x in self.asked.items()}

    def back(self) -> None:
        """Undo all writes."""
        with torch.no_grad():
            self.weight.copy_(self.start)

    def forecast(self, writer: Writer, rate: float) -> dict[str, float]:
        """What the kernel of the stream's facts says, and what the model says with the predicted change in the matrix."""
        few = sampled(self.base, self.question.facts, TRACKED)
        kernel = layer_kernel(self.model, writer, few)
        setup = replace(setup_of(self.model, kernel, few, steps=self.cell["steps"]), learning_rate=rate)
        change = injected(self.model, writer, setup)[self.matrix.name]
        try:
            with torch.no_grad():
                self.weight.add_(change)
            found = {f"{name}_injected": value for name, value in self.said().items()}
            found |= {f"function_{name}_injected": value for name, value in self.moved().items()}
        finally:
            self.back()
        return {"kept_kernel": float(said(setup, simulate(setup)[-1]).exact.sum()), **found}

    def write(self, writer: Writer, rate: float) -> dict[str, Any]:
        """The stream, written and asked; the copy is put back."""
        nothing = dict.fromkeys(("learned", *SAID, *(f"function_{name}" for name in ASKED)), np.nan)
        facts, fresh = self.question.facts, []
        try:
            for count in stream(writer, facts, rate, self.cell["steps"]):
                if count:
                    fresh.append(float(asked(self.model, facts.of_task(count - 1)).exact.mean()))
            return {
                "learned": float(np.mean(fresh)),
                **self.said(),
                **{f"function_{name}": value for name, value in self.moved().items()},
                "diverged": False,
            }
        except Diverged:
            return {**nothing, "kept": 0.0, "diverged": True}
        finally:
            self.back()


def run(cell: Cell, workspace: Path) -> Rows:
    """One row per background and number of directions; those that are not written hold the law alone."""
    with one_thread():
        bench = Bench(cell)
        with remembering(bench.model, bench.first):
            return list(_rows(bench, cell))


def _rows(bench: Bench, cell: Cell) -> Iterator[dict[str, Any]]:
    written = [(kind, k) for kind, k in cell["written"]]
    kinds = dict.fromkeys(kind for kind, _ in written if kind not in ("none", "answer"))
    silent = [(kind, k) for kind in kinds for k in cell["law"] if (kind, k) not in written]
    measured = ("learned", *SAID, *(f"{name}_injected" for name in SAID), "kept_kernel")
    moved = [f"function_{name}{suffix}" for name in ASKED for suffix in ("", "_injected")]
    for kind, k in (*written, *silent):
        law = bench.law(kind, k)
        row = {
            "seed": cell["seed"],
            "background": kind,
            "k": k,
            "T": cell["T"],
            "D": cell["D"],
            "steps": cell["steps"],
            "before": bench.before,
            "capitals": int(bench.known.sum()),
            "learning_rate": cell["rate"] / law["left"],
            **law,
            "written": (kind, k) in written,
            "diverged": False,
            **dict.fromkeys((*measured, *moved), np.nan),
        }
        if row["written"]:
            writer = writer_off(bench.model, bench.matrix, bench.directions(kind, k) if k else None)
            row |= bench.forecast(writer, row["learning_rate"]) | bench.write(writer, row["learning_rate"])
        yield row


EXPERIMENT = Experiment(
    name="backgrounds",
    question="Off-mode writing leaves out directions of a background: whose background protects whom, and how many directions "
    "are right?",
    prediction="By claim C2 on the spectrum that is left, the write of a task G off U moves the matrix's output at another key "
    "x by mean |G P x|^2 / (mean |G P|^2)^2 at equal learning, P = I - U U^T (`realmodels.writing.crosstalk`). Nothing is "
    "fitted. It is taken from gradients and keys before any write, and says more than half of what a background does to the "
    "function at the stream's prompts, at related knowledge and at text (C2-background), and more than the share of the keys' "
    "energy off U, over that of the gradient (C2-background-energy). On the tuning draw it says: two directions of the stream's "
    "prompts protect the stream tenfold, one does nothing, 64 as much as two (C2-second, C2-flat); they take most of the "
    "gradient, so that the rate is higher and related knowledge moves 2.6 times as much with two, 8 times with 64: more of the "
    "stream is kept (C2-stream) at the price of capitals (C2-price, C2-flat-price). Directions of text protect capitals "
    "(C2-text) and nothing of the stream (C2-text-stream). As many of a mixture keep the stream, and more capitals than those "
    "of the stream alone (C2-mixture). The predicted change, put into the matrix, says what is left of capitals and text better "
    "than one constant for all backgrounds (P1-injected). Of the stream itself the kernel says more (P1-injected-kept). What "
    "was seen before: one stream of each on the tuning draw, as the law says, in 9 of these 11 cases; kept 22 of 40 plainly, 35 "
    "off two directions of the stream, 39 off 64 of the mixture; capitals .78, .26, .52.",
    falsifier="The 95% interval over draws lies wholly on the other side of the border that the rule names.",
    controls="64 directions drawn at random; plain writes; the same facts, order and steps for all; learning rates set by the "
    "law alone, the plain one over the share of the gradient that is left, and what was learned beside it; no text that is "
    "asked gives directions or tasks of the law; of prompts that share their beginning only the last token is asked; draws of "
    "the facts that no other table holds; wordings that are never written.",
    columns={
        "seed": Column("Seed of the facts.", int),
        "background": Column(
            "What gives the directions: answer, stream, related, text, mixture, random; none: plain writes.",
            str,
        ),
        "k": Column("Directions left out.", int, unit="directions"),
        "T": Column("Tasks of the stream.", int, unit="tasks"),
        "D": Column("Facts per task.", int, unit="facts"),
        "steps": Column("Gradient steps per task.", int, unit="steps"),
        "before": Column("Cross-entropy of protected text before any write.", unit="bits per byte"),
        "capitals": Column("Capitals of those asked that are known before.", int, unit="capitals"),
        "learning_rate": Column("Learning rate: the plain one over the share of the gradient that is left."),
        "left": Column("Share of the squared gradient of other tasks that is left off the directions."),
        "crosstalk_stream": Column("Crosstalk with other prompts of the stream's form, where the answer begins."),
        "energy_stream": Column("Share of the energy of their keys that is left off the directions."),
        "crosstalk_related": Column("Crosstalk with prompts that ask for capitals, where the answer begins."),
        "energy_related": Column("Share of the energy of their keys that is left."),
        "crosstalk_text": Column("Crosstalk with protected text, but for the first tokens of windows."),
        "energy_text": Column("Share of the energy of its keys that is left."),
        "written": Column("Whether the stream was written this way; without, the row holds the law alone.", bool),
        "diverged": Column("Whether a write made the model's numbers infinite.", bool),
        "learned": Column("Share of the facts said right just after their own write.", optional="not written, or diverged"),
        "kept": Column("Facts of the stream said right at the end.", unit="facts", optional="not written"),
        "rephrased": Column("Share said right in a wording that was never written.", optional="not written, or diverged"),
        "known": Column("Share of the known capitals that is still right.", optional="not written, or diverged"),
        "text_rise": Column(
            "Rise of the cross-entropy of protected text.", unit="bits per byte", optional="not written, or diverged"
        ),
        "kept_injected": Column("Facts kept, with the predicted change.", unit="facts", optional="not written"),
        "rephrased_injected": Column("The same of the other wording.", optional="not written"),
        "known_injected": Column("The same of known capitals.", optional="not written"),
        "text_rise_injected": Column("The same of protected text.", unit="bits per byte", optional="not written"),
        "kept_kernel": Column("Facts kept, by the kernel simulation.", unit="facts", optional="not written"),
        "function_stream": Column(
            "Mean square of what the writes add to the matrix's output, at other prompts of the stream's form.",
            optional="not written, or diverged",
        ),
        "function_stream_injected": Column("The same of the predicted change.", optional="not written"),
        "function_related": Column("The same at prompts that ask for capitals.", optional="not written, or diverged"),
        "function_related_injected": Column("The same of the predicted change.", optional="not written"),
        "function_text": Column("The same at protected text.", optional="not written, or diverged"),
        "function_text_injected": Column("The same of the predicted change.", optional="not written"),
    },
    cells=cells,
    run=run,
)
