"""What a stream leaves of each fact, and the numbers that continual learning reads from that.

R[i][j] is the score of task j after i tasks were written; row 0 is the model before. With T tasks (Lopez-Paz and Ranzato 2017;
forgetting: Chaudhry et al. 2018, against the best that was ever reached):
  ACC = mean over j of R[T][j]                       kept: all tasks at the end
  learned = mean over j of R[j][j]                   each task just after its own write (age 0)
  BWT = mean over j < T of R[T][j] - R[j][j]
  FWT = mean over j > 1 of R[j-1][j] - R[0][j]
  forgetting = mean over j < T of max over l < T of R[l][j], minus R[T][j]
A number that is not defined (BWT of one task) is None, and `undefined` says why.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from realmodels.writing.outputs import Facts, asked

SCORES = ("exact", "recall", "bits", "probability")
WHOLE = 32  # tasks up to which all facts are asked after every task

DEFINITIONS = {
    "exact": "Share of facts whose whole answer greedy decoding says, word for word.",
    "recall": "Share of facts every token of whose answer beats the tokens by which other answers of the file go on there.",
    "bits": "Retained bits per fact: over the tokens of the answer, log2 of these options minus the cross-entropy, at least 0.",
    "probability": "Probability of the whole answer, each token given the ones before (teacher-forced).",
    "matrix": "R[i][j]: mean score of task j after i tasks were written; row 0 is the model before; null where it was not asked.",
    "acc": "Mean over tasks of R[T][j]: what is kept of all tasks at the end.",
    "learned": "Mean over tasks of R[j][j]: each task just after its own write.",
    "bwt": "Backward transfer: mean over all tasks but the last of R[T][j] - R[j][j].",
    "fwt": "Forward transfer: mean over all tasks but the first of R[j-1][j] - R[0][j].",
    "forgetting": "Mean over all tasks but the last of the best R[l][j] for l < T, minus R[T][j].",
}


@dataclass
class History:
    """Scores of every fact after 0, 1, ..., T tasks; NaN where a fact was not asked.

    facts: in tasks 0 ... T - 1. asked: {score: [T + 1, F]} of the scores in SCORES.
    """

    facts: Facts
    asked: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self):
        self.numbers = sorted(set(self.facts.task.tolist()))
        self.T = len(self.numbers)
        for name in SCORES:
            self.asked.setdefault(name, np.full((self.T + 1, len(self.facts)), np.nan))

    def rows(self, index: int) -> np.ndarray:
        """Numbers of the facts of the task in place `index` of the stream."""
        return np.flatnonzero(self.facts.task.numpy() == self.numbers[index])

    def ask(self, model: nn.Module, written: int, whole: bool = False) -> None:
        """Ask the model, after `written` tasks, all facts; in a long stream, unless `whole`, only the last and the next task.

        At no task, the last, and the powers of two all facts are asked in any case.
        """
        all_of_them = whole or self.T <= WHOLE or written & (written - 1) == 0 or written == self.T
        near = [index for index in (written - 1, written) if 0 <= index < self.T]
        rows = np.arange(len(self.facts)) if all_of_them else np.sort(np.concatenate([self.rows(i) for i in near]))
        found = asked(model, self.facts[torch.from_numpy(rows)])
        for name in SCORES:
            self.asked[name][written, rows] = getattr(found, name).numpy()

    def matrix(self, score: str) -> np.ndarray:
        """R [T + 1, T] of a score."""
        return np.stack([self.asked[score][:, self.rows(index)].mean(1) for index in range(self.T)], 1)

    def fresh(self, score: str) -> np.ndarray:
        """Score of each fact [F] just after its own task was written."""
        values = np.empty(len(self.facts))
        for index in range(self.T):
            rows = self.rows(index)
            values[rows] = self.asked[score][index + 1, rows]
        return values

    def by_age(self, score: str) -> dict[int, np.ndarray]:
        """{age: scores of the tasks that were asked at this age}, age = tasks written since."""
        R = self.matrix(score)[1:]
        found = {age: np.diagonal(R, -age) for age in range(self.T)}
        return {age: values[np.isfinite(values)] for age, values in found.items() if np.isfinite(values).any()}

    def kept_of_prefix(self, score: str = "exact") -> np.ndarray:
        """Mean score [T] of the facts written so far, after 1, ..., T tasks; NaN where they were not all asked."""
        last = np.array([self.numbers.index(task) for task in self.facts.task.tolist()])
        return np.array([self.asked[score][written, last < written].mean() for written in range(1, self.T + 1)])

    def summary(self, score: str) -> tuple[dict[str, float | None], dict[str, str]]:
        """({acc, learned, bwt, fwt, forgetting}, {name: why it is not defined})."""
        R, T = self.matrix(score), self.T
        own = np.diagonal(R[1:])
        found: dict[str, float | None] = {"acc": float(R[T].mean()), "learned": float(own.mean())}
        if T == 1:
            return {**found, "bwt": None, "fwt": None, "forgetting": None}, dict.fromkeys(
                ("bwt", "fwt", "forgetting"), "there is one task only, so that none comes before or after another"
            )
        found["bwt"] = float((R[T] - own)[:-1].mean())
        found["fwt"] = float((np.diagonal(R[1:], 1) - R[0, 1:]).mean())
        found["forgetting"] = float((np.nanmax(R[1:T, :-1], 0) - R[T, :-1]).mean())
        return found, {}


def told(matrix: np.ndarray) -> list[list[float | None]]:
    """A score matrix as lists; None where a task was not asked."""
    rows: Sequence[Sequence[float]] = matrix.tolist()
    return [[None if value != value else value for value in row] for row in rows]
