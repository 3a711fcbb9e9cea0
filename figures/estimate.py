"""Means and other statistics with intervals, each on its own scale, so that none reaches beyond what is possible."""

from collections.abc import Callable
from functools import cache
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats
from scipy.optimize import brentq
from scipy.special import gammaln

Scale = Literal["plain", "log", "logit", "fisher"]
"""Where Student's interval is put: on the values, on their logarithm (ratios, participation ratios: above 0), on log(x / (1 - x))
(shares: between 0 and 1), or on Fisher's artanh (correlations: between -1 and 1)."""

POWER = 0.8
"""Probability with which the smallest detectable difference is found."""

_TO: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "plain": lambda x: x,
    "log": np.log,
    "logit": lambda x: np.log(x) - np.log1p(-x),
    "fisher": np.arctanh,
}
_FROM: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "plain": lambda x: x,
    "log": np.exp,
    "logit": lambda x: 1 / (1 + np.exp(-x)),
    "fisher": np.tanh,
}


class Estimate(NamedTuple):
    """A mean, an interval that covers it, and the number of independent values behind it.

    detectable: by how much the true mean must differ from a border for the interval to exclude that border with probability
    `POWER`; NaN if it is not known. On another scale than "plain" it is the difference above `mean`.
    """

    mean: float
    low: float
    high: float
    count: int
    detectable: float = np.nan

    def __neg__(self) -> "Estimate":
        """The estimate of the negative quantity."""
        return Estimate(-self.mean, -self.high, -self.low, self.count, self.detectable)

    def shifted(self, by: float) -> "Estimate":
        """The estimate of the quantity plus a known number."""
        return Estimate(self.mean + by, self.low + by, self.high + by, self.count, self.detectable)


