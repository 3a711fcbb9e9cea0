"""Numbers quoted on the pretrained model from elsewhere."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from figures.costs import means, size_and_loss
from figures.numbers.estimates import Tree, level_over_seeds, over_seeds, plain
from figures.results import Results
from figures.smollm2 import TITLES, methods
from figures.verdicts.smollm2 import advantage, ends, skills


def smollm2(results: Results) -> Tree:
    """What each method kept and what it cost; the advantage of off-mode writing; skills of the forecast."""
    frame = results.table("smollm2")
    last = ends(frame)
    rows = [_row(name, last[last["method"] == name]) for name in methods(frame)]
    return {
        "facts": int(frame["written"].max()),
        "D": int(frame["D"].iloc[0]),
        "where": _where(frame, "off_mode"),
        "early": _where(frame, "last_matrix_early"),
        "seeds": int(frame.loc[frame["method"] == "off_mode", "seed"].nunique()),
        "before": level_over_seeds(frame, "before"),
        "text_before": float(frame["text_before"].mean()),
        "advantage": plain(advantage(frame)),
        "skill": {name: plain(value) for name, value in skills(frame).items()},
        "costs": {"methods": len(means(frame).dropna()), "follows": size_and_loss(frame)},
        "rows": rows,
    }


def _shown(last: pd.DataFrame, column: str, over: Callable[[pd.DataFrame, str], Tree]) -> Tree:
    """Mean over draws, with an interval where there are three or more: that of two says nothing."""
    found = over(last, column)
    return found if last["seed"].nunique() > 2 else {**found, "low": None, "high": None}


def _where(frame: pd.DataFrame, method: str) -> str:
    """The matrix that a method writes; "none" if it was not run."""
    found = frame.loc[frame["method"] == method, "where"]
    return str(found.iloc[0]) if len(found) else "none"


def _row(name: str, last: pd.DataFrame) -> dict[str, Any]:
    """A method's row of the table."""
    shares = {column: _shown(last, column, level_over_seeds) for column in ("share", "learned", "rephrased", "known")}
    costs = {column: _shown(last, column, over_seeds) for column in ("text_rise", "function_change")}
    return {
        "title": TITLES[name],
        "seeds": int(last["seed"].nunique()),
        **shares,
        **costs,
        "state": int(last["state_bits"].iloc[0]),
    }
