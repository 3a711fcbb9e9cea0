"""Which directions to leave out of a matrix while facts are written, and how many: what each choice protects, before any write.

The law is `realmodels.writing.crosstalk` (claim C2). Backgrounds are the facts' own prompts, what the model should still know,
text that it should leave alone, and a mixture of these. Directions, tasks and what has to be kept come from different prompts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from realmodels.model import matrices
from realmodels.text.user_facts import FactsLike
from realmodels.training.loop import one_thread
from realmodels.writing.backgrounds import Texts, keys
from realmodels.writing.crosstalk import crosstalk, task_gradients
from realmodels.writing.methods.off_mode import common_directions
from realmodels.writing.outputs import Facts, encode_asked, tree
from realmodels.writing.question import Model, Question, Setting
from realmodels.writing.scan import scan
from simulate.runs.answer import Answer, field
from theory.errors import UserError

NUMBERS = (1, 2, 4, 8, 16, 32, 64, 128)
"""Directions that are tried, up to half of what the matrix reads and to the keys of the background."""
WINDOWS = 16  # of text, for its directions
FEWEST = 6  # facts: each of directions, tasks and what has to be kept needs two
WORTH = 0.05  # a choice has to protect by so much more to be advised in place of one with fewer directions

TIMES = "times plain writes"


@dataclass(frozen=True)
class Advice(Answer):
    """What each choice of directions protects in one matrix."""

    curves: ClassVar[tuple[str, ...]] = ("stream", "known", "text")

    where: str = field("", "Matrix that is written.")
    facts: int = field("facts", "Facts that are to be written.")
    notes: tuple[str, ...] = field("", "What was noticed.")
    background: tuple[str, ...] = field("", "What gives the directions: own prompts, known, text, mixture.", column=True)
    k: tuple[int, ...] = field("directions", "How many are left out.", column=True)
    rate: tuple[float, ...] = field(TIMES, "Learning rate for equal learning.", column=True)
    stream: tuple[float, ...] = field(TIMES, "Mean square change at other prompts of the facts' form.", column=True)
    known: tuple[float, ...] = field(TIMES, "The same at what the model should still know; empty without it.", column=True)
    text: tuple[float, ...] = field(TIMES, "The same at text that should be left alone.", column=True)

    @property
    def best(self) -> int:
        """Row whose largest change is the least; of those about as good, the one with the fewest directions."""
        worst = np.max([of for of in (self.stream, self.known, self.text) if of], axis=0)
        return min(np.flatnonzero(worst <= (1 + WORTH) * worst.min()).tolist(), key=lambda row: (self.k[row], worst[row]))

    @property
    def conclusion(self) -> str:
        """What to do, in a few sentences."""
        row = self.best
        parts = {"prompts like these": self.stream, "known facts": self.known, "this text": self.text}
        told = ", ".join(f"{name} {of[row]:.2g}" for name, of in parts.items() if of)
        said = (
            f"Least at worst: {_directions(self.k[row])} of {self.background[row]} left out of {self.where}, at "
            f"{self.rate[row]:.3g} times the learning rate. The change, in multiples of that by plain writes: {told}."
        )
        if max(of[row] for of in parts.values() if of) >= 1:
            said += " No choice protects everything: take the row that protects what you need."
        kind = "of each kind, about as many tokens" if self.background[row] == "mixture" else "of this background"
        return f"{said} In a training loop: realmodels.OffMode(model, texts, '{self.where}', {self.k[row]}), texts {kind}."

    def to_frame(self) -> pd.DataFrame:
        """A row per background and number of directions."""
        columns = {name: getattr(self, name) for name in self._fields(column=True)}
        return pd.DataFrame({name: list(values) for name, values in columns.items() if values})

    def show(self) -> str:
        """The text of the command line."""
        frame, units, meanings = self.to_frame(), self.units(), self.meanings()
        told = [f"{name} ({units[name]}): {meanings[name]}" for name in frame if name in units]
        table = frame.to_string(index=False, float_format=lambda number: f"{number:.3g}")
        return "\n".join([table, "", *told, "", self.conclusion, *(f"Note: {note}" for note in self.notes)])


def _directions(k: int) -> str:
    return "one direction" if k == 1 else f"{k} directions"


def advise(
    model: Model,
    facts: FactsLike,
    where: str | None = None,
    say: Callable[[str], None] = lambda line: None,
    **setting: Any,
) -> Advice:
    """What each background and number of directions protects, in the matrix `where` (default: the one that a scan ranks first).

    facts: at least FEWEST. setting: fields of `realmodels.writing.question.Setting`; `background`: facts of the same form that
    are never written; `known`: what should still be known. Nothing is written. Raises UserError for fewer facts, fewer than four
    known ones, and a matrix that is not there.
    """
    with one_thread():
        question = Question(model, facts, Setting(**setting))
        if len(question.facts) < FEWEST or (question.known and len(question.known) < 4):
            few, least = ("known facts", 4) if len(question.facts) >= FEWEST else ("facts", FEWEST)
            raise UserError(f"there are too few {few} to part them into directions and what is kept: give {least} at least")
        net = question.loaded.model
        if where is None:
            say("the matrices are ranked")
            where = scan(net, question.facts, question.background.prompts).matrices[0].name
        matrix = matrices.one(net, where)
        say(f"{matrix.name}: keys and gradients are read")
        notes = list(question.notes)
        tasks, mine, others = _parted(question, notes)
        read = {"own prompts": keys(net, matrix, Texts.prompts(mine))}
        asked = {"stream": keys(net, matrix, Texts.prompts(others), last=True)}
        if question.known:
            known = [question.question(fact, fact.prompt) for fact in question.known]
            told = encode_asked(known, question.encoder, tree(known, question.encoder), question.room)
            read["known"] = keys(net, matrix, Texts.prompts(told[_every(told, 0, 2)]))
            asked["known"] = keys(net, matrix, Texts.prompts(told[_every(told, 1, 2)]), last=True)
        read["text"] = keys(net, matrix, Texts.windows(question.protected.beside[:WINDOWS]))
        asked["text"] = keys(net, matrix, Texts.windows(question.protected.tokens))
        if question.protected.twice:
            notes.append("the text is too short to take directions from other parts of it: what they do to it is no evidence")
        gradients = task_gradients(net, matrix, tasks)
        if not float(gradients.square().sum()) > 0:
            raise UserError(f"matrix {matrix.name} moves no answer: choose another one with where")
        columns = _table(gradients, read, asked, matrix.inputs)
    return Advice(where=f"{matrix.layer}.{matrix.role}", facts=len(question.facts), notes=tuple(notes), **columns)


def _parted(question: Question, notes: list[str]) -> tuple[Facts, Facts, Facts]:
    """(facts whose gradients stand for the writes, prompts that give directions, prompts that have to be kept)."""
    facts, others = question.facts, question.background.prompts
    if question.setting.background is not None and len(others) >= 4:
        return facts, others[_every(others, 0, 2)], others[_every(others, 1, 2)]
    notes.append("without a background of other prompts a third of the facts gives the directions, a third the tasks")
    return facts[_every(facts, 1, 3)], facts[_every(facts, 0, 3)], facts[_every(facts, 2, 3)]


def _every(facts: Facts, first: int, step: int) -> Tensor:
    return torch.arange(first, len(facts), step)


def _table(gradients: Tensor, read: Mapping[str, Tensor], asked: Mapping[str, Tensor], inputs: int) -> dict[str, tuple[Any, ...]]:
    """The columns of the advice: a row per background and number of directions."""
    size = gradients.square().sum()
    rows: dict[str, list[Any]] = {name: [] for name in ("background", "k", "rate", "stream", "known", "text")}
    for kind in (*read, "mixture"):
        most = min(inputs // 2, len(read[kind]) if kind in read else inputs)
        ks = [k for k in NUMBERS if k <= most]
        if not ks:
            continue
        u = common_directions(read[kind], ks[-1]) if kind in read else leading(list(read.values()), ks[-1])
        spared = (gradients @ u.double()).square().sum((0, 1)).cumsum(0) / size
        changes = {name: crosstalk(gradients, u, x) for name, x in asked.items()}
        for k in ks:
            left = 1 - float(spared[k - 1])
            if left < 1e-6:
                break
            rows["background"].append(kind)
            rows["k"].append(k)
            rows["rate"].append(1 / left)
            for name, change in changes.items():
                rows[name].append(float(change[k] / change[0]))
    return {name: tuple(values) for name, values in rows.items()}


def leading(parts: list[Tensor], k: int) -> Tensor:
    """The first k directions of the mean of the second moments of keys [N, inputs]: orthonormal U [inputs, k], float64."""
    moment = torch.stack([keys.double().T @ keys.double() / len(keys) for keys in parts]).mean(0)
    return torch.linalg.eigh(moment).eigenvectors.flip(1)[:, :k]
