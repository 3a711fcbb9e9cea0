"""Scores of forecasts of forgetting: a stream's table of what is said of each fact at each moment, against what is measured.

A stream is the rows of one place and seed of the table `predictors`: a row per moment (tasks written so far) and fact.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.optimize import isotonic_regression
from scipy.stats import rankdata

from realmodels.writing.completion import completed

DRAWS = 10  # draws of the observed entries, per stream
RIDGES = (1.0, 3.0, 10.0, 30.0, np.inf)
RIGHT = 0.5  # of an answer that is said, which is 0 or 1
LEVELS = {"late": 0.5, "late_off": 0.75, "mid": 0.5, "early": 0.75, "last": 0.5}
"""Share still right at which a budget ends: a half, or three quarters where streams of these lengths do not fall to a half."""


def streams(table: pd.DataFrame) -> dict[tuple[str, int], pd.DataFrame]:
    """The rows of each stream, by (place, seed)."""
    return {(str(place), int(seed)): rows for (place, seed), rows in table.groupby(["place", "seed"], sort=False)}


def older(stream: pd.DataFrame) -> pd.DataFrame:
    """Entries of facts that later tasks came after."""
    return stream[stream["age"] >= 1]


def correlation(said: np.ndarray, measured: np.ndarray) -> float:
    """Spearman's rank correlation; 0 where one side says the same of all."""
    return _pearson(rankdata(said), rankdata(measured))


def _pearson(x: np.ndarray, y: np.ndarray) -> float:
    x, y = x - x.mean(), y - y.mean()
    size = float(np.sqrt((x**2).sum() * (y**2).sum()))
    return float((x * y).sum() / size) if size > 1e-9 * len(x) else 0.0


def in_all(stream: pd.DataFrame, said: str) -> float:
    """Rank correlation of a predictor's bits with those measured, over moments and facts of age 1 and more."""
    part = older(stream)
    return correlation(part[said].to_numpy(), part["bits"].to_numpy())


def within(stream: pd.DataFrame, said: str) -> float:
    """The same of the facts of one task at one moment among themselves: ranks, less their mean over these facts."""
    part = older(stream)
    ranks = pd.DataFrame({name: rankdata(part[name]) for name in (said, "bits")}, index=part.index)
    off = ranks - ranks.groupby([part["written"], part["task"]]).transform("mean")
    return _pearson(off[said].to_numpy(), off["bits"].to_numpy())


def error(stream: pd.DataFrame, said: str) -> float:
    """Rms error of the probability of the answer, over moments and facts of age 1 and more."""
    part = older(stream)
    return _rms(probability(part[said]) - probability(part["bits"]))


def probability(bits: pd.Series) -> np.ndarray:
    """Probability of an answer of so many bits; a first-order law may say less than 0 bits, which is certainty."""
    return 2.0 ** -bits.to_numpy(dtype=float).clip(min=0.0)


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt((values**2).mean()))


def constant(stream: pd.DataFrame) -> float:
    """Rms error of the best constant share of what isolated writes teach, fitted to the outcome."""
    part = older(stream)
    x, y = probability(part["bits_isolated"]), probability(part["bits"])
    return _rms((x @ y) / max(x @ x, 1e-12) * x - y)


def observed(stream: pd.DataFrame, count: int) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """(probabilities [M, F] of answers of age 1 and more, NaN for others; those by the kernel; draws of `count` entries)."""
    part = older(stream)
    measured, said = (2.0 ** -part.pivot(index="written", columns="fact", values=f"bits{end}") for end in ("", "_kernel"))
    places = np.argwhere(measured.notna().to_numpy())
    rng, draws = np.random.default_rng(int(part["seed"].iloc[0])), []
    for _ in range(DRAWS):
        seen = np.zeros(measured.shape, dtype=bool)
        seen[tuple(places[rng.choice(len(places), min(count, len(places) - 1), replace=False)].T)] = True
        draws.append(seen)
    return measured.to_numpy(), said.to_numpy(), draws


def completion(stream: pd.DataFrame, count: int) -> tuple[float, float]:
    """Rms errors where nothing was observed, mean over draws: (of the matrix filled from `count` entries, of the kernel there).

    Of the additive form and that of rank 1, and of RIDGES, which has the plain mean in it, the best by the outcome.
    """
    values, said, draws = observed(stream, count)
    rests = [~np.isnan(values) & ~seen for seen in draws]
    found = [
        np.mean([_rms((completed(values, seen, rank, ridge) - values)[rest]) for seen, rest in zip(draws, rests, strict=True)])
        for rank in (0, 1)
        for ridge in RIDGES
    ]
    return float(min(found)), float(np.mean([_rms((said - values)[rest]) for rest in rests]))


