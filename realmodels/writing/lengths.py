"""How many of the facts written so far a model still says right, at every length of a stream: measured, and forecast.

`Lengths` holds what is the same for all methods: the orders, the protected text, and the questions that must stay right.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from realmodels.model.reading import first_block, logits_at, remembering
from realmodels.writing import editing
from realmodels.writing.answers.capacity import KEPT
from realmodels.writing.case import Case
from realmodels.writing.damage import bits_per_byte, damage
from realmodels.writing.forecast import Setup, said, simulate
from realmodels.writing.history import History
from realmodels.writing.kernel import logit_kernel
from realmodels.writing.kernel_rate import kernel_rate
from realmodels.writing.methods.writer import Diverged
from realmodels.writing.outputs import Facts, asked, fold
from realmodels.writing.question import Question
from realmodels.writing.room import require_room
from realmodels.writing.sampled import sampled
from realmodels.writing.stream import stream
from realmodels.writing.write import RUIN

ALL = 32  # if items have more options than so many, a forecast follows FOLLOWED besides the right one
FOLLOWED = 4  # the likeliest, and some drawn


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
        """Most facts written of which KEPT are still right."""
        return max((n for n, k in zip(self.written, self.kept, strict=True) if k >= KEPT * n), default=0)


class Lengths:
    """Streams of all orders of one question, by any method."""

    def __init__(self, question: Question, orders: int, steps: int, seed: int):
        self.question, self.steps = question, steps
        sizes = question.facts.task.bincount()
        self.per_task = max(1, int(sizes[sizes > 0].double().mean().round()))
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

        rate: if None, the one that the kernel says suffices, without a trial write. Raises UserError if the memory of the kernel
        is not free.
        """
        found, own = [], self.streams[0]
        own = sampled(case.model, own, FOLLOWED) if own.options.shape[1] > ALL else own
        require_room(case.model, case.writer, own)
        response = logit_kernel(case.model, case.writer, own).response
        z, rest = _start(case.model, own)
        rate = rate or kernel_rate(Setup(response, z, own, 1.0, self.steps, rest=rest), rates=case.writer.rates)[0]
        items_of = [torch.nonzero(own.row == fact)[:, 0] for fact in range(len(own))]
        for number, facts in enumerate(self.streams):
            items = torch.cat([items_of[fact] for fact in self.orders[number]])  # the same items, in the order of this stream
            moved = response[items][:, :, items]
            facts = replace(own[torch.as_tensor(self.orders[number])], task=facts.task)
            setup = Setup(moved, z[items], facts, rate, self.steps, rest=rest[items])
            after = simulate(setup)
            tasks = sorted(set(facts.task.tolist()))
            kept, written = [], []
            for count in range(1, len(tasks) + 1):
                mine = (facts.task <= tasks[count - 1]).numpy()
                right = said(setup, after[count]).exact.numpy()
                written.append(int(mine.sum()))
                kept.append(float(right[mine].sum()))
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


@torch.no_grad()
def _start(model: nn.Module, facts: Facts) -> tuple[Tensor, Tensor]:
    """(outputs z [I, C + 1] before any write; of the tokens that are no option, the likeliest one's logit less z's last [I])."""
    parts, rest = [], []
    for piece in facts.batches():
        logits = logits_at(model, piece.tokens, piece.row, piece.place)
        z = fold(logits, piece)
        own = torch.where(piece.options >= 0, piece.options, piece.answer_tokens[:, None])
        parts.append(z)
        rest.append(logits.scatter(1, own, -torch.inf).max(1).values - z[:, -1])
    return torch.cat(parts), torch.cat(rest)
