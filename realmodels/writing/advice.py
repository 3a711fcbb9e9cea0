"""Which directions to leave out of a matrix while facts are written, and how many: what each choice protects, before any write.

The law is `realmodels.writing.crosstalk` (claim C2), for plain gradient descent. Held against writes into one matrix of
smollm2 it was right to about a factor of two (table `backgrounds`). It speaks of what the matrix says, not of what is
forgotten. Backgrounds are prompts of the facts' form, what the model should still know, text that it should leave alone, and
a mixture of these. Directions, tasks and what has to be kept come from different prompts.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from realmodels.model import matrices
from realmodels.model.matrices import Matrix
from realmodels.text.user_facts import FactsLike
from realmodels.training.loop import one_thread
from realmodels.writing.backgrounds import Texts, keys
from realmodels.writing.crosstalk import crosstalk, task_gradients
from realmodels.writing.methods.off_mode import common_directions
from realmodels.writing.outputs import Facts
from realmodels.writing.question import Model, Question, Setting
from realmodels.writing.scan import scan
from simulate.runs.answer import Answer, field
from theory.errors import UserError

NUMBERS = (1, 2, 4, 8, 16, 32, 64, 128)
"""Directions that are tried, up to half of what the matrix reads and to the rank of the background's keys."""
WINDOWS = 16  # of text, for its directions
FEWEST = 6  # facts without a background: directions, tasks and what has to be kept need two each
FEWEST_BESIDE = 4  # prompts of a background, and known facts: directions and what has to be kept need two each
TASKS = 48  # whose gradients are read, if there are more
ABOUT = 2.0  # factor to which the law was right where it was held against writes (table `backgrounds`)
LEFT = 1e-6  # share of the gradient below which nothing is left to learn with

TIMES = "times plain writes"


@dataclass(frozen=True)
class Advice(Answer):
    """What each choice of directions protects in one matrix. The first row is plain writes."""

    curves: ClassVar[tuple[str, ...]] = ("stream", "known", "text")

    where: str = field("", "Matrix that is written.")
    facts: int = field("facts", "Facts that are to be written.")
    notes: tuple[str, ...] = field("", "What was noticed.")
    background: tuple[str, ...] = field(
        "", "What gives the directions: prompts of the facts' form, known, text, a mixture of these; none: plain.", column=True
    )
    k: tuple[int, ...] = field("directions", "How many are left out.", column=True)
    rate: tuple[float, ...] = field(TIMES, "Learning rate of plain gradient descent for equal learning.", column=True)
    stream: tuple[float, ...] = field(TIMES, "Mean square change at other prompts of the facts' form.", column=True)
    known: tuple[float | None, ...] = field(TIMES, "The same at what should still be known; none were given: null.", column=True)
    text: tuple[float, ...] = field(TIMES, "The same at text that should be left alone.", column=True)

    @property
    def worst(self) -> list[float]:
        """Largest change of each row, over all that is asked."""
        return [max(x for x in row if x is not None) for row in zip(self.stream, self.known, self.text, strict=True)]

    @property
    def best(self) -> int:
        """Row whose largest change is the least; of those that the law does not tell apart, that with the fewest directions."""
        worst = self.worst
        good = [row for row, change in enumerate(worst) if change <= ABOUT * min(worst)]
        return min(good, key=lambda row: (self.k[row], worst[row]))

    @property
    def conclusion(self) -> str:
        """What to do, in a few sentences."""
        row = self.best
        if self.k[row] == 0:
            return (
                f"No choice protects all that was asked in {self.where} by more than the law can tell, a factor of {ABOUT:g}. "
                "Plain writes are about the least at worst. Take the row that protects what you need, and pay its price."
            )
        named = {"prompts like these": self.stream[row], "known facts": self.known[row], "this text": self.text[row]}
        told = ", ".join(f"{name} {value:.2g}" for name, value in named.items() if value is not None)
        count = "one direction" if self.k[row] == 1 else f"{self.k[row]} directions"
        return (
            f"Least at worst: {count} of {self.background[row]} left out of {self.where}, at {self.rate[row]:.3g} times the "
            f"learning rate of plain gradient descent. Change of what the matrix says, in multiples of plain writes: {told}. "
            "The law was right to about a factor of two where it was tried; how much is forgotten it does not say. "
            "realmodels.OffMode leaves out nearly these directions, in any training loop; Adam's rate has to be found there."
        )

    def show(self) -> str:
        """The text of the command line."""
        frame, units, meanings = self.to_frame().dropna(axis=1, how="all"), self.units(), self.meanings()
        told = [f"{name} ({units[name]}): {meanings[name]}" for name in frame if name in units]
        table = frame.to_string(index=False, float_format=lambda number: f"{number:.3g}")
        return "\n".join([table, "", *told, "", self.conclusion, *(f"Note: {note}" for note in self.notes)])


