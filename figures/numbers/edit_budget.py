"""Numbers quoted on sequential edits of a pretrained model and the law that says beforehand how many it holds."""

import numpy as np
import pandas as pd

from figures.edit_budget import EDITORS as LOOKS
from figures.edit_budget import editors
from figures.estimate import estimate
from figures.numbers.estimates import Tree, plain
from figures.results import Results
from figures.verdicts.edit_budget import SEEN, ahead, at_end, budgets, errors, over
from figures.verdicts.predictors import FACTOR
from realmodels.experiments.edit_budget import EDITORS

NAMES = {0.75: "quarters", 0.5: "half"}
LAWS = ("measured", "law", "constant", "extrapolated", "known", "known_law")
OFF = {"half": 2, "quarters": 2, "known": 1}
"""Budgets of ROME that rules judge, and how many are judged together."""


def edit_budget(results: Results) -> Tree:
    """Shares, budgets and errors by editor, and what rules judge. An editor that did not write, as in small runs, has None."""
    table = results.table("edit_budget")
    made = editors(table)
    whole = table["facts"].max() > SEEN
    wide = {name: over(table, "rome", level, "law", "measured").abs() for level, name in NAMES.items()} if "rome" in made else {}
    wide |= {"known": over(table, "rome", 0.5, "known_law", "known").abs()} if "rome" in made else {}
    told = {name: each.dropna() for name, each in wide.items() if each.notna().any()}
    both = len(made) == len(EDITORS)
    shrinking = ahead(table, EDITORS, "constant") if both else {}
    extrapolation = ahead(table, EDITORS, "extrapolated", SEEN) if both and whole else {}
    return {
        "T": int(table["T"].iloc[0]),
        "D": int(table["D"].iloc[0]),
        "steps": int(table["steps"].iloc[0]),
        "facts": int(table["facts"].max()),
        "lent": int(table["lent"].iloc[0] * table["D"].iloc[0]),
        "seeds": int(table["seed"].nunique()),
        "off": {name: plain(estimate(told[name], comparisons=alike)) if name in told else None for name, alike in OFF.items()},
        "agree": {name: int((told[name] <= np.log2(FACTOR)).sum()) if name in told else None for name in OFF},
        "first": plain(estimate(over(table, "rome", 0.5, "known", "measured").fillna(0.0))) if "rome" in made else None,
        "memit": plain(ahead(table, ("memit",), "kept", SEEN)["memit"]) if both and whole else None,
        "memit_end": plain(at_end(table, "memit")) if "memit" in made else None,
        "shrinking": {name: plain(shrinking[name]) if shrinking else None for name in EDITORS},
        "extrapolated": {name: plain(extrapolation[name]) if extrapolation else None for name in EDITORS},
        "error": {name: _errors(table, name) if name in made else None for name in EDITORS},
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
    found: Tree = {"title": LOOKS[name].label, "draws": int(part["seed"].nunique()), "taught": float(part["taught"].mean())}
    for column in ("right", "known", "text_rise", "function", "weight_change"):
        found[column] = float(end[column].mean())
    for level, word in NAMES.items():
        each = budgets(table, name, level)
        for law in LAWS:
            found[f"{word}_{law}"] = _mean_budget(each[law], each["most"])
    return found


def _mean_budget(found: pd.Series, most: pd.Series) -> str:
    """Geometric mean in words, "over" before it if a stream ends before its budget."""
    mean = float(np.exp(np.log(np.minimum(found, most)).mean()))
    return f"{'' if np.isfinite(found).all() else 'over '}{mean:.0f}"
