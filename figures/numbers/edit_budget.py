"""Numbers quoted on sequential edits of a pretrained model and the law that says beforehand how many it holds."""

import numpy as np
import pandas as pd

from figures.edit_budget import EDITORS as LOOKS
from figures.edit_budget import editors
from figures.estimate import estimate
from figures.numbers.estimates import Tree, plain
from figures.results import Results
from figures.verdicts.edit_budget import SEEN, ahead, at_end, budgets, errors, over, over_ages, passage, streams
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
        "told": {name: len(told[name]) if name in told else None for name in OFF},
        "rivals": _rivals(table) if "rome" in made else None,
        "first_by_age": _first_by_age(table) if "rome" in made else None,
        "passage": _passage(table) if "rome" in made else None,
        "late": {name: _errors(table, name, SEEN) if name in made and whole else None for name in EDITORS},
        "drop": _drop(table) if "rome" in made else None,
        "first": plain(estimate(over(table, "rome", 0.5, "known", "measured").fillna(0.0))) if "rome" in made else None,
        "memit": plain(ahead(table, ("memit",), "kept", SEEN)["memit"]) if both and whole else None,
        "memit_end": plain(at_end(table, "memit")) if "memit" in made else None,
        "shrinking": {name: plain(shrinking[name]) if shrinking else None for name in EDITORS},
        "extrapolated": {name: plain(extrapolation[name]) if extrapolation else None for name in EDITORS},
        "error": {name: _errors(table, name) if name in made else None for name in EDITORS},
        "rows": [_row(table, name) for name in editors(table)],
    }


def _rivals(table: pd.DataFrame) -> dict[str, int]:
    """In how many draws of ROME a forecast says the budget at a half to a factor FACTOR; beyond the end counts as the end."""
    found = budgets(table, "rome", 0.5)
    cut = np.log2(found.clip(upper=found["most"], axis=0))
    off = cut.sub(cut["measured"], axis=0).abs().assign(kept=(cut["most"] - cut["measured"]).abs())
    return {name: int((off[name] <= np.log2(FACTOR)).sum()) for name in ("law", "constant", "extrapolated", "kept")}


def _first_by_age(table: pd.DataFrame) -> Tree:
    """log2 of ROME's facts until half of the capitals are lost, averaged over ages as the stream is, over those of the stream."""
    fair = pd.concat([stream.assign(known=over_ages(stream)) for stream in streams(table, "rome").values()])
    return plain(estimate(over(fair, "rome", 0.5, "known", "measured").fillna(0.0)))


def _passage(table: pd.DataFrame) -> Tree:
    """ROME's facts until the share is first below three quarters, measured and by the law: geometric means, and their factor."""
    found = pd.DataFrame(
        {
            name: [min(passage(stream, column, 0.75), stream["facts"].max()) for stream in streams(table, "rome").values()]
            for name, column in (("measured", "right"), ("law", "right_law"))
        }
    )
    means = np.exp(np.log(found).mean())
    off = (np.log2(found["law"] / found["measured"])).abs()
    return {
        **{name: float(value) for name, value in means.items()},
        "off": plain(estimate(off)),
        "agree": int((off <= np.log2(FACTOR)).sum()),
    }


def _drop(table: pd.DataFrame) -> float:
    """Largest share of the capitals that ROME loses from one moment to the next, mean over draws."""
    return float(np.mean([-np.diff(stream["known"], prepend=1.0).min() for stream in streams(table, "rome").values()]))


def _errors(table: pd.DataFrame, editor: str, after: int = 0) -> Tree:
    """Rms error of the share over moments, mean over draws, by forecast and baseline; one draw has no others."""
    found = errors(table, editor, after).mean()
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
