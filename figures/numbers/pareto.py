"""Numbers quoted on what methods lose of old knowledge for what they learn and keep."""

import pandas as pd

from figures.numbers.estimates import Tree, plain
from figures.pareto import LOOKS
from figures.results import Results
from figures.verdicts.pareto import CONTRASTS, LEVELS, at_level, contrast, follows, level_of, reaches

OTHER_LEVELS = {"dense": (0.3, 0.4, 0.5, 0.6, 0.8), "memory": (0.1, 0.2, 0.25, 0.3, 0.4)}
"""Depths at which methods are compared as well, to see how much the choice of one decides; both ways reach them."""

COLUMNS = ("old_lost", "kept", "kept_rephrased", "text_rise", "function")


def pareto(results: Results) -> Tree:
    """Every way where it learns equally, the contrasts, and what the loss follows."""
    table = results.table("pareto")
    first = table.iloc[0]
    rows = [
        _row(architecture, way, look.label, table[table["way"] == way])
        for architecture, looks in LOOKS.items()
        for way, look in looks.items()
    ]
    return {
        **{name: int(first[name]) for name in ("T", "D", "steps", "candidates", "old_facts")},
        "facts": int(first["T"] * first["D"]),
        "seeds": int(table["seed"].nunique()),
        "old_bits": float(table["old_bits"].mean()),
        "level": dict(LEVELS),
        "contrast": {id: plain(contrast(table, id)) for id in CONTRASTS},
        "levels": {architecture: {"least": min(levels), "most": max(levels)} for architecture, levels in OTHER_LEVELS.items()},
        "other_levels": {id: _elsewhere(table, id) for id, (column, *_) in CONTRASTS.items() if column != "learned"},
        "size": plain(follows(table, "function")),
        "learned": plain(follows(table, "learned")),
        "rows": rows,
        "by_way": {row["way"]: row for row in rows},
    }


def _elsewhere(table: pd.DataFrame, id: str) -> Tree:
    """Range of a contrast over the other depths, and at how many of them its interval lies above 0 or below it."""
    levels = OTHER_LEVELS["dense" if level_of(CONTRASTS[id][1]) == LEVELS["dense"] else "memory"]
    found = [contrast(table, id, level) for level in levels]
    return {
        "least": min(value.mean for value in found),
        "most": max(value.mean for value in found),
        "count": len(found),
        "above": sum(value.low > 0 for value in found),
        "below": sum(value.high < 0 for value in found),
    }


def _row(architecture: str, way: str, title: str, rows: pd.DataFrame) -> Tree:
    """A way where it learns to the level of its architecture; at the most that it learns, if that is less."""
    level = LEVELS[architecture]
    most = at_level(rows, "learned", level)
    last = rows[rows["learning_rate"] == rows["learning_rate"].max()]
    return {
        "way": way,
        "title": title,
        "architecture": architecture,
        "reached": min(most, level) if not reaches(rows, level) else level,
        **{name: at_level(rows, name, level) for name in COLUMNS},
        "state": float(last["state_bits"].mean()) / 32,
    }
