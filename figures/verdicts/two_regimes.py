"""Rules for two regimes in a language model against each control, by access rule (E3, H3 on a network)."""

from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from figures.estimate import Estimate, back, estimate
from figures.results import Results
from figures.verdicts.rule import Judgement, Rule, decide, judgement

LIST = "list"
LEAST = 1.0  # facts: a sum of depths below this counts as this


class Pair(NamedTuple):
    """A comparison: the rule's id, the two systems, the access rule, the statement, and what theory says of the ratio.

    ways: two regimes and the control, as in the column "way"; "list" is what a list of as many bits looks up.
    """

    id: str
    ways: tuple[str, str]
    access: str
    than: str
    predicted: str


PAIRS = (
    Pair("H3-network-one-sleep", ("two_own", "one_own"), "one pass with sleep", "one dense store with the same sleep",
         "ratio above 1 (S3: one store must hold the task unrehearsed)"),
    Pair("H3-network-morning-sleep", ("two_own", "one_morning"), "one pass with sleep",
         "one dense store that notes its own older answers in the morning",
         "ratio at most 1 (S3: it keeps a list of labels by day)"),
    Pair("H3-network-equal-sleep", ("two_own", "equal_own"), "one pass with sleep", "two parts of equal sparsity",
         "ratio above 1, towards 1 as T grows (S3); without shared structure no more than 1 (S1)"),
    Pair("H3-network-replay-sleep", ("two_own", "replay"), "one pass with sleep", "one dense store that replays true answers",
         "ratio below 1 (S3: a list of labels is the better fast store)"),
    Pair("H3-network-plain-sleep", ("two_own", "plain"), "one pass with sleep", "plain descent into the same matrices",
         "ratio above 1 (C2: what is not rehearsed is overwritten)"),
    Pair("H3-network-off_mode-sleep", ("two_own", "off_mode"), "one pass with sleep", "the best single regime, off-mode writing",
         "ratio above 1 (C2)"),
    Pair("H3-network-list-sleep", ("two_own", LIST), "one pass with sleep", "a list of prompts and answers of as many bits",
         "ratio below 1 (C5: in bits nothing beats the list)"),
    Pair("H3-network-memory-sleep", ("memory_own", "sparse_memory"), "one pass with sleep, memory layer",
         "its fast part alone, sparse memory finetuning", "ratio above 1 (C2)"),
    Pair("H3-network-one-passes", ("two_labels", "one_labels"), "many passes", "one dense store with the same sleep",
         "ratio below 1 (S3: with many passes one store needs no fast one)"),
    Pair("H3-network-replay-passes", ("two_labels", "replay"), "many passes", "one dense store that replays true answers",
         "ratio below 1 (S3)"),
    Pair("H3-network-plain-day", ("two_none", "plain"), "one pass without sleep", "plain descent into the same matrices",
         "ratio at most 1 (S1: no gain without shared structure)"),
    Pair("H3-network-off_mode-day", ("two_none", "off_mode"), "one pass without sleep",
         "the best single regime, off-mode writing",         "ratio at most 1 (S1)"),
    Pair("H3-network-equal-day", ("two_none", "equal_none"), "one pass without sleep", "two parts of equal sparsity",
         "ratio 1 (S1)"),
)  # fmt: skip
"""Every control and access rule."""


def kept(results: Results, way: str, tasks: int | None = None) -> "pd.Series[float]":
    """Sum of depths by seed after so many tasks (the most): of a system, or of a list of as many bits as two regimes keep.

    A system whose model diverged keeps nothing.
    """
    frame = results.table("two_regimes", "way", "seed", "T", "D", "total", "listed")
    frame = frame[frame["T"] == (tasks or frame["T"].max())]
    part = frame[frame["way"] == ("two_own" if way == LIST else way)].set_index("seed").sort_index()
    return part["listed"] * part["T"] * part["D"] if way == LIST else part["total"].fillna(0.0)


def family(pair: Pair) -> int:
    """Comparisons under the same access rule, which hold together."""
    return sum(other.access.split(",")[0] == pair.access.split(",")[0] for other in PAIRS)


def ratio(results: Results, pair: Pair, tasks: int | None = None) -> Estimate:
    """Sum of depths of two regimes over the control's, a geometric mean over seeds, paired."""
    ours, theirs = (np.log(kept(results, way, tasks).clip(lower=LEAST)) for way in pair.ways)
    return back(estimate(ours - theirs, comparisons=family(pair)))


def _judged(results: Results, pair: Pair) -> Judgement:
    found = ratio(results, pair)
    return judgement(found, decide(found, 1.0, np.inf))


def _rule(pair: Pair) -> Rule:
    return Rule(
        pair.id,
        f"In a language model two regimes keep more of a stream than {pair.than}: {pair.access}.",
        pair.predicted,
        "Sum of the depths of all facts after the last task, two regimes over the control, geometric mean over seeds of the same "
        f"model and facts; a sum below {LEAST:g} fact counts as {LEAST:g}, and so does a "
        "stream that diverged. 95% t intervals of the logarithm, simultaneous over the controls of the access rule. "
        "Supported if the interval lies above 1, refuted if it lies wholly below.",
        ("two_regimes",),
        partial(_judged, pair=pair),
        rests_on="language model",
        rule_set="after",
        family="the controls under the same access rule: Bonferroni",
    )


RULES = tuple(_rule(pair) for pair in PAIRS)
