"""How many sequential edits a pretrained model holds until the earlier ones are gone: closed-form editors, said and measured.

The forecast is that of `realmodels.writing.edit_budget`: it makes edits of facts that are lent and not in the stream.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from realmodels.experiments.smollm2 import EARLY, FACTS, KNOWN, MODEL, question
from realmodels.model.loaded import load
from realmodels.model.reading import first_block
from realmodels.model.remembering import remembering
from realmodels.text.capitals import capitals
from realmodels.training.loop import one_thread
from realmodels.writing import editing
from realmodels.writing.damage import bits_per_byte, damage
from realmodels.writing.edit_budget import edit_law
from realmodels.writing.methods.binding import bind, code
from realmodels.writing.methods.editor import Editor
from realmodels.writing.methods.writer import Diverged
from realmodels.writing.outputs import asked
from realmodels.writing.stream import STEPS, stream
from simulate.runs.columns import Column
from simulate.runs.experiment import Cell, Experiment, Preset
from simulate.runs.store import Rows
from theory.errors import UserError

EDITORS = ("rome", "memit")
"""Editors whose formula does not depend on what was edited before: for them there is a law."""
SEEDS: dict[Preset, dict[str, tuple[int, ...]]] = {"quick": {"rome": (0,)}, "paper": dict.fromkeys(EDITORS, tuple(range(51, 59)))}
RATE = 0.125  # of the search for values: what the rule of the experiment `smollm2` chose for both on its tuning draw
SIZE: dict[Preset, tuple[int, int]] = {"quick": (3, 3), "paper": (36, 12)}  # tasks of the stream, tasks that are lent
COUNTS: dict[Preset, tuple[int, ...]] = {"quick": (0, 2), "paper": (0, 1, 2, 4, 8, 16, 32)}
"""Numbers of tasks after which the forecast asks lent facts."""
MOMENTS = (1, 2, 3, 4, 6, 8, 10, 12, 15, 18, 21, 24, 27, 30, 33, 36)
"""Numbers of tasks after which all facts written so far are asked."""


def cells(preset: Preset) -> Sequence[Cell]:
    """A cell per editor and draw of the facts."""
    T, lent = SIZE[preset]
    return [
        {
            "editor": name,
            "method_code": code(name),
            "seed": seed,
            "where": EARLY,
            "learning_rate": RATE,
            "steps": STEPS,
            "T": T,
            "D": FACTS,
            "lent": lent,
            "counts": list(COUNTS[preset]),
        }
        for name, seeds in SEEDS[preset].items()
        for seed in seeds
    ]


@dataclass
class Bench:
    """One editor bound to a copy of the model, a stream of facts for it, and facts that are lent to its forecast."""

    cell: Cell

    def __post_init__(self) -> None:
        """Load the model and ask what it knows before."""
        loaded, T = load(MODEL), self.cell["T"]
        asked = question(loaded, self.cell["seed"], T + self.cell["lent"])
        self.facts, self.lent = asked.facts[asked.facts.task < T], asked.facts[asked.facts.task >= T]
        self.base, self.words, self.protected = loaded.model, loaded.words, asked.protected
        self.editor = bind(self.cell["editor"], loaded.copy(), asked.background, where=self.cell["where"])
        assert isinstance(self.editor, Editor)
        self.model = self.editor.model
        self.weight = self.editor.matrix.parameter(self.model)
        self.start = self.weight.detach().clone()
        pairs = capitals(KNOWN)
        known = editing.right(self.base, self.words, pairs) == 1
        self.pairs = [pair for pair, right in zip(pairs, known, strict=True) if right]
        self.text = bits_per_byte(self.base, self.protected)

    def said(self) -> dict[str, np.ndarray]:
        """After 1, ..., T tasks [T]: share right by the law, and by it if later edits were as large as the first; capitals."""
        T = self.cell["T"]
        search = self.cell["learning_rate"], self.cell["steps"]
        law = edit_law(self.editor, self.lent, *search, self.cell["counts"], beside=self.capitals)
        constant = replace(law, ratio=tuple(1.0 for _ in law.ratio))
        return {"right_law": law.shares(T), "right_constant": constant.shares(T), "known_law": law.others(T)}

    def capitals(self, model: nn.Module) -> float:
        """Share of the capitals that were known before which a model still says."""
        return float(editing.right(model, self.words, self.pairs).mean())

    def measured(self) -> Iterator[dict[str, Any]]:
        """What the model says at every moment, of the stream and beside it."""
        task = self.facts.task
        for written in stream(self.editor, self.facts, self.cell["learning_rate"], self.cell["steps"]):
            if written not in MOMENTS:
                continue
            exact = asked(self.model, self.facts[task < written]).exact
            change = self.weight.detach() - self.start
            found = damage(self.base, {self.editor.matrix.name: change}, self.protected.tokens)
            yield {
                "written": written,
                "facts": len(exact),
                "right": float(exact.mean()),
                "taught": float(exact[task[task < written] == written - 1].mean()),
                "known": self.capitals(self.model),
                "text_rise": bits_per_byte(self.model, self.protected) - self.text,
                "function": found.function,
                "weight_change": found.weight,
            }


def run(cell: Cell, workspace: Path) -> Rows:
    """A row per moment. Raises UserError if the stream diverges."""
    own = {name: cell[name] for name in ("editor", "where", "seed", "learning_rate", "steps", "T", "D", "lent")}
    with one_thread():
        bench = Bench(cell)
        with remembering(bench.model, first_block(bench.model, [bench.weight])):
            said = bench.said()
            try:
                return [{**own, **row, **_at(said, row["written"])} for row in bench.measured()]
            except Diverged as error:
                raise UserError(f"editor {cell['editor']!r}, seed {cell['seed']}: {error}") from None


def _at(said: dict[str, np.ndarray], written: int) -> dict[str, float]:
    return {name: float(shares[written - 1]) for name, shares in said.items()}


EXPERIMENT = Experiment(
    name="edit_budget",
    question="How many sequential edits does a pretrained model hold until earlier ones are gone, and is it known before any is "
    "made?",
    prediction="Edits of other facts have the moments of what is to come: the law says after how many facts half of ROME's edits"
    " are gone (P1-edits-half), what MEMIT forgets (P1-edits-memit), and when half of the known capitals are lost to "
    "ROME (P1-edits-known). Later edits are smaller, and without that the law is wrong (P1-edits-shrinking). What was"
    " known is gone before what is written (P1-edits-first). ROME falls by single large edits, which the law makes "
    "normal: a quarter is lost later than it says (P1-edits-quarters is expected to be refuted). As many edits of the"
    " stream itself, extrapolated, say as much of ROME, not of MEMIT (P1-edits-extrapolated is expected undecided). "
    "Seen before, one stream of each on the tuning draw: ROME half of 227 facts and said 264 (by another draw of the "
    "law's 227), three quarters of 168 and said 88, half of the capitals lost after some 73 and said 104; MEMIT .83 "
    "of 288 facts and said .78, capitals .91 and said .93; without shrinking half of ROME's at 162; rms errors after "
    "96 facts by the law .09 and .03, extrapolated .09 and .11.",
    falsifier="The 95% interval over draws lies wholly on the other side of the border that the rule names.",
    controls="Forecasts side by side on the same streams: without shrinking; that nothing is forgotten; the stream's own first"
    " 96 facts, extrapolated; the mean of the other draws. Lent facts are not in the stream. Seeds of the facts that "
    "no other table has; rates by a rule on the tuning draw; related knowledge and text beside recall.",
    columns={
        "editor": Column("Editor: rome or memit.", str),
        "where": Column("Matrix that is edited.", str),
        "seed": Column("Seed of the facts.", int),
        "learning_rate": Column("Adam's learning rate in the search for values."),
        "steps": Column("Steps of this search.", int, unit="steps"),
        "T": Column("Tasks of the stream.", int, unit="tasks"),
        "D": Column("Facts per task.", int, unit="facts"),
        "lent": Column("Tasks that are lent to the forecast and are not in the stream.", int, unit="tasks"),
        "written": Column("Tasks written so far.", int, unit="tasks"),
        "facts": Column("Facts written so far.", int, unit="facts"),
        "right": Column("Share of them whose whole answer greedy decoding says."),
        "taught": Column("The same of the last task."),
        "right_law": Column("The same of all, by the law of edits."),
        "right_constant": Column("The same by it if later edits were as large as the first."),
        "known": Column("Share of the known capitals that is still right."),
        "known_law": Column("The same by the law of edits."),
        "text_rise": Column("Rise of the cross-entropy of protected text.", unit="bits per byte"),
        "function": Column("F_Delta: size of the update on protected text in function space."),
        "weight_change": Column("|dW| / |W| of the matrix."),
    },
    cells=cells,
    run=run,
)
