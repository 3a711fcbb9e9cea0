"""Numbers quoted on the same stream into a dense model and sparse ones."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from figures.deeper_ceiling import last
from figures.numbers.estimates import Tree, factor, over_seeds, plain
from figures.results import Results
from figures.verdicts.deeper_ceiling import skills
from figures.verdicts.matrix_ceiling import shares
from figures.verdicts.sparse_ceiling import COMPARED, allowed, kept, streams

MODELS = {"dense": "dense", "kwta": "sparse activation", "memory": "memory layer"}
PLACES = {"last_matrix": "last matrix", "middle_matrix": "middle matrix", "values": "values", "full": "all parameters"}


def sparse_ceiling(results: Results) -> Tree:
    """What each model kept after the last task beside what the laws say, differences to the dense one, and skills."""
    table = streams(results)
    first, rows = table.iloc[0], last(table)
    share = (rows["total"] / rows["allowed_total"]).groupby(rows["way"]).mean()
    return {
        "facts": int((table["T"] * table["D"]).max()),
        "tasks": int(table["T"].max()),
        "D": int(first["D"]),
        "seeds": int(table["seed"].nunique()),
        "active": float(table.loc[table["model"] == "kwta", "active"].iloc[0]),
        "before": {model: over_seeds(part, "before") for model, part in table.groupby("model")},
        "closest": plain(max(shares(_whole(table), "total", "allowed_total").values(), key=lambda value: value.high)),
        "least_share": float(share.min()),
        "largest_share": float(share.max()),
        "allowed": _by_model({way: factor(allowed(table, way)) for way in COMPARED}),
        "less_dense": _by_model({way: plain(kept(table, way)) for way in COMPARED}),
        "kernel": _by_model({way: plain(value) for way, value in skills(table, "kernel").items()}),
        "rows": [_row(way, part) for way, part in rows.groupby("way", sort=False)],
    }


def _whole(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of streams that did not diverge."""
    return table[~table["diverged"].astype(bool)]


def _by_model(ways: Mapping[str, Any]) -> Tree:
    """{"model.place": value} as {model: {place: value}}."""
    found: Tree = {}
    for way, value in ways.items():
        model, _, place = way.partition(".")
        found.setdefault(model, {})[place] = value
    return found


def _row(way: str, part: pd.DataFrame) -> dict[str, Any]:
    """A model and what is written of it, at its best learning rate: a row of the table."""
    model, _, place = way.partition(".")
    names = ("allowed_total", "linear_total", "kernel_total", "participation_ratio", "moved")
    return {
        "model": MODELS[model],
        "place": PLACES[place],
        "parameters": int(part["parameters"].iloc[0]),
        "rate": float(part["learning_rate"].iloc[0]),
        **{name: over_seeds(part, name) for name in ("learned", "total", "text_rise")},
        **{name: float(part[name].mean()) for name in names},
    }
