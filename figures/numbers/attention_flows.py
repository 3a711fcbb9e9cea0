"""Numbers quoted on asymmetric finetuning of sparse attention."""

from figures.attention_flows import LOOKS
from figures.numbers.estimates import Tree, plain
from figures.results import Results
from figures.verdicts.attention_flows import CONTRASTS, LEVEL, OUTCOMES, contrast
from figures.verdicts.pareto import at_level, reaches

OTHER_LEVELS = (0.4, 0.5, 0.6, 0.75)
"""Depths at which ways are compared as well, to see how much the choice of one decides."""


def attention_flows(results: Results) -> Tree:
    """Every way where it learns equally, and the contrasts, also at other depths."""
    table = results.table("attention_flows")
    first = table.iloc[0]
    return {
        **{name: int(first[name]) for name in ("T", "D", "old_facts")},
        "seeds": int(table["seed"].nunique()),
        "prompt": float(table["prompt"].mean()),
        "level": LEVEL,
        "contrast": {id: {column: plain(contrast(table, id, column)) for column in OUTCOMES} for id in CONTRASTS},
        "other_levels": {"least": min(OTHER_LEVELS), "most": max(OTHER_LEVELS), "count": len(OTHER_LEVELS)},
        "at_others": {
            id: {
                column: {
                    "above": sum(contrast(table, id, column, level).low > 0 for level in OTHER_LEVELS),
                    "below": sum(contrast(table, id, column, level).high < 0 for level in OTHER_LEVELS),
                }
                for column in OUTCOMES
            }
            for id in CONTRASTS
        },
        "rows": [
            {
                "title": look.label,
                "parameters": int(rows["written_parameters"].iloc[0]),
                "reached": LEVEL if reaches(rows, LEVEL) else at_level(rows, "learned", LEVEL),
                **{name: at_level(rows, name, LEVEL) for name in ("old_lost", "text_rise", "kept", "kept_rephrased", "function")},
            }
            for way, look in LOOKS.items()
            for rows in [table[table["way"] == way]]
        ],
    }
