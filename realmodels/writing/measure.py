"""What can be asked of a model and a user's facts before they are written: how their writes interfere, and what will be kept.

Behind `realmodels.measure` and `forecast`, and the commands of the same names. A model is a folder (trained here, or of Hugging
Face), a GGUF file, a name ("smollm2") or what `realmodels.load` returned. Facts are a file, a list or a table
(`realmodels.text.user_facts`). Methods that need a background of prompts, none of which is written, take those of other facts
(their answers are not read); without them, the prompts of the facts themselves.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from realmodels.text.user_facts import FactsLike
from realmodels.training.loop import one_thread
from realmodels.writing.answers.forecast import Forecast
from realmodels.writing.answers.measurement import Measurement
from realmodels.writing.case import Case, Say, silent
from realmodels.writing.forecast import forecasts, isolated
from realmodels.writing.kernel import activation_fraction, statistics, write_fraction
from realmodels.writing.learning_rate import checked_learning_rate
from realmodels.writing.methods.checks import whole
from realmodels.writing.outputs import scores
from realmodels.writing.question import Model, Question, Setting
from realmodels.writing.stream import STEPS


def measure(
    model: Model,
    facts: FactsLike,
    method: str = "full",
    options: Mapping[str, Any] | None = None,
    say: Say = silent,
    **setting: Any,
) -> Measurement:
    """Geometry of writing these facts by `method`, the model being as it is (`realmodels.writing.kernel` defines every number).

    options: of the method. setting: fields of `realmodels.writing.question.Setting` (background, text, facts_per_task, template,
    ...). say: is told the memory that is needed. Nothing is written. Raises UserError for anything wrong with the model, facts
    or method, and if the memory that the kernel needs may not be taken.
    """
    with one_thread():
        question = Question(model, facts, Setting(**setting))
        case = Case(question, method, options, say)
        kernel = case.kernel()
        return Measurement(
            **case.about,
            settings=case.settings,
            notes=case.question.notes,
            **statistics(kernel),
            activation_fraction=activation_fraction(case.model, case.writer, case.facts) if question.loaded.ours else None,
            write_fraction=write_fraction(case.model, case.writer, case.facts),
        )


def by_age(ages: np.ndarray, bits: np.ndarray, prefix: str = "") -> dict[str, Any]:
    """Columns bits (mean over the tasks of an age), low and high (which enclose the middle 90% of the tasks), by age."""
    of_age = [bits[ages == age] for age in np.unique(ages)]
    ends = [np.quantile(each, [0.05, 0.95]).tolist() for each in of_age]
    columns = {"bits": [float(each.mean()) for each in of_age], "low": [e[0] for e in ends], "high": [e[1] for e in ends]}
    return {f"{prefix}{name}": values for name, values in columns.items()}


def forecast(
    model: Model,
    facts: FactsLike,
    method: str = "full",
    learning_rate: float | None = None,
    steps: int = STEPS,
    options: Mapping[str, Any] | None = None,
    say: Say = silent,
    **setting: Any,
) -> Forecast:
    """What a stream of these facts, task after task, will leave of a task by its age.

    Without a learning rate, the one that `Case.rate` finds. The model stays as it is; the first tasks alone are written into a
    copy, each by itself, to choose the rate and to see whether the forecast applies to this model. Arguments and errors as
    `measure`.
    """
    whole("steps per task", steps)
    if learning_rate is not None:
        checked_learning_rate(learning_rate)
    with one_thread():
        case = Case(Question(model, facts, Setting(**setting)), method, options, say)
        _, setup = case.measured()
        rate, at_end = case.rate(learning_rate, steps)
        setup = replace(setup, learning_rate=rate, steps=steps)
        rows = pd.DataFrame(forecasts(setup))
        alone = scores(isolated(setup), setup.facts).bits
        predicted = float(np.mean([alone[index].mean().item() for index in case.trial_rows()]))
        measured = case.trial_bits(rate, steps)
    age, bits, kinds = (np.asarray(rows[column]) for column in ("age", "bits_predicted", "kind"))
    curves = {kind: by_age(age[kinds == kind], bits[kinds == kind], f"{kind}_") for kind in ("kernel", "spectral")}
    return Forecast(
        **case.about,
        settings=case.settings,
        notes=case.question.notes,
        learning_rate=rate,
        steps=steps,
        at_grid_end=at_end,
        trial_forecast=predicted,
        trial_measured=measured,
        age=sorted({int(age) for age in rows.age}),
        **curves["kernel"],
        **curves["spectral"],
    )
