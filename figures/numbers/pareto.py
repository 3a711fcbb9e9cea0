"""Numbers quoted on what methods lose of old knowledge for what they learn and keep."""

import pandas as pd

from figures.numbers.estimates import Tree, plain
from figures.pareto import LOOKS
from figures.results import Results
from figures.verdicts.pareto import CONTRASTS, LEVELS, at_level, contrast, follows, reaches

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
        "size": plain(follows(table, "function")),
        "learned": plain(follows(table, "learned")),
        "rows": rows,
        "by_way": {row["way"]: row for row in rows},
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
