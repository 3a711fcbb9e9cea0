"""Numbers quoted on methods along a long stream into one matrix of a language model."""

import pandas as pd

from figures.estimate import Estimate
from figures.long_streams import TITLES
from figures.numbers.estimates import Tree, over_seeds, plain
from figures.results import Results
from figures.verdicts.long_streams import by_way, contrast, failure, lasts, length, length_ratio, sum_ratio, widest

COLUMNS = ("trial", "newest", "oldest", "total", "text_rise", "state_numbers")
LAWS = ("linear_newest", "linear_oldest", "linear_total", "softmax_newest", "softmax_oldest", "softmax_total")


def long_streams(results: Results) -> Tree:
    """Lengths and ends of every method beside their laws."""
    frame = results.table("long_streams")
    parts = by_way(results, *COLUMNS, *LAWS)
    rows = {way: _row(TITLES[way], part, len(parts)) for way, part in parts.items()}
    return {
        "tasks": int(frame["T"].max()),
        "D": int(frame["D"].iloc[0]),
        "facts": int((frame["T"] * frame["D"]).max()),
        "seeds": int(frame["seed"].nunique()),
        "learning_rate": float(frame["learning_rate"].iloc[0]),
        "trial": over_seeds(frame[frame["T"] == frame["T"].max()].groupby("seed", as_index=False)["trial"].mean(), "trial"),
        "by_way": rows,
        "rows": list(rows.values()),
    }


def _row(title: str, part: pd.DataFrame, comparisons: int) -> Tree:
    """A method: a row of the table."""
    last = part[part["T"] == part["T"].max()]
    return {
        "title": title,
        "length": length(part),
        "softmax_length": length(part, "softmax_"),
        "linear_length": length(part, "linear_"),
        "length_ratio": plain(length_ratio(part, comparisons)),
        "linear": plain(sum_ratio(part, "linear", comparisons)),
        "softmax": plain(sum_ratio(part, "softmax", comparisons)),
        "lasts": lasts(part),
        "linear_widest": widest(part, "linear"),
        "softmax_widest": widest(part, "softmax"),
        "fails": _word(contrast(part)),
        "softmax_fails": _word(contrast(part, "softmax_")),
        "linear_fails": _word(contrast(part, "linear_")),
        "total": over_seeds(last, "total"),
        **{f"{name}_mean": float(last[name].mean()) for name in ("newest", "oldest", "text_rise")},
        "state_numbers": float(last["state_numbers"].mean()),
    }


def _word(value: Estimate) -> str:
    """How a method fails, in one word: forgets, stops, fades."""
    return failure(value.mean).split()[0]
