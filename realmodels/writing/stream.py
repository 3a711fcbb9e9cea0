"""Write a stream of tasks into a model, one after another, and watch what each later write leaves of the earlier ones.

A task is written by plain gradient descent, a fixed number of full-batch steps on its D facts, under a method's restriction
(`realmodels.writing.methods.writer`). Before the first task and after every task ALL facts are asked again. The dial is the
learning rate. Age of a task: how many tasks have been written since.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import torch

from realmodels.model.transformer import Transformer
from realmodels.writing.methods.writer import Writer
from realmodels.writing.outputs import Facts, answer_loss, outputs, scores

LEARNED = 0.9  # a dial teaches enough if the task just written keeps this share of log2 C bits


class Diverged(RuntimeError):
    """A write whose loss stopped being a number: the dial is too large for this model and method."""


def write_task(model: Transformer, writer: Writer, task: Facts, dial: float, steps: int) -> None:
    """Write one task in place: `steps` times w <- w - dial * R_task(dL/dw). Raises Diverged if the loss or w is not finite."""
    restrict = writer.restriction(task)
    names, parameters = list(writer.parameters), list(writer.parameters.values())
    for step in range(steps):
        loss = answer_loss(outputs(model, task), task.target)
        if not torch.isfinite(loss):
            raise Diverged(f"the loss is {loss.item()} before step {step + 1} of {steps} at dial {dial:g}: lower the dial")
        found = torch.autograd.grad(loss, parameters, allow_unused=True)
        update = restrict({name: g for name, g in zip(names, found, strict=True) if g is not None})
        with torch.no_grad():
            for name, g in update.items():
                writer.parameters[name].sub_(dial * g)
    if not all(torch.isfinite(p).all() for p in parameters):
        raise Diverged(f"a parameter is not finite after {steps} steps at dial {dial:g}: lower the dial")


def ask(model: Transformer, facts: Facts, rephrased: Facts) -> pd.DataFrame:
    """Mean scores of each task now: columns task, bits, bits_raw, recall, loss, recall_heldout_phrasing."""
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
    dial: float,
    steps: int,
    heldout: Callable[[Transformer], float],
) -> list[dict[str, Any]]:
    """Write the tasks of `facts` in order of their number, in place; rows of the table `streams` for written = 0 .. T.

    rephrased: the same facts under a phrasing that is never written. heldout(model): bits per byte of held-out text, asked for
    when written is 0, a power of two or T (NaN at other rows). A write that diverges ends the stream: its rows and all later
    ones say diverged = True, 0 bits and no recall (nothing can be read from a model that is not finite), NaN for the rest.
    """
    tasks = sorted(set(facts.task.tolist()))
    rows: list[dict[str, Any]] = []
    diverged = False
    for written in range(len(tasks) + 1):
        if written and not diverged:
            try:
                write_task(model, writer, facts.of_task(tasks[written - 1]), dial, steps)
            except Diverged:
                diverged = True
        if diverged:
            nothing = {"bits": 0.0, "bits_raw": math.nan, "recall": 0.0, "loss": math.nan, "recall_heldout_phrasing": 0.0}
            answers = [{"task": task, **nothing} for task in tasks]
        else:
            answers = [{str(k): v for k, v in row.items()} for row in ask(model, facts, rephrased).to_dict("records")]
        asked = not diverged and (written & (written - 1) == 0 or written == len(tasks))
        common = {"written": written, "heldout_bits_per_byte": heldout(model) if asked else math.nan, "diverged": diverged}
        rows += [{**common, "age": written - 1 - tasks.index(row["task"]), **row} for row in answers]
    return rows


def just_written_bits(streams: pd.DataFrame) -> pd.DataFrame:
    """Mean retained bits of the task just written, and of all tasks at the end: one row per run, from the table `streams`."""
    run = ["architecture", "method", "dial", "seed", "tuning", "candidates"]
    fresh = streams[streams.age == 0].groupby(run, as_index=False).bits.mean()
    final = streams[streams.written == streams.groupby(run).written.transform("max")].groupby(run, as_index=False).bits.mean()
    return fresh.merge(final, on=run, suffixes=("_fresh", "_final"))


def chosen_dial(streams: pd.DataFrame) -> dict[tuple[str, str], float]:
    """The dial of each (architecture, method), chosen on the tuning seeds alone.

    Rule: the smallest dial whose mean just-written bits reach 90% of log2 C; if none does, the dial with the most such bits.
    """
    tuning = just_written_bits(streams[streams.tuning.astype(bool)])
    chosen: dict[tuple[str, str], float] = {}
    for (architecture, method), runs in tuning.groupby(["architecture", "method"]):
        by_dial = runs.groupby("dial").agg(bits=("bits_fresh", "mean"), candidates=("candidates", "first"))
        reach = by_dial.bits.to_numpy() >= LEARNED * np.log2(by_dial.candidates.to_numpy())
        dials = by_dial.index.to_numpy(dtype=float)
        chosen[str(architecture), str(method)] = float(dials[reach].min() if reach.any() else dials[by_dial.bits.argmax()])
    return chosen
