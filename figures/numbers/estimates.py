"""Estimates as JSON values: {mean, low, high, count}; low and high are null where one seed gives no interval."""

from collections.abc import Sequence
from math import exp, isfinite
from typing import Any

import pandas as pd

from figures.estimate import Estimate, Scale, estimate, jackknife, level

Tree = dict[str, Any]


def plain(value: Estimate) -> Tree:
    """An estimate as JSON values."""
    bounded = isfinite(value.low) and isfinite(value.high) and value.count > 1
    return {
        "mean": value.mean,
        "low": value.low if bounded else None,
        "high": value.high if bounded else None,
        "count": value.count,
    }


def factor(logarithm: Estimate) -> Tree:
    """The factor of which this is the logarithm, as JSON values."""
    found = plain(logarithm)
    return {**found, **{name: exp(found[name]) for name in ("mean", "low", "high") if found[name] is not None}}


def over_seeds(frame: pd.DataFrame, column: str, scale: Scale = "plain") -> Tree:
    """Mean over seeds of each seed's mean of a column, with an interval over seeds.

    scale: where the interval is put, by the jackknife of the mean (`figures.estimate`); the mean stays the arithmetic one, and a
    single seed may have a value without a place on the scale.
    """
    by_seed = frame.groupby("seed")[column].mean()
    if scale == "plain":
        return plain(estimate(by_seed))
    return plain(jackknife(lambda seeds: float(seeds[column].mean()), by_seed.reset_index(), scale=scale))


def level_over_seeds(frame: pd.DataFrame, column: str, top: float = 1.0) -> Tree:
    """The same of a column that lies between 0 and `top`: so does the interval."""
    return plain(level(frame.groupby("seed")[column].mean(), top))


def largest_error(frame: pd.DataFrame, keys: Sequence[str], measured: str, predicted: str) -> float:
    """Largest |mean over seeds / predicted - 1| over the groups of `keys`."""
    means = frame.groupby(list(keys))[[measured, predicted]].mean()
    return float((means[measured] / means[predicted] - 1).abs().max())
