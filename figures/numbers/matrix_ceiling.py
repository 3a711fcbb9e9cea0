"""Numbers quoted on streams that fill one matrix of a language model."""

from typing import Any

import pandas as pd

from figures.matrix_ceiling import LOOKS
from figures.numbers.estimates import Tree, over_seeds, plain
from figures.results import Results
from figures.verdicts.matrix_ceiling import NARROW, STREAM, beyond, skills, stored


def matrix_ceiling(results: Results) -> Tree:
    """What each way kept after the last task beside what the spectrum allows, skills of the laws, contrasts."""
    frame = results.table("matrix_ceiling")
    narrow = frame[frame["way"] == "last_matrix"]
    most = stored(frame)
    return {
        "facts": int((frame["T"] * frame["D"]).max()),
        "tasks": int(frame["T"].max()),
        "D": int(frame["D"].iloc[0]),
        "candidates": int(frame["candidates"].iloc[0]),
        "seeds": int(frame["seed"].nunique()),
        "rank": float(narrow["rank"].mean()),
        "participation_ratio": {way: float(frame.loc[frame["way"] == way, "participation_ratio"].mean()) for way in NARROW},
        "kernel_tasks": int(frame.loc[frame["kernel"].notna(), "T"].max()),
        "spectral": {way: plain(value) for way, value in skills(frame, "spectral").items()},
        "kernel": {way: plain(value) for way, value in skills(frame, "kernel").items()},
        "beyond": plain(beyond(frame)),
        "stored": {way: float(most[way].mean()) for way in most},
        "rows": [_row(way, float(rate), part) for (way, rate), part in frame.groupby(STREAM, sort=False)],
    }


def _row(way: str, rate: float, part: pd.DataFrame) -> dict[str, Any]:
    """A way at a learning rate: a row of the table."""
    last = part[part["T"] == part["T"].max()]
    tasks = int(last["T"].iloc[0])
    last = last.assign(**{name: tasks * last[name] for name in ("oldest", "allowed", "spectral")})
    columns = ("learned", "oldest", "total", "text_rise")
    laws = ("allowed", "spectral", "allowed_total", "spectral_total") if way in NARROW else ()
    return {
        "title": LOOKS[way].label,
        "rate": rate,
        **{name: over_seeds(last, name) for name in columns},
        **{name: float(last[name].mean()) for name in laws},
    }
