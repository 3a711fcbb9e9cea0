"""Numbers quoted on full finetuning by AdamW off the directions of a background."""

from typing import Any

import pandas as pd

from figures.numbers.estimates import Tree, level_over_seeds, over_seeds, plain
from figures.own_loop import WAYS, shown
from figures.results import Results
from figures.verdicts.backgrounds import known, more
from figures.verdicts.own_loop import less_text, mixture, rephrased, whose, written

DIFFERENCES = {
    "stream": (more, "stream", "free"),
    "rate": (more, "stream", "fast"),
    "random": (more, "stream", "random"),
    "text": (less_text, "text", "free"),
    "text_over_random": (less_text, "text", "random"),
    "text_over_related": (less_text, "text", "related"),
    "text_by_related": (less_text, "related", "free"),
    "text_by_mixture": (less_text, "mixture", "free"),
    "text_by_stream": (less_text, "stream", "free"),
    "related": (known, "related", "free"),
    "price": (rephrased, "free", "stream"),
    "price_rate": (rephrased, "fast", "stream"),
    "price_text": (rephrased, "free", "text"),
}
"""{name: (what is compared, one way, the other)}."""


def own_loop(results: Results) -> Tree:
    """What each way kept and cost, and the differences that the text quotes; None where a way was not written."""
    table = written(results)
    first, ways = table.iloc[0], shown(table)
    return {
        "facts": int(first["T"] * first["D"]),
        "D": int(first["D"]),
        "k": int(table["k"].max()),
        "seeds": int(table["seed"].nunique()),
        "capitals": int(first["capitals"]),
        "state": float(table["state"].max()),
        "level": {name: _level(table[table["way"] == name]) for name in ways},
        "both": _both(table, ways),
        "more": {
            name: plain(compare(table, one, other)) if {one, other} <= set(ways) else None
            for name, (compare, one, other) in DIFFERENCES.items()
        },
        "rows": [_row(table[table["way"] == name], name) for name in ways],
    }


def _level(part: pd.DataFrame) -> Tree:
    """Means of a way over draws."""
    return {name: float(part[name].mean()) for name in ("share", "known", "text_rise")}


def _both(table: pd.DataFrame, ways: list[str]) -> Tree:
    """The two parts of the rules that judge the stream and text together, with their simultaneous intervals."""
    parts = {"whose": (whose, {"stream", "text"}), "mixture": (mixture, {"mixture", "free"})}
    return {
        name: {part: plain(value) for part, value in found(table).items()}
        if needed <= set(ways)
        else dict.fromkeys(("stream", "text"))
        for name, (found, needed) in parts.items()
    }


def _row(part: pd.DataFrame, name: str) -> dict[str, Any]:
    """A way's row of the table."""
    shares = {column: level_over_seeds(part, column) for column in ("learned", "share", "rephrased", "known")}
    costs = {column: over_seeds(part, column) for column in ("text_rise", "function")}
    return {"title": WAYS[name].label, "rate": float(part["learning_rate"].iloc[0]), **shares, **costs}
