"""Rules for streams into deeper matrices and all parameters: the ceiling of gradients, its forecasts, where they end (C2, E2)."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from figures.estimate import Estimate, estimate
from figures.results import Results
from figures.verdicts.ceiling import MARGIN, ROUND
from figures.verdicts.matrix_ceiling import all_skilled, best_rate, by_way, shares, stored
from figures.verdicts.rule import SEEN, Judgement, Rule, below, decide, every, judgement

LEAST = 0.01
"""Mean depth kept below which an error counts as none."""

DEEPER = ("first_matrix", "feedforward", "full")
"""Ways that write more than the last matrix, or something before it."""


def streams(results: Results) -> pd.DataFrame:
    """The table of the run. A stream that diverged keeps nothing."""
    found = results.table("deeper_ceiling")
    return found.assign(total=found["total"].fillna(0.0))


def skills(table: pd.DataFrame, law: str) -> dict[str, Estimate]:
    """Skill of a law on the mean depth of all facts, by way, over learning rates and numbers of tasks."""
    facts = table["T"] * table["D"]
    return by_way(table.assign(kept=table["total"] / facts, law=table[f"{law}_total"] / facts), "kept", "law", LEAST, "trial")


def overstated(table: pd.DataFrame, law: str = "kernel") -> pd.DataFrame:
    """Logarithm of the sum of depths that a law says over that kept, after the last task, at the learning rate at which a way
    stores most: a row per seed, a column per way. A mean depth below LEAST counts as LEAST."""
    least = LEAST * float((table["T"] * table["D"]).max())
    said = stored(table.assign(total=table[f"{law}_total"]), best_rate(table)).clip(lower=least)
    return np.log(said / stored(table).clip(lower=least))


def further(table: pd.DataFrame) -> dict[str, Estimate]:
    """`overstated` by the kernel simulation in each deeper place, less that in the last matrix; the intervals hold together."""
    ratio = overstated(table)
    return {way: estimate(ratio[way] - ratio["last_matrix"], comparisons=len(DEEPER)) for way in DEEPER}


def under_allowed(table: pd.DataFrame) -> Judgement:
    """Whether what is kept lies below what is allowed, for every way and learning rate."""
    found = below(list(shares(table, "total", "allowed_total").values()), 1.0, MARGIN)
    return replace(found, seeds=table["seed"].nunique())


def skilled(table: pd.DataFrame, law: str) -> Judgement:
    """Whether a law has skill for every way; undecided where a trial diverged."""
    found = all_skilled(skills(table, law))
    lost = sorted(set(table.loc[table["trial"].isna() | table[f"{law}_total"].isna(), "way"]))
    return replace(found, verdict="undecided", note=f"trial writes diverged: {', '.join(lost)}") if lost else found


def _parts(table: pd.DataFrame) -> Judgement:
    found = every(further(table), 0.0, np.inf)
    lost = sorted(set(table.loc[table["diverged"].astype(bool), "way"]))
    return replace(found, verdict="undecided", note=f"streams diverged: {', '.join(lost)}") if lost else found


def _first(table: pd.DataFrame) -> Judgement:
    most = stored(table)
    value = estimate(most["first_matrix"] - most["last_matrix"])
    return judgement(value, decide(value, 0.0, np.inf))


WHERE = (
    "Dense model, answers drawn at random, tasks of 8 facts, 3 to 24 tasks into the output matrix of the last or of the first "
    "feed-forward layer, all feed-forward matrices, or all parameters. A stream that diverged keeps nothing. "
)
ALLOWED = (
    "Sum of the depths of all facts over the largest that a linear memory of the gradients of other prompts allows at any one "
    "dose, the same for all tasks. Mean over numbers of tasks, for every way and learning rate; simultaneous 95% t intervals "
    f"over seeds. Supported if every upper end lies at most {MARGIN:.0%} above 1, refuted if a lower end lies above 1. " + SEEN
)
SKILL = (
    "Mean depth of all facts, mean over seeds, at every learning rate and number of tasks. Skill = 1 - rms error / that of the "
    f"best multiple of the depth of trial writes, fitted to the outcome; both errors at least {LEAST:g}. Every way of writing by "
    "itself, 95% jackknife intervals over seeds of the logarithm of the ratio, simultaneous over the ways; the least skill is "
    "shown. Supported if all lie above 0, refuted if one lies below, undecided if a trial diverged."
)


def _rule(id: str, claim: str, expected: str, text: str, judge: Callable[[pd.DataFrame], Judgement], **more: str) -> Rule:
    def judged(results: Results) -> Judgement:
        return judge(streams(results))

    return Rule(
        id, claim, expected, WHERE + text, ("deeper_ceiling",), judged, rests_on="language model", rule_set="after", **more
    )


RULES = (
    _rule(
        "C2-deeper",
        "Wherever a language model is written, all facts of a stream together keep no more depth than a linear memory of its "
        "gradients allows.",
        "at most 1",
        ALLOWED,
        under_allowed,
        why=ROUND + "the gradients are those of one draw of other prompts.",
        family="ways × learning rates: Bonferroni",
    ),
    _rule(
        "C2-deeper-law",
        "Wherever a language model is written, the linear memory of its gradients, at the dose of trial writes, forecasts the "
        "depth kept.",
        "skill > 0",
        SKILL,
        lambda table: skilled(table, "linear"),
        family="the ways of writing: Bonferroni",
    ),
    _rule(
        "P1-deeper",
        "Wherever a language model is written, kernel simulation, from the model before any write, forecasts the depth kept.",
        "skill > 0",
        SKILL,
        lambda table: skilled(table, "kernel"),
        family="the ways of writing: Bonferroni",
    ),
    _rule(
        "P1-deeper-parts",
        "The kernel simulation overstates what is kept more where deeper parameters are written than in the last matrix.",
        "> 0",
        "Logarithm of the sum of depths by the kernel simulation over that kept, after 24 tasks, each way at the learning rate "
        "at which it stores most in the mean; of each of the three deeper ways less that of the last matrix, paired by seed; "
        f"95% t intervals over seeds, simultaneous over the three. A mean depth below {LEAST:g} counts as {LEAST:g}. Supported "
        "if all lie above 0, refuted if one lies below, undecided if a stream diverged.",
        _parts,
        family="the deeper ways: Bonferroni",
    ),
    _rule(
        "H2-deeper",
        "The first feed-forward output matrix stores more of a stream than the last one does.",
        "> 0 facts of depth",
        "Sum of the depths of all facts after 24 tasks, first matrix minus last, paired by seed, each at the learning rate at "
        "which it stores most in the mean; 95% t interval over seeds. Supported if it lies above 0, refuted if below.",
        _first,
    ),
)
