"""How many of these facts can this model be given, by which method, before it forgets?

One stream of all facts in one order gives the answer for every length: after each task, how many of the facts written so far
does the model still say right, word for word? Several shuffled orders, and the order of the file, show what depends on the order.
Every method is asked at equal learning: its learning rate is the smallest with which trial writes of the first tasks are learned.
A forecast comes from the kernel before any write (`realmodels.writing.forecast`), for the methods that the kernel describes; for
closed-form editors from edits of the background's facts (`realmodels.writing.edit_forecast`).
"""

import math
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy import stats

from realmodels.model import matrices
from realmodels.model.reading import first_block, remembering
from realmodels.text.user_facts import FactsLike
from realmodels.training.loop import one_thread
from realmodels.writing.answers.capacity import KEPT, Capacity
from realmodels.writing.answers.written import RISE
from realmodels.writing.case import Case, Say, silent
from realmodels.writing.contenders import ONE_MATRIX, Contender, fitting, places
from realmodels.writing.edit_forecast import edit_forecast, has_law
from realmodels.writing.learning_rate import checked_learning_rate
from realmodels.writing.lengths import Lengths, Stream
from realmodels.writing.methods.checks import whole
from realmodels.writing.methods.off_mode import answer_keys
from realmodels.writing.question import Model, Question, Setting
from realmodels.writing.scan import Part, Scan, scan
from realmodels.writing.stream import STEPS
from theory.errors import UserError

ORDERS = 3
PER_TASK = 8  # facts written together, unless the file has tasks
SHOWN = 12  # matrices of the scan that an answer lists
ALIKE = 0.95  # mean cosine of keys above which the model is told not to tell the prompts apart
TOO_HIGH = {"rome": "; where this was measured, ROME held fewer (paper, edits until collapse)"}
"""What experiments say against a forecast, by method."""
Result = tuple[Contender, list[Stream], dict[str, Any]]


def capacity(
    model: Model,
    facts: FactsLike,
    methods: Sequence[Contender] | None = None,
    *,
    measure: bool = False,
    orders: int = ORDERS,
    learning_rate: float | None = None,
    steps: int = STEPS,
    where: str | None = None,
    seed: int = 0,
    say: Say = silent,
    **setting: Any,
) -> Capacity:
    """How many of these facts each method lets the model keep; forecast, and with `measure` also written and asked.

    methods: contenders; default all that fit the model with their defaults. orders: the file's own and orders - 1 shuffled ones
    (drawn by `seed`). where: the matrix of the methods that write one; default the one that a scan ranks first, for models
    trained here the last. setting: fields of `Setting`. Raises UserError as `realmodels.measure`, and if no method fits.
    """
    _check(orders, learning_rate, steps, seed)
    if where and methods is not None:
        raise UserError(f"where {where!r} beside named methods: give it as an option of a method, as off_mode:where={where}")
    with one_thread():
        question = Question(model, facts, Setting(**setting))
        if where:
            matrices.one(question.loaded.model, where)  # a name that fits no matrix is refused before any work
        if not question.own_tasks and not setting.get("facts_per_task"):
            question = Question(question.loaded, facts, Setting(**{**setting, "facts_per_task": PER_TASK}))
        if not question.loaded.ours:  # large enough for more threads
            torch.set_num_threads(len(os.sched_getaffinity(0)))
        scanned = None if where or question.loaded.ours or methods is not None else _scan(question, say)
        where_of = places(scanned) if scanned else dict.fromkeys(ONE_MATRIX, where) if where else {}
        lengths = Lengths(question, orders, steps, seed)
        chosen = fitting(question, where_of, measure) if methods is None else list(methods)
        if not chosen:
            raise UserError("no writing method fits this model: name one with --methods")
        results = [(contender, *_asked(lengths, contender, measure, learning_rate, say)) for contender in chosen]
        return _answer(lengths, measure, results, scanned)


def _check(orders: int, learning_rate: float | None, steps: int, seed: int) -> None:
    """Raise UserError for a number out of range, before any work."""
    if not 1 <= orders <= 100:
        raise UserError(f"orders {orders}: give a number from 1 to 100")
    if learning_rate is not None:
        checked_learning_rate(learning_rate)
    whole("steps per task", steps)
    whole("seed", seed, least=0)


def _scan(question: Question, say: Say) -> Scan:
    """What a scan over the matrices finds, best first."""
    say("scanning the matrices of the model for those that would keep most")
    return scan(question.loaded.model, question.facts, question.background.prompts)


