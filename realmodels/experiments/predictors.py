"""Which predictor says what a stream leaves of each fact: streams into single matrices of a pretrained model, past their budgets.

The predictors are those of `realmodels.writing.predictors`. The budget of a stream is the number of facts that can be written
before fewer than half of them are still said right.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from realmodels.experiments.smollm2 import FACTS, KNOWN, MODEL, STREAM
from realmodels.model import matrices
from realmodels.model.loaded import load
from realmodels.model.reading import first_block
from realmodels.model.remembering import remembering
from realmodels.text.capitals import capitals
from realmodels.text.facts import stream as drawn
from realmodels.training.loop import one_thread
from realmodels.writing import editing
from realmodels.writing.backgrounds import Texts, directions, keys, writer_off
from realmodels.writing.crosstalk import task_gradients
from realmodels.writing.damage import bits_per_byte, damage
from realmodels.writing.measured import measured
from realmodels.writing.methods.writer import Diverged, Writer
from realmodels.writing.outputs import Facts, asked
from realmodels.writing.predictors import BIT, Said, by_gradients, by_injection, by_isolated, by_kernel, by_spectrum
from realmodels.writing.question import Question, Setting
from realmodels.writing.stream import STEPS, stream
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows
from theory.errors import UserError


@dataclass(frozen=True)
class Place:
    """A way of writing: matrix, directions of the stream's prompts left out, rate of plain writes there, tasks of the stream."""

    where: str
    k: int
    rate: float
    T: int


PLACES = {
    "late": Place("23.attention.output", 0, 2.0, 12),
    "late_off": Place("23.attention.output", 2, 2.0, 16),
    "mid": Place("20.feedforward.output", 0, 1.0, 10),
    "early": Place("3.feedforward.output", 0, 1.0, 8),
    "last": Place("29.feedforward.output", 0, 4.0, 6),
}
"""Rates are chosen by trials of plain writes on the tuning draw. Off directions, a rate is divided by the share of the squared
gradient of other tasks that is left (`realmodels.writing.crosstalk`)."""
SMALL = {"late": replace(PLACES["late"], T=3), "late_off": replace(PLACES["late_off"], T=3)}
BY_PRESET: dict[Preset, dict[str, Place]] = {"quick": SMALL, "paper": PLACES}
SEEDS: dict[Preset, tuple[int, ...]] = {"quick": (0,), "paper": tuple(range(41, 49))}
BACKGROUND: dict[Preset, tuple[int, int]] = {"quick": (16, 8), "paper": (192, 64)}
"""Facts of the stream's form that are never written: how many prompts give directions, how many facts the gradients of tasks."""
MOMENTS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 16)
"""Numbers of tasks after which all facts are asked."""


def cells(preset: Preset) -> Sequence[Cell]:
    """A cell per place and draw of the facts; the longest come first."""
    return [
        {
            "place": name,
            "seed": seed,
            "where": place.where,
            "k": place.k,
            "rate": place.rate,
            "T": place.T,
            "D": FACTS,
            "steps": STEPS,
            "background": list(BACKGROUND[preset]),
        }
        for name, place in reversed(BY_PRESET[preset].items())
        for seed in SEEDS[preset]
    ]


