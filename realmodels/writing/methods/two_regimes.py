"""Two regimes: a fast part is written sparsely by day, and a slow dense part learns in sleep what the fast part says.

The fast part F is the table of values of a memory layer, of which a task writes its t slots of highest TF-IDF, as in
`sparse_memory`; or it is dense matrices, which are written by the share of their inputs that are largest at a token, or by all of
them, the control of equal sparsity. The slow part S is one or more dense matrices. Both are parameters of the model, and no layer
is added. So F is read as the model reads it: sparsely if it is a table of values, else densely. Writing more sparsely than one
reads is a dual regime (S1). (A matrix that only the winners read could not be added to one that all inputs read.)

By day a task is written into F by descent on its loss. After every `sleep` tasks:
  1. answers are fixed for the facts of the period, which are those since the last sleep;
  2. F goes back towards what it was before the stream: F <- F_0 + keep (F - F_0);
  3. the model says its own answers to the older facts whose prompts are stored, now that nothing of the day disturbs S;
  4. S descends on batches of `new` facts of the period and `old` older ones, with the answers of 1 and 3. Both groups are drawn
     anew for each step, without repetition.
access says where the answers of 1 come from, and so what a learner may touch (claim S3):
  labels  many passes: the taught answers of the period are still there at sleep
  own     one pass with sleep: of the period too the prompts alone are stored, and the model says the answers, F and S together
  none    one pass without sleep: nothing is stored. S is written by day, in the same steps as F, and F decays after every task
An own answer is the likeliest token of all, then the likeliest
one after it, and so on, as many tokens as the answer has, right or wrong.

With `morning` the answers of 3 are noted as the period begins, and kept through it. Where the day disturbs what is said of older
facts, as in one store, that is a list of labels.

Controls of the same code: with the same matrices as fast and as slow part there is one store, which sleeps and never goes back.
Without a slow part and without sleep it is the fast part alone, to the bit.
"""

import contextlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

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
    """The same prompts with what the model answers, token by token (`saying`)."""
    said = []
    for piece in facts.batches():
        count, tokens = piece.count, piece.tokens.clone()
        first, own = count.cumsum(0) - count, torch.zeros_like(piece.place)  # first: number of the first item of each fact
        for length in range(int(count.max())):
            rows = torch.nonzero(count > length)[:, 0]
            items = first[rows] + length
            own[items] = logits_at(model, tokens, rows, piece.place[items]).argmax(-1)
            tokens = saying(piece, own).tokens
        said.append(own)
    return saying(facts, torch.cat(said))


def saying(facts: Facts, answers: Tensor) -> Facts:
    """The same prompts with these tokens [I] as their answers, each the only option of its item: the loss needs no other."""
    tokens = facts.tokens.clone()
    follows = torch.nonzero(facts.row[1:] == facts.row[:-1])[:, 0]  # items that another one of the same answer follows
    tokens[facts.row[follows], facts.place[follows] + 1] = answers[follows]
    return replace(facts, tokens=tokens, options=answers[:, None], target=torch.zeros_like(facts.target))


@contextlib.contextmanager
def written_by_winners(model: nn.Module, winners: Mapping[str, int]) -> Iterator[None]:
    """Within it, each of these matrices is read as ever, and its gradient comes from its k inputs of largest size alone.

    winners: k, by the name of the matrix. What comes out is W x; that its gradient is signal x (k largest of x)^T, at each token,
    takes a term that is 0: (W - W fixed) (k largest of x).
    """

    def add(k: int):
        def hook(module: nn.Module, inputs: tuple[Tensor, ...], y: Tensor) -> Tensor:
            x = inputs[0]
            winner = torch.zeros_like(x).scatter(-1, x.abs().topk(k, dim=-1).indices, 1.0)
            weight = module.weight
            fixed = torch.nn.functional.linear(x, weight.detach(), module.bias)
            return fixed + torch.nn.functional.linear((x * winner).detach(), weight - weight.detach())

        return hook

    hooks = [model.get_submodule(name.removesuffix(".weight")).register_forward_hook(add(k)) for name, k in winners.items()]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


@dataclass(frozen=True)
class Sleep:
    """every: tasks from sleep to sleep, 0 for none. steps: gradient steps per task of the period. new, old: facts a step. rate:
    learning rate of the slow part."""

    every: int
    steps: int
    new: int
    old: int
    rate: float


