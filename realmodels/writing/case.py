"""A question put to one method: a copy of the model bound to it, and the learning rate to write with.

Without a learning rate the smallest power of 2 is taken with which the first tasks, each written by itself into the copy, are
learned; the copy is put back after every trial. A rate that the kernel's forecast would choose is far too large on a model whose
facts share nearly all of their directions: the forecast is no longer true there, and the model would lose its language.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from realmodels.model.reading import first_block
from realmodels.model.remembering import remembering
from realmodels.writing.forecast import Setup
from realmodels.writing.kernel import Kernel
from realmodels.writing.learning_rate import LEARNED, checked_learning_rate
from realmodels.writing.measured import measured
from realmodels.writing.methods.binding import bind
from realmodels.writing.methods.writer import Diverged, Writer, norm
from realmodels.writing.outputs import Scores, asked
from realmodels.writing.question import Question
from realmodels.writing.room_to_write import require_room_to_write
from realmodels.writing.stream import write_task
from theory.errors import UserError

TRIALS = 3  # tasks that are written on trial, each by itself
TRIED = 16  # rates that are tried at most before it is given up that one reaches
Say = Callable[[str], None]


def silent(line: str) -> None:
    """Say nothing."""


class Case:
    """One method put to a question: `writer` is bound to a copy of the model, which nothing has been written into yet."""

    def __init__(self, question: Question, method: str, options: Mapping[str, Any] | None = None, say: Say = silent):
        self.question, self.method, self.options, self.say = question, method, dict(options or {}), say
        self.facts = question.facts
        self.writer = self.fresh()
        self.model: nn.Module = self.writer.model
        require_room_to_write(self.model, self.writer, self.facts)
        self.about = {"method": method, **question.about}
        self.settings = {**question.settings, "options": self.options}

    def fresh(self) -> Writer:
        """The method bound to a new copy of the model."""
        return bind(self.method, self.question.loaded.copy(), self.question.background, **self.options)

    def kernel(self) -> Kernel:
        """The kernel of these writes. Errors as `measured`."""
        return self.measured()[0]

    def measured(self) -> tuple[Kernel, Setup]:
        """(kernel of these writes, setup of their stream at learning rate 1): `realmodels.writing.measured`.

        Raises UserError if its memory may not be taken, the kernel is 0, or a number in it is not finite.
        """
        if not self.writer.forecastable:
            raise UserError(f"method {self.method!r} is no plain gradient descent, and no kernel describes it: write it instead")
        kernel, setup = measured(self.model, self.writer, self.facts, self.question.memory, self.say)
        low, high = kernel.writes.aminmax()  # no copy of a kernel that may fill the memory
        size = max(-low.item(), high.item()) if math.isfinite(low.item()) else math.nan
        if not (math.isfinite(size) and math.isfinite(kernel.response.sum().item()) and size > 0):
            what = "moves no output" if size == 0 else "has gradients that are not finite"
            raise UserError(
                f"model {self.question.loaded.path}: method {self.method!r} {what} of it: choose another method or model"
            )
        return kernel, setup

    def rate(self, given: float | None, steps: int) -> tuple[float, bool]:
        """(learning rate, whether it is at an end of the range that was tried); notes in the settings how it was chosen."""
        if steps < 1:
            raise UserError(f"{steps} steps per task: give 1 or more")
        lowest, highest = self.writer.rates
        if given is not None:
            rate, how = checked_learning_rate(given), "given"
        else:
            rates = powers(lowest, highest)
            with remembering(self.model, first_block(self.model, self.writer.parameters.values())):
                guess = self._guess(rates, steps)
                rate, reached = sufficient_rate(
                    lambda rate: self.trial(rate, steps), rates, guess, lambda rate: self.trial_bits(rate, steps)
                )
            goal = f"{LEARNED:.0%} of the facts said right"
            how = f"the smallest power of 2 with which trial writes reach {goal}"
            how = how if reached else f"no power of 2 in the range reaches {goal} in trial writes; this one reaches most"
            self.say(f"{self.method}: learning rate {rate:g}, {how}")
        self.settings |= {"learning_rate": rate, "learning_rate_choice": how, "steps": steps}
        return rate, given is None and not lowest < rate < highest

    def _guess(self, rates: np.ndarray, steps: int) -> float:
        """The rate of the range with which a straight line would take the first task's loss to 0 in these steps."""
        middle = float(rates[len(rates) // 2])
        if not self.writer.forecastable:
            return middle
        task = self.facts[self.trial_rows()[0]]
        try:
            gradient = self.writer.restriction(task, ())(self.writer.gradient(task, "before any write"))
        except Diverged as error:
            raise UserError(f"model {self.question.loaded.path}: {error}: choose another model") from None
        loss, size = float(asked(self.model, task).loss.mean()), norm(gradient) ** 2
        wanted = loss / (steps * size) if 0 < size < math.inf else middle
        return float(rates[np.abs(np.log2(rates) - math.log2(max(wanted, 1e-30))).argmin()])

    def trial(self, rate: float, steps: int) -> float:
        """Share of the facts of the first tasks (up to TRIALS) that is said right just after each task was written by itself.

        NaN if a write diverges. Stops at the first task that has less than half of LEARNED.
        """
        reached: list[float] = []
        for rows in self.trial_rows():
            now = self._alone(rows, rate, steps)
            if now is None:
                return math.nan
            reached.append(float(now.exact.mean()))
            if reached[-1] < LEARNED / 2:
                break
        return float(np.mean(reached))

    def trial_bits(self, rate: float, steps: int) -> float:
        """Mean retained bits of the facts of the first tasks just after each was written by itself; NaN if a write diverges."""
        found = [self._alone(rows, rate, steps) for rows in self.trial_rows()]
        return float(np.mean([math.nan if now is None else float(now.bits.mean()) for now in found]))

    def _alone(self, rows: Tensor, rate: float, steps: int) -> Scores | None:
        """Scores of a task just after it was written by itself, None if that diverges; the copy is put back."""
        before = self.kept()
        try:
            write_task(self.writer, self.facts[rows], rate, steps)
            now = asked(self.model, self.facts[rows])
            return now if bool(torch.isfinite(now.loss).all()) else None
        except Diverged:
            return None
        finally:
            self.put_back(before)

    def trial_rows(self) -> list[Tensor]:
        """Indices of the facts of each of the first tasks."""
        return [torch.nonzero(self.facts.task == task)[:, 0] for task in self.facts.task.unique().tolist()[:TRIALS]]

    def kept(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Values of the parameters and the method's state now, for `put_back`."""
        parameters = {name: parameter.detach().clone() for name, parameter in self.writer.parameters.items()}
        return parameters, {name: tensor.clone() for name, tensor in self.writer.state().items()}

    def put_back(self, kept: tuple[dict[str, Tensor], dict[str, Tensor]]) -> None:
        """Give the copy the parameters and the method the state that `kept` gave."""
        with torch.no_grad():
            for name, parameter in self.writer.parameters.items():
                parameter.copy_(kept[0][name])
        self.writer.restore(kept[1])


def powers(lowest: float, highest: float) -> np.ndarray:
    """The powers of 2 from the lowest to the highest."""
    return 2.0 ** np.arange(math.log2(lowest), math.log2(highest) + 0.5)


def sufficient_rate(
    trial: Callable[[float], float], rates: np.ndarray, guess: float, bits: Callable[[float], float] = lambda rate: 0.0
) -> tuple[float, bool]:
    """(the smallest of `rates`, ascending, with which a trial reaches LEARNED, True); searched from `guess` on.

    trial(rate): share that was learned; NaN if the write diverges. If the guess does not reach: first out of divergence, in
    growing steps; then up and down, that way on which more is learned, each until less than half as much is. A rate that reaches
    is followed down to where it no longer does. If none of TRIED does: the one that reaches most, and False; of several that
    reach as much, such as none of the facts, the one with most `bits`, then the smallest.
    """
    found: dict[int, float] = {}

    def share(index: int) -> float:
        if index not in found:
            found[index] = trial(float(rates[index]))
        return found[index]

    start, step = int(np.abs(rates - guess).argmin()), 1
    while start > 0 and not math.isfinite(share(start)):
        start, step = max(0, start - step), 2 * step
    reached = start if share(start) >= LEARNED else None
    ways = {1: start, -1: start}  # up, down: how far each was tried
    while reached is None and ways and len(found) < TRIED:
        way = max(ways, key=lambda way: (share(ways[way]), -abs(ways[way] - start)))
        index = ways[way] + way
        most = max(share(i) for i in range(start, index, way))
        if not 0 <= index < len(rates) or not share(index) >= most / 2:
            del ways[way]
        else:
            ways[way] = index
            reached = index if share(index) >= LEARNED else None
    if reached is None:
        shares = np.nan_to_num([found[index] for index in sorted(found)], nan=-1.0)
        best = [index for index, share in zip(sorted(found), shares, strict=True) if share == shares.max()]
        if len(best) > 1:
            best = [max(best, key=lambda index: (np.nan_to_num(bits(float(rates[index])), nan=-1.0), -index))]
        return float(rates[best[0]]), False
    while reached > 0 and share(reached - 1) >= LEARNED:
        reached -= 1
    return float(rates[reached]), True