@dataclass
class Bench:
    """One draw of the facts at one place: `base` as it is before any write, `model` the copy that is written into."""

    cell: Cell

    def __post_init__(self) -> None:
        """Load the model and ask what is known before."""
        T, D, count = self.cell["T"], self.cell["D"], sum(self.cell["background"])
        facts = drawn(STREAM, T + count // D, D, self.cell["seed"])
        loaded = load(MODEL)
        self.question = Question(loaded, facts[: T * D], Setting(background=facts[T * D :]))
        self.facts: Facts = self.question.facts
        self.base, self.model, self.words = loaded.model, loaded.copy(), loaded.words
        self.matrix = matrices.one(self.base, self.cell["where"])
        self.weight = self.matrix.parameter(self.model)
        self.start = self.weight.detach().clone()
        self.moments = [moment for moment in MOMENTS if moment <= T]
        self.pairs = capitals(KNOWN)
        self.text = bits_per_byte(self.base, self.question.protected)
        self.known = editing.right(self.base, self.words, self.pairs) == 1
        self.before = asked(self.base, self.facts).loss.numpy() / BIT

    @cached_property
    def off(self) -> Tensor | None:
        """Directions that writes leave alone [inputs, k]; None if there are none."""
        if not self.cell["k"]:
            return None
        prompts = self.question.background.prompts[: self.cell["background"][0]]
        read = {"stream": keys(self.base, self.matrix, Texts.prompts(prompts))}
        return directions(read, "stream", self.cell["k"], self.cell["seed"])

    @cached_property
    def writer(self) -> Writer:
        """Writes to the matrix, off these directions."""
        return writer_off(self.model, self.matrix, self.off)

    @cached_property
    def rate(self) -> float:
        """Learning rate: that of plain writes over the share of the squared gradient of other tasks that is left."""
        if self.off is None:
            return self.cell["rate"]
        others = self.question.background.prompts[self.cell["background"][0] :]
        gradients = task_gradients(self.base, self.matrix, others)
        return self.cell["rate"] / (1 - float((gradients @ self.off).square().sum() / gradients.square().sum()))

    def predicted(self) -> dict[str, np.ndarray]:
        """What each predictor says after every moment [M, F], by column."""
        _, setup = measured(self.model, self.writer, self.facts)
        setup = replace(setup, learning_rate=self.rate, steps=self.cell["steps"])
        said: dict[str, Said] = {
            "kernel": by_kernel(setup, self.moments),
            "injected": by_injection(self.model, self.writer, setup, self.facts, self.moments),
            "spectral": by_spectrum(setup, self.moments),
            "isolated": by_isolated(setup, self.moments),
        }
        found = {f"bits_{name}": law.bits for name, law in said.items()}
        found |= {f"exact_{name}": law.exact for name, law in said.items()}
        found["bits_later"] = by_gradients(setup, self.moments, later=True)
        return found | {"bits_gradients": by_gradients(setup, self.moments)}

    def written(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """(index of the moment, what the model says of all facts then); the copy is put back at the end."""
        T = self.cell["T"]
        try:
            for count in stream(self.writer, self.facts, self.rate, self.cell["steps"]):
                if count not in self.moments:
                    continue
                now = asked(self.model, self.facts)
                change = {self.matrix.name: self.weight.detach() - self.start}
                told: dict[str, Any] = {"bits": now.loss.numpy() / BIT, "exact": now.exact.numpy()}
                told["function"] = damage(self.base, change, self.question.protected.tokens).function
                told |= self.beside() if count == T else {"known": np.nan, "text_rise": np.nan}
                yield self.moments.index(count), told
        finally:
            with torch.no_grad():
                self.weight.copy_(self.start)

    def beside(self) -> dict[str, float]:
        """Known capitals that are still right, and the rise of text."""
        return {
            "known": float(editing.right(self.model, self.words, self.pairs)[self.known].mean()),
            "text_rise": bits_per_byte(self.model, self.question.protected) - self.text,
        }


def run(cell: Cell, workspace: Path) -> Rows:
    """A row per moment and fact that is written by then. Raises UserError if the stream diverges."""
    with one_thread():
        bench = Bench(cell)
        with remembering(bench.model, first_block(bench.model, [bench.weight])):
            return list(_rows(bench, cell))


def _rows(bench: Bench, cell: Cell) -> Iterator[dict[str, Any]]:
    own = {
        "place": cell["place"],
        "where": cell["where"],
        "k": cell["k"],
        "seed": cell["seed"],
        "learning_rate": bench.rate,
        "T": cell["T"],
        "D": cell["D"],
        "steps": cell["steps"],
    }
    predicted, task = bench.predicted(), bench.facts.task.numpy()
    try:
        for index, told in bench.written():
            written = bench.moments[index]
            for fact in np.flatnonzero(task < written):
                yield {
                    **own,
                    "written": written,
                    "task": int(task[fact]),
                    "age": int(written - 1 - task[fact]),
                    "fact": int(fact),
                    "bits_before": float(bench.before[fact]),
                    "bits": float(told["bits"][fact]),
                    "exact": float(told["exact"][fact]),
                    **{name: float(values[index, fact]) for name, values in predicted.items()},
                    "function": told["function"],
                    "known": told["known"],
                    "text_rise": told["text_rise"],
                }
    except Diverged as error:
        raise UserError(f"place {cell['place']!r}, seed {cell['seed']}: {error}") from None


EXPERIMENT = Experiment(
    name="predictors",
    question="Which predictor says, before any write, what a stream leaves of each fact in a pretrained model, and how many it "
    "will hold?",
    prediction="Loss gradients of a fact vanish once it is learned; those of the start say which answers help each other, not "
    "what is lost of them. So the kernel simulation, which moves the errors along, correlates better with what a stream leaves, "
    "over all facts (P1-gradients) and among those of one task (P1-gradients-task), and in late matrices says better which "
    "answers get wrong (P1-flips). There its error is below that of the best constant share, chosen afterwards (P1-share), and "
    "of the matrix of outcomes filled from 100 observed entries (P1-entries). In block 23 it knows the budget to a factor of "
    "1.5 (P1-budget). The aim that this be so in four streams of five is missed: elsewhere the kernel says that less is kept "
    "than is (P1-budget-aim is expected to be refuted). In an early matrix many layers bend what it says, and a constant share "
    "is better (P1-early). In the last block a task teaches more than it says (P1-last). What was seen before, one stream each "
    "on the tuning draw, in the order late, off two directions, block 20, block 3, last: correlation .82, .86, .67, .35, .48, "
    "that of gradients .14, .37, .13, -.20, -.08; rms error .21, .21, .25, .53, .24, of the constant .28, .34, .28, .47, .10; "
    "F1 .89, .80, .87, .46, .90, of the best rival .80, .65, .84, .45, .90; budget 40, 73, 29, 55, 14 and said 40, 77, 15, 13, "
    "5. In the last block the stream destroyed the text (10 bits per byte).",
    falsifier="The 95% interval over draws lies wholly on the other side of the border that the rule names.",
    controls="Predictors side by side on the same streams; baselines are given what they would not have: the constant share its "
    "outcome, gradients their best border and sign, the filled matrix its entries, form and ridge; seeds of the facts that no "
    "other table has (subjects may recur, the tuning draw's too); learning rates by trials on the tuning draw; related "
    "knowledge and text at the end.",
    columns={
        "place": Column("Place: late, late_off, mid, early, last.", str),
        "where": Column("Matrix that is written.", str),
        "k": Column("Directions of the stream's prompts that are left out.", int, unit="directions"),
        "seed": Column("Seed of the facts.", int),
        "learning_rate": Column("Learning rate: that of plain writes over the share of the gradient that is left."),
        "T": Column("Tasks of the stream.", int, unit="tasks"),
        "D": Column("Facts per task.", int, unit="facts"),
        "steps": Column("Gradient steps per task.", int, unit="steps"),
        "written": Column("Tasks written so far.", int, unit="tasks"),
        "task": Column("Task of the fact, 0 the oldest.", int),
        "age": Column("Tasks written after it.", int, unit="tasks"),
        "fact": Column("Number of the fact in the stream.", int),
        "bits_before": Column("-log2 p(answer) before any write.", unit="bits"),
        "bits": Column("-log2 p(answer) now.", unit="bits"),
        "exact": Column("1 if greedy decoding says the whole answer, else 0."),
        **{
            f"{what}_{law}": Column(f"{of}, {how}.", unit=unit)
            for law, how in {
                "kernel": "by the kernel simulation",
                "injected": "with the predicted change in the matrix",
                "spectral": "by claim C2 from mean overlaps",
                "isolated": "if no other task were written",
            }.items()
            for what, of, unit in (("bits", "-log2 p(answer)", "bits"), ("exact", "Whether the answer is said", ""))
        },
        "bits_gradients": Column("-log2 p(answer) by products of loss gradients at the start.", unit="bits"),
        "bits_later": Column("The same by tasks after its own, on top of the isolated write.", unit="bits"),
        "function": Column("F_Delta: size of the update on protected text in function space."),
        "known": Column("Share of the known capitals that is still right.", optional="asked after the last task only"),
        "text_rise": Column(
            "Rise of the cross-entropy of protected text.", unit="bits per byte", optional="asked after the last task only"
        ),
    },
    cells=cells,
    run=run,
)
