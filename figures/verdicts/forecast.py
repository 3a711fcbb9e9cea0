"""Rules for forecasts of what a stream leaves, made from the model before any write (P1): each writer by itself."""

from functools import partial

import numpy as np
import pandas as pd

from figures.estimate import Estimate, estimate
from figures.results import Results
from figures.verdicts.earlier import judged_with_earlier
from figures.verdicts.rule import Judgement, Rule, decide, judgement, together
from figures.verdicts.runs import RUN, scores
from realmodels.writing.methods.catalogue import METHODS, Run

NARROW = ("last_matrix", "off_mode", "sparse_memory")  # methods that write one matrix


def skills(errors: pd.DataFrame, kind: str, methods: tuple[str, ...] = tuple(METHODS)) -> dict[Run, Estimate]:
    """Skill of a forecast by run: 1 less its error over that of the best constant share; simultaneous 95% intervals over seeds.

    errors: as `figures.verdicts.runs.errors`. The interval is that of the logarithm of the ratio, as skill is below 1.
    """
    runs = errors[errors["method"].isin(methods)].groupby(RUN, sort=False)
    ratios = {run: estimate(part[kind] / part["constant"], comparisons=runs.ngroups, scale="log") for run, part in runs}
    return {(str(a), str(m)): (-ratio).shifted(1.0) for (a, m), ratio in ratios.items()}


def _every_writer(errors: pd.DataFrame, kind: str, methods: tuple[str, ...]) -> Judgement:
    """The least skill; supported if every writer's interval lies above 0, refuted if one lies below."""
    found = skills(errors, kind, methods)
    verdicts = {run: decide(value, 0.0, np.inf) for run, value in found.items()}
    words = [f"{verdict} for {_name(run)} ({found[run].mean:.2f})" for run, verdict in verdicts.items() if verdict != "supported"]
    return judgement(min(found.values(), key=lambda value: value.mean), together(list(verdicts.values())), note="; ".join(words))


def _name(run: Run) -> str:
    return f"{METHODS[run[1]].title} of the {run[0]} model"


def _judge(results: Results, kind: str, methods: tuple[str, ...] = tuple(METHODS)) -> Judgement:
    judge = partial(_every_writer, kind=kind, methods=methods)
    return judged_with_earlier(results, scores(results), "errors", judge)


def _rule(id: str, claim: str, judge: partial[Judgement], writers: str) -> Rule:
    text = (
        "Skill = 1 - rms error of the forecast bits / that of the best constant share, over tasks of age 1 and more. The "
        "constant share says that every later task leaves the same share of what was learned, as measured; it is chosen after "
        f"the fact, which favours it. {writers}, 95% t intervals over seeds of the logarithm of the ratio, simultaneous over the "
        "writers; the least skill is shown. Supported if all lie above 0, refuted if one lies below, on the seeds in the "
        "tables and on all seeds together."
    )
    return Rule(
        id,
        claim,
        "skill > 0",
        text,
        ("streams", "forecast"),
        judge,
        rests_on="language model",
        rule_set="after",
        family="the writers of one forecast: Bonferroni",
    )


RULES = (
    _rule(
        "P1-spectral",
        "The spectral law, from the model before any write, forecasts what every writer retains better than a constant share.",
        partial(_judge, kind="spectral"),
        "Every writer by itself",
    ),
    _rule(
        "P1-kernel",
        "Kernel simulation, from the model before any write, forecasts what every writer retains better than a constant share.",
        partial(_judge, kind="kernel"),
        "Every writer by itself",
    ),
    _rule(
        "P1-narrow",
        "For every writer of one matrix, kernel simulation forecasts what is retained better than a constant share.",
        partial(_judge, kind="kernel", methods=NARROW),
        "Every writer of one matrix by itself",
    ),
)
