"""What the figures and rules read from the streams of writes: the reported runs, what they keep, how well that was forecast.

A writer is an architecture with a method. Reported are the seeds that took no part in choosing the dial, at the chosen dial;
the choice is made by a rule on how much is learned (`chosen_dial`), so that writers are compared at equal learning.
"""

from functools import cache

import numpy as np
import pandas as pd

from figures.results import Results

WRITER = ["architecture", "method"]
WRITERS = (
    ("dense", "full"),
    ("memory", "full"),
    ("dsa", "full"),
    ("memory", "sparse_memory"),
    ("dense", "last_matrix"),
    ("dense", "off_mode"),
)


@cache
def dials(results: Results) -> dict[tuple[str, str], float]:
    """The chosen dial of each writer."""
    from realmodels.writing.stream import chosen_dial  # imports torch, so only when a stream is looked at

    return chosen_dial(results.table("streams", *WRITER, "dial", "seed", "tuning", "written", "age", "bits"))


def at_chosen_dial(results: Results, frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of a table with columns architecture, method and dial at the chosen dial of their writer."""
    chosen = [dials(results)[key] for key in zip(frame["architecture"], frame["method"], strict=True)]
    return frame[np.isclose(frame["dial"], chosen, rtol=1e-9)]


def reported(results: Results) -> pd.DataFrame:
    """Rows of the streams of the reported seeds, at the chosen dial."""
    frame = results.table("streams")
    return at_chosen_dial(results, frame[~frame["tuning"].astype(bool)])


def ends(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per run (writer, dial, seed): bits and recall at the end of the stream, when just written, damage to held-out text.

    bits, recall: mean over all tasks after the last one; bits_oldest: of the first task;
    bits_fresh: mean over tasks just after each was written; bits_before: before the first, what can be guessed from a
    subject's name; bits_gained: what is left at the end above that;
    heldout_rise: bits per byte of held-out text at the end minus at the start.
    """
    run = [*WRITER, "dial", "seed"]
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
    """Root-mean-square errors (bits) over tasks of age 1 and more: one row per writer and seed, one column per forecast.

    spectral, kernel: the forecasts. stays, gone: the trivial ones, which are told what was measured: all stays that was there
    when the task was just written; all is gone after one more task, back to what was there before any write (what can be
    guessed from a subject's name). trivial: the better of these two.
    """
    key = [*WRITER, "dial", "seed", "written", "task"]
    run = [*WRITER, "seed", "task"]
    rows = reported(results)
    fresh = rows[rows["age"] == 0].set_index(run)["bits"].rename("stays")
    before = rows[rows["written"] == 0].set_index(run)["bits"].rename("gone")
    forecast = results.table("forecast", *key, "kind", "bits_predicted").pivot(index=key, columns="kind", values="bits_predicted")
    both = rows[rows["age"] >= 1].join(fresh, on=run).join(before, on=run).join(forecast, on=key)
    kinds = ["spectral", "kernel", "stays", "gone"]
    squares = both[[*WRITER, "seed"]].join(both[kinds].sub(both["bits"], axis=0) ** 2)
    table = squares.groupby([*WRITER, "seed"]).mean().pow(0.5).reset_index()
    return table.assign(trivial=table[["stays", "gone"]].min(axis=1))
