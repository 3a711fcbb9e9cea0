"""Runs of the same question on other seeds: what they found, and how it is pooled with the seeds in the tables.

`python -m figures.build.earlier` writes the file EARLIER beside the tables from the repository's history. A seed counts once,
with the last run that has it, and not at all if pilots were run on it. The seeds in the tables decide. All seeds that count,
those and the earlier ones, are judged by the same rule. If they come out otherwise, the verdict is "undecided".
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd

from figures.build.layout import EARLIER
from figures.results import Results
from figures.verdicts.rule import Judgement, Pooled
from simulate.runs.files import parse_json

Judge = Callable[[pd.DataFrame], Judgement]


def earlier_runs(results: Results) -> list[dict[str, Any]]:
    """The earlier runs in the order of their dates; none if there is no such file. Raises UserError if it is damaged."""
    path = results.directory / EARLIER
    mend = "write it with `python -m figures.build.earlier`"
    return parse_json(path.read_bytes(), str(path), mend)["runs"] if path.is_file() else []


def with_earlier(results: Results, rows: pd.DataFrame, what: str) -> pd.DataFrame:
    """The rows of the present seeds with those of the earlier seeds that count.

    what: the name of the rows in the file: "ends" and "errors" (as `figures.verdicts.runs.ends` and `errors`), "recall", "price"
    and "held" (as in `figures.verdicts.knowledge`).
    """
    stored = [(pd.DataFrame(run[what]), run["counted"]) for run in earlier_runs(results) if what in run]
    runs = [frame[frame["seed"].isin(counted)] for frame, counted in stored]
    fresh = [run[~run["seed"].isin(rows["seed"])] for run in runs if len(run)]
    return pd.concat([rows, *fresh], ignore_index=True)


def judged_with_earlier(results: Results, rows: pd.DataFrame, what: str, judge: Judge) -> Judgement:
    """The judgement on the present seeds, with that on all seeds beside it; undecided if the two differ."""
    found, everything = judge(rows), with_earlier(results, rows, what)
    if len(everything) == len(rows):
        return found
    pooled = judge(everything)
    seeds = tuple(int(seed) for seed in sorted(everything["seed"].unique()))
    beside = Pooled(pooled.measured, pooled.interval, pooled.verdict, seeds)
    if pooled.verdict == found.verdict:
        return replace(found, pooled=beside)
    note = f"{found.verdict} on the seeds in the tables, {pooled.verdict} on all seeds"
    return replace(found, verdict="undecided", pooled=beside, note="; ".join(filter(None, (found.note, note))))
