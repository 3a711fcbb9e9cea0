"""What a closed-form editor will leave of a user's facts, by the law of edits (`realmodels.writing.edit_budget`).

The facts of the background are edited into a copy, task by task, each by itself; none of the user's facts is. So the forecast
says how many edits are held beyond the end of the file as well.
"""

from dataclasses import dataclass, replace

import torch

from realmodels.model.reading import first_block
from realmodels.model.remembering import remembering
from realmodels.writing.case import Case, Say
from realmodels.writing.edit_budget import EditLaw, edit_law
from realmodels.writing.lengths import Lengths, Stream
from realmodels.writing.methods.editor import Editor
from realmodels.writing.outputs import Facts
from theory.errors import UserError

LEAST, MOST = 3, 12  # tasks of the background that are edited
COUNTS = (0, 1, 2, 4, 8, 16, 32)


@dataclass(frozen=True)
class EditForecast:
    """stream: facts right after every task of the file. law: of edits of `lent` facts, in tasks of `per_task`."""

    stream: Stream
    law: EditLaw
    lent: int
    per_task: int

    def until(self, level: float) -> tuple[int, bool]:
        """(facts that are written until fewer than this share of them are right, whether that many were looked at)."""
        most = int(self.law.counts[-1])
        below = [tasks for tasks, share in enumerate(self.law.shares(most), 1) if share < level]
        return (below[0] if below else most) * self.per_task, bool(below)

    @property
    def sentence(self) -> str:
        """How many edits until half of them are gone."""
        count, found = self.until(0.5)
        told = f"about {count} facts" if found else f"more than {count} facts"
        return f"edits of {self.lent} facts of the background say that {told} can be written until half of them are lost"


def has_law(case: Case) -> bool:
    """Whether a method is an editor that remembers nothing of earlier edits."""
    return isinstance(case.writer, Editor) and not case.writer.state()


def lent(case: Case, per_task: int) -> Facts:
    """The background's facts in tasks of `per_task`, MOST at most. Raises UserError if there are fewer than LEAST tasks."""
    given = case.question.setting.background is not None
    facts = case.question.background.prompts
    if not given or len(facts) < LEAST * per_task:
        have = f"the background has {len(facts)} facts" if given else "no background is given"
        raise UserError(
            f"no forecast: {have}; with {LEAST * per_task} other facts of the same form or more, edits of them say how many "
            "edits are held (--background), or write these facts (--measure)"
        )
    tasks = min(MOST, len(facts) // per_task)
    return replace(facts[: tasks * per_task], task=torch.arange(tasks * per_task) // per_task)


def edit_forecast(lengths: Lengths, case: Case, learning_rate: float, say: Say) -> EditForecast:
    """The forecast of an editor; the order of the facts does not count. Errors as `lent` and `edit_law`."""
    assert isinstance(case.writer, Editor)
    facts = lent(case, lengths.per_task)
    say(f"{case.method}: {len(facts)} facts of the background are edited into a copy, each task by itself")
    with remembering(case.model, first_block(case.model, case.writer.parameters.values())):
        law = edit_law(case.writer, facts, learning_rate, lengths.steps, COUNTS)
    written = case.facts.task.unique(return_counts=True)[1].cumsum(0).tolist()
    kept = [float(share) * count for share, count in zip(law.shares(len(written)), written, strict=True)]
    return EditForecast(Stream("forecast", 0, written, kept), law, len(facts), lengths.per_task)
