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
        "other_levels": {"least": min(OTHER_LEVELS), "most": max(OTHER_LEVELS)},
        "at_others": {id: {column: _elsewhere(table, id, column) for column in OUTCOMES} for id in CONTRASTS},
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


def _elsewhere(table: pd.DataFrame, id: str, column: str) -> Tree:
    """At how many of the other depths that both ways reach the interval of a contrast lies above 0, or below it."""
    levels = [level for level in OTHER_LEVELS if all(reached(table, way, level) for way in CONTRASTS[id])]
    found = [contrast(table, id, column, level) for level in levels]
    return {
        "count": len(levels),
        "above": sum(value.low > 0 for value in found),
        "below": sum(value.high < 0 for value in found),
    }
