"""The ceilings and forecasts of a stream into any parameters of a model, from its gradients before any write.

Three laws are made of the model's gradients before the stream is written:
  mean    a linear memory with one number for a pair of facts: the mean over outputs of their gradients' products
  linear  a linear memory with all of them, for every pair of outputs (`realmodels.writing.gradient_memory`)
  kernel  gradient descent on the facts of the stream in the linearised model, softmax included (`realmodels.writing.forecast`)
The first two know prompts that are in no stream, and the depth of tasks of these that are written alone. In none of them do
gradients move while facts are written. `moved` says how far they do.
"""

import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from realmodels.model.transformer import Transformer
from realmodels.writing import linear_store
from realmodels.writing.counterfactual_stream import CounterfactualStream
from realmodels.writing.filling import Simulated, filled, joined, oldest
from realmodels.writing.forecast import setup_of
from realmodels.writing.gradient_memory import GradientMemory, centred, mean_keys
from realmodels.writing.kernel import fact_gram
from realmodels.writing.methods.binding import bind
from realmodels.writing.methods.writer import Background, Writer
from realmodels.writing.outputs import Facts
from realmodels.writing.slot_kernel import kernel_of
from realmodels.writing.stores import Kept, Rule
from realmodels.writing.stream import STEPS
from realmodels.writing.trial import TRIALS, depth_alone, trials
from theory.errors import UserError
from theory.statistics import participation_ratio

D = 8  # facts per task
DOSES = np.geomspace(1, 1e4, 8)
"""Doses among which the most that gradients allow is sought, in units of one over the mean squared gradient of an output."""
SIZES = (1e-2, 1e5)  # doses that stand for the least and the most that a memory can write
ASKED = 32  # background prompts whose kernel is compared before and after


@dataclass(frozen=True)
class Way:
    """What is written, as a method with its options, and the learning rates under "paper"; "quick" takes the first."""

    method: str
    rates: tuple[float, ...]
    options: dict[str, Any] = field(default_factory=dict)

    def bound(self, model: Transformer, others: Facts) -> Writer:
        """The writer, on a copy of the model."""
        return bind(self.method, copy.deepcopy(model), Background(others), **self.options)


def under_ceilings(
    setting: CounterfactualStream, way: Way, rates: Sequence[float], tasks: Sequence[int]
) -> Iterator[dict[str, Any]]:
    """What is kept of the stream at each of these learning rates and numbers of tasks, beside what the laws say: the columns of
    every table but for `seed`. Every learning rate begins with the model as it is."""
    facts, others = setting.facts, setting.others
    own = {"D": D, "steps": STEPS, "candidates": facts.choices}
    laws = Laws(setting.model, way, others, facts, tasks)
    for rate in rates:
        trial = laws.trial(rate)
        forecast = laws.forecasts(rate, trial)
        writer = way.bound(setting.model, others)
        for row in filled(setting, writer, rate, tasks, others):
            moved = math.nan if row["diverged"] else laws.moved(writer)
            law = {name: values[row["T"]] for name, values in forecast.items()}
            yield {**own, "learning_rate": rate, "trial": trial, **row, **laws.about, **law, "moved": moved}


class Laws:
    """The laws of a place, from the model before the stream and from trial writes, and how far its gradients have moved."""

    def __init__(self, model: Transformer, way: Way, others: Facts, facts: Facts, tasks: Sequence[int]):
        """others: prompts that are in no stream. facts: the stream. tasks: numbers of tasks that are asked for. Raises ValueError
        if there are fewer others than the longest stream has facts."""
        self.model, self.way, self.others, self.tasks = model, way, others, tasks
        writer = way.bound(model, others)
        theta = kernel_of(writer, others).response
        self.some = centred(theta[:ASKED, :, :ASKED])
        self.memory, self.keys = GradientMemory(theta, D, max(tasks)), mean_keys(theta)
        told = joined(facts, others[max(tasks) * D :])  # beside the stream: what is said everywhere
        kernel = kernel_of(writer, told)
        self.simulated = Simulated(setup_of(writer.model, kernel, told, steps=STEPS), max(tasks))
        self.about = {
            "parameters": sum(p.numel() for p in writer.parameters.values()),
            "participation_ratio": participation_ratio(fact_gram(theta).numpy()),
        }

    @cached_property
    def most(self) -> dict[int, tuple[float, float]]:
        """The most that the oldest tenth, and all facts together, keep in the linear memory at any dose, by number of tasks."""
        found = [_kept(self.memory.written(float(dose), self.tasks), self.tasks) for dose in DOSES]
        return {T: (max(one[T][0] for one in found), max(one[T][1] for one in found)) for T in self.tasks}

    def trial(self, rate: float) -> float:
        """Mean depth to which tasks of the other prompts are written, each alone; NaN if the model diverges."""
        found = trials(
            lambda: self.way.bound(self.model, self.others),
            self.others,
            rate,
            lambda writer, task: depth_alone(writer, task, self.others),
        )
        return math.nan if found is None else float(np.mean(found))

    def forecasts(self, rate: float, trial: float) -> Mapping[str, Mapping[int, float]]:
        """Every law's column by number of tasks, for a learning rate at which tasks alone are written to the depth `trial`."""
        laws = {
            "allowed": self.most,
            "mean": self._at_trial(self._mean, trial),
            "linear": self._at_trial(self._linear, trial),
            "kernel": {T: self.simulated.after(rate, T) for T in self.tasks},
        }
        oldest_of = {name: {T: values[0] for T, values in law.items()} for name, law in laws.items()}
        return oldest_of | {f"{name}_total": {T: values[1] for T, values in law.items()} for name, law in laws.items()}

    def moved(self, writer: Writer) -> float:
        """Change of the response kernel of other prompts since before any write, over what it was."""
        now = centred(kernel_of(writer, self.others[:ASKED]).response)
        return float((now - self.some).norm() / self.some.norm())

    def _at_trial(self, law: Callable[[float], Kept], trial: float) -> dict[int, tuple[float, float]]:
        """What a memory keeps where it writes tasks alone to this depth; NaN if trial writes diverged."""
        return _kept(law(trial), self.tasks) if math.isfinite(trial) else dict.fromkeys(self.tasks, (math.nan, math.nan))

    def _linear(self, trial: float) -> Kept:
        dose = reached(lambda depth: self.memory.dose_of(depth, TRIALS), lambda dose: self.memory.alone(dose, TRIALS), trial)
        return self.memory.written(dose, self.tasks)

    def _mean(self, trial: float) -> Kept:
        written = max(self.tasks) * D
        stream, beside = self.keys[:written], self.keys[written:]
        dose = reached(
            lambda depth: linear_store.dose_of(stream, beside, D, depth, TRIALS),
            lambda dose: linear_store.alone(stream, beside, D, dose, TRIALS)[0],
            trial,
        )
        return linear_store.written(stream, beside, D, Rule(), dose, 1, self.tasks)


def reached(dose_of: Callable[[float], float], depth: Callable[[float], float], trial: float) -> float:
    """The dose that writes to the depth of a trial; the one of SIZES that comes nearest, where none does."""
    try:
        return dose_of(trial)
    except UserError:
        return min(SIZES, key=lambda dose: abs(depth(dose) - trial))


def _kept(kept: Kept, tasks: Sequence[int]) -> dict[int, tuple[float, float]]:
    """(depth of the oldest tenth, sum of all depths) by number of tasks."""
    return {T: (float(kept.at[T][: len(oldest(T))].mean()), float(kept.at[T].sum()) * D) for T in tasks}