def _asked(
    lengths: Lengths, contender: Contender, measure: bool, rate: float | None, say: Say
) -> tuple[list[Stream], dict[str, Any]]:
    """(streams of all orders, forecast and measured; what else is to be said of the method)."""
    begin = time.monotonic()
    about: dict[str, Any] = {"warning": None, "rate": None, "state": 0, "at_end": False, "told": None}
    found: list[Stream] = []
    try:
        case = Case(lengths.question, contender.method, contender.options, say)
        with remembering(case.model, first_block(case.model, case.writer.parameters.values())):
            if measure or not case.writer.forecastable:
                about["rate"], about["at_end"] = case.rate(rate, lengths.steps)
            if case.writer.forecastable:
                about["rate"], found = lengths.forecast(case, rate if not measure else about["rate"])
                say(f"{contender.label}, {_in_order(found[0])} facts forecast to be kept")
            elif has_law(case) and not measure:
                said = edit_forecast(lengths, case, about["rate"], say)
                found, about["told"] = (
                    [said.stream],
                    f"By {contender.label}, {said.sentence}{TOO_HIGH.get(contender.method, '')}.",
                )
            for number in range(len(lengths.streams) if measure else 0):
                found.append(now := lengths.written(case, number, about["rate"]))
                say(f"{contender.label}, {_in_order(now)} facts kept")
        about["state"] = case.writer.state_bits
    except UserError as error:
        about["warning"] = str(error)
    return found, {**about, "seconds": time.monotonic() - begin}


def _in_order(one: Stream) -> str:
    """Which order a stream has, and how many facts of how many are right at its end."""
    return f"{f'shuffled order {one.order}' if one.order else 'in the given order'}: {one.kept[-1]:.0f} of {one.written[-1]}"


def _answer(lengths: Lengths, measure: bool, results: Sequence[Result], scanned: Scan | None) -> Capacity:
    question, rows, curves = lengths.question, [], []
    for contender, streams, about in results:
        rows.append(_row(contender, streams, about))
        for one in streams:
            curves += [
                {"method": contender.label, "kind": one.kind, "order": one.order, "written": n, "kept": k}
                for n, k in zip(one.written, one.kept, strict=True)
            ]
    table = pd.DataFrame(rows)
    by = "kept_mean" if measure else "forecast_mean"
    usable = table[table[by].notna() & table["warning"].isna()] if by in table else table[:0]
    best = None if usable.empty else str(usable.sort_values(by, ascending=False).iloc[0]["method"])
    cosine = _cosine(question, next((c.options.get("where", "last") for c, _, _ in results if c.label == best), "last"))
    return Capacity(
        method="all" if len(rows) > 1 else rows[0]["method"],
        **question.about,
        settings={**question.settings, "steps": lengths.steps},
        notes=question.notes,
        orders=len(lengths.streams),
        key_cosine=cosine,
        order_effect=_order_effect(best, results),
        best=best,
        measured=measure,
        table=table.drop(columns=[name for name in ("kept_mean", "forecast_mean") if name in table]).dropna(axis=1, how="all"),
        curves_table=pd.DataFrame(curves, columns=["method", "kind", "order", "written", "kept"]),
        scan=[] if scanned is None else [_place(part) for part in scanned.matrices[:SHOWN]],
        seconds={contender.label: about["seconds"] for contender, _, about in results},
        sentences=_sentences(len(question.facts), measure, results, best),
        found=_found(cosine, table),
    )


def _place(part: Part) -> dict[str, Any]:
    """A matrix of the scan in a few numbers and a sentence."""
    where = f"{part.layer}.{part.role}"
    return {"where": where, "kept": part.kept, "kept_off_mode": part.kept_off_mode, "why": part.why}


