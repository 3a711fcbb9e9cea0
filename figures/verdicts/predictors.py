"""Rules for which predictor says what a stream leaves of each fact, and how many facts it will hold (P1)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from figures.estimate import Estimate, estimate
from figures.results import Results
from figures.verdicts.forgetting_scores import (
    DRAWS,
    by_stream,
    completion,
    constant,
    error,
    flips,
    flips_at_best,
    in_all,
    off_by,
    within,
)
from figures.verdicts.rule import Judgement, Rule, every

FACTOR, OFTEN = 1.5, 0.8
RIVALS = ("bits_gradients", "bits_later", "age")
"""What is known without a kernel: products of loss gradients in two forms, and the age."""


def simultaneous(wide: pd.DataFrame) -> dict[str, Estimate]:
    """95% intervals over seeds for every column, simultaneous over the columns."""
    return {str(name): estimate(values, comparisons=wide.shape[1]) for name, values in wide.items()}


def ahead(table: pd.DataFrame, measure: Callable[[pd.DataFrame, str], float]) -> dict[str, Estimate]:
    """By place: how much better the kernel correlates than the best of RIVALS does, whichever sign theirs has."""

    def difference(rows: pd.DataFrame) -> float:
        return measure(rows, "bits_kernel") - max(abs(measure(rows, rival)) for rival in RIVALS)

    return simultaneous(by_stream(table, difference))


def skills(table: pd.DataFrame, ratio: Callable[[pd.DataFrame], float]) -> dict[str, Estimate]:
    """By place: 1 - rms error of the kernel / that of another; the interval is that of the logarithm of the ratio."""
    ratios = by_stream(table, ratio)
    found = {str(name): estimate(values, comparisons=ratios.shape[1], scale="log") for name, values in ratios.items()}
    return {name: (-value).shifted(1.0) for name, value in found.items()}


def over_constant(stream: pd.DataFrame) -> float:
    """Rms error of the kernel over that of the best constant share."""
    return error(stream, "bits_kernel") / constant(stream)


def over_completion(stream: pd.DataFrame, count: int) -> float:
    """Rms error of the kernel over that of the matrix filled from `count` entries, where nothing was observed."""
    filled, said = completion(stream, count)
    return said / filled


def flips_ahead(table: pd.DataFrame) -> dict[str, Estimate]:
    """By place: F1 of lost answers by the kernel, less that of the best of RIVALS from its best border."""

    def difference(rows: pd.DataFrame) -> float:
        return flips(rows, "kernel") - max(flips_at_best(rows, rival) for rival in RIVALS)

    return simultaneous(by_stream(table, difference))


def taught(table: pd.DataFrame) -> Estimate:
    """Share of facts right just after their own task, less what the kernel says."""
    fresh = table[table["age"] == 0].groupby("seed")[["exact", "exact_kernel"]].mean()
    return estimate(fresh["exact"] - fresh["exact_kernel"])


def in_reach(table: pd.DataFrame, law: str = "kernel") -> Estimate:
    """Share of the streams of a draw whose budget is said to a factor FACTOR; streams too short to tell are left out."""
    off = off_by(table, law)
    return estimate((off <= np.log2(FACTOR)).where(off.notna()).astype(float).mean(axis=1).dropna())


def at(results: Results, places: Sequence[str]) -> pd.DataFrame:
    """The table's rows of these places."""
    table = results.table("predictors")
    return table[table["place"].isin(places)]


LINEAR = ("late", "late_off", "mid")
"""Places where the linear picture is expected to hold."""
ALL = (*LINEAR, "early", "last")
WHERE = "Streams into matrices of SmolLM2-135M. Over moments and facts that later tasks came after, per draw of the facts: "
OVER = (
    "95% t intervals over draws, simultaneous over the {0} places. Supported if all lie above 0, refuted if one lies below; the "
    "least is shown."
)
AT_LINEAR = "the attention output of block 23, plainly and off two directions, and the feed-forward output of block 20. "
BEST = (
    "the best of three that need no kernel: products of loss gradients before any write, of all tasks or of those that come "
    "after a fact, and the age; "
)
BUDGET = (
    "Budget: facts written where the share still said right falls below a half, or three quarters off directions and in block 3, "
    "where these streams do not fall to a half; between moments by a straight line, shares made to fall by isotonic regression. "
)


def _judge(places: Sequence[str], judge: Callable[[pd.DataFrame], Judgement]) -> Callable[[Results], Judgement]:
    """Not applicable if not all places were written, as in small runs."""

    def judged(results: Results) -> Judgement:
        table = at(results, places)
        missing = [place for place in places if place not in set(table["place"])]
        if missing:
            return Judgement(0.0, None, "not applicable", note=f"not written: {', '.join(missing)}")
        return judge(table)

    return judged


def _budget(table: pd.DataFrame) -> Judgement:
    """Do the factors lie within FACTOR? Undecided where a stream is too short to tell."""
    wide = off_by(table)
    short = int(wide.isna().sum().sum())
    if wide.isna().all().any():
        return Judgement(0.0, None, "undecided", note=f"{short} streams too short to tell")
    value = every(simultaneous(wide.fillna(wide.mean())), -np.inf, float(np.log2(FACTOR)))
    return replace(value, verdict="undecided", note=f"{short} streams too short to tell") if short else value