def f1(wrong: np.ndarray, said: np.ndarray) -> float:
    """F1 of what is said to be wrong."""
    hits = float((wrong & said).sum())
    return 2 * hits / max(float(wrong.sum() + said.sum()), 1.0)


def flips(stream: pd.DataFrame, law: str) -> float:
    """F1 of answers that a law says are lost, over moments and facts of age 1 and more."""
    part = older(stream)
    return f1(part["exact"].to_numpy() < RIGHT, part[f"exact_{law}"].to_numpy() < RIGHT)


def flips_at_best(stream: pd.DataFrame, said: str) -> float:
    """F1 of a predictor, from the sign and the border that are best by the outcome; that all are lost is among them."""
    part, best = older(stream), 0.0
    for sign in (-1.0, 1.0):
        order = np.argsort(sign * part[said].to_numpy(dtype=float), kind="stable")
        wrong = (part["exact"].to_numpy()[order] < RIGHT).astype(float)
        called = np.arange(1, len(wrong) + 1)
        best = max(best, float((2 * wrong.cumsum() / (wrong.sum() + called)).max()))
    return best


def kept(stream: pd.DataFrame, column: str = "exact") -> pd.DataFrame:
    """Facts written, and the share of them that is said right, by moment."""
    found = stream.groupby("written")[column].agg(["size", "mean"]).reset_index()
    return found.rename(columns={"size": "facts", "mean": "share"})


def crossing(facts: np.ndarray, shares: np.ndarray, level: float) -> float:
    """Facts that can be written before the share still right falls below a level; inf if it does not.

    Shares are made to fall with length by isotonic regression, weighted by facts, and start at 1 with nothing written; between
    moments by straight lines.
    """
    falling = isotonic_regression(shares, weights=facts.astype(float), increasing=False).x
    facts, falling = np.concatenate([[0.0], facts]), np.concatenate([[1.0], falling])
    below = np.flatnonzero(falling < level)
    if not len(below):
        return np.inf
    after = below[0]
    share = (falling[after - 1] - level) / (falling[after - 1] - falling[after])
    return float(facts[after - 1] + share * (facts[after] - facts[after - 1]))


def budget(stream: pd.DataFrame, column: str = "exact") -> float:
    """Facts that can be written before fewer than LEVELS of them are still right (`crossing`)."""
    found = kept(stream, column)
    return crossing(found["facts"].to_numpy(), found["share"].to_numpy(), LEVELS[stream["place"].iloc[0]])


def budgets(table: pd.DataFrame, law: str) -> pd.DataFrame:
    """Per stream: place, seed, most (facts of the stream), measured, said, and off: log2 of the factor between the two.

    Where one of the two is beyond the end of the stream, `off` is the least that it can be; where both are, NaN.
    """
    rows = []
    for (place, seed), stream in streams(table).items():
        measured, said, most = budget(stream), budget(stream, f"exact_{law}"), float(stream["fact"].nunique())
        cut = [min(one, most) for one in (said, measured)]
        off = np.nan if np.isinf(said) and np.isinf(measured) else abs(np.log2(cut[0] / cut[1]))
        rows.append({"place": place, "seed": seed, "most": most, "measured": measured, "said": said, "off": off})
    return pd.DataFrame(rows)


def off_by(table: pd.DataFrame, law: str = "kernel") -> pd.DataFrame:
    """log2 of the factor by which a law misses the budget: [seeds, places]; NaN where the stream is too short to tell."""
    return budgets(table, law).pivot(index="seed", columns="place", values="off")


def off_by_others(table: pd.DataFrame) -> pd.DataFrame:
    """The same of the geometric mean of the budgets measured in the other draws of a place: what writing them first would say."""
    told = budgets(table, "kernel")
    logs = np.log2(told.assign(cut=told[["measured", "most"]].min(axis=1)).pivot(index="seed", columns="place", values="cut"))
    return (logs - (logs.sum() - logs) / (len(logs) - 1)).abs()


def by_stream(table: pd.DataFrame, measure: Callable[[pd.DataFrame], float]) -> pd.DataFrame:
    """A measure of each stream: [seeds, places]."""
    return pd.Series({(seed, place): measure(stream) for (place, seed), stream in streams(table).items()}).unstack()
