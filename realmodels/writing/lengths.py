"""How many of the facts written so far a model still says right, at every length of a stream: measured, and forecast.

`Lengths` holds what is the same for all methods: the orders, the protected text, and the questions that must stay right.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import torch
from torch import nn

from realmodels.model.reading import first_block, remembering
from realmodels.writing import editing
from realmodels.writing.answers.capacity import KEPT
from realmodels.writing.case import Case
from realmodels.writing.damage import bits_per_byte, damage
from realmodels.writing.forecast import said, simulate
from realmodels.writing.history import History
from realmodels.writing.kernel_rate import kernel_rate
from realmodels.writing.measured import measured
from realmodels.writing.methods.writer import Diverged, unrestricted
from realmodels.writing.outputs import Facts, asked
from realmodels.writing.question import Question
from realmodels.writing.stream import stream
from realmodels.writing.write import RUIN

FOLLOWED = 4  # other options of an item that a forecast follows if it has many: the likeliest, and some drawn


@dataclass
class Stream:
    """One order of one method: facts written, and of these said right, after every task; the rest at the end."""

    kind: str
    order: int
    written: list[int]
    kept: list[float]
    before: float = np.nan
    learned: float = np.nan
    rephrased: float = np.nan
    text: float = np.nan
    function: float | None = None
    weight: float = np.nan
    related: float = np.nan
    stopped: str | None = None

    @property
    def held(self) -> int:
        """Most facts written such that, at this and at every shorter length, KEPT of them are still right; 0 if none."""
        found = 0
        for count, kept in zip(self.written, self.kept, strict=True):
            if not kept >= KEPT * count:
                break
            found = count
        return found


class Lengths:
    """Streams of all orders of one question, by any method."""

    def __init__(self, question: Question, orders: int, steps: int, seed: int):
        self.question, self.steps = question, steps
        self.per_task = int(question.facts.task.bincount().max())  # a short last task leaves all orders the same lengths
        count = len(question.facts)
        rng = np.random.default_rng(seed)
        self.orders = [np.arange(count), *(rng.permutation(count) for _ in range(orders - 1))]
        self.streams = [self._ordered(number) for number in range(orders)]
        self.before = bits_per_byte(question.loaded.model, question.protected)
        self.pairs = editing.related(question.plain, question.worded)
        self.pairs += [question.worded(fact.prompt, fact.answer) for fact in question.known]
        self.known = editing.right(question.loaded.model, question.encoder, self.pairs) == 1
        self.others = question.other_wordings()

    def _ordered(self, number: int) -> Facts:
        """The facts in an order; the file's own order keeps the file's tasks."""
        return self.question.facts if number == 0 else self.question.in_order(self.orders[number].tolist(), self.per_task)

    def forecast(self, case: Case, rate: float | None) -> tuple[float, list[Stream]]:
        """(learning rate, streams of all orders) as the kernel sees them before any write.

        rate: if None, the one that the kernel says suffices, without a trial write. The kernel of facts does not depend on their
        order, unless the method's restriction depends on the task. Raises UserError if its memory may not be taken.
        """
        writer, memory = case.writer, self.question.memory
        _, setup = measured(case.model, writer, self.streams[0], memory, case.say, others=FOLLOWED, grams=False)
        by_task = not (writer.one_key_projection or all(r is unrestricted for r in writer.restrictions(setup.facts).values()))
        rate = rate or kernel_rate(replace(setup, steps=self.steps), rates=writer.rates)[0]
        found = []
        for number, order in enumerate(self.orders):
            now = replace(setup, learning_rate=rate, steps=self.steps)
            if number and by_task:
                again = measured(case.model, writer, self.streams[number], memory, others=FOLLOWED, grams=False)[1]
                now = replace(again, learning_rate=rate, steps=self.steps)
            elif number:
                task = torch.empty(len(order), dtype=torch.long)
                task[torch.from_numpy(order)] = torch.arange(len(order)) // self.per_task
                now = replace(now, facts=replace(now.facts, task=task))
            after = simulate(now)
            kept, written = [], []
            for count, task in enumerate(now.tasks, 1):
                mine = now.facts.task <= task
                written.append(int(mine.sum()))
                kept.append(float(said(now, after[count]).exact[mine].sum()))
            found.append(Stream("forecast", number, written, kept))
        return rate, found

    def written(self, case: Case, number: int, rate: float) -> Stream:
        """One order, written into the case's copy of the model and asked after every task; the copy is then put back."""
        start, result = case.kept(), Stream("measured", number, [], [])
        writer, model = case.writer, case.model
        with remembering(model, first_block(model, writer.parameters.values())):
            try:
                self._write(case, self.streams[number], rate, result)
                self._ask(model, result)
                change = {name: parameter.detach() - start[0][name] for name, parameter in writer.parameters.items()}
            except Diverged as error:
                result.stopped = f"diverged: {error}"
                result.written.append(len(self.question.facts))
                result.kept.append(0.0)
                return result
            finally:
                case.put_back(start)
            done = damage(model, change, self.question.protected.tokens)
        result.function, result.weight = done.function, done.weight
        if not result.text <= RUIN:
            result.stopped = f"protected text costs {result.text:.2g} bits per byte more"
        return result

    def _write(self, case: Case, facts: Facts, rate: float, result: Stream) -> None:
        """Write all tasks; note after each how many of the facts written so far are right."""
        history = History(facts)
        for count in stream(case.writer, facts, rate, self.steps):
            history.ask(case.model, count)
            if count == 0:
                result.before = float(history.asked["exact"][0].mean())
                continue
            done = np.isin(facts.task.numpy(), history.numbers[:count])
            result.written.append(int(done.sum()))
            result.kept.append(float(history.asked["exact"][count, done].sum()))
        result.learned = float(history.fresh("exact").mean())

    def _ask(self, model: nn.Module, result: Stream) -> None:
        """Note what the model says of all else at the end."""
        question = self.question
        result.text = bits_per_byte(model, question.protected) - self.before
        if self.known.any():
            result.related = float(editing.right(model, question.encoder, self.pairs)[self.known].mean())
        others, of_fact = self.others
        if others is not None:
            frame = pd.DataFrame({"fact": of_fact, "exact": asked(model, others).exact.numpy()})
            result.rephrased = float(frame.groupby("fact")["exact"].mean().mean())