def _rule(
    name: str,
    claim: str,
    prediction: str,
    rule: str,
    judge: Callable[[Results], Judgement],
    why: str = "",
    family: str = "",
) -> Rule:
    return Rule(
        id=name,
        claim=claim,
        prediction=prediction,
        rule=rule,
        tables=("predictors",),
        judge=judge,
        rests_on="language model",
        rule_set="after",
        why=why,
        family=family,
    )


RULES = (
    _rule(
        "P1-gradients",
        "The logit kernel, simulated, says which answers a stream leaves better than products of loss gradients do.",
        "> 0 of a correlation",
        WHERE + "Spearman's correlation of the forecast bits of the answer with those measured, by the kernel simulation, less "
        "that of " + BEST + "whichever sign theirs has. " + OVER.format("five"),
        _judge(ALL, lambda table: every(ahead(table, in_all), 0.0, np.inf)),
        family="five places: Bonferroni",
    ),
    _rule(
        "P1-gradients-task",
        "So it does among facts of one task, which age and task cannot tell apart.",
        "> 0 of a correlation",
        WHERE + "as P1-gradients, of ranks less their mean over the facts of one task at one moment. " + OVER.format("five"),
        _judge(ALL, lambda table: every(ahead(table, within), 0.0, np.inf)),
        family="five places: Bonferroni",
    ),
    _rule(
        "P1-share",
        "In late matrices the kernel before any write beats the best constant share, chosen afterwards.",
        "skill > 0",
        WHERE + "1 - rms error of the probability of the answer by the kernel simulation, over that of the best share of what "
        "isolated writes teach, fitted to the outcome. In " + AT_LINEAR + OVER.format("three"),
        _judge(LINEAR, lambda table: every(skills(table, over_constant), 0.0, np.inf)),
        family="three places: Bonferroni",
    ),
    _rule(
        "P1-entries",
        "There it also beats the outcome's own matrix, filled from 100 observed entries.",
        "skill > 0",
        WHERE + "1 - rms error of the probability of the answer by the kernel simulation, over that of the matrix (moment x "
        f"fact) filled from 100 of its entries drawn at random ({DRAWS} draws), both where nothing was observed. Filled in the "
        "additive form or that of rank 1, with a ridge of 1, 3, 10, 30 or infinitely many entries, whichever is best by the "
        "outcome. In " + AT_LINEAR + OVER.format("three"),
        _judge(LINEAR, lambda table: every(skills(table, partial(over_completion, count=100)), 0.0, np.inf)),
        family="three places: Bonferroni",
    ),
    _rule(
        "P1-flips",
        "There it says which answers will be wrong better than products of loss gradients do from their best border.",
        "> 0 of F1",
        WHERE
        + "F1 of answers not said word for word, by the kernel simulation, less that of "
        + BEST
        + "each with the border and "
        "the sign that are best by the outcome, that all are wrong among them. In " + AT_LINEAR + OVER.format("three"),
        _judge(LINEAR, lambda table: every(flips_ahead(table), 0.0, np.inf)),
        family="three places: Bonferroni",
    ),
    _rule(
        "P1-budget",
        "How many facts the late attention matrix holds is known before any write, to a factor of 1.5.",
        f"< {np.log2(FACTOR):.3f}",
        "Streams into the attention output of block 23 of SmolLM2-135M, plainly and off two directions. " + BUDGET + "Size of "
        "log2 of the kernel's over the measured one; where one of the two is beyond the end of the stream, the least that it can "
        "be. 95% t intervals over draws, simultaneous over the two. Supported if both lie below log2 of 1.5, refuted if one lies "
        "above; undecided if a stream is too short to tell. The greater is shown.",
        _judge(("late", "late_off"), _budget),
        why="The factor is the aim that was set for such forecasts before any was made.",
        family="two ways of writing: Bonferroni",
    ),
    _rule(
        "P1-budget-aim",
        "So it is in four streams of five, in all matrices.",
        f"> {OFTEN} of the streams",
        "Streams into matrices of SmolLM2-135M, five places. " + BUDGET + "Share of the streams of a draw in which the kernel's "
        f"and the measured one are within a factor of {FACTOR}; those too short to tell are left out. 95% t interval over draws. "
        f"Supported if it lies above {OFTEN}, refuted if below.",
        _judge(ALL, lambda table: every({"share": in_reach(table)}, OFTEN, np.inf)),
        why="Factor and share are the aim that was set for such forecasts before any was made.",
    ),
    _rule(
        "P1-early",
        "In an early matrix the linear picture fails: the kernel says less than the best constant share does.",
        "skill < 0",
        WHERE + "skill as in P1-share, in the feed-forward output of block 3. 95% t interval of the logarithm of the ratio over "
        "draws. Supported if it lies below 0, refuted if above.",
        _judge(("early",), lambda table: every(skills(table, over_constant), -np.inf, 0.0)),
    ),
    _rule(
        "P1-last",
        "In the last block, where keys share nearly all directions, a task teaches more than the kernel says.",
        "> 0 of the facts",
        "Streams into the feed-forward output of the last block of SmolLM2-135M: share of the facts said right just after their "
        "own task, less what the kernel simulation says. 95% t interval over draws. Supported if it lies above 0, refuted if "
        "below.",
        _judge(("last",), lambda table: every({"share": taught(table)}, 0.0, np.inf)),
    ),
)