@dataclass(eq=False, kw_only=True)
class TwoRegimes(Writer):
    """fast, slow: names of the parameters of either part; the same ones if there is one store. before: F_0, by name.

    winners: inputs by which a fast matrix is written, by its name (`written_by_winners`). slow_restriction: of what S is written.
    buffer: older prompts that are stored. fixed: (numbers, bits) of state that does not grow. vocabulary: tokens there are.
    morning: whether older answers are noted as a period begins. noted: these tokens; None if there are none.
    heard: at each sleep, the share of the answers of its period that the model says right. It is for reports: no write reads it.
    """

    access: str
    winners: dict[str, int]
    fast: tuple[str, ...]
    slow: tuple[str, ...]
    before: dict[str, Tensor]
    keep: float
    asleep: Sleep
    slow_restriction: Restriction
    buffer: int
    fixed: tuple[int, int]
    vocabulary: int
    morning: bool = False
    noted: Tensor | None = None
    heard: list[float] = field(default_factory=list)

    @property
    def one_store(self) -> bool:
        """Whether both parts are the same parameters."""
        return self.fast == self.slow

    def state(self) -> dict[str, Tensor]:
        """The answers that were noted as the period began."""
        return {} if self.noted is None else {"noted": self.noted}

    def restore(self, state: dict[str, Tensor]) -> None:
        """Take up the state that `state` gave."""
        self.noted = state.get("noted")

    def write(self, task: Facts, earlier: Sequence[Facts], learning_rate: float, steps: int) -> None:
        """Write one task by day, and sleep if it is the last one of its period. Raises Diverged if a loss is not finite."""
        number = len(earlier) + 1
        if self.morning and self.asleep.every and len(earlier) % self.asleep.every == 0:
            older = self._older(len(earlier), earlier)
            self.noted = None if older is None else own_answers(self.model, older).answer_tokens
        restrict, fast = self.restriction(task, earlier), self._stepper(learning_rate)
        slow = self._stepper(self.asleep.rate)
        for step in range(steps):
            with written_by_winners(self.model, self.winners):
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
        said = own_answers(self.model, period)
        self.heard.append(float((said.answer_tokens == period.answer_tokens).double().mean()))
        period = said if self.access == "own" else saying(period, period.answer_tokens)
        self._decay()
        if older is not None:
            older = own_answers(self.model, older) if self.noted is None else saying(older, self.noted)
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
    share: float = 1.0,
    t: int = 256,
    sleep: int = 4,
    asleep: int = 20,
    slow_rate: float = 1.0,
    keep: float = 0.0,
    new: int = 8,
    old: int = 16,
    buffer: int = 1024,
    without: int = 0,
    morning: bool = False,
) -> TwoRegimes:
    """A fast and a slow part with sleep. State: what F was before, prompts, answers during a sleep, TF-IDF counts, directions.

    fast: values, or matrices (`chosen`). slow: matrices, "" for none. access: labels, own or none, which has no sleep. share:
    of the inputs of fast matrices, those largest at a token, by which they are written. t: slots of values that a task writes.
    sleep: tasks from sleep to sleep; 0 for none. asleep: gradient steps of a sleep for each task of its period. slow_rate:
    learning rate of S; the rate of the stream is that of F. keep: share of what F has gained that a sleep leaves, or a task if
    there is no sleep. new, old: facts of the period and older ones in a step. buffer: older prompts that are stored, a
    reservoir. without: common directions of the keys that S is not written along, as in `off_mode`.
    morning: the older answers are noted as a period begins, before the day changes what the model says, and kept through it.
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
    for name, part in (("keep", keep), ("share", share)):
        if not part <= 1:
            raise UserError(f"{name} {part}: give a share from 0 to 1")
    positive("share", share)
    if share < 1 and fast == VALUES:
        raise UserError("a table of values is read sparsely as it is: leave share away, or choose matrices with fast")
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
        winners=_winners(model, first, share),
        fast=tuple(first),
        slow=tuple(second),
        before=before,
        keep=keep,
        asleep=Sleep(every, asleep, new, old, slow_rate),
        slow_restriction=_restriction(guard, background),
        buffer=buffer,
        morning=morning,
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


def _winners(model: nn.Module, fast: Mapping[str, nn.Parameter], share: float) -> dict[str, int]:
    """Inputs by which each matrix of the fast part is written at a token, by its name; none if it is all of them."""
    known = {matrix.name: matrix for matrix in matrices.matrices(model)}
    if share < 1 and not all(name in known and not known[name].transposed for name in fast):
        raise UserError("share: only matrices stored as [outputs, inputs] are written by their largest inputs: choose others")
    return {name: max(1, round(share * known[name].inputs)) for name in fast} if share < 1 else {}


def _restriction(guard: Writer | None, background: Background) -> Restriction:
    return unrestricted if guard is None else guard.restriction(background.prompts, ())


METHOD = two_regimes
