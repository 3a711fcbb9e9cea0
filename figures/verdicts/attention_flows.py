"""Rules for asymmetric finetuning of sparse attention: what the selected flow alone spares at equal learning (P9, E4)."""

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

OUTCOMES = {"old_lost": -1, "text_rise": -1, "kept": 1}
"""What is compared, and the sign with which more of it is better."""


def flows(results: Results) -> pd.DataFrame:
    """The table of the run."""
    return results.table("attention_flows", "way", "seed", "learning_rate", "learned", "diverged", *OUTCOMES)


def contrast(table: pd.DataFrame, id: str, column: str, level: float = LEVEL) -> Estimate:
    """By how much the sparing way of a contrast does better in a column, where both learn to this depth; jackknife over seeds.

    The intervals of all contrasts and columns hold together.
    """
    ways = CONTRASTS[id]

    def better(part: pd.DataFrame) -> float:
        sparing, other = (at_level(part[part["way"] == way], column, level) for way in ways)
        return OUTCOMES[column] * (sparing - other)

    return jackknife(better, table[table["way"].isin(ways)], len(CONTRASTS) * len(OUTCOMES))


def _judge(results: Results, id: str) -> Judgement:
    table = flows(results)
    found = every({column: contrast(table, id, column) for column in OUTCOMES}, 0.0, np.inf)
    short = [way for way in CONTRASTS[id] if not reaches(table[table["way"] == way], LEVEL)]
    if not short:
        return found
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
        "Stream of 16 tasks of 8 facts with answers drawn at random into the model with native sparse attention. Share of 256 "
        "facts that it was sure of before the stream whose answer is no longer the likeliest; rise of the cross-entropy of "
        "held-out text in bits per byte; mean depth of all facts of the stream after its last task: each where a way learns its "
        f"tasks to a mean depth of {LEVEL:g} just after their write, linear between learning rates. By how much {sparing} is "
        f"better than {other}. Means over seeds; 95% jackknife intervals over seeds, simultaneous over three such comparisons of "
        "three outcomes. Supported if all three lie above 0, refuted if one lies wholly below; not applicable if one of the two "
        "learns that much at no learning rate.",
        ("attention_flows",),
        partial(_judge, id=id),
        rests_on="language model",
        rule_set="after",
        why=f"{LEVEL:g} is a depth that all ways reached on the development model.",
        family="three comparisons of three outcomes: Bonferroni",
    )


RULES = tuple(_rule(id) for id in CONTRASTS)
