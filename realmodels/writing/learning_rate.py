"""Learning rates of writes: which are allowed, and which one is reported for each method.

This file imports no torch, so that figures can read it quickly.
"""

import math

import numpy as np
import pandas as pd

from theory.errors import UserError

LEARNED = 0.9
"""Share of log2 C bits that a task has to reach just after its write for its learning rate to count as sufficient."""

LARGEST = 1e30
"""The largest learning rate that is tried: Adam cannot compute with much larger ones in float32."""


def checked_learning_rate(value: float) -> float:
    """The learning rate as a float. Raises UserError if it is not a number above 0 and up to LARGEST."""
    try:
        rate = float(value)
    except (TypeError, ValueError, OverflowError):
        rate = math.nan
    if not 0 < rate <= LARGEST:
        raise UserError(f"learning rate {value!r}: give a finite number above 0 (up to {LARGEST:g}), for instance 0.01")
    return rate


def just_written_bits(streams: pd.DataFrame) -> pd.DataFrame:
    """Mean retained bits of the task just written (bits_fresh) and of all tasks at the end (bits_final): one row per run.

    streams: the table `streams`. A run is one architecture, method, learning rate and seed.
    """
    run = ["architecture", "method", "learning_rate", "seed", "tuning", "candidates"]
    fresh = streams[streams.age == 0].groupby(run, as_index=False).bits.mean()
    final = streams[streams.written == streams.groupby(run).written.transform("max")].groupby(run, as_index=False).bits.mean()
    return fresh.merge(final, on=run, suffixes=("_fresh", "_final"))


def chosen_learning_rate(streams: pd.DataFrame) -> dict[tuple[str, str], float]:
    """The learning rate of each (architecture, method), chosen on the tuning seeds alone.

    Rule: the smallest learning rate whose mean just-written bits reach 90% of log2 C. If none does: the one with the most
    such bits.
    """
    tuning = just_written_bits(streams[streams.tuning.astype(bool)])
    chosen: dict[tuple[str, str], float] = {}
    for (architecture, method), runs in tuning.groupby(["architecture", "method"]):
        by_rate = runs.groupby("learning_rate").agg(bits=("bits_fresh", "mean"), candidates=("candidates", "first"))
        reach = by_rate.bits.to_numpy() >= LEARNED * np.log2(by_rate.candidates.to_numpy())
        rates = by_rate.index.to_numpy(dtype=float)
        chosen[str(architecture), str(method)] = float(rates[reach].min() if reach.any() else rates[by_rate.bits.argmax()])
    return chosen
