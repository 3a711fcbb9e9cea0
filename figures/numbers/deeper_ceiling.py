"""Numbers quoted on streams into deeper matrices and all parameters of a language model."""

from typing import Any

import pandas as pd

from figures.deeper_ceiling import LOOKS
from figures.estimate import estimate
from figures.numbers.estimates import Tree, factor, over_seeds, plain
from figures.results import Results
from figures.verdicts.deeper_ceiling import further, overstated, skills, streams
from figures.verdicts.matrix_ceiling import STREAM, best_rate, shares, stored


def deeper_ceiling(results: Results) -> Tree:
    """What each way kept after the last task beside what the laws say, skills, and where they part."""
    table = streams(results)
    first, most = table.iloc[0], stored(table)
    last = table[table["T"] == table["T"].max()]
    allowed = last.groupby(["seed", "way"])["allowed_total"].first().unstack("way")
    return {
        "facts": int((table["T"] * table["D"]).max()),
        "tasks": int(table["T"].max()),
        "least_tasks": int(table["T"].min()),
        "D": int(first["D"]),
        "candidates": int(first["candidates"]),
        "seeds": int(table["seed"].nunique()),
        "linear": {way: plain(value) for way, value in skills(table, "linear").items()},
        "kernel": {way: plain(value) for way, value in skills(table, "kernel").items()},
        "mean": {way: plain(value) for way, value in skills(table, "mean").items()},
        "overstated": {way: factor(estimate(overstated(table)[way])) for way in LOOKS},
        "further": {way: plain(value) for way, value in further(table).items()},
        "first_over_last": plain(estimate(most["first_matrix"] - most["last_matrix"])),
        "parameters": {way: int(table.loc[table["way"] == way, "parameters"].iloc[0]) for way in LOOKS},
        "closest": plain(max(shares(table, "total", "allowed_total").values(), key=lambda value: value.high)),
        "gap": _gap(table),
        "filled": {way: float((most[way] / allowed[way]).mean()) for way in LOOKS},
        "rows": [_row(way, float(rate), part) for (way, rate), part in last.groupby(STREAM, sort=False)],
    }


def _gap(table: pd.DataFrame) -> Tree:
    """Of the depth that is allowed and not kept, after the last task at the best rate of each way: shares of mean over seeds that
    are lost between the linear memory and the kernel simulation, and between that and the network."""
    rates = best_rate(table)
    columns = ("allowed_total", "linear_total", "kernel_total")
    means = {name: stored(table.assign(total=table[name]), rates).mean() for name in columns} | {"total": stored(table).mean()}
    lost = means["allowed_total"] - means["total"]
    simulated, moving = means["linear_total"] - means["kernel_total"], means["kernel_total"] - means["total"]
    return {way: {"simulated": float(simulated[way] / lost[way]), "network": float(moving[way] / lost[way])} for way in LOOKS}


def _row(way: str, rate: float, part: pd.DataFrame) -> dict[str, Any]:
    """A way at a learning rate: a row of the table."""
    laws = ("allowed_total", "mean_total", "linear_total", "kernel_total")
    return {
        "title": LOOKS[way].label,
        "rate": rate,
        **{name: over_seeds(part, name) for name in ("learned", "total", "text_rise")},
        **{name: float(part[name].mean()) for name in (*laws, "moved")},
    }
