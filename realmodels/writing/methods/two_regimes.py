"""Two regimes: a fast part is written sparsely by day, and a slow dense part learns in sleep what the fast part says.

The fast part F is the table of values of a memory layer, of which a task writes its t slots of highest TF-IDF, as in
`sparse_memory`; or, as a control of equal sparsity, dense matrices, which every task writes whole. The slow part S is one or more
dense matrices. Both are parameters of the model. So F is read as the model reads it, sparsely if it is a table of values, and no
layer is added. (A matrix beside another one that is read by its most active inputs alone could not be part of the model's own
parameters.) By day a task is written into F by descent on its loss. After every `sleep` tasks:
  1. answers are fixed for the facts of the period, which are those since the last sleep, and for the older facts whose prompts
     are stored;
  2. F goes back towards what it was before the stream: F <- F_0 + keep (F - F_0);
  3. S descends on batches of `new` facts of the period and `old` older ones, with the answers of 1. Each of both groups is drawn
     anew for each step, without repetition.
access says where the answers of 1 come from, and so what a learner may touch (claim S3):
  labels  many passes: the taught answers of the period are still there at sleep
  own     one pass with sleep: of the period too the prompts alone are stored, and the model says the answers, F and S together
  none    one pass without sleep: nothing is stored. S is written by day, in the same steps as F, and F decays after every task
An older fact has the model's own answer in either of the first two. An own answer is the likeliest token of all, then the likeliest
one after it, and so on, as many tokens as the answer has, right or wrong.

Controls of the same code: with the same matrices as fast and as slow part there is one store, which sleeps and never goes back.
Without a slow part and without sleep it is the fast part alone, to the bit.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from realmodels.model import matrices
from realmodels.model.reading import logits_at
from realmodels.writing.methods.checks import not_negative, positive, whole
from realmodels.writing.methods.off_mode import off_mode
from realmodels.writing.methods.replay import replay, reservoir, together
from realmodels.writing.methods.sparse_memory import sparse_memory
from realmodels.writing.methods.writer import Background, Diverged, Gradients, Restriction, Writer, unrestricted
from realmodels.writing.outputs import Facts, answer_loss, outputs
from theory.errors import UserError

VALUES = "values"
ACCESS = ("labels", "own", "none")


@torch.no_grad()
def own_answers(model: nn.Module, facts: Facts) -> Facts:
    """The same prompts with what the model answers, token by token; the only option of an item is the token that it says."""
    return together([_own(model, piece) for piece in facts.batches()])


def _own(model: nn.Module, facts: Facts) -> Facts:
    tokens, said = facts.tokens.clone(), torch.zeros_like(facts.place)
    count = facts.count
    first = count.cumsum(0) - count  # number of the first item of each fact
    for length in range(int(count.max())):
        rows = torch.nonzero(count > length)[:, 0]
        items = first[rows] + length
        answer = logits_at(model, tokens, rows, facts.place[items]).argmax(-1)
        said[items] = answer
        longer = count[rows] > length + 1
        tokens[rows[longer], facts.place[items[longer]] + 1] = answer[longer]
    return replace(facts, tokens=tokens, options=said[:, None], target=torch.zeros_like(facts.target))


@dataclass(frozen=True)
class Sleep:
    """every: tasks from sleep to sleep, 0 for none. steps: gradient steps per task of the period. new, old: facts a step."""

    every: int
    steps: int
    new: int
    old: int
    rate: float


@dataclass(eq=False, kw_only=True)
class TwoRegimes(Writer):
    """fast, slow: names of the parameters of either part; the same ones if there is one store. before: F_0, by name.

    slow_restriction: of what S is written. buffer: older prompts that are stored. fixed: (numbers, bits) of state that does not
    grow. vocabulary: tokens there are.
    """

    access: str
    fast: tuple[str, ...]
    slow: tuple[str, ...]
    before: dict[str, Tensor]
    keep: float
    asleep: Sleep
    slow_restriction: Restriction
    buffer: int
    fixed: tuple[int, int]
    vocabulary: int

    @property
    def one_store(self) -> bool:
        """Whether both parts are the same parameters."""
        return self.fast == self.slow

    def write(self, task: Facts, earlier: Sequence[Facts], learning_rate: float, steps: int) -> None:
        """Write one task by day, and sleep if it is the last one of its period. Raises Diverged if a loss is not finite."""
        number = len(earlier) + 1
        restrict, fast = self.restriction(task, earlier), self._stepper(learning_rate)
        slow = self._stepper(self.asleep.rate)
        for step in range(steps):
            gradient = self.gradient(task, f"task {number}, before step {step + 1} of {steps}")
            fast(restrict(_of(gradient, self.fast)))
            if self.access == "none" and not self.one_store:
                slow(self.slow_restriction(_of(gradient, self.slow)))
        if self.asleep.every and number % self.asleep.every == 0:
            self._sleep([*earlier, task])
        elif not self.asleep.every:
            self._decay()
        self._count([*earlier, task])

    def _decay(self) -> None:
        """F <- F_0 + keep (F - F_0); nothing where one store is both parts."""
        if self.keep < 1 and not self.one_store:
            with torch.no_grad():
                for name in self.fast:
                    self.parameters[name].lerp_(self.before[name], 1 - self.keep)

    def _sleep(self, tasks: Sequence[Facts]) -> None:
        """Teach S what the model says before F goes back; tasks: all up to now, in order."""
        period = together(tasks[-self.asleep.every :])
        older = self._older(len(tasks) - self.asleep.every, tasks)
        period = own_answers(self.model, period) if self.access == "own" else _without_options(period)
        older = own_answers(self.model, older) if older is not None else None
        self._decay()
        draw, step_by = np.random.default_rng([2, len(tasks)]), self._stepper(self.asleep.rate)
        count = self.asleep.every * self.asleep.steps
        for step in range(count):
            batch = [_some(period, self.asleep.new, draw)]
            if older is not None and self.asleep.old:
                batch.append(_some(older, self.asleep.old, draw))
            gradient = self._slow_gradient(together(batch), f"sleep after task {len(tasks)}, before step {step + 1} of {count}")
            step_by(self.slow_restriction(gradient))

    def _older(self, count: int, tasks: Sequence[Facts]) -> Facts | None:
        """The facts of the first `count` tasks whose prompts are stored; None if there are none."""
        if count == 0 or self.buffer == 0:
            return None
        facts = together(tasks[:count])
        return facts[torch.tensor(sorted(reservoir(len(facts), self.buffer)))]

    def _slow_gradient(self, facts: Facts, where: str) -> Gradients:
        """Gradient of the mean loss of these facts for S. Raises Diverged, with `where`, if the loss is not finite."""
        loss = answer_loss(outputs(self.model, facts), facts)
        if not torch.isfinite(loss):
            raise Diverged(f"{where}: the loss is {loss.item()}")
        gradients = torch.autograd.grad(loss, [self.parameters[name] for name in self.slow], allow_unused=True)
        return {name: g for name, g in zip(self.slow, gradients, strict=True) if g is not None}

    def _count(self, tasks: Sequence[Facts]) -> None:
        """Count the state at its largest, which is during a sleep: prompts, and for each fact of them the answer to learn."""
        numbers, bits = self.fixed
        if self.asleep.every:
            period = together(tasks[-self.asleep.every :])
            older = self._older(max(0, len(tasks) - self.asleep.every), tasks)
            tokens = sum(int((part.last + 2).sum()) for part in (period, older) if part is not None)
            numbers, bits = numbers + tokens, bits + math.ceil(tokens * math.log2(self.vocabulary))
        self.state_numbers, self.state_bits = numbers, bits


def _of(gradients: Gradients, names: Sequence[str]) -> Gradients:
    return {name: gradients[name] for name in names if name in gradients}


def _some(facts: Facts, n: int, draw: np.random.Generator) -> Facts:
    """n of the facts, or all if there are fewer, drawn without repetition."""
    return facts[torch.from_numpy(draw.permutation(len(facts))[:n])]


def _without_options(facts: Facts) -> Facts:
    """The same facts, the answer of each being its only option: the loss is the same."""
    return replace(facts, options=facts.answer_tokens[:, None], target=torch.zeros_like(facts.target))


def chosen(model: nn.Module, spec: str) -> dict[str, nn.Parameter]:
    """The parameters that `spec` names: beginnings of names, with commas between; else as `realmodels.model.matrices.find`."""
    known = dict(model.named_parameters())
    words = [word.strip() for word in spec.split(",")]
    if all(any(name.startswith(word) for name in known) for word in words) and all(words):
        return {name: p for name, p in known.items() if any(name.startswith(word) for word in words)}
    found = [matrices.one(model, spec)] if spec == "last" else matrices.find(model, spec)
    return {matrix.name: matrix.parameter(model) for matrix in found}


def two_regimes(
    model: nn.Module,
    background: Background,
    fast: str = VALUES,
    slow: str = "last",
    access: str = "own",
    t: int = 256,
    sleep: int = 4,
    asleep: int = 20,
    slow_rate: float = 1.0,
    keep: float = 0.0,
    new: int = 8,
    old: int = 16,
    buffer: int = 1024,
    without: int = 0,
) -> TwoRegimes:
    """A fast and a slow part with sleep. State: what F was before, prompts, answers during a sleep, TF-IDF counts, directions.

    fast: values, or matrices (`chosen`). slow: matrices, "" for none. access: labels, own or none, which has no sleep. t: slots of
    values that a task writes. sleep: tasks from sleep to sleep; 0 for none. asleep: gradient steps of a sleep for each task of
    its period. slow_rate: learning rate of S; the rate of the stream is that of F. keep: share of what F has gained that a sleep
    leaves, or a task if there is no sleep. new, old: facts of the period and older ones in a step. buffer: older prompts that are
    stored, a reservoir. without: common directions of the keys that S is not written along, as in `off_mode`.
    """
    if access not in ACCESS:
        raise UserError(f"access {access!r}: choose {', '.join(ACCESS[:-1])} or {ACCESS[-1]}")
    positive("slow_rate", slow_rate)
    not_negative("keep", keep)
    for name, value, least in (("sleep", sleep, 0), ("asleep", asleep, 1), ("new", new, 1), ("old", old, 0),
                               ("buffer", buffer, 0), ("without", without, 0)):  # fmt: skip
        whole(name, value, least)
    every = 0 if access == "none" else sleep
    if every and not slow:
        raise UserError("without a slow part nothing learns in sleep: give slow, or sleep=0")
    if keep > 1:
        raise UserError(f"keep {keep}: give a share from 0 to 1")
    table = sparse_memory(model, background, t) if fast == VALUES else None
    first = table.parameters if table else chosen(model, fast)
    second, guard = _slow_part(model, background, slow, without)
    returns = keep < 1 and first.keys() != second.keys()
    before = {name: p.detach().clone() for name, p in first.items()} if returns else {}
    numbers = sum(value.numel() for value in before.values())
    fixed = (numbers, 32 * numbers)
    for part in (table, guard):
        fixed = (fixed[0] + part.state_numbers, fixed[1] + part.state_bits) if part else fixed
    return TwoRegimes(
        model,
        {**first, **second},
        table.restriction if table else (lambda task, earlier: unrestricted),
        state_numbers=fixed[0],
        state_bits=fixed[1],
        access=access,
        fast=tuple(first),
        slow=tuple(second),
        before=before,
        keep=keep,
        asleep=Sleep(every, asleep, new, old, slow_rate),
        slow_restriction=_restriction(guard, background),
        buffer=buffer,
        fixed=fixed,
        vocabulary=replay(model, background).vocabulary,
    )


def _slow_part(
    model: nn.Module, background: Background, slow: str, without: int
) -> tuple[dict[str, nn.Parameter], Writer | None]:
    """(parameters of S, the writer whose directions it leaves alone, or None)."""
    if without:
        guard = off_mode(model, background, without, slow)
        return guard.parameters, guard
    return chosen(model, slow) if slow else {}, None


def _restriction(guard: Writer | None, background: Background) -> Restriction:
    return unrestricted if guard is None else guard.restriction(background.prompts, ())


METHOD = two_regimes
