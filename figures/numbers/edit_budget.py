"""Numbers quoted on sequential edits of a pretrained model and the law that says beforehand how many it holds."""

import numpy as np
import pandas as pd

from figures.edit_budget import EDITORS, editors
from figures.numbers.estimates import Tree, plain
from figures.results import Results
from figures.verdicts.edit_budget import LEVELS, SEEN, ahead, at_end, budgets, errors, off
from figures.verdicts.predictors import FACTOR, simultaneous
from realmodels.experiments.edit_budget import SAID

NAMES = {0.75: "quarters", 0.5: "half"}
LAWS = ("measured", "law", "constant", "extrapolated")


def edit_budget(results: Results) -> Tree:
    """Shares, budgets and errors by editor, and what rules judge. An editor that did not write, as in small runs, has None."""
    table = results.table("edit_budget")
    made = [name for name in editors(table) if name in SAID]
    whole = table["facts"].max() > SEEN
    wide = pd.DataFrame({NAMES[level]: off(table, "rome", level) for level in LEVELS}) if "rome" in made else pd.DataFrame()
    told = wide.dropna(axis=1, how="all")
    return {
        "T": int(table["T"].iloc[0]),
        "D": int(table["D"].iloc[0]),
        "steps": int(table["steps"].iloc[0]),
        "facts": int(table["facts"].max()),
        "lent": int(table["lent"].iloc[0] * table["D"].iloc[0]),
        "seeds": int(table["seed"].nunique()),
        "off": {name: plain(simultaneous(told.fillna(told.mean()))[name]) if name in told else None for name in NAMES.values()},
        "agree": {name: int((wide[name] <= np.log2(FACTOR)).sum()) if name in wide else None for name in NAMES.values()},
        "memit": plain(at_end(table, "memit")) if "memit" in made else None,
        "shrinking": plain(ahead(table, ("rome",), "constant")["rome"]) if "rome" in made else None,
        "extrapolated": {
            name: plain(ahead(table, SAID, "extrapolated", SEEN)[name]) if whole and len(made) == len(SAID) else None
            for name in SAID
        },
        "error": {name: _errors(table, name) if name in made else None for name in SAID},
        "rows": [_row(table, name) for name in editors(table)],
    }


def _errors(table: pd.DataFrame, editor: str) -> Tree:
    """Rms error of the share over all moments, mean over draws, by forecast and baseline; one draw has no others."""
    found = errors(table, editor).mean()
    return {name: float(value) if np.isfinite(value) else None for name, value in found.items()}


def _row(table: pd.DataFrame, name: str) -> Tree:
    """An editor's row of the table: at the end, and budgets as geometric means, a stream's length where they lie beyond."""
    part = table[table["editor"] == name]
    end = part[part["facts"] == part["facts"].max()]
    found: Tree = {"title": EDITORS[name].label, "draws": int(part["seed"].nunique()), "taught": float(part["taught"].mean())}
    for column in ("right", "known", "text_rise", "function", "weight_change"):
        found[column] = float(end[column].mean())
    for level, word in NAMES.items():
        each = budgets(table, name, level)
        for law in LAWS:
            said = each[law] if name in SAID or law == "measured" else pd.Series(dtype=float)
            found[f"{word}_{law}"] = _mean_budget(said, each["most"])
    return found


def _mean_budget(found: pd.Series, most: pd.Series) -> str:
    """Geometric mean in words, "over" before it if a stream ends before its budget; a dash without values."""
    if found.empty:
        return "–"
    mean = float(np.exp(np.log(np.minimum(found, most)).mean()))
    return f"{'' if np.isfinite(found).all() else 'over '}{mean:.0f}"
