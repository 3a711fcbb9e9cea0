"""Write a stream of facts into a copy of a model, task by task, and say what that left of the facts and of the rest.

Behind `realmodels.write` and `cwb write`. With `out`, what changed is saved as a delta, and the report is made from the weights
as they come back from the delta, rounded to the type of the model's file. A stream that is killed goes on from the last task
that was written, to the same bytes: its state lies beside `out` meanwhile.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from realmodels.model.reading import first_block
from realmodels.model.remembering import remembering
from realmodels.model.saying import said
from realmodels.text.user_facts import FactsLike
from realmodels.training.loop import one_thread
from realmodels.writing import editing
from realmodels.writing.answers.written import Written
from realmodels.writing.beside import Answered, Beside
from realmodels.writing.case import Case, Say, silent
from realmodels.writing.damage import damage
from realmodels.writing.delta import Delta, check_new
from realmodels.writing.history import DEFINITIONS, SCORES, told
from realmodels.writing.learning_rate import checked_learning_rate
from realmodels.writing.measure import by_age
from realmodels.writing.methods.checks import whole
from realmodels.writing.question import Model, Question, Setting
from realmodels.writing.run import Run
from realmodels.writing.stream import STEPS
from theory.errors import UserError

RUIN = 0.5  # bits per byte of the protected text: a stream that costs more is stopped
MORE = 4  # tokens that are shown beyond the longest answer


def write(
    model: Model,
    facts: FactsLike,
    method: str = "full",
    learning_rate: float | None = None,
    steps: int = STEPS,
    options: Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    per_task: bool = False,
    ruin: float = RUIN,
    save_ruined: bool = False,
    texts: bool = True,
    say: Say = silent,
    **setting: Any,
) -> Written:
    """Write a stream of facts into a copy of the model; what changed is saved as the delta `out` if that is given.

    facts: as in `realmodels.measure`, or the name of a stream of real facts ("cities", "airports": 10 tasks of 8 facts).
    per_task: let the delta hold the state after every task. ruin: the stream stops at the task after which the protected text
    costs so many bits per byte more than before; such a model, and one that diverged, is saved only with `save_ruined` (a
    diverged one never, for nothing can load it). texts: let the model say its answers, before and after. say: receives a line
    per task. Errors as `realmodels.measure`, and if `out` exists.
    """
    if out is not None:
        check_new(Path(out))
    if not ruin > 0:
        raise UserError(f"ruin {ruin}: give a number of bits per byte above 0")
    whole("steps per task", steps)
    if learning_rate is not None:
        checked_learning_rate(learning_rate)
    with one_thread():
        case = Case(Question(model, facts, Setting(**setting), named=True), method, options, say)
        beside = Beside(case.question)
        run = Run(case, None if out is None else Path(out), per_task, ruin)
        before = beside.ask(case.question.loaded.model)
        run.write(learning_rate, steps)
        saved = run.save(save_ruined)
        with remembering(case.model, first_block(case.model, case.writer.parameters.values())):
            run.finish(rounded=saved is not None)
            after = beside.ask(None if run.divergence else case.model)
        return _answer(run, saved, before, after, beside.phrasing, texts)


def _answer(run: Run, saved: Delta | None, before: Answered, after: Answered, phrasing: str, texts: bool) -> Written:
    """The report, from the model as it is after the stream; of a saved one, as the delta gives it back."""
    case, history = run.case, run.history
    question, writer = case.question, case.writer
    table = _per_fact(run, texts)
    change = {} if run.divergence else _change(case)
    done = damage(question.loaded.model, change, question.protected.tokens)
    sums, undefined = {}, dict(after.undefined)
    for name in SCORES:
        sums[name], why = history.summary(name)
        undefined |= why
    bits, ages = history.by_age("bits"), []
    for age, values in bits.items():
        ages += [age] * len(values)
    nothing = run.divergence is not None
    return Written(
        **case.about,
        settings=case.settings,
        notes=question.notes,
        learning_rate=run.rate,
        steps=run.steps,
        at_grid_end=run.at_end,
        exact_before=float(history.asked["exact"][0].mean()),
        exact_learned=float(history.fresh("exact").mean()),
        exact_kept=float(history.asked["exact"][-1].mean()),
        exact_rephrased=after.exact,
        probability=float(history.asked["probability"][-1].mean()),
        bits_before=float(history.asked["bits"][0].mean()),
        learned=float(history.fresh("bits").mean()),
        kept=float(history.asked["bits"][-1].mean()),
        recall=float(history.asked["recall"][-1].mean()),
        recall_heldout_phrasing=after.recall,
        heldout_phrasing=phrasing,
        **after.edits,
        neighbours_before=before.share("related"),
        neighbours_kept=after.kept(before, "related"),
        known_before=before.share("known"),
        known_kept=after.kept(before, "known"),
        heldout_before=run.before,
        heldout_rise=math.nan if nothing else run.after - run.before,
        function_change=math.nan if nothing else done.function,
        weight_change=math.nan if nothing else done.weight,
        diverged=nothing,
        divergence=run.divergence,
        ruined=run.ruined,
        state_numbers=writer.state_numbers,
        state_bits=writer.state_bits,
        written_parameters=sum(p.numel() for p in writer.parameters.values()),
        saved=None if saved is None else str(run.out),
        survives=None if saved is None else saved.about["survives"],
        parameters=done.by_matrix,
        continual=sums,
        matrix={name: told(history.matrix(name)) for name in SCORES},
        undefined=undefined,
        definitions={**DEFINITIONS, **editing.DEFINITIONS},
        per_fact=table,
        age=sorted(bits),
        **by_age(np.array(ages), np.concatenate([bits[age] for age in bits])),
    )


@torch.no_grad()
def _change(case: Case) -> dict[str, Tensor]:
    """Written minus base value of every parameter that changed."""
    base = dict(case.question.loaded.model.named_parameters())
    change = {name: parameter.detach() - base[name] for name, parameter in case.writer.parameters.items()}
    return {name: dw for name, dw in change.items() if bool((dw != 0).any())}


def _per_fact(run: Run, texts: bool) -> pd.DataFrame:
    """A row per fact: id, task, prompt, answer, scores before, just after its write and at the end, what the model says."""
    case, history, question = run.case, run.history, run.case.question
    columns: dict[str, Any] = {
        "id": [fact.id if fact.id is not None else fact.place for fact in question.plain],
        "task": [fact.task for fact in question.plain],
        "prompt": [fact.prompt for fact in question.plain],
        "answer": [fact.answer for fact in question.plain],
    }
    for score in ("exact", "probability", "bits"):
        of_score = {"before": history.asked[score][0], "fresh": history.fresh(score), "final": history.asked[score][-1]}
        columns |= {f"{score}_{when}": values for when, values in of_score.items()}
    if texts:
        prompts = [question.encoder.joined(one.prompt, one.answer)[0] for one in question.asked]
        count = int(case.facts.count.max()) + MORE
        columns["text_before"] = said(question.loaded.model, question.encoder, prompts, count)
        columns["text_final"] = [""] * len(prompts) if run.divergence else said(case.model, question.encoder, prompts, count)
    return pd.DataFrame(columns)
