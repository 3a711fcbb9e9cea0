"""How sure an estimate is: readers are drawn at random, and the votes of one of them hang together.

The sandwich estimate of a covariance (Liang and Zeger, Biometrika 73:13, 1986) takes the votes of a reader as one draw. It needs
readers: with few it is too small (Cameron and Miller, J. Human Resources 50:317, 2015). With fewer than FEWEST readers every
vote is taken as a draw of its own, and the answer says so: such intervals are too narrow if readers differ.
"""

import numpy as np
from scipy import stats

from realmodels.arena.ranking.comparisons import Comparisons
from realmodels.arena.ranking.davidson import Fit, Terms, fit

FEWEST = 10
"""Readers from which on intervals go by reader. Student's t with readers - 1 degrees of freedom then does most of the rest."""

CONFIDENCE = 0.95


def clusters(reader: np.ndarray) -> tuple[np.ndarray, str, list[str]]:
    """(draws [votes], "readers" or "votes", notes): to which independent draw each vote belongs."""
    names, number = np.unique(reader, return_inverse=True)
    if len(names) >= FEWEST:
        return number, "readers", []
    note = f"Intervals by reader need {FEWEST} readers, and there are {len(names)}: these take every vote as independent, "
    return np.arange(len(reader)), "votes", [note + "and are too narrow if readers differ."]


def covariance(estimate: Fit, cluster: np.ndarray) -> np.ndarray:
    """Covariances [kinds, P, P] of the parameters, of which an interval takes the widest.

    The first is the sandwich over clusters [votes], times clusters / (clusters - 1). The second, inverse information, takes votes
    as independent. It is needed since the sandwich of some ten readers is itself uncertain, and has no width in some direction if
    there are as many parameters as readers. If the prior was needed, the scores say nothing of the spread, and the second
    stands alone, as the curvature of the posterior.
    """
    inverse = np.linalg.inv(estimate.information)
    count = int(cluster.max()) + 1
    if estimate.infinite or count < 2:
        return inverse[None]
    sums = np.zeros((count, estimate.scores.shape[1]))
    np.add.at(sums, cluster, estimate.scores)
    return np.stack([inverse @ (sums.T @ sums) @ inverse * count / (count - 1), inverse])


def quantile(estimate: Fit, cluster: np.ndarray, by: str) -> float:
    """How many standard errors the interval reaches: Student's t.

    It has a degree of freedom less than there are readers, or as many as votes exceed parameters; the posterior's is the normal.
    """
    freedom = int(cluster.max()) if by == "readers" else max(len(cluster) - len(estimate.parameters), 1)
    return float(stats.t.ppf((1 + CONFIDENCE) / 2, np.inf if estimate.infinite else freedom))


def interval(estimate: Fit, spread: np.ndarray, reach: float, contrast: np.ndarray) -> np.ndarray:
    """[M, 3]: value, low and high of M sums of parameters (contrast [M, P]); spread [kinds, P, P]: see `covariance`."""
    value = contrast @ estimate.parameters
    error = np.sqrt(np.einsum("mp,kpq,mq->km", contrast, spread, contrast).clip(0).max(0))
    return np.column_stack([value, value - reach * error, value + reach * error])


def bootstrap(votes: Comparisons, terms: Terms, cluster: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """Log strengths [draws, systems] from clusters drawn anew with replacement (Efron 1979), as many as there are.

    The same seed gives the same draws.
    """
    count = int(cluster.max()) + 1
    times = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=draws)
    return np.array([fit(votes, terms, one[cluster]).strengths for one in times])


def share(values: np.ndarray, cluster: np.ndarray, by: str) -> tuple[float, float, float]:
    """(mean, low, high) of values [votes] between 0 and 1, after Korn and Graubard (Survey Methodology 24:193, 1998).

    From the spread between clusters follows how many independent votes these are worth, at most as many as there are; theirs is
    the exact interval of Clopper and Pearson (1934). Where all values are alike there is no spread to see: each cluster then
    counts as one vote.
    """
    mean, votes, count = float(values.mean()), len(values), len(np.unique(cluster))
    worth = float(votes if by == "votes" else count)
    if by == "readers" and 0 < mean < 1:
        sums = np.bincount(cluster, values - mean)
        variance = float(sums @ sums) / votes**2 * count / (count - 1)
        worth = min(mean * (1 - mean) / variance, votes) if variance > 0 else votes
        worth *= (stats.t.ppf(0.975, max(votes - 1, 1)) / stats.t.ppf(0.975, count - 1)) ** 2
    hits, tail = mean * worth, (1 - CONFIDENCE) / 2
    low = float(stats.beta.ppf(tail, hits, worth - hits + 1)) if hits > 0 else 0.0
    high = float(stats.beta.ppf(1 - tail, hits + 1, worth - hits)) if hits < worth else 1.0
    return mean, low, high
