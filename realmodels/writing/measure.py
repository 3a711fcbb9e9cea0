"""What can be asked of a model and a user's facts: how their writes interfere, what will be kept, and to write them.

Behind `realmodels.measure`, `forecast` and `write`, and the commands of the same names. A model is the folder of a checkpoint or
what `realmodels.load` returned; facts are a file, a list or a table (`realmodels.text.user_facts`). The candidates are the
distinct answers, known by the first token that they do not all share. Methods that need a background of prompts, none of which
is written, take those of other facts (their answers are not read); without them, the prompts of the facts themselves.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from realmodels.model import checkpoint
from realmodels.model.loaded import Loaded
from realmodels.model.transformer import Transformer
from realmodels.text.user_facts import FactsLike
from realmodels.training.evaluate import HELDOUT_TOKENS, bits_per_byte
from realmodels.training.loop import one_thread
from realmodels.training.pretrain import text_of
from realmodels.writing.answers import Forecast, Measurement, Written
from realmodels.writing.case import Case, Model
from realmodels.writing.forecast import Setup, forecasts, isolated
from realmodels.writing.kernel import activation_fraction, statistics, write_fraction
from realmodels.writing.outputs import facts_from_ids, outputs, scores
from realmodels.writing.stream import STEPS, Diverged, write_stream
from theory.errors import UserError


def measure(model: Model, facts: FactsLike, method: str = "full", background: FactsLike | None = None) -> Measurement:
    """Geometry of writing these facts by `method`, the model being as it is (`realmodels.writing.kernel` defines every number).

    Nothing is written. Raises UserError for anything wrong with the model, the facts or the method, and if the memory that the
    kernel needs is not free.
    """
    with one_thread():
        case = Case(model, facts, method, background)
        kernel = case.kernel()
        return Measurement(
            **case.about,
            settings=case.settings,
            **statistics(kernel.writes),
            activation_fraction=activation_fraction(case.model, case.writer, case.facts),
            write_fraction=write_fraction(case.model, case.writer, case.facts),
        )


def _by_age(ages: np.ndarray, bits: np.ndarray, prefix: str = "") -> dict[str, Any]:
    """Columns bits (mean over the tasks of an age), low and high (which enclose the middle 90% of the tasks), by age."""
    by_age = [bits[ages == age] for age in np.unique(ages)]
    ends = [np.quantile(each, [0.05, 0.95]).tolist() for each in by_age]
    columns = {"bits": [float(each.mean()) for each in by_age], "low": [e[0] for e in ends], "high": [e[1] for e in ends]}
    return {f"{prefix}{name}": values for name, values in columns.items()}


def forecast(
    model: Model,
    facts: FactsLike,
    method: str = "full",
    learning_rate: float | None = None,
    steps: int = STEPS,
    background: FactsLike | None = None,
) -> Forecast:
    """What a stream of these facts, task after task, will leave of a task by its age.

    Without a learning rate, the one that `sufficient_rate` names. The model stays as it is; the first tasks alone are written
    into a copy, each by itself, to choose the rate and to see whether the forecast applies to this model. Errors as `measure`.
    """
    with one_thread():
        case = Case(model, facts, method, background)
        case.require_room()
        rate, at_end = case.rate(learning_rate, steps)
        with torch.no_grad():
            z = outputs(case.model, case.facts)
        response = case.kernel().response
        setup = Setup(response, z, case.facts, rate, steps)
        rows = pd.DataFrame(forecasts(setup))
        alone = scores(isolated(setup), case.facts.target).bits
        predicted = float(np.mean([alone[index].mean().item() for index in case.trial_rows()]))
        measured = case.trial(rate, steps)
    age, bits, kinds = (np.asarray(rows[column]) for column in ("age", "bits_predicted", "kind"))
    curves = {kind: _by_age(age[kinds == kind], bits[kinds == kind], f"{kind}_") for kind in ("kernel", "spectral")}
    return Forecast(
        **case.about,
        settings=case.settings,
        learning_rate=rate,
        steps=steps,
        at_grid_end=at_end,
        trial_forecast=predicted,
        trial_measured=measured,
        age=sorted({int(age) for age in rows.age}),
        **curves["kernel"],
        **curves["spectral"],
    )


def write(
    model: Model,
    facts: FactsLike,
    method: str = "full",
    learning_rate: float | None = None,
    steps: int = STEPS,
    background: FactsLike | None = None,
    out: str | Path | None = None,
) -> Written:
    """Write a stream of facts into a copy of the model; the copy is saved as the checkpoint `out` if that is given.

    facts: as in `measure`, or the name of a stream of real facts ("cities", "airports": 10 tasks of 8 facts). A copy that
    diverged is never saved. Errors as `measure`.
    """
    if out is not None and (not str(out).strip() or Path(out).exists() or Path(out).is_symlink()):
        raise UserError(f"{str(out)!r} exists or names no folder: name a folder that does not exist yet")
    with one_thread():
        case = Case(model, facts, method, background, named=True)
        rate, at_end = case.rate(learning_rate, steps)
        examine, heldout_text = _examiner(case.loaded)
        examined = examine or (lambda model: math.nan)
        causes: list[Diverged] = []
        rows = pd.DataFrame(write_stream(case.model, case.writer, case.facts, case.facts, rate, steps, examined, causes.append))
        diverged = bool(rows.diverged.any())
        rephrased, phrasing = _recall_of_other_wordings(case, diverged)
    first, final, written = rows[rows.written == 0], rows[rows.written == rows.written.max()], rows[rows.age >= 0]
    if out is not None and not diverged:
        about = {"method": method, "learning_rate": rate, "dial": rate, "steps": steps, "facts": len(case.facts)}
        about |= {"into": str(case.loaded.path)}
        checkpoint.write(Path(out), case.model, case.loaded.tokenizer, {**case.loaded.meta, "written": about})
    rise = float(final.heldout_bits_per_byte.mean() - first.heldout_bits_per_byte.mean())
    return Written(
        **case.about,
        settings=case.settings,
        learning_rate=rate,
        steps=steps,
        at_grid_end=at_end,
        bits_before=float(first.bits.mean()),
        learned=float(rows[rows.age == 0].bits.mean()),
        kept=float(final.bits.mean()),
        recall=float(final.recall.mean()),
        recall_heldout_phrasing=rephrased,
        heldout_phrasing=phrasing,
        heldout_rise=rise if examine else None,
        heldout_text=heldout_text,
        diverged=diverged,
        divergence=str(causes[0]) if causes else None,
        state_numbers=case.writer.state_numbers,
        state_bits=case.writer.state_bits,
        saved=None if out is None or diverged else str(out),
        age=sorted({int(age) for age in written.age}),
        **_by_age(np.asarray(written["age"]), np.asarray(written["bits"])),
    )


def _recall_of_other_wordings(case: Case, diverged: bool) -> tuple[float | None, str]:
    """(recall of the written model in words that were never written, mean over tasks; what was asked, or why nothing was)."""
    asked = [(index, wording) for index, fact in enumerate(case.plain) for wording in fact.heldout_wordings]
    if not asked:
        return None, 'not measured: no fact has a "heldout_prompt" or "paraphrases"'
    rows = [index for index, _ in asked]
    about = f"{len(asked)} held-out wordings of {len(set(rows))} of {len(case.plain)} facts"
    if diverged:
        return 0.0, about
    prompts = [case.question(wording) for _, wording in asked]
    facts = case.facts
    questions = facts_from_ids(prompts, facts.target[rows].tolist(), facts.task[rows].tolist(), facts.candidates.tolist())
    with torch.no_grad():
        right = scores(outputs(case.model, questions), questions.target).recall
    by_task: dict[int, dict[int, list[float]]] = {}
    for row, task, recalled in zip(rows, questions.task.tolist(), right.tolist(), strict=True):
        by_task.setdefault(task, {}).setdefault(row, []).append(recalled)
    return float(np.mean([np.mean([np.mean(each) for each in by_fact.values()]) for by_fact in by_task.values()])), about


def _examiner(loaded: Loaded) -> tuple[Callable[[Transformer], float] | None, str]:
    """(bits per byte of a model on text held out from this checkpoint's training, or None; what that text is, or why none)."""
    workspace = loaded.path.resolve().parent.parent
    if "pretraining" not in loaded.meta:
        return None, "not measured: the checkpoint does not say on which text it was trained"
    if not (workspace / "text").is_dir():
        return None, f"not measured: {workspace} has no text; leave the checkpoint where it was trained"
    try:
        text = text_of(loaded.meta, workspace)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None, "not measured: the checkpoint does not say rightly on which text it was trained"
    where = f"up to {HELDOUT_TOKENS} tokens of each of {', '.join(sorted(text.heldout))}, held out from training"
    return lambda model: bits_per_byte(model, text, HELDOUT_TOKENS)["all"], where