def estimate(
    values: ArrayLike, confidence: float = 0.95, comparisons: int = 1, scale: Scale = "plain", trials: float | None = None
) -> Estimate:
    """Mean of independent values (one per seed, say) with Student's interval; unbounded if there are fewer than two.

    comparisons: number of intervals that are read together; each is widened (Bonferroni) so that all cover at once.
    scale: where the interval is computed; mean and ends are given back on the scale of the values, so that the mean of "log" is
    the geometric mean. trials: of shares, how many trials each is the outcome of. A share of k successes of n is read as
    (k + 1/2) / (n + 1) on "logit", so that a share of 0 or 1 has a finite place.
    Raises ValueError if there is no value, one is not finite, or one has no place on the scale.
    """
    x = np.asarray(values, dtype=float).ravel()
    if x.size == 0 or not np.isfinite(x).all():
        raise ValueError(f"an estimate needs finite values: got {x.size}, of which {int((~np.isfinite(x)).sum())} are not finite")
    if scale == "logit" and trials is not None:
        x = (x * trials + 0.5) / (trials + 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        y = _TO[scale](x)
    if not np.isfinite(y).all():
        raise ValueError(f"values from {x.min():.3g} to {x.max():.3g} have no place on the scale {scale!r}")
    mean, half, least = float(y.mean()), np.inf, np.inf
    if y.size >= 2:
        error = float(y.std(ddof=1) / np.sqrt(y.size))
        half, least = _reach(error, y.size - 1, confidence, comparisons)
    return _returned(mean, half, least, y.size, scale)


def level(values: ArrayLike, top: float = 1.0, confidence: float = 0.95, comparisons: int = 1) -> Estimate:
    """Arithmetic mean of independent values between 0 and `top`, with an interval that stays between them.

    It is Student's interval for log(mean / (top - mean)), with the standard error of the mean carried over to that scale (delta
    method). Single values may lie at an end, as `estimate` on "logit" does not allow without trials. Values that all lie at one
    end have an interval of no width. Raises ValueError if there is no value, or one is not finite or lies outside.
    """
    x = np.asarray(values, dtype=float).ravel() / top
    if x.size == 0 or not ((x >= 0) & (x <= 1 + 1e-9)).all():
        raise ValueError(f"a level needs values from 0 to {top:g}: got {x.size}, from {top * x.min():g} to {top * x.max():g}")
    mean = float(min(x.mean(), 1.0))
    if x.size < 2 or mean in (0.0, 1.0):
        end = np.inf if x.size < 2 else 0.0
        return Estimate(top * mean, top * mean - end, top * mean + end, x.size)
    error = float(x.std(ddof=1) / np.sqrt(x.size)) / (mean * (1 - mean))
    half, least = _reach(error, x.size - 1, confidence, comparisons)
    found = _returned(float(_TO["logit"](np.array(mean))), half, least, x.size, "logit")
    return Estimate(*(top * end for end in (mean, found.low, found.high)), x.size, top * found.detectable)


def _reach(error: float, freedom: int, confidence: float, comparisons: int) -> tuple[float, float]:
    """(half width of the interval, smallest detectable difference) for a standard error with so many degrees of freedom."""
    quantile = float(stats.t.ppf(1 - (1 - confidence) / (2 * comparisons), freedom))
    return quantile * error, _found(quantile, freedom) * error


@cache
def _found(quantile: float, freedom: int) -> float:
    """How many standard errors, as estimated, a mean must lie beyond a border for its interval to exclude it with `POWER`.

    The estimated standard error fluctuates with the spread of its sample (chi squared), and is too small on average; an interval
    of many comparisons makes this matter. With one degree of freedom and a large quantile it matters most.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(100)

    def beyond(shift: float) -> float:
        largest = np.maximum(shift + nodes, 0) / quantile  # estimated over true standard error that still excludes the border
        return float(weights @ stats.chi2.cdf(freedom * largest**2, freedom) / np.sqrt(2 * np.pi)) - POWER

    bias = np.sqrt(2 / freedom) * np.exp(gammaln((freedom + 1) / 2) - gammaln(freedom / 2))
    return float(brentq(beyond, 0.0, 2 * quantile + 10) / bias)


def _returned(mean: float, half: float, least: float, count: int, scale: Scale) -> Estimate:
    """An estimate on `scale` as one of the quantity itself; unbounded, whatever the scale, if its half width is."""
    with np.errstate(over="ignore"):
        centre, low, high, above = (float(v) for v in _FROM[scale](np.array([mean, mean - half, mean + half, mean + least])))
    if np.isinf(half):
        return Estimate(centre, -np.inf, np.inf, count, np.inf)
    return Estimate(centre, low, high, count, above - centre)


def jackknife(
    statistic: Callable[[pd.DataFrame], float], frame: pd.DataFrame, comparisons: int = 1, scale: Scale = "plain"
) -> Estimate:
    """A statistic of all seeds together, which is no mean over them, with the t interval of its pseudo-values (Tukey 1958).

    comparisons, scale: as in `estimate`; the pseudo-values are those of the statistic on the scale.
    Raises ValueError if the statistic, or the statistic without one of the seeds, has no place on the scale.
    """
    seeds = sorted(frame["seed"].unique())

    def placed(part: pd.DataFrame) -> float:
        value = statistic(part)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = float(_TO[scale](np.asarray(value, dtype=float)))
        if not np.isfinite(found):
            raise ValueError(f"a statistic of {value:.3g} has no place on the scale {scale!r}")
        return found

    others = [placed(frame[frame["seed"] != seed]) for seed in seeds] if len(seeds) > 1 else []
    return left_out(placed(frame), others, comparisons, scale)


def left_out(whole: float, without: ArrayLike, comparisons: int = 1, scale: Scale = "plain") -> Estimate:
    """The jackknife from its parts: a statistic of all seeds, and the same without each of them, both as they are on `scale`.

    Unbounded, from one value, if there are fewer than two.
    """
    others = np.asarray(without, dtype=float)
    count = len(others)
    if count < 2:
        return _returned(whole, np.inf, np.inf, 1, scale)
    pseudo = count * whole - (count - 1) * others
    half, least = _reach(float(pseudo.std(ddof=1) / np.sqrt(count)), count - 1, 0.95, comparisons)
    return _returned(whole, half, least, count, scale)


def counted(hits: int, trials: int, allowed: float, comparisons: int = 1) -> Estimate:
    """Share of independent trials that succeeded, over the mean share that is allowed, with an exact interval.

    The bounds are Clopper and Pearson's (1934); they also hold where trials have different probabilities (Hoeffding 1956).
    `detectable` is infinite if not even success in every trial would lift the lower bound above what is allowed.
    Raises ValueError if there is no trial, or hits or the share allowed are out of range.
    """
    if not 0 <= hits <= trials or trials == 0 or not 0 < allowed <= 1:
        raise ValueError(f"{hits} of {trials} trials, of which a share of {allowed:.3g} is allowed, cannot be judged")
    tail = 0.025 / comparisons
    low = float(stats.beta.ppf(tail, hits, trials - hits + 1)) if hits else 0.0
    high = float(stats.beta.isf(tail, hits + 1, trials - hits)) if hits < trials else 1.0
    each = np.arange(1, trials + 1)
    enough = each[stats.beta.ppf(tail, each, trials - each + 1) > allowed]
    least = float(stats.beta.ppf(POWER, enough[0], trials - enough[0] + 1)) if len(enough) else np.inf
    return Estimate(hits / trials / allowed, low / allowed, high / allowed, trials, least / allowed - 1)


def back(value: Estimate) -> Estimate:
    """An estimate of a logarithm as one of the quantity itself: its mean becomes a geometric mean."""
    return _returned(value.mean, value.high - value.mean, value.detectable, value.count, "log")
