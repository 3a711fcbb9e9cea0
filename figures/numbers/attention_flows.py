"""Numbers quoted on asymmetric finetuning of sparse attention."""

import pandas as pd

from figures.attention_flows import LOOKS
from figures.numbers.estimates import Tree, plain
from figures.results import Results
from figures.verdicts.attention_flows import CONTRASTS, LEVEL, OUTCOMES, contrast, flows, reached
from figures.verdicts.pareto import at_level, reaches

OTHER_LEVELS = (0.5, 0.6, 0.75, 0.8)
"""Depths at which ways are compared as well, to see how much the choice of one decides."""


def attention_flows(results: Results) -> Tree:
    """Every way where it learns equally, and the contrasts, also at other depths."""
    table = flows(results)
    first = table.iloc[0]
    return {
        **{name: int(first[name]) for name in ("T", "D", "old_facts", "passage")},
        "seeds": int(table["seed"].nunique()),
        "prompt": float(table["prompt"].mean()),
        "level": LEVEL,
        "contrast": {id: {column: plain(contrast(table, id, column)) for column in OUTCOMES} for id in CONTRASTS},
        "elsewhere": {"least": min(OTHER_LEVELS), "most": max(OTHER_LEVELS), **_elsewhere(table)},
        "rows": [
            {
                "title": look.label,
                "parameters": int(rows["written_parameters"].iloc[0]),
                "reached": LEVEL if reaches(rows, LEVEL) else at_level(rows, "learned", LEVEL),
                **{name: at_level(rows, name, LEVEL) for name in ("old_lost", "text_rise", "kept", "kept_rephrased")},
            }
            for way, look in LOOKS.items()
            for rows in [table[table["way"] == way]]
        ],
    }


def _elsewhere(table: pd.DataFrame) -> Tree:
    """Differences at the other depths that both ways of a contrast reach: how many, and how many lie above 0, or below it."""
    found = [
        contrast(table, id, column, level)
        for id, ways in CONTRASTS.items()
        for level in OTHER_LEVELS
        if all(reached(table, way, level) for way in ways)
        for column in OUTCOMES
    ]
    return {
        "count": len(found),
        "above": sum(value.low > 0 for value in found),
        "below": sum(value.high < 0 for value in found),
    }