def _row(contender: Contender, streams: Sequence[Stream], about: Mapping[str, Any]) -> dict[str, Any]:
    """A method's row of the table."""
    row: dict[str, Any] = {"method": contender.label}
    for kind, name in (("measured", "kept"), ("forecast", "forecast")):
        ends = [one.kept[-1] for one in streams if one.kind == kind]
        row[name] = _interval(ends, streams[0].written[-1]) if ends else None
        row[f"{name}_mean"] = float(np.mean(ends)) if ends else np.nan
    written = [one for one in streams if one.kind == "measured"] or list(streams)
    if written:
        row["holds"] = round(float(np.mean([one.held for one in written])), 1)
    mine = [one for one in streams if one.kind == "measured"]
    for name, values in {
        "learned": [one.learned for one in mine],
        "rephrased": [one.rephrased for one in mine],
        "text": [one.text for one in mine],
        "F_Delta": [np.nan if one.function is None else one.function for one in mine],
        "related": [one.related for one in mine],
    }.items():
        finite = [value for value in values if np.isfinite(value)]
        row[name] = round(float(np.mean(finite)), 3) if finite else None
    stopped = next((one.stopped for one in mine if one.stopped), None)
    warning = about["warning"] or stopped
    if warning is None and mine and not (row["text"] or 0) <= RISE:
        warning = f"protected text costs {row['text']:.2g} bits per byte more, above {RISE}"
    if warning is None and mine and not (row["learned"] or 0) >= 0.5:
        warning = "little was learned"
    if warning is None and about["at_end"]:
        warning = "learning rate at the end of its range"
    return {**row, "state": about["state"], "rate": about["rate"], "warning": warning}


def _interval(ends: Sequence[float], most: int) -> str:
    """Mean, and 95% t interval where there are three or more; no end lies below 0 or above `most`."""
    mean = float(np.mean(ends))
    if len(ends) < 3:
        return f"{mean:.1f}"
    half = float(stats.t.ppf(0.975, len(ends) - 1) * np.std(ends, ddof=1) / len(ends) ** 0.5)
    return f"{mean:.1f} [{max(0.0, mean - half):.1f}, {min(float(most), mean + half):.1f}]"


def _order_effect(best: str | None, results: Sequence[Result]) -> float | None:
    """Facts kept in the file's own order less the mean of the shuffled ones, for the best method; None without shuffled ones."""
    for contender, streams, _ in results:
        if contender.label == best:
            kind = "measured" if any(one.kind == "measured" for one in streams) else "forecast"
            own = [one.kept[-1] for one in streams if one.kind == kind and one.order == 0]
            others = [one.kept[-1] for one in streams if one.kind == kind and one.order > 0]
            return float(np.mean(own) - np.mean(others)) if own and others else None
    return None


def _sentences(count: int, measure: bool, results: Sequence[Result], best: str | None) -> list[str]:
    """The answer in words."""
    if best is None:
        return [f"No method can be recommended for these {count} facts: see the warnings."]
    streams = next(streams for contender, streams, _ in results if contender.label == best)
    kind = "measured" if measure else "forecast"
    mine = [one for one in streams if one.kind == kind]
    kept, held = np.mean([one.kept[-1] for one in mine]), np.mean([one.held for one in mine])
    how = "are said right" if measure else "are forecast to be said right"
    found = [f"About {kept:.0f} of these {count} facts {how} after all were written, by {best}."]
    if held >= count:
        found.append(f"At no length of the stream do they fall below {KEPT:.0%} of what was written: more facts can be tried.")
    elif held > 0.5:
        found.append(f"Up to about {held:.0f} facts, at least {KEPT:.0%} of what was written is kept at every length; then less.")
    else:
        some = "in some orders " if held else ""
        found.append(f"Already after the first task {some}less than {KEPT:.0%} of what was written is kept.")
    effect = _order_effect(best, results)
    if effect is not None and abs(effect) >= max(0.05 * count, 0.5):
        found.append(f"The order matters: the file's own order keeps {effect:+.0f} facts beside shuffled ones.")
    found += [about["told"] for _, _, about in results if about["told"]]
    if not measure:
        found.append("This is a forecast: `cwb capacity --measure` writes the facts and asks them, by every method.")
    return found


def _cosine(question: Question, where: str) -> float:
    """Mean cosine between different prompts' keys at the written matrix; NaN if there is none, as in a mixture of experts."""
    try:
        read = answer_keys(question.loaded.model, question.facts, where)
    except UserError:
        return math.nan
    keys = torch.nn.functional.normalize(read.double(), dim=1)
    count = len(keys)
    return float((keys.sum(0).square().sum() - count) / max(count * (count - 1), 1))


def _found(cosine: float, table: pd.DataFrame) -> list[str]:
    """What makes results worthless."""
    found = [f"{row.method}: {row.warning}." for row in table.itertuples() if isinstance(row.warning, str)]
    if cosine > ALIKE:
        found.append(
            f"The model reads these prompts alike at the written matrix (mean cosine {cosine:.2f}), so that narrow writes cannot "
            "keep them apart: format finetuning (`cwb school`) or another layer (--where) mends it."
        )
    return found
