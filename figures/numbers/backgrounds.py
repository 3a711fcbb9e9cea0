"""Numbers quoted on whose background protects whom in a pretrained model."""

from typing import Any

import pandas as pd

from figures.backgrounds import KINDS, advised, order
from figures.estimate import estimate
from figures.numbers.estimates import Tree, level_over_seeds, over_seeds, plain
from figures.results import Results
from figures.verdicts.backgrounds import ASKED, injected_skills, kernel_ahead, known, more, over_plain, skills, written

LEVELS = ("none", "stream.2", "stream.64", "mixture.8", "mixture.64")
"""Ways whose outcomes the text quotes."""


def backgrounds(results: Results) -> Tree:
    """What each background kept and cost, what the law said of it, skills, and differences that rules judge."""
    table, whole = written(results), results.table("backgrounds")
    first = table.iloc[0]
    ways = order(table)
    return {
        "facts": int(first["T"] * first["D"]),
        "D": int(first["D"]),
        "seeds": int(table["seed"].nunique()),
        "capitals": int(first["capitals"]),
        "skill": {name: plain(value) for name, value in skills(table).items()},
        "over_energy": {name: plain(value) for name, value in skills(table, "energy").items()},
        "kept": _kept(table, ways),
        "known": _known(table, ways),
        "level": {way.replace(".", "_"): _level(table, way) for way in LEVELS},
        "factor": _factors(table),
        "injected": {name: plain(value) for name, value in injected_skills(table, ("known", "text_rise")).items()},
        "kernel_ahead": plain(kernel_ahead(table)),
        "advised": {kind: advised(whole, kind) for kind in KINDS if kind in set(whole["background"])},
        "rows": [_row(table, way) for way in ("none", *ways)],
    }


def _kept(table: pd.DataFrame, ways: list[str]) -> Tree:
    """Share of the stream kept, one way less another; None where one was not written, as in small runs."""
    pairs = {
        "stream": ("stream.2", "none"),
        "second": ("stream.2", "stream.1"),
        "flat": ("stream.64", "stream.2"),
        "text": ("text.64", "none"),
        "mixture": ("mixture.64", "none"),
    }
    return {name: plain(more(table, *pair)) if set(pair) <= {*ways, "none"} else None for name, pair in pairs.items()}


def _known(table: pd.DataFrame, ways: list[str]) -> Tree:
    """Share of the capitals still right, one way less another; None where one was not written."""
    pairs = {
        "price": ("none", "stream.2"),
        "flat": ("stream.2", "stream.64"),
        "text": ("text.64", "none"),
        "mixture": ("mixture.64", "stream.64"),
    }
    return {name: plain(known(table, *pair)) if set(pair) <= {*ways, "none"} else None for name, pair in pairs.items()}


def _level(table: pd.DataFrame, way: str) -> Tree:
    """What was left after writing this way; None if it was not."""
    part = table[table["way"] == way]
    if part.empty:
        return dict.fromkeys(("rephrased", "known", "text_rise", "text_injected"))
    levels: Tree = {name: level_over_seeds(part, name) for name in ("rephrased", "known")}
    return levels | {"text_rise": over_seeds(part, "text_rise"), "text_injected": float(part["text_rise_injected"].mean())}


def _factors(table: pd.DataFrame) -> Tree:
    """Off two directions of the stream's prompts: by how many times less the stream is hit than by plain writes, and by how many
    times more text, as said and as measured; geometric means over seeds."""
    found: Tree = {}
    for name, sign in (("stream", -1), ("text", 1)):
        for word, column in (("said", "crosstalk"), ("measured", "function")):
            found[f"{name}_{word}"] = float(2 ** (sign * over_plain(table, f"{column}_{name}")["stream.2"].dropna().mean()))
    return found


def _row(table: pd.DataFrame, way: str) -> dict[str, Any]:
    """A way's row of the table."""
    part = table[table["way"] == way]
    kind, _, k = way.partition(".")
    of = dict.fromkeys(ASKED, "")
    if way != "none":
        of = {
            name: {
                "said": float(over_plain(table, f"crosstalk_{name}")[way].mean()),
                "measured": float(estimate(over_plain(table, f"function_{name}")[way].dropna()).mean),
            }
            for name in ASKED
        }
    return {
        "title": "plain" if way == "none" else KINDS[kind].label,
        "k": k,
        "left": float(part["left"].mean()),
        **{name: level_over_seeds(part, name) for name in ("learned", "share", "rephrased", "known")},
        "text_rise": over_seeds(part, "text_rise"),
        "known_injected": float(part["known_injected"].mean()),
        "text_injected": float(part["text_rise_injected"].mean()),
        "kernel": float(part["share_kernel"].mean()),
        "log": of,
    }
