"""The rule on controls that write nothing: can the model answer from what stands before the question? (P9, E4)."""

import numpy as np
import pandas as pd

from figures.estimate import Estimate, estimate
from figures.results import Results
from figures.verdicts.rule import Judgement, Rule, every

MOST = 0.05
"""Depth up to which a model is said not to answer from its context."""


def shown(table: pd.DataFrame) -> dict[int, Estimate]:
    """Depth by the number of facts before the question; the intervals hold together."""
    groups = table.groupby("shown")
    return {int(str(count)): estimate(part.groupby("seed")["depth"].mean(), comparisons=groups.ngroups) for count, part in groups}


def _context(results: Results) -> Judgement:
    found = shown(results.table("in_context", "seed", "shown", "depth"))
    return every({f"{count} shown": value for count, value in found.items()}, -np.inf, MOST)


RULES = (
    Rule(
        "P9-context",
        "The small language models that facts are written into do not answer from a fact that stands before the question.",
        f"<= {MOST:g}",
        "Dense model, 128 facts with answers drawn at random. Mean depth of the answer where the fact stands before its "
        "question, alone or among 4 or 7, less what is said behind as many others; 95% t intervals over seeds, simultaneous over "
        f"the three. Supported if all lie below {MOST:g}, refuted if one lies wholly above.",
        ("in_context",),
        _context,
        rests_on="language model",
        rule_set="after",
        why=f"{MOST:g} is a round number: a quarter of what full finetuning kept of a stream on the development model.",
        family="three numbers of facts: Bonferroni",
    ),
)
