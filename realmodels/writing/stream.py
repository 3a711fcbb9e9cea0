"""Write a stream of tasks into a model, one after another, and measure what each later write leaves of the earlier ones.

A task is written by plain gradient descent: a fixed number of full-batch steps on its D facts, under a method's restriction
(`realmodels.writing.methods.writer`). All facts are evaluated before the first task and after every task. The age of a task is
the number of tasks written since.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import torch

from realmodels.model.transformer import Transformer
from realmodels.writing.learning_rate import checked_learning_rate
from realmodels.writing.methods.writer import Writer
from realmodels.writing.outputs import Facts, answer_loss, outputs, scores
from theory.errors import UserError

STEPS = 20  # gradient steps per task, the same for all methods
NOTHING = 1e-5
"""Share of the gradient's norm below which an update counts as rounding: the method writes nothing."""


class Diverged(RuntimeError):
    """A write whose loss or weights stopped being finite: the learning rate is too large for this model and method."""


def write_task(
    model: Transformer, writer: Writer, task: Facts, learning_rate: float, steps: int, earlier: Sequence[Facts] = ()
) -> None:
    """Write one task in place: `steps` times w <- w - learning_rate * R(dL/dw), R = writer.restriction(task, earlier).

    earlier: the tasks that were written into this model before, in order. Raises Diverged if the loss or a weight is not
    finite. Raises UserError if the learning rate is not a finite number above 0, or if the restriction leaves nothing of the
    gradient.
    """
    learning_rate = checked_learning_rate(learning_rate)
    restrict = writer.restriction(task, earlier)
    names, parameters = list(writer.parameters), list(writer.parameters.values())
    for step in range(steps):
        loss = answer_loss(outputs(model, task), task.target)
        if not torch.isfinite(loss):
            where = f"task {len(earlier) + 1}, before step {step + 1} of {steps} at learning rate {learning_rate:g}"
            raise Diverged(f"{where}: the loss is {loss.item()}: lower the learning rate")
        gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
        gradient = {name: g for name, g in zip(names, gradients, strict=True) if g is not None}
        update = restrict(gradient)
        if step == 0 and _norm(update) < NOTHING * _norm(gradient):
            raise UserError(
                f"task {len(earlier) + 1} cannot be written: the method's restriction leaves nothing of the gradient; "
                "a restriction must depend on its arguments alone and leave room for this task"
            )
        with torch.no_grad():
            for name, g in update.items():
                writer.parameters[name].sub_(learning_rate * g)
    if not all(torch.isfinite(p).all() for p in parameters):
        where = f"task {len(earlier) + 1}, after {steps} steps at learning rate {learning_rate:g}"
        raise Diverged(f"{where}: a parameter is not finite: lower the learning rate")


def _norm(gradients: dict[str, torch.Tensor]) -> float:
    return math.sqrt(sum(float(g.double().square().sum()) for g in gradients.values()))


def task_scores(model: Transformer, facts: Facts, rephrased: Facts) -> pd.DataFrame:
    """Mean scores of each task now: columns task, bits, bits_raw, recall, loss, recall_heldout_phrasing.

    rephrased: the same facts in another phrasing, of which recall_heldout_phrasing is the recall.
    """
    with torch.no_grad():
        now, other = scores(outputs(model, facts), facts.target), scores(outputs(model, rephrased), rephrased.target)
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
    model: Transformer,
    writer: Writer,
    facts: Facts,
    rephrased: Facts,
    learning_rate: float,
    steps: int,
    heldout: Callable[[Transformer], float],
    on_divergence: Callable[[Diverged], None] = lambda error: None,
) -> list[dict[str, Any]]:
    """Write the tasks of `facts` in order of their number, in place; rows of the table `streams` for written = 0 .. T.

    rephrased: the same facts in a phrasing that is never written. heldout(model): bits per byte of held-out text, computed
    when written is 0, a power of two or T (NaN in other rows). A write that diverges ends the stream: on_divergence is called
    with the cause, and the rows from there on say diverged = True, 0 bits and no recall, and NaN for the rest. The model is
    then no longer usable. Errors as `write_task`.
    """
    tasks = sorted(set(facts.task.tolist()))
    by_task = [facts.of_task(task) for task in tasks]
    rows: list[dict[str, Any]] = []
    diverged = False
    for written in range(len(tasks) + 1):
        if written and not diverged:
            try:
                write_task(model, writer, by_task[written - 1], learning_rate, steps, by_task[: written - 1])
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
