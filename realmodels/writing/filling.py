"""A stream that fills what a method may write: what is left of its oldest facts and of all, measured and by kernel simulation."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch.nn.functional import pad

from realmodels.writing.counterfactual_stream import CounterfactualStream
from realmodels.writing.forecast import Setup, simulate
from realmodels.writing.methods.writer import Diverged, Writer
from realmodels.writing.outputs import Facts
from realmodels.writing.retained import depth_of, depths
from realmodels.writing.stream import STEPS, stream

MEASURED = ("learned", "oldest", "total", "text_rise")


def oldest(tasks: int) -> range:
    """Ages of the oldest tenth of so many tasks; of the oldest task at least."""
    return range(tasks - max(1, tasks // 10), tasks)


def filled(
    setting: CounterfactualStream, writer: Writer, rate: float, tasks: Sequence[int], beside: Facts | None = None
) -> Iterator[dict[str, Any]]:
    """What is measured at each of these numbers of tasks while the stream is written; NaN from where the model diverged.

    learned: mean depth of a task just after its own write, less what is said at `beside` if that is given. oldest, total: depth
    of the oldest tenth, and the sum over all facts, less what is said at prompts that are never written. text_rise: rise of the
    cross-entropy of held-out text, bits per byte.
    """
    facts, fresh, done = setting.facts, [], 0
    per_task = int((facts.task == 0).sum())
    before = setting.heldout(setting.model)
    try:
        for written in stream(writer, facts, rate, STEPS):
            if written:
                fresh.append(float(depths(writer.model, facts.of_task(written - 1), beside).mean()))
            if written in tasks:
                done += 1
                depth = depths(writer.model, facts[facts.task < written], setting.others).reshape(-1, per_task).mean(1)
                yield {
                    "T": written,
                    "learned": float(np.mean(fresh)),
                    "oldest": float(depth[: len(oldest(written))].mean()),
                    "total": float(depth.sum() * per_task),
                    "text_rise": setting.heldout(writer.model) - before,
                    "diverged": False,
                }
    except Diverged:
        yield from ({"T": T, **dict.fromkeys(MEASURED, math.nan), "diverged": True} for T in tasks[done:])


class Simulated:
    """The kernel simulation of a stream at any learning rate."""

    def __init__(self, setup: Setup, tasks: int | None = None):
        """tasks: how many are written, by default all. Their depths are less what is said at the facts of the other tasks."""
        self.setup, self.tasks = setup, len(setup.tasks) if tasks is None else tasks
        self._after: dict[float, dict[int, tuple[float, float]]] = {}

    def after(self, rate: float, tasks: int) -> tuple[float, float]:
        """(depth of the oldest tenth, sum of the depths of all facts) after so many tasks; NaN if the kernel is of fewer."""
        if tasks > self.tasks:
            return math.nan, math.nan
        if rate not in self._after:
            self._after[rate] = {}
            per_task = len(self.setup.facts) // len(self.setup.tasks)
            for written, z in enumerate(simulate(replace(self.setup, learning_rate=rate))[: self.tasks + 1]):
                if written:
                    depth = _of_outputs(z.numpy(), self.setup.facts.target.numpy(), self.tasks * per_task)
                    by_task = depth.reshape(-1, per_task).mean(1)[:written]
                    self._after[rate][written] = float(by_task[: len(oldest(written))].mean()), float(by_task.sum() * per_task)
        return self._after[rate][tasks]


def _of_outputs(z: np.ndarray, target: np.ndarray, count: int) -> np.ndarray:
    """Depth of the first `count` facts from outputs z [F, C + 1], less what is said at the others, if there are any."""
    log = z[:, :-1] - np.logaddexp.reduce(z[:, :-1], axis=1, keepdims=True)
    own, C = log[np.arange(count), target[:count]], log.shape[1]
    if count == len(z):
        return depth_of(own / math.log(2) + math.log2(C), C)
    said = np.exp(log[count:]).mean(0)
    return (np.exp(own) - said[target[:count]]) * C / (C - 1)


def joined(first: Facts, second: Facts) -> Facts:
    """The facts of two sets with the same answers, one after the other."""
    length = max(first.tokens.shape[1], second.tokens.shape[1])
    values = {
        name: torch.cat([getattr(first, name), getattr(second, name)])
        for name in ("last", "task", "place", "target", "options", "subject")
    }
    tokens = torch.cat([pad(one.tokens, (0, length - one.tokens.shape[1])) for one in (first, second)])
    return replace(first, tokens=tokens, row=torch.cat([first.row, second.row + len(first)]), **values)