def advise(
    model: Model,
    facts: FactsLike,
    where: str | None = None,
    say: Callable[[str], None] = lambda line: None,
    **setting: Any,
) -> Advice:
    """What each background and number of directions protects, in the matrix `where` (default: the one that a scan ranks first).

    setting: fields of `realmodels.writing.question.Setting`; `background`: facts of the same form that are never written;
    `known`: what should still be known. Nothing is written. Raises UserError for fewer than FEWEST facts (two with a
    background), fewer than FEWEST_BESIDE in a background or known, and a matrix that is not there or whose keys or gradients
    are not finite.
    """
    with one_thread():
        question = Question(model, facts, Setting(**setting))
        apart = question.setting.background is not None
        enough("facts", len(question.facts), 2 if apart else FEWEST)
        if apart:
            enough("facts of the background", len(question.background.prompts), FEWEST_BESIDE)
        if question.known:
            enough("known facts", len(question.known), FEWEST_BESIDE)
        net, notes = question.loaded.model, list(question.notes)
        if where is None:
            say("the matrices are ranked")
            where = scan(net, question.facts, question.background.prompts).matrices[0].name
        matrix = matrices.one(net, where)
        name = f"{matrix.layer}.{matrix.role}"
        say(f"{name}: keys and gradients are read")
        tasks, mine, others = _parted(question, notes)
        read, asked = _keys(question, matrix, mine, others, notes)
        task = _mean_square(net, matrix, tasks)
        if not all(bool(torch.isfinite(x).all()) for x in (task, *read.values(), *asked.values())):
            raise UserError(f"matrix {name}: its keys or gradients are not finite: choose another one with where")
        if not float(task.square().sum()) > 0:
            raise UserError(f"matrix {name} moves no answer: choose another one with where")
        columns = _table(task, read, asked)
    return Advice(where=name, facts=len(question.facts), notes=tuple(notes), **columns)


def enough(what: str, count: int, least: int) -> None:
    """Raise UserError if there are fewer than `least` of what is to be parted."""
    if count < least:
        told = f"{count} {what}: too few to part them into what gives directions and what has to be kept"
        raise UserError(f"{told}: give {least} at least")


def _shuffled(count: int) -> Tensor:
    """Numbers of prompts in an order that no pattern of a file agrees with; the same at every call."""
    return torch.randperm(count, generator=torch.Generator().manual_seed(0))


