"""What the figures and rules read from the streams of writes: the reported runs, what they keep, how well that was forecast.

A run is a method on an architecture; `realmodels.writing.methods.catalogue` lists the runs. The reported seeds are those that
took no part in choosing the learning rate, at the chosen learning rate. The choice is made by a rule on how much is learned
(`chosen_learning_rate`), so that methods are compared at equal learning.
"""

from functools import cache

import numpy as np
import pandas as pd

from figures.results import Results
from realmodels.writing.learning_rate import chosen_learning_rate
from realmodels.writing.methods.catalogue import Run

RUN = ["architecture", "method"]
"""The columns that name a run."""

FORECASTS = ("spectral", "kernel", "constant", "stays", "gone")
"""The forecasts of what is retained, the trivial ones last."""


@cache
def learning_rates(results: Results) -> dict[Run, float]:
    """The chosen learning rate of each run."""
    return chosen_learning_rate(results.table("streams", *RUN, "learning_rate", "seed", "tuning", "written", "age", "bits"))


def at_chosen_learning_rate(results: Results, frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of a table with columns architecture, method and learning_rate at the chosen learning rate of their run."""
    chosen = [learning_rates(results)[key] for key in zip(frame["architecture"], frame["method"], strict=True)]
    return frame[np.isclose(frame["learning_rate"], chosen, rtol=1e-9)]


def reported(results: Results) -> pd.DataFrame:
    """Rows of the streams of the reported seeds, at the chosen learning rate."""
    frame = results.table("streams")
    return at_chosen_learning_rate(results, frame[~frame["tuning"].astype(bool)])


def ends(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per run, learning rate and seed: what was kept at the end of the stream, what was learned, and what it cost.

    bits, recall: mean over all tasks after the last one. bits_oldest: the same of the first task. bits_fresh: mean over tasks
    just after each was written. bits_before: before the first write, what can be guessed from a subject's name. bits_gained:
    bits minus bits_before. heldout_rise: bits per byte of held-out text at the end minus at the start.
    """
    run = [*RUN, "learning_rate", "seed"]
    last = rows[rows["written"] == rows.groupby(run)["written"].transform("max")]
    table = last.groupby(run)[["bits", "recall", "recall_heldout_phrasing", "heldout_bits_per_byte"]].mean()
    table["bits_oldest"] = last[last["task"] == last.groupby(run)["task"].transform("min")].groupby(run)["bits"].mean()
    table["bits_fresh"] = rows[rows["age"] == 0].groupby(run)["bits"].mean()
    start = rows[rows["written"] == 0].groupby(run)[["heldout_bits_per_byte", "bits"]].mean()
    table["heldout_rise"] = table["heldout_bits_per_byte"] - start["heldout_bits_per_byte"]
    table["bits_before"] = start["bits"]
    table["bits_gained"] = table["bits"] - table["bits_before"]
    return table.reset_index()


def scores(results: Results) -> pd.DataFrame:
    """Root-mean-square errors of the forecasts at the reported seeds (`errors`)."""
    return errors(reported(results), results.table("forecast", *RUN, "learning_rate", "seed", "written", "task", "kind"))


def errors(rows: pd.DataFrame, forecast: pd.DataFrame) -> pd.DataFrame:
    """Root-mean-square errors (bits) over tasks of age 1 and more: one row per run and seed, one column per forecast.

    rows: of streams, at one learning rate per run. forecast: the table `forecast`, or one like it. spectral, kernel: the
    forecasts. constant, stays, gone: the trivial forecasts, which start from measured bits: from those before any write and
    those of the task just written. "constant" keeps the same share of the difference whatever is written later. That share is
    the best one of the run in hindsight, by least squares over all its seeds, which favours this forecast over those made
    before. "stays" is the share 1, "gone" the share 0.
    """
    key = [*RUN, "learning_rate", "seed", "written", "task"]
    run = [*RUN, "seed", "task"]
    fresh = rows[rows["age"] == 0].set_index(run)["bits"].rename("stays")
    before = rows[rows["written"] == 0].set_index(run)["bits"].rename("gone")
    kinds = forecast.pivot(index=key, columns="kind", values="bits_predicted")[["spectral", "kernel"]]
    both = rows[rows["age"] >= 1].join(fresh, on=run).join(before, on=run).join(kinds, on=key)
    learned, left = both["stays"] - both["gone"], both["bits"] - both["gone"]
    by_run = [both[name] for name in RUN]
    share = (left * learned).groupby(by_run).transform("sum") / (learned**2).groupby(by_run).transform("sum")
    both["constant"] = both["gone"] + share * learned
    squares = both[[*RUN, "seed"]].join(both[list(FORECASTS)].sub(both["bits"], axis=0) ** 2)
    return squares.groupby([*RUN, "seed"]).mean().pow(0.5).reset_index()
