"""Write a stream of tasks into a model, one after another.

A task is written by a method (`realmodels.writing.methods.writer`): most take a fixed number of full-batch steps on its facts.
The age of a task is the number of tasks written since. `stream` writes; `write_stream` also asks all facts after every task.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pandas as pd
import torch
from torch import nn

from realmodels.model.reading import first_block, remembering
from realmodels.writing.learning_rate import checked_learning_rate
from realmodels.writing.methods.writer import Diverged, Writer
from realmodels.writing.outputs import Facts, asked

STEPS = 20  # gradient steps per task, the same for all methods


def write_task(writer: Writer, task: Facts, learning_rate: float, steps: int, earlier: Sequence[Facts] = ()) -> None:
    """Write one task in place. earlier: the tasks that were written into this model before, in order.

    Raises Diverged, naming the task, if the loss or a weight is not finite. Raises UserError if the learning rate is not a
    finite number above 0, or if the method's restriction leaves nothing of the gradient.
    """
    learning_rate = checked_learning_rate(learning_rate)
    cure = f"at learning rate {learning_rate:g}: lower the learning rate"
    try:
        writer.write(task, earlier, learning_rate, steps)
    except Diverged as error:
        raise Diverged(f"{error} {cure}") from None
    if not all(torch.isfinite(p).all() for p in writer.parameters.values()):
        raise Diverged(f"task {len(earlier) + 1}, after {steps} steps: a parameter is not finite {cure}")


def stream(writer: Writer, facts: Facts, learning_rate: float, steps: int, begin: int = 0) -> Iterator[int]:
    """Write the tasks of `facts` in order of their number, in place; yields how many are written: `begin`, ..., T.

    begin: tasks that are in the model already. Errors as `write_task`. Blocks before the first one that the method writes are
    computed once per batch of texts, also in what the caller reads of the model meanwhile.
    """
    by_task = [facts.of_task(task) for task in sorted(set(facts.task.tolist()))]
    with remembering(writer.model, first_block(writer.model, writer.parameters.values())):
        yield begin
        for written in range(begin, len(by_task)):
            write_task(writer, by_task[written], learning_rate, steps, by_task[:written])
            yield written + 1


def task_scores(model: nn.Module, facts: Facts, rephrased: Facts) -> pd.DataFrame:
    """Mean scores of each task now: columns task, bits, bits_raw, recall, loss, recall_heldout_phrasing.

    rephrased: the same facts in another phrasing, of which recall_heldout_phrasing is the recall.
    """
    now, other = asked(model, facts), asked(model, rephrased)
    per_fact = pd.DataFrame(
        {
            "task": facts.task.numpy(),
            "bits": now.bits.numpy(),
            "bits_raw": now.bits_raw.numpy(),
            "recall": now.recall.numpy(),
            "loss": now.loss.numpy(),
            "recall_heldout_phrasing": other.recall.numpy(),
        }
    )
    return per_fact.groupby("task", as_index=False).mean()


def write_stream(
    writer: Writer,
    facts: Facts,
    rephrased: Facts,
    learning_rate: float,
    steps: int,
    heldout: Callable[[nn.Module], float],
    on_divergence: Callable[[Diverged], None] = lambda error: None,
) -> list[dict[str, Any]]:
    """Write the tasks of `facts` in order of their number, in place; rows of the table `streams` for written = 0 .. T.

    rephrased: the same facts in a phrasing that is never written. heldout(model): bits per byte of held-out text, computed
    when written is 0, a power of two or T (NaN in other rows). A write that diverges ends the stream: on_divergence is called
    with the cause, and the rows from there on say diverged = True, 0 bits and no recall, and NaN for the rest. The model is
    then no longer usable. Errors as `write_task`.
    """
    model = writer.model
    tasks = sorted(set(facts.task.tolist()))
    rows: list[dict[str, Any]] = []
    writing, diverged = stream(writer, facts, learning_rate, steps), False
    for written in range(len(tasks) + 1):
        try:
            diverged = diverged or next(writing) != written
        except Diverged as error:
            diverged = True
            on_divergence(error)
        if diverged:
            nothing = {"bits": 0.0, "bits_raw": math.nan, "recall": 0.0, "loss": math.nan, "recall_heldout_phrasing": 0.0}
            per_task = [{"task": task, **nothing} for task in tasks]
        else:
            per_task = [{str(k): v for k, v in row.items()} for row in task_scores(model, facts, rephrased).to_dict("records")]
        evaluated = not diverged and (written & (written - 1) == 0 or written == len(tasks))
        common = {"written": written, "heldout_bits_per_byte": heldout(model) if evaluated else math.nan, "diverged": diverged}
        rows += [{**common, "age": written - 1 - tasks.index(row["task"]), **row} for row in per_task]
    return rows
