"""Trial writes: how deep a task gets when it is written alone, on prompts that are in no stream, before any stream is written."""

from collections.abc import Callable
from typing import TypeVar

import torch

from realmodels.writing.methods.writer import Diverged, Writer
from realmodels.writing.outputs import Facts
from realmodels.writing.retained import depths
from realmodels.writing.stream import STEPS, write_task

TRIALS = 8  # tasks that are written, each into the model as it is
Found = TypeVar("Found")


def trials(
    bound: Callable[[], Writer], others: Facts, learning_rate: float, see: Callable[[Writer, Facts], Found]
) -> list[Found] | None:
    """What `see` finds in the model just after each of the first TRIALS tasks of `others` was written alone.

    bound: gives a writer on a copy of the model, without earlier tasks. None if the model's numbers do not stay finite.
    """
    writer, found = bound(), []
    start = [parameter.detach().clone() for parameter in writer.parameters.values()]
    for task in sorted(set(others.task.tolist()))[:TRIALS]:
        one = others.of_task(task)
        try:
            write_task(writer, one, learning_rate, STEPS)
        except Diverged:
            return None
        found.append(see(writer, one))
        writer.restore({})
        with torch.no_grad():
            for parameter, value in zip(writer.parameters.values(), start, strict=True):
                parameter.copy_(value)
    return found


def depth_alone(writer: Writer, task: Facts, others: Facts) -> float:
    """Mean depth of a task that was just written, beside `others`, of which it may be one."""
    beside = others[others.task != task.task[0]]
    return float(depths(writer.model, task, beside[: 8 * len(task)]).mean())
