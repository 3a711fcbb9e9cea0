"""Numbers quoted on streams into sparse models beside the dense one."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from figures.deeper_ceiling import last
from figures.numbers.estimates import Tree, factor, over_seeds, plain
from figures.results import Results
from figures.sparse_ceiling import MODELS, beside
from figures.verdicts import deeper_ceiling
from figures.verdicts.deeper_ceiling import skills
from figures.verdicts.matrix_ceiling import shares
from figures.verdicts.sparse_ceiling import FAMILIES, differences, moved, streams

PLACES = {"last_matrix": "last matrix", "values": "values", "full": "all parameters"}


def sparse_ceiling(results: Results) -> Tree:
    """What each model kept after the last task beside what the laws say, differences to the dense one, and skills."""
    table, dense = streams(results), deeper_ceiling.streams(results)
    first = table.iloc[0]
    return {
        "facts": int((table["T"] * table["D"]).max()),
        "tasks": int(table["T"].max()),
        "D": int(first["D"]),
        "seeds": int(table["seed"].nunique()),
        "active": float(table.loc[table["model"] == "kwta", "active"].iloc[0]),
        "parameters": _by_model({str(way): int(part["parameters"].iloc[0]) for way, part in last(table).groupby("way")}),
        "closest": plain(max(shares(table, "total", "allowed_total").values(), key=lambda value: value.high)),
        "allowed": _by_model({way: factor(value) for way, value in moved(table, dense).items()}),
        "less_dense": _by_model(
            {way: plain(value) for ways in FAMILIES for way, value in differences(table, dense, ways).items()}
        ),
        "kernel": _by_model({way: plain(value) for way, value in skills(table, "kernel").items()}),
        "linear": _by_model({way: plain(value) for way, value in skills(table, "linear").items()}),
        "rows": [_row(way, part) for way, part in beside(results).groupby("way", sort=False)],
    }


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
    return {
        "model": MODELS[model].label,
        "place": PLACES[place],
        "rate": float(part["learning_rate"].iloc[0]),
        **{name: over_seeds(part, name) for name in ("learned", "total", "text_rise")},
        **{
            name: float(part[name].mean())
            for name in ("allowed_total", "linear_total", "kernel_total", "participation_ratio", "moved")
        },
    }