def _parted(question: Question, notes: list[str]) -> tuple[Facts, Facts, Facts]:
    """(facts whose gradients stand for the writes, prompts that give directions, prompts that have to be kept)."""
    facts, others = question.facts, question.background.prompts
    if question.setting.background is not None:
        order = _shuffled(len(others))
        return facts, others[order[0::2]], others[order[1::2]]
    order = _shuffled(len(facts))
    size = max(1, round(len(facts) / len(facts.task.unique())))
    tasks = facts[order[1::3]]
    notes.append("without a background of other prompts a third of the facts gives the directions, a third the tasks")
    if len(tasks) < size:
        notes.append(f"so the rates are for tasks of {len(tasks)} facts, not of {size}: give a background")
    return replace(tasks, task=torch.arange(len(tasks)) // size), facts[order[0::3]], facts[order[2::3]]


def _keys(
    question: Question, matrix: Matrix, mine: Facts, others: Facts, notes: list[str]
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """(keys of each background, keys of all that has to be kept), [N, inputs] each; they come from different texts."""
    net, text = question.loaded.model, question.protected
    read = {"prompts like these": keys(net, matrix, Texts.prompts(mine))}
    asked = {"stream": keys(net, matrix, Texts.prompts(others), last=True)}
    if question.known:
        order = _shuffled(len(question.known)).tolist()
        prompts = [question.question(question.known[index], question.known[index].prompt).prompt for index in order]
        first, second = (Texts.of(prompts[start::2], question.encoder) for start in (0, 1))
        if max(*first.lengths, *second.lengths) > question.room:
            raise UserError(f"a known fact's prompt has more tokens than the model's context of {question.room}: shorten it")
        read["known"], asked["known"] = keys(net, matrix, first), keys(net, matrix, second, last=True)
    else:
        notes.append("no known facts were given: what a choice does to related knowledge is not looked at")
    asked["text"] = keys(net, matrix, Texts.windows(text.tokens))
    if text.twice:
        notes.append("the text is too short to take directions from other parts of it: other backgrounds alone are tried")
    else:
        read["text"] = keys(net, matrix, Texts.windows(text.beside[:: max(1, len(text.beside) // WINDOWS)][:WINDOWS]))
    return read, asked


def _mean_square(net: nn.Module, matrix: Matrix, facts: Facts) -> Tensor:
    """A symmetric root of the mean of G^T G over tasks: [1, inputs, inputs] float64. It has the crosstalk of all tasks together,
    and one gradient is held at a time."""
    tasks = sorted(set(facts.task.tolist()))
    tasks = tasks[:: -(-len(tasks) // TASKS)]
    moment = torch.zeros(matrix.inputs, matrix.inputs, dtype=torch.float64)
    for task in tasks:
        (gradient,) = task_gradients(net, matrix, facts.of_task(task))
        moment += gradient.T @ gradient / len(tasks)
    if not bool(torch.isfinite(moment).all()):
        return moment[None]
    values, vectors = torch.linalg.eigh(moment)
    return (vectors * values.clamp(min=0).sqrt() @ vectors.T)[None]


def _table(task: Tensor, read: Mapping[str, Tensor], asked: Mapping[str, Tensor]) -> dict[str, tuple[Any, ...]]:
    """The columns of the advice: plain writes, then a row per background and number of directions."""
    rows: list[dict[str, Any]] = [{"background": "none", "k": 0, "rate": 1.0, **dict.fromkeys(asked, 1.0)}]
    for kind in (*read, "mixture"):
        parts = [read[kind]] if kind in read else list(read.values())
        rank = int(torch.linalg.matrix_rank(torch.cat(parts).double()))
        ks = [k for k in NUMBERS if k <= min(rank, task.shape[2] // 2)]
        if not ks or (kind == "mixture" and len(parts) < 2):
            continue
        u = common_directions(parts[0], ks[-1]) if kind in read else leading(parts, ks[-1])
        spared = (task @ u.double()).square().sum((0, 1)).cumsum(0) / task.square().sum()
        changes = {name: crosstalk(task, u, x) for name, x in asked.items()}
        for k in ks:
            left = 1 - float(spared[k - 1])
            if left < LEFT:
                break
            change = {name: _ratio(float(of[k]), float(of[0])) for name, of in changes.items()}
            rows.append({"background": kind, "k": k, "rate": 1 / left, **change})
    names = ("background", "k", "rate", "stream", "known", "text")
    return {name: tuple(row.get(name) for row in rows) for name in names}


def _ratio(change: float, plain: float) -> float:
    """A change over that of plain writes; where these change nothing, 1 if this does not either."""
    return change / plain if plain > 0 else 1.0 if change == 0 else math.inf


def leading(parts: list[Tensor], k: int) -> Tensor:
    """The first k directions of the mean of the second moments of keys [N, inputs]: orthonormal U [inputs, k], float64."""
    moment = torch.stack([keys.double().T @ keys.double() / len(keys) for keys in parts]).mean(0)
    return torch.linalg.eigh(moment).eigenvectors.flip(1)[:, :k]
