"""Rules for asymmetric finetuning of sparse attention: what the selected flow alone spares at equal learning (P9, E4)."""

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from figures.estimate import Estimate, jackknife
from figures.results import Results
from figures.verdicts.pareto import at_level, reaches
from figures.verdicts.rule import Judgement, Rule, every

LEVEL = 0.7
"""Depth just after its own write at which ways are compared."""

CONTRASTS = {
    "P9-flow-both": ("selected", "both"),
    "P9-flow-full": ("selected", "full"),
    "P9-flow-slow": ("slow_10", "both"),
}
"""Which way is to spare more than which."""

OUTCOMES = {
    "old_lost": (-1, "old facts spared"),
    "text_rise": (-1, "bits per byte of text spared"),
    "kept": (1, "depth kept more"),
}
"""What is compared: the sign with which more of it is better, and what being better is called."""


def flows(results: Results) -> pd.DataFrame:
    """The table of the run, without learning rates at which a stream diverged."""
    table = results.table("attention_flows")
    gone = set(table.loc[table["diverged"].astype(bool), ["way", "learning_rate"]].itertuples(index=False, name=None))
    return table[[pair not in gone for pair in zip(table["way"], table["learning_rate"], strict=True)]]


def reached(table: pd.DataFrame, way: str, level: float = LEVEL) -> bool:
    """Whether a way learns to this depth at one of its learning rates, whichever seed is left out."""
    rows = table[table["way"] == way]
    seeds = sorted(set(rows["seed"]))
    parts = [rows[rows["seed"] != seed] for seed in seeds] if len(seeds) > 1 else [rows]
    return bool(len(seeds)) and all(reaches(part, level) for part in parts)


def contrast(table: pd.DataFrame, id: str, column: str, level: float = LEVEL) -> Estimate:
    """By how much the sparing way of a contrast does better in a column, where both learn to this depth; jackknife over seeds.

    The intervals of all contrasts and columns hold together.
    """
    ways, (sign, _) = CONTRASTS[id], OUTCOMES[column]

    def better(part: pd.DataFrame) -> float:
        sparing, other = (at_level(part[part["way"] == way], column, level) for way in ways)
        return sign * (sparing - other)

    return jackknife(better, table[table["way"].isin(ways)], len(CONTRASTS) * len(OUTCOMES))


def _judge(results: Results, id: str) -> Judgement:
    table = flows(results)
    values = {name: contrast(table, id, column) for column, (_, name) in OUTCOMES.items()}
    found = every(values, 0.0, np.inf)
    shown = next(name for name, value in values.items() if value.mean == found.measured)
    short = [way for way in CONTRASTS[id] if not reached(table, way)]
    if not short:
        return replace(found, note="; ".join(filter(None, (f"shown: {shown}", found.note))))
    note = f"not learned to that depth at any learning rate: {', '.join(short)}"
    return Judgement(found.measured, None, "not applicable", seeds=found.seeds, note=note)


NAMES = {
    "selected": "writing the selected flow alone",
    "slow_10": "writing the compressed flow ten times slower than the selected one",
    "both": "writing both flows alike",
    "full": "full finetuning",
}


def _rule(id: str) -> Rule:
    sparing, other = (NAMES[way] for way in CONTRASTS[id])
    return Rule(
        id,
        f"In native sparse attention, at equal learning, {sparing} loses fewer old facts, costs less held-out text and keeps "
        f"more of a stream than {other}.",
        "> 0",
        "Stream of 10 tasks of 8 facts with answers drawn at random, each prompt behind 48 tokens of held-out text, into the "
        "model with native sparse attention. Share of 256 facts that it was sure of before the stream whose answer is no "
        "longer the likeliest, mean over two wordings; rise of the cross-entropy of held-out text in bits per byte; mean depth "
        f"of all facts of the stream after its last task: each where a way learns its tasks to a mean depth of {LEVEL:g} just "
        "after their write, linear between learning rates and from nothing written, where all are 0, to the rate that teaches "
        f"most; rates at which a stream diverged are left out. By how much {sparing} is better than {other}. Means over seeds; "
        "95% jackknife intervals over seeds, simultaneous over three such comparisons of three outcomes. Supported if all "
        "three lie above 0, refuted if one lies wholly below; not applicable if one of the two, with any seed left out, learns "
        "that much at no learning rate. Shown is the outcome that the note names.",
        ("attention_flows",),
        partial(_judge, id=id),
        rests_on="language model",
        rule_set="after",
        why=f"On the development model the middle learning rate of every way wrote to about {LEVEL:g}.",
        family="three comparisons of three outcomes: Bonferroni",
    )


RULES = tuple(_rule(id) for id in CONTRASTS)
