"""All that can be said of a model and one's facts before any write, for one page: what `cwb forecast --report` shows.

It joins answers that exist apart: `forecast` (retention by age), `capacity` (facts right at every length of the stream, by
method), `carriers` (layers that carry the interference) and `advise` (directions to leave alone). Nothing is written into the
model but the trial writes of `forecast`, into a copy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from realmodels.text.user_facts import FactsLike
from realmodels.training.loop import one_thread
from realmodels.writing.advice import FEWEST_BESIDE, Advice, advise, enough
from realmodels.writing.answers.capacity import Capacity
from realmodels.writing.answers.forecast import Forecast
from realmodels.writing.capacity import PER_TASK, capacity
from realmodels.writing.carriers import carriers
from realmodels.writing.case import Say, silent
from realmodels.writing.contenders import Contender, fitting, places
from realmodels.writing.measure import forecast
from realmodels.writing.outputs import asked
from realmodels.writing.question import Model, Question, Setting
from realmodels.writing.scan import scan
from theory.errors import UserError

THRESHOLDS = (0.9, 0.5)
"""Shares of the facts written so far that have to be right."""


@dataclass(frozen=True)
class Report:
    """Answers about one model and one file of facts.

    model, asked: how the model, and the method of `forecast` with its options, are called. right: facts that are said right
    before any write. layers: a row per layer, as `carriers`. advice: None where `no_advice` says why there is none.
    """

    model: str
    asked: str
    right: int
    forecast: Forecast
    capacity: Capacity
    layers: pd.DataFrame
    advice: Advice | None
    no_advice: str = ""
    noticed: tuple[str, ...] = ()

    @property
    def budgets(self) -> pd.DataFrame:
        """A row per method: mean `budget` of `capacity.curves_table` over the orders of the facts, at each of THRESHOLDS.

        An order that never falls below counts with all its facts; None if none does.
        """
        curves = self.capacity.curves_table
        rows = []
        for method, mine in curves.groupby("method", sort=False):
            orders = [(one["written"].tolist(), one["kept"].tolist()) for _, one in mine.groupby("order")]
            most = max(written[-1] for written, _ in orders)
            rate = self.capacity.table.set_index("method").loc[method, "rate"]
            row = {"method": method, "rate": rate, "kept": float(np.mean([kept[-1] for _, kept in orders])), "facts": most}
            for threshold in THRESHOLDS:
                found = [budget(written, kept, threshold) for written, kept in orders]
                fallen = any(count is not None for count in found)
                row[f"budget_{threshold:.0%}"] = float(np.mean([most if n is None else n for n in found])) if fallen else None
            rows.append(row)
        names = ["method", "rate", "kept", "facts", *(f"budget_{threshold:.0%}" for threshold in THRESHOLDS)]
        return pd.DataFrame(rows, columns=names).sort_values("kept", ascending=False, ignore_index=True)

    @property
    def sentences(self) -> list[str]:
        """The answer in words: how many, through which layers, and what to leave alone."""
        first = max(self.layers.to_dict("records"), key=lambda row: row["interference"])
        carried = (
            f"If all matrices were written, layer {first['layer']} would carry the largest share of the interference: "
            f"{first['interference']:.0%} of it, and {first['learning']:.0%} of the learning."
        )
        return [self.capacity.conclusion, carried, self._advised]

    @property
    def _advised(self) -> str:
        return self.advice.conclusion if self.advice else f"No directions are advised: {self.no_advice}."

    @property
    def warnings(self) -> list[str]:
        """What makes a number worthless, of all answers."""
        return list(dict.fromkeys([*self.forecast.warnings, *self.capacity.warnings]))

    @property
    def notes(self) -> list[str]:
        """What was noticed in the files."""
        advised = self.advice.notes if self.advice else ()
        return list(dict.fromkeys([*self.noticed, *self.forecast.notes, *self.capacity.notes, *advised]))


def budget(written: Sequence[int], kept: Sequence[float], threshold: float) -> int | None:
    """Most facts written such that at this and every shorter length the share `kept` is at least `threshold`; None: all are."""
    held = 0
    for count, right in zip(written, kept, strict=True):
        if not right >= threshold * count:
            return held
        held = count
    return None


def report(
    model: Model,
    facts: FactsLike,
    method: str = "full",
    learning_rate: float | None = None,
    *,
    options: Mapping[str, Any] | None = None,
    say: Say = silent,
    known: FactsLike | None = None,
    **settings: Any,
) -> Report:
    """Arguments as those of `realmodels.forecast`, whose method and learning rate are those of the retention curve.

    known: what the model should still know; advice then looks at it. Budgets are of this method and of all that fit, at the
    rate that the kernel says suffices. Tasks are the same in all answers: the file's, or of facts_per_task facts (default
    PER_TASK, fewer if there would be less than four tasks). Raises UserError as `forecast` and `capacity` do, and for fewer than
    FEWEST_BESIDE facts in known or background.
    """
    steps = {"steps": settings.pop("steps")} if "steps" in settings else {}
    question = Question(model, facts, Setting(known=known, **settings))
    loaded, alike = question.loaded, ()
    for what, given, count in (
        ("known", known, question.known),
        ("background", settings.get("background"), question.background.prompts),
    ):
        if given is not None:
            enough(f"facts in {what}", len(count), FEWEST_BESIDE)
    if not question.own_tasks and not settings.get("facts_per_task"):
        size = settings["facts_per_task"] = max(1, min(PER_TASK, len(question.facts) // 4))
        question = Question(loaded, facts, Setting(known=known, **settings))
        alike = (f"the file has no tasks, so facts are taken in order, {size} to a task; --facts-per-task sets another number",)
        say(f"Note: {alike[0]}")
    curve = forecast(loaded, facts, method, learning_rate, options=options, say=say, **steps, **settings)
    with one_thread():
        say("the layers that carry the interference are looked for")
        layers = carriers(loaded.model, question.facts)
        where = {} if loaded.ours else places(scan(loaded.model, question.facts, question.background.prompts))
        wanted = Contender(method, options or {})
        contenders = [wanted, *(each for each in fitting(question, where, measure=False) if each.label != wanted.label)]
        right = int(asked(loaded.model, question.facts).exact.sum())
    held = capacity(loaded, facts, contenders, say=say, **steps, **settings)
    told = {name: value for name, value in settings.items() if name != "memory"}
    try:
        advice, why = advise(loaded, facts, where.get("off_mode"), say, known=known, **told), ""
    except UserError as error:
        advice, why = None, str(error)
    named = Path(model if isinstance(model, str | Path) else loaded.path).resolve().name
    return Report(named, wanted.label, right, curve, held, layers, advice, why, alike)
